/** Two maps as one: what the first says more than the second. */

import type { QuantisedMap } from "../core/wire";
import { type HeatMap, valueAt } from "./levels";

/** A map and the value that its last colour stands for. */
export interface Scaled {
  map: HeatMap;
  most: number;
}

/**
 * a − b as a map of its own, at the first map's size. `relative` maps are divided by what is shown of them
 * at most, so that two kinds of map can be told apart by their places, not by their units.
 */
export function difference(a: Scaled, b: Scaled, relative: boolean): QuantisedMap {
  const { width, height } = a.map;
  const [ka, kb] = relative ? [1 / (a.most || 1), 1 / (b.most || 1)] : [1, 1];
  const values = new Float32Array(width * height);
  let [low, high] = [0, 0];
  for (let row = 0; row < height; row++) {
    const other = Math.floor(((row + 0.5) * b.map.height) / height);
    for (let column = 0; column < width; column++) {
      const beside = Math.floor(((column + 0.5) * b.map.width) / width);
      const value = ka * valueAt(a.map, row, column) - kb * valueAt(b.map, other, beside);
      values[row * width + column] = value;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  const peak = Math.max(-low, high);
  // As Python sends maps: sign(v) sqrt(|v| / peak) in 127 levels on either side.
  const data = Uint8Array.from(values, (value) =>
    Math.round(127 + 127 * Math.sign(value) * Math.sqrt(Math.abs(value) / (peak || 1))),
  );
  return {
    shape: [height, width],
    signed: true,
    range: [low, high],
    peak,
    gamma: 2,
    data,
    state: peak ? "ok" : "zero",
    message: peak ? "" : "There is no difference.",
  };
}
