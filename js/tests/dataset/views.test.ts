// @vitest-environment jsdom
// What the views of a data set choose, count and ask for; colours and pixels are looked at elsewhere.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Bytes, QuantisedMap } from "../../src/core/wire";
import { type DatasetSession, datasetSession } from "../../src/dataset/session";
import { packBits } from "../../src/dataset/table";
import { confusionView } from "../../src/dataset/views/confusion";
import { groupsView } from "../../src/dataset/views/groups";
import { meanMaps } from "../../src/dataset/views/means";
import { placed, similarityView } from "../../src/dataset/views/similarity";
import { FakeModel } from "../fake";

const painted: Array<[canvas: HTMLCanvasElement, map: QuantisedMap]> = [];
vi.mock("../../src/dataset/tile", () => ({
  paintMap: (canvas: HTMLCanvasElement, map: QuantisedMap) => painted.push([canvas, map]),
  paintTile: () => undefined,
}));

const HEAD = {
  ...{ name: "Small", count: 4, classes: ["cat", "dog"], method: "grad_cam", title: "Grad-CAM" },
  ...{ signed: false, folder: "some.study", metadata: [], able: true },
};
const bytes = (values: Uint16Array | Float32Array): Bytes => new Uint8Array(values.buffer);
const u2 = (...values: number[]): Bytes => bytes(Uint16Array.from(values));
const f4 = (...values: number[]): Bytes => bytes(Float32Array.from(values));
const bits = (...values: number[]): Bytes => packBits(Uint8Array.from(values));

let model: FakeModel;
let session: DatasetSession;
let end: AbortController;
const tell = (message: object, ...buffers: Bytes[]): void =>
  model.emit("msg:custom", message, buffers);
const kinds = (): string[] => model.sent.map((sent) => (sent as { kind: string }).kind);

/** Labels and answers of the four pictures; the last ones may not be there yet. */
function answered(done: number[], label = [0, 0, 1, 1], prediction = [0, 1, 1, 1]): void {
  const columns = [
    { name: "done", form: "bits" },
    { name: "failed", form: "bits" },
    { name: "label", form: "u2" },
    { name: "prediction", form: "u2" },
  ];
  const message = { kind: "columns", start: 0, stop: 4, columns };
  tell(message, bits(...done), bits(0, 0, 0, 0), u2(...label), u2(...prediction));
}
function begin(more: Record<string, unknown> = {}): void {
  end = new AbortController();
  const { signal } = end;
  model = new FakeModel({ head: HEAD, sort: "row", filter: {}, slice: "", chosen: [], ...more });
  session = datasetSession({ model, signal, changed: () => {} });
}

