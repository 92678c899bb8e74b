/** What to ask: where it goes wrong, what is suspicious, what is confused, what was decided. */
import { percent, pictures, signed } from "../core/format";
import { el, lines, on, type Part, say, set, write } from "../parts/dom";
import { cells, confusions, counted, type Filter, wilson } from "./filters";
import type { DatasetSession, NamedRows, Reading } from "./session";
import { sum } from "./table";

const SHOWN = 6; // slices before "more"
const QUICK = 20_000; // rows, up to which copies are looked for without being asked
const READINGS: readonly Reading[] = ["slices", "label"];
const BASICS: ReadonlyArray<[title: string, filter: Filter]> = [
  ["All pictures", {}],
  ["Wrong", { correct: false }],
  ["Sure and wrong", { correct: false, probability: [0.8, 1] }],
  ["Unsure", { probability: [0, 0.5] }],
];

const same = (a: Filter, b: Filter): boolean => JSON.stringify(a) === JSON.stringify(b);
const few = (n: number): string => n.toLocaleString("en");

/** Returns the element, how to bring it up to date, and a step to the next or last slice. */
export function asking(
  signal: AbortSignal,
  session: DatasetSession,
  act: { show(filter: Filter, slice: string): void; confusion(): void },
) {
  const basics = el(".sets");
  const slices = el(".sets");
  const more = el("button.link.more");
  const sliceWords = el("p.facts");
  const suspicions = el(".sets");
  const suspicionWords = el("p.facts");
  const shortcut = el("button.wide", { _control: "shortcuts" }, "Look for shortcuts");
  const copies = el("button.wide", { _control: "copies" }, "Look for copies");
  const confused = el(".sets");
  const confusion = el("button.link", { _control: "all-confusions" }, "All confusions");
  const verdicts = el(".sets");
  const head = (title: string, side: string): HTMLElement =>
    el("h3.split", title, el("span", side));
  const line = el("p.facts", "The thin line is the accuracy of all pictures.");
  const whole = el("section.section", head("Where it goes wrong", "accuracy"), basics, slices);
  whole.append(more, line, sliceWords);
  const doubt = el("section.section", head("Suspicions", ""), suspicions, suspicionWords);
  doubt.append(copies, shortcut);
  const taken = el("section.section", head("Taken for another", ""), confused, confusion);
  const decided = el("section.section", head("Verdicts", ""), verdicts);
  const element = el(".ask", whole, doubt, taken, decided);
  let all = false;
  on(signal, more, "click", () => {
    all = !all;
    refresh();
  });
  on(signal, shortcut, "click", () => session.read("shortcut", true));
  on(signal, copies, "click", () => session.read("copies", true));
  on(signal, confusion, "click", act.confusion);

  const basicLines = lines<(typeof BASICS)[number]>(signal, basics, ([title, filter], _, alive) => {
    const [button, show] = entry(alive, title, () => act.show(filter, ""));
    return [
      button,
      () => {
        const { table, total, looks } = session;
        if (!table) return;
        const mask = memoMask(filter);
        const plain = !Object.keys(filter).length;
        const count = plain ? total : counted(table, mask);
        const rows = plain ? table.done + table.failed : sum(mask);
        show(rows, plain ? total.right / total.labelled : count.right / count.labelled, {
          active: !looks.slice && same(looks.filter, filter),
          bar: false,
        });
        button.hidden = !plain && (!rows || (!total.labelled && "correct" in filter));
      },
    ];
  });
  let masks: [version: number, Map<string, Uint8Array>] = [-1, new Map()];
  function memoMask(filter: Filter): Uint8Array {
    const version = session.table?.answered ?? 0;
    if (masks[0] !== version) masks = [version, new Map()];
    const key = JSON.stringify(filter);
    const known = masks[1].get(key);
    if (known) return known;
    const made = session.maskFor(filter);
    masks[1].set(key, made);
    return made;
  }

  const counts = new Map<string, [version: number, count: ReturnType<typeof counted>]>();
  function countOf(one: NamedRows): ReturnType<typeof counted> {
    const version = session.table!.answered;
    const known = counts.get(one.id);
    if (known?.[0] === version) return known[1];
    const made = counted(session.table!, one.mask);
    counts.set(one.id, [version, made]);
    return made;
  }
  const setLines = (host: HTMLElement) =>
    lines<NamedRows>(signal, host, (one, _, alive) => {
      const pick = (): void => act.show({}, session.looks.slice === one.id ? "" : one.id);
      const [button, show] = entry(alive, one.title, pick);
      const evidence = el("p.evidence", { hidden: true });
      const both = one.effect === null ? undefined : experimentBars(one);
      return [
        both ? [button, evidence, both] : [button, evidence],
        () => {
          if (!session.table) return;
          const count = countOf(one);
          const active = session.looks.slice === one.id;
          const slice = one.family !== "suspicion";
          show(one.count, slice ? count.right / count.labelled : Number.NaN, {
            active,
            bar: slice && count.labelled > 0,
            count,
            ...(one.lift === null ? {} : { note: `lift ${one.lift.toFixed(1)}` }),
            ...(one.effect === null ? {} : { figure: `${signed(100 * one.effect)} pts` }),
          });
          say(evidence, active ? one.note : "");
          if (both) both.hidden = !active;
        },
      ];
    });
  const sliceLines = setLines(slices);
  const suspicionLines = setLines(suspicions);

  /** A line: title, accuracy, how many; with the interval as a bar. */
  function entry(alive: AbortSignal, title: string, pick: () => void) {
    const [figure, rows, note] = [el("span.figure"), el("span"), el("span")];
    const [range, mark, overall] = [el("i.range2"), el("i.mark2"), el("i.overall")];
    const bar = el(".interval", { $hidden: "true" }, range, mark, overall);
    const button = el("button.set", { $pressed: "false" });
    button.append(
      el(".first", el("span.title", { title }, title), figure),
      bar,
      el(".last", rows, note),
    );
    on(alive, button, "click", pick);
    const show = (
      n: number,
      accuracy: number,
      more: {
        active: boolean;
        bar: boolean;
        count?: ReturnType<typeof counted>;
        note?: string;
        figure?: string;
      },
    ): void => {
      write(figure, more.figure ?? (Number.isNaN(accuracy) ? "" : percent(accuracy, 0)));
      write(rows, pictures(n));
      write(note, more.note ?? "");
      set(button, { $pressed: String(more.active) });
      bar.hidden = !more.bar;
      if (!more.bar || !more.count) return;
      const [low, high] = wilson(more.count.right, more.count.labelled);
      range.style.cssText = `left:${100 * low}%;width:${100 * (high - low)}%`;
      mark.style.left = `${100 * accuracy}%`;
      overall.style.left = `${(100 * session.total.right) / session.total.labelled}%`;
    };
    return [button, show] as const;
  }

  /** The effect of an experiment beside its control. */
  function experimentBars(one: NamedRows): HTMLElement {
    const rows = [
      ["this place", one.effect!, "brand"],
      ["random places", one.control ?? 0, "line"],
    ] as const;
    const most = Math.max(0.01, ...rows.map(([, value]) => Math.abs(value)));
    const made = rows.map(([name, value, kind]) => {
      const bar = el(".amount", { _kind: kind });
      bar.style.width = `${(70 * Math.abs(value)) / most}%`;
      return el(".experiment", el("span", name), el(".track", bar, `${signed(100 * value)} pts`));
    });
    return el(".experiments", { hidden: true }, ...made);
  }

  const confusedLines = lines<ReturnType<typeof confusions>[number]>(
    signal,
    confused,
    ({ label, prediction, count, share }, _, alive) => {
      const { classes } = session.table!;
      const [from, to] = [classes[label]!, classes[prediction]!];
      const filter = { label: [label], prediction: [prediction] };
      const button = el("button.set.pair", { $pressed: "false" });
      button.append(el("span.title", { title: `${from} → ${to}` }, `${from} → ${to}`));
      button.append(el("span.figure", few(count)), el("span.note", percent(share, 0)));
      on(alive, button, "click", () => act.show(filter, ""));
      return [button, () => set(button, { $pressed: String(same(session.looks.filter, filter)) })];
    },
  );
  let pairs: [version: number, found: ReturnType<typeof confusions>] = [-1, []];
  function topPairs(): ReturnType<typeof confusions> {
    const { table } = session;
    if (table && pairs[0] !== table.answered) {
      pairs = [table.answered, confusions(cells(table), table.classes.length).slice(0, 5)];
    }
    return pairs[1];
  }

  const verdictLines = lines<readonly [string, number]>(signal, verdicts, ([word, n], _, alive) => {
    const button = el("button.set.pair", { $pressed: "false" });
    button.append(el("span.title", word), el("span.figure", few(n)));
    const filter = { verdict: [word] };
    on(alive, button, "click", () => act.show(filter, ""));
    return [button, () => set(button, { $pressed: String(same(session.looks.filter, filter)) })];
  });
  function verdictCounts(): ReadonlyArray<readonly [string, number]> {
    const column = session.table?.columns.get("verdict");
    if (column?.kind !== "code") return [];
    const found = new Array<number>(column.values.length).fill(0);
    for (const code of column.data) if (code < found.length) found[code]!++;
    return column.values.map((word, i) => [word, found[i]!] as const).filter(([, n]) => n);
  }

  function refresh(): void {
    const { table, total, frozen, head } = session;
    if (!table) return;
    const complete = table.done + table.failed === table.count;
    // Readings cost: they are made once all pictures are there.
    const rested = complete && session.pictures.kept > 0;
    if (rested && total.labelled) for (const reading of READINGS) session.read(reading);
    if (rested && table.count <= QUICK) session.read("copies");
    for (const show of basicLines(BASICS)) show();
    const found = session.sets("slices");
    const few6 = all ? found : found.slice(0, SHOWN);
    for (const show of sliceLines(
      [...session.sets("named").filter(isSlice), ...few6],
      `${found.length} ${all} ${session.sets("named").length} ${table.version > 0} ${few6[0]?.id}`,
    ))
      show();
    more.hidden = found.length <= SHOWN;
    write(more, all ? "Fewer" : `${found.length - SHOWN} more`);
    line.hidden = !found.length;
    const waiting = session.busy("slices")
      ? "Looking for slices …"
      : session.words("slices") ||
        (complete && session.known("slices") && !found.length
          ? "No group of pictures does worse than chance allows."
          : "");
    const early = complete || !total.labelled ? "" : "Slices are looked for when all is explained.";
    say(
      sliceWords,
      total.labelled ? waiting || early : table.done ? "These pictures have no labels." : "",
    );
    const doubts = [
      ...session.sets("shortcut", "copies", "label"),
      ...session.sets("named").filter((one) => one.family === "suspicion"),
    ];
    for (const show of suspicionLines(doubts, doubts.map(({ id }) => id).join())) show();
    const looking = (["label", "copies", "shortcut"] as const).filter((name) => session.busy(name));
    const said = (["shortcut", "copies"] as const).map((name) => session.words(name)).join(" ");
    const nothing = complete && session.known("label") && session.known("copies") && !doubts.length;
    const none = nothing && "Nothing suspicious so far.";
    const through = session.known("shortcut") && !session.sets("shortcut").length;
    const honest =
      through &&
      "No place decides by itself: exchanging windows turned no more answers than random places.";
    say(suspicionWords, looking.length ? "Looking …" : said.trim() || honest || none || "");
    shortcut.hidden = frozen || !head?.able || session.known("shortcut") || !complete;
    shortcut.disabled = session.busy("shortcut");
    copies.hidden = frozen || !complete || table.count <= QUICK || session.known("copies");
    copies.disabled = session.busy("copies");
    doubt.hidden = !doubts.length && shortcut.hidden && copies.hidden && suspicionWords.hidden;
    const top = topPairs();
    for (const show of confusedLines(top)) show();
    taken.hidden = !top.length;
    const counts = verdictCounts();
    for (const show of verdictLines(counts, JSON.stringify(counts))) show();
    decided.hidden = !counts.length;
  }
  const isSlice = ({ family }: NamedRows): boolean => family !== "suspicion";

  /** The slices in the order in which they stand, for the keys [ and ]. */
  function step(by: number): void {
    const ids = [
      ...session.sets("named"),
      ...session.sets("slices", "shortcut", "copies", "label"),
    ].map(({ id }) => id);
    if (!ids.length) return;
    const here = ids.indexOf(session.looks.slice);
    const next = here < 0 ? (by > 0 ? 0 : ids.length - 1) : (here + by + ids.length) % ids.length;
    if (next >= SHOWN) all = true;
    act.show({}, ids[next]!);
  }
  const part: Part = [element, refresh];
  return { part, step };
}
