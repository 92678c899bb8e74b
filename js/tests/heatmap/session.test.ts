import { beforeEach, describe, expect, it } from "vitest";
import type { Change } from "../../src/core/session";
import {
  allParameters,
  type HeatmapSession,
  heatmapSession,
  nearestFrame,
  type Request,
  requestKey,
  requestOf,
} from "../../src/heatmap/session";
import { CAM, FakeModel, frameOf, methodOf, OCCLUSION, SALIENCY } from "../fake";

const context = {
  cards: [CAM, SALIENCY, OCCLUSION],
  layers: [{ name: "conv", size: [7, 7] as const, channels: 1 }],
  prediction: { top: [{ index: 2, name: "cat", probability: 0.4 }] },
};
const request = (part: Partial<Request> = {}): Request => ({
  method: "grad_cam",
  target: null,
  layer: null,
  parameters: {},
  ...part,
});

describe("keys", () => {
  it("leave nothing to default", () => {
    expect(requestKey(request(), context)).toBe('["grad_cam",2,"conv",[]]');
    expect(requestKey(request({ target: 2, layer: "conv" }), context)).toBe(
      requestKey(request(), context),
    );
    expect(requestKey(request({ method: "saliency", layer: "conv" }), context)).toBe(
      '["saliency",2,null,[]]',
    );
  });
  it("have the layer where one is chosen, whatever the map's size", () => {
    const guided = methodOf({ name: "guided_grad_cam", space: "input", takes_layer: true });
    const rollout = methodOf({ name: "attention_rollout", space: "layer", takes_layer: false });
    const others = { ...context, cards: [guided, rollout] };
    expect(requestKey(request({ method: "guided_grad_cam", layer: "stem" }), others)).toBe(
      '["guided_grad_cam",2,"stem",[]]',
    );
    expect(requestKey(request({ method: "attention_rollout", layer: "stem" }), others)).toBe(
      '["attention_rollout",2,null,[]]',
    );
  });
  it("take parameters in full, sorted, and only the method's own", () => {
    const parameters = { window: 16, seed: 3 };
    expect(requestKey(request({ method: "occlusion", parameters }), context)).toBe(
      '["occlusion",2,null,[["baseline","mean"],["window",16]]]',
    );
    expect(allParameters(OCCLUSION, {})).toEqual({ window: 32, baseline: "mean" });
    expect(allParameters(undefined, { a: 1 })).toEqual({});
  });
  it("of a frame and of the request it answers are equal", () => {
    const frame = frameOf({ method: "occlusion", parameters: { baseline: "mean", window: 32 } });
    expect(requestKey(requestOf(frame), context)).toBe(
      requestKey(request({ method: "occlusion" }), context),
    );
    const called = frameOf({
      target: { index: null, name: "margin", probability: null, score: 1 },
    });
    expect(requestKey(requestOf(called), context)).toBe(
      requestKey(request({ target: "margin" }), context),
    );
  });
});

describe("a saved page", () => {
  it("finds the nearest frame of a saved page", () => {
    const other = { index: 3, name: "tiger cat", probability: 0.2, score: 1 };
    const frames = [
      frameOf({ seq: 1 }),
      frameOf({ seq: 2, target: other }),
      frameOf({ seq: 3, target: other, layer: "early" }),
      frameOf({ seq: 4, method: "saliency", layer: null }),
    ];
    const seq = (part: Partial<Request>) => nearestFrame(request(part), frames)?.seq;
    expect(seq({ target: 3, layer: "early" })).toBe(3);
    expect(seq({ target: 2 })).toBe(1);
    expect(seq({ method: "saliency", target: 3 })).toBe(4);
    expect(seq({ method: "occlusion" })).toBeUndefined();
  });
  it("is of the same target before it is of the same layer", () => {
    const [own, other] = [frameOf().target, { ...frameOf().target, index: 3, name: "tiger cat" }];
    const frames = [
      frameOf({ seq: 1, target: other, layer: "conv" }),
      frameOf({ seq: 2, target: own, layer: "early" }),
    ];
    expect(nearestFrame(request({ target: 2, layer: "conv" }), frames)?.seq).toBe(2);
    expect(nearestFrame(request({ target: null, layer: "conv" }), frames, 2)?.seq).toBe(2);
    expect(nearestFrame(request({ target: 7, layer: "early" }), frames)?.seq).toBe(2);
  });
});

