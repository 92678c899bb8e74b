/** A method's own parameters as controls. A value asks the kernel only when it is committed. */
import { controlOf, formatValue, override, parseValue } from "../core/controls";
import { allParameters } from "../core/protocol";
import type { Session } from "../core/session";
import type { Method, Parameter } from "../core/wire";
import { button, el, set } from "./dom";
import { Picker } from "./picker";
import { Slider } from "./slider";

type Show = (value: unknown, disabled: boolean) => void;

export class Parameters {
  readonly element = el("section", "xw-section", { hidden: true });
  private method: Method | undefined;
  private shows = new Map<string, Show>();
  private life = new AbortController();

  constructor(
    private readonly session: Session,
    private readonly host: HTMLElement,
    private readonly signal: AbortSignal,
  ) {}

  update(): void {
    const { method, request, frozen } = this.session;
    if (method !== this.method) this.build(method);
    const values = allParameters(method, request.parameters);
    for (const [name, show] of this.shows) show(values[name], frozen);
  }

  private build(method: Method | undefined): void {
    this.life.abort();
    this.life = new AbortController();
    this.method = method;
    this.shows.clear();
    const parameters = method?.parameters ?? [];
    this.element.hidden = parameters.length === 0;
    const rows = parameters.map((parameter) => {
      const row = this.control(parameter);
      set(row, { "data-xw-parameter": parameter.name, title: parameter.help || null });
      return row;
    });
    this.element.replaceChildren(el("h3", "xw-heading", {}, "Parameters"), ...rows);
  }

  private control(parameter: Parameter): HTMLElement {
    const { name, label } = parameter;
    const signal = AbortSignal.any([this.signal, this.life.signal]);
    const control = controlOf(parameter);
    const commit = (value: unknown): void => {
      const { parameters } = this.session.request;
      this.session.ask({ parameters: override(parameters, parameter, value) });
    };
    const reset = (element: HTMLElement): void =>
      element.addEventListener("dblclick", () => commit(parameter.default), { signal });
    const title = el("span", "xw-name", {}, label);
    if (control.kind === "switch") {
      const toggle = button("xw-switch", { role: "switch", "aria-label": label });
      toggle.addEventListener(
        "click",
        () => commit(toggle.getAttribute("aria-checked") !== "true"),
        { signal },
      );
      this.shows.set(name, (value, disabled) => set(toggle, { "aria-checked": String(Boolean(value)), disabled }));
      return el("div", "xw-row", {}, title, toggle);
    }
    if (control.kind === "choice") {
      const choices = control.choices.map((choice) => ({ value: String(choice), label: words(choice) }));
      const picked = (text: string): void =>
        commit(control.choices.find((choice) => String(choice) === text));
      const picker = new Picker(this.host, label, `parameter-${name}`, picked, signal);
      reset(picker.button);
      this.shows.set(name, (value, disabled) =>
        picker.show(choices, String(value), words(value), "", disabled),
      );
      return el("div", "xw-row xw-blend", {}, title, picker.button);
    }
    const slider = new Slider(
      label,
      `parameter-${name}`,
      {
        ...control,
        initial: typeof parameter.default === "number" ? parameter.default : control.minimum,
        format: (value) => formatValue(parameter, value),
        edit: (value) => formatValue({ ...parameter, unit: "" }, value),
        parse: (text) => parseValue(parameter, text),
      },
      (value, done) => done && commit(value),
      signal,
      control.kind === "slider",
    );
    this.shows.set(name, (value, disabled) => {
      slider.show(Number(value));
      slider.disabled = disabled;
    });
    return slider.row;
  }
}

/** spread_out -> spread out */
function words(value: unknown): string {
  return String(value).replaceAll("_", " ");
}
