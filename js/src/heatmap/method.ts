/** The method that is asked for: controls for its own parameters, and its card. */

import type { MethodCard, Parameter } from "../core/wire";
import { el, freshId, lines, on, type Part, row, section, set, write } from "../parts/dom";
import { picker } from "../parts/picker";
import { slider, WIDE } from "../parts/slider";
import { allParameters, type HeatmapSession } from "./session";

/**
 * Adding a parameter in Python adds its control here. A value asks the kernel only when it is committed.
 * Returns the element and how to bring it up to date.
 */
export function parameters(signal: AbortSignal, session: HeatmapSession, host: HTMLElement): Part {
  const element = section("Parameters");

  function control(
    parameter: Parameter,
    alive: AbortSignal,
  ): Part<[value: unknown, disabled: boolean]> {
    const { label, kind, default: initial } = parameter;
    const help = parameter.help ?? "";
    const id = `parameter-${parameter.name}`;
    const commit = (value: unknown): void =>
      session.ask({ parameters: override(session.request.parameters ?? {}, parameter, value) });
    if (kind === "bool" || kind === "choice") {
      const choices = kind === "bool" ? [true, false] : (parameter.choices ?? []);
      const options = choices.map((choice) => ({ value: String(choice), label: words(choice) }));
      const pick = (text: string): void =>
        commit(choices.find((choice) => String(choice) === text));
      const list = picker(alive, host, label, id, "choice", pick, () => commit(initial));
      return [
        row(label, help, list.element),
        (value, disabled) => list.show(options, String(value), words(value), "", disabled),
      ];
    }
    const format = (value: number): string => formatValue(parameter, value);
    const scale = { ...scaleOf(parameter), initial: Number(initial), format };
    const change = (value: number, done: boolean): unknown => done && commit(value);
    const [line, show] = slider(alive, label, id, scale, change, help);
    return [line, (value, disabled) => show(Number(value), disabled)];
  }

  const controls = lines(signal, element, (parameter: Parameter, _number, alive) => {
    const [line, show] = control(parameter, alive);
    set(line, { _parameter: parameter.name });
    const update = (values: Record<string, unknown>): void =>
      show(values[parameter.name], session.frozen);
    return [line, update];
  });

  return [
    element,
    () => {
      const { method, request } = session;
      const values = allParameters(method, request.parameters);
      const shows = controls(method?.parameters ?? [], method);
      for (const show of shows) show(values);
      element.hidden = !shows.length;
    },
  ];
}

/** spread_out -> spread out, true -> yes */
function words(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value).replaceAll("_", " ");
}

/** A number's scale. */
export function scaleOf({ kind, minimum, maximum, step }: Parameter) {
  const whole = kind === "int";
  const low = minimum ?? -WIDE;
  const high = maximum ?? WIDE;
  return { least: low, most: high, step: step ?? (whole ? 1 : (high - low) / 100), whole };
}

/** At most six digits, and the unit: 8 px, 0.15. */
export function formatValue({ unit }: Parameter, value: number): string {
  return `${+value.toPrecision(6)}${unit ? `\xa0${unit}` : ""}`;
}

/** The overrides after setting one parameter: a value equal to its default is no override. */
export function override(
  overrides: Readonly<Record<string, unknown>>,
  parameter: Parameter,
  value: unknown,
): Record<string, unknown> {
  const { [parameter.name]: _, ...others } = overrides;
  return value === parameter.default ? others : { ...others, [parameter.name]: value };
}

/**
 * What the method means: one sentence always, the formula one key away. Returns the element, how to show a
 * method, and how to open or close the formula.
 */
export function card(
  signal: AbortSignal,
): [...Part<[method: MethodCard | undefined]>, flip: () => void] {
  const id = freshId();
  const shows = el("p");
  const limits = el("span");
  const citation = el("a", { target: "_blank", rel: "noopener noreferrer" });
  const formula = el(".formula", { id, hidden: true });
  const opens = { $expanded: "false", $controls: id, _control: "formula", title: "Formula (?)" };
  const toggle = el("button.link", opens, "formula");
  const meaning = el(".meaning", shows, el("p.facts", limits, citation, " · ", toggle), formula);
  const named = { $label: "What it means", _card: true };
  const element = el("section.section.card", named, meaning);
  const flip = (): void => {
    formula.hidden = !formula.hidden;
    set(toggle, { $expanded: String(!formula.hidden) });
  };
  on(signal, toggle, "click", flip);
  const show = (method: MethodCard | undefined): void => {
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
