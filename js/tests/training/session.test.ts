import { beforeEach, describe, expect, it } from "vitest";
import {
  linesOf,
  rangeOf,
  type TrainingSession,
  trainingSession,
} from "../../src/training/session";
import { FakeModel } from "../fake";

const look = (epoch: number) => ({
  epoch,
  pictures: [
    {
      top: { index: 0, name: "a", probability: 1 },
      right: true,
      cosine: 0.5,
      maps: [{ shape: [1, 1] }, { error: "no rectifier" }],
    },
  ],
});

describe("the session of a training", () => {
  let model: FakeModel;
  let session: TrainingSession;
  const open = (state: Record<string, unknown> = {}): void => {
    model = new FakeModel({ plan: { epochs: 4, steps: 2 }, frame: look(0), ...state });
    const { signal } = new AbortController();
    session = trainingSession({ model, signal, changed: () => {}, clock: () => 0 });
  };
  const shown = (): unknown => session.shownLook?.epoch;
  beforeEach(() => open());

  it("follows the training until an epoch is chosen, and again at the latest", () => {
    model.set("frame", look(1));
    model.set("frame", look(2));
    expect([session.lookEpochs, shown()]).toEqual([[0, 1, 2], 2]);
    session.go(0.6);
    model.set("frame", look(3));
    expect([shown(), session.follows]).toEqual([1, false]);
    session.go(3);
    model.set("frame", look(4));
    expect([shown(), session.follows]).toEqual([4, true]);
  });
  it("gives each map its bytes, and none to one that there is not", () => {
    model.emit("msg:custom", { kind: "look", frame: look(3) }, [Uint8Array.of(7), Uint8Array.of()]);
    const [plain, guided] = session.shownLook!.pictures[0]!.maps;
    expect(plain?.data).toEqual(Uint8Array.of(7));
    expect(guided).toEqual({ error: "no rectifier" });
  });
  it("asks to stop and to go on, and knows in a saved page what was saved", () => {
    session.resume();
    session.stop();
    const kinds = model.sent.map((message) => (message as { kind: string }).kind);
    expect(kinds).toEqual(["ready", "resume", "stop"]);
    open({ frozen: true, frame: {}, frames: [look(2), look(1)] });
    expect([session.lookEpochs, shown()]).toEqual([[1, 2], 2]);
  });
  it("draws the parts of a loss where there is more than one", () => {
    const loss = {
      x: [0.5, 1],
      total: [3, 2],
      classification: [3, 2],
      regularization: [null, null],
    };
    expect(linesOf(loss).map(([name]) => name)).toEqual(["loss"]);
    const two = { ...loss, regularization: [1, 0.5] };
    expect(linesOf(two).map(([name]) => name)).toEqual([
      "total",
      "classification",
      "regularization",
    ]);
    expect(rangeOf([two.total, [null, -1]])).toEqual({ low: -1, high: 3.1500000000000004 });
  });
});

it("knows what was measured where one looks", () => {
  const measures = (epoch: number) => ({
    epoch,
    accuracy: null,
    test_accuracy: epoch / 10,
    cosine: 0,
  });
  const model = new FakeModel({
    plan: { epochs: 4, steps: 2 },
    epochs: [0, 1, 2].map(measures),
    frames: [1, 2].map(look),
    frame: look(3),
  });
  const { signal } = new AbortController();
  const session = trainingSession({ model, signal, changed: () => {}, clock: () => 0 });
  expect(session.measured?.test_accuracy).toBe(0.2);
  session.go(1);
  expect([session.shownLook?.epoch, session.measured?.test_accuracy]).toEqual([1, 0]);
});
