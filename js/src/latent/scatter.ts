/** Neighbours as points: what the student says of them, and which way they differ most. */

import { percent, signed } from "../core/format";
import { atEnd } from "../core/model";
import type { Picture, RelabelFrame } from "../core/wire";
import { done, el, isCommand, on, type Part, set, shape, write } from "../parts/dom";
import { paintPicture } from "../parts/heat";
import { tickText } from "../parts/plot";
import {
  around,
  type Extent,
  extentOf,
  extentWithZero,
  freeCorner,
  nearestPoint,
  type Points,
  pointsOf,
  shareOf,
  towards,
} from "./points";
import type { LatentSession } from "./session";

const REACH = 14; // pixels within which a point is under the pointer
const MARGIN = 10;
const FOOT = 18;
const TOGETHER = 8; // pictures of neighbours fetched in one message

/** Returns the element and how to bring it up to date; `speak` is told what the keyboard reaches. */
export function scatter(
  signal: AbortSignal,
  session: LatentSession,
  speak: (words: string) => void,
): Part {
  const drawing = shape("svg", { class: "xw-points", $hidden: "true" });
  const canvas = el("canvas", { _canvas: "neighbour", $hidden: "true" });
  const words = el("span");
  const card = el(".hover", { hidden: true }, canvas, words);
  const named = { tabindex: 0, role: "application", _control: "neighbours" };
  const pane = el(".scatter", named, drawing, card);
  const count = el("span.note");
  const kinds = [
    el("span.note", { _kind: "shifted" }, "label shifted"),
    el("span.note", { _kind: "kept" }, "label kept"),
  ];
  const legend = el("span.legend", { $hidden: "true" }, ...kinds);
  const heading = el("h3.heading", "Neighbours", legend, count);
  const element = el("section.section.neighbours", heading, pane);
  let frame: RelabelFrame | undefined;
  let points: Points | undefined;
  const unit: Extent = { low: 0, high: 1 };
  let extents = [unit, unit] as const;
  let [xs, ys] = [new Float32Array(), new Float32Array()];
  let hovered = -1;
  let painted: Picture | undefined;
  let sized = "";

  /** Puts the points where they belong, once for each size and frame. */
  function draw(): void {
    const [width, height] = [pane.clientWidth, pane.clientHeight];
    if (!points || !width || !height) return; // measured while hidden
    const next = `${width} ${height} ${frame?.seq} ${points.count}`;
    if (next === sized) return;
    sized = next;
    const [across, up] = extents;
    const wide = width - 2 * MARGIN;
    const high = height - MARGIN - FOOT - 6;
    xs = points.score.map((value) => MARGIN + wide * shareOf(value, across));
    ys = points.coordinate.map((value) => MARGIN + high * (1 - shareOf(value, up)));
    const dots = [0, 1].map((kept) => {
      let d = "";
      for (let i = 0; i < xs.length; i++) {
        if (points!.kept[i] === kept) d += `M${xs[i]!.toFixed(1)} ${ys[i]!.toFixed(1)}h0`;
      }
      return shape("path", { d, class: "xw-dots", _kind: kept ? "kept" : "shifted" });
    });
    const zero = MARGIN + wide * shareOf(0, across);
    set(drawing, { viewBox: `0 0 ${width} ${height}`, width, height });
    const ends = [
      tickText(MARGIN, height - 5, "start", "← shifted"),
      tickText(width - MARGIN, height - 5, "end", "kept →"),
    ];
    if (width > 300) ends.push(tickText(width / 2, height - 5, "middle", "what the student says"));
    drawing.replaceChildren(
      shape("path", { class: "xw-divide", d: `M${zero} 4V${height - FOOT}` }),
      ...dots,
      shape("path", { class: "xw-score" }),
      shape("text", { class: "xw-edited", y: 12 }, "edited"),
      shape("circle", { class: "xw-current", r: 7 }),
      shape("circle", { class: "xw-hovered", r: 5.5 }),
      ...ends,
    );
  }

  /** The ring, the point under the pointer, and where the student puts the edited picture. */
  function mark(): void {
    const { edited } = session;
    const current = drawing.querySelector(".xw-current");
    const dot = drawing.querySelector(".xw-hovered");
    const score = drawing.querySelector(".xw-score");
    if (!points || !current || !dot || !score) return;
    const { shownNeighbour } = session;
    const at = shownNeighbour < xs.length ? shownNeighbour : -1;
    set(current, { cx: xs[at], cy: ys[at], visibility: at < 0 ? "hidden" : "visible" });
    set(dot, {
      cx: xs[hovered],
      cy: ys[hovered],
      visibility: hovered < 0 ? "hidden" : "visible",
      _kind: points.kept[hovered] ? "kept" : "shifted",
    });
    const value = edited?.score;
    const x = MARGIN + (pane.clientWidth - 2 * MARGIN) * shareOf(value ?? 0, extents[0]);
    set(score, {
      d: `M${x.toFixed(1)} 4V${pane.clientHeight - FOOT}`,
      visibility: value == null ? "hidden" : "visible",
    });
    const late = x > pane.clientWidth - 60;
    set(drawing.querySelector(".xw-edited")!, {
      x: late ? x - 5 : x + 5,
      "text-anchor": late ? "end" : "start",
      visibility: value == null ? "hidden" : "visible",
    });
    set(pane, { _hovered: hovered });
  }

  function describe(i: number): string {
    if (!points) return "";
    const label = points.kept[i] ? "label kept" : "label shifted";
    const name = frame?.target.name ?? "";
    return `${label}, ${name} ${percent(points.probability[i]!, 0)}, student ${signed(points.score[i]!)}`;
  }

  function hover(i: number): void {
    hovered = i;
    card.hidden = i < 0;
    mark();
    if (i < 0) return;
    const picture = session.neighbourPicture(i, () => around(xs, ys, i, TOGETHER));
    write(words, describe(i));
    canvas.hidden = !picture;
    if (picture && painted !== picture) {
      painted = picture;
      void paintPicture(picture, canvas);
      set(card, { _pixels: Math.max(picture.width, picture.height) < 96 });
    }
    const size = { width: card.offsetWidth, height: card.offsetHeight };
    const room = { width: pane.clientWidth, height: pane.clientHeight - FOOT };
    const [left, top] = freeCorner(xs, ys, [xs[i]!, ys[i]!], room, size);
    card.style.cssText = `left:${left}px;top:${top}px`;
  }

  function under({ clientX, clientY }: MouseEvent): number {
    const { left, top } = pane.getBoundingClientRect();
    return nearestPoint(xs, ys, clientX - left, clientY - top, REACH);
  }
  on(signal, pane, "pointermove", (event: PointerEvent) => {
    const i = under(event);
    if (i !== hovered) hover(i);
  });
  on(signal, pane, "pointerleave blur", () => hover(-1));
  on(signal, pane, "click", (event: MouseEvent) => {
    const i = under(event);
    if (i >= 0) session.take(i);
  });
  on(signal, pane, "keydown", (event: KeyboardEvent) => {
    if (!points?.count || isCommand(event)) return;
    const from = hovered < 0 ? Math.max(0, session.neighbour) : hovered;
    const next = towards(xs, ys, from, event.key);
    if (event.key === "Enter" || event.key === " ") {
      if (hovered >= 0) session.take(hovered);
    } else if (next !== null) {
      hover(hovered < 0 ? from : next);
      speak(`Neighbour ${hovered + 1} of ${points.count}: ${describe(hovered)}`);
    } else return;
    done(event);
  });
  const observer = new ResizeObserver(() => {
    draw();
    mark();
  });
  observer.observe(pane);
  atEnd(signal, () => observer.disconnect());

  return [
    element,
    () => {
      if (frame !== session.frame) {
        frame = session.frame;
        points = frame && pointsOf(frame);
        if (points) {
          // Zero is where the student turns: it is always seen.
          extents = [extentWithZero(points.score), extentOf(points.coordinate)];
        }
        hovered = Math.min(hovered, (points?.count ?? 0) - 1);
        if (!points) drawing.replaceChildren();
        sized = "";
      }
      draw();
      if (hovered >= 0) hover(hovered);
      else mark();
      const n = points?.count ?? 0;
      const shifted = points ? points.kept.reduce((sum, kept) => sum + 1 - kept, 0) : 0;
      legend.style.visibility = n ? "" : "hidden";
      write(count, n ? `${n.toLocaleString("en")} synthetic pictures` : "");
      set(count, { title: count.textContent });
      set(pane, {
        $label: n
          ? `${n} neighbours, ${shifted} of them shifted. Arrow keys walk, Enter takes one.`
          : "No neighbours yet",
        _points: n,
        _empty: !n,
      });
    },
  ];
}
