/**
 * The conversation between a view and its kernel, the same for every widget, without any pixels.
 *
 * The model's traits are the truth, and each view of a model listens for itself. A widget says which of
 * its traits are requests (`asks`: set here and sent, the kernel computes), which are appearance (`looks`:
 * set here, and known to Python a moment after the hand has come to rest) and which only the kernel changes
 * (`shows`). The trait `frame` is the
 * answer to a request; others may come by message (`receive`, `keep`).
 *
 * A widget whose requests have a key (`keyOf`) keeps its answers: one that was seen before is shown at once,
 * a late one never replaces the right one, another picture forgets them all. A saved page is `frozen`: it has
 * the answers that were saved with it and asks nobody; a request goes to the nearest of them.
 *
 * Whether the kernel lives is told by its words: a change of what only it changes, or any message. Where a
 * request stays without one for 8 s, it is silent. While it computes it may be quiet for longer; after 15 s
 * it is asked with `ping`, which it answers with `pong` at once, and after 60 s without a word it is silent.
 * Some hosts say that it is gone.
 */
import { atEnd, type Model, now as passed, traitValue } from "./model";
import type { Bytes, Status } from "./wire";

/**
 * gone: the host says that the kernel left. silent: a word from it is long overdue. error: in `status`, with
 * the way out. busy: it computes, for a moment already. stopped: it could go on. rest: nothing is due.
 */
export type State = "gone" | "silent" | "error" | "busy" | "stopped" | "rest";

/** all: what is asked or shown. look: the appearance. status: only what `state` tells. */
export type Change = "all" | "look" | "status";

/** Whether what is not the answer steps back: not for a blink, nor for what was stopped. */
export const stepsBack = (state: State): boolean => state !== "rest" && state !== "stopped";

const SLOW = 150; // milliseconds: anything quicker is not worth a word
const PATIENCE = 8_000; // for the first word on a request
const QUIET = 15_000; // of a kernel that computes, before it is asked whether it lives
const PATIENCE_RUNNING = 60_000; // for a word from a kernel that computes
const TOGETHER = 20; // a frame and its picture that come so close are one update
const SETTLED = 250; // after a change of how it looks, before the kernel is told
const KEPT = 64; // answers; a map of 224 x 224 is 50 KB, one of 1024 x 1024 a megabyte

/** Between a view and its model. */
export interface Connection {
  model: Model;
  /** The end of the view. */
  signal: AbortSignal;
  /** Is told what has changed. */
  changed(change: Change): void;
  /** Whether a hand is at work: a pointer is down. */
  held?(): boolean;
  clock?(): number;
}

/** The traits that are a request, by name. */
// biome-ignore lint/suspicious/noExplicitAny: traits are typed where they are read
export type Request = Readonly<Record<string, any>>;

/** A custom message of the kernel. */
export interface Message {
  kind?: string;
}

/** Names of traits, or what stands for each while the model has nothing. */
type Names = readonly string[] | Readonly<Record<string, unknown>>;

/** What a widget and its kernel talk about. */
export interface Terms<Answer, Ask = Request> {
  traits: {
    asks?: Names;
    looks?: Names;
    shows?: Names;
  };
  /** The key under which the answer to a request is found: nothing left to default. */
  keyOf?(request: Ask): string;
  /** The request that an answer answers, or the part of it that a saved page can choose. */
  requestOf?(answer: Answer): Partial<Ask>;
  /** Whether all of an answer is there; otherwise more is coming. */
  complete?(answer: Answer): boolean;
  /** Takes a message of the kernel; returns what it changes, if that is seen. */
  // biome-ignore lint/suspicious/noExplicitAny: a message is typed where it is taken
  receive?(message: any, buffers: Bytes[]): Change | undefined;
  /** The answers of a saved page, if they are not the trait `frames`. */
  saved?: readonly Answer[];
  /** The one of the saved answers nearest to a request. */
  nearest?(request: Ask, saved: readonly Answer[]): Answer | undefined;
  /** How many answers are kept. */
  kept?: number;
}

const namesOf = (names: Names = []): readonly string[] =>
  Array.isArray(names) ? names : Object.keys(names);

