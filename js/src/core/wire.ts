/** What travels between Python and the browser: the same names on both sides. */

export interface ClassScore {
  index: number;
  name: string;
  probability: number;
}

export interface Parameter {
  name: string;
  label: string;
  kind: "int" | "float" | "choice" | "bool";
  default: unknown;
  minimum?: number | null;
  maximum?: number | null;
  step?: number | null;
  choices?: readonly unknown[] | null;
  unit?: string | null;
  help?: string | null;
}

export interface MethodCard {
  name: string;
  title: string;
  family: string;
  cost: string;
  formula: string;
  citation: string;
  url?: string | null;
  shows: string;
  limits: string;
  space: "input" | "layer";
  /** Whether a layer is chosen for it; not all maps of a layer's size are read from one. */
  takes_layer: boolean;
  signed: boolean;
  anytime: boolean;
  parameters: readonly Parameter[];
  /** Why this network cannot be explained by this method; absent or empty when it can. */
  unavailable?: string | null;
}

export interface Layer {
  name: string;
  size: readonly [number, number];
  channels: number;
}

/** What the network says of a picture. */
export interface Prediction {
  top: readonly ClassScore[];
}

export interface Network {
  name: string;
  input: readonly [number, number];
}

export interface Picture {
  width: number;
  height: number;
  mime: string;
  data: Bytes;
  name?: string;
}

export type Bytes = DataView | Uint8Array | string;

export interface FrameTarget {
  index: number | null;
  name: string;
  probability: number | null;
  score: number | null;
}

/** A map in the levels of one byte. */
export interface QuantisedMap {
  shape: readonly [number, number];
  signed: boolean;
  range: readonly [number, number];
  peak: number;
  gamma: number;
  histogram?: readonly number[];
  data: Bytes;
  state: "ok" | "zero" | "nonfinite";
  message: string;
}

export interface Frame extends QuantisedMap {
  seq: number;
  method: string;
  target: FrameTarget;
  layer: string | null;
  parameters: Readonly<Record<string, unknown>>;
  partial: boolean;
  fraction: number;
  seconds: number;
  /** What has to be known of the map beside the picture. */
  note?: string;
}

export interface Status {
  seq: number;
  state: "idle" | "running" | "error" | "stopped";
  message: string;
  hint: string;
  fraction: number | null;
  seconds: number | null;
  remaining: number | null;
}

// Until every widget is ported.
export type Method = MethodCard;
export * from "./model";
