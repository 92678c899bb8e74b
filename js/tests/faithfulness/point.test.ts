import { describe, expect, it } from "vitest";
import { compose } from "../../src/faithfulness/point";

describe("the picture at a point of a curve", () => {
  it("shows the pixels whose turn has come as they are at the end", () => {
    const order = Uint8Array.of(1, 2, 3, 2);
    const begin = Uint32Array.of(10, 11, 12, 13);
    const end = Uint32Array.of(20, 21, 22, 23);
    const at = (point: number): number[] => {
      const out = new Uint32Array(4);
      compose(out, order, begin, end, point);
      return [...out];
    };
    expect(at(0)).toEqual([10, 11, 12, 13]);
    expect(at(2)).toEqual([20, 21, 12, 23]);
    expect(at(3)).toEqual([20, 21, 22, 23]);
  });
});
