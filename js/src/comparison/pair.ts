/** Two cells on one large stage: the first laid over the second, or what it says more. */

import type { Size } from "../core/geometry";
import { difference } from "../maps/difference";
import { el, set, write } from "../parts/dom";
import { formAs, heatPainter, type Painted } from "../parts/heat";
import { newStage } from "../parts/stage";
import { type Grid, lookOf } from "./grid";
import { type Cell, type ComparisonSession, cellKey } from "./session";

/** `pointed` is told the value under the cursor, and the words for it when it was moved by keyboard. */
export function newPair(
  signal: AbortSignal,
  session: ComparisonSession,
  grid: Grid,
  pointed: (value: number | null, spoken: string) => void,
) {
  let at = "";
  const stage = newStage(
    signal,
    (value, spoken, zoom, spot) => {
      const to = JSON.stringify([zoom, spot]);
      if (to !== at) grid.follow(zoom, spot);
      at = to;
      pointed(value, spoken);
    },
    false,
  );
  const [left, right] = [el("span.label"), el("span.label")];
  const sign = el("span.note");
  const names = el(".names", el("b", "A"), left, sign, el("b", "B"), right);
  const element = el(".pairing", stage.element, names);
  const paint = heatPainter(stage.heat);
  let sized = "";

  const words = ([row, method]: Cell): string =>
    `${session.title(method)}, ${session.rows[row]?.name ?? ""}`;

  /** Draws a picture, if there is one, into a canvas of the stage. */
  function draw(
    picture: HTMLCanvasElement | undefined,
    canvas: HTMLCanvasElement,
    { width, height }: Size,
  ): void {
    Object.assign(canvas, { width, height });
    if (picture?.width) canvas.getContext("2d")?.drawImage(picture, 0, 0, width, height);
  }

  /** Shows the pair; returns what the colour bar belongs to. */
  function show(): Painted | undefined {
    const { view, pair, frozen, appearance } = session;
    element.hidden = view === "grid";
    if (view === "grid") return undefined;
    const [a, b] = pair;
    const [first, second] = [grid.painted(a), grid.painted(b)];
    const picture = session.photo(a[0]);
    for (const [label, cell] of [
      [left, a],
      [right, b],
    ] as const) {
      write(label, words(cell));
      set(label, { title: words(cell) });
    }
    write(sign, view === "difference" ? "minus" : "over");
    if (!picture) return undefined;
    const { width, height } = picture;
    if (sized !== `${width} ${height}`) {
      formAs(element, picture);
      stage.resize(picture);
    }
    sized = `${width} ${height}`;
    const both = first && second;
    const none = frozen ? "One of the two was not saved." : "One of the two has no map.";
    const look = { ...lookOf(session), threshold: 0 };
    set(element, { _pair: `${cellKey(a)} | ${cellKey(b)}`, _drawn: !!both });
    let painted: Painted | undefined;
    if (view === "swipe") {
      // Each cell as it is seen.
      draw(grid.stage(b)?.snapshot(lookOf(session), 1), stage.photo, picture);
      draw(grid.stage(a)?.snapshot(lookOf(session), 1), stage.heat, picture);
      painted = first;
      const whole = { ...look, arrangement: "swipe", opacity: 1, blend: "normal" } as const;
      stage.show(both && first, whole, false, both ? "" : none);
    } else {
      draw(grid.stage(a)?.photo, stage.photo, picture);
      const full = { ...look, sign: "both" } as const;
      if (both) {
        const frame = difference(first, second, session.scale === "cell");
        const { arrangement } = appearance;
        const drawn = paint(frame, { ...full, arrangement }, picture);
        if (frame.peak) painted = drawn;
        stage.show(painted, full, false, frame.message);
      } else stage.show(undefined, full, false, none);
    }
    stage.describe(`${words(a)} ${sign.textContent} ${words(b)}`);
    return painted;
  }

  return { element, stage, show };
}
