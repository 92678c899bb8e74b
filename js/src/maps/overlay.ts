/**
 * Value -> colour, in the numbers of xai_widgets/render/colours.py. Alpha follows value, so weak
 * evidence fades out instead of staining the picture. Everything is decided once per level, not per pixel.
 */

import { clamp } from "../core/geometry";
import type { Sign } from "../core/model";
import type { HeatMap } from "./levels";

const FOOT = 0.5; // percentile at which colour begins to be seen

/** The part of a value that is shown. */
export function select(value: number, sign: Sign): number {
  if (sign === "positive") return Math.max(value, 0);
  if (sign === "negative") return Math.min(value, 0);
  return value;
}

/**
 * The shown maximum: the `clip` percentile of |select(v)| on the map's own grid, linear between order
 * statistics; the true maximum where that percentile is zero (a sparse map would vanish otherwise).
 */
export function shownMaximum(
  map: Pick<HeatMap, "nativeValues" | "nativeCounts">,
  clip: number,
  sign: Sign,
): number {
  return percentile(map, clip, sign, true);
}

/** The size up to which nothing is seen: that of the weakest, where a map is nowhere zero. */
export function shownFoot(
  map: Pick<HeatMap, "nativeValues" | "nativeCounts">,
  most: number,
  sign: Sign,
): number {
  const foot = percentile(map, FOOT, sign, false);
  return foot < most ? foot : 0;
}

/** A percentile of |select(v)|; with `filled` the largest where it is zero. */
function percentile(
  { nativeValues, nativeCounts }: Pick<HeatMap, "nativeValues" | "nativeCounts">,
  share: number,
  sign: Sign,
  filled: boolean,
): number {
  const levels = Array.from(nativeValues, (value, i): [number, number] => [
    Math.abs(select(value, sign)),
    nativeCounts[i]!,
  ]).sort(([a], [b]) => a - b);
  const n = nativeCounts.reduce((sum, count) => sum + count);
  /** The k-th smallest of all n sizes. */
  const order = (k: number): number => {
    let before = k;
    for (const [size, count] of levels) {
      before -= count;
      if (before < 0) return size;
    }
    return 0;
  };
  const r = ((n - 1) * share) / 100;
  const k = Math.floor(r);
  const low = order(k);
  const value = low + (r - k) * (order(Math.min(k + 1, n - 1)) - low);
  return value || (filled ? order(n - 1) : 0);
}

/** t = select(v) / maximum in [-1, 1]; 0 everywhere when there is nothing to show. */
export function scaled(value: number, maximum: number, sign: Sign): number {
  if (maximum <= 0) return 0;
  return clamp(select(value, sign) / maximum, -1, 1);
}

/** Share of the picture at or above the threshold: "keeps 31 %". */
export function keptShare(map: HeatMap, maximum: number, threshold: number, sign: Sign): number {
  let kept = 0;
  for (let i = 0; i < map.values.length; i++) {
    if (Math.abs(scaled(map.values[i]!, maximum, sign)) >= threshold) kept += map.counts[i]!;
  }
  return kept / map.index.length;
}

/** Where t falls in a 256-colour table: zero is exactly the centre (128) of a diverging one. */
export function colourIndex(t: number, diverging: boolean): number {
  const u = Math.abs(t);
  if (!diverging) return Math.floor(255 * u + 0.5);
  return 128 + Math.sign(t) * Math.floor(127 * u + 0.5);
}

export interface Look {
  /** The shown maximum. */
  most: number;
  /** The size up to which nothing is seen. */
  foot?: number;
  threshold: number;
  sign: Sign;
  lut: Uint8Array;
  diverging: boolean;
  /** Side by side shows the map alone: every pixel opaque, no fade. */
  opaque: boolean;
}

/** The opacity of colour at a share of the shown maximum: weak evidence leaves the picture alone. */
export function fade(u: number): number {
  return u * u * (3 - 2 * u);
}

/** RGBA of every level, packed in the machine's own byte order. */
export function colourTable(values: Float32Array, look: Look): Uint32Array {
  const { most, foot = 0, threshold, sign, lut, diverging, opaque } = look;
  const start = most > 0 ? foot / most : 0;
  const rgba = new Uint8ClampedArray(4 * values.length);
  for (let i = 0; i < values.length; i++) {
    let t = scaled(values[i]!, most, sign);
    if (Math.abs(t) < threshold) t = 0;
    const colour = 3 * colourIndex(t, diverging);
    rgba[4 * i] = lut[colour]!;
    rgba[4 * i + 1] = lut[colour + 1]!;
    rgba[4 * i + 2] = lut[colour + 2]!;
    rgba[4 * i + 3] = opaque
      ? 255
      : Math.floor(255 * fade(clamp((Math.abs(t) - start) / (1 - start), 0, 1)) + 0.5);
  }
  return new Uint32Array(rgba.buffer);
}

/** One look-up per pixel. */
export function paint(pixels: Uint32Array, index: ArrayLike<number>, table: Uint32Array): void {
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[index[i]!]!;
}
