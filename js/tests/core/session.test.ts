// Whether the kernel lives, computes, has failed or was stopped: the same in every widget.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { comparisonSession } from "../../src/comparison/session";
import {
  type Change,
  type Connection,
  converse,
  extend,
  type Session,
  type State,
  stepsBack,
} from "../../src/core/session";
import { datasetSession } from "../../src/dataset/session";
import { faithfulnessSession } from "../../src/faithfulness/session";
import { heatmapSession } from "../../src/heatmap/session";
import { latentSession } from "../../src/latent/session";
import { trainingSession } from "../../src/training/session";
import { FakeModel, frameOf } from "../fake";

interface Case {
  name: string;
  open(
    connection: Connection,
  ): Pick<
    Session,
    | "state"
    | "computes"
    | "status"
    | "frozen"
    | "stop"
    | "resume"
    | "tick"
    | "send"
    | "save"
    | "stale"
  >;
  /** Traits of a widget that shows an answer. */
  traits: Record<string, unknown>;
  /** Has the widget ask for something it has no answer to. */
  // biome-ignore lint/suspicious/noExplicitAny: each widget asks in its own words
  ask(session: any): void;
}

/** The least that a widget can say. */
const PLAIN = { traits: { asks: ["target"], looks: ["opacity"], shows: ["network"] } };

const CASES: Case[] = [
  {
    name: "the plainest widget",
    open: (connection) => converse(connection, PLAIN),
    traits: { frame: { seq: 1 } },
    ask: (session: Session) => session.ask({ target: 3 }),
  },
  {
    name: "heatmap",
    open: (connection) => heatmapSession(connection),
    traits: { frame: frameOf() },
    ask: (session: Session) => session.ask({ method: "saliency" }),
  },
  {
    name: "faithfulness",
    open: faithfulnessSession,
    traits: { frame: { seq: 1, target: { index: 2 }, curves: [] }, methods: ["saliency"] },
    ask: (session: Session) => session.ask({ steps: 5 }),
  },
  {
    name: "comparison",
    open: comparisonSession,
    traits: {
      rows: [{ name: "Small", accuracy: null }],
      methods: ["saliency"],
      picture_index: 0,
      own: false,
      noise: 0,
    },
    ask: (session: Session) => session.ask({ noise: 0.1 }),
  },
  {
    name: "latent",
    open: (connection) => latentSession(connection, () => {}),
    traits: { frame: { seq: 1, maps: {} }, readout: "weight", sliders: {}, edited: {} },
    ask: (session: Session) => session.ask({ samples: 200 }),
  },
  {
    name: "training",
    open: trainingSession,
    traits: { frame: { epoch: 0, pictures: [] }, plan: { epochs: 4, steps: 2 } },
    ask: (session: Session) => session.resume(),
  },
  {
    name: "dataset",
    open: datasetSession,
    traits: { frame: { seq: 1 } },
    ask: (session: Session) => session.resume(),
  },
];

const status = (state: string, more: object = {}) => ({
  seq: 2,
  state,
  message: "",
  hint: "",
  fraction: null,
  seconds: 0,
  remaining: null,
  ...more,
});

