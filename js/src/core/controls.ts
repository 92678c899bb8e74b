/** Controls made from a method's own parameters: adding a parameter in Python adds its control here. */
import { parseNumber } from "./format";
import type { Parameter } from "./wire";

export type Control =
  | { kind: "slider"; minimum: number; maximum: number; step: number }
  | { kind: "number"; minimum: number; maximum: number; step: number }
  | { kind: "choice"; choices: readonly unknown[] }
  | { kind: "switch" };

/** A slider needs both ends; without them the number is typed. */
export function controlOf(parameter: Parameter): Control {
  if (parameter.kind === "bool") return { kind: "switch" };
  if (parameter.kind === "choice") return { kind: "choice", choices: parameter.choices ?? [] };
  const minimum = parameter.minimum ?? Number.NEGATIVE_INFINITY;
  const maximum = parameter.maximum ?? Number.POSITIVE_INFINITY;
  const bounded = Number.isFinite(minimum) && Number.isFinite(maximum);
  const step = parameter.step ?? (parameter.kind === "int" || !bounded ? 1 : (maximum - minimum) / 100);
  return { kind: bounded ? "slider" : "number", minimum, maximum, step };
}

/** The nearest value the parameter allows; null when the text holds no number. */
export function parseValue(parameter: Parameter, text: string): number | null {
  const control = controlOf(parameter);
  const typed = parseNumber(text);
  if (typed === null || !("minimum" in control)) return null;
  const value = parameter.kind === "int" ? Math.round(typed) : typed;
  return Math.min(control.maximum, Math.max(control.minimum, value));
}

/** As many decimals as the step has: 8, 0.15, 0.001. */
export function formatValue(parameter: Parameter, value: unknown): string {
  if (typeof value !== "number") return value === null || value === undefined ? "" : String(value);
  const text = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  return parameter.unit ? `${text}\u00a0${parameter.unit}` : text;
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

/** Overrides that the method also has: what survives a change of method. */
export function carriedOver(
  overrides: Readonly<Record<string, unknown>>,
  parameters: readonly Parameter[],
): Record<string, unknown> {
  const known = new Set(parameters.map(({ name }) => name));
  return Object.fromEntries(Object.entries(overrides).filter(([name]) => known.has(name)));
}
