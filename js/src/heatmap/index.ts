/** HeatmapViewer in the browser: puts the parts together and keeps them in step with the model. */

import { amount, signed, size } from "../core/format";
import { layoutOf } from "../core/geometry";
import { type Arrangement, now } from "../core/model";
import { type State, stepsBack } from "../core/session";
import type { BrushMessage, Bytes, Frame, Photograph, Picture, QuantisedMap } from "../core/wire";
import { takePictures } from "../parts/bring";
import type { MapSession } from "../parts/colourbar";
import { el, on, type Part, set } from "../parts/dom";
import { heatPainter, type Painted, paintPicture } from "../parts/heat";
import { looks } from "../parts/looks";
import { moduleOf } from "../parts/module";
import { picker, UNSAVED } from "../parts/picker";
import type { Choice } from "../parts/popup";
import { visibleHeight } from "../parts/room";
import { type Saved, saveButton } from "../parts/save";
import { type Segment, segments } from "../parts/segments";
import { newStage } from "../parts/stage";
import { resetButton, type View, widget } from "../parts/view";
import { classes } from "./classes";
import { card, parameters } from "./method";
import { methodPicker } from "./methods";
import { offersOf, previewer } from "./offers";
import { captions, compareWithNext, pairInWords, subtraction, twoSided } from "./second";
import { type HeatmapSession, heatmapSession, LOOKS, type Request } from "./session";

const ARRANGEMENTS: ReadonlyArray<Segment<Arrangement>> = [
  ["overlay", "Overlay"],
  ["side_by_side", "Side by side"],
  ["swipe", "Swipe"],
  ["difference", "Difference", "What this map says more than another"],
];

/** What is done with the brush, which is a part of its own. */
interface Brush {
  /** Brings it up to date after the viewer has painted. */
  update(): void;
  clear(): void;
}

// Heights in pixels.
const MARGIN = 8; // around the card
const STRIP = 44; // the tools under the picture
const CARD = 132; // what the method means, under the picture
const SIDE = 250; // classes and appearance, in two columns
const LOWEST = 360; // of what stands between header and footer
const LEAST = 200; // of a picture
const TIGHT = 640; // a width that the header does not fit into in one row

