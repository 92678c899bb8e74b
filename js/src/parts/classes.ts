/** Which class is explained: the top five as bars that are buttons, and a search over all. */
import { count, percent } from "../core/format";
import { searchClasses } from "../core/search";
import type { Session } from "../core/session";
import type { ClassScore } from "../core/wire";
import { button, el, icon, set, write } from "./dom";
import { type Choice, Popup } from "./popup";

const SHOWN = 60; // more results than anybody reads

export class Classes {
  readonly element: HTMLElement;
  private readonly bars = el("div", "xw-bars", { role: "group", "aria-label": "Class explained" });
  private readonly input: HTMLInputElement;
  private readonly box: HTMLElement;
  private readonly popup: Popup;
  /** Probabilities met so far, by class. */
  private readonly probability = new Map<number, number>();

  constructor(
    private readonly session: Session,
    host: HTMLElement,
    private readonly signal: AbortSignal,
  ) {
    this.input = el("input", "xw-search", {
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      "aria-autocomplete": "list",
      "data-xw-control": "class-search",
    });
    const lens = icon("M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5L14 14");
    this.box = el("div", "xw-field xw-searchbox", {}, lens, this.input);
    this.popup = new Popup(
      this.input,
      "Classes",
      ({ value }) => {
        this.input.value = "";
        session.ask({ target: Number(value) });
      },
      signal,
    );
    host.append(this.popup.list);
    this.element = el(
      "section",
      "xw-section",
      {},
      el("h3", "xw-heading", {}, "Why this class"),
      this.bars,
      this.box,
    );
    const { input } = this;
    input.addEventListener("input", () => this.search(), { signal });
    input.addEventListener("click", () => this.popup.isOpen || this.search(), { signal });
    input.addEventListener("blur", () => this.clear(), { signal });
    input.addEventListener("keydown", (event) => this.key(event), { signal });
  }

  update(): void {
    const { session } = this;
    const { shown, top, classNames, frozen } = session;
    for (const { index, probability } of top) this.probability.set(index, probability);
    const met = shown?.target;
    if (met && met.index !== null && met.probability !== null) {
      this.probability.set(met.index, met.probability);
    }
    const { target } = session.request;
    const chosen = target ?? top[0]?.index ?? null;
    const rows: Array<ClassScore | { index: null; name: string; probability: number | null }> = [
      ...top,
    ];
    if (typeof chosen === "string") {
      rows.push({ index: null, name: chosen, probability: met?.probability ?? null });
    } else if (chosen !== null && !top.some(({ index }) => index === chosen)) {
      const name = classNames[chosen] ?? (met?.index === chosen ? met.name : `class ${chosen}`);
      rows.push({ index: chosen, name, probability: this.probability.get(chosen) ?? Number.NaN });
    }
    // The element that has the focus must survive its own press.
    while (this.bars.children.length > rows.length) this.bars.lastElementChild?.remove();
    rows.forEach(({ index, name, probability }, i) => {
      const row = (this.bars.children[i] as HTMLElement | undefined) ?? this.newBar();
      this.fill(row, index, name, probability, index === null || index === chosen);
    });
    const n = classNames.length;
    const search = n ? `Search ${count(n)} classes` : "Search classes";
    set(this.input, { placeholder: `${search}…`, "aria-label": search });
    this.box.hidden = n <= top.length || frozen;
  }

  private newBar(): HTMLElement {
    const bar = button(
      "xw-bar",
      {},
      el("span", "xw-fill"),
      el("span", "xw-class"),
      el("span", "xw-probability"),
    );
    const { session, signal } = this;
    bar.addEventListener(
      "click",
      () => {
        const index = bar.dataset.xwClass;
        if (index) session.ask({ target: Number(index) });
      },
      { signal },
    );
    this.bars.append(bar);
    return bar;
  }

  private fill(
    bar: HTMLElement,
    index: number | null,
    name: string,
    probability: number | null,
    chosen: boolean,
  ): void {
    const [fill, label, value] = Array.from(bar.children) as HTMLElement[];
    const known = probability !== null && Number.isFinite(probability);
    fill!.style.width = `${known ? 100 * probability : 0}%`;
    write(label!, name);
    write(value!, known ? percent(probability) : probability === null ? "" : "…");
    const available = chosen || index === null || this.session.available({ target: index });
    set(bar, {
      "data-xw-class": index ?? "",
      "aria-pressed": String(chosen),
      title: available ? (index === null ? name : `${name} (class ${index})`) : "Not in this saved page",
      disabled: !available,
    });
  }

  private search(): void {
    const { classNames, request, top } = this.session;
    const matches = searchClasses(this.input.value, classNames, SHOWN, this.probability);
    const choices = matches.map(({ index, spans }): Choice => {
      const known = this.probability.get(index);
      return {
        value: String(index),
        label: classNames[index] ?? "",
        note: known === undefined ? String(index) : percent(known),
        spans,
      };
    });
    if (choices.length === 0) {
      choices.push({ value: "", label: "No class of that name", reason: "try fewer letters" });
    }
    const current = this.input.value ? null : String(request.target ?? top[0]?.index ?? "");
    this.popup.open(choices, current);
  }

  private clear(): void {
    this.input.value = "";
  }

  private key(event: KeyboardEvent): void {
    if (this.popup.isOpen) {
      if (event.key === "Escape") this.clear();
      this.popup.key(event);
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      event.preventDefault();
      this.search();
    }
  }
}
