/** GradientComparison in the browser: networks by methods, one cursor, any two laid over each other. */

import { fixed } from "../core/format";
import { APPEARANCE, now } from "../core/model";
import { colourbar } from "../parts/colourbar";
import { el, freshId, on, row, section, set, write } from "../parts/dom";
import { picker, UNSAVED } from "../parts/picker";
import type { Choice } from "../parts/popup";
import { segments } from "../parts/segments";
import { clipSlider, opacitySlider, SHARE, slider } from "../parts/slider";
import { fit, resetButton, saveAs, saveButton, widget } from "../parts/view";
import { choicesOf, newGrid } from "./grid";
import { newPair } from "./pair";
import {
  type Cell,
  type ComparisonSession,
  cellKey,
  comparisonSession,
  type Scale,
  type View,
} from "./session";
import { thumbnails } from "./thumbnails";

const OWN = "own"; // in the list of classes
const NARROW = 600;
const WIDE = 1040;
const FIRST_MEASURE = "sparseness";
const NOISE_MEASURE = "survival"; // has a meaning with noise alone

export default widget(
  "Gradient comparison",
  ({ model, signal, root, changed, speak }) => {
    const session = comparisonSession(model, signal, changed);
    let exchanged = 0; // which cell of the pair the next press exchanges

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
      session.ask({ methods: [...session.methods, method] }),
    );
    const classes = picker(signal, root, "Class", "target", "prefixed.target", explain, () =>
      explain(""),
    );
    const [thumbnailsElement, showThumbnails] = thumbnails(signal, "Picture", (index) =>
      session.ask({ picture_index: index }),
    );
    const [measuresElement, showMeasures, numberOf] = measures(signal, session, () =>
      changed("look"),
    );
    const grid = newGrid(
      signal,
      session,
      root,
      (zoom, spot, cell, spoken) => {
        pair.stage.follow(zoom, spot);
        pointAt(cell, spoken);
      },
      pressed,
      numberOf,
    );
    const pair = newPair(signal, session, grid, (value, spoken) => {
      markValue(value);
      if (spoken) speak(spoken);
    });
    const [noise, showNoise] = slider(
      signal,
      "Noise",
      "noise",
      { ...SHARE, most: 0.5, initial: 0 },
      (value) => session.ask({ noise: value }),
      "Added to the networks' input, in parts of its range",
    );
    const [bar, showBar, markValue] = colourbar(signal, session, root);
    const [opacity, showOpacity] = opacitySlider(signal, session);
    const [clip, showClip] = clipSlider(signal, session);
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
    const [pictures, showPictures] = segments<"alone" | "over">(
      signal,
      "Picture",
      "alone",
      [
        ["alone", "hidden", "Maps alone"],
        ["over", "under the map", "Maps over the picture"],
      ],
      (which) => session.look("alone", which === "alone"),
    );
    const appearance = section(
      "Appearance",
      row("Picture", "", pictures),
      row("Scale per", "What has a colour scale of its own", scales),
      opacity,
      clip,
      bar,
    );

    function explain(value: string): void {
      if (value === OWN) session.ask({ own: true });
      else session.ask({ own: false, target: value ? +value : null });
    }

    function refresh(): void {
      const { view, scale, alone, frozen, methods, appearance: look } = session;
      const { picture_index: index, noise: amount } = session.request;
      showView(view);
      showThumbnails(session.thumbnails, index, (picture_index) =>
        session.available({ picture_index }) ? null : UNSAVED,
      );
      grid.show();
      const painted = pair.show();
      showClasses();
      showNoise(amount);
      showScale(scale);
      showPictures(alone ? "alone" : "over");
      showOpacity(look.opacity, alone);
      showClip(look.clip);
      showBar(painted ?? grid.painted(session.picked));
      add.show(choicesOf(session), "", "Add a method");
      add.element.hidden = frozen;
      set(root, {
        _view: view,
        "_picture-index": index,
        _noise: amount,
        _methods: methods.join(" "),
        _ready: !!session.photo(0),
        "_painted-at": now(),
      });
    }

    /** The classes that any of the networks thinks likely. */
    function showClasses(): void {
      const { rows, frozen } = session;
      const { own, target } = session.request;
      const likely = new Map<number, string>();
      for (const i of rows.keys()) {
        for (const { index, name } of session.prediction(i)?.top ?? []) {
          if (!likely.has(index)) likely.set(index, name);
        }
      }
      const shown = session.prediction(0)?.target;
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

    function pointAt(cell: Cell, spoken: string): void {
      if (session.view === "grid") {
        const painted = grid.painted(cell);
        if (painted) showBar(painted);
        markValue(grid.valueAt(cell));
      }
      if (spoken) speak(`${session.title(cell[1])}, ${spoken}`);
    }

    /** One of the two cells that are compared; the other stays. */
    function pressed(cell: Cell): void {
      session.pick(cell);
      if (session.view === "grid") return;
      const [a, b] = session.pair;
      if ([a, b].some((other) => cellKey(other) === cellKey(cell))) return;
      session.look("pair", exchanged ? [a, cell] : [cell, b]);
      exchanged = 1 - exchanged;
    }

    function reset(): void {
      for (const [name, value] of Object.entries(APPEARANCE)) {
        if (name !== "arrangement") session.look(name, value);
      }
      grid.reset();
      pair.stage.reset();
    }

    function download(): void {
      const { view } = session;
      const look = { ...session.appearance, opacity: 1, arrangement: "swipe" } as const;
      if (view === "grid") saveAs(grid.snapshot(root), session.methods);
      else
        saveAs(pair.stage.snapshot(look, 3), [view, ...session.pair.map(([, method]) => method)]);
    }

    return {
      session,
      children: [
        el(
          "header.header",
          {},
          classes.element,
          views,
          el("span.spring"),
          add.element,
          saveButton(signal, "Save as PNG", download),
          resetButton(signal, "Reset", reset),
        ),
        el(
          ".body",
          {},
          el(".main", {}, thumbnailsElement, pair.element, grid.element),
          el(".side", {}, measuresElement, section("Noise on the picture", noise), appearance),
        ),
      ],
      refresh,
      tick(_now, state) {
        showMeasures();
        grid.tick();
        set(root, {
          _busy: state === "busy" || session.status?.state === "running",
          _complete: !session.stale(),
          _picked: cellKey(session.picked),
        });
      },
      arrange: () => grid.arrange(fit(root, NARROW, WIDE) === "narrow"),
      words() {
        if (session.stale()) return "";
        const says = session.rows.map(
          ({ name }, i) => `${name}: ${session.prediction(i)?.top?.[0]?.name}.`,
        );
        return says.join(" ");
      },
    };
  },
  ".comparison",
);