function build(view: View) {
  const { model, signal, root, speak } = view;
  const session = heatmapSession(view, takeBrush);
  let picture: Picture | undefined;
  let photograph: Photograph | undefined;
  let sharp: Bytes | undefined; // the photograph's, once it is painted
  let painted: Painted | undefined;
  let beyond: Painted | undefined; // the second map
  let subtracted: QuantisedMap | undefined;
  let live: Frame | undefined; // of the painted picture
  let [brushWanted, brushTaken] = [false, false];
  let brush: Brush | undefined;

  const stage = newStage(
    signal,
    (value, spoken) => {
      markValue(painted ? value : null);
      if (spoken) speak(spoken);
    },
    !session.frozen && requestBrush,
    true,
    (split) => split !== session.appearance.split && session.look("split", split),
  );
  const [backdrop, showBackdrop] = backdrops(signal, session);
  const [cells, showCells] = cellsToggle(signal, session);
  stage.slot.append(backdrop, cells);
  const [paintHeat, paintSecond] = [heatPainter(stage.heat), heatPainter(stage.second)];
  const subtract = subtraction();
  const showCaptions = captions(signal, session, root, stage.captions);
  const [classesElement, showClasses] = classes(signal, session, root);
  const [looksElement, showLooks, markValue] = looks(
    signal,
    shownBy(session, () => subtracted),
    root,
  );
  const [parametersElement, showParameters, markParameter] = parameters(signal, session, root);
  const [cardElement, showCard, flipCard] = card(signal);
  const saving = saveButton(signal, root, session, speak, seen);
  const preview = previewer(session, stage.photo);
  const [headerElement, showHeader] = header(signal, session, root, saving, reset, preview);
  const side = el(".side", classesElement, looksElement, parametersElement);
  const panel = el(".panel", side, cardElement);

  function refresh(all: boolean): void {
    if (all) {
      loadPicture();
      showClasses();
      showParameters();
      showCard(session.method);
    }
    paint();
    showHeader();
    showBackdrop();
    showCaptions();
    showCells(picture);
    showLooks(painted);
    brush?.update();
  }

  /** The brush is a part of its own, which the kernel sends when it is first wanted. */
  function requestBrush(): void {
    if (!brushWanted) session.send({ kind: "brush" });
    brushWanted = true;
  }
  async function takeBrush(message: BrushMessage, buffers: Bytes[]): Promise<void> {
    if (brushTaken) return;
    brushTaken = true;
    try {
      const part = await moduleOf(buffers[0]!);
      const host = { model, root, signal, stage, repaint };
      brush = part(host, message, buffers, brushWanted);
      brushWanted = true;
    } catch (problem) {
      brushWanted = brushTaken = false;
      session.send({ kind: "brush", problem: `${problem}` });
    }
  }

  function repaint(paintedOver: boolean): void {
    if (!paintedOver) session.clearPainted();
    paint();
  }

  function paint(): void {
    const { shown, appearance } = session;
    painted = beyond = subtracted = live = undefined;
    if (!shown || !picture) return;
    const differs = appearance.arrangement === "difference";
    const two = !!session.other && (differs || appearance.arrangement === "swipe");
    const both = two ? session.paintedBoth : undefined;
    const other = both?.[1] ?? session.other;
    live = two ? both?.[0] : session.painted;
    if (differs && other) subtracted = subtract(live ?? shown, other, picture, appearance);
    const map = subtracted ?? live ?? shown;
    set(root, { _live: !!live, _two: two });
    const done = paintHeat(map, differs ? twoSided(appearance) : appearance, picture);
    // A map of zeros has nothing to show, nor a difference from what is not there yet.
    if (map.peak && (!differs || other)) painted = done;
    if (appearance.arrangement === "swipe" && other?.peak)
      beyond = paintSecond(other, appearance, picture);
    set(root, {
      _seq: shown.seq,
      _method: shown.method,
      _target: shown.target.index ?? shown.target.name,
      _second: other && `${other.method} ${other.target.index ?? other.target.name}`,
      _colormap: done.colormap,
      _kept: done.kept.toFixed(4),
      "_repaint-ms": done.milliseconds,
      "_painted-at": now(),
    });
  }

  /** A map that is not the one asked for steps back, but not for a blink. */
  function tick(_now: number, state: State): void {
    const faint = session.stale() && stepsBack(state);
    stage.show(painted, session.appearance, faint, plateWords(), beyond);
    markParameter();
  }

  /** Said over the picture when there is no heat to see. */
  function plateWords(): string {
    const { shown, frozen, status } = session;
    if (session.state() === "error" && session.stale()) return status?.message ?? "";
    if (!shown) return frozen ? "No explanation was saved with this page." : "";
    const map = subtracted ?? live ?? shown;
    if (session.appearance.arrangement === "difference" && !subtracted)
      return frozen ? "No second map was saved with this page." : secondMissing();
    return map.state === "ok" ? "" : map.message || `There is no map: ${map.state}.`;
  }

  function secondMissing(): string {
    const state = session.state();
    if (state === "error") return session.status?.message ?? "";
    return state === "busy" ? "The second map is being computed." : "";
  }

  function words(): string {
    const { shown } = session;
    if (!shown || shown.partial || session.stale()) return "";
    const title = session.method?.title ?? shown.method;
    const { name, probability, unit } = shown.target;
    const chance = probability === null ? "" : `, ${amount(probability, unit)}`;
    const range = `Values from ${shown.range.map(signed).join(" to ")}.`;
    const pair = pairInWords(session);
    const text = `${title} for ${name}${chance}. ${plateWords() || pair || range}`;
    const paste = session.frozen ? "" : " A picture that is pasted is explained.";
    stage.describe(`${text} Arrow keys read values, plus and minus zoom.${paste}`);
    return text;
  }

  function loadPicture(): void {
    const [next, larger] = [session.picture, session.photograph];
    if (next && (next !== picture || larger?.key !== photograph?.key)) {
      [picture, photograph, sharp] = [next, larger, undefined];
      const [x, y, width, height] = larger?.window ?? [0, 0, 1, 1];
      stage.resize(next, larger && { ...larger, window: { x, y, width, height } });
      void paintPicture(next, stage.photo).then(() => set(root, { _ready: true }));
    }
    const data = session.sharp;
    if (!photograph || !data || sharp) return;
    sharp = data;
    const now = photograph;
    void paintPicture({ ...now, data }, stage.sharp).then(() => {
      if (now === photograph) stage.sharpen();
    });
  }

  /** So that picture, classes and footer are seen together, where the page is tall enough for that. */
  function arrange(): void {
    const width = root.clientWidth;
    if (!width) return; // measured while hidden
    set(root, { _tight: width < TIGHT });
    const around = ["header", "footer"].map((tag) => root.querySelector<HTMLElement>(tag)!);
    const taken = around.reduce((sum, { offsetHeight }) => sum + offsetHeight, 0);
    const room = Math.max(LOWEST, visibleHeight(root) - taken - MARGIN);
    const beside = session.appearance.arrangement === "side_by_side";
    const ratio = stage.ratio(session.appearance);
    const layout = layoutOf(width, (beside ? 2 : 1) / ratio, beside, room);
    set(root, { _layout: layout });
    const below = layout === "medium" ? CARD : layout === "across" ? SIDE : 0;
    const tallest = Math.max(LEAST, room - STRIP - below);
    root.style.setProperty("--xw-tallest", `${tallest}px`);
    root.style.setProperty("--xw-room", `${room}px`);
    root.style.setProperty("--xw-aspect", String(ratio));
  }
  on(signal, window, "resize", arrange);

  function reset(): void {
    for (const [name, value] of Object.entries(LOOKS)) session.look(name, value);
    stage.reset();
    brush?.clear();
  }

  function seen(): Saved | undefined {
    const { shown } = session;
    if (!picture) return undefined;
    const scale = Math.ceil(896 / Math.max(picture.width, picture.height));
    const names = [picture.name, shown?.method, shown?.target.name];
    return [stage.snapshot(session.appearance, scale), names];
  }

  function press({ key, target, ctrlKey, metaKey, defaultPrevented }: KeyboardEvent): void {
    if (defaultPrevented || (target as Element).matches("input:not([type])")) return;
    if (key === "?") flipCard();
    if (key === "b" && !ctrlKey && !metaKey) requestBrush();
  }

  takePictures(view, session);
  const children = [headerElement, el(".body", stage.element, panel)];
  return { session, children, refresh, tick, words, arrange, press };
}

