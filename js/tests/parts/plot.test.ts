// Where lines lie in a plot.
import { describe, expect, it } from "vitest";
import {
  areaPath,
  type Box,
  feet,
  linePath,
  nearestValue,
  pointAt,
  spread,
  stepPoint,
  ticks,
  xOf,
  yOf,
} from "../../src/parts/plot";

const box: Box = { width: 120, height: 60, left: 10, right: 10, top: 5, bottom: 5 };
const range = { low: 0, high: 0.5 };

describe("a plot", () => {
  it("spans its box from the low to the high value", () => {
    expect([xOf(box, 0), xOf(box, 0.25), xOf(box, 1)]).toEqual([10, 35, 110]);
    expect([yOf(box, range, 0), yOf(box, range, 0.5)]).toEqual([55, 5]);
    expect(yOf(box, { low: -1, high: 1 }, 0)).toBe(30);
  });

  it("draws a line, the area under it, and the band between two", () => {
    expect(linePath(box, range, [0, 1], [0, 0.5])).toBe("M10.0 55.0L110.0 5.0");
    expect(areaPath(box, range, [0, 1], [0, 0.5])).toBe(
      "M10.0 55.0L110.0 5.0L110.0 55.0L10.0 55.0Z",
    );
    expect(areaPath(box, range, [0, 1], [0.5, 0.5], [0, 0.25])).toBe(
      "M10.0 5.0L110.0 5.0L110.0 30.0L10.0 55.0Z",
    );
  });

  it("finds the nearest point, also outside of the axis", () => {
    const x = [0, 0.25, 0.5, 1];
    expect([-50, 10, 30, 52, 84, 86, 500].map((px) => pointAt(box, x, px))).toEqual([
      0, 0, 1, 2, 2, 3, 3,
    ]);
  });

  it("takes hold of the line under the pointer, or of none", () => {
    expect(nearestValue(box, range, [0, 0.25, 0.5], 32, 8)).toBe(1);
    expect(nearestValue(box, range, [0, 0.5], 30, 8)).toBe(-1);
    expect(nearestValue(box, range, [Number.NaN, 0.5], 6, 8)).toBe(1);
  });

  it("has round ticks within its range", () => {
    const rounded = (low: number, high: number, n: number): number[] =>
      ticks({ low, high }, n).map((tick) => Number(tick.toFixed(6)) + 0);
    expect(rounded(0, 0.43, 4)).toEqual([0, 0.2, 0.4]);
    expect(rounded(0, 1, 4)).toEqual([0, 0.5, 1]);
    expect(rounded(-0.19, 1, 4)).toEqual([0, 0.5, 1]);
    expect(rounded(0, 0.013, 4)).toEqual([0, 0.005, 0.01]);
  });

  it("says what its ends are, never one over the other", () => {
    const ends = ["all there", "all taken out"] as const;
    const within = (width: number, right: number) =>
      feet({ ...box, width, right }, ends).map(([x, , text]) => [x, text]);
    expect(within(400, 60)).toEqual([
      [10, "all there"],
      [340, "all taken out"],
    ]);
    expect(within(190, 60)).toEqual([
      [10, "all there"],
      [188, "all taken out"],
    ]);
    expect(within(120, 40)).toEqual([[118, "all taken out"]]);
  });

  it("moves labels apart and keeps them inside", () => {
    expect(spread([50, 10], 15, 0, 100)).toEqual([50, 10]);
    expect(spread([20, 21, 22], 15, 0, 100)).toEqual([20, 35, 50]);
    expect(spread([98, 97, 99], 15, 0, 100)).toEqual([85, 70, 100]);
  });
});

describe("a point", () => {
  it("is walked with the keys of a slider", () => {
    expect(stepPoint(3, "ArrowRight", 25)).toBe(4);
    expect(stepPoint(0, "ArrowLeft", 25)).toBe(0);
    expect(stepPoint(3, "PageUp", 25)).toBe(6);
    expect([stepPoint(3, "Home", 25), stepPoint(3, "End", 25)]).toEqual([0, 25]);
    expect(stepPoint(3, "b", 25)).toBeNull();
  });
});
