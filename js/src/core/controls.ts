/** Controls made from a method's own parameters: adding a parameter in Python adds its control here. */
import type { Parameter } from "./wire";

/** Wider than this a number is typed, not slid. */
export const WIDE = 1e9;

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