export interface Session<Answer = unknown, Ask = Request> {
  // biome-ignore lint/suspicious/noExplicitAny: traits are typed where they are read
  get(name: string): any;
  readonly status: Status | undefined;
  /** Whether this is a saved page. */
  readonly frozen: boolean;
  readonly request: Ask;
  /** What is shown: the answer to the request or, until that is here, the one before. */
  readonly answer: Answer | undefined;
  readonly saved: readonly Answer[];
  /** True while what is shown is not what is asked for. */
  stale(): boolean;
  state(now?: number): State;
  /** Whether the kernel computes, as far as can be known: what is missing will come. */
  computes(now?: number): boolean;
  /** Asks for something else, or anew. An answer seen before is shown at once. */
  ask(part: Partial<Ask>): void;
  /** Sets how it looks; the kernel is told when the hand has come to rest. */
  look(name: string, value: unknown): void;
  /** Lets the kernel know now of what was set. */
  save(): void;
  /** Whether it can be asked for: a saved page has only what was saved. */
  available(part: Partial<Ask>): boolean;
  /** The answer kept under a key. */
  kept(key: string): Answer | undefined;
  keep(answer: Answer, key?: string): void;
  forget(): void;
  stop(): void;
  /** Goes on after a stop. */
  resume(): void;
  send(message: object, buffers?: ArrayBufferView[]): void;
  /** Listens until the view is gone. A change of what only the kernel changes shows that it lives. */
  on(name: string, listener: (...values: never[]) => void): void;
  /** Time has passed. */
  tick(now?: number): void;
  /** Stops listening; the end of the view does it too. */
  close(): void;
}

