/** A frame as it arrives (companded bytes) made ready for painting: one small level index per picture pixel. */

import { clamp } from "../core/geometry";
import type { Interpolation } from "../core/model";
import type { Bytes, QuantisedMap } from "../core/wire";

/** The bytes behind whatever the host hands over. A view's offset counts: hosts slice one big message. */
export function bytesOf(data: Bytes): Uint8Array<ArrayBuffer> {
  if (typeof data === "string")
    return Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

/** The values of all levels for a peak of 1, by what else they depend on: a few tables for all maps. */
const SHARES: Record<string, Float64Array> = {};

/**
 * Values of all levels: level i of 2n + 1 (signed, n is zero) or of n + 1 (positive) means
 * sign(s) |s|^gamma peak with s = (i - n) / n or i / n.
 */
export function levelValues(n: number, signed: boolean, peak: number, gamma: number): Float32Array {
  const zero = signed ? n : 0;
  const key = `${zero} ${n} ${gamma}`;
  SHARES[key] ??= Float64Array.from({ length: zero + n + 1 }, (_, i) => {
    const s = (i - zero) / n;
    return Math.sign(s) * Math.abs(s) ** gamma;
  });
  return new Float32Array(SHARES[key].map((share) => share * peak));
}

/** A map ready to be painted `width` x `height`: pixel -> level -> value. */
export interface HeatMap {
  width: number;
  height: number;
  signed: boolean;
  /** Level of every pixel. */
  index: Uint8Array | Uint16Array;
  /** Value of every level, ascending. */
  values: Float32Array;
  /** How many pixels have each level. */
  counts: Uint32Array;
  /** The same two on the map's own grid: percentiles are taken there. */
  nativeValues: Float32Array;
  nativeCounts: Uint32Array;
}

/** Levels of a resized map: so fine that colours do not show them. */
const FINE = 8191;

export function heatMap(
  frame: QuantisedMap,
  width: number,
  height: number,
  interpolation: Interpolation = "smooth",
): HeatMap {
  const { signed, gamma } = frame;
  const [h, w] = frame.shape;
  const peak = frame.peak || 0;
  const bytes = bytesOf(frame.data);
  const nativeValues = levelValues(signed ? 127 : 255, signed, peak, gamma);
  const nativeCounts = countLevels(bytes, nativeValues);
  const map = { width, height, signed, nativeValues, nativeCounts };
  if (w === width && h === height) {
    return { ...map, index: bytes, values: nativeValues, counts: nativeCounts };
  }
  const decoded = Float32Array.from(bytes, (level) => nativeValues[level]!);
  const values = levelValues(FINE, signed, peak, 2);
  const zero = signed ? FINE : 0;
  const fine = enlarged(decoded, h, w, height, width, interpolation);
  const index = new Uint16Array(fine.length);
  for (let i = 0; i < fine.length; i++) {
    const share = fine[i]! / (peak || 1);
    index[i] = zero + Math.round(Math.sign(share) * Math.sqrt(Math.abs(share)) * FINE);
  }
  return { ...map, index, values, counts: countLevels(index, values) };
}

/** Value at a picture pixel. */
export function valueAt(map: HeatMap, row: number, column: number): number {
  return map.values[map.index[row * map.width + column]!]!;
}

function countLevels(index: Uint8Array | Uint16Array, values: Float32Array): Uint32Array {
  const counts = new Uint32Array(values.length);
  for (let i = 0; i < index.length; i++) counts[index[i]!]!++;
  return counts;
}

/**
 * Bilinear resize, align_corners=False, edges clamped: y = max(0, (i + 1/2) h/H - 1/2), x likewise.
 * Equal to torch.nn.functional.interpolate(mode="bilinear") and to the Python half.
 */
export function resize(
  map: ArrayLike<number>,
  h: number,
  w: number,
  height: number,
  width: number,
): Float32Array {
  return along(along(map, h, w, width, 1), width, h, height, width);
}

/** As xai_widgets/render/colours.py: step 3. */
export function enlarged(
  map: Float32Array,
  h: number,
  w: number,
  height: number,
  width: number,
  interpolation: Interpolation,
): Float32Array {
  if (interpolation === "cells") {
    const cells = new Float32Array(height * width);
    for (let i = 0; i < cells.length; i++) {
      const [row, column] = [Math.floor(i / width) + 0.5, (i % width) + 0.5];
      cells[i] = map[Math.floor(row * (h / height)) * w + Math.floor(column * (w / width))]!;
    }
    return cells;
  }
  const down = height > h ? cubic : along;
  const across = width > w ? cubic : along;
  // Rows first: they are the fewer while the map is small.
  return across(down(map, w, h, height, w), height, w, width, 1);
}

/**
 * Catmull and Rom's cubic, which goes through the values and has no creases between them; as `along`, and
 * within the values that there are.
 */
function cubic(
  map: Float32Array,
  lines: number,
  from: number,
  to: number,
  stride: number,
): Float32Array {
  const resized = new Float32Array(lines * to);
  const rows = stride === 1;
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of map) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  for (let i = 0; i < to; i++) {
    const position = clamp((i + 0.5) * (from / to) - 0.5, 0, from - 1);
    const below = Math.floor(position);
    const t = position - below;
    const [a, b, c, d] = [-1, 0, 1, 2].map((step) => clamp(below + step, 0, from - 1) * stride);
    const wa = (((2 - t) * t - 1) * t) / 2;
    const wb = ((3 * t - 5) * t * t + 2) / 2;
    const wc = (((4 - 3 * t) * t + 1) * t) / 2;
    const wd = ((t - 1) * t * t) / 2;
    for (let line = 0; line < lines; line++) {
      const start = rows ? line * from : line;
      const value =
        wa * map[start + a!]! +
        wb * map[start + b!]! +
        wc * map[start + c!]! +
        wd * map[start + d!]!;
      resized[rows ? line * to + i : i * stride + line] = Math.max(least, Math.min(most, value));
    }
  }
  return resized;
}

/**
 * Resizes rows of `from` values, a `stride` apart, to `to` values; there are `lines` such rows, one after
 * the other (stride 1) or side by side. Plain loops: a million pixels pass through here.
 */
function along(
  map: ArrayLike<number>,
  lines: number,
  from: number,
  to: number,
  stride: number,
): Float32Array {
  const resized = new Float32Array(lines * to);
  const rows = stride === 1;
  for (let i = 0; i < to; i++) {
    const position = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const first = Math.min(Math.floor(position), from - 1);
    const second = Math.min(first + 1, from - 1);
    const share = position - first;
    for (let line = 0; line < lines; line++) {
      const start = rows ? line * from : line;
      const a = map[start + first * stride]!;
      const b = map[start + second * stride]!;
      resized[rows ? line * to + i : i * stride + line] = (1 - share) * a + share * b;
    }
  }
  return resized;
}
