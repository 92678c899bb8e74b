/** The two canvases' pixels: the photograph painted once, the heat at every change of look. */
import { lut, resolveColormap } from "../core/colormap";
import { type HeatMap, bytesOf, heatMap } from "../core/frame";
import { colourTable, keptShare, paint, shownMaximum } from "../core/overlay";
import type { Appearance, Frame, Picture } from "../core/wire";

/** What was painted: for the colour bar, the cursor and the words. */
export interface Painted {
  map: HeatMap;
  maximum: number;
  kept: number;
  colormap: string;
  diverging: boolean;
}

export class Heat {
  private frame: Frame | undefined;
  private map: HeatMap | undefined;
  private image: ImageData | undefined;
  private pixels = new Uint32Array(0);
  private maximumKey = "";
  private maximum = 0;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  /** Paints and returns what it painted. `milliseconds` covers look -> pixels in the canvas. */
  paint(
    frame: Frame,
    look: Appearance,
    width: number,
    height: number,
  ): Painted & { milliseconds: number } {
    const map = this.prepared(frame, width, height);
    const context = this.canvas.getContext("2d");
    const begun = performance.now();
    const key = `${look.clip} ${look.sign}`;
    if (this.maximumKey !== key) {
      this.maximum = shownMaximum(map, look.clip, look.sign);
      this.maximumKey = key;
    }
    const { maximum } = this;
    const { name, diverging } = resolveColormap(look.colormap, map.signed);
    const { threshold, sign } = look;
    const opaque = look.view === "side_by_side";
    const table = colourTable(map.values, {
      maximum,
      threshold,
      sign,
      lut: lut(name),
      diverging,
      opaque,
    });
    paint(this.pixels, map.index, table);
    if (this.image) context?.putImageData(this.image, 0, 0);
    const milliseconds = performance.now() - begun;
    const kept = keptShare(map, maximum, threshold, sign);
    return { map, maximum, kept, colormap: name, diverging, milliseconds };
  }

  clear(): void {
    this.canvas.getContext("2d")?.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** Once per frame: levels at the size of the picture, and a buffer to paint into. */
  private prepared(frame: Frame, width: number, height: number): HeatMap {
    if (this.map && this.frame === frame && this.map.width === width && this.map.height === height) {
      return this.map;
    }
    if (this.image?.width !== width || this.image.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.image = new ImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.frame = frame;
    this.map = heatMap(frame, width, height);
    this.maximumKey = "";
    return this.map;
  }
}

/** Paints the photograph into a canvas; false when its bytes are not a picture this browser reads. */
export async function paintPicture(picture: Picture, canvas: HTMLCanvasElement): Promise<boolean> {
  try {
    const bytes = bytesOf(picture.data);
    const blob = new Blob([bytes.slice()], { type: picture.mime });
    const bitmap = await createImageBitmap(blob);
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, picture.width, picture.height);
    bitmap.close();
    return true;
  } catch {
    return false;
  }
}
