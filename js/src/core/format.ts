/** Numbers as people read them: units after a no-break space, a true minus, three digits that count. */

const SPACE = "\u00a0";
const MINUS = "\u2212";

/** +1.42, −0.034, +1.2e−5, 0. */
export function signed(value: number): string {
  if (!Number.isFinite(value)) return "not a number";
  if (value === 0) return "0";
  return (value > 0 ? "+" : MINUS) + magnitude(Math.abs(value));
}

function magnitude(size: number): string {
  if (size >= 10000 || size < 0.001) return size.toExponential(1).replace("e+", "e").replace("-", MINUS);
  return size.toPrecision(3).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

/** 42.9 %; tiny shares stay visible as <0.1 %. */
export function percent(share: number, digits = 1): string {
  const least = 10 ** -digits;
  const value = 100 * share;
  if (value > 0 && value < least / 2) return `<${least}${SPACE}%`;
  return `${value.toFixed(digits)}${SPACE}%`;
}

/** 31 %: for sliders and progress. */
export function wholePercent(share: number): string {
  return percent(share, 0);
}

/** 38 ms, 2.4 s, 1 min 20 s. */
export function duration(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)}${SPACE}ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)}${SPACE}s`;
  return timeLeft(seconds);
}

/** 6 s, 1 min 20 s: time left is never more exact than a second. */
export function timeLeft(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole}${SPACE}s`;
  const rest = whole % 60;
  return `${Math.floor(whole / 60)}${SPACE}min${rest ? ` ${rest}${SPACE}s` : ""}`;
}

/** 224 × 224. */
export function size(height: number, width: number): string {
  return `${height}${SPACE}×${SPACE}${width}`;
}

/** 1,000 classes. */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** What a person typed: "42.9 %", "−0,5", "1e-3" -> number, or null when it is none. */
export function parseNumber(text: string): number | null {
  const match = text.replaceAll(MINUS, "-").replace(/(\d),(?=\d{3}\b)/g, "$1").replace(",", ".").match(/-?\d*\.?\d+(?:e[-+]?\d+)?/i);
  const value = match ? Number(match[0]) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}
