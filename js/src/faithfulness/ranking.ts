/** The methods with their areas: a legend in which one is chosen, and to which others are added. */

import type { Curve, Kind } from "../core/curves";
import { atEnd } from "../core/host";
import { el, freshId, on, set, svg, write } from "../parts/dom";
import { UNSAVED } from "../parts/header";
import { picker } from "../parts/picker";
import { lineSwatch } from "../parts/plot";
import type { Choice } from "../parts/popup";
import type { Judging } from "./session";

// Literal names: the build shortens custom properties alike in scripts and styles.
const COLOURS = [
  "var(--xw-c0)",
  "var(--xw-c1)",
  "var(--xw-c2)",
  "var(--xw-c3)",
  "var(--xw-c4)",
  "var(--xw-c5)",
];
export const CONTROL = "var(--xw-muted)";

export function colourOf(session: Judging, name: string): string {
  const place = session.methods.indexOf(name);
  return place < 0 ? CONTROL : COLOURS[place % COLOURS.length]!;
}

/** After six methods colours come again, dashed; the control is always dashed. */
export const isDashed = (session: Judging, name: string): boolean =>
  name === "random" || session.methods.indexOf(name) >= COLOURS.length;

const KINDS: readonly Kind[] = ["insertion", "deletion"];

const interval = ({ interval: range }: Curve): string =>
  range?.map((each) => each.toFixed(3)).join("–") ?? "";

export function ranking(
  signal: AbortSignal,
  session: Judging,
  host: HTMLElement,
): [HTMLElement, () => void] {
  const group = freshId();
  const rows = el(".ranks", { role: "radiogroup", $label: "Method" });
  const add = picker(signal, host, "Add a method", "add", "plain", (name) =>
    session.ask(["methods", [...session.methods, name]], ["method", name]),
  );
  const head = el(
    ".rank.ranked",
    { $hidden: "true" },
    el("h3", {}, "Method"),
    el("span.note", { title: "Area under the insertion curve: high is good" }, "insertion ↑"),
    el("span.note", { title: "Area under the deletion curve: low is good" }, "deletion ↓"),
    el("span"),
  );
  const element = el("section.section.ranking", {}, head, rows, add.element);
  let life = new AbortController();
  let built = "";
  let update: () => void = () => {};
  atEnd(signal, () => life.abort());

  function build(names: readonly string[]): void {
    life.abort();
    life = new AbortController();
    const made = names.map((name) => line(name, life.signal));
    rows.replaceChildren(...made.map(([row]) => row));
    update = () => {
      for (const [, show] of made) show();
    };
  }

  function line(name: string, alive: AbortSignal): [HTMLElement, () => void] {
    const input = el("input", { type: "radio", name: group, value: name, _method: name });
    const title = session.title(name);
    const cells = KINDS.map(() => el("span.area"));
    const spans = KINDS.map(() => el("span.note.span"));
    const many = el("span.note.span.many");
    const reason = el("span.reason.note");
    const remove = el(
      "button.tool.remove",
      { title: `Remove ${title}`, $label: `Remove ${title}`, _remove: name },
      svg("M4.5 4.5l7 7M11.5 4.5l-7 7"),
    );
    on(alive, input, "change", () => session.look(["method", name]));
    on(alive, remove, "click", () =>
      session.ask(["methods", session.methods.filter((each) => each !== name)]),
    );
    const words = el("span.label", {}, title);
    const choice = el(
      "label.rank",
      {},
      input,
      el("span.who", {}, lineSwatch(colourOf(session, name), isDashed(session, name)), words),
      ...cells,
      ...(name === "random" ? [many, ...spans] : []),
    );
    const row = el(".rankrow", { _row: name }, choice, remove, reason);
    const show = (): void => {
      const curves = session.frame?.curves ?? [];
      const judged = curves.find(({ method }) => method === name);
      const refused = session.refused[name] ?? "";
      const control = name === "random";
      input.checked = session.chosen === name;
      input.disabled = control && session.view === "sanity";
      for (const [i, kind] of KINDS.entries()) {
        const curve = judged?.[kind];
        const others = curves.filter(({ method }) => method !== "random");
        const areas = others.map((each) => each[kind].auc);
        const best = kind === "insertion" ? Math.max(...areas) : Math.min(...areas);
        write(cells[i]!, curve ? curve.auc.toFixed(3) : refused ? "–" : "…");
        set(cells[i]!, { _best: !control && areas.length > 1 && curve?.auc === best });
        write(spans[i]!, judged && judged.maps > 1 ? interval(judged[kind]) : "");
      }
      const maps = judged?.maps ?? 0;
      write(many, maps > 1 ? `${maps} maps, range` : "");
      write(reason, refused);
      remove.hidden = control || session.methods.length < 2;
      remove.disabled = session.frozen;
      row.hidden = input.disabled;
    };
    return [row, show];
  }

  return [
    element,
    () => {
      const names = [...session.methods, "random"];
      const titles = names.map((name) => session.title(name)).join();
      if (built !== titles) build(names);
      built = titles;
      update();
      const choices = session.cards
        .filter(({ name }) => !session.methods.includes(name))
        .map(
          ({ name, title, family, cost, unavailable }): Choice => ({
            value: name,
            label: title,
            group: family,
            note: cost,
            reason: unavailable || (session.frozen ? UNSAVED : null),
          }),
        );
      add.show(choices, "", "Add a method", "", session.frozen || !choices.length);
    },
  ];
}
