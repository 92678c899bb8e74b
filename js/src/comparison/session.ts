/** What a GradientComparison asks for, what only looks different, and the answers, which come in parts. */
import { APPEARANCE, type Appearance, atEnd, traitsOf } from "../core/model";
import { type Connection, converse, extend } from "../core/session";
import type {
  CellFrame,
  CellMeasures,
  CellMessage,
  ComparisonSaved,
  ForgetMessage,
  MapFrame,
  MeasureDescription,
  MeasuresMessage,
  MethodCard,
  NetworkPrediction,
  NetworkRow,
  Picture,
  PredictionMessage,
} from "../core/wire";

/** A cell of the grid: its row, and its column's method. */
export type Cell = readonly [row: number, method: string];

export type View = "grid" | "swipe" | "difference";
export type Scale = "cell" | "method" | "all";

export interface Request {
  picture_index: number;
  /** A class of the first network; null is its most probable one. */
  target: number | null;
  /** Whether each network's own most probable class is explained. */
  own: boolean;
  noise: number;
  methods: readonly string[];
}

/** What has come of an answer so far; one of a saved page says what it answers. */
type Answer = Pick<ComparisonSaved, "predictions" | "cells" | "measures"> &
  Partial<ComparisonSaved>;
type Part = PredictionMessage | CellMessage | MeasuresMessage;

export type ComparisonSession = ReturnType<typeof comparisonSession>;

const EMPTY: Answer = { predictions: [], cells: [], measures: [] };
const ASKS = ["picture_index", "target", "own", "noise", "methods"];
const LOOKS = {
  ...APPEARANCE,
  view: "grid" as View,
  scale: "cell" as Scale,
  /** Whether maps stand without the picture. */
  alone: false,
  pair: [] as readonly Cell[],
};
const SHOWS = {
  rows: [] as readonly NetworkRow[],
  thumbnails: [] as readonly Picture[],
  cards: [] as readonly MethodCard[],
  measure_descriptions: [] as readonly MeasureDescription[],
  network: undefined,
};
const KEPT = 48; // answers, with a map of 50 KB for each cell
const SOON = 120; // milliseconds until what is missing is asked for once more

export const cellKey = ([row, method]: Cell): string => `${row} ${method}`;

/** As in Python: all that an answer depends on, but for the methods, which come and go. */
export function keyOf({ picture_index, target, own, noise }: Omit<Request, "methods">): string {
  return `${picture_index}|${own ? "" : (target ?? "")}|${Number(own)}|${noise.toFixed(3)}`;
}

const isIn =
  ([row, method]: Cell) =>
  (part: { row: number; method: string }): boolean =>
    part.row === row && part.method === method;

/** An answer with one part more, in the place of an earlier one of the same kind. */
function withPart({ predictions, cells, measures }: Answer, part: Part): Answer {
  if (part.kind === "prediction") {
    const { prediction } = part;
    const others = predictions.filter(({ row }) => row !== prediction.row);
    return { predictions: [...others, prediction], cells, measures };
  }
  const { row, method } = part.kind === "cell" ? part.frame : part;
  const here = isIn([row, method]);
  if (part.kind === "cell") {
    const others = cells.filter((other) => !here(other));
    return { predictions, cells: [...others, part.frame], measures };
  }
  const values = { ...measures.find(here)?.values, ...part.values };
  const others = measures.filter((other) => !here(other));
  return { predictions, cells, measures: [...others, { row, method, values }] };
}

const farFrom = (request: Request, { noise = 0 }: Answer): number =>
  Math.abs(noise - request.noise);

