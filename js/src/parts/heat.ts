/** The two canvases' pixels: the photograph painted once, the heat at every change of look. */

import type { Size } from "../core/geometry";
import { type Appearance, now } from "../core/model";
import type { Picture, QuantisedMap } from "../core/wire";
import { lut, resolveColormap } from "../maps/colormap";
import { bytesOf, type HeatMap, heatMap } from "../maps/levels";
import { colourTable, keptShare, paint, shownFoot, shownMaximum } from "../maps/overlay";
import { type Attributes, el, say, set } from "./dom";

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

/** Returns how to paint; `shared` is a shown maximum in the place of the map's own. */
export function heatPainter(canvas: HTMLCanvasElement) {
  let last: QuantisedMap | undefined;
  let map: HeatMap;
  let image: ImageData | undefined;
  let own = 0;
  let foot = 0;
  let how = "";
  let measured = "";

  return (
    frame: QuantisedMap,
    look: Appearance,
    { width, height }: Size,
    shared?: number,
  ): Painted => {
    // Once per frame: levels at the size of the picture, and a buffer to paint into.
    const { interpolation = "smooth" } = look;
    if (frame !== last || map.width !== width || map.height !== height || interpolation !== how) {
      map = heatMap(frame, width, height, interpolation);
      [last, how] = [frame, interpolation];
      measured = "";
    }
    image = imageFor(canvas, { width, height }, image);
    const begun = now();
    const { clip, sign, threshold, arrangement } = look;
    const scale = `${clip}${sign}`;
    if (measured !== scale) own = shownMaximum(map, clip, sign);
    if (measured !== scale || shared !== undefined) foot = shownFoot(map, shared ?? own, sign);
    measured = scale;
    const most = shared ?? own;
    const { name: colormap, diverging } = resolveColormap(look.colormap, map.signed);
    const opaque = arrangement === "side_by_side";
    const colours = { most, foot, threshold, sign, lut: lut(colormap), diverging, opaque };
    paint(new Uint32Array(image.data.buffer), map.index, colourTable(map.values, colours));
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    const milliseconds = now() - begun;
    const kept = keptShare(map, most, threshold, sign);
    return { map, most, kept, colormap, milliseconds };
  };
}

/** The pixels to put into a canvas, which takes their size: those there are, if they have it. */
export function imageFor(
  canvas: HTMLCanvasElement,
  { width, height }: Size,
  image: ImageData | undefined,
): ImageData {
  const fits = (has: Size | undefined): boolean => has?.width === width && has.height === height;
  if (image && fits(image) && fits(canvas)) return image;
  Object.assign(canvas, { width, height });
  return new ImageData(width, height);
}

/** A map over a small picture or in its place, and words where it has nothing to show. */
export function smallMap(attributes: Attributes) {
  const heat = el("canvas.heat", { role: "img", hidden: true, ...attributes });
  const plate = el(".pill.plate", { hidden: true });
  const paint = heatPainter(heat);
  return {
    heat,
    plate,
    show(map: QuantisedMap | undefined, look: Appearance, size: Size, words: string) {
      const painted = map && paint(map, look, size);
      heat.hidden = !painted;
      say(plate, words);
      return painted;
    },
  };
}

/** A box takes the form of its picture. The pixels of a small one are to be seen. */
export function formAs(box: HTMLElement, { width, height }: Size): void {
  box.style.setProperty("--xw-aspect", String(width / height));
  set(box, { _pixels: Math.max(width, height) < 128 });
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
