/** A class as a bar: its name, how probable it is, and a tick where that was before. */
import { percent } from "../core/format";
import { el, write } from "./dom";

export function classBar<Spec extends string>(spec: Spec) {
  const [text, tick] = [el("span"), el("i.tick", { hidden: true })];
  const [name, chance] = [el("span.class", text, tick), el("span.chance")];
  return {
    element: el(spec, name, chance),
    name,
    show(title: string, probability: number | null | undefined, before?: number): void {
      write(text, title);
      name.style.backgroundSize = `${100 * (probability ?? 0)}%`;
      write(chance, probability == null ? "" : percent(probability));
      tick.hidden = before === undefined;
      tick.style.left = `${100 * (before ?? 0)}%`;
    },
  };
}