export function comparisonSession(connection: Connection) {
  const { model, signal, changed } = connection;
  /** The map that each cell had last, and of which picture. */
  const earlier = new Map<string, { frame: CellFrame; pictureIndex: number }>();
  const photos = new Map<number, Picture>();
  let picked: Cell | undefined;
  let missing: ReturnType<typeof setTimeout> | undefined;

  const appearance = traitsOf(model, APPEARANCE);
  const traits = traitsOf(model, { ...SHOWS, ...LOOKS, methods: [] as readonly string[] });
  const cells = (): Cell[] =>
    traits.rows.flatMap((_, row) => traits.methods.map((method): Cell => [row, method]));
  const exists = ([row, method]: Cell): boolean =>
    !!traits.rows[row] && traits.methods.includes(method);
  const isComplete = (answer: Answer): boolean =>
    cells().every((cell) => {
      const frame = answer.cells.find(isIn(cell));
      return frame && !frame.partial;
    });

  const session = converse<Answer, Request>(connection, {
    traits: { asks: ASKS, looks: LOOKS, shows: SHOWS },
    keyOf,
    requestOf: ({ picture_index = 0, noise = 0 }) => ({ picture_index, noise }),
    complete: isComplete,
    receive(message: Part | ForgetMessage, [data]) {
      if (message.kind === "forget") {
        session.forget();
        return "all";
      }
      keep(message, data);
      return message.key === wanted() ? "all" : undefined;
    },
    nearest: (request, saved) =>
      saved
        .filter(({ picture_index }) => picture_index === request.picture_index)
        .sort((a, b) => farFrom(request, a) - farFrom(request, b))[0],
    kept: KEPT,
  });
  const wanted = (): string => keyOf(session.request);
  const card = (method: string): MethodCard | undefined =>
    traits.cards.find(({ name }) => name === method);
  const current = (): Answer => session.kept(wanted()) ?? EMPTY;

  function keep(part: Part, data: Picture["data"] | undefined): void {
    let whole = part;
    if (data && part.kind === "cell") whole = { ...part, frame: { ...part.frame, data } };
    if (data && part.kind === "prediction" && part.prediction.photo) {
      const photo = { ...part.prediction.photo, data };
      whole = { ...part, prediction: { ...part.prediction, photo } };
    }
    session.keep(withPart(session.kept(part.key) ?? EMPTY, whole), part.key);
  }

  /** What the kernel has computed before need not be computed again, but it has to be sent. */
  function askForMissing(): void {
    clearTimeout(missing);
    if (session.frozen || isComplete(current())) return;
    missing = setTimeout(() => {
      if (!isComplete(current())) session.send({ kind: "missing", key: wanted() });
    }, SOON);
  }
  for (const name of ASKS) session.on(`change:${name}`, askForMissing);
  atEnd(signal, () => clearTimeout(missing));

  return extend(extend(session, traits), {
    get appearance(): Appearance {
      // Where maps stand alone they are opaque, as beside a picture.
      return { ...appearance, arrangement: traits.alone ? "side_by_side" : "overlay" };
    },
    /** The two cells that are laid over each other, the first ones where nobody chose. */
    get pair(): readonly [Cell, Cell] {
      const all = cells();
      const [a = all[0] ?? ([0, ""] as const), b] = traits.pair.filter(exists);
      const below = all.find(([row, method]) => row !== a[0] && method === a[1]);
      const other = all.find((cell) => cellKey(cell) !== cellKey(a));
      return [a, b ?? below ?? other ?? a];
    },
    /** The cell under the pointer, or the one that was pressed last. */
    get picked(): Cell {
      return picked && exists(picked) ? picked : [0, traits.methods[0] ?? ""];
    },
    pick(cell: Cell): void {
      if (cellKey(cell) === cellKey(this.picked)) return;
      picked = cell;
      changed("status");
    },

    prediction: (row: number): NetworkPrediction | undefined =>
      current().predictions.find((prediction) => prediction.row === row),
    /** The picture as a network was given it; the first network's where it is the same. */
    photo(row: number): Picture | undefined {
      const own = this.prediction(row);
      const seen = own && (own.photo ?? this.prediction(0)?.photo);
      if (seen) photos.set(row, seen);
      return seen ?? photos.get(row) ?? photos.get(0);
    },
    /** What stands in a cell, and whether that is an earlier answer. */
    frameOf(cell: Cell): { frame: CellFrame | undefined; stale: boolean } {
      const { picture_index: pictureIndex } = session.request;
      const frame = current().cells.find(isIn(cell));
      if (frame) {
        if (!frame.error) earlier.set(cellKey(cell), { frame, pictureIndex });
        return { frame, stale: false };
      }
      const before = earlier.get(cellKey(cell));
      return {
        frame: before?.pictureIndex === pictureIndex ? before.frame : undefined,
        stale: true,
      };
    },
    valuesOf: (cell: Cell): CellMeasures["values"] =>
      current().measures.find(isIn(cell))?.values ?? {},
    title: (method: string): string => card(method)?.title ?? method,
    stale: (): boolean => !isComplete(current()),

    // What the colour bar and the footer read.
    get shown(): MapFrame | undefined {
      const { frame } = this.frameOf(this.picked);
      return frame?.data ? frame : undefined;
    },
    get method(): MethodCard | undefined {
      return card(this.picked[1]);
    },
  });
}
