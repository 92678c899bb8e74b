// Until core/wire.ts is generated.
import type { Bytes, ClassScore } from "../core/wire";

export interface TrainingPlan {
  epochs: number;
  steps: number;
  weight: number;
  regularised: boolean;
}

export interface LossCurve {
  x: readonly number[];
  total: ReadonlyArray<number | null>;
  classification: ReadonlyArray<number | null>;
  regularization: ReadonlyArray<number | null>;
}

export interface EpochMeasures {
  epoch: number;
  accuracy: number | null;
  test_accuracy: number | null;
  cosine: number | null;
}

export interface TrainingStep {
  epoch: number;
  step: number;
  learning_rate?: number;
}

export interface GradientMap {
  shape?: readonly [number, number];
  signed?: boolean;
  range?: readonly [number, number];
  peak?: number;
  gamma?: number;
  histogram?: readonly number[];
  data?: Bytes;
  state?: "ok" | "zero" | "nonfinite";
  message?: string;
  error?: string;
}

export interface PictureGradients {
  top: ClassScore;
  right: boolean;
  cosine: number | null;
  maps: readonly GradientMap[];
}

export interface GradientLook {
  seq?: number;
  epoch: number;
  pictures: readonly PictureGradients[];
}

export interface LookMessage {
  kind: "look";
  frame: GradientLook;
}
