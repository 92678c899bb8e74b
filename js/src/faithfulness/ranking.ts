/** The methods with their areas: a legend in which one is chosen, and to which others are added. */

import { fixed } from "../core/format";
import type { Curve } from "../core/wire";
import { el, freshId, lines, on, type Part, set, tool, write } from "../parts/dom";
import { methodChoices, picker, UNSAVED } from "../parts/picker";
import { lineSwatch } from "../parts/plot";
import { sparkline } from "./likeness";
import { type FaithfulnessSession, KINDS } from "./session";

const COLOURS = 6; // in plot.css; after six methods they come again, dashed

export function colourOf({ methods }: FaithfulnessSession, name: string): string {
  const i = methods.indexOf(name);
  return i < 0 ? "var(--xw-muted)" : `var(--xw-c${i % COLOURS})`;
}

/** The control is always dashed. */
export const isDashed = ({ methods }: FaithfulnessSession, name: string): boolean =>
  name === "random" || methods.indexOf(name) >= COLOURS;

const interval = ({ interval: ends }: Curve): string =>
  ends?.map((end) => end.toFixed(3)).join("–") ?? "";

/** Returns the element and how to bring it up to date. */
export function ranking(
  signal: AbortSignal,
  session: FaithfulnessSession,
  host: HTMLElement,
): Part {
  const group = freshId();
  const rows = el(".ranks", { role: "radiogroup", $label: "Method" });
  const add = picker(signal, host, "Add a method", "add", "plain", (method) =>
    session.ask({ methods: [...session.methods, method], method }),
  );
  const head = el(".rank.ranked", { $hidden: "true" });
  head.append(
    el("h3", "Method"),
    el(
      "span.note.grey",
      { title: "Rank correlation with the trained map, layer after layer" },
      "grey: random",
    ),
    el("span.note.grey", { title: "Over all stages with random layers: near 0 is good" }, "mean"),
    el("span.note", { title: "Area under the insertion curve: high is good" }, "insertion ↑"),
    el("span.note", { title: "Area under the deletion curve: low is good" }, "deletion ↓"),
    el("span"),
  );
  const element = el("section.section.ranking", head, rows, add.element);

  const show = lines(signal, rows, (name: string, _number, alive) => {
    const input = el("input", { type: "radio", name: group, value: name, _method: name });
    const title = session.title(name);
    const control = name === "random";
    const areas = KINDS.map(() => el("span.area"));
    const spans = KINDS.map(() => el("span.note.span"));
    const count = el("span.note.span.many");
    const reason = el("span.reason.note");
    const removes = `Remove ${title}`;
    const others = (): string[] => session.methods.filter((method) => method !== name);
    const remove = tool(alive, "remove", removes, "M4.5 4.5l7 7M11.5 4.5l-7 7", () =>
      session.ask({ methods: others() }),
    );
    remove.classList.add("xw-remove");
    set(remove, { _remove: name });
    on(alive, input, "change", () => session.show("method", name));
    const swatch = lineSwatch(colourOf(session, name), isDashed(session, name));
    const titled = el("span.titled", swatch, el("span.label", { title }, title));
    const [spark, showSpark] = sparkline();
    const mean = el("span.mean");
    const choice = el("label.rank", input, titled, spark, mean, ...areas);
    if (control) choice.append(count, ...spans);
    const update = (): void => {
      const all = session.frame?.curves ?? [];
      const curves = all.find(({ method }) => method === name);
      const refusal = session.refused[name] ?? "";
      input.checked = session.chosen === name;
      row.hidden = input.disabled = control && session.view === "sanity";
      for (const [i, kind] of KINDS.entries()) {
        const curve = curves?.[kind];
        const rivals = all.filter(({ method }) => method !== "random").map((one) => one[kind].auc);
        const best = kind === "insertion" ? Math.max(...rivals) : Math.min(...rivals);
        write(areas[i]!, curve ? curve.auc.toFixed(3) : refusal ? "–" : "…");
        set(areas[i]!, { _best: !control && rivals.length > 1 && curve?.auc === best });
        write(spans[i]!, curves && curves.maps > 1 ? interval(curves[kind]) : "");
      }
      const likeness = session.likeness[name];
      showSpark(likeness, colourOf(session, name));
      write(
        mean,
        likeness?.mean == null ? (refusal || !likeness ? "–" : "…") : fixed(likeness.mean),
      );
      const maps = curves?.maps ?? 0;
      write(count, maps > 1 ? `${maps} maps, range` : "");
      set(count, { title: count.textContent });
      write(reason, refusal);
      remove.hidden = control || session.methods.length < 2;
      remove.disabled = session.frozen;
    };
    const row = el(".rankrow", { _row: name }, choice, remove, reason);
    return [row, update];
  });

  return [
    element,
    () => {
      const { methods, cards, frozen } = session;
      const names = [...methods, "random"];
      for (const update of show(names, names.map(session.title).join())) update();
      const others = cards.filter(({ name }) => !methods.includes(name));
      const choices = methodChoices(others, () => (frozen ? UNSAVED : null));
      add.show(choices, "", "Add a method", "", frozen || !choices.length);
    },
  ];
}
