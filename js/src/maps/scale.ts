/** Where values lie on a colour bar, of which the ends beyond the last colour are short. */
import { clamp } from "../core/geometry";
import type { Sign } from "../core/model";
import type { HeatMap } from "./levels";
import { select, shownMaximum } from "./overlay";

/** From `low` to `high` evenly, and beyond them to the peak on `tail` of the length. */
export interface BarScale {
  low: number;
  high: number;
  /** The largest size there is. */
  peak: number;
  /** The share of the bar that each clipped end has. */
  tail: number;
}

const TAIL = 0.08;

/** `low` and `high` are the values of the first and the last colour, one of them perhaps zero. */
export function barScale(low: number, high: number, peak: number): BarScale {
  return { low, high, peak, tail: peak > Math.max(-low, high) ? TAIL : 0 };
}

/** The share of the bar before the first colour, and behind the last one. */
const tailsOf = ({ low, high, tail }: BarScale): [number, number] => [
  low < 0 ? tail : 0,
  high > 0 ? tail : 0,
];

/** The share of the bar at which a value lies. */
export function shareOf(scale: BarScale, value: number): number {
  const { low, high, peak } = scale;
  const [before, behind] = tailsOf(scale);
  if (value > high) return 1 - behind + behind * clamp((value - high) / (peak - high || 1), 0, 1);
  if (value < low) return before * (1 - clamp((low - value) / (peak + low || 1), 0, 1));
  return before + (1 - before - behind) * ((value - low) / (high - low || 1));
}

/** The value at a share of the bar. */
export function valueAtShare(scale: BarScale, share: number): number {
  const { low, high, peak } = scale;
  const [before, behind] = tailsOf(scale);
  const at = clamp(share, 0, 1);
  if (behind && at > 1 - behind) return high + ((at - 1 + behind) / behind) * (peak - high);
  if (before && at < before) return low - (1 - at / before) * (peak + low);
  return low + ((at - before) / (1 - before - behind)) * (high - low);
}

/** The largest size of what is shown of a map. */
export function peakOf({ nativeValues, nativeCounts }: HeatMap, sign: Sign): number {
  let peak = 0;
  for (let i = 0; i < nativeValues.length; i++) {
    if (nativeCounts[i]) peak = Math.max(peak, Math.abs(select(nativeValues[i]!, sign)));
  }
  return peak;
}

/** The percentile, in tenths from `least` to 100, at which the last colour is nearest to this size. */
export function clipAt(map: HeatMap, size: number, sign: Sign, least: number): number {
  const most = (tenths: number): number => shownMaximum(map, tenths / 10, sign);
  let [low, high] = [10 * least, 1000];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (most(middle) < size) low = middle;
    else high = middle;
  }
  return (size - most(low) < most(high) - size ? low : high) / 10;
}

/** How often values lie in each of so many parts of the bar, in shares of the largest; by their root. */
export function spreadOver(scale: BarScale, map: HeatMap, sign: Sign, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  if (scale.high <= scale.low) return counts;
  for (let i = 0; i < map.values.length; i++) {
    const value = map.values[i]!;
    // Level 0 holds everything the method is silent about: it would flatten the rest.
    if (!select(value, sign)) continue;
    const [twoSided, size] = [scale.low < 0 && scale.high > 0, Math.abs(value)];
    const shown = twoSided ? value : scale.low < 0 ? -size : size;
    const share = shareOf(scale, shown);
    counts[Math.min(bins - 1, Math.floor(share * bins))]! += map.counts[i]!;
  }
  const top = Math.max(...counts, 1);
  return counts.map((count) => Math.sqrt(count / top));
}
