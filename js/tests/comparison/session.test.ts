import { beforeEach, describe, expect, it, vi } from "vitest";
import { type ComparisonSession, comparisonSession, keyOf } from "../../src/comparison/session";
import { difference } from "../../src/maps/difference";
import { heatMap, valueAt } from "../../src/maps/levels";
import { FakeModel, frameOf } from "../fake";

const ROWS = [
  { name: "a", accuracy: 0.9 },
  { name: "b", accuracy: null },
];
const byte = (value: number): Uint8Array => Uint8Array.of(value);

describe("the session of a comparison", () => {
  let model: FakeModel;
  let session: ComparisonSession;
  let changes: string[];
  const open = (state: Record<string, unknown> = {}): void => {
    model = new FakeModel({
      rows: ROWS,
      methods: ["saliency", "grad_cam"],
      picture_index: 0,
      target: null,
      own: false,
      noise: 0,
      ...state,
    });
    changes = [];
    session = comparisonSession({
      model,
      signal: new AbortController().signal,
      changed: (change) => changes.push(change),
      clock: () => 0,
    });
  };
  const cell = (row: number, method: string, key: string, value: number, more = {}): void => {
    const { data: _, ...frame } = frameOf({ method, shape: [1, 1] });
    model.emit("msg:custom", { kind: "cell", key, frame: { ...frame, row, ...more } }, [
      byte(value),
    ]);
  };
  const all = (key: string, value: number): void => {
    for (const row of [0, 1])
      for (const method of ["saliency", "grad_cam"]) cell(row, method, key, value);
  };
  const kinds = (): unknown[] => model.sent.map((message) => (message as { kind: string }).kind);

  beforeEach(() => {
    vi.useFakeTimers();
    open();
  });

  it("knows an answer by what was asked, as Python does", () => {
    const key = (picture_index: number, target: number | null, own: boolean, noise: number) =>
      keyOf({ picture_index, target, own, noise });
    expect(key(1, 281, false, 0.1)).toBe("1|281|0|0.100");
    expect(key(0, 281, true, 0)).toBe("0||1|0.000");
    expect(key(0, null, false, 0)).toBe("0||0|0.000");
  });
  it("takes cells as they come, and is stale until all are there", () => {
    cell(0, "saliency", "0||0|0.000", 7);
    expect(session.stale()).toBe(true);
    expect(session.frameOf([0, "saliency"]).stale).toBe(false);
    expect(session.frameOf([1, "saliency"]).frame).toBeUndefined();
    all("0||0|0.000", 7);
    expect(session.stale()).toBe(false);
    expect(changes).toContain("all");
    cell(1, "grad_cam", "0||0|0.000", 9, { partial: true });
    expect(session.stale()).toBe(true); // it refines
  });
  it("keeps what stood there under noise, not under another picture", () => {
    all("0||0|0.000", 7);
    session.frameOf([0, "saliency"]);
    session.ask({ noise: 0.1 });
    const noisy = session.frameOf([0, "saliency"]);
    expect([noisy.stale, noisy.frame?.data]).toEqual([true, byte(7)]);
    all("0||0|0.100", 8);
    expect(session.frameOf([0, "saliency"]).frame?.data).toEqual(byte(8));
    session.ask({ noise: 0 });
    expect(session.frameOf([0, "saliency"])).toMatchObject({ stale: false });
    session.ask({ picture_index: 1, noise: 0.2 });
    expect(session.frameOf([0, "saliency"]).frame).toBeUndefined();
  });
  it("asks once for what it lacks, and not for what it has", () => {
    all("0||0|0.000", 7);
    session.ask({ noise: 0.1 });
    session.ask({ noise: 0.2 });
    vi.advanceTimersByTime(500);
    expect(model.sent.slice(1)).toEqual([{ kind: "missing", key: "0||0|0.200" }]);
    session.ask({ noise: 0 });
    vi.advanceTimersByTime(500);
    expect(kinds()).toEqual(["ready", "missing"]);
    model.emit("msg:custom", { kind: "forget" });
    expect(session.stale()).toBe(true);
  });
  it("adds measures to measures, and shares a photograph between rows", () => {
    const key = "0||0|0.000";
    const measured = { kind: "measures", key, row: 0, method: "saliency" };
    model.emit("msg:custom", { ...measured, values: { sparseness: 0.5 } });
    model.emit("msg:custom", { ...measured, values: { smoothing: null } });
    expect(session.valuesOf([0, "saliency"])).toEqual({ sparseness: 0.5, smoothing: null });
    const photo = { width: 1, height: 1, mime: "image/png" };
    model.emit("msg:custom", { kind: "prediction", key, prediction: { row: 0, top: [], photo } }, [
      byte(1),
    ]);
    model.emit("msg:custom", { kind: "prediction", key, prediction: { row: 1, top: [] } });
    expect(session.photo(1)?.data).toEqual(byte(1));
  });
  it("pairs two cells of one method, or those that were chosen", () => {
    expect(session.pair).toEqual([
      [0, "saliency"],
      [1, "saliency"],
    ]);
    session.look("pair", [
      [1, "grad_cam"],
      [9, "gone"],
    ]);
    expect(session.pair).toEqual([
      [1, "grad_cam"],
      [0, "grad_cam"],
    ]);
    expect(model.saves).toBe(0);
  });
  it("has in a saved page what was saved", () => {
    const { data: _, ...frame } = frameOf({ method: "saliency", shape: [1, 1] });
    const frames = [
      [0, 0],
      [0, 0.2],
      [1, 0],
    ].map(([picture_index, noise]) => ({
      key: keyOf({ picture_index: picture_index!, target: null, own: false, noise: noise! }),
      picture_index,
      noise,
      predictions: [{ row: 0, top: [] }],
      cells: [{ ...frame, row: 0, data: byte(10 * picture_index! + 100 * noise!) }],
      measures: [{ row: 0, method: "saliency", values: { sparseness: noise } }],
    }));
    open({ frozen: true, frames });
    session.ask({ noise: 0.16 });
    expect(session.request.noise).toBe(0.2);
    expect(session.frameOf([0, "saliency"]).frame?.data).toEqual(byte(20));
    expect(session.valuesOf([0, "saliency"])).toEqual({ sparseness: 0.2 });
    session.ask({ picture_index: 1 });
    expect([session.request.picture_index, session.request.noise]).toEqual([1, 0]);
    expect([
      session.available({ picture_index: 1 }),
      session.available({ picture_index: 2 }),
    ]).toEqual([true, false]);
    expect(model.saves).toBe(0);
  });
});

