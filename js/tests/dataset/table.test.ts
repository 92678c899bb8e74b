import { describe, expect, it } from "vitest";
import type { ColumnsMessage } from "../../src/core/wire";
import {
  cells,
  confusions,
  counted,
  inOrder,
  inside,
  maskOf,
  wilson,
} from "../../src/dataset/filters";
import { columnsOf, linesWithin } from "../../src/dataset/grid";
import { fromHalves, half, NONE, packBits, Table, unpackBits } from "../../src/dataset/table";
import { chipText } from "../../src/dataset/toolbar";
import { density } from "../../src/dataset/views/confusion";
import { placed } from "../../src/dataset/views/similarity";

const CLASSES = ["cat", "dog", "owl"];
const bytes = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const u2 = (...values: number[]): Uint8Array => bytes(Uint16Array.from(values));
const f4 = (...values: number[]): Uint8Array => bytes(Float32Array.from(values));
const bits = (...values: number[]): Uint8Array => packBits(Uint8Array.from(values));
const text = (...lines: string[]): Uint8Array => new TextEncoder().encode(lines.join("\n"));

/** Six rows: two wrong, one without a label, one not done. */
function small(): Table {
  const table = new Table(6, CLASSES);
  const message: ColumnsMessage = {
    kind: "columns",
    start: 0,
    stop: 6,
    columns: [
      { name: "done", form: "bits", data: bits(1, 1, 1, 1, 1, 0) },
      { name: "failed", form: "bits", data: bits(0, 0, 0, 0, 0, 0) },
      { name: "label", form: "u2", data: u2(0, 1, 2, 0, NONE, 1) },
      { name: "prediction", form: "u2", data: u2(0, 2, 2, 1, 1, NONE) },
      { name: "loss", form: "f4", data: f4(0.1, 3, 0.5, 2, Number.NaN, Number.NaN) },
      { name: "camera", form: "u2", values: ["north", "south"], data: u2(0, 1, 0, 1, 0, 1) },
      { name: "key", form: "text", data: text("a.png", "b.png", "c.png", "d.png", "e", "f") },
    ],
  };
  table.take(message);
  return table;
}
const rowsOf = (mask: Uint8Array): number[] => [...mask.keys()].filter((i) => mask[i]);

