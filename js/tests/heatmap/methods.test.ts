import { describe, expect, it } from "vitest";
import type { Frame, MethodCard } from "../../src/core/wire";
import { matches, sanityOf } from "../../src/heatmap/methods";
import { type Extent, forwardsOf, Measured, secondsInWords } from "../../src/heatmap/seconds";
import { pooled } from "../../src/maps/pooled";
import { frameOf, methodOf } from "../fake";

const EXTENT: Extent = { picture: { width: 224, height: 160 }, layer: { channels: 1280 } };

/** A card that costs this, with these numbers as its parameters' defaults. */
const costing = (cost: string, numbers: Record<string, number | string> = {}): MethodCard =>
  methodOf({
    cost,
    parameters: Object.entries(numbers).map(([name, value]) => ({
      name,
      label: name,
      kind: typeof value === "number" ? "int" : "choice",
      default: value,
    })),
  });

describe("what a card says it costs, in forward passes", () => {
  it.each([
    ["1 forward", {}, 1],
    ["1 forward, 1 backward to the layer", {}, 3],
    ["1 forward, 2 backwards", {}, 5],
    ["2 forwards, 1 backward", {}, 4],
    ["1 forward and 1 backward per sample", { samples: 25 }, 75],
    ["1 forward and backward per step", { steps: 50 }, 150],
    ["1 forward and 1 backward per step, one after the other", { steps: 100 }, 300],
    ["1 forward and 1 backward per step and baseline", { steps: 50, baseline: "zero" }, 150],
    ["1 forward per sample", { samples: 1000 }, 1000],
    ["1 forward per segment", { count: 50 }, 50],
    ["1 forward per sample, at most 2^segments", { samples: 500, count: 50 }, 500],
    ["1 forward per sample, at most 2^segments", { samples: 500, count: 8 }, 256],
    ["2^segments forwards", { count: 8 }, 256],
    ["1 forward per feature map that is not constant", {}, 1280],
    // 1 + (224 - 32) / 16 across, 1 + (160 - 32) / 16 down
    ["1 forward per window position", { window: 32, width: 0, stride: 16 }, 13 * 9],
    ["1 forward per window position", { window: 32, width: 64, stride: 16 }, 11 * 9],
    ["1 forward per window position", { window: 500, width: 0, stride: 16 }, 1],
  ])("%s with %o is %d", (cost, numbers, forwards) => {
    expect(forwardsOf(costing(cost, numbers), null, EXTENT)).toBe(forwards);
  });

  it.each([
    ["not known", {}],
    ["as captum computes it", {}],
    ["1 forward, and per feature map 1 pass of what lies behind the layer", {}],
    ["1 forward and 1 backward per step and baseline", { steps: 50, baseline: "several" }],
    ["1 forward per sample", {}],
    ["1 forward per fortnight", {}],
  ])("%s with %o tells nothing", (cost, numbers) => {
    expect(forwardsOf(costing(cost, numbers), null, EXTENT)).toBeUndefined();
  });

  it("follows what is set", () => {
    const card = costing("1 forward per sample", { samples: 1000 });
    expect(forwardsOf(card, { samples: 40 }, EXTENT)).toBe(40);
  });
});

describe("seconds", () => {
  const took = (method: string, seconds: number, part: Partial<Frame> = {}): Frame =>
    frameOf({ method, seconds, ...part });

  it("are estimated by the passes that were quickest", () => {
    const measured = new Measured();
    expect(measured.estimate("rise", 1000)).toBeUndefined();
    measured.add(took("grad_cam", 0.09), 3);
    measured.add(took("smooth_grad", 0.75), 75);
    measured.add(took("ablation_cam", 0.001), undefined);
    const estimate = measured.estimate("rise", 1000);
    expect(estimate).toEqual({ value: 10, measured: false });
    expect(secondsInWords(estimate).replaceAll("\xa0", " ")).toBe("≈ 10 s");
    expect(measured.estimate("ablation_cam", undefined)).toEqual({ value: 0.001, measured: false });
    expect(measured.estimate("own", undefined)).toBeUndefined();
  });

  it("are those of the method itself where it was seen", () => {
    const measured = new Measured();
    measured.add(took("grad_cam", 0.003), 3);
    measured.add(took("rise", 8), 1000);
    expect(measured.estimate("rise", 1000)!.value).toBe(8);
    expect(measured.estimate("rise", 4000)!.value).toBe(32);
  });

  it("are not those of a map that is not whole", () => {
    const measured = new Measured();
    measured.add(took("rise", 0.5, { partial: true }), 1000);
    expect(measured.estimate("rise", 1000)).toBeUndefined();
    expect(secondsInWords(undefined)).toBe("");
  });
});

describe("the filter", () => {
  const ig = methodOf({
    name: "integrated_gradients",
    title: "Integrated gradients",
    family: "Path",
  });
  const product = methodOf({ name: "input_x_gradient", title: "Input × gradient" });
  const cam = methodOf({ name: "grad_cam_pp", title: "Grad-CAM++" });
  it.each([
    [ig, "path", true],
    [ig, "grad int", true],
    [ig, "cam", false],
    [product, "input x", true],
    [product, "input ×", true],
    [cam, "gradcam", true],
    [cam, "grad-cam++", true],
    [cam, "", true],
  ])("finds %o by %s: %s", (card, typed, found) => expect(matches(card, typed)).toBe(found));
});

it.each([
  [0.08, "passes"],
  [-0.24, "passes"],
  [0.3, "doubtful"],
  [-0.6, "doubtful"],
  [0.5, "fails"],
])("a likeness of %d %s", (likeness, grade) => expect(sanityOf(likeness)[0]).toBe(grade));

describe("a map made smaller", () => {
  it("keeps the strongest of what falls together, with its sign", () => {
    const signed = frameOf({
      shape: [2, 4],
      signed: true,
      data: Uint8Array.of(127, 130, 127, 127, 100, 127, 127, 128),
    });
    expect(pooled(signed, 2, 1)).toMatchObject({ shape: [1, 2], data: Uint8Array.of(100, 128) });
    const plain = frameOf({ shape: [1, 4], data: Uint8Array.of(0, 9, 3, 0) });
    expect(pooled(plain, 2, 9).data).toEqual(Uint8Array.of(9, 3));
  });

  it("is left alone where it is small enough", () => {
    const map = frameOf({ shape: [2, 2], data: Uint8Array.of(1, 2, 3, 4) });
    expect(pooled(map, 2, 5)).toBe(map);
  });
});
