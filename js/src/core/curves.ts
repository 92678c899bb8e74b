/** Insertion and deletion curves: what travels, where things lie in a plot, and the picture at a point. */
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
