import { describe, expect, it } from "vitest";
import { maskOf, runsOf, Strokes, shareOf, stroke } from "../../src/brush/mask";

const rows = (mask: Uint8Array, width: number): string[] =>
  Array.from({ length: mask.length / width }, (_, row) =>
    Array.from(mask.subarray(row * width, (row + 1) * width), (on) => ".#"[on]).join(""),
  );

/** Comparing large arrays item by item is slow. */
const same = (a: Uint8Array, b: Uint8Array): boolean => String(a) === String(b);

describe("stroke", () => {
  it("paints the pixels whose centre is within the radius", () => {
    const mask = new Uint8Array(25);
    expect(stroke(mask, 5, [2.5, 2.5], [2.5, 2.5], 1.5)).toEqual([1, 1, 4, 4]);
    expect(rows(mask, 5)).toEqual([".....", ".###.", ".###.", ".###.", "....."]);
    stroke(mask, 5, [2.5, 2.5], [2.5, 2.5], 2);
    expect(rows(mask, 5)).toEqual(["..#..", ".###.", "#####", ".###.", "..#.."]);
  });
  it("leaves no gaps between two points, at any slope", () => {
    const mask = new Uint8Array(64);
    stroke(mask, 8, [0.5, 0.5], [7.5, 4.5], 0.8);
    for (let column = 0; column < 8; column++) {
      const row = 0.5 + (4 * column) / 7;
      expect(mask[Math.floor(row) * 8 + column]).toBe(1);
    }
    expect(mask[7]).toBe(0);
  });
  it("agrees with the distance to a finely sampled line", () => {
    const [width, height, radius] = [31, 23, 4.3];
    const [a, b] = [
      [3.2, 19.7],
      [27.9, 5.1],
    ] as const;
    const mask = new Uint8Array(width * height);
    stroke(mask, width, a, b, radius);
    for (let i = 0; i < mask.length; i++) {
      let nearest = Number.POSITIVE_INFINITY;
      for (let k = 0; k <= 4000; k++) {
        const x = a[0] + (k / 4000) * (b[0] - a[0]);
        const y = a[1] + (k / 4000) * (b[1] - a[1]);
        nearest = Math.min(nearest, Math.hypot((i % width) + 0.5 - x, ~~(i / width) + 0.5 - y));
      }
      if (Math.abs(nearest - radius) > 1e-3) expect(mask[i]).toBe(Number(nearest < radius));
    }
  });
  it("always paints the pixel under it, and nothing outside of the picture", () => {
    const mask = new Uint8Array(16);
    expect(stroke(mask, 4, [1.01, 1.01], [1.01, 1.01], 0.5)).not.toBeNull();
    expect(rows(mask, 4)).toEqual(["....", ".#..", "....", "...."]);
    expect(stroke(mask, 4, [-9, 2], [-7, 2], 3)).toBeNull();
    expect(stroke(mask, 4, [-1, 3.5], [0.2, 3.5], 0.5)).toEqual([0, 2, 2, 4]);
    expect(shareOf(mask)).toBe(2 / 16);
  });
});

describe("runs", () => {
  it("begin with what is unpainted and fill the mask", () => {
    expect([...runsOf(Uint8Array.of(0, 0, 1, 1, 1, 0))]).toEqual([2, 3, 1]);
    expect([...runsOf(Uint8Array.of(1, 0))]).toEqual([0, 1, 1]);
    expect([...runsOf(new Uint8Array(3))]).toEqual([3]);
  });
  it.each([70_000, 131_070, 131_071, 200_000])("of %d equal pixels are cut in 16 bits", (n) => {
    for (const value of [0, 1]) {
      const mask = new Uint8Array(n + 5).fill(value, 0, n);
      const runs = runsOf(mask);
      expect(runs.reduce((sum, run) => sum + run, 0)).toBe(n + 5);
      expect(same(maskOf(runs, n + 5), mask)).toBe(true);
    }
  });
  it("come back as the same mask, and are small for a scribble", () => {
    const mask = new Uint8Array(224 * 224);
    let from: readonly [number, number] = [20, 20];
    for (let i = 1; i < 40; i++) {
      const to = [112 + 90 * Math.sin(i * 0.7), 112 + 90 * Math.cos(i * 1.1)] as const;
      stroke(mask, 224, from, to, 6);
      from = to;
    }
    expect(shareOf(mask)).toBeGreaterThan(0.3);
    expect(same(maskOf(runsOf(mask), mask.length), mask)).toBe(true);
    expect(runsOf(mask).byteLength).toBeLessThan(6_000);
  });
});

describe("Strokes", () => {
  it("keep the last 99", () => {
    const mask = new Uint8Array(200);
    const strokes = new Strokes();
    for (let i = 0; i < 150; i++) {
      strokes.begin(mask);
      mask[i] = 1;
    }
    let undone = 0;
    while (strokes.undo(mask)) {
      undone += 1;
      expect(mask.indexOf(0)).toBe(150 - undone);
    }
    expect(undone).toBe(99);
  });
  it("go back one at a time", () => {
    const mask = new Uint8Array(9);
    const strokes = new Strokes();
    strokes.begin(mask);
    mask[4] = 1;
    strokes.begin(mask);
    mask.fill(0);
    expect(strokes.undo(mask)).toBe(true);
    expect([...mask]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0]);
    expect(strokes.any).toBe(true);
    strokes.undo(mask);
    expect(shareOf(mask)).toBe(0);
    expect(strokes.undo(mask)).toBe(false);
    expect(strokes.any).toBe(false);
  });
  it("keep the latest hundred or so", () => {
    const strokes = new Strokes();
    const mask = new Uint8Array(4);
    for (let i = 0; i < 300; i++) strokes.begin(mask);
    let undone = 0;
    while (strokes.undo(mask)) undone++;
    expect(undone).toBe(99);
  });
});
