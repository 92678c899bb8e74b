/** What the network would see of a painted picture, put on the stage at once and without asking anybody. */

import type { Picture } from "../core/wire";
import { pixelsOf } from "../maps/pixels";
import type { Box } from "./mask";

const OPAQUE = 0xff000000;

/** `photo` and `heat` are the canvases of the stage. */
export function newPaint(photo: HTMLCanvasElement, heat: HTMLCanvasElement) {
  let cover: ImageData; // opaque where it is painted over, to take the heat away there
  let seen: ImageData;
  let base: Uint32Array;
  let blur: Uint32Array;
  let mean = 0;
  let width = 0;

  return {
    async load(picture: Picture, blurred: Picture, [r, g, b]: number[]): Promise<void> {
      [base, blur] = await Promise.all([pixelsOf(picture), pixelsOf(blurred)]);
      ({ width } = picture);
      [seen, cover] = [new ImageData(width, picture.height), new ImageData(width, picture.height)];
      mean = (OPAQUE | (b! << 16) | (g! << 8) | r!) >>> 0;
    },
    /** A part of the picture. `beside` the map stands for itself, elsewhere it would hide the paint. */
    draw([left, top, right, bottom]: Box, mask: Uint8Array, fill: string, beside: boolean): void {
      if (photo.width !== width || right <= left) return;
      const [out, covered] = [seen, cover].map(({ data }) => new Uint32Array(data.buffer));
      const flat = fill === "mean" ? mean : OPAQUE;
      for (let row = top; row < bottom; row++) {
        for (let i = row * width + left; i < row * width + right; i++) {
          out![i] = mask[i] ? (fill === "blur" ? blur[i]! : flat) : base[i]!;
          covered![i] = mask[i] ? OPAQUE : 0;
        }
      }
      photo.getContext("2d")!.putImageData(seen, 0, 0, left, top, right - left, bottom - top);
      if (beside || heat.width !== width) return;
      const sheet = new OffscreenCanvas(right - left, bottom - top);
      sheet.getContext("2d")!.putImageData(cover, -left, -top);
      const context = heat.getContext("2d")!;
      context.globalCompositeOperation = "destination-out";
      context.drawImage(sheet, left, top);
      context.globalCompositeOperation = "source-over";
    },
  };
}
