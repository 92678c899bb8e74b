/** A picture that came as a file, as pixels. */

import type { Picture } from "../core/wire";
import { bytesOf } from "./levels";

/** RGBA of every pixel, packed in the machine's own byte order. */
export async function pixelsOf(picture: Picture): Promise<Uint32Array> {
  const { width, height, mime, data } = picture;
  const bitmap = await createImageBitmap(new Blob([bytesOf(data)], { type: mime }));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  context.drawImage(bitmap, 0, 0, width, height);
  return new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
}
