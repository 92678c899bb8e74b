import { describe, expect, it } from "vitest";
import type { Model } from "../../src/core/model";
import { namesOf, pairInWords, subtraction, twoSided } from "../../src/heatmap/second";
import { heatmapSession, LOOKS } from "../../src/heatmap/session";
import { FakeModel, frameOf } from "../fake";

function sessionOf(traits: Record<string, unknown> = {}) {
  const model = new FakeModel({ frame: frameOf(), ...traits });
  const { signal } = new AbortController();
  const session = heatmapSession({ model: model as Model, signal, changed: () => {} });
  return { model, session };
}

describe("a second map", () => {
  it("is asked for beside the first, and shown when it is here", () => {
    const { model, session } = sessionOf();
    expect([session.second, session.other]).toEqual([undefined, undefined]);
    session.compare(null, 3);
    expect([model.traits.other_target, model.traits.other_method, model.saves]).toEqual([
      3,
      null,
      1,
    ]);
    expect(session.second).toMatchObject({ method: "grad_cam", target: 3, layer: null });
    expect(session.other).toBeUndefined();
    const target = { index: 3, name: "tiger cat", probability: 0.279 };
    const other = frameOf({ target, seq: 2 });
    model.set("other_frame", other);
    expect(session.other).toBe(other);
    session.compare(null, 4); // another one is not the one that was asked for
    expect(session.other).toBeUndefined();
  });

  it("of a method that was seen before is there at once", () => {
    const { session } = sessionOf();
    const seen = frameOf({ method: "saliency", layer: null });
    session.keep(seen);
    session.compare("saliency", null);
    expect(session.other).toBe(seen);
  });

  it("is chosen in a saved page without a word to anybody", () => {
    const seen = frameOf({ method: "saliency", layer: null });
    const { model, session } = sessionOf({ frozen: true, frames: [frameOf(), seen] });
    session.compare("saliency", null);
    expect([session.other, model.saves]).toEqual([seen, 0]);
  });
});

describe("names", () => {
  const words = (part: Record<string, unknown>): string[] => {
    const { session } = sessionOf(part);
    return namesOf(session, session.request, session.second!);
  };
  it("are what tells the two apart", () => {
    expect(words({ other_target: 3 })).toEqual(["cat", "tiger cat"]);
    expect(words({ other_method: "saliency" })).toEqual(["Grad-CAM", "Saliency"]);
    expect(words({ other_method: "saliency", other_target: 3 })).toEqual([
      "Grad-CAM · cat",
      "Saliency · tiger cat",
    ]);
    expect(words({ target: "margin", other_target: 3 })).toEqual(["margin", "tiger cat"]);
  });

  it("say which colour or which side is whose", () => {
    const other = { other_target: 3 };
    expect(pairInWords(sessionOf().session)).toBe("");
    expect(pairInWords(sessionOf({ ...other, arrangement: "overlay" }).session)).toBe("");
    expect(pairInWords(sessionOf({ ...other, arrangement: "swipe" }).session)).toBe(
      "Left of the handle cat, right of it tiger cat.",
    );
    expect(pairInWords(sessionOf({ ...other, arrangement: "difference" }).session)).toBe(
      "Difference: red is more for cat, blue more for tiger cat.",
    );
    const brown = { ...other, arrangement: "difference", colormap: "BrBG" };
    expect(pairInWords(sessionOf(brown).session)).toContain("teal is more for cat, brown more");
  });
});

describe("a difference", () => {
  const size = { width: 2, height: 1 };
  const a = frameOf({ shape: [1, 2], data: Uint8Array.of(255, 0), peak: 4, range: [0, 4] });
  const b = frameOf({ shape: [1, 2], data: Uint8Array.of(0, 255), peak: 2, range: [0, 2] });

  it("of one method is that of its values", () => {
    const { range, peak, signed, data } = subtraction()(a, b, size, LOOKS);
    expect([range, peak, signed]).toEqual([[-2, 4], 4, true]);
    expect([...(data as Uint8Array)]).toEqual([254, 127 - Math.round(127 * Math.sqrt(0.5))]);
  });

  it("of two methods is that of shares of what is shown at most", () => {
    const other = { ...b, method: "saliency" };
    const { range } = subtraction()(a, other, size, { ...LOOKS, clip: 100 });
    expect(range).toEqual([-1, 1]);
  });

  it("of a map and itself is said to be none", () => {
    const { state, message } = subtraction()(a, a, size, LOOKS);
    expect([state, message]).toEqual(["zero", "There is no difference."]);
  });

  it("is made once for a look", () => {
    const subtract = subtraction();
    const first = subtract(a, b, size, LOOKS);
    expect(subtract(a, b, size, { ...LOOKS, opacity: 0.1 })).toBe(first);
    expect(subtract(a, b, size, { ...LOOKS, clip: 95 })).not.toBe(first);
  });

  it("has colours with zero at their centre", () => {
    const names = ["auto", "viridis", "BrBG"].map((colormap) => twoSided({ ...LOOKS, colormap }));
    expect(names.map(({ colormap }) => colormap)).toEqual(["auto", "coolwarm", "BrBG"]);
  });
});
