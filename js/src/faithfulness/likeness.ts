/** A sanity check in a small: the likeness to the trained map from stage to stage, and that of random maps. */
import type { Likeness } from "../core/wire";
import { el, type Part, shape } from "../parts/dom";
import { type Box, linePath, xOf, yOf } from "../parts/plot";

const BOX: Box = { width: 104, height: 34, left: 2, right: 2, top: 3, bottom: 3 };
const RANGE = { low: -0.5, high: 1 };

/** Returns the element and how to show a method's check in its colour. */
export function sparkline(): Part<[likeness: Likeness | undefined, colour: string]> {
  const { width, height } = BOX;
  const drawing = shape("svg", { class: "xw-spark", viewBox: `0 0 ${width} ${height}` });
  const element = el("span.sparkline", { $hidden: "true" });
  element.append(drawing);
  let shown: Likeness | undefined;
  return [
    element,
    (likeness, colour) => {
      if (likeness === shown) return;
      shown = likeness;
      if (!likeness) return drawing.replaceChildren();
      const { spearman, total, chance } = likeness;
      const y = (value: number): number =>
        yOf(BOX, RANGE, Math.max(RANGE.low, Math.min(RANGE.high, value)));
      const [low, high] = [chance[0] ?? 0, chance[1] ?? 0];
      const [left, right] = [xOf(BOX, 0), xOf(BOX, 1)];
      // The band of random maps is seen even where it is narrow.
      const top = y(high) - 1;
      const band = `M${left} ${top}H${right}V${y(low) + 1}H${left}Z`;
      const x = spearman.map((_, i) => i / Math.max(total - 1, 1));
      const values = spearman.map((value) => value && Math.max(RANGE.low, value));
      drawing.replaceChildren(
        shape("path", { class: "xw-chanceband", d: band }),
        shape("path", {
          class: "xw-line",
          style: `color:${colour}`,
          d: linePath(BOX, RANGE, x, values),
        }),
      );
    },
  ];
}
