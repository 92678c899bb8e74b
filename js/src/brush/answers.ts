/** What the network says of the painted picture: on the bars of the classes, and in words. */
import { amount, percent } from "../core/format";
import type { Model } from "../core/model";
import type { ClassScore } from "../core/wire";
import { classBar } from "../parts/bar";
import { el, on, set, write } from "../parts/dom";

/** `clear` takes the paint away. */
export function newAnswers(
  signal: AbortSignal,
  model: Model,
  root: HTMLElement,
  clear: () => void,
) {
  const risen = classBar("button.bar.risen");
  const [change, turn, share] = [el("b.change"), el("b.turn"), el("span.facts")];
  const button = el("button.link", { _control: "clear", title: "Clear the paint" }, "Clear");
  const verdict = root.querySelector<HTMLElement>("[data-xw-verdict]")!;
  const hint = verdict.textContent ?? "";
  verdict.replaceChildren(change, el("span.outcome", turn, share, button));
  root.querySelector(".xw-bars")!.after(risen.element);
  let before = new Float32Array();
  let after: Float32Array | undefined;
  let top = 0;
  on(signal, button, "click", clear);
  on(signal, risen.element, "click", () => {
    model.set("target", top);
    model.save_changes();
  });
  const nameOf = (index: number): string => model.get("class_names")?.[index] ?? `class ${index}`;
  const likeliest = (of: Float32Array): number => of.indexOf(Math.max(...of));

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
    /** What it said of the picture as it is. */
    begin(unpainted: Float32Array<ArrayBuffer>): void {
      before = unpainted;
    },
    /** What it says of the painted one; nothing, where nothing is painted. */
    say(painted?: Float32Array): void {
      after = painted?.length === before.length ? painted : undefined;
    },
    /** `part` of the picture is painted over. Returns the words. */
    show(part: number): string {
      if (!before.length) return "";
      const bars = [...root.querySelectorAll<HTMLElement>(".xw-bars .xw-bar")];
      const shown = new Set<number>();
      for (const bar of bars) {
        bar.hidden = false;
        if (!bar.dataset.xwClass) continue; // a function of the user's own
        const index = Number(bar.dataset.xwClass);
        shown.add(index);
        fill(bar, index);
      }
      top = after ? likeliest(after) : 0;
      const rises = !!after && !shown.has(top);
      risen.show(nameOf(top), (after ?? before)[top], unit(), after && before[top]);
      const title = `Most probable in the painted picture (class ${top}): explain it`;
      set(risen.element, { title });
      risen.element.hidden = !rises;
      // In the place of the least probable one, so that nothing below moves under the hand.
      const least = [...bars]
        .reverse()
        .find((bar) => bar.ariaPressed !== "true" && bar !== bar.ownerDocument.activeElement);
      if (rises && least) least.hidden = true;

      const chosen = model.get("target");
      const index = typeof chosen === "number" ? chosen : model.get("prediction").top[0].index;
      const answer = after ? ` → ${amount(after[index]!, unit())}` : "";
      write(change, part ? `${nameOf(index)} ${amount(before[index]!, unit())}${answer}` : "");
      const turns = !!after && unit() !== "number" && top !== likeliest(before);
      write(turn, turns ? `now ${nameOf(top)} ${amount(after![top]!, unit())}` : "");
      write(share, part ? `${percent(part, 0)} painted` : hint);
      button.hidden = !part;
      const words = part ? [change, turn, share].map(({ textContent }) => textContent) : [hint];
      for (const element of [change, turn]) set(element, { title: element.textContent });
      return words.filter(Boolean).join(", ");
    },
  };
}
