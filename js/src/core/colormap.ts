/** Colour tables, exact copies of matplotlib's, packed as differences of differences (a third of base64). */
import { TABLES } from "./luts";

export interface Colormap {
  name: string;
  title: string;
  diverging: boolean;
}

export const COLORMAPS: readonly Colormap[] = TABLES.map(([name, title, diverging]) => ({
  name,
  title,
  diverging: diverging === 1,
}));

const unpacked = new Map<string, Uint8Array>();

/** 256 x 3 bytes. An unknown name gets the first table. */
export function lut(name: string): Uint8Array {
  const known = unpacked.get(name);
  if (known) return known;
  const [, , diverging, packed] = TABLES.find(([own]) => own === name) ?? TABLES[0]!;
  const table = unpack(packed, diverging === 1);
  unpacked.set(name, table);
  return table;
}

/**
 * Per channel: two bytes in hexadecimal, then second differences in -3..3, two to a letter
 * (letter 35 + 7a + b). A diverging table starts at index 1, so that 128 is its exact centre; 0 repeats 1.
 */
function unpack(packed: string, diverging: boolean): Uint8Array {
  const table = new Uint8Array(768);
  const start = diverging ? 1 : 0;
  let at = 0;
  for (let channel = 0; channel < 3; channel++) {
    let value = Number.parseInt(packed.slice(at, at + 2), 16);
    const next = Number.parseInt(packed.slice(at + 2, at + 4), 16);
    let slope = next - value;
    at += 4;
    const differences: number[] = [];
    while (differences.length < 254 - start) {
      const pair = packed.charCodeAt(at++) - 35;
      differences.push(Math.floor(pair / 7) - 3, (pair % 7) - 3);
    }
    for (let i = start; i < 256; i++) {
      table[3 * i + channel] = value;
      value += slope;
      slope += differences[i - start] ?? 0;
    }
  }
  if (diverging) table.copyWithin(0, 3, 6);
  return table;
}

/** "auto" is a diverging table for a signed map, a sequential one otherwise. */
export function resolveColormap(name: string, signed: boolean): Colormap {
  const chosen = name === "auto" ? (signed ? "coolwarm" : "inferno") : name;
  return COLORMAPS.find((colormap) => colormap.name === chosen) ?? COLORMAPS[0]!;
}
