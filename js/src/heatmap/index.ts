/** HeatmapViewer in the browser: puts the parts together and keeps them in step with the model. */

import { percent, signed } from "../core/format";
import { layoutOf } from "../core/geometry";
import { now } from "../core/host";
import { APPEARANCE, type Appearance, type Bytes, type Picture } from "../core/wire";
import { bytesOf } from "../maps/levels";
import { card } from "../parts/card";
import { classes } from "../parts/class_picker";
import { el, set, write } from "../parts/dom";
import { footer } from "../parts/footer";
import { header } from "../parts/header";
import { heatPainter, type Painted, paintPicture } from "../parts/heat";
import { newStage } from "../parts/stage";
import { opened, type RenderProps, saveAs } from "../parts/view";
import { looks } from "./looks";
import { parameters } from "./parameters";
import { type Change, converse } from "./session";

function render(props: RenderProps): () => void {
  const { model } = props;
  const [root, signal, live, say, alive] = opened(props, "Heatmap viewer");
  const due = new Set<Change>();
  const session = converse(
    model,
    signal,
    (change) => {
      if (!due.size) requestAnimationFrame(refresh); // many changes, one repaint
      due.add(change);
      setTimeout(tick, 160);
    },
    takeBrush,
  );
  let picture: Picture | undefined;
  let painted: Painted | undefined;
  let [asked, taken] = [false, false]; // the brush
  let redraw: (() => void) | undefined;

  const stage = newStage(
    signal,
    (value, spoken) => {
      markValue(painted ? value : null);
      if (spoken) write(live, spoken);
    },
    !session.frozen && askForBrush,
  );
  const paintHeat = heatPainter(stage.heat);
  const [classesElement, showClasses] = classes(signal, session, root);
  const [looksElement, showLooks, markValue] = looks(signal, session, root);
  const [parametersElement, showParameters] = parameters(signal, session);
  const [cardElement, showCard, flipCard] = card(signal);
  const [headerElement, showHeader] = header(signal, session, root, save, reset);
  const [footerElement, showFooter] = footer(signal, session);
  const side = el(".side", {}, classesElement, looksElement, parametersElement);
  root.prepend(headerElement, el(".body", {}, stage.element, side, cardElement), footerElement);

  function refresh(): void {
    if (signal.aborted) return;
    const asks = due.has("request");
    const looked = asks || due.has("appearance");
    due.clear();
    if (asks) {
      loadPicture();
      showClasses();
      showParameters();
      showCard(session.method);
    }
    if (looked) {
      paint();
      showHeader();
      showLooks(painted);
      arrange();
    }
    tick();
    announce();
    redraw?.();
  }

  /** The brush is a part of its own, which the kernel sends when it is first wanted. */
  function askForBrush(): void {
    if (!asked) model.send({ kind: "brush" });
    asked = true;
  }
  async function takeBrush(told: unknown, buffers: Bytes[]): Promise<void> {
    if (taken) return;
    taken = true;
    try {
      const module = new Blob([bytesOf(buffers[0]!)], { type: "text/javascript" });
      const part = await import(URL.createObjectURL(module));
      redraw = part.default(model, root, signal, paint, stage.spot, told, buffers, asked);
      asked = true;
    } catch (problem) {
      asked = taken = false;
      model.send({ kind: "brush", problem: `${problem}` });
    }
  }

  /** What depends on time alone. */
  function tick(): void {
    if (signal.aborted) return;
    const time = now();
    const state = session.state(time);
    showFooter(time);
    set(root, { _busy: state === "busy" });
    // A map that is not the one asked for steps back, but not for a blink.
    const faint = session.stale() && state !== "rest";
    stage.show(painted, session.appearance, faint, plateWords());
  }

  function paint(): void {
    const { shown, appearance } = session;
    painted = undefined;
    if (!shown || !picture) return;
    const done = paintHeat(shown, appearance, picture.width, picture.height);
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

  /** Said over the picture when there is no heat to see. */
  function plateWords(): string {
    const { shown, frozen } = session;
    if (!shown) return frozen ? "No explanation was saved with this page." : "";
    return shown.state === "ok" ? "" : shown.message || `There is no map: ${shown.state}.`;
  }

  /** Tells screen readers the result once it is final, or what went wrong. */
  function announce(): void {
    const { shown, status } = session;
    if (session.state() === "error") say(`${status?.message} ${status?.hint}`);
    else if (shown && !shown.partial && !session.stale()) {
      const title = session.method?.title ?? shown.method;
      const { name, probability } = shown.target;
      const chance = probability === null ? "" : `, ${percent(probability)}`;
      const range = `Values from ${shown.range.map(signed).join(" to ")}.`;
      const text = `${title} for ${name}${chance}. ${plateWords() || range}`;
      stage.describe(`${text} Arrow keys read values, plus and minus zoom.`);
      say(text);
    }
  }

  function loadPicture(): void {
    const next = session.picture;
    if (!next?.data || next === picture) return;
    picture = next;
    stage.resize(next);
    void paintPicture(next, stage.photo).then(() => set(root, { _ready: true }));
  }

  function arrange(): void {
    const width = root.clientWidth;
    if (!width) return; // measured while hidden
    const aspect = picture ? picture.height / picture.width : 1;
    const beside = session.appearance.view === "side_by_side";
    set(root, { _layout: layoutOf(width, aspect, beside) });
  }

  function reset(): void {
    for (const [name, value] of Object.entries(APPEARANCE)) {
      session.look(name as keyof Appearance, value);
    }
    stage.reset();
  }

  function save(): void {
    const { shown } = session;
    if (!picture) return;
    const scale = Math.ceil(896 / Math.max(picture.width, picture.height));
    const names = [picture.name, shown?.method, shown?.target.name];
    saveAs(stage.snapshot(session.appearance, scale), names);
  }

  function press({ key, target, ctrlKey, metaKey, defaultPrevented }: KeyboardEvent): void {
    if (defaultPrevented || (target as Element).matches("input:not([type])")) return;
    if (key === "?") flipCard();
    if (key === "b" && !ctrlKey && !metaKey) askForBrush();
  }
  due.add("request");
  return alive(arrange, tick, refresh, press);
}

export default { render };
