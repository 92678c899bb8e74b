/**
 * The conversation with the kernel, without any pixels: what is asked, what is shown, whether it is late.
 * The model's traits are the truth; several views of one model each listen for themselves.
 */
import { atEnd, now } from "../core/host";
import {
  APPEARANCE,
  type Appearance,
  type Bytes,
  type ClassScore,
  type Frame,
  type Layer,
  type Method,
  type Model,
  type Network,
  type Picture,
  type Request,
  type Status,
} from "../core/wire";
import { type Around, FrameCache, nearestFrame, requestKey, requestOf } from "./protocol";

export type Change = "request" | "appearance" | "status";

/** gone: the host says the kernel left. silent: an answer is long overdue. busy: one is due for a moment. */
export type State = "gone" | "silent" | "error" | "busy" | "rest";

const SLOW = 150; // milliseconds: anything quicker is not worth a word
const PATIENCE = 8_000; // without a word from the kernel
const PATIENCE_RUNNING = 60_000; // a method at work may be quiet between two steps

export type Session = ReturnType<typeof converse>;

export function converse(
  model: Model,
  signal: AbortSignal,
  changed: (change: Change) => void,
  brush?: (told: unknown, buffers: Bytes[]) => void,
  clock: () => number = now,
) {
  const cache = new FrameCache();
  let shown: Frame | undefined;
  let awaiting: number | null = null; // since when an answer is due
  let heard = clock(); // when the kernel last said anything
  let received = 0; // when the last frame came
  let gone = false;

  const session = {
    get shown(): Frame | undefined {
      return shown;
    },
    get methods(): readonly Method[] {
      return model.get("methods") ?? [];
    },
    get layers(): readonly Layer[] {
      return model.get("layers") ?? [];
    },
    get top(): readonly ClassScore[] {
      return model.get("prediction")?.top ?? [];
    },
    get classNames(): readonly string[] {
      return model.get("class_names") ?? [];
    },
    get frames(): readonly Frame[] {
      return model.get("frames") ?? [];
    },
    get picture(): Picture | undefined {
      return model.get("picture");
    },
    get network(): Network | undefined {
      return model.get("network");
    },
    get status(): Status | undefined {
      return model.get("status");
    },
    get frozen(): boolean {
      return Boolean(model.get("frozen"));
    },
    get request(): Request {
      const [method, target, layer, parameters] = REQUEST.map((name) => model.get(name) ?? null);
      return { method, target, layer, parameters: parameters ?? {} };
    },
    get method(): Method | undefined {
      return session.methods.find(({ name }) => name === model.get("method"));
    },
    get appearance(): Appearance {
      const look = Object.entries(APPEARANCE).map(([name, usual]) => [
        name,
        model.get(name) ?? usual,
      ]);
      return Object.fromEntries(look);
    },

    /** True while the picture does not show what the controls say. */
    stale: (): boolean => !shown || keyOf(shown) !== wanted(),

    state(now = clock()): State {
      const { status, frozen } = session;
      const running = status?.state === "running";
      if (frozen) return "rest";
      if (gone) return "gone";
      if (awaiting === null) {
        if (status?.state === "error") return "error";
        return running && (status.seconds ?? 0) * 1000 >= SLOW ? "busy" : "rest";
      }
      const patience = running ? PATIENCE_RUNNING : PATIENCE;
      if (now - Math.max(awaiting, heard) > patience) return "silent";
      return now - awaiting >= SLOW ? "busy" : "rest";
    },

    /** Asks for another explanation. A frame already seen is shown at once. */
    ask(part: Partial<Request>): void {
      let next = part;
      if (session.frozen) {
        const frame = nearestFrame({ ...session.request, ...part }, session.frames);
        if (!frame) return;
        next = requestOf(frame);
      }
      for (const [name, value] of Object.entries(next)) model.set(name, value);
      asked();
      if (!session.frozen) model.save_changes();
    },

    /** Sets how the picture looks: never a message to the kernel. */
    look<Name extends keyof Appearance>(name: Name, value: Appearance[Name]): void {
      model.set(name, value);
      changed("appearance");
    },

    stop: (): void => model.send({ kind: "stop" }),

    /** Whether it can be asked for: a saved page has only what was saved. */
    available(part: Partial<Request>): boolean {
      if (!session.frozen) return true;
      if (part.method) return session.frames.some(({ method }) => method === part.method);
      return !!cache.get(requestKey({ ...session.request, ...part }, session));
    },
  } satisfies Around & Record<string, unknown>;

  const wanted = (): string => requestKey(session.request, session);
  const keyOf = (frame: Frame): string => requestKey(requestOf(frame), session);

  /** A request trait changed, here or in Python. */
  function asked(): void {
    shown = cache.get(wanted()) ?? shown;
    awaiting = session.stale() ? (awaiting ?? clock()) : null;
    changed("request");
  }

  function remember(frame: Frame): void {
    if (!frame.partial) cache.put(keyOf(frame), frame);
  }

  /** An answer to an older question is kept, but does not replace what answers the present one. */
  function receive(): void {
    const frame: Frame | undefined = model.get("frame");
    if (!frame?.data) return;
    received = clock();
    remember(frame);
    const fits = keyOf(frame) === wanted();
    shown = fits ? frame : (cache.get(wanted()) ?? frame);
    if (fits && !frame.partial) awaiting = null;
  }

  const listeners: Array<[string, () => void]> = [];
  function listen(names: readonly string[], listener: (...values: never[]) => void): void {
    for (const name of names) {
      model.on(name, listener as () => void);
      listeners.push([name, listener as () => void]);
    }
  }
  /** Whatever comes from the kernel shows that it lives. */
  function alive(): void {
    heard = clock();
    gone = false;
  }

  const changes = (names: readonly string[]): string[] => names.map((name) => `change:${name}`);
  listen(changes(REQUEST), asked);
  listen(changes(SURROUNDINGS), () => changed("request"));
  listen(changes(Object.keys(APPEARANCE)), () => changed("appearance"));
  listen(["change:frame"], () => {
    alive();
    receive();
    changed("request");
  });
  listen(["change:picture"], () => {
    // Maps of another picture. One that came with this very message is of this picture.
    cache.frames.clear();
    if (clock() - received < 20) receive();
    else shown = undefined;
    changed("request");
  });
  listen(["change:status"], () => {
    alive();
    // At rest nothing more is coming for what was asked.
    if (session.status?.state !== "running") awaiting = null;
    changed("status");
  });
  listen(["msg:custom"], (told: { kind?: string; frame?: Frame }, buffers: Bytes[] = []) => {
    const { kind, frame } = told;
    const [data] = buffers;
    alive();
    if (kind === "prefetched" && frame && data) remember({ ...frame, data });
    if (kind === "brush") brush?.(told, buffers);
  });
  // JupyterLab tells so when the kernel restarts or goes; other hosts are found out by their silence.
  listen(["comm_live_update"], () => {
    gone = true;
    changed("status");
  });

  atEnd(signal, () => {
    for (const [name, listener] of listeners) model.off(name, listener);
  });

  session.frames.forEach(remember);
  receive();
  model.send({ kind: "ready" }); // from now on what is sent is heard
  return session;
}

const REQUEST = ["method", "target", "layer", "parameters"];
const SURROUNDINGS = ["methods", "class_names", "layers", "prediction", "network", "frozen"];
