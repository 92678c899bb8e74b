/** Pages of pictures: asked for when they are near what is seen, kept as JPEG, decoded when shown. */
import type { PackedMaps, PicturesMessage, QuantisedMap } from "../core/wire";
import { bytesOf } from "../maps/levels";

export interface Sprite {
  jpeg: Uint8Array<ArrayBuffer>;
  map: QuantisedMap | undefined;
}

const PAGE = 48; // pictures of one question, but for those that are seen
const SEEN = 128; // of which the kernel answers so many
const FLYING = 3; // questions at once
const KEPT = 24_000_000; // bytes of JPEG
const DECODED = 320; // bitmaps; one of 96 x 96 is 37 KB
const PATIENCE = 4000; // milliseconds until a question is asked again

/** Maps that came one after another; their bytes are their own from now on. */
export function mapsOf({ shapes, peaks, signed, data }: PackedMaps, gamma: number): QuantisedMap[] {
  const values = bytesOf(data).slice();
  let at = 0;
  return peaks.map((peak, i) => {
    const shape = [shapes[2 * i]!, shapes[2 * i + 1]!] as const;
    const both = signed[i]!;
    const range = [both ? -peak : 0, peak] as const;
    const own = values.subarray(at, at + shape[0] * shape[1]);
    at += own.length;
    const state = peak ? "ok" : "zero";
    return { shape, signed: both, peak, gamma, range, data: own, state, message: "" };
  });
}

/** The pictures of a page, whose bytes are its own from now on. */
export function spritesOf({
  rows,
  ends,
  gamma,
  data,
  maps,
}: PicturesMessage): Array<[row: number, sprite: Sprite]> {
  const jpegs = bytesOf(data).slice();
  const unpacked = mapsOf(maps, gamma);
  return rows.map((row, i) => {
    const jpeg = jpegs.subarray(ends[i - 1] ?? 0, ends[i]);
    const map = unpacked[i]!;
    return [row, { jpeg, map: map.shape[0] ? map : undefined }];
  });
}

/** `ask` sends a question, `arrived` is told of rows that can be shown now. */
export function sheets(
  ask: (rows: number[]) => void,
  arrived: (rows: ReadonlySet<number>) => void,
  forever: boolean,
  clock: () => number = () => performance.now(),
) {
  const sprites = new Map<number, Sprite>(); // the least recently used first
  const bitmaps = new Map<number, ImageBitmap>();
  const decoding = new Set<number>();
  const broken = new Set<number>(); // rows whose picture no browser can decode
  const flying = new Set<number>(); // rows that were asked for
  let questions: Array<readonly number[]> = [];
  let lastAsked = 0;
  let bytes = 0;
  let seen: readonly number[] = [];
  let near: readonly number[] = [];
  const extras = new Map<string, readonly number[]>();
  let extra: readonly number[] = [];
  let ready = new Set<number>();

  function keep(row: number, sprite: Sprite): void {
    const before = sprites.get(row);
    if (before) bytes -= before.jpeg.length;
    sprites.delete(row);
    sprites.set(row, sprite);
    bytes += sprite.jpeg.length;
    for (const [old, { jpeg }] of sprites) {
      if (forever || bytes <= KEPT) break;
      sprites.delete(old);
      bytes -= jpeg.length;
    }
  }
  function next(): void {
    if (forever) return;
    const time = clock();
    if (questions.length && time - lastAsked > PATIENCE) {
      questions = [];
      flying.clear();
    }
    const missing = (rows: readonly number[], most: number): number[] =>
      rows.filter((row) => !sprites.has(row) && !flying.has(row)).slice(0, most);
    const askFor = (rows: number[]): void => {
      for (const row of rows) flying.add(row);
      questions.push(rows);
      lastAsked = time;
      ask(rows);
    };
    // What is seen is one question, and what is near waits until that can be shown.
    const now = missing([...seen, ...extra], SEEN);
    if (now.length && questions.length < FLYING) askFor(now);
    if (questions.length || !seen.every(settled)) return;
    const soon = missing(near, PAGE);
    if (soon.length) askFor(soon);
    else if (!decoding.size) {
      const room = Math.max(0, DECODED - seen.length);
      const row = near.slice(0, room).find((row) => !settled(row));
      if (row !== undefined) void decode(row, sprites.get(row)!.jpeg);
    }
  }
  /** Whether there is nothing more to be done for a row. */
  function settled(row: number): boolean {
    return sprites.get(row)?.jpeg.length === 0 || bitmaps.has(row) || broken.has(row);
  }
  function told(row: number): void {
    if (!ready.size) {
      requestAnimationFrame(() => {
        const rows = ready;
        ready = new Set();
        arrived(rows);
      });
    }
    ready.add(row);
  }
  async function decode(row: number, jpeg: Uint8Array<ArrayBuffer>): Promise<void> {
    if (decoding.has(row) || !jpeg.length) return;
    decoding.add(row);
    try {
      const made = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
      bitmaps.set(row, made);
      for (const [old, bitmap] of bitmaps) {
        if (bitmaps.size <= DECODED) break;
        bitmap.close();
        bitmaps.delete(old);
      }
      told(row);
    } catch (problem) {
      console.warn(problem);
      broken.add(row);
    } finally {
      decoding.delete(row);
    }
    next();
  }

  return {
    /** The rows whose pictures are seen, and those that may be next. */
    want(visible: readonly number[], around: readonly number[]): void {
      [seen, near] = [visible, around];
      next();
    },
    /** And these, of one who wants them. */
    also(rows: readonly number[], who: string): void {
      if (rows === extras.get(who)) return;
      extras.set(who, rows);
      extra = [...extras.values()].flat();
      next();
    },
    take(message: PicturesMessage): void {
      lastAsked = clock();
      const wanted = new Set([...seen, ...extra]);
      for (const [row, sprite] of spritesOf(message)) {
        keep(row, sprite);
        flying.delete(row);
        if (wanted.has(row)) void decode(row, sprite.jpeg);
      }
      if (message.more) return;
      // What was left out is asked for again.
      const answered = questions.find((rows) => message.rows.some((row) => rows.includes(row)));
      for (const row of answered ?? []) flying.delete(row);
      questions = questions.filter((rows) => rows !== answered);
      next();
    },
    /** Pictures of rows that were not done yet when they were asked for. */
    forget(): void {
      for (const [row, { jpeg }] of sprites) if (!jpeg.length) sprites.delete(row);
      next();
    },
    tick: next,
    sprite: (row: number): Sprite | undefined => sprites.get(row),
    /** The picture of a row; undefined until it is decoded, which `arrived` is told. */
    bitmap(row: number): ImageBitmap | undefined {
      const known = bitmaps.get(row);
      if (known) {
        bitmaps.delete(row);
        bitmaps.set(row, known);
        return known;
      }
      const sprite = sprites.get(row);
      if (sprite) void decode(row, sprite.jpeg);
      return undefined;
    },
    get kept(): number {
      return sprites.size;
    },
  };
}

export type Sheets = ReturnType<typeof sheets>;