/** The session as the controls of a look see it: what they are about may be a difference. */
function shownBy(session: HeatmapSession, difference: () => QuantisedMap | undefined): MapSession {
  return {
    look: session.look,
    get appearance() {
      return difference() ? twoSided(session.appearance) : session.appearance;
    },
    get shown() {
      const { shown } = session;
      return shown && { ...shown, ...difference() };
    },
    get method() {
      return session.method;
    },
  };
}

/** The photograph, or the pixels that the network was given of it. */
function backdrops(signal: AbortSignal, session: HeatmapSession): Part {
  const named = { _control: "backdrop", title: "As the network saw it: the pixels it was given" };
  const button = el("button.toggle", named, "Network's view");
  on(signal, button, "click", () => {
    const { backdrop } = session.appearance;
    session.look("backdrop", backdrop === "input" ? "photograph" : "input");
  });
  return [
    button,
    () => {
      button.hidden = !session.photograph;
      set(button, { $pressed: String(session.appearance.backdrop === "input") });
    },
  ];
}

/** The map's own cells, where it has fewer than the picture has pixels. */
function cellsToggle(
  signal: AbortSignal,
  session: HeatmapSession,
): Part<[picture: Picture | undefined]> {
  const named = { _control: "cells", title: "The map's own cells, without a passage between them" };
  const button = el("button.toggle", named, "Cells");
  on(signal, button, "click", () => {
    const { interpolation } = session.appearance;
    session.look("interpolation", interpolation === "cells" ? "smooth" : "cells");
  });
  return [
    button,
    (picture) => {
      const [height = 0, width = 0] = session.shown?.shape ?? [];
      button.hidden = !picture || !width || (height >= picture.height && width >= picture.width);
      set(button, { $pressed: String(session.appearance.interpolation === "cells") });
    },
  ];
}

/** Which method and layer, how the two pictures stand, save, reset. */
function header(
  signal: AbortSignal,
  session: HeatmapSession,
  host: HTMLElement,
  saving: HTMLElement,
  reset: () => void,
  preview: ReturnType<typeof previewer>,
): Part {
  const pickMethod = (method: string): void => session.ask({ method });
  const check = (): void => session.send({ kind: "check" });
  const offers = offersOf(session);
  const methods = methodPicker(
    signal,
    host,
    offers,
    preview,
    pickMethod,
    session.frozen ? undefined : check,
  );
  // Maps that nobody has asked for come while it is open.
  session.on("msg:custom", () => methods.isOpen() && methods.update());
  const best = (): void => session.ask({ layer: null });
  const pick = (layer: string): void => session.ask({ layer });
  const layers = picker(signal, host, "Layer", "layer", "prefixed.layer", pick, best);
  const [arrangements, showArrangement] = segments(
    signal,
    "View",
    "arrangement",
    ARRANGEMENTS,
    (arrangement) => {
      session.look("arrangement", arrangement);
      if (arrangement === "difference") compareWithNext(session);
    },
  );
  const element = el("header.header", methods.element, layers.element, el("span.spring"));
  element.append(arrangements, saving, resetButton(signal, "Reset look, zoom and paint", reset));
  const closed = (part: Partial<Request>): string | null =>
    session.available(part) ? null : UNSAVED;

  return [
    element,
    () => {
      const { method, request } = session;
      const about = method ? `${method.family} · ${method.cost}` : "";
      methods.show(request.method, method?.title ?? request.method, about);
      const layered = !!method?.takes_layer;
      const layer = request.layer ?? session.layers[0]?.name ?? "";
      const sizes = session.layers.map(
        ({ name, size: [h, w], channels }, i): Choice => ({
          value: name,
          label: name,
          note: `${size(h, w)} · ${channels} channels${i ? "" : " · best"}`,
          reason: closed({ layer: name }),
        }),
      );
      layers.show(sizes, layer, layer);
      layers.element.hidden = !layered || !layer;
      showArrangement(session.appearance.arrangement);
    },
  ];
}

export default widget("Heatmap viewer", build, ".heatmap");
