/** The rows of a study as typed arrays, filled piece by piece as they come. Nothing of the screen. */
import type { Bytes, ColumnsMessage, DatasetColumn, VerdictsMessage } from "../core/wire";
import { bytesOf } from "../maps/levels";

/** No class, no value. */
export const NONE = 65535;

/** Numbers (nan where there are none), places in `values` (or in the classes), bits, or lines of text. */
export type Column =
  | { kind: "number"; data: Float32Array }
  | { kind: "code"; data: Uint16Array; values: readonly string[] }
  | { kind: "bit"; data: Uint8Array }
  | { kind: "text"; pieces: Array<{ start: number; stop: number; bytes: Uint8Array }> };

/** The number a float16 stands for. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (!exponent) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

let halves: Float32Array | undefined;

/** float16 as float32: looked up, since there are only 65,536 of them. */
export function fromHalves(bits: Uint16Array): Float32Array {
  if (!halves) {
    halves = new Float32Array(65536);
    for (let i = 0; i < halves.length; i++) halves[i] = half(i);
  }
  const made = new Float32Array(bits.length);
  for (let i = 0; i < made.length; i++) made[i] = halves[bits[i]!]!;
  return made;
}

/** Bits, the highest of a byte first, as bytes of 0 and 1. */
export function unpackBits(data: Bytes, count: number): Uint8Array {
  const bytes = bytesOf(data);
  const made = new Uint8Array(count);
  const n = Math.min(count, 8 * bytes.length);
  for (let i = 0; i < n; i++) made[i] = (bytes[i >> 3]! >> (7 - (i & 7))) & 1;
  return made;
}

export function packBits(mask: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  mask.forEach((bit, i) => {
    if (bit) bytes[i >> 3]! |= 128 >> (i & 7);
  });
  return bytes;
}

/** A copy whose offset fits its numbers: hosts slice one big message anywhere. */
const aligned = (data: Bytes): ArrayBuffer => bytesOf(data).slice().buffer as ArrayBuffer;

const ANSWERS = new Set(["done", "failed", "label", "prediction", "probability", "loss"]);

export class Table {
  readonly columns = new Map<string, Column>();
  readonly correct: Uint8Array;
  /** Rises with every piece: what is shown of the columns is out of date. */
  version = 0;
  /** Rises with what the network has answered: counts are out of date. */
  answered = 0;
  done = 0;
  failed = 0;
  private readonly orders = new Map<string, Uint32Array>();
  private readonly texts = new Map<string, string[]>();
  private readonly stamps = new Map<string, number>();

  constructor(
    readonly count: number,
    readonly classes: readonly string[],
  ) {
    this.correct = new Uint8Array(count);
    for (const name of ["label", "prediction"]) {
      this.columns.set(name, {
        kind: "code",
        data: new Uint16Array(count).fill(NONE),
        values: classes,
      });
    }
    for (const name of ["done", "failed"]) {
      this.columns.set(name, { kind: "bit", data: new Uint8Array(count) });
    }
    this.columns.set("verdict", {
      kind: "code",
      data: new Uint16Array(count).fill(NONE),
      values: [],
    });
  }

  take({ start, stop, columns }: ColumnsMessage): void {
    for (const column of columns) {
      this.fill(column, start, stop);
      this.stamp(column.name);
    }
    this.version++;
    // The order stays where only names and metadata came.
    for (const { name } of columns) for (const sign of ["", "-"]) this.orders.delete(sign + name);
    this.texts.clear();
    if (!columns.some(({ name }) => ANSWERS.has(name))) return;
    this.answered++;
    const [label, prediction] = [this.codes("label"), this.codes("prediction")];
    const [done, failed] = [this.bits("done"), this.bits("failed")];
    for (let row = start; row < stop; row++) {
      this.correct[row] = Number(
        done[row]! && label[row] !== NONE && label[row] === prediction[row],
      );
    }
    this.done = sum(done);
    this.failed = sum(failed);
  }

  /** Without words there are no verdicts, and no data. */
  takeVerdicts({ words, data }: VerdictsMessage): void {
    const codes = new Uint16Array(this.count).fill(NONE);
    if (words.length) codes.set(new Uint16Array(aligned(data)).subarray(0, this.count));
    this.columns.set("verdict", { kind: "code", data: codes, values: words });
    this.version++;
    this.stamp("verdict");
  }

  private stamp(name: string): void {
    this.stamps.set(name, (this.stamps.get(name) ?? 0) + 1);
  }
  /** Rises when one of these columns changes. */
  stampOf(names: readonly string[]): number {
    if (names.includes("search")) return this.version;
    return names.reduce((total, name) => total + (this.stamps.get(name) ?? 0), this.answered);
  }