describe.each(CASES)("the state of $name", ({ open, traits, ask }) => {
  let model: FakeModel;
  let session: ReturnType<Case["open"]>;
  let end: AbortController;
  let now: number;
  let changes: Change[];

  function begin(more: Record<string, unknown> = {}): void {
    now = 0;
    end = new AbortController();
    changes = [];
    model = new FakeModel({ ...traits, ...more });
    session = open({
      model,
      signal: end.signal,
      changed: (change) => changes.push(change),
      clock: () => now,
    });
  }
  /** Time passes, with a look at the clock four times a second as in a view. */
  function pass(until: number): string {
    for (; now < until; now = Math.min(until, now + 250)) session.tick(now);
    return session.state(now);
  }
  const kinds = (): string[] => model.sent.map((message) => (message as { kind: string }).kind);

  beforeEach(() => begin());

  it("is at rest when nothing is due, and it has said that it listens", () => {
    expect([session.state(), pass(500_000)]).toEqual(["rest", "rest"]);
    expect([kinds(), model.saves]).toEqual([["ready"], 0]);
  });

  it("is busy a moment after a request, and silent when that has no answer", () => {
    ask(session);
    expect([pass(149), pass(150), pass(8_000), pass(8_001)]).toEqual([
      ...["rest", "busy", "busy", "silent"],
    ]);
    model.set("status", status("running"));
    expect(session.state()).toBe("busy");
    model.set("status", status("idle"));
    expect(session.state()).toBe("rest");
  });

  it("counts from the request, and silence from the kernel's latest word", () => {
    pass(20_000);
    ask(session);
    expect([pass(20_149), pass(20_150), pass(25_000)]).toEqual(["rest", "busy", "busy"]);
    model.emit("msg:custom", { kind: "of another version" });
    expect([pass(33_000), pass(33_001)]).toEqual(["busy", "silent"]);
  });

  it("is busy while the kernel computes, whoever asked for it", () => {
    model.set("status", status("running"));
    expect([session.computes(), session.state(), pass(150)]).toEqual([true, "rest", "busy"]);
    model.set("status", status("idle"));
    expect([session.computes(), session.state()]).toEqual([false, "rest"]);
    begin({ status: status("running", { seconds: 9 }) }); // a view of a widget that computes already
    expect(session.state()).toBe("busy");
  });

  it("is an error or stopped once nothing more is coming, until the next request", () => {
    for (const state of ["error", "stopped"]) {
      ask(session);
      model.set("status", status(state));
      expect(session.state()).toBe(state);
      session.resume();
      expect(kinds().at(-1)).toBe("resume");
      pass(now + 200);
      expect(session.state()).toBe("busy");
      model.set("status", status("idle"));
    }
    session.stop();
    expect(kinds().at(-1)).toBe("stop");
  });

  it("asks a quiet kernel whether it lives, and finds out that it died in the middle of a run", () => {
    ask(session);
    model.set("status", status("running"));
    expect([pass(14_900), kinds().includes("ping")]).toEqual(["busy", false]);
    pass(15_300);
    expect(kinds().at(-1)).toBe("ping");
    model.emit("msg:custom", { kind: "pong" });
    // It lives, and works on one long step.
    for (let i = 0; i < 20; i++) {
      expect(pass(now + 15_300)).toBe("busy");
      expect(kinds().at(-1)).toBe("ping");
      model.emit("msg:custom", { kind: "pong" });
    }
    // Now it is dead, and the host does not say so.
    const pings = kinds().length;
    const died = now;
    expect([pass(died + 60_000), session.computes()]).toEqual(["busy", true]);
    expect([pass(died + 60_001), session.computes()]).toEqual(["silent", false]);
    expect(kinds().length - pings).toBe(4);
    // Or it was only slow.
    model.set("status", status("running", { fraction: 0.5 }));
    expect(session.state()).toBe("busy");
  });

  it("is gone when the host says so, until a word from the kernel", () => {
    model.set("status", status("running"));
    model.emit("comm_live_update");
    expect([session.state(), session.computes(), changes.at(-1)]).toEqual([
      "gone",
      false,
      "status",
    ]);
    pass(200_000);
    expect(kinds()).toEqual(["ready"]); // nobody is there to be asked
    model.set("opacity", 0.2); // in this view or another
    model.set("target", 1);
    expect(session.state()).toBe("gone");
    model.set("network", { name: "Other", input: [2, 4] });
    expect(session.state()).not.toBe("gone");
    model.emit("comm_live_update");
    model.emit("msg:custom", { kind: "of another version" });
    expect(session.state()).not.toBe("gone");
  });

  it("is gone when the host has no way to a kernel", () => {
    const warn = console.warn;
    console.warn = () => {};
    model.save_changes = () => {
      throw new Error("not implemented");
    };
    session.save();
    console.warn = warn;
    expect(session.state()).toBe("gone");
  });

  it("is at rest in a saved page, which asks nobody", () => {
    begin({ frozen: true, frames: [], status: status("running") });
    ask(session);
    model.emit("comm_live_update");
    expect([pass(300_000), session.computes()]).toEqual(["rest", false]);
    expect([kinds(), model.saves, session.frozen]).toEqual([["ready"], 0, true]);
  });

  it("ends with its view", () => {
    expect(model.listening).toBeGreaterThan(0);
    end.abort();
    expect(model.listening).toBe(0);
  });
});

it("steps back what is not the answer, unless that is due at once or was stopped", () => {
  const states: State[] = ["gone", "silent", "error", "busy", "stopped", "rest"];
  expect(states.filter(stepsBack)).toEqual(["gone", "silent", "error", "busy"]);
});

