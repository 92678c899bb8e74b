/** Numbers as people read them: units after a no-break space, a true minus, three digits that count. */

import type { ClassScore } from "./wire";

type Unit = ClassScore["unit"];

/** +1.42, −0.034, +1.2e−5, 0. */
export function signed(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text =
    size >= 1e4 || (size > 0 && size < 1e-3)
      ? value.toExponential(1).replace("e+", "e")
      : String(+value.toPrecision(3));
  return (value > 0 ? "+" : "") + text.replaceAll("-", "−");
}

/** 0.34, −1.20: always as many digits. */
export const fixed = (value: number, digits = 2): string =>
  value
    .toFixed(digits)
    .replace(/^-(?=[0.]+$)/, "")
    .replace("-", "−");

/** 42.9 %; a share too small to show is <0.1 %. */
export function percent(share: number, digits = 1): string {
  const least = 10 ** -digits;
  return share > 0 && 200 * share < least
    ? `<${least}\xa0%`
    : `${(100 * share).toFixed(digits)}\xa0%`;
}

/** What a network says of a class: 42.9 %; where that is no probability, the number itself, 37.1. */
export const amount = (value: number, unit?: Unit, digits?: number): string =>
  unit === "number" ? signed(value).replace("+", "") : percent(value, digits);

/** 38 ms, 2.4 s, 1 min 20 s. */
export function duration(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(1000 * seconds)}\xa0ms`;
  return seconds < 9.95 ? `${seconds.toFixed(1)}\xa0s` : timeLeft(seconds);
}

/** 6 s, 1 min 20 s: time left is never more exact than a second. */
export function timeLeft(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  const rest = `${whole % 60}\xa0s`;
  return whole < 60 ? rest : `${Math.floor(whole / 60)}\xa0min ${rest}`;
}

/** 224 × 224. */
export const size = (height: number, width: number): string => `${height}\xa0×\xa0${width}`;

/** 1 picture, 1,024 pictures. */
export const pictures = (n: number): string =>
  `${n.toLocaleString("en")} picture${n === 1 ? "" : "s"}`;

/** normal -> Normal */
export const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** What a person typed: "42.9 %", "−0,5", "1e-3" -> number, or null when it is none. */
export function parseNumber(text: string): number | null {
  const number = /-?\d*\.?\d+(e[-+]?\d+)?/i.exec(text.replace("−", "-").replace(",", "."));
  return number && Number(number[0]);
}
