import { beforeEach, describe, expect, it } from "vitest";
import { type LatentSession, latentSession } from "../../src/latent/session";
import { FakeModel } from "../fake";

const rows = [
  { name: "counterfactual", low: -1, high: 3, weight: null, flip: 0.5 },
  { name: "direction 1", low: -3, high: 3, weight: 0.4, flip: null },
];
const answer = { chances: [[0, 1]], label: 0, label_name: "a" };
const raw = { width: 1, height: 1, mime: "", data: new Uint8Array([1, 2, 3]), ...answer };

describe("the session of a latent explorer", () => {
  let model: FakeModel;
  let session: LatentSession;
  const open = (state: Record<string, unknown>): void => {
    model = new FakeModel({
      sliders: { run: 1, shown: rows },
      edited: {},
      frame: { seq: 1, maps: {} },
      ...state,
    });
    const { signal } = new AbortController();
    session = latentSession({ model, signal, changed: () => {}, clock: () => 0 }, () => {});
  };
  const edits = (): unknown[] =>
    model.sent
      .filter((message) => (message as { kind: string }).kind === "edit")
      .map((message) => (message as { values: unknown }).values);
  const reply = (values: number[], neighbour = -1): void =>
    model.set("edited", { values, neighbour, run: 1, score: 0, ...raw });

  beforeEach(() => open({}));

  it("has one move in flight, and the latest goes next", () => {
    session.move(0, 0.1);
    session.move(0, 0.2);
    session.move(1, -1);
    expect(session.values).toEqual([0.2, -1]); // the slider follows at once
    expect(edits()).toEqual([[0.1, 0]]);
    reply([0.1, 0]);
    expect(edits()).toEqual([
      [0.1, 0],
      [0.2, -1],
    ]);
    expect(session.values).toEqual([0.2, -1]); // an older answer does not move it
    reply([0.2, -1]);
    expect(edits().length).toBe(2);
  });
  it("follows a move from Python", () => {
    reply([0.7, 0], 3);
    expect(session.values).toEqual([0.7, 0]);
    expect([session.neighbour, session.shownNeighbour]).toEqual([3, 3]);
    model.set("frame", { seq: 2, maps: {} });
    expect(session.shownNeighbour).toBe(-1); // another distillation has other neighbours
  });
  it("takes a neighbour, and everything back", () => {
    session.take(5);
    expect([session.neighbour, session.values]).toEqual([5, [0, 0]]);
    reply([0, 0], 5);
    session.reset();
    expect(session.neighbour).toBe(-1);
  });
  it("asks for neighbours' pictures once", () => {
    expect(session.neighbourPicture(4, () => [4, 5])).toBeUndefined();
    session.neighbourPicture(4, () => [4, 5]);
    const questions = (): unknown[] =>
      model.sent.filter((message) => (message as { kind: string }).kind === "neighbours");
    expect(questions()).toEqual([{ kind: "neighbours", run: 1, neighbours: [4, 5] }]);
    const pictures = [4, 5].map((neighbour) => ({
      neighbour,
      width: 1,
      height: 1,
      mime: "image/png",
    }));
    model.emit("msg:custom", { kind: "neighbours", run: 1, pictures }, [raw.data, raw.data]);
    expect(session.neighbourPicture(5, () => [5])?.data).toBe(raw.data);
  });
  it("asks nobody in a saved page", () => {
    const frames = [-1, 0, 1].map((value) => ({ slider: 0, value, ...raw }));
    open({ frozen: true, frames: [...frames, { neighbour: 2, ...raw }] });
    const before = model.sent.length;
    session.move(0, 0.8);
    expect(session.values).toEqual([1, 0]);
    expect(session.edited?.values).toEqual([1, 0]);
    session.take(2);
    expect(session.neighbour).toBe(2);
    session.take(9); // not saved
    expect(session.neighbour).toBe(2);
    session.reset();
    expect(session.edited).toBeUndefined();
    expect(model.sent.length).toBe(before);
  });
});
