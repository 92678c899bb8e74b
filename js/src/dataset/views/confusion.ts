/** Labels against answers: a table of few classes; of many the top confusions and a picture of density. */
import { percent } from "../../core/format";
import { done, el, isCommand, lines, on, type Part, say, set, write } from "../../parts/dom";
import { segments } from "../../parts/segments";
import { type Confused, cells, confusions, type Filter } from "../filters";
import type { DatasetSession } from "../session";
import { meanMaps } from "./means";

const SIDE = 25; // classes, up to which a person reads a table
const FIRST = 12; // confusions that are listed at first
const LISTED = 200; // and at most

/** Counts of bundles of classes in an order, at most `side` of them. */
export function density(
  found: ReadonlyMap<number, number>,
  order: readonly number[],
  side: number,
): { counts: number[][]; bundles: number[][] } {
  const n = order.length;
  const size = Math.min(side, n);
  // As NumPy splits: the first n mod size bundles have one more.
  const bundles: number[][] = [];
  let at = 0;
  for (let i = 0; i < size; i++) {
    const length = Math.floor(n / size) + Number(i < n % size);
    bundles.push(order.slice(at, at + length));
    at += length;
  }
  const of = new Map(bundles.flatMap((own, i) => own.map((index) => [index, i] as const)));
  const counts = bundles.map(() => new Array<number>(size).fill(0));
  for (const [code, count] of found) {
    counts[of.get(Math.floor(code / n))!]![of.get(code % n)!]! += count;
  }
  return { counts, bundles };
}