describe("columns", () => {
  it.each([
    [0x3c00, 1],
    [0xc000, -2],
    [0x3555, 0.333251953125],
    [0x0001, 2 ** -24],
    [0x7bff, 65504],
    [0x8000, -0],
  ])("float16 %d is %d", (given, value) => expect(half(given)).toBe(value));
  it("has numbers that are none", () => {
    expect([half(0x7e00), half(0x7c00), half(0xfc00)]).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
  });
  it("packs bits as NumPy does", () => {
    expect([...bits(1, 0, 1, 0, 0, 0, 0, 0, 1)]).toEqual([0b10100000, 0b10000000]);
    expect([...unpackBits(bits(1, 0, 1, 0, 0, 0, 0, 0, 1), 9)]).toEqual([
      1, 0, 1, 0, 0, 0, 0, 0, 1,
    ]);
  });
  it("takes pieces wherever they begin, whatever their offset in a message", () => {
    const table = new Table(5, CLASSES);
    const buffer = new Uint8Array(9);
    buffer.set(f4(7, 8), 1);
    const data = new DataView(buffer.buffer, 1, 8);
    table.take({
      kind: "columns",
      start: 3,
      stop: 5,
      columns: [{ name: "loss", form: "f4", data }],
    });
    expect([...table.numbers("loss")!]).toEqual([Number.NaN, Number.NaN, Number.NaN, 7, 8]);
  });
  it("knows what is right, and the words of a row", () => {
    const table = small();
    expect([...table.correct]).toEqual([1, 0, 1, 0, 0, 0]);
    expect([table.word("label", 1), table.word("label", 4), table.word("key", 2)]).toEqual([
      "dog",
      "",
      "c.png",
    ]);
    expect([table.word("camera", 3), table.word("loss", 1), table.word("loss", 4)]).toEqual([
      "south",
      "3",
      "",
    ]);
  });
  it("sorts with what has no value last, and equal ones in their order", () => {
    const table = small();
    expect([...table.order("-loss")]).toEqual([1, 3, 2, 0, 4, 5]);
    expect([...table.order("loss")]).toEqual([0, 2, 3, 1, 4, 5]);
    expect([...table.order("label")]).toEqual([0, 3, 1, 5, 2, 4]);
    expect([...table.order("-row")]).toEqual([5, 4, 3, 2, 1, 0]);
  });
  it("sorts negative numbers too", () => {
    const table = new Table(4, CLASSES);
    const data = f4(-1, 2, -3, 0);
    table.take({ kind: "columns", start: 0, stop: 4, columns: [{ name: "x", form: "f4", data }] });
    expect([...table.order("x")]).toEqual([2, 0, 3, 1]);
    expect([...table.order("-x")]).toEqual([1, 3, 0, 2]);
  });
  it("tells by its stamps which columns have changed", () => {
    const table = small();
    const before = [["loss"], ["camera"], [], ["search"]].map((names) => table.stampOf(names));
    const data = u2(1, 1, 1, 1, 1, 1);
    const values = ["north", "south"];
    const columns = [{ name: "camera", form: "u2" as const, values, data }];
    table.take({ kind: "columns", start: 0, stop: 6, columns });
    const after = [["loss"], ["camera"], [], ["search"]].map((names) => table.stampOf(names));
    expect(after.map((stamp, i) => stamp > before[i]!)).toEqual([false, true, false, true]);
    const answers = [{ name: "done", form: "bits" as const, data: bits(1, 1, 1, 1, 1, 1) }];
    table.take({ kind: "columns", start: 0, stop: 6, columns: answers });
    expect(table.stampOf([])).toBe(after[2]! + 1);
    expect([table.done, table.answered]).toEqual([6, 2]);
  });
  it("reads float16 columns as half does", () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    expect([...fromHalves(all)]).toEqual([...all].map(half));
  });
  it("takes verdicts", () => {
    const table = small();
    table.takeVerdicts({
      kind: "verdicts",
      words: ["hard"],
      data: u2(NONE, 0, NONE, 0, NONE, NONE),
    });
    expect(rowsOf(maskOf(table, { verdict: ["hard"] }))).toEqual([1, 3]);
    expect(rowsOf(maskOf(table, { verdict: [""] }))).toEqual([0, 2, 4, 5]);
    table.takeVerdicts({ kind: "verdicts", words: [], data: new Uint8Array() });
    expect(rowsOf(maskOf(table, { verdict: [""] }))).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe("filters", () => {
  it.each([
    [{}, [0, 1, 2, 3, 4, 5]],
    [{ correct: false }, [1, 3]],
    [{ correct: true }, [0, 2]],
    [{ label: [0, 1] }, [0, 1, 3, 5]],
    [{ label: [0], prediction: [1] }, [3]],
    [{ loss: [0.5, 2] }, [2, 3]],
    [{ camera: ["south"] }, [1, 3, 5]],
    [{ rows: [4, 0] }, [0, 4]],
    [{ done: true }, [0, 1, 2, 3, 4]],
    [{ search: "CAT" }, [0, 3]],
    [{ search: "dog south" }, [1, 3, 5]],
    [{ search: "b.png" }, [1]],
  ])("%j keeps %j", (filter, rows) => expect(rowsOf(maskOf(small(), filter))).toEqual(rows));
  it("counts what has a label and is done", () => {
    expect(counted(small())).toEqual({ rows: 6, labelled: 4, right: 2 });
    expect(counted(small(), maskOf(small(), { camera: ["north"] }))).toEqual({
      rows: 3,
      labelled: 2,
      right: 2,
    });
  });
  it("keeps the order", () => {
    const order = Uint32Array.from([5, 3, 1, 0]);
    expect([...inOrder(order, Uint8Array.from([1, 1, 0, 1, 0, 0]))]).toEqual([3, 1, 0]);
  });
  it("has Wilson's interval", () => {
    const [low, high] = wilson(8, 10);
    expect([low.toFixed(4), high.toFixed(4)]).toEqual(["0.4902", "0.9433"]);
    expect(wilson(0, 0)).toEqual([0, 1]);
  });
  it("finds what is within a lasso", () => {
    const xs = Float32Array.from([0.1, 0.5, 0.5, 0.9, Number.NaN]);
    const ys = Float32Array.from([0.5, 0.5, 0.1, 0.5, 0.5]);
    const all = new Uint8Array(5).fill(1);
    const square = [0.3, 0.3, 0.7, 0.3, 0.7, 0.7, 0.3, 0.7];
    expect(inside(xs, ys, all, square)).toEqual([1]);
    expect(inside(xs, ys, new Uint8Array(5), square)).toEqual([]);
  });
  it.each([
    ["correct", false, "wrong"],
    ["label", [1], "label dog"],
    ["prediction", [0, 2], "answer cat and 1 more"],
    ["probability", [0.8, 1], "sure ≥ 80\xa0%"],
    ["loss", [0.5, 2], "loss 0.5 to 2"],
    ["verdict", [""], "verdict none"],
    ["rows", [1, 2, 3], "3 by hand"],
  ])("%s %j is said as %s", (name, value, words) => {
    expect(chipText(name, value, CLASSES)).toBe(words);
  });
});

describe("confusion", () => {
  it("lists what is taken for what", () => {
    expect(confusions(cells(small()), 3)).toEqual([
      { label: 1, prediction: 2, count: 1, share: 1 },
      { label: 0, prediction: 1, count: 1, share: 0.5 },
    ]);
  });
  it("is of bundles that differ by one class at most, as NumPy splits", () => {
    const sizes = (n: number, side: number): number[] => {
      const order = Array.from({ length: n }, (_, i) => i);
      const { bundles } = density(new Map(), order, side);
      expect(bundles.flat()).toEqual(order);
      return bundles.map(({ length }) => length);
    };
    expect(sizes(7, 3)).toEqual([3, 2, 2]);
    expect(sizes(8, 3)).toEqual([3, 3, 2]);
    expect(sizes(6, 3)).toEqual([2, 2, 2]);
    expect(sizes(2, 5)).toEqual([1, 1]);
  });
  it("bundles many classes as NumPy splits them", () => {
    const found = new Map([
      [0 * 5 + 4, 2],
      [3 * 5 + 3, 7],
    ]);
    const { counts, bundles } = density(found, [4, 3, 2, 1, 0], 2);
    expect(bundles).toEqual([
      [4, 3, 2],
      [1, 0],
    ]);
    expect(counts).toEqual([
      [7, 0],
      [2, 0],
    ]);
  });
});

describe("places", () => {
  it("knows the lines that are near what is seen", () => {
    expect(linesWithin(0, 400, 100, 50, 2)).toEqual([0, 5]);
    expect(linesWithin(1050, 400, 100, 50, 0)).toEqual([10, 14]);
    expect(linesWithin(4800, 400, 100, 50, 2)).toEqual([46, 49]);
    expect(linesWithin(0, 400, 100, 0, 2)).toEqual([0, -1]);
  });
  it("fits pictures into a width", () => {
    expect(columnsOf(570)).toEqual([5, 106]);
    expect(columnsOf(120)).toEqual([2, 55]);
  });
  it("spreads points over the box, rows without one left out", () => {
    const [xs, ys] = placed(
      Float32Array.from([0, 10, Number.NaN]),
      Float32Array.from([5, 5, Number.NaN]),
    );
    expect([...xs].map((x) => +x.toFixed(2))).toEqual([0.03, 0.97, Number.NaN]);
    expect(+ys[0]!.toFixed(2)).toBe(0.03);
  });
});