beforeEach(() => {
  painted.length = 0;
  vi.stubGlobal("createImageBitmap", () => new Promise(() => {}));
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe(): void {}
      disconnect(): void {}
    },
  );
  vi.stubGlobal(
    "Path2D",
    class {
      moveTo(): void {}
      arc(): void {}
    },
  );
  const context = new Proxy({}, { get: () => () => {}, set: () => true });
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(context as never);
  HTMLElement.prototype.setPointerCapture = () => {};
});
afterEach(() => {
  end.abort();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("points", () => {
  it("fill their box, whatever their numbers are", () => {
    begin();
    const [xs, ys] = placed(Float32Array.of(10, 20, 15), Float32Array.of(-4, -4, -4));
    for (const [i, x] of [0.03, 0.97, 0.5].entries()) expect(xs[i]).toBeCloseTo(x, 6);
    expect([...ys].every((y) => Math.abs(y - 0.03) < 1e-6)).toBe(true);
  });

  const chosen: number[] = [];
  const kept: number[][] = [];
  let pane: HTMLElement;
  const at = (row: number): [number, number] => {
    const [xs, ys] = placed(Float32Array.of(0, 10, 1, -10), Float32Array.of(0, 1, 10, 0));
    return [400 * xs[row]!, 200 * ys[row]!];
  };
  const pointer = (type: string, [clientX, clientY]: readonly number[]): void => {
    const event = new MouseEvent(type, { clientX, clientY } as MouseEventInit);
    pane.dispatchEvent(Object.assign(event, { pointerId: 1 }));
  };
  function show(more: Record<string, unknown> = {}): void {
    [chosen.length, kept.length] = [0, 0];
    begin({ view: "similarity", ...more });
    answered([1, 1, 1, 1]);
    tell({ kind: "points", method: "tsne" }, f4(0, 0, 10, 1, 1, 10, -10, 0));
    const act = {
      lasso: (rows: number[]) => kept.push(rows),
      choose: (row: number) => chosen.push(row),
      speak: () => {},
    };
    const host = document.createElement("div");
    const [element, refresh] = similarityView(end.signal, session, host, act);
    host.append(element);
    document.body.replaceChildren(host);
    pane = host.querySelector(".xw-cloudbox")!;
    pane.getBoundingClientRect = () => ({ left: 0, top: 0, width: 400, height: 200 }) as DOMRect;
    Object.defineProperty(pane, "clientWidth", { value: 400 });
    Object.defineProperty(pane, "clientHeight", { value: 200 });
    refresh();
  }

  it("are asked for once all pictures are explained", () => {
    show();
    expect(kinds()).toContain("read");
    begin({ view: "similarity" });
    answered([1, 1, 1, 0]);
    const act = { lasso() {}, choose() {}, speak() {} };
    const [, refresh] = similarityView(end.signal, session, document.body, act);
    refresh();
    expect(kinds()).not.toContain("read");
  });
  it("that were not worked out before a page was saved are said to be missing", () => {
    begin({ view: "similarity", frozen: true });
    answered([1, 1, 1, 1]);
    const act = { lasso() {}, choose() {}, speak() {} };
    const [element, refresh] = similarityView(end.signal, session, document.body, act);
    refresh();
    expect(element.textContent).toContain("Similarity is not in this saved page");
    tell({ kind: "points", method: "pca" }, f4(0, 0, 10, 1, 1, 10, -10, 0));
    refresh();
    expect(element.textContent).toContain("Draw around points");
  });
  it("are chosen by a click near them, of those that are shown", () => {
    show();
    const click = (place: readonly number[]): void => {
      pointer("pointerdown", place);
      pointer("pointerup", place);
    };
    const [x, y] = at(1);
    click([x + 3, y - 3]);
    click([x - 40, y + 40]);
    expect(chosen).toEqual([1]);
    show({ filter: { rows: [0, 2, 3] } });
    click(at(1));
    click(at(2));
    expect(chosen).toEqual([2]);
  });
  it("are kept by a lasso around them", () => {
    show();
    const [x, y] = at(0);
    pointer("pointerdown", [x - 20, y - 20]);
    for (const [dx, dy] of [
      ...[
        [0, -20],
        [20, -20],
        [20, 0],
        [20, 20],
        [0, 20],
        [-20, 20],
      ],
    ] as Array<[number, number]>) {
      pointer("pointermove", [x + dx, y + dy]);
    }
    pointer("pointerup", [x - 20, y]);
    expect([kept, chosen]).toEqual([[[0]], []]);
  });
  it("are walked by arrow keys: to the next one in that direction", () => {
    const next = (key: string, row: number, filter: object = {}): number | undefined => {
      show({ row, filter });
      pane.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
      return chosen[0];
    };
    expect(next("ArrowRight", 0)).toBe(1);
    expect(next("ArrowLeft", 0)).toBe(3);
    expect(next("ArrowDown", 0)).toBe(2);
    expect(next("ArrowUp", 0)).toBeUndefined();
    expect(next("ArrowRight", 0, { rows: [0, 2, 3] })).toBeUndefined();
  });
});

describe("the confusion", () => {
  it("is walked through with the arrow keys, and is one stop of the tab key", () => {
    begin({ view: "confusion" });
    answered([1, 1, 1, 1], [0, 0, 1, 1], [0, 1, 1, 1]);
    const shown: object[] = [];
    const [element, refresh] = confusionView(end.signal, session, {
      show: (filter) => shown.push(filter),
    });
    document.body.replaceChildren(element);
    refresh();
    const table = element.querySelector("table")!;
    const stops = [...table.querySelectorAll("button")].filter(({ tabIndex }) => tabIndex === 0);
    expect(stops.map(({ title }) => title)).toEqual(["answers: cat"]);
    stops[0]!.focus();
    const walked = ["Down", "Right", "Down", "Left", "Left", "Up", "Up", "Left"].map((way) => {
      const key = `Arrow${way}`;
      document.activeElement!.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      return (document.activeElement as HTMLElement).title;
    });
    expect(walked).toEqual([
      "cat, answered cat: 1",
      "cat, answered dog: 1",
      "dog, answered dog: 2",
      "labels: dog", // nothing is a dog and answered cat
      "labels: dog",
      "labels: cat",
      "labels: cat",
      "labels: cat",
    ]);
    (document.activeElement as HTMLElement).click();
    expect(shown).toEqual([{ label: [0] }]);
    expect(table.querySelectorAll('[tabindex="0"]')).toHaveLength(1);
  });
});

describe("groups of maps", () => {
  function show(done: number[], more: Record<string, unknown> = {}) {
    begin({ view: "groups", ...more });
    answered(done, [0, 0, 1, 1], [0, 1, 1, 1]);
    const [element, refresh] = groupsView(end.signal, session, { show() {} });
    document.body.replaceChildren(element);
    refresh();
    return { element, refresh };
  }
  it("are asked for by themselves once all pictures are explained", () => {
    show([1, 1, 1, 0]);
    expect(kinds()).toEqual(["ready"]);
    const { refresh } = show([1, 1, 1, 1]);
    refresh();
    expect(kinds()).toEqual(["ready", "groups"]);
    show([1, 1, 1, 1], { filter: { rows: [] } });
    expect(kinds()).toEqual(["ready"]);
  });
  it("that were not made before a page was saved are said to be missing", () => {
    const { element } = show([1, 1, 1, 1], { frozen: true });
    expect(element.textContent).toContain("Groups are not in this saved page");
    expect(kinds()).not.toContain("groups");
  });
  it("say how many there are, and what they are answered mostly", () => {
    const { element, refresh } = show([1, 1, 1, 1]);
    const group = (i: number, count: number): object => ({
      ...{ id: `group: Group ${i} of 2`, title: `Group ${i} of 2`, family: "group", count },
      ...{ first: [], accuracy: null },
    });
    const maps = { shapes: [1, 1, 1, 1], peaks: [1, 1], signed: [false, false] };
    tell(
      {
        ...{ kind: "groups", of: "maps", of_rows: 4, stability: 0.9, words: "", gamma: 2, maps },
        sets: [group(1, 3), group(2, 1)],
      },
      ...[bits(1, 1, 1, 0), bits(0, 0, 0, 1), Uint8Array.of(255, 255)],
    );
    tell({ kind: "reading", reading: "groups", busy: false, words: "" });
    refresh();
    const cards = [...element.querySelectorAll(".xw-groupcard")].map((card) =>
      card.textContent!.replaceAll("\xa0", " "),
    );
    expect(cards[0]).toContain("Group 1 of 2 75 %3 pictures67 % answered dog");
    expect(cards[1]).toContain("Group 2 of 2 25 %1 picture100 % answered dog");
    expect(element.textContent).toContain("agree to 0.9 of 1");
    // They are of what is shown: there is nothing to ask for until something else is.
    const button = element.querySelector<HTMLElement>('[data-xw-control="group"]')!;
    expect(button.hidden).toBe(true);
    session.look("filter", { correct: true });
    refresh();
    expect(button.hidden).toBe(false);
    expect(button.textContent).toBe("Group the 3 pictures that are shown");
    button.click();
    expect(kinds().filter((kind) => kind === "groups")).toHaveLength(2);
  });
});

describe("mean maps of the confusion", () => {
  const maps = (...peaks: number[]): object => ({
    shapes: peaks.flatMap(() => [1, 1]),
    ...{ peaks, signed: peaks.map(() => false) },
  });
  const means = (cell: number, difference: number): void =>
    tell(
      {
        ...{ kind: "means", words: "", gamma: 2, cells: [[0, 0]], labels: [0] },
        ...{ maps: maps(cell), differences: maps(difference) },
      },
      ...[Uint8Array.of(255), Uint8Array.of(255)],
    );

  it("are those of cells, and of right less wrong, as they came last", () => {
    begin({ view: "confusion" });
    answered([1, 1, 1, 1]);
    const view = meanMaps(session);
    const cell = view.canvas("cell", 0, 0, "a");
    const difference = view.canvas("difference", 0, 0, "b");
    const none = view.canvas("cell", 1, 0, "c");
    view.shown = true;
    view.paint();
    expect(kinds()).toEqual(["ready", "means"]);
    means(1, 2);
    view.paint();
    const peaks = (): unknown[] => painted.map(([canvas, map]) => [canvas, map.peak]);
    expect(peaks()).toEqual([
      [cell, 1],
      [difference, 2],
    ]);
    expect([cell.width, none.width]).toEqual([64, 0]);
    painted.length = 0;
    view.paint();
    expect(painted).toEqual([]); // nothing has changed
    means(3, 4);
    view.paint();
    expect(peaks()).toEqual([
      [cell, 3],
      [difference, 4],
    ]);
  });
  it("are not asked for before all pictures are explained", () => {
    begin({ view: "confusion" });
    answered([1, 1, 1, 0]);
    const view = meanMaps(session);
    view.shown = true;
    view.paint();
    expect(kinds()).toEqual(["ready"]);
  });
});
