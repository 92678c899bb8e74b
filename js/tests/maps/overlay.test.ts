import { describe, expect, it } from "vitest";
import { APPEARANCE, type Appearance } from "../../src/core/model";
import type { Frame } from "../../src/core/wire";
import { COLORMAPS, lut, resolveColormap } from "../../src/maps/colormap";
import { bytesOf, heatMap, levelValues, resize, valueAt } from "../../src/maps/levels";
import {
  colourIndex,
  colourTable,
  keptShare,
  paint,
  scaled,
  select,
  shownFoot,
  shownMaximum,
} from "../../src/maps/overlay";
import { frameOf } from "../fake";
import fixtures from "../fixtures/overlay.json";

interface Case {
  frame: Frame;
  size: [number, number];
  look: Partial<Appearance>;
  resized: number[];
  maximum: number;
  kept: number;
  rgba: number[];
}

const { cases, tables } = fixtures as unknown as { cases: Case[]; tables: Record<string, number> };

describe("the same picture as the Python half", () => {
  it.each(cases.map((each, i) => [i, each] as const))("map %i", (_, each) => {
    const { frame, size, maximum, kept, rgba } = each;
    const [height, width] = size;
    const look = { ...APPEARANCE, ...each.look };
    const map = heatMap(frame, width, height, look.interpolation);
    const native = frame.shape[0] === height;

    each.resized.forEach((value, i) => {
      expect(valueAt(map, Math.floor(i / width), i % width)).toBeCloseTo(value, native ? 8 : 5);
    });
    expect(shownMaximum(map, look.clip, look.sign)).toBeCloseTo(maximum, 7);
    const share = keptShare(map, maximum, look.threshold, look.sign);
    expect(share).toBeCloseTo(kept, native ? 9 : 2);

    const { name, diverging } = resolveColormap(look.colormap, map.signed);
    const { threshold, sign } = look;
    const foot = shownFoot(map, maximum, sign);
    const colours = {
      most: maximum,
      foot,
      threshold,
      sign,
      lut: lut(name),
      diverging,
      opaque: false,
    };
    const pixels = new Uint32Array(width * height);
    paint(pixels, map.index, colourTable(map.values, colours));
    const bytes = new Uint8Array(pixels.buffer);
    const worst = Math.max(...rgba.map((level, i) => Math.abs(level - bytes[i]!)));
    expect(worst).toBeLessThanOrEqual(native ? 0 : 2);
  });
});

describe("colour tables", () => {
  it.each(Object.entries(tables))("%s is matplotlib's, byte for byte", (name, sum) => {
    expect(lut(name).reduce((total, level, i) => total + (i + 1) * level, 0)).toBe(sum);
  });

  it("offers exactly the maps that Python knows, in its order", () => {
    expect(COLORMAPS.map(({ name }) => name)).toEqual(Object.keys(tables));
  });

  it("knows the colours one sees in every paper", () => {
    expect([...lut("inferno").slice(0, 3)]).toEqual([0, 0, 4]);
    expect([...lut("inferno").slice(-3)]).toEqual([252, 255, 164]);
    expect([...lut("viridis").slice(384, 387)]).toEqual([33, 145, 140]);
    expect([...lut("coolwarm").slice(0, 6)]).toEqual([59, 76, 192, 59, 76, 192]);
    expect([...lut("gray").slice(300, 303)]).toEqual([100, 100, 100]);
  });

  it("takes a diverging map for signed values only", () => {
    expect(resolveColormap("auto", true)).toMatchObject({ name: "coolwarm", diverging: true });
    expect(resolveColormap("auto", false)).toMatchObject({ name: "inferno", diverging: false });
    expect(resolveColormap("viridis", true).name).toBe("viridis");
    expect(resolveColormap("no such map", true).name).toBe("inferno");
  });
});

describe("levels", () => {
  it("decodes companded bytes: the sign, the square, exact zero", () => {
    const values = levelValues(127, true, 4, 2);
    expect([values.length, values[0], values[127], values[254]]).toEqual([255, -4, 0, 4]);
    expect(values[127 + 64]).toBeCloseTo(4 * (64 / 127) ** 2, 6);
    expect([...levelValues(2, false, 8, 2)]).toEqual([0, 2, 8]);
  });

  it("minds the offset of a view, and reads base64", () => {
    const buffer = Uint8Array.from([9, 9, 1, 2, 3, 9]).buffer;
    expect([...bytesOf(new DataView(buffer, 2, 3))]).toEqual([1, 2, 3]);
    expect([...bytesOf(new Uint8Array(buffer, 3, 2))]).toEqual([2, 3]);
    expect([...bytesOf("AQIP")]).toEqual([1, 2, 15]);
  });

  it("does not copy a map that already has the picture's size", () => {
    const frame = frameOf({ shape: [1, 2], data: Uint8Array.from([0, 255]), peak: 3 });
    const map = heatMap(frame, 2, 1);
    expect(map.values).toBe(map.nativeValues);
    expect([valueAt(map, 0, 0), valueAt(map, 0, 1)]).toEqual([0, 3]);
    expect([map.counts[0], map.counts[255], map.counts[7]]).toEqual([1, 1, 0]);
  });

  it("enlarges a small signed map without losing its zero or its peak", () => {
    const data = Uint8Array.from([0, 127, 127, 254]);
    const map = heatMap(frameOf({ shape: [2, 2], data, peak: 2, signed: true }), 4, 4);
    expect([valueAt(map, 0, 0), valueAt(map, 3, 3), valueAt(map, 0, 3)]).toEqual([-2, 2, 0]);
  });

  it("takes a map of zeros, whose peak is zero", () => {
    const map = heatMap(
      frameOf({ shape: [1, 1], data: Uint8Array.from([127]), signed: true }),
      2,
      2,
    );
    expect([...map.index].map((level) => map.values[level])).toEqual([0, 0, 0, 0]);
    expect(shownMaximum(map, 99.5, "both")).toBe(0);
  });
});