export function converse<Answer extends object, Ask = Request>(
  { model, signal, changed, held, clock = passed }: Connection,
  terms: Terms<Answer, Ask>,
): Session<Answer, Ask> {
  const [asks, looks] = [namesOf(terms.traits.asks), namesOf(terms.traits.looks)];
  const { keyOf, requestOf, receive } = terms;
  const complete = terms.complete ?? ((answer: { partial?: boolean }) => !answer.partial);
  const saved: readonly Answer[] = terms.saved ?? model.get("frames") ?? [];
  const most = Math.max(terms.kept ?? KEPT, saved.length);
  const answers = new Map<string, Answer>(); // the least recently used first
  const listeners: Array<[string, () => void]> = [];
  let shown: Answer | undefined;
  let awaiting: number | null = null; // since when an answer is due
  let lastWord = clock(); // when the kernel last said anything
  let pinged = lastWord;
  let received = Number.NEGATIVE_INFINITY; // when the last frame came
  let begun = lastWord; // when the kernel began to compute
  let gone = false;
  let settling: ReturnType<typeof setTimeout> | undefined;

  const session: Session<Answer, Ask> = {
    get: (name) => model.get(name),
    get status() {
      return model.get("status");
    },
    get frozen() {
      return Boolean(model.get("frozen"));
    },
    get request() {
      return Object.fromEntries(asks.map((name) => [name, model.get(name) ?? null])) as Ask;
    },
    get answer() {
      return shown;
    },
    saved,
    stale: () => !shown || (!!keyOf && keyOfAnswer(shown) !== wanted()),

    state(time = clock()) {
      const state = session.status?.state;
      const running = state === "running";
      if (session.frozen) return "rest";
      if (gone) return "gone";
      if (running) {
        if (time - lastWord > PATIENCE_RUNNING) return "silent";
        return time - (awaiting ?? begun) >= SLOW ? "busy" : "rest";
      }
      if (awaiting !== null) {
        if (time - Math.max(awaiting, lastWord) > PATIENCE) return "silent";
        return time - awaiting >= SLOW ? "busy" : "rest";
      }
      return state === "error" || state === "stopped" ? state : "rest";
    },

    computes(time = clock()) {
      const state = session.state(time);
      if (session.frozen || state === "gone" || state === "silent") return false;
      return session.status?.state === "running";
    },

    ask(part) {
      let next = part;
      if (session.frozen) {
        const answer = nearest(part);
        if (!answer) return;
        next = requestOf?.(answer) ?? {};
      }
      for (const [name, value] of Object.entries(next)) model.set(name, value);
      requestChanged();
      session.save();
    },
    look(name, value) {
      model.set(name, value);
      changed("look");
      if (!session.frozen) settle();
    },
    save() {
      clearTimeout(settling);
      settling = undefined;
      if (!session.frozen) guarded(() => model.save_changes());
    },
    available(part) {
      if (!session.frozen) return true;
      const answer = nearest(part);
      if (!answer) return false;
      const there: Request = requestOf?.(answer) ?? {};
      return Object.entries(part).every(([name, value]) => there[name] === value);
    },

    kept(key) {
      const answer = answers.get(key);
      if (answer) put(key, answer);
      return answer;
    },
    keep(answer, key = keyOfAnswer(answer)) {
      put(key, answer);
      if (keyOf && key === wanted() && complete(answer)) awaiting = null;
    },
    forget() {
      answers.clear();
      shown = undefined;
    },

    stop: () => session.send({ kind: "stop" }),
    resume() {
      if (session.frozen) return;
      awaiting ??= clock();
      session.send({ kind: "resume" });
      changed("status");
    },
    send(message, buffers) {
      guarded(() => (buffers ? model.send(message, undefined, buffers) : model.send(message)));
    },
    on(name, listener) {
      const own = [...asks, ...looks].some((trait) => name === `change:${trait}`);
      listen(name, (...values: never[]) => {
        if (!own) kernelSpoke();
        listener(...values);
      });
    },
    tick(time = clock()) {
      const waits = session.status?.state === "running" && !session.frozen && !gone;
      if (!waits || time - Math.max(lastWord, pinged) < QUIET) return;
      pinged = time;
      session.send({ kind: "ping" });
    },
    close() {
      if (settling !== undefined) session.save();
      for (const [name, listener] of listeners.splice(0)) model.off(name, listener);
    },
  };

  const wanted = (): string => keyOf?.(session.request) ?? "";
  const keyOfAnswer = (answer: Answer): string =>
    keyOf?.({ ...session.request, ...requestOf?.(answer) }) ?? "";

  /** Tells the kernel of the looks, once no hand is at work any more. */
  function settle(): void {
    clearTimeout(settling);
    settling = setTimeout(() => (held?.() ? settle() : session.save()), SETTLED);
  }

  function put(key: string, answer: Answer): void {
    answers.delete(key);
    answers.set(key, answer);
    if (answers.size > most) answers.delete(answers.keys().next().value!);
  }

  function nearest(part: Partial<Ask>): Answer | undefined {
    const request = { ...session.request, ...part };
    if (terms.nearest) return terms.nearest(request, saved);
    return keyOf && answers.get(keyOf(request));
  }

  /** A request trait changed, here or in Python. */
  function requestChanged(): void {
    const answer = keyOf && session.kept(wanted());
    shown = answer ?? shown;
    awaiting = answer && complete(answer) ? null : (awaiting ?? clock());
    changed("all");
  }

  /** An answer to an older request is kept, but does not replace what answers the present one. */
  function take(): void {
    const frame = traitValue<Answer>(model, "frame");
    if (!keyOf) shown = frame;
    if (!frame) return;
    received = clock();
    if (keyOf) {
      if (complete(frame)) put(keyOfAnswer(frame), frame);
      const fits = keyOfAnswer(frame) === wanted();
      shown = fits ? frame : (session.kept(wanted()) ?? frame);
      if (!fits) return;
    }
    if (complete(frame)) awaiting = null;
  }

  /** A host without a kernel may throw at whatever is sent. */
  function guarded(act: () => void): void {
    try {
      act();
    } catch (problem) {
      console.warn(problem);
      gone = true;
    }
  }

  function listen(name: string, listener: (...values: never[]) => void): void {
    model.on(name, listener as () => void);
    listeners.push([name, listener as () => void]);
  }
  function kernelSpoke(): void {
    lastWord = clock();
    gone = false;
  }
  const startOfRun = (): number => clock() - 1000 * (session.status?.seconds ?? 0);

  // What another view of this model may have changed is no sign of life.
  for (const name of asks) listen(`change:${name}`, keyOf ? requestChanged : () => changed("all"));
  for (const name of looks) listen(`change:${name}`, () => changed("look"));
  for (const name of new Set([...namesOf(terms.traits.shows), "frame", "frozen"])) {
    session.on(`change:${name}`, () => {
      if (name === "frame") take();
      if (name === "picture" && keyOf) {
        // Answers about another picture. One that came with this very message is about this picture.
        session.forget();
        if (clock() - received < TOGETHER) take();
      }
      changed("all");
    });
  }
  session.on("change:status", () => {
    begun = startOfRun();
    // At rest nothing more is coming for what was asked.
    if (session.status?.state !== "running") awaiting = null;
    changed("status");
  });
  session.on("msg:custom", (message: Message, buffers: Bytes[] = []) => {
    const change = receive?.(message, buffers);
    if (change) changed(change);
  });
  // JupyterLab tells so when the kernel restarts or goes; other hosts are found out by their silence.
  listen("comm_live_update", () => {
    gone = true;
    changed("status");
  });
  atEnd(signal, session.close);

  if (keyOf) for (const answer of saved) put(keyOfAnswer(answer), answer);
  begun = startOfRun();
  take();
  session.send({ kind: "ready" }); // from now on what is sent is heard
  return session;
}

/** A widget's own words for what its session tells; getters stay getters. */
export function extend<S extends object, More extends object>(session: S, more: More): S & More {
  return Object.defineProperties(session, Object.getOwnPropertyDescriptors(more)) as S & More;
}
