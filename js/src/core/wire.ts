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

export interface Method {
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

export interface Frame {
  seq: number;
  method: string;
  target: FrameTarget;
  layer: string | null;
  parameters: Readonly<Record<string, unknown>>;
  shape: readonly [number, number];
  signed: boolean;
  range: readonly [number, number];
  peak: number;
  gamma: number;
  histogram?: readonly number[];
  data: Bytes;
  state: "ok" | "zero" | "nonfinite";
  message: string;
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

/** `null` is the top class; a string is the name of a Python callable. */
export type TargetChoice = number | string | null;

export interface Request {
  method: string;
  target: TargetChoice;
  layer: string | null;
  parameters: Readonly<Record<string, unknown>>;
}

export type Sign = "both" | "positive" | "negative";
export type Blend = "normal" | "multiply" | "screen" | "luminosity";
export type Arrangement = "overlay" | "side_by_side" | "swipe";

export interface Appearance {
  colormap: string;
  opacity: number;
  clip: number;
  threshold: number;
  sign: Sign;
  blend: Blend;
  view: Arrangement;
}

/** The house's look; a double click on a control or the reset button comes back to it. */
export const APPEARANCE: Readonly<Appearance> = {
  colormap: "auto",
  opacity: 0.7,
  clip: 99.5,
  threshold: 0,
  sign: "both",
  blend: "normal",
  view: "overlay",
};

/** The part of an anywidget model that is used here; an exported HTML page brings a stub of it. */
export interface Model {
  // biome-ignore lint/suspicious/noExplicitAny: traits are typed where they are read
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  // biome-ignore lint/suspicious/noExplicitAny: events carry whatever their name says
  on(name: string, listener: (...arguments_: any[]) => void): void;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  off(name: string, listener: (...arguments_: any[]) => void): void;
  send(content: unknown): void;
}
