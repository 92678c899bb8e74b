/**
 * The brush of HeatmapViewer: paint over the picture and watch the classes answer. A part of its own,
 * which the kernel sends when it is first used; see xai_widgets/widgets/heatmap/brush.py for the conversation.
 */

import { FULL } from "../core/latest";
import { atEnd, type Model, now } from "../core/model";
import type {
  BrushMessage,
  Bytes,
  PaintedMapMessage,
  PaintedMessage,
  PaintRequest,
} from "../core/wire";
import { bytesOf } from "../maps/levels";
import { done, el, freshId, on, say, set, write } from "../parts/dom";
import type { Stage } from "../parts/stage";
import { newAnswers } from "./answers";
import { type Box, maskOf, newPaint, runsOf, Strokes, shareOf, stroke } from "./mask";
import { newPointer } from "./pointer";
import css from "./style.css";
import { newToolbar } from "./toolbar";

const SLOW = 200; // milliseconds after which one may wonder
const LOST = 10_000; // the kernel may have been restarted

const bufferOf = (data: Bytes | undefined): ArrayBuffer => bytesOf(data ?? "").slice().buffer;
const numbers = (data: Bytes | undefined) => new Float32Array(bufferOf(data));
const lengths = (data: Bytes | undefined) => new Uint16Array(bufferOf(data));

/** The viewer that is painted in. */
interface Host {
  model: Model;
  root: HTMLElement;
  signal: AbortSignal;
  stage: Pick<Stage, "spot" | "cover" | "slot">;
  /** Paints the heat anew; unless anything is painted over, as it is without. */
  repaint(painted: boolean): void;
}

/** What the viewer does with it. */
export interface Brush {
  /** Brings it up to date after the viewer has painted. */
  update(): void;
  clear(): void;
}

