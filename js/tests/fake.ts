/** A model without a kernel, and small things to put into it. */
import type { Model } from "../src/core/model";
import type { Frame, MethodCard } from "../src/core/wire";

export function methodOf(part: Partial<MethodCard> = {}): MethodCard {
  return {
    name: "grad_cam",
    title: "Grad-CAM",
    family: "CAM",
    cost: "1 forward, 1 backward",
    formula: "ReLU(Σ αA)",
    citation: "Selvaraju 2017",
    url: "https://arxiv.org/abs/1610.02391",
    shows: "Where the last convolution looked.",
    limits: "Coarse",
    space: "layer",
    takes_layer: true,
    signed: false,
    anytime: false,
    parameters: [],
    ...part,
  };
}

export const CAM = methodOf();
export const SALIENCY = methodOf({
  name: "saliency",
  title: "Saliency",
  family: "Gradient",
  space: "input",
  takes_layer: false,
  signed: true,
  url: "javascript:alert(1)",
});
export const OCCLUSION = methodOf({
  name: "occlusion",
  title: "Occlusion",
  family: "Perturbation",
  space: "input",
  takes_layer: false,
  signed: true,
  anytime: true,
  parameters: [
    {
      name: "window",
      label: "Window",
      kind: "int",
      default: 32,
      minimum: 8,
      maximum: 96,
      unit: "px",
    },
    {
      name: "baseline",
      label: "Baseline",
      kind: "choice",
      default: "mean",
      choices: ["mean", "black"],
    },
  ],
});
export const RULED_OUT = methodOf({
  name: "guided_backprop",
  title: "Guided backpropagation",
  family: "Gradient",
  space: "input",
  takes_layer: false,
  unavailable: "this network has no rectifier",
});

export function frameOf(part: Partial<Frame> = {}): Frame {
  return {
    seq: 1,
    method: "grad_cam",
    target: { index: 2, name: "cat", probability: 0.429, score: 8 },
    layer: "conv",
    parameters: {},
    shape: [1, 1],
    signed: false,
    range: [0, 1],
    peak: 0,
    gamma: 2,
    data: Uint8Array.of(0),
    state: "ok",
    message: "",
    partial: false,
    fraction: 1,
    seconds: 0.038,
    ...part,
  };
}

export const NAMES = ["apple", "lynx", "cat", "tiger cat", "dog", "<b>zebra</b>", "catamaran"];

export class FakeModel implements Model {
  saves = 0;
  sent: unknown[] = [];
  readonly traits: Record<string, unknown>;
  private readonly listeners = new Map<string, Array<(...rest: unknown[]) => void>>();

  constructor(traits: Record<string, unknown> = {}) {
    this.traits = {
      picture: { width: 4, height: 2, mime: "image/png", data: Uint8Array.of(1), name: "cat.jpg" },
      network: { name: "Small", input: [2, 4] },
      cards: [CAM, SALIENCY, OCCLUSION, RULED_OUT],
      class_names: NAMES,
      layers: [
        { name: "conv", size: [7, 7], channels: 1280 },
        { name: "early", size: [14, 14], channels: 112 },
      ],
      prediction: {
        top: [
          { index: 2, name: "cat", probability: 0.429 },
          { index: 3, name: "tiger cat", probability: 0.279 },
        ],
      },
      method: "grad_cam",
      target: null,
      layer: null,
      parameters: {},
      status: { seq: 0, state: "idle", message: "", hint: "", fraction: null },
      frozen: false,
      frames: [],
      ...traits,
    };
  }

  get(name: string): unknown {
    return this.traits[name];
  }
  /** As either side changes a trait: listeners hear of it. */
  set(name: string, value: unknown): void {
    if (this.traits[name] === value) return;
    this.traits[name] = value;
    this.emit(`change:${name}`);
  }
  save_changes(): void {
    this.saves += 1;
  }
  send(content: unknown): void {
    this.sent.push(content);
  }
  on(name: string, listener: (...rest: unknown[]) => void): void {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }
  off(name: string, listener: (...rest: unknown[]) => void): void {
    const left = (this.listeners.get(name) ?? []).filter((own) => own !== listener);
    this.listeners.set(name, left);
  }
  emit(name: string, ...rest: unknown[]): void {
    for (const listener of this.listeners.get(name) ?? []) listener(...rest);
  }
  get listening(): number {
    return [...this.listeners.values()].reduce((n, own) => n + own.length, 0);
  }
}
