/** The method that is asked for: controls for its own parameters, and its card. */

import { capital } from "../core/format";
import type { MethodCard, Parameter } from "../core/wire";
import { el, freshId, lines, on, type Part, row, section, set, write } from "../parts/dom";
import { picker } from "../parts/picker";
import { slider, WIDE } from "../parts/slider";
import { allParameters, type HeatmapSession } from "./session";

/**
 * Adding a parameter in Python adds its control here. A value asks the kernel only when it is committed.
 * Returns the element, how to bring it up to date, and how to mark what is wrong with a value.
 */
export function parameters(
  signal: AbortSignal,
  session: HeatmapSession,
  host: HTMLElement,
): [...Part, mark: () => void] {
  const element = section("Parameters");

  function control(
    parameter: Parameter,
    alive: AbortSignal,
  ): Part<[value: unknown, disabled: boolean]> {
    const { label, kind, default: initial } = parameter;
    const help = helpOf(parameter);
    const id = `parameter-${parameter.name}`;
    const commit = (value: unknown): void =>
      session.ask({ parameters: override(session.request.parameters ?? {}, parameter, value) });
    if (kind === "bool" || kind === "choice") {
      const choices = kind === "bool" ? [true, false] : (parameter.choices ?? []);
      const options = choices.map((choice) => ({ value: String(choice), label: plain(choice) }));
      const pick = (text: string): void =>
        commit(choices.find((choice) => String(choice) === text));
      const list = picker(alive, host, label, id, "choice", pick, () => commit(initial));
      return [
        row(label, help, list.element),
        (value, disabled) => list.show(options, String(value), plain(value), "", disabled),
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

  // What is wrong with one of them stands below it, with a way out.
  const words = el("span");
  const instead = el("button.link", { _control: "instead" });
  const problem = el(
    "p.problem",
    { id: freshId(), _problem: true, hidden: true },
    words,
    " ",
    instead,
  );
  on(signal, instead, "click", () => {
    let parameters = session.request.parameters ?? {};
    for (const [name, value] of Object.entries(session.status?.instead ?? {})) {
      const parameter = session.method?.parameters.find((own) => own.name === name);
      if (parameter) parameters = override(parameters, parameter, value);
    }
    session.ask({ parameters });
  });
  let marked: Element | null = null;

  function mark(): void {
    const { status, method } = session;
    const own = method?.parameters.find(({ name }) => name === status?.parameter);
    const wrong = session.state() === "error" ? own : undefined;
    const line = wrong ? element.querySelector(`[data-xw-parameter="${wrong.name}"]`) : null;
    if (marked !== line)
      for (const input of inputsOf(marked)) set(input, { $invalid: null, $describedby: null });
    problem.hidden = !line;
    if (line && wrong) {
      write(words, sentence(status?.message ?? "", session.request.method));
      const values = Object.entries(status?.instead ?? {}).map(([name, value]) => {
        const parameter = method?.parameters.find((each) => each.name === name);
        const text =
          typeof value === "number" && parameter ? formatValue(parameter, value) : plain(value);
        return `${(parameter?.label ?? name).toLowerCase()} ${text}`;
      });
      write(instead, values.length ? `Use ${values.join(", ")}` : "");
      instead.hidden = !values.length;
      if (problem.previousElementSibling !== line) line.after(problem);
      for (const input of inputsOf(line))
        set(input, { $invalid: "true", $describedby: problem.id });
      if (marked !== line) reveal(problem);
    }
    marked = line;
  }

  return [
    element,
    () => {
      const { method, request } = session;
      const values = allParameters(method, request.parameters);
      const shows = controls(method?.parameters ?? [], method);
      for (const show of shows) show(values);
      element.hidden = !shows.length;
      mark();
    },
    mark,
  ];
}

const inputsOf = (line: Element | null): Element[] => [
  ...(line?.querySelectorAll("input, button") ?? []),
];

/** Scrolls to it what it is in, but not the page. */
function reveal(element: HTMLElement): void {
  for (let box = element.parentElement; box && !box.matches(".xw-root"); box = box.parentElement) {
    if (
      box.scrollHeight <= box.clientHeight ||
      !/auto|scroll/.test(getComputedStyle(box).overflowY)
    )
      continue;
    const below = element.getBoundingClientRect().bottom - box.getBoundingClientRect().bottom;
    if (below > 0) box.scrollTop += below + 12;
  }
}

/** An error's words without the method's name, which is known here. */
function sentence(message: string, method: string): string {
  const text = message.startsWith(`${method}: `) ? message.slice(method.length + 2) : message;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** spread_out -> spread out, true -> yes */
function plain(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value).replaceAll("_", " ");
}

/** What a parameter does, what it may be, and what it is at first. */
export function helpOf(parameter: Parameter): string {
  const { help, kind, minimum, maximum, choices, default: initial } = parameter;
  const told = help ? `${capital(help).replace(/[^.!?]$/, "$&.")} ` : "";
  if (kind === "bool") return `${told}Yes or no; ${plain(initial)} by default.`;
  if (kind === "choice")
    return `${told}${(choices ?? []).map(plain).join(", ")}; ${plain(initial)} by default.`;
  const least = minimum == null ? "" : formatValue({}, minimum);
  const most = maximum == null ? "" : formatValue(parameter, maximum);
  const range =
    least && most
      ? `${least} to ${most}; `
      : most
        ? `up to ${most}; `
        : least
          ? `from ${least} on; `
          : "";
  return `${told}${capital(range)}${formatValue(parameter, Number(initial))} by default.`;
}

/** A number's scale. */
export function scaleOf({ kind, minimum, maximum, step }: Parameter) {
  const whole = kind === "int";
  const low = minimum ?? -WIDE;
  const high = maximum ?? WIDE;
  return { least: low, most: high, step: step ?? (whole ? 1 : (high - low) / 100), whole };
}

/** At most six digits, and the unit: 8 px, 0.15. */
export function formatValue({ unit }: Pick<Parameter, "unit">, value: number): string {
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
