/** What a GradientComparison is told and asks for. The model's traits are the truth. */
import { now } from "../core/host";
import { listening, pulse } from "../core/session";
import {
  APPEARANCE,
  type Appearance,
  type Bytes,
  type ClassScore,
  type Frame,
  type FrameTarget,
  type Method,
  type Model,
  type Network,
  type Picture,
  type Status,
} from "../core/wire";

/** A network: what it is called, and how often it is right. */
export interface Row {
  name: string;
  accuracy: number | null;
}

/** What a network says of the picture. */
export interface Said {
  row: number;
  top?: readonly ClassScore[];
  target?: FrameTarget;
  photo?: Picture;
  /** Why it says nothing. */
  error?: string;
}

/** A map, or why there is none. */
export interface Cell extends Frame {
  row: number;
  error?: string;
}

/** What is measured of a map. */
export interface Measure {
  name: string;
  title: string;
  help: string;
}

export type Values = Readonly<Record<string, number | null>>;

export interface Saved {
  key: string;
  place: number;
  noise: number;
  said: readonly Said[];
  cells: readonly Cell[];
  measures: ReadonlyArray<{ row: number; method: string; values: Values }>;
}

/** A cell: its row, and its column's method. */
export type Place = readonly [row: number, method: string];

export type View = "grid" | "swipe" | "difference";
export type Scale = "cell" | "method" | "all";

interface Answer {
  said: Map<number, Said>;
  cells: Map<string, Cell>;
  measures: Map<string, Values>;
}

/** A trait of the model and its value. */
export type Setting = readonly [name: string, value: unknown];

export type Change = "all" | "cells" | "look" | "status";
export type Comparing = ReturnType<typeof comparing>;

const REQUEST = ["place", "target", "own", "noise", "methods"];
const AROUND = ["rows", "strip", "cards", "measured", "network", "frozen", "frames"];
/** Look of this widget alone. */
const OWN = ["view", "scale", "alone", "pair"];
const KEPT = 48; // answers, with a map of 50 KB for each cell
const SOON = 120; // milliseconds until what is missing is asked for once more

export const keyOf = (place: number, target: number | null, own: boolean, noise: number): string =>
  `${place}|${own ? "" : (target ?? "")}|${Number(own)}|${noise.toFixed(3)}`;

const at = ([row, method]: Place): string => `${row}|${method}`;
const fresh = (): Answer => ({ said: new Map(), cells: new Map(), measures: new Map() });

