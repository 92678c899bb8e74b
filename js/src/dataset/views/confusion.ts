/** Labels against answers: a table of few classes; of many the top confusions and a picture of density. */
import { percent } from "../../core/format";
import { el, lines, on, type Part, paintLine, set, write } from "../../parts/dom";
import { type Confused, cells, confusions, type Filter } from "../filters";
import type { DatasetSession } from "../session";

const SIDE = 25; // classes, up to which a person reads a table
const LISTED = 40;

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
  const [words, more] = [el("p.facts"), el("p.facts")];
  const scroll = el(".matrixbox", table);
  const element = el(".confusion", words, scroll, el("h3", "Taken for another"), list, more);
  let built = "";
  const listed = lines<Confused>(signal, list, ({ label, prediction, count, share }, _, alive) => {
    const { classes } = session.table!;
    const button = el(
      "button.set.pair",
      el("span.title", `${classes[label]} → ${classes[prediction]}`),
    );
    const bar = el("canvas.sharebar", { $hidden: "true" });
    paintLine(bar, 1, () => [0, 0, 0, 0]);
    button.append(
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
    const key = `${rows.answered} ${session.order?.length}`;
    if (key === built) return;
    built = key;
    const found = cells(rows);
    const pairs = confusions(found, n);
    const wrong = pairs.reduce((sum, { count }) => sum + count, 0);
    const order = session.order ? [...session.order] : rows.classes.map((_, i) => i);
    const said = `${wrong.toLocaleString("en")} of ${session.total.labelled.toLocaleString("en")} pictures are taken for another class.`;
    write(
      words,
      many
        ? `${said} ${n.toLocaleString("en")} classes in ${Math.min(SIDE, n)} bundles, those that are confused beside each other; a cell shows its pictures.`
        : `${said} Labels down, answers across; a cell, a row or a column shows its pictures.`,
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
    listed(pairs.slice(0, LISTED));
    const rest = pairs.slice(LISTED).reduce((sum, { count }) => sum + count, 0);
    write(
      more,
      rest
        ? `and ${rest.toLocaleString("en")} in ${(pairs.length - LISTED).toLocaleString("en")} other confusions`
        : "",
    );
  }

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
        button.style.setProperty("--xw-weight", `${Math.round(100 * Math.sqrt(share))}%`);
        set(button, { _right: right, _strong: share > 0.45 });
        const filter: Filter = { label: bundle, prediction: bundles[j]! };
        return el("td", act2(button, many && right ? { ...filter, correct: false } : filter));
      });
      return el("tr", el("th", { scope: "row" }, head), ...own);
    });
    table.replaceChildren(el("tr", el("td"), ...across), ...down);
    set(table, { _many: many });
    table.style.setProperty("--xw-n", String(bundles.length));
  }
  return [element, refresh];
}
