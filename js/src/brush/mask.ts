/** What is painted over: a mask of 0 and 1, one a picture pixel, and how it is put on the stage. */

import { clamp } from "../core/geometry";
import type { Picture } from "../core/wire";
import { pixelsOf } from "../parts/heat";

export type Point = readonly [x: number, y: number];

/** Left, top, right, bottom; the last two are outside. */
export type Box = readonly [number, number, number, number];

/**
 * Paints the pixels whose centre lies within `radius` of the line between two points, and the one under
 * its end, however thin the brush. Points are in pixels, so that (0.5, 0.5) is the centre of the first.
 * Returns the box of all that may have changed, null where that is nothing.
 */
export function stroke(
  mask: Uint8Array,
  width: number,
  [ax, ay]: Point,
  [bx, by]: Point,
  radius: number,
): Box | null {
  const height = mask.length / width;
  const [dx, dy] = [bx - ax, by - ay];
  const reach = Math.max(radius, 1);
  /** The pixels that may be reached along one axis, of `length`. */
  const span = (a: number, b: number, length: number): [number, number] => [
    clamp(Math.floor(Math.min(a, b) - reach), 0, length),
    clamp(Math.ceil(Math.max(a, b) + reach), 0, length),
  ];
  const [left, right] = span(ax, bx, width);
  const [top, bottom] = span(ay, by, height);
  let touched = false;
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const [px, py] = [column + 0.5 - ax, row + 0.5 - ay];
      // The nearest point of the line is a + t d.
      const t = clamp((px * dx + py * dy) / (dx * dx + dy * dy || 1), 0, 1);
      const under = column === Math.floor(bx) && row === Math.floor(by);
      if (!under && Math.hypot(px - t * dx, py - t * dy) > radius) continue;
      mask[row * width + column] = 1;
      touched = true;
    }
  }
  return touched ? [left, top, right, bottom] : null;
}

/** Lengths of what is unpainted, painted, unpainted ... in reading order, in 16 bits each. */
export function runsOf(mask: Uint8Array): Uint16Array<ArrayBuffer> {
  const runs: number[] = [];
  let [value, start] = [0, 0];
  for (let i = 0; i <= mask.length; i++) {
    const full = i - start === 0xffff;
    if (i < mask.length && mask[i] === value && !full) continue;
    runs.push(i - start);
    if (full && mask[i] === value) runs.push(0);
    else value ^= 1;
    start = i;
  }
  return Uint16Array.from(runs);
}

/** The way back. A mask of `length` that the runs do not fill is unpainted at its end. */
export function maskOf(runs: Uint16Array, length: number): Uint8Array<ArrayBuffer> {
  const mask = new Uint8Array(length);
  let at = 0;
  runs.forEach((run, i) => {
    mask.fill(i & 1, at, at + run);
    at += run;
  });
  return mask;
}

/** What share of the picture is painted over. */
export function shareOf(mask: Uint8Array): number {
  let painted = 0;
  for (let i = 0; i < mask.length; i++) painted += mask[i]!;
  return painted / (mask.length || 1);
}

const KEPT = 99;

/** What the picture was before each stroke, for undoing them. */
export class Strokes {
  private readonly past: Uint16Array[] = [];

  get any(): boolean {
    return this.past.length > 0;
  }
  /** A stroke, or whatever else changes the mask, is about to begin. */
  begin(mask: Uint8Array): void {
    this.past.push(runsOf(mask));
    if (this.past.length > KEPT) this.past.shift();
  }
  undo(mask: Uint8Array): boolean {
    const runs = this.past.pop();
    if (runs) mask.set(maskOf(runs, mask.length));
    return !!runs;
  }
  forget(): void {
    this.past.length = 0;
  }
}

const OPAQUE = 0xff000000;

/**
 * Puts paint on the stage, at once and without asking anybody: what the network would see where the picture
 * is painted over. `canvas` and `heat` are canvases of the stage.
 */
export function newPaint(canvas: HTMLCanvasElement, heat: HTMLCanvasElement) {
  let cover: ImageData; // opaque where it is painted over, to take the heat away there
  let seen: ImageData;
  let blur: Uint32Array;
  let mean = 0;
  let width = 0;

  return {
    async load(blurred: Picture, [r, g, b]: readonly number[]): Promise<void> {
      blur = await pixelsOf(blurred);
      ({ width } = blurred);
      const { height } = blurred;
      [seen, cover] = [new ImageData(width, height), new ImageData(width, height)];
      mean = (OPAQUE | (b! << 16) | (g! << 8) | r!) >>> 0;
    },
    /** A part of the picture. `beside` the map stands for itself, elsewhere it would hide the paint. */
    draw([left, top, right, bottom]: Box, mask: Uint8Array, fill: string, beside: boolean): void {
      if (canvas.width !== width || right <= left) return;
      const [out, covered] = [seen, cover].map(({ data }) => new Uint32Array(data.buffer));
      const flat = fill === "mean" ? mean : OPAQUE;
      for (let row = top; row < bottom; row++) {
        for (let i = row * width + left; i < row * width + right; i++) {
          out![i] = mask[i] ? (fill === "blur" ? blur[i]! : flat) : 0;
          covered![i] = mask[i] ? OPAQUE : 0;
        }
      }
      canvas.getContext("2d")!.putImageData(seen, 0, 0, left, top, right - left, bottom - top);
      if (beside || heat.width !== width) return;
      const hole = new OffscreenCanvas(right - left, bottom - top);
      hole.getContext("2d")!.putImageData(cover, -left, -top);
      const context = heat.getContext("2d")!;
      context.globalCompositeOperation = "destination-out";
      context.drawImage(hole, left, top);
      context.globalCompositeOperation = "source-over";
    },
  };
}
