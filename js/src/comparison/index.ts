/** GradientComparison in the browser: networks by methods, one cursor, any two laid over each other. */

import { fixed } from "../core/format";
import type { Zoom } from "../core/geometry";
import { APPEARANCE, now } from "../core/model";
import type { MeasureDescription } from "../core/wire";
import { takePictures } from "../parts/bring";
import { colourbar } from "../parts/colourbar";
import { el, freshId, lines, on, type Part, row, section, set, write } from "../parts/dom";
import { picker, UNSAVED } from "../parts/picker";
import type { Choice } from "../parts/popup";
import { heightToFit, visibleHeight } from "../parts/room";
import { type Saved, saveButton } from "../parts/save";
import { type Segment, segments } from "../parts/segments";
import { clipSlider, opacitySlider, SHARE, slider } from "../parts/slider";
import type { Spot } from "../parts/stage";
import { resetButton, widget } from "../parts/view";
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

const VIEWS: ReadonlyArray<Segment<View>> = [
  ["grid", "Grid", "All cells"],
  ["swipe", "Swipe", "A laid over B"],
  ["difference", "Difference", "What A says more than B"],
];
const SCALES = (["cell", "method", "all"] as const).map((name): Segment<Scale> => [name, name]);
const PICTURES: ReadonlyArray<Segment<"alone" | "over">> = [
  ["alone", "hidden", "Maps alone"],
  ["over", "under the map", "Maps over the picture"],
];
const OWN = "own"; // in the list of classes
const NARROW = 600;
const FRAME = 84; // pixels of header and footer
const MARGIN = 10; // around the card
const FIRST_MEASURE = "sparseness";
const NOISE_MEASURE = "survival"; // has a meaning with noise alone

export default widget(
  "Gradient comparison",
  (view) => {
    const { signal, root, speak } = view;
    const session = comparisonSession(view);
    let exchanged = 0; // which cell of the pair the next press exchanges

    const look = (name: string) => (value: unknown) => session.look(name, value);
    const [views, showView] = segments(signal, "View", "view", VIEWS, look("view"));
    const add = picker(signal, root, "Add a method", "add", "adding", (method) =>
      session.ask({ methods: [...session.methods, method] }),
    );
    const first = (): void => explain("");
    const classes = picker(signal, root, "Class", "target", "prefixed.target", explain, first);
    const [thumbnailsElement, showThumbnails] = thumbnails(signal, "Picture", (index) =>
      session.ask({ picture_index: index }),
    );
    const [measuresElement, showMeasures, numberOf] = measures(signal, session, () =>
      view.changed("look"),
    );
    const moved = (zoom: Zoom, spot: Spot | null, cell: Cell, spoken: string): void => {
      pair.stage.follow(zoom, spot);
      pointAt(cell, spoken);
    };
    const grid = newGrid(signal, session, root, moved, pressed, numberOf);
    const pair = newPair(signal, session, grid, (value, spoken) => {
      markValue(value);
      if (spoken) speak(spoken);
    });
    const amount = { ...SHARE, most: 0.5, initial: 0 };
    const addNoise = (value: number): void => session.ask({ noise: value });
    const help = "Added to the networks' input, in parts of its range";
    const [noise, showNoise] = slider(signal, "Noise", "noise", amount, addNoise, help);
    const [bar, showBar, markValue] = colourbar(signal, session, root);
    const [opacity, showOpacity] = opacitySlider(signal, session);
    const [clip, showClip] = clipSlider(signal, session);
    const [scales, showScale] = segments(signal, "Colour scale", "scale", SCALES, look("scale"));
    const [pictures, showPictures] = segments(signal, "Picture", "alone", PICTURES, (which) =>
      session.look("alone", which === "alone"),
    );
    const appearance = section("Appearance");
    const scaleRow = row("Scale per", "What has a colour scale of its own", scales);
    appearance.append(row("Picture", "", pictures), scaleRow, opacity, clip, bar);

    function explain(value: string): void {
      if (value === OWN) session.ask({ own: true });
      else session.ask({ own: false, target: value ? +value : null });
    }

    function refresh(): void {
      const { scale, alone, frozen, methods, appearance: looks } = session;
      const { picture_index: index, noise: added } = session.request;
      showView(session.view);
      showThumbnails(session.thumbnails, index, (picture_index) =>
        session.available({ picture_index }) ? null : UNSAVED,
      );
      grid.show();
      const painted = pair.show();
      showClasses();
      showNoise(added);
      showScale(scale);
      showPictures(alone ? "alone" : "over");
      showOpacity(looks.opacity, alone);
      showClip(looks.clip);
      showBar(painted ?? grid.painted(session.picked));
      add.show(choicesOf(session), "", "Add a method");
      add.element.hidden = frozen;
      set(root, {
        _view: session.view,
        "_picture-index": index,
        _noise: added,
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

    function seen(): Saved {
      const whole = { ...session.appearance, opacity: 1, arrangement: "swipe" } as const;
      const names = [session.view, ...session.pair.map(([, method]) => method)];
      if (session.view === "grid") return [grid.snapshot(root), session.methods];
      return [pair.stage.snapshot(whole, 3), names];
    }

    const save = saveButton(signal, root, session, speak, seen);
    const again = resetButton(signal, "Reset", reset);
    const noisy = section("Noise on the picture", noise);
    const body = el(".body", el(".main", thumbnailsElement, pair.element, grid.element));
    body.append(el(".side", measuresElement, noisy, appearance));
    takePictures(view, session);
    return {
      session,
      children: [
        el("header.header", classes.element, views, el("span.spring"), add.element, save, again),
        body,
      ],
      refresh,
      tick() {
        showMeasures();
        grid.tick();
        set(root, {
          _complete: !session.stale(),
          _picked: cellKey(session.picked),
        });
      },
      arrange() {
        const taken = FRAME + thumbnailsElement.offsetHeight;
        const [fit, most] = [heightToFit(root), visibleHeight(root) - MARGIN];
        const layout = grid.arrange(root.clientWidth, fit - taken, Math.max(fit, most) - taken);
        const narrow = root.clientWidth < NARROW;
        const found = narrow ? "narrow" : layout?.beside ? "wide" : "medium";
        if (layout) set(root, { _layout: found });
      },
      words() {
        if (session.stale()) return "";
        const says = (i: number): string | undefined => session.prediction(i)?.top?.[0]?.name;
        return session.rows.map(({ name }, i) => `${name}: ${says(i)}.`).join(" ");
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
): [...Part, numberOf: (cell: Cell) => string] {
  const group = freshId();
  let chosen = FIRST_MEASURE;
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
  const show = lines(signal, list, ({ name, title: label, help }: MeasureDescription) => {
    const input = el("input", { type: "radio", name: group, value: name, _measure: name });
    const number = el("span.number");
    const words = el("span.label", label);
    const line = el("label.segment.measured", { title: help }, input, words, number);
    const update = (noise: number): void => {
      line.hidden = name === NOISE_MEASURE && !noise;
      input.checked = name === chosen;
      write(number, numberOf(session.picked, name) || "…");
    };
    return [line, update];
  });
  return [
    section("Measures", title, list),
    () => {
      const { picked, rows } = session;
      const { noise } = session.request;
      const error = session.frameOf(picked).frame?.error;
      write(title, error ?? `${session.title(picked[1])}, ${rows[picked[0]]?.name ?? ""}`);
      if (!noise && chosen === NOISE_MEASURE) chosen = FIRST_MEASURE;
      for (const update of show(session.measure_descriptions)) update(noise);
    },
    (cell) => numberOf(cell, chosen).replace("–", ""),
  ];
}
