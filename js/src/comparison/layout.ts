/** Where the cells of a comparison stand, so that they are as large as they can be. */

/** How much room there is, and for what: pixels, networks, and cells of each network. */
export interface Room {
  width: number;
  /** For the whole of the cells and what stands below them. */
  height: number;
  /** The same, of all that is seen at once. */
  most?: number;
  rows: number;
  columns: number;
  /** Height of a cell, in parts of its width. */
  aspect: number;
}

/**
 * table: a row for each network, a column for each method. networks: one network below the other, its cells
 * in several lines. methods: the networks side by side, one method after the other.
 */
type Kind = "table" | "networks" | "methods";

export interface Layout {
  kind: Kind;
  /** Cells beside each other. */
  across: number;
  /** Width of a cell, in pixels. */
  cell: number;
  /** The networks' names are left of their cells, not over them. */
  left: boolean;
  /** The controls are beside the cells, not below. */
  beside: boolean;
}

export const SIDE = 336; // width of the controls beside the cells
export const HEADS = 156; // width of the names left of the cells
export const GAP = 2;
const BELOW = 250; // height of the controls below
const PADDING = 24;
const LEAST = 170; // a cell below it is a postage stamp
const SMALL = 120; // but better than a page that has to be scrolled
const DESK = 900; // a width where a page is to be seen whole
const MOST = 512;
const HEAD = 40; // height of a network's name over its cells
const LINE = 30; // and of a method's
const CAPTION = 22; // and of a cell's own
const MUCH = 1.2; // so much larger cells are worth putting the controls below

interface Candidate extends Layout {
  /** What the width allows, and what the height does too. */
  wide: number;
  fits: number;
  /** The same, less where lines are not full. */
  worth: number;
  /** Height of the whole, where cells take all of the width. */
  tall: number;
}

function candidate(
  { width, height, rows, columns, aspect }: Room,
  kind: Kind,
  perLine: number,
  left: boolean,
  beside: boolean,
): Candidate {
  const across = kind === "methods" ? perLine * rows : perLine;
  const lines = Math.ceil(columns / perLine);
  const down = kind === "methods" ? lines : lines * rows;
  const free = width - PADDING - (beside ? SIDE : 0) - (left ? HEADS : 0);
  const heads = left ? 0 : kind === "methods" ? HEAD : HEAD * rows;
  const line = LINE + (kind === "methods" && perLine > 1 ? CAPTION : 0);
  const names = heads + line * (kind === "table" ? 1 : down) + PADDING;
  const wide = Math.min(MOST, Math.floor((free - GAP * (across - 1)) / across));
  const high = ((height - names - (beside ? 0 : BELOW)) / down - GAP) / aspect;
  const tall = names + down * (wide * aspect + GAP) + (beside ? 0 : BELOW);
  const fits = Math.min(wide, Math.floor(high));
  const worth = fits * Math.sqrt(columns / (lines * perLine));
  return { kind, across, left, beside, wide, fits, worth, tall, cell: fits };
}

/** How many can be in a line, so that no line is much emptier than the others. */
const evenly = (columns: number): number[] => [
  ...new Set(Array.from({ length: columns }, (_, i) => Math.ceil(columns / (i + 1)))),
];

const best = (all: readonly Candidate[], by: (one: Candidate) => number): Candidate | undefined =>
  all.reduce<Candidate | undefined>((a, b) => (a && by(a) >= by(b) ? a : b), undefined);

/**
 * The layout with the largest cells: those that fit the height, or all that is seen at once, if any with cells
 * worth looking at does; otherwise smaller ones that are seen at once; otherwise the shortest with large ones.
 */
export function layoutOf(room: Room): Layout {
  const { width, height, most = height } = room;
  const whole = candidates({ ...room, height: most });
  const least = width < DESK ? LEAST : SMALL;
  const found = fitting(candidates(room), LEAST) ?? fitting(whole, LEAST) ?? fitting(whole, least);
  return found ?? shortest(whole);
}

function candidates(room: Room): Candidate[] {
  const { width, rows, columns } = room;
  const sides = width - SIDE >= 420 ? [true, false] : [false];
  const kinds: Kind[] = rows > 1 ? ["table", "networks", "methods"] : ["networks"];
  return sides.flatMap((beside) =>
    kinds.flatMap((kind) => {
      return (kind === "table" ? [columns] : evenly(columns)).flatMap((count) =>
        (kind === "table" ? [true, false] : [false]).map((left) =>
          candidate(room, kind, count, left, beside),
        ),
      );
    }),
  );
}

/** The best of those that fit with cells of at least this width. */
function fitting(all: readonly Candidate[], least: number): Candidate | undefined {
  // What belongs together is seen together in a table, if it can be.
  for (const some of [all.filter(({ kind }) => kind === all[0]?.kind), all]) {
    const [near, far] = [true, false].map((beside) =>
      best(
        some.filter((one) => one.beside === beside && one.fits >= least),
        ({ worth }) => worth,
      ),
    );
    if (near && !(far && far.worth > MUCH * near.worth)) return near;
    if (far) return far;
  }
  return undefined;
}

function shortest(all: readonly Candidate[]): Layout {
  const large = all.filter(({ wide }) => wide >= LEAST);
  const several = all.filter(({ across }) => across > 1);
  const found =
    best(
      large.filter(({ across }) => across > 1),
      ({ tall }) => -tall,
    ) ?? best(several.length ? several : all, ({ wide }) => wide)!;
  return { ...found, cell: Math.max(found.wide, 1) };
}

/** The place of something in the grid: its row and column, and how many columns it takes. */
export type Place = readonly [row: number, column: number, span: number];

/** Where the name of a network stands (row), of a method (column), or the cell of both; null for nowhere. */
export function placeOf(
  { kind, across, left }: Layout,
  { rows, columns }: Pick<Room, "rows" | "columns">,
  row: number | null,
  column: number | null,
): Place | null {
  if (kind === "methods") {
    const perLine = across / rows;
    if (column === null) return [1, perLine * row! + 1, perLine];
    const [line, at] = [Math.floor(column / perLine), (column % perLine) * rows + 1];
    return row === null ? [2 * line + 2, at, rows] : [2 * line + 3, at + row, 1];
  }
  const lines = Math.ceil(columns / across);
  const first = left ? 2 : 1;
  // A network's name, and for each of its lines the methods' names and the cells.
  const perNetwork = 1 + 2 * lines;
  if (column === null)
    return left
      ? [2 + row! * perNetwork + 1, 1, 1]
      : [row! * perNetwork + (kind === "table" ? 2 : 1), 1, across];
  const [line, at] = [Math.floor(column / across), (column % across) + first];
  if (kind === "table") return row === null ? [1, at, 1] : [2 + row * perNetwork + 1, at, 1];
  if (row === null) return [2 + 2 * line, at, 1];
  return [row * perNetwork + 3 + 2 * line, at, 1];
}

/** Whether cells need the name of their method, or of their network, of their own. */
export function captioned(
  { kind, across }: Layout,
  rows: number,
  row: number,
): "method" | "network" | null {
  if (kind === "networks" && row > 0) return "method";
  return kind === "methods" && across > rows ? "network" : null;
}
