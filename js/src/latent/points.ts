/** Neighbours as points of a plane: where they lie, which is near, which comes next. */

import { clamp, type Size } from "../core/geometry";
import type { Bytes, RelabelFrame } from "../core/wire";
import { bytesOf } from "../maps/levels";

/** Neighbours as columns: the student's score, the coordinate across it, the network's probability. */
export interface Points {
  score: Float32Array;
  coordinate: Float32Array;
  probability: Float32Array;
  kept: Uint8Array;
  count: number;
}

/** Numbers of four bytes each; a host may hand them over at any offset. */
export function floatsOf(data: Bytes): Float32Array {
  return new Float32Array(bytesOf(data).slice().buffer);
}

export function pointsOf(frame: RelabelFrame): Points {
  return {
    score: floatsOf(frame.scores),
    coordinate: floatsOf(frame.coordinate),
    probability: floatsOf(frame.probability),
    kept: bytesOf(frame.kept),
    count: frame.count,
  };
}

export interface Extent {
  low: number;
  high: number;
}

/** From the smallest to the largest, a little wider; the outermost half per cent on either side is left out. */
export function extentOf(values: Float32Array): Extent {
  const sorted = values.slice().sort();
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const [low, high] = [at(0.005), at(0.995)];
  const margin = 0.06 * (high - low) || 1;
  return { low: low - margin, high: high + margin };
}

/** The same, with zero in it: where there is none among the values, a little beyond it. */
export function extentWithZero(values: Float32Array): Extent {
  const { low, high } = extentOf(values);
  const margin = 0.06 * (Math.max(high, 0) - Math.min(low, 0));
  return { low: Math.min(low, -margin), high: Math.max(high, margin) };
}

/**
 * The corner of a pane where a card of this size lies over the fewest points, none of them within `reach` of
 * the point (px, py) that it is about: its left and top.
 */
export function freeCorner(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  [px, py]: readonly [number, number],
  pane: Size,
  card: Size,
  reach = 24,
): readonly [left: number, top: number] {
  const right = Math.max(0, pane.width - card.width);
  const bottom = Math.max(0, pane.height - card.height);
  const corners = [
    [right, 0],
    [0, 0],
    [right, bottom],
    [0, bottom],
  ] as const;
  const within = (x: number, y: number, [left, top]: readonly [number, number], by = 0): boolean =>
    x > left - by && x < left + card.width + by && y > top - by && y < top + card.height + by;
  let best: readonly [number, number] = corners[0];
  let least = Number.POSITIVE_INFINITY;
  for (const corner of corners) {
    let covered = within(px, py, corner, reach) ? xs.length : 0;
    for (let i = 0; i < xs.length; i++) covered += Number(within(xs[i]!, ys[i]!, corner));
    if (covered < least) [best, least] = [corner, covered];
  }
  return best;
}

/** Where a value lies in an extent, from 0 to 1. */
export const shareOf = (value: number, { low, high }: Extent): number =>
  clamp((value - low) / (high - low), 0, 1);

/** The number of the point nearest to (px, py), or -1 beyond `reach`. */
export function nearestPoint(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  px: number,
  py: number,
  reach: number,
): number {
  let [best, least] = [-1, reach * reach];
  for (let i = 0; i < xs.length; i++) {
    const distance = (xs[i]! - px) ** 2 + (ys[i]! - py) ** 2;
    if (distance <= least) [best, least] = [i, distance];
  }
  return best;
}

/** The numbers of the `count` points nearest to that of number `centre`, itself first. */
export function around(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  centre: number,
  count: number,
): number[] {
  const far = (i: number): number => (xs[i]! - xs[centre]!) ** 2 + (ys[i]! - ys[centre]!) ** 2;
  return Array.from(xs as Float32Array, (_, i) => i)
    .sort((a, b) => far(a) - far(b))
    .slice(0, count);
}

const DIRECTIONS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The next point in the direction of an arrow key: near, and not too far aside. Null for another key. */
export function towards(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  from: number,
  key: string,
): number | null {
  const direction = DIRECTIONS[key];
  if (!direction) return null;
  let [best, least] = [from, Number.POSITIVE_INFINITY];
  for (let i = 0; i < xs.length; i++) {
    const [dx, dy] = [xs[i]! - xs[from]!, ys[i]! - ys[from]!];
    const ahead = dx * direction[0] + dy * direction[1];
    const aside = Math.abs(dx * direction[1]) + Math.abs(dy * direction[0]);
    if (ahead > 0.5 && ahead + 2 * aside < least) [best, least] = [i, ahead + 2 * aside];
  }
  return best;
}
