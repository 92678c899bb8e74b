/** Latent space as it travels: neighbours as points, sliders, and the picture where they stand. */

import { clamp } from "../core/geometry";
import type { Bytes, Frame, FrameTarget, Picture } from "../core/wire";
import { bytesOf } from "../maps/levels";

/** A class index and its probability. */
export type Chance = readonly [index: number, probability: number];

/** What the network says of a picture: of the classes likely at first, and of the likeliest now. */
export interface Said {
  chances: readonly Chance[];
  label: number;
  label_name: string;
}

export interface Opening {
  target: { index: number | null; name: string; probability: number | null };
  classes: ReadonlyArray<{ index: number; name: string; probability: number }>;
  /** What the VAE alone makes of the picture. */
  reconstruction: Picture & Said;
  /** The edited picture while no slider is moved. */
  rest: Picture & Said;
}

export interface LatentFrame {
  seq: number;
  target: FrameTarget;
  maps: Readonly<Record<string, Frame>>;
  scores: Bytes;
  coordinate: Bytes;
  kept: Bytes;
  probability: Bytes;
  count: number;
  sentence: string;
  warnings: readonly string[];
  kept_share: number;
  scale: number;
  error: number;
  keeps_label: boolean;
  partial: boolean;
  fraction: number;
  seconds: number;
}

export interface Slid {
  name: string;
  low: number;
  high: number;
  weight: number | null;
  flip: number | null;
  becomes?: string | null;
}

/** Pixels as they are where `mime` is empty. */
export interface Edited extends Picture, Said {
  values: readonly number[];
  place: number;
  run?: number;
  score: number | null;
}

/** What a saved page holds: a position of a slider, or a neighbour. */
export interface Saved extends Picture, Partial<Said> {
  slider?: number;
  value?: number;
  place?: number;
  score?: number | null;
}

/** Neighbours as columns. */
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

export function pointsOf(frame: LatentFrame): Points {
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

/** From the smallest to the largest, a little wider; outliers beyond the 99th percentile are let go. */
export function extentOf(values: Float32Array): Extent {
  const sorted = values.slice().sort();
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const [low, high] = [at(0.005), at(0.995)];
  const more = 0.06 * (high - low) || 1;
  return { low: low - more, high: high + more };
}

/** Share of an extent, within it. */
export const shareOf = (value: number, { low, high }: Extent): number =>
  clamp((value - low) / (high - low), 0, 1);

/** The place of the point nearest to (px, py), or -1 beyond `reach`. */
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

/** The places of the `count` points nearest to that at `place`, itself first. */
export function around(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  place: number,
  count: number,
): number[] {
  const far = (i: number): number => (xs[i]! - xs[place]!) ** 2 + (ys[i]! - ys[place]!) ** 2;
  return Array.from(xs as Float32Array, (_, i) => i)
    .sort((a, b) => far(a) - far(b))
    .slice(0, count);
}

const TOWARDS: Readonly<Record<string, readonly [number, number]>> = {
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
  const way = TOWARDS[key];
  if (!way) return null;
  let [best, least] = [from, Number.POSITIVE_INFINITY];
  for (let i = 0; i < xs.length; i++) {
    const [dx, dy] = [xs[i]! - xs[from]!, ys[i]! - ys[from]!];
    const ahead = dx * way[0] + dy * way[1];
    const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
    if (ahead > 0.5 && ahead + 2 * aside < least) [best, least] = [i, ahead + 2 * aside];
  }
  return best;
}

/** Where a slider that plays is after so many seconds: from end to end and back, slower at the ends. */
export function sweep(seconds: number, { low, high }: Extent, from: number, period = 6): number {
  const begun = Math.asin(clamp((2 * (from - low)) / (high - low) - 1, -1, 1));
  const wave = Math.sin(begun + (2 * Math.PI * seconds) / period);
  return low + ((high - low) * (wave + 1)) / 2;
}

/** The nearest of these values, or the value itself where there is none. */
export function snapped(value: number, known: readonly number[]): number {
  return known.reduce(
    (best, each) => (Math.abs(each - value) < Math.abs(best - value) ? each : best),
    known[0] ?? value,
  );
}

/** RGB bytes into RGBA pixels. */
export function expand(rgb: Uint8Array, out: Uint8ClampedArray): void {
  for (let i = 0, j = 0; j < out.length; i += 3, j += 4) {
    out[j] = rgb[i]!;
    out[j + 1] = rgb[i + 1]!;
    out[j + 2] = rgb[i + 2]!;
    out[j + 3] = 255;
  }
}