describe("session", () => {
  let now: number;
  let end: AbortController;
  let changes: Change[];
  const begin = (model: FakeModel): HeatmapSession => {
    now = 0;
    end = new AbortController();
    changes = [];
    return heatmapSession({
      model,
      signal: end.signal,
      changed: (change) => changes.push(change),
      clock: () => now,
    });
  };
  let model: FakeModel;
  let session: HeatmapSession;
  const cam = frameOf({ seq: 1 });
  const saliency = frameOf({ seq: 2, method: "saliency", layer: null });
  const status = (state: string, seconds = 1) => ({
    seq: 2,
    state,
    message: "",
    hint: "",
    seconds,
  });

  beforeEach(() => {
    model = new FakeModel({ frame: cam });
    session = begin(model);
  });

  it("has the bytes of the photograph that is shown, and not of the one before", () => {
    const photograph = { width: 8, height: 4, mime: "image/jpeg", window: [0, 0, 1, 1] };
    const data = Uint8Array.of(7, 8);
    model = new FakeModel({ photograph: { ...photograph, key: "one" } });
    session = begin(model);
    expect(session.sharp).toBeUndefined();
    model.emit("msg:custom", { kind: "photograph", key: "one" }, [data]);
    expect(session.sharp).toBe(data);
    model.set("photograph", { ...photograph, key: "two" });
    expect(session.sharp).toBeUndefined();
    model.emit("msg:custom", { kind: "photograph", key: "one" }, [data]); // it comes late
    expect(session.sharp).toBeUndefined();
    model.set("photograph", { ...photograph, key: "two", data: Uint8Array.of(9) });
    expect([...(session.sharp as Uint8Array)]).toEqual([9]);
  });

  it("shows what it finds and says that it listens", () => {
    expect(session.shown).toBe(cam);
    expect(session.stale()).toBe(false);
    expect(session.state()).toBe("rest");
    expect(model.sent).toEqual([{ kind: "ready" }]);
    expect(model.saves).toBe(0);
  });

  it("asks with one message and waits quietly for 150 ms", () => {
    session.ask({ method: "saliency" });
    expect([model.traits.method, model.saves]).toEqual(["saliency", 1]);
    expect([session.shown, session.stale(), session.state()]).toEqual([cam, true, "rest"]);
    now = 151;
    expect(session.state()).toBe("busy");
    model.set("frame", saliency);
    expect([session.shown, session.stale(), session.state()]).toEqual([saliency, false, "rest"]);
  });

  it("shows a frame it has seen at once, and still tells the kernel", () => {
    session.ask({ method: "saliency" });
    model.set("frame", saliency);
    session.ask({ method: "grad_cam" });
    expect([session.shown, session.stale(), model.saves]).toEqual([cam, false, 2]);
  });

  it("forgets what was not used for longest", () => {
    for (let i = 0; i < 64; i++) session.keep(frameOf({ seq: i }), String(i));
    expect(session.kept("0")?.seq).toBe(0);
    session.keep(frameOf({ seq: 64 }), "64");
    expect(session.kept("1")).toBeUndefined();
    expect(session.kept("0")?.seq).toBe(0);
    expect([...Array(65).keys()].filter((i) => session.kept(String(i))).length).toBe(64);
  });

  it("does not let a late answer replace the right one", () => {
    session.ask({ method: "saliency" });
    session.ask({ method: "grad_cam" });
    model.set("frame", saliency);
    expect(session.shown).toBe(cam);
    session.ask({ method: "saliency" });
    expect(session.shown).toBe(saliency);
  });

  it("keeps what was computed ahead", () => {
    const { data: _, ...ahead } = saliency;
    const message = { kind: "prefetched", frame: ahead };
    model.emit("msg:custom", message, [new DataView(Uint8Array.of(9).buffer)]);
    session.ask({ method: "saliency" });
    expect(session.shown?.seq).toBe(2);
    expect(session.stale()).toBe(false);
  });

  it("shows a refining map but does not keep it", () => {
    session.ask({ method: "saliency" });
    model.set("status", status("running"));
    model.set("frame", { ...saliency, partial: true });
    now = 500;
    expect([session.shown?.partial, session.state()]).toEqual([true, "busy"]);
    session.ask({ method: "grad_cam" });
    session.ask({ method: "saliency" });
    expect(session.shown).toBe(cam);
  });

  it("follows Python", () => {
    model.set("method", "saliency");
    expect(session.stale()).toBe(true);
    expect(model.saves).toBe(0);
    expect(changes).toContain("all");
  });

  it("never sends how it looks", () => {
    session.look("opacity", 0.4);
    expect([model.traits.opacity, model.saves, model.sent.length]).toEqual([0.4, 0, 1]);
    expect(session.appearance).toMatchObject({ opacity: 0.4, colormap: "auto", clip: 99.5 });
    model.set("blend", "screen");
    expect(changes.filter((change) => change === "look").length).toBeGreaterThan(1);
  });

  it("sends stop", () => {
    session.stop();
    expect(model.sent).toContainEqual({ kind: "stop" });
  });

  it("says so when the kernel is silent, and takes it back when it speaks", () => {
    session.ask({ method: "saliency" });
    now = 8_001;
    expect(session.state()).toBe("silent");
    model.set("status", status("running"));
    expect(session.state()).toBe("busy");
    now = 60_000;
    expect(session.state()).toBe("busy");
    now = 69_000;
    expect(session.state()).toBe("silent");
    model.set("frame", saliency);
    expect(session.state()).not.toBe("silent");
  });

  it("says so when the host tells that the kernel is gone", () => {
    model.emit("comm_live_update");
    expect(session.state()).toBe("gone");
    model.set("status", status("idle"));
    expect(session.state()).toBe("rest");
  });

  it("shows an error once nothing more is coming", () => {
    session.ask({ method: "saliency" });
    model.set("status", status("error"));
    expect(session.state()).toBe("error");
    session.ask({ method: "occlusion" });
    now = 200;
    expect(session.state()).toBe("busy");
  });

  it("forgets the maps of another picture", () => {
    model.set("method", "saliency");
    model.set("frame", saliency);
    now = 1_000;
    model.set("picture", { width: 8, height: 8, mime: "image/png", data: Uint8Array.of(2) });
    expect(session.shown).toBeUndefined();
    model.set("method", "grad_cam");
    expect([session.shown, session.stale()]).toEqual([undefined, true]);
    const other = frameOf({ seq: 9 });
    model.set("frame", other);
    expect([session.shown, session.stale()]).toEqual([other, false]);
  });

  it("keeps a map that comes with its picture, in either order", () => {
    const other = frameOf({ seq: 9 });
    now = 1_000;
    model.set("frame", other);
    model.set("picture", { width: 8, height: 8, mime: "image/png", data: Uint8Array.of(2) });
    expect(session.shown).toBe(other);
  });

  it("stops listening with its view", () => {
    expect(model.listening).toBeGreaterThan(0);
    end.abort();
    expect(model.listening).toBe(0);
  });

  it("keeps a saved page to what was saved", () => {
    model = new FakeModel({ frozen: true, frames: [cam, saliency], frame: cam });
    session = begin(model);
    expect(session.available({ method: "saliency" })).toBe(true);
    expect(session.available({ method: "occlusion" })).toBe(false);
    expect(session.available({ target: 3 })).toBe(false);
    session.ask({ method: "saliency" });
    expect([session.shown, session.stale(), session.state(99_999)]).toEqual([
      saliency,
      false,
      "rest",
    ]);
    session.ask({ method: "occlusion" });
    expect(session.shown).toBe(saliency);
    expect(model.saves).toBe(0);
  });
});

