/** A slider and a number that can be typed. It shows its effect while it moves; a double click resets it. */
import { clamp } from "../core/geometry";
import { el, set } from "./dom";

export interface Scale {
  minimum: number;
  maximum: number;
  step: number;
  initial: number;
  /** What stands beside the slider at rest. */
  format(value: number): string;
  /** What stands there while it is edited. */
  edit(value: number): string;
  parse(text: string): number | null;
}

export class Slider {
  readonly row: HTMLElement;
  private readonly range: HTMLInputElement | null;
  private readonly field: HTMLInputElement;
  private value: number;

  constructor(
    label: string,
    control: string,
    private readonly scale: Scale,
    /** `done` is false while the slider still moves. */
    private readonly changed: (value: number, done: boolean) => void,
    signal: AbortSignal,
    slides = true,
    help = "",
  ) {
    this.value = scale.initial;
    this.range = slides
      ? el("input", "xw-range", {
          type: "range",
          min: scale.minimum,
          max: scale.maximum,
          step: "any",
          "aria-label": label,
          "data-xw-control": control,
        })
      : null;
    this.field = el("input", "xw-number", {
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": `${label}, number`,
      "data-xw-number": control,
    });
    const name = el("span", "xw-name", { title: help || null }, label);
    this.row = el("div", "xw-row", {}, name, this.range ?? el("span"), this.field);
    if (this.range) this.listenToRange(this.range, signal);
    this.listenToField(signal);
    this.show(this.value);
  }

  show(value: number): void {
    this.value = value;
    const { minimum, maximum, format } = this.scale;
    const text = format(value);
    if (document.activeElement !== this.field && this.root !== this.field) this.field.value = text;
    if (!this.range) return;
    this.range.value = String(value);
    set(this.range, { "aria-valuetext": text });
    const share = (100 * (value - minimum)) / (maximum - minimum || 1);
    this.range.style.setProperty("--xw-share", `${clamp(share, 0, 100)}%`);
  }

  set disabled(disabled: boolean) {
    this.field.disabled = disabled;
    if (this.range) this.range.disabled = disabled;
  }

  /** The focused element also when the widget lives in a shadow root. */
  private get root(): Element | null {
    const root = this.field.getRootNode();
    return root instanceof ShadowRoot ? root.activeElement : null;
  }

  private listenToRange(range: HTMLInputElement, signal: AbortSignal): void {
    const { minimum, maximum, step, initial } = this.scale;
    const read = (): number => this.snap(Number(range.value));
    range.addEventListener("input", () => this.update(read(), false), { signal });
    range.addEventListener("change", () => this.update(read(), true), { signal });
    range.addEventListener("dblclick", () => this.update(initial, true), { signal });
    // Steps are counted here: with step "any" the browser would choose its own.
    range.addEventListener(
      "keydown",
      (event) => {
        const big = Math.max(step, (maximum - minimum) / 10);
        const by: Record<string, number> = {
          ArrowRight: step,
          ArrowUp: step,
          ArrowLeft: -step,
          ArrowDown: -step,
          PageUp: big,
          PageDown: -big,
          Home: minimum - maximum,
          End: maximum - minimum,
        };
        const move = by[event.key];
        if (move === undefined) return;
        event.preventDefault();
        this.update(this.snap(this.value + move), true);
      },
      { signal },
    );
  }

  private listenToField(signal: AbortSignal): void {
    const { field } = this;
    const commit = (): void => {
      const typed = this.scale.parse(field.value);
      if (typed !== null && typed !== this.value) this.update(typed, true);
    };
    field.addEventListener(
      "focus",
      () => {
        field.value = this.scale.edit(this.value);
        field.select();
      },
      { signal },
    );
    field.addEventListener(
      "blur",
      () => {
        commit();
        field.value = this.scale.format(this.value);
      },
      { signal },
    );
    field.addEventListener("dblclick", () => this.update(this.scale.initial, true), { signal });
    field.addEventListener(
      "keydown",
      (event) => {
        const step = { ArrowUp: this.scale.step, ArrowDown: -this.scale.step }[event.key];
        if (event.key === "Enter") commit();
        else if (event.key === "Escape") field.value = this.scale.edit(this.value);
        else if (step !== undefined) this.update(this.snap(this.value + step), true);
        else return;
        field.value = this.scale.edit(this.value);
        field.select();
        event.preventDefault();
      },
      { signal },
    );
  }

  private snap(value: number): number {
    const { minimum, maximum, step } = this.scale;
    const origin = Number.isFinite(minimum) ? minimum : 0;
    const snapped = origin + Math.round((value - origin) / step) * step;
    return Number(clamp(snapped, minimum, maximum).toPrecision(12));
  }

  private update(value: number, done: boolean): void {
    this.show(value);
    this.changed(value, done);
  }
}
