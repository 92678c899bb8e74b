/** The two canvases' pixels: the photograph painted once, the heat at every change of look. */

import { type Appearance, now } from "../core/model";
import type { Picture, QuantisedMap } from "../core/wire";
import { lut, resolveColormap } from "../maps/colormap";
import { bytesOf, type HeatMap, heatMap } from "../maps/levels";
import { colourTable, keptShare, paint, shownMaximum } from "../maps/overlay";

/** What was painted: for the colour bar, the cursor and the words. */
export interface Painted {
  map: HeatMap;
  /** The shown maximum. */
  most: number;
  kept: number;
  colormap: string;
  /** From look to pixels in the canvas. */
  milliseconds: number;
}

/** `shared` is a shown maximum in the place of the map's own. */
export function heatPainter(
  canvas: HTMLCanvasElement,
): (
  frame: QuantisedMap,
  look: Appearance,
  width: number,
  height: number,
  shared?: number,
) => Painted {
  let last: QuantisedMap | undefined;
  let map: HeatMap;
  let image: ImageData;
  let own = 0;
  let measured = "";

  return (frame, look, width, height, shared) => {
    // Once per frame: levels at the size of the picture, and a buffer to paint into.
    if (frame !== last || map.width !== width || map.height !== height) {
      map = heatMap(frame, width, height);
      last = frame;
      measured = "";
    }
    if (canvas.width !== width || canvas.height !== height || !image) {
      canvas.width = width;
      canvas.height = height;
      image = new ImageData(width, height);
    }
    const begun = now();
    const { clip, sign, threshold, arrangement } = look;
    const scale = `${clip}${sign}`;
    if (measured !== scale) own = shownMaximum(map, clip, sign);
    measured = scale;
    const most = shared ?? own;
    const { name: colormap, diverging } = resolveColormap(look.colormap, map.signed);
    const opaque = arrangement === "side_by_side";
    const colours = { most, threshold, sign, lut: lut(colormap), diverging, opaque };
    paint(new Uint32Array(image.data.buffer), map.index, colourTable(map.values, colours));
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    const milliseconds = now() - begun;
    const kept = keptShare(map, most, threshold, sign);
    return { map, most, kept, colormap, milliseconds };
  };
}

const bitmapOf = ({ data, mime }: Picture): Promise<ImageBitmap> =>
  createImageBitmap(new Blob([bytesOf(data)], { type: mime }));

/** Paints the photograph into a canvas. Rejects when its bytes are not a picture this browser reads. */
export async function paintPicture(picture: Picture, canvas: HTMLCanvasElement): Promise<void> {
  const bitmap = await bitmapOf(picture);
  const { width, height } = picture;
  Object.assign(canvas, { width, height });
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, width, height);
}

/** RGBA of every pixel of a picture, packed in the machine's own byte order. */
export async function pixelsOf(picture: Picture): Promise<Uint32Array> {
  const { width, height } = picture;
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.drawImage(await bitmapOf(picture), 0, 0, width, height);
  return new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
}
