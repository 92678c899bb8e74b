import { beforeEach, describe, expect, it } from "vitest";
import { type Change, type Exploring, exploring } from "../../src/latent/session";
import { FakeModel } from "../fake";

const slid = [
  { name: "counterfactual", low: -1, high: 3, weight: null, flip: 0.5 },
  { name: "direction 1", low: -3, high: 3, weight: 0.4, flip: null },
];
const said = { chances: [[0, 1]], label: 0, label_name: "a" };
const raw = { width: 1, height: 1, mime: "", data: new Uint8Array([1, 2, 3]), ...said };

describe("a conversation about latents", () => {
  let model: FakeModel;
  let session: Exploring;
  let changes: Change[];
  const open = (state: Record<string, unknown>): void => {
    model = new FakeModel({
      sliders: { run: 1, shown: slid },
      edited: {},
      frame: { seq: 1, maps: {} },
      ...state,
    });
    changes = [];
    session = exploring(
      model,
      new AbortController().signal,
      (change) => changes.push(change),
      () => 0,
    );
  };
  const edits = (): unknown[] =>
    model.sent
      .filter((each) => (each as { kind: string }).kind === "edit")
      .map((each) => (each as { values: unknown }).values);
  const answer = (values: number[], place = -1): void =>
    model.set("edited", { values, place, run: 1, score: 0, ...raw });

  beforeEach(() => open({}));

  it("has one move in flight, and the latest goes next", () => {
    session.move(0, 0.1);
    session.move(0, 0.2);
    session.move(1, -1);
    expect(session.values).toEqual([0.2, -1]); // the slider follows at once
    expect(edits()).toEqual([[0.1, 0]]);
    answer([0.1, 0]);
    expect(edits()).toEqual([
      [0.1, 0],
      [0.2, -1],
    ]);
    expect(session.values).toEqual([0.2, -1]); // an older answer does not move it
    answer([0.2, -1]);
    expect(edits().length).toBe(2);
  });
  it("follows a move from Python", () => {
    answer([0.7, 0], 3);
    expect(session.values).toEqual([0.7, 0]);
    expect([session.place, session.ring]).toEqual([3, 3]);
    model.set("frame", { seq: 2, maps: {} });
    expect(session.ring).toBe(-1); // another distillation has other neighbours
  });
  it("takes a neighbour, and everything back", () => {
    session.take(5);
    expect([session.place, session.values]).toEqual([5, [0, 0]]);
    answer([0, 0], 5);
    session.reset();
    expect(session.place).toBe(-1);
  });
  it("asks for neighbours' pictures once", () => {
    expect(session.neighbour(4, () => [4, 5])).toBeUndefined();
    session.neighbour(4, () => [4, 5]);
    const asked = (): unknown[] =>
      model.sent.filter((each) => (each as { kind: string }).kind === "neighbours");
    expect(asked()).toEqual([{ kind: "neighbours", run: 1, places: [4, 5] }]);
    const pictures = [4, 5].map((place) => ({ place, width: 1, height: 1, mime: "image/png" }));
    model.emit("msg:custom", { kind: "neighbours", run: 1, pictures }, [raw.data, raw.data]);
    expect(session.neighbour(5, () => [5])?.data).toBe(raw.data);
  });
  it("asks nobody in a saved page", () => {
    const frames = [-1, 0, 1].map((value) => ({ slider: 0, value, ...raw }));
    open({ frozen: true, frames: [...frames, { place: 2, ...raw }] });
    const before = model.sent.length;
    session.move(0, 0.8);
    expect(session.values).toEqual([1, 0]);
    expect(session.edited?.values).toEqual([1, 0]);
    session.take(2);
    expect(session.place).toBe(2);
    session.take(9); // not saved
    expect(session.place).toBe(2);
    session.reset();
    expect(session.edited).toBeUndefined();
    expect(model.sent.length).toBe(before);
  });
});
