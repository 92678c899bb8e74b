/** Colour tables, exact copies of matplotlib's, packed as differences of differences (a fifth of base64). */
import { TABLES } from "./luts";

export interface Colormap {
  name: string;
  title: string;
  diverging: boolean;
}

export const COLORMAPS: readonly Colormap[] = TABLES.map(([name, title, diverging]) => ({
  name,
  title,
  diverging: !!diverging,
}));

const unpacked = new Map<string, Uint8Array>();

/** 256 x 3 bytes; of the first table for an unknown name. */
export function lut(name: string): Uint8Array {
  const earlier = unpacked.get(name);
  if (earlier) return earlier;
  const [, , start, packed, extra] = TABLES.find(([own]) => own === name) ?? TABLES[0]!;
  const table = unpack(packed, extra, start);
  unpacked.set(name, table);
  return table;
}

/**
 * `packed`: per channel its first value and first slope in hexadecimal, then 64 letters; letter 35 + n holds
 * four second differences in -1..1, n in base three (trailing letters of zeros are left out). `extra`:
 * pairs (place, what is missing there). A diverging table starts at 1, so that 128 is its exact centre.
 */
function unpack(packed: string, extra: readonly number[], start: number): Uint8Array {
  const table = new Uint8Array(768);
  const bends = Array.from({ length: 768 }, (_, i) => {
    const letter = packed.charCodeAt(12 + (i >> 2)) || 75;
    return (Math.floor((letter - 35) / 3 ** (i & 3)) % 3) - 1;
  });
  for (let i = 0; i < extra.length; i += 2) bends[extra[i]!]! += extra[i + 1]!;
  for (let channel = 0; channel < 3; channel++) {
    let value = Number(`0x${packed.slice(4 * channel, 4 * channel + 2)}`);
    let slope = Number(`0x${packed.slice(4 * channel + 2, 4 * channel + 4)}`) - 128;
    for (let i = start; i < 256; i++) {
      table[3 * i + channel] = value;
      value += slope;
      slope += bends[256 * channel + i - start]!;
    }
  }
  if (start) table.copyWithin(0, 3, 6);
  return table;
}

/** "auto" is a diverging table for a signed map, a sequential one otherwise. */
export function resolveColormap(name: string, signed: boolean): Colormap {
  const chosen = name === "auto" ? (signed ? "coolwarm" : "inferno") : name;
  return COLORMAPS.find((colormap) => colormap.name === chosen) ?? COLORMAPS[0]!;
}
