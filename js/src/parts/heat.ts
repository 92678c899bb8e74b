/** The two canvases' pixels: the photograph painted once, the heat at every change of look. */

import { now } from "../core/host";
import type { Appearance, Frame, Picture } from "../core/wire";
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
): (frame: Frame, look: Appearance, width: number, height: number, shared?: number) => Painted {
  let last: Frame | undefined;
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
    const { clip, sign, threshold, view } = look;
    const asked = `${clip}${sign}`;
    if (measured !== asked) own = shownMaximum(map, clip, sign);
    measured = asked;
    const most = shared ?? own;
    const { name: colormap, diverging } = resolveColormap(look.colormap, map.signed);
    const opaque = view === "side_by_side";
    const colours = { most, threshold, sign, lut: lut(colormap), diverging, opaque };
    paint(new Uint32Array(image.data.buffer), map.index, colourTable(map.values, colours));
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    const milliseconds = now() - begun;
    const kept = keptShare(map, most, threshold, sign);
    return { map, most, kept, colormap, milliseconds };
  };
}

/** Paints the photograph into a canvas. Rejects when its bytes are not a picture this browser reads. */
export async function paintPicture(
  { width, height, mime, data }: Picture,
  canvas: HTMLCanvasElement,
): Promise<void> {
  const bitmap = await createImageBitmap(new Blob([bytesOf(data)], { type: mime }));
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, width, height);
}
