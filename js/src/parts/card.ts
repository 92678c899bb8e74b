/** What it means: the method's card. One sentence always, the formula one key away. */
import type { Method } from "../core/wire";
import { el, freshId, on, set, write } from "./dom";

/** Returns the element, how to show a method, and how to open or close the formula. */
export function card(
  signal: AbortSignal,
): [HTMLElement, (method: Method | undefined) => void, () => void] {
  const id = freshId();
  const shows = el("p");
  const limits = el("span");
  const citation = el("a", { target: "_blank", rel: "noopener noreferrer" });
  const formula = el(".formula", { id, hidden: true });
  const toggle = el(
    "button.link",
    {
      $expanded: "false",
      $controls: id,
      _control: "formula",
      title: "Formula (?)",
    },
    "formula",
  );
  const element = el(
    "section.section.card",
    { $label: "What it means", _card: true },
    el(".meaning", {}, shows, el("p.facts", {}, limits, citation, " · ", toggle), formula),
  );
  const flip = (): void => {
    formula.hidden = !formula.hidden;
    set(toggle, { $expanded: String(!formula.hidden) });
  };
  on(signal, toggle, "click", flip);
  const show = (method: Method | undefined): void => {
    element.hidden = !method;
    if (!method) return;
    write(shows, method.shows);
    write(limits, `${method.limits.replace(/[^.!?]$/, "$&.")} ${method.cost} · `);
    write(citation, method.citation);
    write(formula, method.formula);
    // Only web addresses: a card must not be able to carry a script.
    set(citation, { href: /^https?:/.test(method.url ?? "") ? method.url : null });
    toggle.hidden = !method.formula;
  };
  return [element, show, flip];
}
