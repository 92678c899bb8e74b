import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Bytes, PicturesMessage } from "../../src/core/wire";
import { datasetSession, withBytes } from "../../src/dataset/session";
import { sheets } from "../../src/dataset/sheets";
import { NONE, packBits } from "../../src/dataset/table";
import { FakeModel } from "../fake";

vi.stubGlobal("createImageBitmap", () => new Promise(() => {})); // which jsdom lacks

const HEAD = {
  ...{ name: "Small", count: 4, classes: ["cat", "dog"], method: "grad_cam", title: "Grad-CAM" },
  ...{ signed: false, folder: "some.study", metadata: [], able: true },
};
const u2 = (...values: number[]): Bytes => new Uint8Array(Uint16Array.from(values).buffer);
const bits = (...values: number[]): Bytes => packBits(Uint8Array.from(values));
const COLUMNS = {
  message: {
    kind: "columns",
    start: 0,
    stop: 4,
    columns: [
      { name: "done", form: "bits" },
      { name: "failed", form: "bits" },
      { name: "label", form: "u2" },
      { name: "prediction", form: "u2" },
    ],
  },
  buffers: [bits(1, 1, 1, 0), bits(0, 0, 0, 0), u2(0, 0, 1, NONE), u2(0, 1, 1, NONE)],
};

describe("a data set's session", () => {
  let model: FakeModel;
  let session: ReturnType<typeof datasetSession>;
  const kinds = (): string[] => model.sent.map((sent) => (sent as { kind: string }).kind);

  function begin(more: Record<string, unknown> = {}): void {
    vi.useFakeTimers();
    const { signal } = new AbortController();
    model = new FakeModel({ head: HEAD, sort: "row", filter: {}, slice: "", chosen: [], ...more });
    session = datasetSession({ model, signal, changed: () => {} });
  }
  beforeEach(() => {
    begin();
    model.emit("msg:custom", COLUMNS.message, COLUMNS.buffers);
  });

  it("filters and sorts without a word to the kernel", () => {
    expect([...session.rows]).toEqual([0, 1, 2]); // the fourth is not there yet
    session.where("correct", false);
    expect([...session.rows]).toEqual([1]);
    session.look("sort", "-row");
    session.where("correct", undefined);
    expect([...session.rows]).toEqual([2, 1, 0]);
    expect([kinds(), model.saves]).toEqual([["ready"], 0]);
    vi.advanceTimersByTime(500); // Python is told once the hand rests
    expect([kinds(), model.saves]).toEqual([["ready"], 1]);
  });

  it("keeps the rows of a slice", () => {
    const one = { id: "slice: odd", title: "odd", family: "slice" };
    const sets = { kind: "sets", reading: "slices", words: "", partial: false, sets: [one] };
    model.emit("msg:custom", sets, [bits(0, 1, 0, 1)]);
    session.only({}, "slice: odd");
    expect([...session.rows]).toEqual([1]);
    expect(session.count).toEqual({ rows: 1, labelled: 1, right: 0 });
    expect(session.total).toEqual({ rows: 4, labelled: 3, right: 2 });
  });

  it("asks for a reading and for a row once", () => {
    session.read("slices");
    session.read("slices");
    session.lookAt(2);
    session.lookAt(2);
    expect(kinds()).toEqual(["ready", "read", "detail"]);
    session.read("slices", true);
    expect(kinds()).toEqual(["ready", "read", "detail", "read"]);
  });

  it("asks for the names when pictures are there, or after a while, once", () => {
    session.tick(0);
    session.tick(900);
    expect(kinds()).toEqual(["ready"]);
    session.tick(1100);
    session.tick(1400);
    expect(kinds()).toEqual(["ready", "rest"]);
  });

  it("keeps groups of maps as slices, and asks for them by the rows that are shown", () => {
    session.where("correct", true);
    session.group("maps");
    const sent = model.sent.at(-1);
    expect(sent).toEqual({ kind: "groups", of: "maps" });
    expect(session.busy("groups")).toBe(true);
    const one = { id: "group: Group 1 of 1", title: "Group 1 of 1", family: "group", count: 2 };
    const maps = { shapes: [1, 2], peaks: [0.5], signed: [false] };
    const groups = { kind: "groups", of: "maps", of_rows: 2, stability: null, words: "", gamma: 2 };
    const data = Uint8Array.from([0, 255]);
    model.emit("msg:custom", { ...groups, sets: [one], maps }, [bits(1, 0, 1, 0), data]);
    expect(session.groups!.mean[0]).toMatchObject({ shape: [1, 2], peak: 0.5, range: [0, 0.5] });
    expect([...(session.groups!.mean[0]!.data as Uint8Array)]).toEqual([0, 255]);
    session.only({}, one.id);
    expect([...session.rows]).toEqual([0, 2]);
  });

  it("asks for the mean maps of the confusion once", () => {
    session.askMeans();
    session.askMeans();
    expect(kinds()).toEqual(["ready", "means"]);
    const maps = { shapes: [1, 1], peaks: [1], signed: [false] };
    const means = { kind: "means", words: "alike", gamma: 2, cells: [[0, 1]], labels: [0] };
    const buffers = [Uint8Array.of(255), Uint8Array.of(254)];
    model.emit("msg:custom", { ...means, maps, differences: maps }, buffers);
    expect(session.means).toMatchObject({ maps: { data: buffers[0] } });
    expect(session.means).toMatchObject({ differences: { data: buffers[1] } });
  });

  it("has everything of a saved page, and asks nobody", () => {
    const { columns, ...rest } = COLUMNS.message;
    const filled = columns.map((own, i) => ({ ...own, data: COLUMNS.buffers[i] }));
    begin({ frozen: true, frames: [{ ...rest, columns: filled }] });
    expect([...session.rows]).toEqual([0, 1, 2]);
    session.read("slices");
    session.lookAt(1);
    session.needPart();
    session.pictures.want([0, 1], []);
    session.tick(0);
    session.tick(5000);
    session.where("correct", true);
    vi.advanceTimersByTime(1000);
    expect([[...session.rows], kinds(), model.saves]).toEqual([[0, 2], ["ready"], 0]);
  });

  it("puts bytes back where they belong", () => {
    const [a, b] = [u2(1), u2(2)];
    const pictures = { kind: "pictures", rows: [], ends: [], gamma: 2, maps: { shapes: [] } };
    expect(withBytes(pictures as never, [a, b])).toMatchObject({ data: a, maps: { data: b } });
    const detail = { kind: "detail", row: 1, picture: { mime: "image/png" } };
    expect(withBytes(detail as never, [a])).toMatchObject({ picture: { data: a } });
    expect(withBytes({ kind: "detail", row: 1 } as never, [])).toEqual({ kind: "detail", row: 1 });
  });
});

