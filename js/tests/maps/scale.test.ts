import { describe, expect, it } from "vitest";
import { heatMap } from "../../src/maps/levels";
import { shownMaximum } from "../../src/maps/overlay";
import { barScale, clipAt, peakOf, shareOf, spreadOver, valueAtShare } from "../../src/maps/scale";
import { frameOf } from "../fake";

/** 100 values 0, 0.01 ... 0.99 of a peak of 4, as nearly as bytes have them. */
const even = heatMap(
  frameOf({
    shape: [10, 10],
    peak: 4,
    data: Uint8Array.from({ length: 100 }, (_, i) => Math.round(255 * Math.sqrt(i / 99))),
  }),
  10,
  10,
);

describe("a bar", () => {
  it("has no ends beyond its colours where nothing is clipped", () => {
    const scale = barScale(0, 2, 2);
    expect([0, 0.5, 2].map((value) => shareOf(scale, value))).toEqual([0, 0.25, 1]);
    expect(valueAtShare(scale, 0.25)).toBe(0.5);
    expect(valueAtShare(scale, 7)).toBe(2);
  });

  it.each([
    ["positive", barScale(0, 2, 3), [0, 1, 2, 2.5, 3], [0, 0.46, 0.92, 0.96, 1]],
    ["negative", barScale(-2, 0, 3), [-3, -2.5, -2, -1, 0], [0, 0.04, 0.08, 0.54, 1]],
    ["two-sided", barScale(-2, 2, 3), [-3, -2, 0, 1, 2, 3], [0, 0.08, 0.5, 0.71, 0.92, 1]],
  ])("that is %s keeps room for what is clipped", (_, scale, values, shares) => {
    for (const [i, value] of values.entries()) {
      expect(shareOf(scale, value)).toBeCloseTo(shares[i]!, 10);
      expect(valueAtShare(scale, shares[i]!)).toBeCloseTo(value, 10);
    }
  });

  it("of nothing is of no use, and does no harm", () => {
    const scale = barScale(0, 0, 0);
    expect(shareOf(scale, 0)).toBe(0);
    expect(valueAtShare(scale, 0.3)).toBe(0);
    expect(spreadOver(scale, even, "both", 3)).toEqual([0, 0, 0]);
  });
});

describe("a clip", () => {
  it.each([90, 93.4, 98, 100])("of %d is found by the size that it stands for", (clip) => {
    const size = shownMaximum(even, clip, "both");
    expect(clipAt(even, size, "both", 90)).toBeCloseTo(clip, 10);
  });

  it("stays within what there may be", () => {
    expect(clipAt(even, 0.1, "both", 90)).toBe(90);
    expect(clipAt(even, 99, "both", 90)).toBe(100);
    expect(peakOf(even, "both")).toBe(4);
    expect(peakOf(even, "negative")).toBe(0);
  });
});

describe("the spread", () => {
  it("leaves the silent zeros out", () => {
    const data = Uint8Array.from([0, 0, 0, 255, 255, 255, 255, 64]);
    const map = heatMap(frameOf({ shape: [2, 4], data, peak: 1 }), 4, 2);
    expect(spreadOver(barScale(0, 1, 1), map, "both", 2)).toEqual([0.5, 1]);
  });

  it("of sizes counts both signs, and of one sign that alone", () => {
    const data = Uint8Array.of(0, 254, 254, 127);
    const map = heatMap(frameOf({ shape: [2, 2], data, peak: 1, signed: true }), 2, 2);
    const near = (values: number[]): number[] => values.map((value) => +value.toFixed(2));
    expect(near(spreadOver(barScale(0, 1, 1), map, "both", 2))).toEqual([0, 1]);
    expect(near(spreadOver(barScale(-1, 1, 1), map, "both", 2))).toEqual([0.71, 1]);
    expect(near(spreadOver(barScale(-1, 0, 1), map, "negative", 2))).toEqual([1, 0]);
  });
});