export function comparing(
  model: Model,
  signal: AbortSignal,
  changed: (change: Change) => void,
  clock: () => number = now,
) {
  const listen = listening(model, signal);
  const heart = pulse(model, listen, () => changed("status"), clock);
  const answers = new Map<string, Answer>();
  /** What stood in a cell or in front of a row last, and of which picture. */
  const last = new Map<string, { cell: Cell; place: number }>();
  const photos = new Map<number, Picture>();
  let picked: Place | undefined;
  let soon: ReturnType<typeof setTimeout> | undefined;

  function answerOf(key: string): Answer {
    const answer = answers.get(key) ?? fresh();
    answers.delete(key);
    answers.set(key, answer);
    if (answers.size > KEPT) answers.delete(answers.keys().next().value!);
    return answer;
  }
  const wanted = (): string => keyOf(session.place, session.target, session.own, session.noise);
  const current = (): Answer => answerOf(wanted());

  const session = {
    get rows(): readonly Row[] {
      return model.get("rows") ?? [];
    },
    get methods(): readonly string[] {
      return model.get("methods") ?? [];
    },
    get cards(): readonly Method[] {
      return model.get("cards") ?? [];
    },
    get scores(): readonly Measure[] {
      return model.get("measured") ?? [];
    },
    get strip(): readonly Picture[] {
      return model.get("strip") ?? [];
    },
    /** A class of the first network; null is its most probable one. */
    get target(): number | null {
      return model.get("target") ?? null;
    },
    get place(): number {
      return model.get("place") ?? 0;
    },
    get own(): boolean {
      return Boolean(model.get("own"));
    },
    get noise(): number {
      return model.get("noise") ?? 0;
    },
    get view(): View {
      return model.get("view") ?? "grid";
    },
    get scale(): Scale {
      return model.get("scale") ?? "cell";
    },
    /** Whether maps stand without the picture. */
    get alone(): boolean {
      return Boolean(model.get("alone"));
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
    get appearance(): Appearance {
      const look = Object.entries(APPEARANCE).map(([name, usual]) => [
        name,
        model.get(name) ?? usual,
      ]);
      // Where maps stand alone they are opaque, as beside a picture.
      return { ...Object.fromEntries(look), view: session.alone ? "side_by_side" : "overlay" };
    },
    /** The two cells that are laid over each other, the first ones where nobody chose. */
    get pair(): readonly [Place, Place] {
      const { rows, methods } = session;
      const chosen: readonly Place[] = model.get("pair") ?? [];
      const there = chosen.filter(([row, method]) => rows[row] && methods.includes(method));
      const all = rows.flatMap((_, row) => methods.map((method): Place => [row, method]));
      const [a = all[0] ?? [0, ""], b] = there;
      const below = all.find(([row, method]) => row !== a[0] && method === a[1]);
      const rest = all.find((place) => at(place) !== at(a));
      return [a, b ?? below ?? rest ?? a];
    },
    /** The cell that is looked at: the one under the pointer, or the one that was pressed last. */
    get picked(): Place {
      const { rows, methods } = session;
      const there = picked && rows[picked[0]] && methods.includes(picked[1]);
      return there && picked ? picked : [0, methods[0] ?? ""];
    },
    pick(place: Place): void {
      if (at(place) === at(session.picked)) return;
      picked = place;
      changed("status");
    },

    said(row: number): Said | undefined {
      return current().said.get(row);
    },
    /** The picture as a network was given it; the first network's where it is the same. */
    photo(row: number): Picture | undefined {
      const { said } = current();
      const own = said.get(row);
      const seen = own && (own.photo ?? said.get(0)?.photo);
      if (seen) photos.set(row, seen);
      return seen ?? photos.get(row) ?? photos.get(0);
    },
    /** What stands in a cell, and whether that is an earlier answer. */
    cell(place: Place): { cell: Cell | undefined; stale: boolean } {
      const cell = current().cells.get(at(place));
      if (cell) {
        if (!cell.error) last.set(at(place), { cell, place: session.place });
        return { cell, stale: false };
      }
      const before = last.get(at(place));
      return { cell: before?.place === session.place ? before.cell : undefined, stale: true };
    },
    measures(place: Place): Values {
      return current().measures.get(at(place)) ?? {};
    },
    title: (method: string): string => session.card(method)?.title ?? method,
    card: (method: string): Method | undefined => session.cards.find(({ name }) => name === method),

    // What the colour bar and the footer read.
    get shown(): Frame | undefined {
      const { cell } = session.cell(session.picked);
      return cell?.data ? cell : undefined;
    },
    get method(): Method | undefined {
      return session.card(session.picked[1]);
    },
    state: heart.state,
    stale: (): boolean => !complete(),
    stop: (): void => model.send({ kind: "stop" }),

    /** Whether it can be asked for: a saved page has only what was saved. */
    available: (place: number): boolean =>
      !session.frozen || saved().some((each) => each.place === place),

    ask(settings: readonly Setting[]): void {
      const next = session.frozen ? nearest(Object.fromEntries(settings)) : settings;
      for (const [name, value] of next) model.set(name, value);
      if (!session.frozen) model.save_changes();
    },
    /** Sets how it looks: never a message to the kernel. */
    look(name: string, value: unknown): void {
      model.set(name, value);
      changed("look");
    },
  };

  const saved = (): readonly Saved[] => model.get("frames") ?? [];

  /** What a saved page has of it. */
  function nearest(given: { place?: number; noise?: number }): readonly Setting[] {
    const { place = session.place, noise = session.noise } = given;
    const known = saved().filter((each) => each.place === place);
    known.sort((a, b) => Math.abs(a.noise - noise) - Math.abs(b.noise - noise));
    return known[0]
      ? [
          ["place", place],
          ["noise", known[0].noise],
        ]
      : [];
  }

  function complete(): boolean {
    const { cells } = current();
    return session.rows.every((_, row) =>
      session.methods.every((method) => {
        const cell = cells.get(at([row, method]));
        return cell && !cell.partial;
      }),
    );
  }

  function asked(): void {
    clearTimeout(soon);
    if (!complete() && !session.frozen) {
      heart.asked();
      // Nothing that the kernel knows already need be computed again, but it has to be sent.
      soon = setTimeout(() => complete() || model.send({ kind: "missing", key: wanted() }), SOON);
    }
    changed("all");
  }
  signal.addEventListener("abort", () => clearTimeout(soon));

  interface Message {
    kind?: string;
    key?: string;
    told?: Said;
    frame?: Cell;
    row?: number;
    method?: string;
    values?: Values;
  }
  function take({ kind, key = "", told, frame, row = 0, method = "", values }: Message): void {
    if (kind === "forget") answers.clear();
    if (kind === "said" && told) answerOf(key).said.set(told.row, told);
    if (kind === "cell" && frame) answerOf(key).cells.set(at([frame.row, frame.method]), frame);
    if (kind === "measured" && values) {
      const { measures } = answerOf(key);
      measures.set(at([row, method]), { ...measures.get(at([row, method])), ...values });
    }
  }

  listen("msg:custom", (message: Message, [data]: Bytes[] = []) => {
    const { told, frame } = message;
    const photo = told?.photo;
    if (photo && data) take({ ...message, told: { ...told, photo: { ...photo, data } } });
    else if (frame && data) take({ ...message, frame: { ...frame, data } });
    else take(message);
    if (message.key === wanted() || message.kind === "forget") {
      changed(message.kind === "cell" ? "cells" : "all");
    }
  });
  for (const name of REQUEST) listen(`change:${name}`, asked);
  for (const name of AROUND) listen(`change:${name}`, () => changed("all"));
  for (const name of [...OWN, ...Object.keys(APPEARANCE)]) {
    listen(`change:${name}`, () => changed("look"));
  }

  for (const { key, said, cells, measures } of saved()) {
    for (const told of said) take({ kind: "said", key, told });
    for (const frame of cells) take({ kind: "cell", key, frame });
    for (const each of measures) take({ kind: "measured", key, ...each });
  }
  model.send({ kind: "ready" }); // from now on what is sent is heard
  return session;
}