describe("pages of pictures", () => {
  const page = (rows: number[]): PicturesMessage => ({
    kind: "pictures",
    rows,
    ends: rows.map((_, i) => 2 * (i + 1)),
    gamma: 2,
    data: Uint8Array.from(rows.flatMap((row) => [row, row])),
    maps: {
      shapes: rows.flatMap(() => [1, 2]),
      peaks: rows.map(() => 1),
      signed: rows.map(() => false),
      data: Uint8Array.from(rows.flatMap((row) => [row, 255])),
    },
  });
  let asked: number[][];
  let time: number;
  const bitmap = { close: () => {} };
  let decoded: number[];
  beforeEach(() => {
    decoded = [];
    vi.useRealTimers();
    vi.stubGlobal("requestAnimationFrame", (draw: () => void) => draw());
    vi.stubGlobal("createImageBitmap", async (jpeg: Blob) => {
      decoded.push(new Uint8Array(await jpeg.arrayBuffer())[0]!);
      return bitmap;
    });
  });
  afterEach(() => vi.unstubAllGlobals());
  const rest = () => new Promise((done) => setTimeout(done, 50));
  const begin = (forever = false) => {
    asked = [];
    time = 0;
    return sheets(
      (rows) => asked.push(rows),
      () => {},
      forever,
      () => time,
    );
  };

  it("asks for all that is seen at once, for what is near afterwards, and never twice", async () => {
    const own = begin();
    const upTo = (from: number, n: number) => Array.from({ length: n }, (_, i) => from + i);
    own.want(upTo(0, 60), upTo(60, 50));
    expect(asked).toEqual([upTo(0, 60)]);
    own.want(upTo(5, 60), upTo(65, 50)); // the wheel turns: what has come into sight does not wait
    expect(asked.slice(1)).toEqual([upTo(60, 5)]);
    own.take(page(asked[1]!));
    expect(asked).toHaveLength(2);
    own.take(page(asked[0]!));
    expect(asked).toHaveLength(2); // what is seen is decoded first
    await rest();
    expect(asked.slice(2)).toEqual([upTo(65, 48)]);
    own.want([0, 1, 2], []);
    expect(asked).toHaveLength(3);
  });
  it("decodes what is seen first, and what is near one by one", async () => {
    const own = begin();
    own.want([1, 2], [3, 4]);
    own.take(page([1, 2, 3, 4]));
    await rest();
    expect(decoded).toEqual([1, 2, 3, 4]);
    expect(own.bitmap(4)).toBe(bitmap);
    own.want([4, 1], [3, 2]);
    await rest();
    expect([asked, decoded.length]).toEqual([[[1, 2]], 4]);
  });
  it("does not wait for what cannot be decoded", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    vi.stubGlobal("createImageBitmap", () => Promise.reject(new Error("no picture")));
    const own = begin();
    own.want([1], [3]);
    own.take(page([1]));
    await rest();
    expect(asked).toEqual([[1], [3]]);
    warned.mockRestore();
  });
  it("asks again for what was left out", () => {
    const own = begin();
    own.want([4, 5, 6], []);
    own.take(page([4, 5]));
    expect(asked).toEqual([[4, 5, 6], [6]]);
  });
  it("waits for an answer in several messages to its end", async () => {
    const own = begin();
    own.want([4, 5, 6, 7], [8]);
    own.take({ ...page([4, 5]), more: true });
    expect(own.sprite(5)).toBeDefined();
    time = 3000; // each message shows that the kernel is at it
    own.take({ ...page([6]), more: true });
    time = 6000;
    own.tick();
    expect(asked).toEqual([[4, 5, 6, 7]]);
    own.take({ ...page([7]), more: false });
    await rest();
    expect(asked).toEqual([[4, 5, 6, 7], [8]]);
  });
  it("keeps the picture and the map of each row", () => {
    const own = begin();
    own.take(page([7, 9]));
    expect([...own.sprite(9)!.jpeg]).toEqual([9, 9]);
    expect(own.sprite(9)!.map).toMatchObject({ shape: [1, 2], peak: 1, signed: false });
    expect([...(own.sprite(9)!.map!.data as Uint8Array)]).toEqual([9, 255]);
  });
  it("asks again for what never came", () => {
    const own = begin();
    own.want([1], []);
    time = 3999;
    own.tick();
    expect(asked).toHaveLength(1);
    time = 4001;
    own.tick();
    expect(asked).toEqual([[1], [1]]);
  });
  it("asks nobody in a saved page", () => {
    begin(true).want([1, 2], [3]);
    expect(asked).toEqual([]);
  });
});
