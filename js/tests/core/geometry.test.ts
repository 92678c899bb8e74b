import { describe, expect, it } from "vitest";
import {
  around,
  cellAt,
  cellIn,
  centre,
  centreIn,
  centreOf,
  clamp,
  layoutOf,
  panBy,
  placeOf,
  stepCell,
  toPicture,
  WHOLE,
  zoomAt,
} from "../../src/core/geometry";

describe("zoom and pan", () => {
  it("keeps the point under the cursor where it is", () => {
    const zoom = zoomAt(WHOLE, 2, 0.25, 0.75);
    expect(zoom).toEqual({ scale: 2, x: -0.25, y: -0.75 });
    expect(toPicture(zoom, 0.25, 0.75)).toEqual([0.25, 0.75]);
    expect(toPicture(zoomAt(zoom, 3, 0.5, 0.5), 0.5, 0.5)).toEqual(toPicture(zoom, 0.5, 0.5));
  });
  it("never shows beyond the picture's edges", () => {
    expect(panBy(zoomAt(WHOLE, 2, 0, 0), 5, -5)).toEqual({ scale: 2, x: 0, y: -1 });
    expect(zoomAt(zoomAt(WHOLE, 4, 1, 1), 0.01, 0, 0)).toEqual(WHOLE);
    expect(panBy(WHOLE, 0.3, 0.3)).toEqual(WHOLE);
  });
  it("goes no deeper than 32", () => expect(zoomAt(WHOLE, 1000, 0, 0).scale).toBe(32));
  it("brings a point to the middle, as far as the edges allow", () => {
    const zoom = zoomAt(WHOLE, 4, 0, 0);
    expect(centre(zoom, 0.5, 0.5)).toEqual({ scale: 4, x: -1.5, y: -1.5 });
    expect(centre(zoom, 0, 1)).toEqual({ scale: 4, x: 0, y: -3 });
  });
  it("clamps", () => expect([clamp(-1, 0, 2), clamp(1, 0, 2), clamp(3, 0, 2)]).toEqual([0, 1, 2]));
});

const size = (width: number, height: number) => ({ width, height });

describe("cursor", () => {
  it("finds row and column, also in the corners", () => {
    expect(cellAt(WHOLE, 0, 0, size(224, 112))).toEqual({ row: 0, column: 0 });
    expect(cellAt(WHOLE, 0.999, 0.999, size(224, 112))).toEqual({ row: 111, column: 223 });
    expect(cellAt(WHOLE, 0.5, 0.5, size(224, 112))).toEqual({ row: 56, column: 112 });
  });
  it("finds nothing outside", () => {
    expect(cellAt(WHOLE, -0.01, 0.5, size(9, 9))).toBeNull();
    expect(cellAt(WHOLE, 0.5, 1, size(9, 9))).toBeNull();
  });
  it("follows zoom and pan", () => {
    const zoom = zoomAt(WHOLE, 2, 1, 1); // the lower right quarter
    expect(cellAt(zoom, 0, 0, size(100, 100))).toEqual({ row: 50, column: 50 });
    const [x, y] = centreOf(zoom, { row: 50, column: 99 }, size(100, 100));
    expect([x.toFixed(9), y.toFixed(9)]).toEqual(["0.990000000", "0.010000000"]);
  });
  it("walks by arrow keys, ten at a time with Shift, and stops at the edges", () => {
    const cell = { row: 5, column: 5 };
    expect(stepCell(cell, "ArrowUp", false, size(20, 20))).toEqual({ row: 4, column: 5 });
    expect(stepCell(cell, "ArrowRight", true, size(20, 20))).toEqual({ row: 5, column: 15 });
    expect(stepCell(cell, "ArrowLeft", true, size(20, 20))).toEqual({ row: 5, column: 0 });
    expect(stepCell(cell, "ArrowDown", true, size(20, 8))).toEqual({ row: 7, column: 5 });
    expect(stepCell(cell, "a", false, size(20, 20))).toBeNull();
  });
});

describe("a picture in a part of the pane", () => {
  // The right half of the pane, and of its height the middle half.
  const box = { x: 0.5, y: 0.25, width: 0.5, height: 0.5 };
  it("has its cells there and nowhere else", () => {
    expect(cellIn(WHOLE, box, 0.5, 0.25, size(4, 2))).toEqual({ row: 0, column: 0 });
    expect(cellIn(WHOLE, box, 0.99, 0.74, size(4, 2))).toEqual({ row: 1, column: 3 });
    expect(cellIn(WHOLE, box, 0.49, 0.5, size(4, 2))).toBeNull();
    expect(cellIn(WHOLE, box, 0.7, 0.76, size(4, 2))).toBeNull();
    expect(cellIn(WHOLE, box, 1.01, 0.5, size(4, 2))).toBeNull();
  });
  it("is zoomed with all of it, there and back", () => {
    const zoom = zoomAt(WHOLE, 2, 1, 0.5);
    expect(centreIn(WHOLE, box, { row: 0, column: 0 }, size(4, 2))).toEqual([0.5625, 0.375]);
    const [x, y] = centreIn(zoom, box, { row: 1, column: 2 }, size(4, 2));
    expect([x, y]).toEqual([0.625, 0.75]);
    expect(cellIn(zoom, box, x, y, size(4, 2))).toEqual({ row: 1, column: 2 });
  });
  it("tells where the rest is", () => {
    expect(around(box)).toEqual({ x: -1, y: -0.5, width: 2, height: 2 });
    expect(placeOf(around(box), 0.5, 0.25)).toEqual([0, 0]);
  });
});

describe("layout", () => {
  const tall = 1400; // as high as a page
  it("puts the side below when the cell is narrow", () =>
    expect(layoutOf(559, 1, false, tall)).toBe("narrow"));
  it("puts everything beside a picture that is high enough", () => {
    expect(layoutOf(560, 1, false, tall)).toBe("medium");
    expect(layoutOf(879, 1, false, tall)).toBe("medium");
    expect(layoutOf(880, 1, false, tall)).toBe("wide");
    expect(layoutOf(1100, 0.52, false, tall)).toBe("wide");
    expect(layoutOf(1100, 0.5, false, tall)).toBe("medium");
  });
  it("has the same on a projector, where no picture can be high", () => {
    expect(layoutOf(1112, 1, false, 360)).toBe("wide");
    expect(layoutOf(1112, 0.3, false, 360)).toBe("medium");
  });
  it("gives two pictures the whole width where what is below them fits too", () => {
    expect(layoutOf(900, 1, true, tall)).toBe("across");
    expect(layoutOf(900, 1, true, 744)).toBe("across");
    expect(layoutOf(900, 1, true, 743)).toBe("wide");
    expect(layoutOf(879, 1, true, 500)).toBe("across");
    expect(layoutOf(500, 1, true, tall)).toBe("narrow");
  });
});
