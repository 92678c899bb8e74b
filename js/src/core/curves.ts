/** Insertion and deletion curves: what travels, where things lie in a plot, and the picture at a point. */
import { clamp } from "./geometry";
import type { Bytes, Picture } from "./wire";

export type Kind = "insertion" | "deletion";

/** A class index and its probability. */
export type Chance = readonly [index: number, probability: number];

export interface Curve {
  probability: readonly number[];
  auc: number;
  low?: readonly number[];
  high?: readonly number[];
  interval?: readonly [number, number];
  top: ReadonlyArray<readonly Chance[]>;
}

/** A map with both its curves; `order` holds the point at which each pixel changes, 1 to K. */
export interface Judged {
  method: string;
  title: string;
  order: Bytes;
  maps: number;
  insertion: Curve;
  deletion: Curve;
}

export interface CurvesFrame {
  seq: number;
  target: { index: number; name: string; probability: number | null };
  baseline: string;
  steps: number;
  gone: Picture;
  fractions: readonly number[];
  names: Readonly<Record<string, string>>;
  curves: readonly Judged[];
}

export interface Box {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Range {
  low: number;
  high: number;
}

export const xOf = ({ width, left, right }: Box, share: number): number =>
  left + share * (width - left - right);

export const yOf = ({ height, top, bottom }: Box, { low, high }: Range, value: number): number =>
  height - bottom - ((value - low) / (high - low || 1)) * (height - top - bottom);

const pair = (x: number, y: number): string => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** The path of a line; x in shares of the axis. */
export function linePath(
  box: Box,
  range: Range,
  x: readonly number[],
  y: readonly number[],
): string {
  return y.map((v, i) => `${i ? "L" : "M"}${pair(xOf(box, x[i]!), yOf(box, range, v))}`).join("");
}

/** The closed outline between two lines, or between a line and the axis where there is no second. */
export function areaPath(
  box: Box,
  range: Range,
  x: readonly number[],
  y: readonly number[],
  low?: readonly number[],
): string {
  const back = [...x.keys()].reverse();
  const floor = Math.max(range.low, 0);
  const under = back.map((i) => `L${pair(xOf(box, x[i]!), yOf(box, range, low?.[i] ?? floor))}`);
  return `${linePath(box, range, x, y)}${under.join("")}Z`;
}

/** The point of the axis nearest to a place in the plot. */
export function pointAt(box: Box, x: readonly number[], px: number): number {
  const share = clamp((px - box.left) / (box.width - box.left - box.right || 1), 0, 1);
  let best = 0;
  for (const [i, each] of x.entries()) {
    if (Math.abs(each - share) < Math.abs(x[best]! - share)) best = i;
  }
  return best;
}

/** Which of these values, drawn at one x, is nearest to the height py: its place, or -1 beyond `reach`. */
export function nearestValue(
  box: Box,
  range: Range,
  values: readonly number[],
  py: number,
  reach: number,
): number {
  let [best, least] = [-1, reach];
  for (const [i, value] of values.entries()) {
    const distance = Math.abs(yOf(box, range, value) - py);
    if (distance <= least) [best, least] = [i, distance];
  }
  return best;
}

/** Round numbers within a range, about `count` of them. */
export function ticks({ low, high }: Range, count: number): number[] {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999)!;
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9; n++) found.push(n * step);
  return found;
}

/** Moves heights apart, so that neighbours are at least `gap` away and all stay within low to high. */
export function spread(
  wanted: readonly number[],
  gap: number,
  low: number,
  high: number,
): number[] {
  const order = [...wanted.keys()].sort((a, b) => wanted[a]! - wanted[b]!);
  const placed = new Array<number>(wanted.length);
  let least = low;
  for (const i of order) {
    placed[i] = Math.max(wanted[i]!, least);
    least = placed[i] + gap;
  }
  let most = high;
  for (const i of order.reverse()) {
    placed[i] = Math.min(placed[i]!, most);
    most = placed[i] - gap;
  }
  return placed;
}

/** The network's picture at a point: pixels whose turn has come are of `end`, the others of `begin`. */
export function compose(
  out: Uint32Array,
  order: Uint8Array,
  begin: Uint32Array,
  end: Uint32Array,
  point: number,
): void {
  for (let i = 0; i < out.length; i++) out[i] = order[i]! <= point ? end[i]! : begin[i]!;
}

/** The next point for a key of a slider, or null for another key. */
export function stepPoint(point: number, key: string, last: number): number | null {
  const page = Math.max(1, Math.round(last / 10));
  const by: Record<string, number> = {
    ArrowLeft: -1,
    ArrowDown: -1,
    ArrowRight: 1,
    ArrowUp: 1,
    PageDown: -page,
    PageUp: page,
    Home: -last,
    End: last,
  };
  return key in by ? clamp(point + by[key]!, 0, last) : null;
}
