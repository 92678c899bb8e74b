/** Which rows a filter keeps: the same rules as xai_widgets/widgets/dataset/filters.py. */
import { NONE, type Table } from "./table";

/** By column a value, several of them, or a range; `search` words, `rows` numbers. */
export type Filter = Readonly<Record<string, unknown>>;

const CLASSES = ["label", "prediction"];

/** 1 for every row that meets all conditions. */
export function maskOf(table: Table, filter: Filter): Uint8Array {
  const kept = new Uint8Array(table.count).fill(1);
  for (const [name, value] of Object.entries(filter)) {
    const own = condition(table, name, value);
    for (let i = 0; i < kept.length; i++) kept[i]! &= own[i]!;
  }
  return kept;
}

function condition(table: Table, name: string, value: unknown): Uint8Array {
  const { count } = table;
  const made = new Uint8Array(count);
  if (name === "rows") {
    for (const row of value as number[]) made[row] = 1;
    return made;
  }
  if (name === "search") return search(table, String(value));
  if (name === "correct") {
    const [label, done] = [table.codes("label"), table.bits("done")];
    const wanted = Number(value);
    for (let i = 0; i < count; i++) {
      made[i] = Number(done[i] && label[i] !== NONE && table.correct[i] === wanted);
    }
    return made;
  }
  const column = table.columns.get(name);
  if (column?.kind === "bit") {
    for (let i = 0; i < count; i++) made[i] = Number(column.data[i] === Number(value));
  } else if (column?.kind === "number") {
    const [low, high] = value as [number, number];
    for (let i = 0; i < count; i++)
      made[i] = Number(column.data[i]! >= low && column.data[i]! <= high);
  } else if (column?.kind === "code") {
    const given = Array.isArray(value) ? value : [value];
    const wanted = new Set(
      CLASSES.includes(name) ? given.map(Number) : given.map((one) => codeOf(column.values, one)),
    );
    for (let i = 0; i < count; i++) made[i] = Number(wanted.has(column.data[i]!));
  } else if (column) {
    const wanted = new Set((Array.isArray(value) ? value : [value]).map(String));
    for (let i = 0; i < count; i++) made[i] = Number(wanted.has(table.word(name, i)));
  }
  return made;
}

const codeOf = (values: readonly string[], value: unknown): number => {
  if (value === "") return NONE;
  const at = values.indexOf(String(value));
  return at < 0 ? -1 : at;
};

/** Rows whose key, label, prediction or metadata contain every word. */
function search(table: Table, text: string): Uint8Array {
  const kept = new Uint8Array(table.count).fill(1);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const word of words) {
    const found = new Uint8Array(table.count);
    for (const [name, column] of table.columns) {
      if (name === "verdict") continue;
      if (column.kind === "code") {
        const hits = column.values.map((value) => value.toLowerCase().includes(word));
        if (hits.some(Boolean)) {
          for (let i = 0; i < found.length; i++) if (hits[column.data[i]!]) found[i] = 1;
        }
      } else if (column.kind === "text") {
        for (let i = 0; i < found.length; i++) {
          if (!found[i] && table.word(name, i).toLowerCase().includes(word)) found[i] = 1;
        }
      }
    }
    for (let i = 0; i < kept.length; i++) kept[i]! &= found[i]!;
  }
  return kept;
}

/** The rows of a mask in an order. */
export function inOrder(order: Uint32Array, mask: Uint8Array): Uint32Array {
  const rows = new Uint32Array(order.length);
  let n = 0;
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    if (mask[row]) rows[n++] = row;
  }
  return rows.subarray(0, n);
}

export interface Count {
  rows: number;
  labelled: number;
  right: number;
}

/** How many rows there are, have a label, and are answered right; of those that are done. */
export function counted(table: Table, mask?: Uint8Array): Count {
  const [label, done] = [table.codes("label"), table.bits("done")];
  let [rows, labelled, right] = [0, 0, 0];
  for (let i = 0; i < table.count; i++) {
    if (mask && !mask[i]) continue;
    rows++;
    if (!done[i] || label[i] === NONE) continue;
    labelled++;
    right += table.correct[i]!;
  }
  return { rows, labelled, right };
}

/** Wilson's 95 % interval of k of n. */
export function wilson(k: number, n: number): [number, number] {
  if (!n) return [0, 1];
  const z = 1.959964;
  const share = k / n;
  const middle = (share + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const width =
    (z / (1 + (z * z) / n)) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, middle - width), Math.min(1, middle + width)];
}

export interface Confused {
  label: number;
  prediction: number;
  count: number;
  /** Of the pictures with this label. */
  share: number;
}

/** How often each label gets each answer, as code label x classes + prediction. */
export function cells(table: Table, mask?: Uint8Array): Map<number, number> {
  const [label, prediction] = [table.codes("label"), table.codes("prediction")];
  const found = new Map<number, number>();
  const n = table.classes.length;
  for (let i = 0; i < table.count; i++) {
    if ((mask && !mask[i]) || label[i] === NONE || prediction[i] === NONE) continue;
    const code = label[i]! * n + prediction[i]!;
    found.set(code, (found.get(code) ?? 0) + 1);
  }
  return found;
}

/** What is taken for what, the most frequent first. */
export function confusions(found: ReadonlyMap<number, number>, n: number): Confused[] {
  const sizes = new Map<number, number>();
  for (const [code, count] of found) {
    const label = Math.floor(code / n);
    sizes.set(label, (sizes.get(label) ?? 0) + count);
  }
  return [...found]
    .map(([code, count]) => {
      const label = Math.floor(code / n);
      return { label, prediction: code % n, count, share: count / sizes.get(label)! };
    })
    .filter(({ label, prediction }) => label !== prediction)
    .sort((a, b) => b.count - a.count || b.share - a.share || a.label - b.label);
}

/** Which of these points lie within a polygon x0, y0, x1, y1 ... (even-odd). */
export function inside(
  xs: Float32Array,
  ys: Float32Array,
  mask: Uint8Array,
  polygon: readonly number[],
): number[] {
  const found: number[] = [];
  const n = polygon.length / 2;
  for (let i = 0; i < xs.length; i++) {
    if (!mask[i] || Number.isNaN(xs[i]!)) continue;
    const [x, y] = [xs[i]!, ys[i]!];
    let within = false;
    for (let a = 0, b = n - 1; a < n; b = a++) {
      const [ax, ay] = [polygon[2 * a]!, polygon[2 * a + 1]!];
      const [bx, by] = [polygon[2 * b]!, polygon[2 * b + 1]!];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
    }
    if (within) found.push(i);
  }
  return found;
}
