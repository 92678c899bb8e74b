/** What the curves say, in a sentence: which maps beat the random ones. */
import { fixed } from "../core/format";
import type { Curves, Likeness } from "../core/wire";

const KINDS = ["insertion", "deletion"] as const;
const RESULTS = [
  [true, true, "on both"],
  [true, false, "on insertion alone"],
  [false, true, "on deletion alone"],
  [false, false, "on neither"],
] as const;

export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

/**
 * "Mean likeness once layers are random: Grad-CAM −0.08, Saliency 0.11; random maps reach 0.05 at most." Nothing
 * before there is such a mean.
 */
export function likenessInWords(all: ReadonlyArray<readonly [title: string, Likeness]>): string {
  const means = all.flatMap(([title, { mean }]) =>
    mean === null ? [] : [`${title} ${fixed(mean)}`],
  );
  if (!means.length) return "";
  const reached = Math.max(...all.map(([, { chance }]) => chance[1] ?? 0));
  return `Likeness to the trained map, over random layers: ${means.join(", ")}; random maps reach ${fixed(reached)} at most.`;
}

/** Whether a map is better than each of the random ones: a larger area, a smaller one where pixels go. */
function beats(curves: Curves, random: Curves, kind: (typeof KINDS)[number]): boolean {
  const { auc, interval } = random[kind];
  const [least, most] = interval ?? [auc, auc];
  return kind === "insertion" ? curves[kind].auc > most : curves[kind].auc < least;
}

/** "Grad-CAM beats 5 random maps on both curves; Saliency on neither." Nothing without a control. */
export function verdict(all: readonly Curves[]): string {
  const random = all.find(({ method }) => method === "random");
  const others = all.filter((curves) => curves !== random);
  if (!random || !others.length) return "";
  const count = random.maps === 1 ? "the random map" : `all ${random.maps} random maps`;
  const groups = RESULTS.flatMap(([insertion, deletion, on]) => {
    const titles = others
      .filter((curves) => beats(curves, random, "insertion") === insertion)
      .filter((curves) => beats(curves, random, "deletion") === deletion)
      .map(({ title }) => title);
    return titles.length ? [[titles, on] as const] : [];
  });
  const parts = groups.map(([titles, on], i) => {
    const verb = titles.length > 1 ? "beat" : "beats";
    return i ? `${listed(titles)} ${on}` : `${listed(titles)} ${verb} ${count} ${on}`;
  });
  return `${parts.join("; ")}.`;
}
