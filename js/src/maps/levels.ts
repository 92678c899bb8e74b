/** A frame as it arrives (companded bytes) made ready for painting: one small level index per picture pixel. */

import type { Bytes, Frame } from "../core/wire";
import { resize } from "./resize";

/** The bytes behind whatever the host hands over. A view's offset counts: hosts slice one big message. */
export function bytesOf(data: Bytes): Uint8Array<ArrayBuffer> {
  if (typeof data === "string")
    return Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

/**
 * Values of all levels: level i of 2n + 1 (signed, n is zero) or of n + 1 (positive) means
 * sign(s) |s|^gamma peak with s = (i - n) / n or i / n.
 */
export function levelValues(n: number, signed: boolean, peak: number, gamma: number): Float32Array {
  const zero = signed ? n : 0;
  return Float32Array.from({ length: zero + n + 1 }, (_, i) => {
    const s = (i - zero) / n;
    return Math.sign(s) * Math.abs(s) ** gamma * peak;
  });
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
const FINE = 2047;

export function heatMap(frame: Frame, width: number, height: number): HeatMap {
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
  const fine = resize(decoded, h, w, height, width);
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