describe("the difference of two maps", () => {
  const map = (bytes: number[], peak: number, shape: [number, number] = [1, 2]) =>
    heatMap(
      frameOf({ shape, signed: true, peak, data: Uint8Array.from(bytes) }),
      shape[1],
      shape[0],
    );
  const values = (frame: ReturnType<typeof difference>): number[] => {
    const [height, width] = frame.shape;
    const decoded = heatMap(frame, width, height);
    return Array.from({ length: width * height }, (_, i) =>
      valueAt(decoded, Math.floor(i / width), i % width),
    );
  };

  it("subtracts values, or shares of what is shown at most", () => {
    const a = { map: map([254, 127], 4), most: 4 }; // 4, 0
    const b = { map: map([0, 254], 2), most: 2 }; // -2, 2
    const plain = difference(a, b, false);
    expect(plain.range).toEqual([-2, 6]);
    expect(values(plain)[0]).toBeCloseTo(6, 5);
    expect(values(plain)[1]).toBeCloseTo(-2, 1);
    expect(difference(a, b, true).range).toEqual([-1, 2]);
  });
  it("says so where there is none, and fits maps of two sizes", () => {
    const a = { map: map([254, 127], 1), most: 1 };
    expect(difference(a, a, true)).toMatchObject({ peak: 0, state: "zero" });
    const fine = { map: map([254, 254, 127, 127], 1, [1, 4]), most: 1 };
    expect(difference(a, fine, false).peak).toBe(0);
  });
});
