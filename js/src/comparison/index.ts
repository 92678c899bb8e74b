/** GradientComparison in the browser: networks by methods, one cursor, any two laid over each other. */

import { percent } from "../core/format";
import { now } from "../core/host";
import { APPEARANCE } from "../core/wire";
import { colourbar } from "../parts/colourbar";
import { el, row, section, set, tool, write } from "../parts/dom";
import { footer } from "../parts/footer";
import { UNSAVED } from "../parts/header";
import { picker } from "../parts/picker";
import type { Choice } from "../parts/popup";
import { segments } from "../parts/segments";
import { slider } from "../parts/slider";
import { thumbnails } from "../parts/thumbnails";
import { fit, opened, type RenderProps, saveAs, soon } from "../parts/view";
import { choicesOf, newGrid } from "./cells";
import { sheetOf } from "./grid";
import { measures } from "./measures";
import { newPair } from "./pair";
import { comparing, type Place, type Scale, type View } from "./session";

const OWN = "own"; // in the list of classes
const NARROW = 600;
const WIDE = 1040;

function render(props: RenderProps): () => void {
  const { model } = props;
  const [root, signal, live, say, alive] = opened(props, "Gradient comparison", ".compare");
  const later = soon(refresh, tick);
  const session = comparing(model, signal, later);
  let turn = 0; // which of the two cells the next press exchanges

  const [views, showView] = segments<View>(
    signal,
    "View",
    "view",
    [
      ["grid", "Grid", "All cells"],
      ["swipe", "Swipe", "A laid over B"],
      ["difference", "Difference", "What A says more than B"],
    ],
    (view) => session.look("view", view),
  );
  const add = picker(signal, root, "Add a method", "add", "adding", (method) =>
    session.ask([["methods", [...session.methods, method]]]),
  );
  const header = el(
    "header.header",
    {},
    views,
    el("span.spring"),
    add.element,
    tool(signal, "save", "Save as PNG", "M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10", download),
    tool(signal, "reset", "Reset", "M3.2 6.5a5 5 0 1 1-.2 2.6M3 2.8v3.7h3.7", reset),
  );
  const [strip, showStrip] = thumbnails(signal, "Picture", (place) =>
    session.ask([["place", place]]),
  );
  const [measuresElement, showMeasures, numberOf] = measures(signal, session, later);
  const grid = newGrid(
    signal,
    session,
    root,
    (zoom, spot, place, spoken) => {
      pair.stage.follow(zoom, spot);
      pointAt(place, spoken);
    },
    pressed,
    numberOf,
  );
  const pair = newPair(signal, session, grid, (value, spoken) => {
    markValue(value);
    if (spoken) write(live, spoken);
  });
  const classes = picker(signal, root, "Class", "target", "layer", explain, () => explain(""));
  header.prepend(classes.element);
  function explain(value: string): void {
    const own = value === OWN;
    session.ask([["own", own], ...(own ? [] : [["target", value ? +value : null] as const])]);
  }
  const [noise, showNoise] = slider(
    signal,
    "Noise",
    "noise",
    {
      least: 0,
      most: 0.5,
      step: 0.01,
      initial: 0,
      factor: 100,
      format: (value) => percent(value, 0),
    },
    (value) => session.ask([["noise", value]]),
    "Added to the networks' input, in parts of its range",
  );
  const input = section("Noise on the picture", noise);
  const [bar, showBar, markValue] = colourbar(signal, session, root);
  const [opacity, showOpacity] = slider(
    signal,
    "Opacity",
    "opacity",
    {
      least: 0,
      most: 1,
      step: 0.01,
      initial: APPEARANCE.opacity,
      factor: 100,
      format: (value) => percent(value, 0),
    },
    (value) => session.look("opacity", value),
  );
  const [clip, showClip] = slider(
    signal,
    "Clip",
    "clip",
    {
      least: 90,
      most: 100,
      step: 0.1,
      initial: APPEARANCE.clip,
      format: (value) => percent(value / 100),
    },
    (value) => session.look("clip", value),
    "The percentile where colours end",
  );
  const [scales, showScale] = segments<Scale>(
    signal,
    "Colour scale",
    "scale",
    [
      ["cell", "cell"],
      ["method", "method"],
      ["all", "all"],
    ],
    (scale) => session.look("scale", scale),
  );
  const [stands, showStand] = segments<"alone" | "over">(
    signal,
    "Picture",
    "alone",
    [
      ["alone", "hidden", "Maps alone"],
      ["over", "under the map", "Maps over the picture"],
    ],
    (which) => session.look("alone", which === "alone"),
  );
  const looks = section(
    "Appearance",
    row("Picture", "", stands),
    row("Scale per", "What has a colour scale of its own", scales),
    opacity,
    clip,
    bar,
  );
  const [footerElement, showFooter] = footer(signal, session);
  const main = el(".main", {}, strip, pair.element, grid.element);
  const side = el(".side", {}, measuresElement, input, looks);
  root.prepend(header, el(".body", {}, main, side), footerElement);

  function refresh(): void {
    if (signal.aborted) return;
    const { view, scale, alone, noise: amount, frozen, methods } = session;
    showView(view);
    showStrip(session.strip, session.place, (place) => (session.available(place) ? null : UNSAVED));
    grid.show();
    const both = pair.show();
    showClasses();
    showNoise(amount);
    showScale(scale);
    showStand(alone ? "alone" : "over");
    const look = session.appearance;
    showOpacity(look.opacity, alone);
    showClip(look.clip);
    showBar(both ?? grid.painted(session.picked));
    add.show(choicesOf(session), "", "Add a method");
    add.element.hidden = frozen;
    set(root, {
      _view: view,
      _place: session.place,
      _noise: amount,
      _methods: methods.join(" "),
      _ready: !!session.photo(0),
      "_painted-at": now(),
    });
    arrange();
    tick();
    announce();
  }

  /** The classes that any of the networks thinks likely. */
  function showClasses(): void {
    const { rows, own, frozen, target } = session;
    const likely = new Map<number, string>();
    rows.forEach((_, at) => {
      for (const { index, name } of session.said(at)?.top ?? []) {
        if (!likely.has(index)) likely.set(index, name);
      }
    });
    const shown = session.said(0)?.target;
    if (shown?.index != null) likely.set(shown.index, shown.name);
    const reason = frozen ? UNSAVED : null;
    const choices: Choice[] = [...likely].map(([index, label]) => ({
      value: `${index}`,
      label,
      note: `${index}`,
      group: "One for all",
      reason: index === shown?.index && !own ? null : reason,
    }));
    choices.unshift({ value: "", label: "The first network's", group: "One for all", reason });
    if (rows.length > 1) {
      choices.push({ value: OWN, label: "What each says itself", group: "Each its own", reason });
    }
    const value = own ? OWN : `${target ?? ""}`;
    classes.show(choices, value, own ? "each its own" : (shown?.name ?? "…"));
  }

  /** What depends on time, or on where the pointer is. */
  function tick(): void {
    if (signal.aborted) return;
    const time = now();
    const state = session.state(time);
    showMeasures();
    showFooter(time);
    grid.tick();
    set(root, {
      _busy: state === "busy" || session.status?.state === "running",
      _complete: !session.stale(),
      _picked: session.picked.join(" "),
    });
  }

  function pointAt(place: Place, spoken: string): void {
    if (session.view === "grid") {
      const painted = grid.painted(place);
      if (painted) showBar(painted);
      markValue(grid.valueAt(place));
    }
    if (spoken) write(live, `${session.title(place[1])}, ${spoken}`);
  }

  /** One of the two cells that are compared; the other stays. */
  function pressed(place: Place): void {
    session.pick(place);
    if (session.view === "grid") return;
    const [a, b] = session.pair;
    const same = (other: Place): boolean => other.join() === place.join();
    if (same(a) || same(b)) return;
    session.look("pair", turn ? [a, place] : [place, b]);
    turn = 1 - turn;
  }

  /** Tells screen readers what the networks say, or what went wrong. */
  function announce(): void {
    const { status, rows } = session;
    const says = rows.map(({ name }, at) => `${name}: ${session.said(at)?.top?.[0]?.name}.`);
    if (session.state() === "error") say(`${status?.message} ${status?.hint}`);
    else if (!session.stale()) say(says.join(" "));
  }

  function arrange(): void {
    grid.arrange(fit(root, NARROW, WIDE) === "narrow");
  }

  function reset(): void {
    for (const [name, value] of Object.entries(APPEARANCE)) {
      if (name !== "view") session.look(name, value);
    }
    grid.reset();
    pair.stage.reset();
  }

  function download(): void {
    const { view, pair: two } = session;
    const sheet =
      view === "grid"
        ? sheetOf(session, grid, root)
        : pair.stage.snapshot({ ...session.appearance, opacity: 1, view: "swipe" }, 3);
    const names = view === "grid" ? session.methods : [view, ...two.map((each) => each[1])];
    saveAs(sheet, names);
  }

  return alive(arrange, tick, refresh);
}

export default { render };