/**
 * The measures of the picked cell; the one that is chosen stands in every cell. Returns the element, how to
 * bring it up to date, and the chosen number of any cell.
 */
function measures(
  signal: AbortSignal,
  session: ComparisonSession,
  changed: () => void,
): [HTMLElement, () => void, (cell: Cell) => string] {
  const group = freshId();
  let chosen = FIRST_MEASURE;
  const lines = new Map<string, [HTMLElement, HTMLInputElement, HTMLElement]>();
  const title = el("p.facts", { _of: true });
  const list = el("", { role: "radiogroup", $label: "Measure in every cell" });
  on(signal, list, "change", ({ target }) => {
    chosen = (target as HTMLInputElement).value;
    changed();
  });

  function numberOf(cell: Cell, name: string): string {
    const value = session.valuesOf(cell)[name];
    if (value === undefined) return "";
    return value === null ? "–" : fixed(value);
  }
  return [
    section("Measures", title, list),
    () => {
      const { picked, rows } = session;
      const { noise } = session.request;
      const error = session.frameOf(picked).frame?.error;
      write(title, error ?? `${session.title(picked[1])}, ${rows[picked[0]]?.name ?? ""}`);
      for (const { name, title: label, help } of lines.size ? [] : session.measureDescriptions) {
        const input = el("input", { type: "radio", name: group, value: name, _measure: name });
        const number = el("span.number");
        const words = el("span.label", {}, label);
        const line = el("label.segment.measured", { title: help }, input, words, number);
        lines.set(name, [line, input, number]);
        list.append(line);
      }
      if (!noise && chosen === NOISE_MEASURE) chosen = FIRST_MEASURE;
      for (const [name, [line, input, number]] of lines) {
        line.hidden = name === NOISE_MEASURE && !noise;
        input.checked = name === chosen;
        write(number, numberOf(picked, name) || "…");
      }
    },
    (cell) => numberOf(cell, chosen).replace("–", ""),
  ];
}