describe("the map of the painted picture", () => {
  const painted = (session: HeatmapSession) => session.painted?.seq;
  function opened() {
    const model = new FakeModel({ frame: frameOf() });
    const changes: Change[] = [];
    const { signal } = new AbortController();
    const connection = { model, signal, changed: (change: Change) => changes.push(change) };
    const session = heatmapSession(connection);
    const told = (seq: number, part: object = {}): void =>
      model.emit(
        "msg:custom",
        { kind: "painted_map", by: "me", seq, frame: frameOf({ seq }), ...part },
        [Uint8Array.of(0)],
      );
    return { model, session, changes, told };
  }

  it("is shown as long as it is that of the request; a late one is dropped", () => {
    const { model, session, changes, told } = opened();
    expect(painted(session)).toBeUndefined();
    told(7);
    expect([painted(session), changes.at(-1)]).toEqual([7, "look"]);
    told(6);
    expect(painted(session)).toBe(7);
    told(8, { frame: undefined, failed: "no" });
    expect(painted(session)).toBe(7);
    told(1, { by: "another" });
    expect(painted(session)).toBe(1);
    model.set("target", 3);
    expect(painted(session)).toBeUndefined();
    model.set("target", 2);
    expect(painted(session)).toBe(1);
  });

  it("goes with the paint, and with the picture", () => {
    const { model, session, told } = opened();
    told(1);
    const answer = { kind: "painted", by: "me", seq: 2, fill: "blur" };
    model.emit("msg:custom", answer, [Uint8Array.of(0), Uint8Array.of(3, 0)]);
    expect(painted(session)).toBe(1);
    model.emit("msg:custom", answer, [Uint8Array.of(), Uint8Array.of()]);
    expect(painted(session)).toBeUndefined();
    told(3);
    session.clearPainted();
    expect(painted(session)).toBeUndefined();
    told(4);
    model.set("picture", { width: 2, height: 2, mime: "", data: Uint8Array.of(1) });
    expect(painted(session)).toBeUndefined();
  });
});
