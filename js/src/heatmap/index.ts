/** HeatmapViewer in the browser: puts the parts together and keeps them in step with the model. */

import { amount, signed, size } from "../core/format";
import { layoutOf } from "../core/geometry";
import { APPEARANCE, type Arrangement, now } from "../core/model";
import { type State, stepsBack } from "../core/session";
import type { BrushMessage, Bytes, MethodCard, Picture } from "../core/wire";
import { bytesOf } from "../maps/levels";
import { el, type Part, set } from "../parts/dom";
import { heatPainter, type Painted, paintPicture } from "../parts/heat";
import { looks } from "../parts/looks";
import { methodChoices, picker, UNSAVED } from "../parts/picker";
import type { Choice } from "../parts/popup";
import { type Saved, saveButton } from "../parts/save";
import { type Segment, segments } from "../parts/segments";
import { newStage } from "../parts/stage";
import { resetButton, type View, widget } from "../parts/view";
import { classes } from "./classes";
import { card, parameters } from "./method";
import { type HeatmapSession, heatmapSession, type Request } from "./session";

const ARRANGEMENTS: ReadonlyArray<Segment<Arrangement>> = [
  ["overlay", "Overlay"],
  ["side_by_side", "Side by side"],
  ["swipe", "Swipe"],
];

function build(view: View) {
  const { model, signal, root, speak } = view;
  const session = heatmapSession(view, takeBrush);
  let picture: Picture | undefined;
  let painted: Painted | undefined;
  let [brushWanted, brushTaken] = [false, false];
  let updateBrush: (() => void) | undefined;

  const stage = newStage(
    signal,
    (value, spoken) => {
      markValue(painted ? value : null);
      if (spoken) speak(spoken);
    },
    !session.frozen && requestBrush,
  );
  const paintHeat = heatPainter(stage.heat);
  const [classesElement, showClasses] = classes(signal, session, root);
  const [looksElement, showLooks, markValue] = looks(signal, session, root);
  const [parametersElement, showParameters] = parameters(signal, session, root);
  const [cardElement, showCard, flipCard] = card(signal);
  const saving = saveButton(signal, root, session, speak, seen);
  const [headerElement, showHeader] = header(signal, session, root, saving, reset);
  const side = el(".side", classesElement, looksElement, parametersElement);

  function refresh(all: boolean): void {
    if (all) {
      loadPicture();
      showClasses();
      showParameters();
      showCard(session.method);
    }
    paint();
    showHeader();
    showLooks(painted);
    updateBrush?.();
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
      const module = new Blob([bytesOf(buffers[0]!)], { type: "text/javascript" });
      const part = await import(URL.createObjectURL(module));
      const { spot } = stage;
      updateBrush = part.default(model, root, signal, paint, spot, message, buffers, brushWanted);
      brushWanted = true;
    } catch (problem) {
      brushWanted = brushTaken = false;
      session.send({ kind: "brush", problem: `${problem}` });
    }
  }

  function paint(): void {
    const { shown, appearance } = session;
    painted = undefined;
    if (!shown || !picture) return;
    const done = paintHeat(shown, appearance, picture);
    if (shown.peak) painted = done; // a map of zeros has nothing to show
    set(root, {
      _seq: shown.seq,
      _method: shown.method,
      _target: shown.target.index ?? shown.target.name,
      _colormap: done.colormap,
      _kept: done.kept.toFixed(4),
      "_repaint-ms": done.milliseconds,
      "_painted-at": now(),
    });
  }

  /** A map that is not the one asked for steps back, but not for a blink. */
  function tick(_now: number, state: State): void {
    const faint = session.stale() && stepsBack(state);
    stage.show(painted, session.appearance, faint, plateWords());
  }

  /** Said over the picture when there is no heat to see. */
  function plateWords(): string {
    const { shown, frozen } = session;
    if (!shown) return frozen ? "No explanation was saved with this page." : "";
    return shown.state === "ok" ? "" : shown.message || `There is no map: ${shown.state}.`;
  }

  function words(): string {
    const { shown } = session;
    if (!shown || shown.partial || session.stale()) return "";
    const title = session.method?.title ?? shown.method;
    const { name, probability, unit } = shown.target;
    const chance = probability === null ? "" : `, ${amount(probability, unit)}`;
    const range = `Values from ${shown.range.map(signed).join(" to ")}.`;
    const text = `${title} for ${name}${chance}. ${plateWords() || range}`;
    stage.describe(`${text} Arrow keys read values, plus and minus zoom.`);
    return text;
  }

  function loadPicture(): void {
    const next = session.picture;
    if (!next || next === picture) return;
    picture = next;
    stage.resize(next);
    void paintPicture(next, stage.photo).then(() => set(root, { _ready: true }));
  }

  function arrange(): void {
    const width = root.clientWidth;
    if (!width) return; // measured while hidden
    const aspect = picture ? picture.height / picture.width : 1;
    const beside = session.appearance.arrangement === "side_by_side";
    set(root, { _layout: layoutOf(width, aspect, beside) });
  }

  function reset(): void {
    for (const [name, value] of Object.entries(APPEARANCE)) session.look(name, value);
    stage.reset();
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

  const children = [headerElement, el(".body", stage.element, side, cardElement)];
  return { session, children, refresh, tick, words, arrange, press };
}

/** Which method and layer, how the two pictures stand, save, reset. */
function header(
  signal: AbortSignal,
  session: HeatmapSession,
  host: HTMLElement,
  saving: HTMLElement,
  reset: () => void,
): Part {
  const methods = picker(signal, host, "Method", "method", "method", (method) =>
    session.ask({ method }),
  );
  const best = (): void => session.ask({ layer: null });
  const pick = (layer: string): void => session.ask({ layer });
  const layers = picker(signal, host, "Layer", "layer", "prefixed.layer", pick, best);
  const [arrangements, showArrangement] = segments(
    signal,
    "View",
    "arrangement",
    ARRANGEMENTS,
    (arrangement) => session.look("arrangement", arrangement),
  );
  const element = el("header.header", methods.element, layers.element, el("span.spring"));
  element.append(arrangements, saving, resetButton(signal, "Reset look and zoom", reset));
  const closed = (part: Partial<Request>): string | null =>
    session.available(part) ? null : UNSAVED;

  return [
    element,
    () => {
      const { method, request } = session;
      const families = session.cards.map(({ family }) => family);
      const rank = ({ family }: MethodCard): number => families.indexOf(family);
      const cards = [...session.cards].sort((a, b) => rank(a) - rank(b));
      const choices = methodChoices(cards, ({ name }) => closed({ method: name }));
      const about = method ? `${method.family} · ${method.cost}` : "";
      methods.show(choices, request.method, method?.title ?? request.method, about);
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
      layers.show(sizes, layer, layered ? layer : "input", "", !layered || !layer);
      showArrangement(session.appearance.arrangement);
    },
  ];
}

export default widget("Heatmap viewer", build);
