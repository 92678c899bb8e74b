/** What the picker of methods shows of each: its map in a small, and how long it takes. */
import type { Frame } from "../core/wire";
import { pooled } from "../maps/pooled";
import { heatPainter } from "../parts/heat";
import type { Offer } from "./methods";
import { forwardsOf, Measured } from "./seconds";
import { type HeatmapSession, requestKey, requestOf } from "./session";

const SIDE = 96; // pixels of a preview
const UNKNOWN = 0.35; // how strongly a picture without a map is drawn

/** Returns how to tell what there is of each method, by family. */
export function offersOf(session: HeatmapSession): () => Offer[] {
  const measured = new Measured();
  return () => {
    const { cards, layers, request, picture, randomization } = session;
    const families = cards.map(({ family }) => family);
    const layer = layers.find(({ name }) => name === request.layer) ?? layers[0];
    const extent = { picture, layer };
    const sorted = [...cards].sort(
      (a, b) => families.indexOf(a.family) - families.indexOf(b.family),
    );
    const answers = sorted.map((card) => {
      const frame = session.kept(requestKey({ ...request, method: card.name }, session));
      const forwards = forwardsOf(card, request.parameters, extent);
      if (frame) measured.add(frame, forwards);
      return { card, frame, forwards };
    });
    return answers.map(({ card, frame, forwards }) => ({
      card,
      frame,
      seconds:
        frame && frame.seconds > 0
          ? { value: frame.seconds, measured: true }
          : measured.estimate(card.name, forwards),
      likeness: randomization[card.name] ?? undefined,
      checked: card.name in randomization,
      open: session.available({ method: card.name }),
    }));
  };
}

/**
 * Returns how to draw the map of a method over the picture, small, as it looks now; without one the picture
 * alone, pale. Tells whether there was anything to draw.
 */
export function previewer(session: HeatmapSession, photo: HTMLCanvasElement) {
  const heat = document.createElement("canvas");
  const paint = heatPainter(heat);
  const drawn = new WeakMap<HTMLCanvasElement, [frame: unknown, how: string]>();
  return (canvas: HTMLCanvasElement, frame: Frame | undefined): boolean => {
    const { picture, appearance } = session;
    if (!picture || !photo.width) return false;
    const look = { ...appearance, arrangement: "overlay" } as const;
    const how = JSON.stringify([look, frame && requestOf(frame), picture.name]);
    const [before, as] = drawn.get(canvas) ?? [];
    if (before === (frame ?? picture) && as === how) return false;
    drawn.set(canvas, [frame ?? picture, how]);
    const scale = SIDE / Math.max(picture.width, picture.height);
    const width = Math.max(1, Math.round(picture.width * scale));
    const height = Math.max(1, Math.round(picture.height * scale));
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    if (!context) return true;
    context.globalAlpha = frame ? 1 : UNKNOWN;
    context.drawImage(photo, 0, 0, width, height);
    if (frame?.state !== "ok") return true;
    paint(pooled(frame, width, height), look, { width, height });
    context.globalAlpha = look.opacity;
    context.globalCompositeOperation = look.blend === "normal" ? "source-over" : look.blend;
    context.drawImage(heat, 0, 0);
    return true;
  };
}
