/** A frame as it arrives (companded bytes) made ready for painting: one small level index per picture pixel. */
import { resize } from "./resize";
import type { Bytes, Frame } from "./wire";

/** The bytes behind whatever the host hands over. A view's offset counts: hosts slice one big message. */
export function bytesOf(data: Bytes): Uint8Array {
  if (typeof data === "string") {
    return Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  }
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Values of all levels: level i of 2n + 1 (signed, n is zero) or of n + 1 (positive) means
 * sign(s) |s|^gamma peak with s = (i - n) / n or i / n.
 */
export function levelValues(n: number, signed: boolean, peak: number, gamma: number): Float32Array {
  const values = new Float32Array(signed ? 2 * n + 1 : n + 1);
  const zero = signed ? n : 0;
  for (let i = 0; i < values.length; i++) {
    const s = (i - zero) / n;
    values[i] = Math.sign(s) * Math.abs(s) ** gamma * peak;
  }
  return values;
}

/** The map on its own grid, decoded. */
export function decode(frame: Frame): Float32Array {
  const bytes = bytesOf(frame.data);
  const values = levelValues(
    frame.signed ? 127 : 255,
    frame.signed,
    finite(frame.peak),
    frame.gamma,
  );
  const last = values.length - 1;
  const decoded = new Float32Array(frame.shape[0] * frame.shape[1]);
  for (let i = 0; i < decoded.length; i++) decoded[i] = values[Math.min(bytes[i] ?? 0, last)]!;
  return decoded;
}

/** A map ready to be painted `width` x `height`: pixel -> level -> value. */
export interface HeatMap {
  width: number;
  height: number;
  signed: boolean;
  peak: number;
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

/** Levels of a resized map: fine enough that colours do not show them. */
const FINE = 2047;

export function heatMap(frame: Frame, width: number, height: number): HeatMap {
  const [h, w] = frame.shape;
  const { signed } = frame;
  const peak = finite(frame.peak);
  const n = signed ? 127 : 255;
  const nativeValues = levelValues(n, signed, peak, frame.gamma);
  let bytes = bytesOf(frame.data);
  if (bytes.length !== w * h) {
    const padded = new Uint8Array(w * h).fill(signed ? n : 0);
    padded.set(bytes.subarray(0, w * h));
    bytes = padded;
  }
  const nativeCounts = countLevels(bytes, nativeValues.length);
  const base = { width, height, signed, peak, nativeValues, nativeCounts };
  if (w === width && h === height) {
    return { ...base, index: bytes, values: nativeValues, counts: nativeCounts };
  }
  const values = levelValues(FINE, signed, peak, 2);
  const index = new Uint16Array(width * height);
  const zero = signed ? FINE : 0;
  if (peak > 0) {
    const fine = resize(decode(frame), h, w, height, width);
    for (let i = 0; i < index.length; i++) {
      const share = fine[i]! / peak;
      index[i] = zero + Math.round(Math.sign(share) * Math.sqrt(Math.abs(share)) * FINE);
    }
  } else {
    index.fill(zero);
  }
  return { ...base, index, values, counts: countLevels(index, values.length) };
}

/** Value at a picture pixel. */
export function valueAt(map: HeatMap, row: number, column: number): number {
  return map.values[map.index[row * map.width + column] ?? 0] ?? 0;
}

function countLevels(index: Uint8Array | Uint16Array, levels: number): Uint32Array {
  const counts = new Uint32Array(Math.max(levels, 256));
  for (let i = 0; i < index.length; i++) counts[index[i]!]!++;
  return counts.subarray(0, levels);
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
