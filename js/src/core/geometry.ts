/** Where things are: zoom, pan, swipe, cursor, and which arrangement fits a width. */

/**
 * A point p of the picture, in shares of its width or height, is drawn at offset + scale p of the pane.
 * Shares, not pixels: a resize of the cell changes nothing here.
 */
export interface Zoom {
  scale: number;
  x: number;
  y: number;
}

export const WHOLE: Readonly<Zoom> = { scale: 1, x: 0, y: 0 };
const DEEPEST = 32;

export function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

/** Zooms by `factor` so that the picture under the point (px, py) of the pane stays where it is. */
export function zoomAt(zoom: Zoom, factor: number, px: number, py: number): Zoom {
  const scale = clamp(zoom.scale * factor, 1, DEEPEST);
  const ratio = scale / zoom.scale;
  return inside({ scale, x: px - ratio * (px - zoom.x), y: py - ratio * (py - zoom.y) });
}

export function panBy(zoom: Zoom, dx: number, dy: number): Zoom {
  return inside({ ...zoom, x: zoom.x + dx, y: zoom.y + dy });
}

/** Pans so that the point (x, y) of the picture is in the middle, as far as the picture's edges allow. */
export function centre(zoom: Zoom, x: number, y: number): Zoom {
  return panBy(zoom, 0.5 - zoom.x - zoom.scale * x, 0.5 - zoom.y - zoom.scale * y);
}

/** The picture always covers the whole pane. */
function inside({ scale, x, y }: Zoom): Zoom {
  return { scale, x: clamp(x, 1 - scale, 0) + 0, y: clamp(y, 1 - scale, 0) + 0 };
}

/** Point of the pane (shares) -> point of the picture (shares). */
export function toPicture(zoom: Zoom, px: number, py: number): [number, number] {
  return [(px - zoom.x) / zoom.scale, (py - zoom.y) / zoom.scale];
}

/** Of a picture, in its pixels. */
export interface Size {
  width: number;
  height: number;
}

export interface Cell {
  row: number;
  column: number;
}

/** The pixel of a picture under a point of the pane, or null outside. */
export function cellAt(zoom: Zoom, px: number, py: number, { width, height }: Size): Cell | null {
  if (px < 0 || py < 0 || px >= 1 || py >= 1) return null;
  const [x, y] = toPicture(zoom, px, py);
  return {
    row: clamp(Math.floor(y * height), 0, height - 1),
    column: clamp(Math.floor(x * width), 0, width - 1),
  };
}

/** Where the centre of a picture pixel lies in the pane, in shares. */
export function centreOf(zoom: Zoom, cell: Cell, { width, height }: Size): [number, number] {
  return [
    zoom.x + (zoom.scale * (cell.column + 0.5)) / width,
    zoom.y + (zoom.scale * (cell.row + 0.5)) / height,
  ];
}

/** A rectangle, in shares of another one. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const ALL: Readonly<Box> = { x: 0, y: 0, width: 1, height: 1 };

/** Where a point of a box, in its own shares, lies in what the box is a part of. */
export const placeOf = (box: Box, x: number, y: number): [number, number] => [
  box.x + box.width * x,
  box.y + box.height * y,
];

/** Where what a box is a part of lies, in shares of the box. */
export const around = ({ x, y, width, height }: Box): Box => ({
  x: -x / width,
  y: -y / height,
  width: 1 / width,
  height: 1 / height,
});

/** As `cellAt`, of a picture that fills only a box of the pane. */
export function cellIn(zoom: Zoom, box: Box, px: number, py: number, size: Size): Cell | null {
  if (px < 0 || py < 0 || px >= 1 || py >= 1) return null;
  const [x, y] = toPicture(zoom, px, py);
  return cellAt(WHOLE, (x - box.x) / box.width, (y - box.y) / box.height, size);
}

/** As `centreOf`, of a picture that fills only a box of the pane. */
export function centreIn(zoom: Zoom, box: Box, cell: Cell, size: Size): [number, number] {
  const [x, y] = placeOf(box, ...centreOf(WHOLE, cell, size));
  return [zoom.x + zoom.scale * x, zoom.y + zoom.scale * y];
}

const STEPS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** What an arrow key adds to a slider, where right and up are more; undefined for another key. */
export function arrowOf(key: string): number | undefined {
  const step = STEPS[key];
  return step && step[1] - step[0];
}

/** The next cell for an arrow key (ten at a time with `fast`), or null for another key. */
export function stepCell(
  cell: Cell,
  key: string,
  fast: boolean,
  { width, height }: Size,
): Cell | null {
  const step = STEPS[key];
  if (!step) return null;
  const by = fast ? 10 : 1;
  return {
    row: clamp(cell.row + by * step[0], 0, height - 1),
    column: clamp(cell.column + by * step[1], 0, width - 1),
  };
}

/**
 * narrow: the side goes below. across: it goes below two pictures, in two columns. medium: the card goes
 * under the picture. wide: everything beside it.
 */
export type Layout = "narrow" | "across" | "medium" | "wide";

const NARROW = 560;
const WIDE = 880;
const SIDE = 400;
const STRIP = 44; // of tools under the picture
const LEAST = 360; // of a picture with everything beside it
const BELOW = 250; // of classes and appearance in two columns

/**
 * `aspect` is height / width of the picture, `beside` whether two of them stand side by side, `room` the
 * height there is between header and footer.
 */
export function layoutOf(width: number, aspect: number, beside: boolean, room: number): Layout {
  if (width < NARROW) return "narrow";
  if (beside) {
    const fits = (width / 2) * aspect + STRIP + BELOW <= room;
    return fits || width < WIDE ? "across" : "wide";
  }
  const height = Math.min((width - SIDE) * aspect, room - STRIP);
  return width >= WIDE && height >= Math.min(LEAST, room - STRIP) ? "wide" : "medium";
}
