/** A map made smaller so that single pixels are not lost: of what falls together the strongest stays. */
import type { QuantisedMap } from "../core/wire";
import { bytesOf } from "./levels";

/** At most `width` x `height`; a map that is not larger stays as it is. */
export function pooled<Map extends QuantisedMap>(map: Map, width: number, height: number): Map {
  const [h, w] = map.shape;
  const [rows, columns] = [Math.min(h, height), Math.min(w, width)];
  if (rows === h && columns === w) return map;
  const bytes = bytesOf(map.data);
  const zero = map.signed ? 127 : 0;
  const data = new Uint8Array(rows * columns).fill(zero);
  for (let i = 0; i < h; i++) {
    const row = Math.floor((i * rows) / h) * columns;
    for (let j = 0; j < w; j++) {
      const at = row + Math.floor((j * columns) / w);
      const level = bytes[i * w + j]!;
      if (Math.abs(level - zero) > Math.abs(data[at]! - zero)) data[at] = level;
    }
  }
  return { ...map, shape: [rows, columns], data };
}