  private fill({ name, form, values, data }: DatasetColumn, start: number, stop: number): void {
    if (form === "text") {
      const column = this.columns.get(name) ?? { kind: "text", pieces: [] };
      if (column.kind !== "text") return;
      column.pieces = column.pieces.filter((piece) => piece.start !== start);
      column.pieces.push({ start, stop, bytes: bytesOf(data).slice() });
      this.columns.set(name, column);
    } else if (form === "bits") {
      this.bits(name).set(unpackBits(data, stop - start), start);
    } else if (form === "u2") {
      let column = this.columns.get(name);
      if (column?.kind !== "code") {
        column = {
          kind: "code",
          data: new Uint16Array(this.count).fill(NONE),
          values: values ?? [],
        };
        this.columns.set(name, column);
      }
      column.data.set(new Uint16Array(aligned(data)), start);
    } else {
      let column = this.columns.get(name);
      if (column?.kind !== "number") {
        column = { kind: "number", data: new Float32Array(this.count).fill(Number.NaN) };
        this.columns.set(name, column);
      }
      const given = aligned(data);
      column.data.set(
        form === "f4" ? new Float32Array(given) : fromHalves(new Uint16Array(given)),
        start,
      );
    }
  }

  codes(name: string): Uint16Array {
    const column = this.columns.get(name);
    return column?.kind === "code" ? column.data : new Uint16Array(this.count).fill(NONE);
  }
  bits(name: string): Uint8Array {
    if (name === "correct") return this.correct;
    const column = this.columns.get(name);
    return column?.kind === "bit" ? column.data : new Uint8Array(this.count);
  }
  numbers(name: string): Float32Array | undefined {
    const column = this.columns.get(name);
    return column?.kind === "number" ? column.data : undefined;
  }
  number(name: string, row: number): number {
    return this.numbers(name)?.[row] ?? Number.NaN;
  }

  /** A column's word for a row: a class, a text, a number; "" where there is none. */
  word(name: string, row: number): string {
    const column = this.columns.get(name);
    if (!column) return "";
    if (column.kind === "code") return column.values[column.data[row]!] ?? "";
    if (column.kind === "text") return this.lines(name, column)[row] ?? "";
    const value = column.data[row]!;
    return Number.isNaN(value) ? "" : String(+value.toPrecision(4));
  }

  /** Texts are read when they are wanted: a hundred thousand names are much to keep. */
  private lines(name: string, column: Column & { kind: "text" }): string[] {
    const known = this.texts.get(name);
    if (known) return known;
    const decoder = new TextDecoder();
    const made: string[] = new Array(this.count).fill("");
    for (const { start, bytes } of column.pieces) {
      decoder
        .decode(bytes)
        .split("\n")
        .forEach((line, i) => {
          made[start + i] = line;
        });
    }
    this.texts.set(name, made);
    return made;
  }

  /** All rows by a column ("-loss": the highest first), those without a value last. */
  order(sort: string): Uint32Array {
    const known = this.orders.get(sort);
    if (known) return known;
    const name = sort.replace(/^-/, "");
    const down = sort.startsWith("-");
    const made = name === "row" ? this.plain(down) : this.sorted(name, down);
    this.orders.set(sort, made);
    return made;
  }
  private plain(down: boolean): Uint32Array {
    return Uint32Array.from({ length: this.count }, (_, i) => (down ? this.count - 1 - i : i));
  }
  private sorted(name: string, down: boolean): Uint32Array {
    const column = this.columns.get(name);
    const { count } = this;
    if (!column || column.kind === "text" || column.kind === "bit") return this.plain(down);
    const { data } = column;
    // The key above the row's number in one double: sorted natively, and stable.
    const keys = new Float64Array(count);
    const float = new Float32Array(1);
    const bits = new Int32Array(float.buffer);
    for (let i = 0; i < count; i++) {
      const value = data[i]!;
      const none = Number.isNaN(value) || (column.kind === "code" && value === NONE);
      float[0] = down ? -value : value;
      // The bits of a float as a whole number that is in the same order.
      const rank = bits[0]! ^ ((bits[0]! >> 31) & 0x7fffffff);
      keys[i] = (none ? 2 ** 31 : rank) * 2 ** 20 + i;
    }
    keys.sort();
    return Uint32Array.from(keys, (key) => key - Math.floor(key / 2 ** 20) * 2 ** 20);
  }
}

export function sum(mask: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < mask.length; i++) total += mask[i]!;
  return total;
}
