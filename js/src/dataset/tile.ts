/** A picture with its map in one canvas, at the size it is seen: the same sums as everywhere. */
import { type Appearance, now } from "../core/model";
import type { QuantisedMap } from "../core/wire";
import { lut, resolveColormap } from "../maps/colormap";
import { heatMap } from "../maps/levels";
import { colourTable, keptShare, paint, shownFoot, shownMaximum } from "../maps/overlay";
import type { Painted } from "../parts/heat";

type Canvas = HTMLCanvasElement;
let scratch: OffscreenCanvas | undefined;

/** Paints the picture into the middle of the canvas, and its map over it; returns what was painted of that. */
export function paintTile(
  canvas: Canvas,
  picture: ImageBitmap | HTMLImageElement,
  map: QuantisedMap | undefined,
  look: Appearance,
): Painted | undefined {
  const { width, height } = canvas;
  const context = canvas.getContext("2d");
  if (!context) return undefined;
  const scale = Math.min(width / picture.width, height / picture.height);
  const [w, h] = [Math.round(picture.width * scale), Math.round(picture.height * scale)];
  const [x, y] = [(width - w) >> 1, (height - h) >> 1];
  context.globalAlpha = 1;
  context.globalCompositeOperation = "source-over";
  context.clearRect(0, 0, width, height);
  context.imageSmoothingEnabled = Math.max(picture.width, picture.height) >= 64;
  context.drawImage(picture, x, y, w, h);
  if (!map?.peak || !w || !h) return undefined;
  scratch ??= new OffscreenCanvas(1, 1);
  Object.assign(scratch, { width: w, height: h });
  const { opacity, blend } = look;
  const [image, painted] = heat(map, w, h, look, false);
  scratch.getContext("2d")!.putImageData(image, 0, 0);
  context.globalAlpha = opacity;
  context.globalCompositeOperation = blend === "normal" ? "source-over" : blend;
  context.drawImage(scratch, x, y);
  context.globalAlpha = 1;
  context.globalCompositeOperation = "source-over";
  return painted;
}

/** Paints a map alone, as large as the canvas. */
export function paintMap(canvas: Canvas, map: QuantisedMap, look: Appearance): void {
  const { width, height } = canvas;
  if (map.shape[0])
    canvas.getContext("2d")?.putImageData(heat(map, width, height, look, true)[0], 0, 0);
}

function heat(
  map: QuantisedMap,
  width: number,
  height: number,
  look: Appearance,
  opaque: boolean,
): [ImageData, Painted] {
  const begun = now();
  const image = new ImageData(width, height);
  const ready = heatMap(map, width, height, look.interpolation);
  const { clip, sign, threshold } = look;
  const { name, diverging } = resolveColormap(look.colormap, map.signed);
  const most = shownMaximum(ready, clip, sign);
  const foot = shownFoot(ready, most, sign);
  const colours = { most, foot, threshold, sign, lut: lut(name), diverging, opaque };
  paint(new Uint32Array(image.data.buffer), ready.index, colourTable(ready.values, colours));
  const kept = keptShare(ready, most, threshold, sign);
  return [image, { map: ready, most, kept, colormap: name, milliseconds: now() - begun }];
}
