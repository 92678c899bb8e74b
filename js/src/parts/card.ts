/** What it means: the method's card. One sentence always, the formula one key away. */
import type { Method } from "../core/wire";
import { button, el, freshId, set, write } from "./dom";

export class Card {
  readonly element: HTMLElement;
  private readonly shows = el("p", "xw-shows");
  private readonly limits = el("span");
  private readonly cost = el("span");
  private readonly citation = el("a", "", { target: "_blank", rel: "noopener noreferrer" });
  private readonly formula = el("div", "xw-formula", { id: freshId(), hidden: true, tabindex: 0 });
  private readonly toggle: HTMLButtonElement;

  constructor(signal: AbortSignal) {
    this.toggle = button(
      "xw-link",
      {
        "aria-expanded": "false",
        "aria-controls": this.formula.id,
        "data-xw-control": "formula",
        title: "Formula (?)",
      },
      "formula",
    );
    this.toggle.addEventListener("click", () => this.flip(), { signal });
    const facts = el("p", "xw-facts", {}, this.limits, " ", this.cost, " · ", this.citation, " · ", this.toggle);
    this.element = el(
      "section",
      "xw-section xw-card",
      { "aria-label": "What it means", "data-xw-card": true },
      el("div", "xw-meaning", {}, this.shows, facts, this.formula),
    );
  }

  flip(): void {
    this.formula.hidden = !this.formula.hidden;
    set(this.toggle, { "aria-expanded": String(!this.formula.hidden) });
  }

  update(method: Method | undefined): void {
    this.element.hidden = method === undefined;
    if (!method) return;
    write(this.shows, method.shows);
    write(this.limits, sentence(method.limits));
    write(this.cost, method.cost);
    write(this.citation, method.citation);
    write(this.formula, method.formula);
    // Only web addresses: a card must not be able to carry a script.
    const url = /^https?:\/\//.test(method.url ?? "") ? method.url : null;
    set(this.citation, { href: url });
    this.toggle.hidden = !method.formula;
  }
}

function sentence(text: string): string {
  return !text || /[.!?]$/.test(text) ? text : `${text}.`;
}
