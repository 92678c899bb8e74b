/** A class as a bar: its name, how probable it is, and a tick where that was before. */
import { amount } from "../core/format";
import type { ClassScore } from "../core/wire";
import { el, write } from "./dom";

export function classBar<Spec extends string>(spec: Spec) {
  const [text, tick] = [el("span"), el("i.tick", { hidden: true })];
  const [name, chance] = [el("span.class", text, tick), el("span.chance")];
  return {
    element: el(spec, name, chance),
    name,
    show(
      title: string,
      probability: number | null | undefined,
      unit?: ClassScore["unit"],
      before?: number,
    ): void {
      const whole = unit === "number" ? 0 : 100;
      write(text, title);
      name.style.backgroundSize = `${whole * (probability ?? 0)}%`;
      write(chance, probability == null ? "" : amount(probability, unit));
      tick.hidden = before === undefined || !whole;
      tick.style.left = `${whole * (before ?? 0)}%`;
    },
  };
}