describe("a widget without keys", () => {
  it("shows the latest frame, and nothing while that is empty", () => {
    const model = new FakeModel({ frame: {} });
    const changes: Change[] = [];
    const { signal } = new AbortController();
    const session = converse<{ seq: number; partial?: boolean }>(
      { model, signal, changed: (change) => changes.push(change), clock: () => 0 },
      PLAIN,
    );
    expect([session.answer, session.stale()]).toEqual([undefined, true]);
    model.set("frame", { seq: 1, partial: true });
    expect([session.answer, session.stale()]).toEqual([{ seq: 1, partial: true }, false]);
    session.look("opacity", 0.3);
    expect([model.traits.opacity, model.saves, changes.at(-1)]).toEqual([0.3, 0, "look"]);
    model.set("target", 4); // from Python
    expect([session.request, changes.at(-1)]).toEqual([{ target: 4 }, "all"]);
    model.set("frame", {});
    expect(session.answer).toBeUndefined();
  });

  it("has words of its own", () => {
    const model = new FakeModel();
    const signal = new AbortController().signal;
    const session = extend(converse({ model, signal, changed: () => {} }, PLAIN), {
      get target(): unknown {
        return model.get("target");
      },
    });
    model.set("target", 2);
    expect([session.target, session.request]).toEqual([2, { target: 2 }]);
  });
});

describe("answers that are put together from messages", () => {
  interface Pair {
    key: string;
    target: number;
    halves: string[];
  }
  let model: FakeModel;
  const changes: Change[] = [];
  const open = (traits: Record<string, unknown> = {}, saved: readonly Pair[] = []) => {
    model = new FakeModel({ target: 1, ...traits });
    const { signal } = new AbortController();
    const session = converse<Pair, { target: number }>(
      { model, signal, changed: (change) => changes.push(change), clock: () => 1_000 },
      {
        traits: { asks: ["target"] },
        keyOf: ({ target }) => `of ${target}`,
        requestOf: ({ target }) => ({ target }),
        complete: ({ halves }) => halves.length === 2,
        saved,
        receive({ key, target, half }) {
          const pair: Pair = session.kept(key) ?? { key, target, halves: [] };
          pair.halves.push(half);
          session.keep(pair, key);
          return "all";
        },
      },
    );
    return session;
  };

  it("are due until all is there", () => {
    const session = open();
    session.ask({ target: 2 });
    expect(session.state(1_200)).toBe("busy");
    for (const half of ["left", "right"]) {
      model.emit("msg:custom", { key: "of 2", target: 2, half });
      expect(session.state(1_200)).toBe(half === "left" ? "busy" : "rest");
    }
    expect([session.kept("of 2")?.halves, changes.at(-1)]).toEqual([["left", "right"], "all"]);
  });

  it("are found again, and in a saved page only they", () => {
    const pair = { key: "of 3", target: 3, halves: ["a", "b"] };
    const session = open({ frozen: true }, [pair]);
    expect([session.available({ target: 3 }), session.available({ target: 4 })]).toEqual([
      true,
      false,
    ]);
    session.ask({ target: 4 });
    expect(model.traits.target).toBe(1);
    session.ask({ target: 3 });
    expect([model.traits.target, session.answer, session.stale()]).toEqual([3, pair, false]);
  });
});

describe("how it looks", () => {
  it("tells the kernel how it looks when the hand has come to rest, once", () => {
    vi.useFakeTimers();
    let down = true;
    const model = new FakeModel({ frame: { seq: 1 } });
    const { signal } = new AbortController();
    const session = converse({ model, signal, changed: () => {}, held: () => down }, PLAIN);
    for (const opacity of [0.1, 0.2, 0.3]) {
      session.look("opacity", opacity);
      vi.advanceTimersByTime(200);
    }
    expect([model.saves, model.get("opacity")]).toEqual([0, 0.3]);
    vi.advanceTimersByTime(2000);
    expect(model.saves).toBe(0); // still held
    down = false;
    vi.advanceTimersByTime(250);
    expect(model.saves).toBe(1);
    vi.advanceTimersByTime(2000);
    expect(model.saves).toBe(1);
    session.look("opacity", 0.5);
    session.ask({ target: 3 }); // which takes it along
    expect(model.saves).toBe(2);
    vi.advanceTimersByTime(2000);
    expect(model.saves).toBe(2);
    session.look("opacity", 0.6);
    session.close(); // the view goes before the kernel was told
    expect(model.saves).toBe(3);
    vi.useRealTimers();
  });

  it("asks nobody in a saved page", () => {
    vi.useFakeTimers();
    const model = new FakeModel({ frozen: true });
    const { signal } = new AbortController();
    const session = converse({ model, signal, changed: () => {} }, PLAIN);
    session.look("opacity", 0.1);
    vi.advanceTimersByTime(2000);
    session.close();
    expect([model.saves, model.get("opacity")]).toEqual([0, 0.1]);
    vi.useRealTimers();
  });
});
