import { describe, expect, it } from "vitest";
import { latest } from "../../src/core/latest";
import { expand } from "../../src/latent/pictures";
import {
  around,
  extentOf,
  extentWithZero,
  floatsOf,
  freeCorner,
  nearestPoint,
  shareOf,
  towards,
} from "../../src/latent/points";
import { snapped } from "../../src/latent/session";
import { changeInWords, sweep } from "../../src/latent/sliders";

describe("one question at a time", () => {
  it("sends the first at once and of the others only the last", () => {
    const sent: number[] = [];
    const queue = latest<number>(
      (wanted) => sent.push(wanted),
      () => 0,
    );
    for (const wanted of [1, 2, 3, 4]) queue.ask(wanted);
    expect(sent).toEqual([1]);
    expect(queue.waiting).toBe(true);
    queue.answered();
    expect(sent).toEqual([1, 4]);
    queue.answered();
    expect(sent).toEqual([1, 4]);
    expect(queue.waiting).toBe(false);
  });
  it("gives up an answer that never comes", () => {
    let now = 0;
    const sent: number[] = [];
    const queue = latest<number>(
      (wanted) => sent.push(wanted),
      () => now,
    );
    queue.ask(1);
    now = 3_999;
    queue.ask(2);
    expect(sent).toEqual([1]);
    now = 4_001;
    queue.ask(3);
    expect(sent).toEqual([1, 3]);
    queue.ask(4);
    queue.overdue();
    expect(sent).toEqual([1, 3]);
    now = 8_002;
    queue.overdue();
    expect(sent).toEqual([1, 3, 4]);
  });
});

describe("points", () => {
  const xs = [10, 20, 30, 30];
  const ys = [10, 10, 10, 60];
  it("finds the nearest within reach", () => {
    expect(nearestPoint(xs, ys, 21, 12, 14)).toBe(1);
    expect(nearestPoint(xs, ys, 60, 10, 14)).toBe(-1);
    expect(nearestPoint([], [], 0, 0, 14)).toBe(-1);
  });
  it("knows its neighbours, itself first", () => {
    expect(around(xs, ys, 1, 3)).toEqual([1, 0, 2]);
  });
  it("walks by arrow keys", () => {
    expect(towards(xs, ys, 0, "ArrowRight")).toBe(1);
    expect(towards(xs, ys, 2, "ArrowDown")).toBe(3);
    expect(towards(xs, ys, 0, "ArrowLeft")).toBe(0); // there is none
    expect(towards(xs, ys, 0, "x")).toBe(null);
  });
  it("reads floats at any offset", () => {
    const bytes = new Uint8Array(9);
    new DataView(bytes.buffer).setFloat32(1, 1.5, true);
    new DataView(bytes.buffer).setFloat32(5, -2, true);
    expect([...floatsOf(bytes.subarray(1))]).toEqual([1.5, -2]);
  });
  it("leaves outliers out of the axis", () => {
    const values = Float32Array.from({ length: 1001 }, (_, i) => (i === 1000 ? 1e6 : i / 1000));
    const extent = extentOf(values);
    expect(extent.high).toBeLessThan(1.1);
    expect(shareOf(1e6, extent)).toBe(1);
  });
});

describe("sliders", () => {
  it("play from where they are, within their ends", () => {
    const ends = { low: -1, high: 3 };
    expect(sweep(0, ends, 0.4)).toBeCloseTo(0.4);
    expect(sweep(6, ends, 0.4)).toBeCloseTo(0.4);
    expect(sweep(1.5, ends, 1)).toBeCloseTo(3);
    expect(sweep(4.5, ends, 1)).toBeCloseTo(-1);
  });
  it("snap to what was saved", () => {
    expect(snapped(0.31, [-1, 0, 0.4, 1])).toBe(0.4);
    expect(snapped(0.31, [])).toBe(0.31);
  });
  it("paint raw pixels", () => {
    const out = new Uint8ClampedArray(8);
    expand(Uint8Array.from([1, 2, 3, 4, 5, 6, 99]), out);
    expect([...out]).toEqual([1, 2, 3, 255, 4, 5, 6, 255]);
  });
});

describe("the frame of the scatter", () => {
  it("is filled however small the scores are, and has zero in it", () => {
    const small = extentWithZero(Float32Array.from([-0.03, 0.01, 0.03]));
    expect(small.low).toBeCloseTo(-0.0336);
    expect(small.high).toBeCloseTo(0.0336);
    const { low, high } = extentWithZero(Float32Array.from([2, 3, 4]));
    expect(low).toBeCloseTo(-0.06 * 4.12);
    expect(high).toBeCloseTo(4.12);
    expect(extentWithZero(Float32Array.from([-4, -2])).high).toBeGreaterThan(0);
  });
  it("has a corner for the card that hides the fewest points, never the one it is about", () => {
    const [pane, card] = [
      { width: 400, height: 200 },
      { width: 100, height: 80 },
    ];
    const [xs, ys] = [
      [350, 360, 20],
      [20, 30, 20],
    ];
    expect(freeCorner(xs, ys, [350, 20], pane, card)).toEqual([300, 120]);
    expect(freeCorner(xs, ys, [320, 150], pane, card)).toEqual([0, 120]);
    expect(freeCorner([], [], [0, 0], pane, card)).toEqual([300, 0]);
  });
});

it("says what a direction does to the answer", () => {
  const words = (by: number, unit?: "number") =>
    changeInWords({ name: "lynx", by, ...(unit && { unit }) });
  expect(words(0.314)).toEqual(["lynx", "↑\xa031\xa0%"]);
  expect(words(-0.22)).toEqual(["lynx", "↓\xa022\xa0%"]);
  expect(words(0.001)).toBeUndefined();
  expect(words(-1.5, "number")).toEqual(["lynx", "↓\xa01.5"]);
  expect(changeInWords(undefined)).toBeUndefined();
});