/** `wanted` switches it on. */
export default function brush(
  { model, root, signal, stage, repaint }: Host,
  message: BrushMessage,
  buffers: Bytes[],
  wanted: unknown,
): Brush {
  const find = <Kind extends HTMLElement>(selector: string): Kind => root.querySelector(selector)!;
  const photo = find<HTMLCanvasElement>('[data-xw-canvas="picture"]');
  const button = find<HTMLButtonElement>('[data-xw-control="brush"]');

  const own = freshId();
  const strokes = new Strokes();
  const paint = newPaint(find('[data-xw-canvas="paint"]'), find('[data-xw-canvas="heat"]'));
  let [width, height] = [0, 0]; // 0 while a picture is being prepared
  let mask = new Uint8Array(0);
  let fill = "blur";
  let active = false;
  let version = 0; // of the mask and its fill
  let answered = 0;
  let sent = 0; // the version under way, else 0
  let sentAt = 0;
  let endSent = true; // whether the kernel knows that the stroke has ended
  let mapTime: PaintedMessage["map"];
  let mapDue = 0; // the version whose map is still to come
  let mapped = 0; // the version whose map is here
  let mapFailed = "";
  let spoken = "";
  let opening = true; // until the fills are here

  const answers = newAnswers(signal, model, root, clear);
  const pointer = newPointer(signal, root, photo, {
    active: () => active,
    extent: () => [width, height],
    size: () => toolbar.size,
    beside: () => beside(),
    spot: stage.spot,
    begin: () => strokes.begin(mask),
    paint(from, to) {
      const box = stroke(mask, width, from, to, toolbar.size / 2);
      if (box) draw(box);
    },
    painted: ask,
    end() {
      if (mapTime === "after") next();
      show();
    },
  });
  const toolbar = newToolbar(signal, {
    fill(next) {
      fill = next;
      changed();
    },
    undo,
    clear,
    resized: () => pointer.follow(),
  });
  /** Whose map it is that is seen. */
  const whose = el(".pill.whose", { hidden: true, $live: "off", _whose: true });
  find(".xw-frame").append(whose);
  root.append(el("style", css));
  stage.slot.prepend(toolbar.element);
  stage.cover(({ row, column }) => !beside() && !!mask[row * width + column]);

  // What is seen.

  function beside(): boolean {
    return model.get("arrangement") === "side_by_side";
  }
  function draw(box: Box): void {
    paint.draw(box, mask, fill, beside());
  }
  function show(): void {
    const painted = mask.includes(1);
    toolbar.show(fill, strokes.any, painted);
    const words = answers.show(shareOf(mask));
    say(whose, painted ? wordsOfMap() : "");
    const late = sent > 0 && now() - sentAt > SLOW;
    set(root, {
      _brush: active,
      _stroke: version,
      _painted: answered,
      _mapped: mapped,
      _late: late,
    });
    set(button, { $pressed: String(active) });
    // For those who do not see the bars, once it is final.
    if (!painted || answered !== version || pointer.painting() || words === spoken) return;
    spoken = words;
    write(find(".xw-live"), words);
  }
  /** Whether the map is that of the painted picture, or when it will be. */
  function wordsOfMap(): string {
    if (mapFailed) return `No map of the painted picture: ${mapFailed}`;
    const two = "xwTwo" in root.dataset;
    const [maps, follow, are] = two ? ["Maps", "follow", "are"] : ["Map", "follows", "is"];
    if ("xwLive" in root.dataset)
      return mapped === version ? `${maps} of the painted picture` : `${maps} ${follow} the paint`;
    const them = `The ${maps.toLowerCase()}`;
    if (mapTime === "after" && pointer.painting()) return `${them} ${follow} after the stroke`;
    return mapTime === "after" || two
      ? `${them} ${are} being computed`
      : "Map of the unpainted picture";
  }
  /** All of it anew, where there is paint or was some a moment ago. */
  function redraw(): void {
    repaint(mask.includes(1));
    draw([0, 0, width, height]);
  }
  /** The mask or the fill is another one. */
  function changed(): void {
    redraw();
    ask();
  }
  function clear(): void {
    if (!mask.includes(1)) return;
    strokes.begin(mask);
    mask.fill(0);
    changed();
    if (active) pointer.focus(); // the button has nothing to do any more
  }
  function undo(): void {
    if (!strokes.undo(mask)) return;
    changed();
    if (!strokes.any) pointer.focus();
  }

  // What is sent.

  /** One question at a time, always about the newest mask. Nothing painted needs no answer. */
  function ask(): void {
    version += 1;
    if (mask.includes(1)) next();
    else {
      answers.say();
      answered = mapped = version;
      send();
    }
    show();
  }
  function next(): void {
    const waits = sent || (mapDue && now() - sentAt < SLOW);
    const ends = mapTime === "after" && !endSent && !pointer.painting() && mask.includes(1);
    if ((answered === version && !ends) || (waits && now() - sentAt < LOST)) return;
    sent = version;
    sentAt = now();
    setTimeout(() => {
      next(); // its map may never have come
      show();
    }, SLOW + 20);
    send();
  }
  function send(): void {
    endSent = !pointer.painting();
    const question: PaintRequest = {
      kind: "paint",
      by: own,
      seq: version,
      fill,
      full: FULL,
      ended: endSent,
    };
    model.send(question, undefined, [runsOf(mask)]);
  }

  function receive(
    message: BrushMessage | PaintedMessage | PaintedMapMessage,
    [answer, ...rest]: Bytes[] = [],
  ): void {
    if (message.kind === "brush") void load(message, rest);
    if (message.kind === "painted_map" && width) {
      if (message.more) return; // of two, which are painted together
      if (message.by === own) {
        mapDue = 0;
        mapped = Math.max(mapped, message.seq);
      } else mapped = version;
      mapFailed = message.failed ?? "";
      next();
      // The map is painted with the next frame of the screen.
      requestAnimationFrame(() => !signal.aborted && show());
      return;
    }
    if (message.kind !== "painted" || !width) return;
    const mine = message.by === own;
    if (mine && message.seq < answered) return; // late: a newer mask's answer is here
    mapTime = message.map;
    mapFailed = "";
    if (mine && message.map === "now" && !message.failed) mapDue = message.seq;
    if (mine) answered = message.seq;
    else adopt(message.fill, lengths(rest[0]));
    sent = 0;
    if (mask.includes(1) && !message.failed) answers.say(numbers(answer));
    next();
    show();
  }
  /** Python or another view has painted. */
  function adopt(given: string | null, runs: Uint16Array): void {
    if (!given) return;
    const now = maskOf(runs, mask.length);
    if (given === fill && version && now.every((on, i) => on === mask[i])) return; // told again
    strokes.begin(mask);
    fill = given;
    mask.set(now);
    if (!mask.includes(1)) answers.say();
    version += 1;
    answered = version;
    redraw();
  }

  async function load(
    message: BrushMessage,
    [blurred, unpainted, runs, painted]: Bytes[],
  ): Promise<void> {
    const picture = model.get("picture");
    const { width: w, height: h } = picture;
    const { mime, mean } = message;
    await paint.load({ width: w, height: h, mime, data: blurred! }, mean);
    if (picture !== model.get("picture") || signal.aborted) return;
    [width, height] = [w, h];
    if (mask.length !== w * h) mask = new Uint8Array(w * h);
    answers.begin(numbers(unpainted));
    toolbar.fit(Math.min(w, h), message.fills);
    if (!message.fills.includes(fill)) fill = message.fills[0]!;
    adopt(message.fill ?? null, lengths(runs));
    strokes.forget();
    if (mask.includes(1)) answers.say(numbers(painted));
    // The answer may have come before there was anybody to hear it.
    if (opening && mask.includes(1)) model.send({ kind: "brush", known: true });
    if (opening && wanted) toggle();
    opening = false;
    show();
  }
  /** Another picture has other fills, and nothing is painted on it yet. */
  function renew(): void {
    [width, sent, mask] = [0, 0, new Uint8Array(0)];
    answers.begin(numbers(undefined));
    answered = version;
    strokes.forget();
    answers.say();
    model.send({ kind: "brush", known: true });
    show();
  }

  // What is done by pointer.

  function toggle(): void {
    active = !active;
    show();
    pointer.follow();
    if (active) pointer.focus();
  }
  on(signal, button, "click", toggle);
  on(signal, root, "keydown", (event: KeyboardEvent) => {
    const { key, target } = event;
    if ((target as Element).matches("input:not([type])")) return;
    const command = event.ctrlKey || event.metaKey;
    if (command && key === "z") undo();
    else if (!command && key === "b" && !event.defaultPrevented) toggle();
    else if (command || event.altKey || !active) return;
    else if (key === "[") toolbar.smaller();
    else if (key === "]") toolbar.larger();
    else if (key === "Escape" && !event.defaultPrevented) {
      toggle();
      event.stopPropagation();
    } else if (!pointer.press(event)) return;
    done(event);
  });
  model.on("msg:custom", receive);
  model.on("change:picture", renew);
  atEnd(signal, () => {
    model.off("msg:custom", receive);
    model.off("change:picture", renew);
  });
  receive(message, buffers);
  return {
    update() {
      if (mask.includes(1)) draw([0, 0, width, height]);
      show();
    },
    clear,
  };
}