describe("bilinear, align_corners=False", () => {
  it("is torch's: halves between pixels, clamped at the edges", () => {
    // torch.nn.functional.interpolate(tensor([[0., 4.]]), size=(1, 4), mode="bilinear")
    expect([...resize([0, 4], 1, 2, 1, 4)]).toEqual([0, 1, 3, 4]);
    // ... tensor([[0., 1.], [2., 3.]]), size=(3, 3)
    expect([...resize([0, 1, 2, 3], 2, 2, 3, 3)]).toEqual([0, 0.5, 1, 1, 1.5, 2, 2, 2.5, 3]);
  });

  it("shrinks by the same rule", () => {
    expect([...resize([0, 1, 2, 3], 1, 4, 1, 2)]).toEqual([0.5, 2.5]);
  });
});

describe("what is shown of a value", () => {
  it("selects by sign", () => {
    expect([-2, 3].map((value) => select(value, "both"))).toEqual([-2, 3]);
    expect([-2, 3].map((value) => select(value, "positive"))).toEqual([0, 3]);
    expect([-2, 3].map((value) => select(value, "negative"))).toEqual([-2, 0]);
  });

  it("takes the percentile between order statistics, as numpy does", () => {
    // numpy.percentile([0, 1, 4, 9], 50) == 2.5, (..., 100) == 9, (..., 90) == 7.5
    const map = {
      nativeValues: Float32Array.of(0, 1, 4, 9),
      nativeCounts: Uint32Array.of(1, 1, 1, 1),
    };
    expect(shownMaximum(map, 50, "both")).toBe(2.5);
    expect(shownMaximum(map, 90, "both")).toBeCloseTo(7.5, 6);
    expect(shownMaximum(map, 100, "both")).toBe(9);
  });

  it("counts the hidden sign as zero", () => {
    const map = { nativeValues: Float32Array.of(-8, 0, 2), nativeCounts: Uint32Array.of(1, 0, 3) };
    expect(shownMaximum(map, 100, "both")).toBe(8);
    expect(shownMaximum(map, 100, "positive")).toBe(2);
    expect(shownMaximum(map, 100, "negative")).toBe(8);
  });

  it("falls back to the peak of a map that is nearly all zero", () => {
    const map = { nativeValues: Float32Array.of(0, 5), nativeCounts: Uint32Array.of(9999, 1) };
    expect(shownMaximum(map, 90, "both")).toBe(5);
  });

  it("scales to the shown maximum and no further", () => {
    expect([-9, -1, 0, 1, 9].map((value) => scaled(value, 2, "both"))).toEqual([
      -1, -0.5, 0, 0.5, 1,
    ]);
    expect(scaled(3, 0, "both")).toBe(0);
  });

  it("puts zero exactly in the centre of a diverging table", () => {
    expect([-1, -0.5, 0, 0.5, 1].map((t) => colourIndex(t, true))).toEqual([1, 64, 128, 192, 255]);
    expect([0, 0.5, 1, -1].map((t) => colourIndex(t, false))).toEqual([0, 128, 255, 255]);
  });

  it("lets weak evidence fade, and hides what is under the threshold", () => {
    const grey = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
    const look = { most: 1, threshold: 0.3, sign: "both", lut: grey, diverging: false } as const;
    const values = Float32Array.of(0, 0.2, 1 / 3, 2 / 3, 1);
    const bytes = new Uint8Array(colourTable(values, { ...look, opaque: false }).buffer);
    expect([3, 7, 11, 15, 19].map((i) => bytes[i])).toEqual([0, 0, 66, 189, 255]);
    const half = new Uint8Array(
      colourTable(Float32Array.of(-0.5, 0.5, 0.49), { ...look, threshold: 0.5, opaque: false })
        .buffer,
    );
    expect([3, 7, 11].map((i) => half[i])).toEqual([128, 128, 0]); // what reaches it is kept
    const opaque = new Uint8Array(colourTable(values, { ...look, opaque: true }).buffer);
    expect([...opaque.slice(4, 8)]).toEqual([0, 0, 0, 255]);
    expect([...opaque.slice(16)]).toEqual([255, 255, 255, 255]);
  });

  it("counts what the threshold keeps", () => {
    const data = Uint8Array.from([0, 128, 200, 255]);
    const map = heatMap(frameOf({ shape: [2, 2], data, peak: 1 }), 2, 2);
    expect([0, 0.5, 0.99].map((threshold) => keptShare(map, 1, threshold, "both"))).toEqual([
      1, 0.5, 0.25,
    ]);
  });
});
