// Until core/wire.ts is generated.
import type { ClassScore, Frame, FrameTarget, Picture } from "../core/wire";

export interface NetworkRow {
  name: string;
  accuracy: number | null;
}

export interface MeasureDescription {
  name: string;
  title: string;
  help: string;
}

export interface NetworkPrediction {
  row: number;
  top?: readonly ClassScore[];
  target?: FrameTarget;
  photo?: Picture;
  error?: string;
}

export interface CellFrame extends Frame {
  row: number;
  error?: string;
}

export interface CellMeasures {
  row: number;
  method: string;
  values: Readonly<Record<string, number | null>>;
}

export interface ComparisonSaved {
  key: string;
  picture_index: number;
  noise: number;
  predictions: readonly NetworkPrediction[];
  cells: readonly CellFrame[];
  measures: readonly CellMeasures[];
}

export interface PredictionMessage {
  kind: "prediction";
  key: string;
  prediction: NetworkPrediction;
}

export interface CellMessage {
  kind: "cell";
  key: string;
  frame: CellFrame;
}

export interface MeasuresMessage extends CellMeasures {
  kind: "measures";
  key: string;
}

export interface ForgetMessage {
  kind: "forget";
}
