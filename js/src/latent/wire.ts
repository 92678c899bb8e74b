// Until core/wire.ts is generated.
import type { Bytes, ClassScore, FrameTarget, Picture, QuantisedMap } from "../core/wire";

/** What the network says of a picture: of the classes likely at first, and of the likeliest now. */
export interface Chances {
  chances: ReadonlyArray<readonly [number, number]>;
  label: number;
  label_name: string;
}

export interface Reconstruction {
  target: FrameTarget;
  classes: readonly ClassScore[];
  /** What the VAE alone makes of the picture. */
  reconstruction: Picture & Chances;
  /** The edited picture while no slider is moved. */
  rest: Picture & Chances;
}

export interface RelabelFrame {
  seq: number;
  target: FrameTarget;
  maps: Readonly<Record<string, QuantisedMap>>;
  scores: Bytes;
  coordinate: Bytes;
  kept: Bytes;
  probability: Bytes;
  count: number;
  sentence: string;
  warnings: readonly string[];
  kept_share: number;
  scale: number;
  error: number;
  keeps_label: boolean;
  partial: boolean;
  fraction: number;
  seconds: number;
}

export interface SliderRow {
  name: string;
  low: number;
  high: number;
  weight: number | null;
  flip: number | null;
  becomes?: string | null;
}

export interface Edited extends Picture, Chances {
  values: readonly number[];
  neighbour: number;
  run?: number;
  score: number | null;
}

export interface NeighbourPicture extends Picture {
  neighbour: number;
}

export interface LatentSaved extends Picture, Partial<Chances> {
  slider?: number;
  value?: number;
  neighbour?: number;
  score?: number | null;
}
