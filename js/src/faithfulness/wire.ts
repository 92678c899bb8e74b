// Until core/wire.ts is generated.
import type { Bytes, Frame, Picture } from "../core/wire";

interface Curve {
  probability: readonly number[];
  auc: number;
  low?: readonly number[];
  high?: readonly number[];
  interval?: readonly [number, number];
  top: ReadonlyArray<ReadonlyArray<readonly [index: number, probability: number]>>;
}

/** A map with both its curves; `order` holds the point at which each pixel changes, 1 to K. */
export interface Curves {
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
  curves: readonly Curves[];
}

export interface SanityStage {
  randomised: readonly string[];
  spearman: number | null;
  ssim: number | null;
  map: Frame;
}

export interface SanityCheck {
  method: string;
  title: string;
  target: number;
  total: number;
  done: boolean;
  mean: number | null;
  stages: readonly SanityStage[];
}
