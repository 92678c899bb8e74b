/** The list that opens under a field: shared by the pickers and the class search. */
import { clamp } from "../core/geometry";
import { el, freshId, set } from "./dom";

export interface Choice {
  value: string;
  label: string;
  note?: string;
  group?: string;
  /** Why it cannot be chosen. */
  reason?: string;
  spans?: ReadonlyArray<readonly [number, number]>;
  swatch?: () => HTMLElement;
}

/** Keyboard focus stays on `field`; the list is walked by aria-activedescendant. */
export class Popup {
  readonly list = el("div", "xw-popup", { role: "listbox", id: freshId(), hidden: true });
  private options: HTMLElement[] = [];
  private choices: readonly Choice[] = [];
  private active = -1;

  constructor(
    private readonly field: HTMLElement,
    label: string,
    private readonly pick: (choice: Choice) => void,
    private readonly signal: AbortSignal,
  ) {
    set(this.list, { "aria-label": label });
    set(field, {
      role: "combobox",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-controls": this.list.id,
    });
    // A press in the list must not take the focus from the field.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault(), { signal });
    this.list.addEventListener("mousedown", (event) => event.preventDefault(), { signal });
    field.addEventListener("blur", () => this.close(), { signal });
  }

  get isOpen(): boolean {
    return !this.list.hidden;
  }

  open(choices: readonly Choice[], selected: string | null): void {
    this.choices = choices;
    this.options = [];
    this.list.replaceChildren(...this.build(selected));
    this.list.hidden = false;
    set(this.field, { "aria-expanded": "true" });
    this.place();
    const at = choices.findIndex(({ value }) => value === selected);
    this.activate(at >= 0 ? at : this.enabledFrom(0, 1));
  }

  close(): void {
    if (!this.isOpen) return;
    this.list.hidden = true;
    this.active = -1;
    set(this.field, { "aria-expanded": "false", "aria-activedescendant": null });
  }

  /** True when the key was for the list. */
  key(event: KeyboardEvent): boolean {
    const last = this.choices.length - 1;
    const moves: Record<string, () => number> = {
      ArrowDown: () => this.enabledFrom(this.active + 1, 1),
      ArrowUp: () => this.enabledFrom(this.active - 1, -1),
      PageDown: () => this.enabledFrom(Math.min(last, this.active + 8), -1),
      PageUp: () => this.enabledFrom(Math.max(0, this.active - 8), 1),
    };
    const move = moves[event.key];
    if (move) {
      this.activate(move());
    } else if (event.key === "Enter") {
      const choice = this.choices[this.active];
      if (choice && !choice.reason) this.choose(choice);
    } else if (event.key === "Escape") {
      this.close();
      event.stopPropagation(); // closing the list was all it meant; the notebook must not take it
    } else if (event.key === "Tab") {
      this.close();
      return false;
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }

  /** Home, End and type-ahead, for fields that are not typed in. */
  jump(where: "first" | "last" | string): void {
    const at =
      where === "first"
        ? this.enabledFrom(0, 1)
        : where === "last"
          ? this.enabledFrom(this.choices.length - 1, -1)
          : this.find(where);
    if (at >= 0) this.activate(at);
  }

  private find(letters: string): number {
    const from = letters.length === 1 ? this.active + 1 : this.active;
    const n = this.choices.length;
    for (let i = 0; i < n; i++) {
      const at = (Math.max(from, 0) + i) % n;
      const { label, reason } = this.choices[at]!;
      if (!reason && label.toLowerCase().startsWith(letters)) return at;
    }
    return -1;
  }

  private enabledFrom(start: number, step: 1 | -1): number {
    for (let at = start; at >= 0 && at < this.choices.length; at += step) {
      if (!this.choices[at]!.reason) return at;
    }
    return this.active;
  }

  private activate(at: number): void {
    this.options[this.active]?.removeAttribute("data-xw-active");
    this.active = at;
    const option = this.options[at];
    set(this.field, { "aria-activedescendant": option?.id ?? null });
    if (!option) return;
    set(option, { "data-xw-active": true });
    // scrollIntoView would also scroll the notebook.
    const { offsetTop: top, offsetHeight: height } = option;
    const { scrollTop, clientHeight } = this.list;
    this.list.scrollTop = clamp(scrollTop, top + height - clientHeight + 4, Math.max(0, top - 28));
  }

  private choose(choice: Choice): void {
    this.close();
    this.pick(choice);
  }

  private build(selected: string | null): HTMLElement[] {
    const parts: HTMLElement[] = [];
    let group: HTMLElement | undefined;
    let heading: string | undefined;
    this.choices.forEach((choice, at) => {
      if (choice.group !== heading) {
        heading = choice.group;
        const title = el("div", "xw-group", { id: freshId() }, heading ?? "");
        group = el("div", "", { role: "group", "aria-labelledby": title.id }, title);
        parts.push(group);
      }
      const option = this.option(choice, at, choice.value === selected);
      if (group) group.append(option);
      else parts.push(option);
    });
    return parts;
  }

  private option(choice: Choice, at: number, selected: boolean): HTMLElement {
    const option = el("div", "xw-option", {
      id: `${this.list.id}-${at}`,
      role: "option",
      "aria-selected": String(selected),
      "aria-disabled": choice.reason ? "true" : null,
      "data-xw-value": choice.value,
    });
    if (choice.swatch) option.append(choice.swatch());
    option.append(emphasised(choice.label, choice.spans ?? []));
    const note = choice.reason ?? choice.note;
    if (note) option.append(el("span", "xw-note", {}, note));
    const { signal } = this;
    option.addEventListener("click", () => !choice.reason && this.choose(choice), { signal });
    option.addEventListener("pointermove", () => this.active !== at && this.hover(at), { signal });
    this.options[at] = option;
    return option;
  }

  private hover(at: number): void {
    const { scrollTop } = this.list;
    if (!this.choices[at]?.reason) this.activate(at);
    this.list.scrollTop = scrollTop;
  }

  /** Under the field, or above it where the card leaves more room there. */
  private place(): void {
    const card = this.list.closest<HTMLElement>(".xw-root");
    if (!card) return;
    const { style } = this.list;
    const frame = card.getBoundingClientRect();
    const field = this.field.getBoundingClientRect();
    const below = frame.bottom - field.bottom - 12;
    const above = field.top - frame.top - 12;
    const needed = Math.min(this.list.scrollHeight + 2, 380);
    const up = below < needed && above > below;
    style.maxHeight = `${clamp(up ? above : below, 120, 380)}px`;
    style.top = up ? "auto" : `${field.bottom - frame.top + 3}px`;
    style.bottom = up ? `${frame.bottom - field.top + 3}px` : "auto";
    style.minWidth = `${Math.min(field.width, frame.width - 16)}px`;
    const room = frame.width - 16 - this.list.offsetWidth;
    style.left = `${clamp(field.left - frame.left - 1, 8, Math.max(8, room + 8))}px`;
  }
}

function emphasised(text: string, spans: ReadonlyArray<readonly [number, number]>): HTMLElement {
  const label = el("span", "xw-label");
  let at = 0;
  for (const [from, to] of spans) {
    if (from < at) continue;
    label.append(text.slice(at, from), el("b", "", {}, text.slice(from, to)));
    at = to;
  }
  label.append(text.slice(at));
  return label;
}
