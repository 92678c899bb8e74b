/** What the network says of the painted picture: on the bars of the classes, and in words. */
import { amount, percent } from "../core/format";
import type { Model } from "../core/model";
import type { ClassScore } from "../core/wire";
import { classBar } from "../parts/bar";
import { el, on, set, write } from "../parts/dom";

export function newAnswers(signal: AbortSignal, model: Model, root: HTMLElement) {
  const risen = classBar("button.bar.risen");
  const [change, share] = [el("b"), el("span.facts")];
  const verdict = el("p.verdict", { _verdict: true }, change, " ", share);
  const element = el(".answers", risen.element, verdict);
  let before = new Float32Array();
  let after: Float32Array | undefined;
  let top = 0;
  on(signal, risen.element, "click", () => {
    model.set("target", top);
    model.save_changes();
  });
  const nameOf = (index: number): string => model.get("class_names")?.[index] ?? `class ${index}`;

  const unit = (): ClassScore["unit"] => model.get("prediction")?.top[0]?.unit;

  /** A bar of the viewer's, made there by `classBar`. */
  function fill(bar: Element, index: number): void {
    const [label, value] = bar.children as unknown as HTMLElement[];
    const share = unit() === "number" ? 0 : (after ?? before)[index]!;
    label!.style.backgroundSize = `${100 * share}%`;
    write(value!, amount((after ?? before)[index]!, unit()));
    const tick = label!.querySelector("i")!;
    tick.hidden = !after || unit() === "number";
    tick.style.left = `${100 * before[index]!}%`;
  }

  return {
    element,
    /** What it said of the picture as it is. */
    begin(unpainted: Float32Array<ArrayBuffer>): void {
      before = unpainted;
    },
    /** What it says of the painted one; nothing, where nothing is painted. */
    say(painted?: Float32Array): void {
      after = painted?.length === before.length ? painted : undefined;
    },
    /** `part` of the picture is painted over. Returns the words. */
    show(part: number, active: boolean): string {
      if (!before.length) return "";
      const shown = new Set<number>();
      for (const bar of root.querySelectorAll<HTMLElement>(".xw-bars .xw-bar")) {
        if (!bar.dataset.xwClass) continue; // a function of the user's own
        const index = Number(bar.dataset.xwClass);
        shown.add(index);
        fill(bar, index);
      }
      top = after ? after.indexOf(Math.max(...after)) : 0;
      const rises = !!after && !shown.has(top);
      risen.show(nameOf(top), (after ?? before)[top], unit(), after && before[top]);
      const title = `Most probable in the painted picture (class ${top}): explain it`;
      set(risen.element, { title });
      risen.element.hidden = !rises;
      const chosen = model.get("target");
      const index = typeof chosen === "number" ? chosen : model.get("prediction").top[0].index;
      const answer = after ? ` → ${amount(after[index]!, unit())}` : "";
      write(change, part ? `${nameOf(index)} ${amount(before[index]!, unit())}${answer}` : "");
      const painted = `with ${percent(part, 0)} of the picture painted`;
      write(share, part ? painted : "Paint over what you think matters: the bars answer.");
      element.hidden = !active && !part;
      return verdict.textContent ?? "";
    },
  };
}
