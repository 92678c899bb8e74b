import { expect, it } from "vitest";
import type { Curves } from "../../src/core/wire";
import { likenessInWords, listed, verdict } from "../../src/faithfulness/verdict";

function curves(title: string, insertion: number, deletion: number, maps = 1): Curves {
  const of = (auc: number) => ({
    probability: [],
    top: [],
    auc,
    ...(maps > 1 && { interval: [auc - 0.01, auc + 0.01] as const }),
  });
  const method = title === "Random" ? "random" : title;
  const order = new Uint8Array();
  return { method, title, order, maps, insertion: of(insertion), deletion: of(deletion) };
}
const random = curves("Random", 0.08, 0.08, 5);

it("says which maps beat all random ones, and on what", () => {
  const all = [
    curves("A", 0.2, 0.05),
    curves("B", 0.2, 0.075),
    curves("C", 0.085, 0.05),
    curves("D", 0.01, 0.2),
    curves("E", 0.02, 0.2),
  ];
  expect(verdict([...all, random])).toBe(
    "A beats all 5 random maps on both; B on insertion alone; C on deletion alone; D and E on neither.",
  );
  expect(verdict([all[0]!, curves("F", 0.3, 0.01), random])).toBe(
    "A and F beat all 5 random maps on both.",
  );
});

it("has a single random map for its own range", () => {
  const one = curves("Random", 0.08, 0.08);
  expect(verdict([curves("A", 0.085, 0.085), one])).toBe(
    "A beats the random map on insertion alone.",
  );
});

it("says nothing without a control, or a map", () => {
  expect(verdict([curves("A", 1, 0)])).toBe("");
  expect(verdict([random])).toBe("");
});

it("lists as people do", () => {
  expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(listed)).toEqual([
    "",
    "a",
    "a and b",
    "a, b and c",
  ]);
});

it("says how alike maps stay, beside random ones", () => {
  const of = (mean: number | null, most: number) => ({
    spearman: [1, 0],
    total: 3,
    mean,
    chance: [-most, most] as [number, number],
  });
  expect(
    likenessInWords([
      ["A", of(-0.08, 0.02)],
      ["B", of(0.6, 0.05)],
      ["C", of(null, 0.01)],
    ]),
  ).toBe(
    "Likeness to the trained map, over random layers: A −0.08, B 0.60; random maps reach 0.05 at most.",
  );
  expect(likenessInWords([["C", of(null, 0.01)]])).toBe("");
});
