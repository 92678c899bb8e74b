/** Two cells on one large stage: the first laid over the second, or what it says more. */

import { difference } from "../maps/difference";
import { el, set, write } from "../parts/dom";
import { heatPainter, type Painted } from "../parts/heat";
import { newStage } from "../parts/stage";
import { type Grid, lookOf } from "./cells";
import type { Comparing, Place } from "./session";

export function newPair(
  signal: AbortSignal,
  session: Comparing,
  grid: Grid,
  led: (value: number | null, spoken: string) => void,
) {
  let at = "";
  const stage = newStage(
    signal,
    (value, spoken, zoom, spot) => {
      const to = JSON.stringify([zoom, spot]);
      if (to !== at) grid.follow(zoom, spot);
      at = to;
      led(value, spoken);
    },
    false,
  );
  const [left, right] = [el("span.label"), el("span.label")];
  const sign = el("span.note");
  const element = el(
    ".pairing",
    {},
    stage.element,
    el(".names", {}, el("b", {}, "A"), left, sign, el("b", {}, "B"), right),
  );
  const paint = heatPainter(stage.heat);
  let sized = "";

  function words([row, method]: Place): string {
    return `${session.title(method)}, ${session.rows[row]?.name ?? ""}`;
  }

  /** A cell as it is seen, in a canvas of the stage. */
  function lay(place: Place, canvas: HTMLCanvasElement, width: number, height: number): void {
    const sheet = grid.stage(place)?.snapshot(lookOf(session), 1);
    canvas.width = width;
    canvas.height = height;
    if (sheet?.width) canvas.getContext("2d")?.drawImage(sheet, 0, 0, width, height);
  }

  function show(): Painted | undefined {
    const { view, pair, frozen } = session;
    element.hidden = view === "grid";
    if (view === "grid") return undefined;
    const [a, b] = pair;
    const [first, second] = [grid.painted(a), grid.painted(b)];
    const picture = session.photo(a[0]);
    write(left, words(a));
    write(right, words(b));
    write(sign, view === "difference" ? "minus" : "over");
    const none = frozen ? "One of the two was not saved." : "One of the two has no map.";
    if (!picture) return undefined;
    const { width, height } = picture;
    if (sized !== `${width} ${height}`) stage.resize(picture);
    sized = `${width} ${height}`;
    const look = { ...lookOf(session), threshold: 0 };
    const both = first && second;
    set(element, { _pair: `${a.join(" ")} | ${b.join(" ")}`, _drawn: !!both });
    let painted: Painted | undefined;
    if (view === "swipe") {
      lay(b, stage.photo, width, height);
      lay(a, stage.heat, width, height);
      painted = first;
      const whole = { ...look, view: "swipe" as const, opacity: 1, blend: "normal" as const };
      stage.show(both && first, whole, false, both ? "" : none);
    } else {
      const canvas = grid.stage(a)?.photo;
      stage.photo.width = width;
      stage.photo.height = height;
      if (canvas?.width) stage.photo.getContext("2d")?.drawImage(canvas, 0, 0, width, height);
      const full = { ...look, sign: "both" as const };
      if (both) {
        const frame = difference(first, second, session.scale === "cell");
        const drawn = paint(frame, { ...full, view: session.appearance.view }, width, height);
        if (frame.peak) painted = drawn;
        stage.show(painted, full, false, frame.message);
      } else stage.show(undefined, full, false, none);
    }
    stage.describe(`${words(a)} ${sign.textContent} ${words(b)}`);
    return painted;
  }

  return {
    element,
    stage,
    show,
  };
}
