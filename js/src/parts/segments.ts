/** A few choices side by side, one of them pressed: arrow keys move within. */
import { el, set } from "./dom";

export class Segments<Value extends string> {
  readonly element: HTMLElement;
  private readonly buttons: HTMLButtonElement[];

  constructor(
    label: string,
    control: string,
    private readonly options: ReadonlyArray<{ value: Value; text: string; title?: string }>,
    picked: (value: Value) => void,
    initial: Value,
    signal: AbortSignal,
  ) {
    this.buttons = options.map(({ value, text, title }) => {
      const segment = el("button", "xw-segment", {
        type: "button",
        role: "radio",
        title: title ?? null,
        "aria-label": title ?? null,
        "data-xw-value": value,
      });
      segment.textContent = text;
      segment.addEventListener("click", () => picked(value), { signal });
      return segment;
    });
    this.element = el(
      "div",
      "xw-segments",
      { role: "radiogroup", "aria-label": label, "data-xw-control": control },
      ...this.buttons,
    );
    this.element.addEventListener("dblclick", () => picked(initial), { signal });
    this.element.addEventListener(
      "keydown",
      (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const at = this.buttons.findIndex((segment) => segment === event.target);
        const next = (at + step + options.length) % options.length;
        this.buttons[next]!.focus();
        picked(options[next]!.value);
      },
      { signal },
    );
  }

  show(value: Value): void {
    this.options.forEach((option, at) => {
      const chosen = option.value === value;
      set(this.buttons[at]!, { "aria-checked": String(chosen), tabindex: chosen ? 0 : -1 });
    });
  }
}