export function confusionView(
  signal: AbortSignal,
  session: DatasetSession,
  act: { show(filter: Filter, slice: string): void },
): Part {
  const table = el("table.matrix", { _control: "confusion" });
  const list = el(".pairs");
  const [words, more, alike] = [el("p.facts"), el("p.facts"), el("p.facts")];
  const scroll = el(".matrixbox", table);
  const means = meanMaps(session);
  const [kinds, showKind] = segments<"counts" | "maps">(
    signal,
    "Cells show",
    "cells",
    [
      ["counts", "counts"],
      ["maps", "mean maps"],
    ],
    (value) => {
      means.shown = value === "maps";
      refresh();
    },
  );
  const tools = el(".tools2", kinds);
  const further = el("button.link", { _control: "more-confusions" });
  const title = el("h3", "Taken for another");
  const element = el(".confusion", tools, words, alike, scroll, title, list, further, more);
  let built = "";
  let all = false;
  on(signal, further, "click", () => {
    all = !all;
    refresh();
  });
  const listed = lines<Confused>(signal, list, ({ label, prediction, count, share }, _, alive) => {
    const { classes } = session.table!;
    const name = `${classes[label]} → ${classes[prediction]}`;
    const button = el("button.set.pair", el("span.title", { title: name }, name));
    button.append(
      means.canvas("cell", label, prediction, `mean map of ${name}`),
      means.canvas("cell", label, label, `mean map of ${classes[label]} answered right`),
      means.canvas("difference", label, label, `${classes[label]}: right less wrong`),
      el("span.figure", count.toLocaleString("en")),
      el("span.note", `${percent(share, 0)} of them`),
    );
    on(alive, button, "click", () => act.show({ label: [label], prediction: [prediction] }, ""));
    return [button, () => {}];
  });

  function refresh(): void {
    const { table: rows } = session;
    if (!rows) return;
    const n = rows.classes.length;
    const many = n > SIDE;
    if (many && rows.done + rows.failed === rows.count) session.read("order");
    showKind(means.shown ? "maps" : "counts", means.closed());
    say(alike, means.words());
    set(element, { _maps: means.shown && Boolean(session.means) });
    write(
      title,
      means.shown && session.means
        ? "Taken for another: mean maps of these, of right ones, and right − wrong"
        : "Taken for another",
    );
    const key = `${rows.answered} ${session.order?.length} ${all}`;
    if (key === built) {
      means.paint();
      return;
    }
    built = key;
    means.forget();
    const found = cells(rows);
    const pairs = confusions(found, n);
    const wrong = pairs.reduce((sum, { count }) => sum + count, 0);
    const order = session.order ? [...session.order] : rows.classes.map((_, i) => i);
    const said = `${wrong.toLocaleString("en")} of ${session.total.labelled.toLocaleString("en")} pictures are taken for another class.`;
    write(
      words,
      many
        ? `${said} ${n.toLocaleString("en")} classes in ${Math.min(SIDE, n)} bundles, those that are confused beside each other; a cell shows its pictures.`
        : `${said} Labels down, answers across; a cell, a row or a column shows its pictures. Arrow keys walk.`,
    );
    if (many) fill(density(found, order, SIDE), rows.classes, true);
    else
      fill(
        density(
          found,
          rows.classes.map((_, i) => i),
          SIDE,
        ),
        rows.classes,
        false,
      );
    // A list says more of many classes than a picture of their density.
    if (many) element.append(scroll);
    const most = all ? LISTED : FIRST;
    listed(pairs.slice(0, most));
    const rest = pairs.slice(most).reduce((sum, { count }) => sum + count, 0);
    const others = (pairs.length - most).toLocaleString("en");
    say(more, rest ? `and ${rest.toLocaleString("en")} in ${others} other confusions` : "");
    further.hidden = pairs.length <= FIRST;
    write(
      further,
      all ? "Fewer" : `Show ${Math.max(0, Math.min(LISTED, pairs.length) - FIRST)} more`,
    );
    means.paint();
  }

  // One stop of the tab key: arrows walk from there.
  const buttons = (): HTMLButtonElement[][] =>
    [...table.rows].map((line) => [...line.querySelectorAll("button")]);
  function walk(line: number, place: number): HTMLButtonElement | undefined {
    const all = buttons();
    const next = all[line]?.[place];
    for (const one of all.flat()) one.tabIndex = one === next ? 0 : -1;
    return next;
  }
  on(signal, table, "keydown", (event: KeyboardEvent) => {
    const steps: Record<string, [down: number, across: number]> = {
      ArrowRight: [0, 1],
      ArrowLeft: [0, -1],
      ArrowDown: [1, 0],
      ArrowUp: [-1, 0],
    };
    const step = steps[event.key];
    if (!step || isCommand(event)) return;
    const all = buttons();
    let line = all.findIndex((own) => own.includes(event.target as HTMLButtonElement));
    if (line < 0) return;
    let place = all[line]!.indexOf(event.target as HTMLButtonElement);
    // The first line has no head of its own.
    const offset = (at: number): number => Number(at === 0);
    do {
      const across = place + offset(line);
      line += step[0];
      place = across + step[1] - offset(line);
    } while (all[line]?.[place]?.disabled);
    if (all[line]?.[place]) walk(line, place)!.focus();
    done(event);
  });

  function fill(
    { counts, bundles }: ReturnType<typeof density>,
    classes: readonly string[],
    many: boolean,
  ): void {
    const sums = counts.map((line) => line.reduce((a, b) => a + b, 0));
    const name = (bundle: readonly number[]): string =>
      bundle.length > 1
        ? `${classes[bundle[0]!]} and ${bundle.length - 1} more`
        : classes[bundle[0]!]!;
    const act2 = (button: HTMLElement, filter: Filter): HTMLElement => {
      on(signal, button, "click", () => act.show(filter, ""));
      return button;
    };
    const across = bundles.map((bundle) =>
      el(
        "th",
        { scope: "col" },
        act2(el("button.turned", { title: `answers: ${name(bundle)}` }, many ? "" : name(bundle)), {
          prediction: bundle,
        }),
      ),
    );
    const down = counts.map((line, i) => {
      const bundle = bundles[i]!;
      const head = act2(el("button.side", { title: `labels: ${name(bundle)}` }, name(bundle)), {
        label: bundle,
      });
      const own = line.map((count, j) => {
        const share = sums[i] ? count / sums[i]! : 0;
        const right = i === j;
        const title = `${name(bundle)}, answered ${name(bundles[j]!)}: ${count}`;
        const button = el(
          "button.cell",
          { title, $label: title, disabled: !count },
          many || !count ? "" : String(count),
        );
        // The number on it is read in both themes.
        const most = many ? 100 : 58;
        button.style.setProperty("--xw-weight", `${Math.round(most * Math.sqrt(share))}%`);
        if (!many && count) {
          button.prepend(means.canvas("cell", bundle[0]!, bundles[j]![0]!, ""));
        }
        set(button, { _right: right });
        const filter: Filter = { label: bundle, prediction: bundles[j]! };
        return el("td", act2(button, many && right ? { ...filter, correct: false } : filter));
      });
      if (!many) {
        const words = `${name(bundle)}: where evidence lies in right answers and not in wrong ones`;
        const cell = el("span.cell", { title: words, role: "img", $label: words });
        cell.append(means.canvas("difference", bundle[0]!, bundle[0]!, ""));
        own.push(el("td.less", cell));
      }
      return el("tr", el("th", { scope: "row" }, head), ...own);
    });
    const last = many ? [] : [el("th.less", { scope: "col" }, el("span.turned", "right − wrong"))];
    table.replaceChildren(el("tr", el("td"), ...across, ...last), ...down);
    walk(0, 0);
    set(table, { _many: many });
    table.style.setProperty("--xw-n", String(bundles.length));
  }
  return [element, refresh];
}
