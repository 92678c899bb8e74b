/** Above the pictures: what is searched for, the conditions as chips, how many are left, their order. */
import { el, lines, on, type Part, set, write } from "../parts/dom";
import { picker } from "../parts/picker";
import type { Choice } from "../parts/popup";
import { segments } from "../parts/segments";
import type { DatasetSession } from "./session";
import { NONE } from "./table";

const MOST = 60; // values of a column in the list of conditions
const SORTS: ReadonlyArray<readonly [sort: string, title: string]> = [
  ["-loss", "highest loss"],
  ["loss", "lowest loss"],
  ["-probability", "surest"],
  ["probability", "least sure"],
  ["row", "as given"],
  ["label", "label"],
  ["prediction", "answer"],
  ["brightness", "darkest"],
  ["-brightness", "brightest"],
  ["contrast", "least contrast"],
  ["saturation", "least colour"],
  ["sharpness", "least sharp"],
];

interface Chip {
  name: string;
  text: string;
}

/** A condition in a few words. */
export function chipText(name: string, value: unknown, classes: readonly string[]): string {
  if (name === "search") return `“${value}”`;
  if (name === "rows") return `${(value as unknown[]).length.toLocaleString("en")} by hand`;
  if (name === "correct") return value ? "right" : "wrong";
  if (typeof value === "boolean") return value ? name : `not ${name}`;
  const given = Array.isArray(value) ? value : [value];
  if (name === "label" || name === "prediction") {
    const first = classes[Number(given[0])] ?? "?";
    const more = given.length > 1 ? ` and ${given.length - 1} more` : "";
    return `${name === "label" ? "label" : "answer"} ${first}${more}`;
  }
  if (given.length === 2 && given.every((one) => typeof one === "number")) {
    const [low, high] = given.map((one) => String(+Number(one).toPrecision(3)));
    if (name === "probability" && high === "1")
      return `sure ≥ ${Math.round(100 * Number(given[0]))}\xa0%`;
    if (name === "probability" && low === "0")
      return `sure ≤ ${Math.round(100 * Number(given[1]))}\xa0%`;
    return `${name} ${low} to ${high}`;
  }
  return `${name} ${given.map((one) => one || "none").join(", ")}`;
}

export function toolbar(
  signal: AbortSignal,
  session: DatasetSession,
  host: HTMLElement,
): { part: Part; search: HTMLInputElement } {
  const search = el("input.search", {
    type: "search",
    placeholder: "Search /",
    $label: "Search",
    _control: "search",
  });
  const chips = el(".chips");
  const count = el("span.count", { role: "status" });
  const add = picker(signal, host, "Add a condition", "condition", "condition", (value) => {
    const [name, condition] = JSON.parse(value) as [string, unknown];
    session.where(name, condition);
  });
  const sort = picker(signal, host, "Sort", "sort", "prefixed.sort", (value) =>
    session.look("sort", value),
  );
  const [maps, showMaps] = segments<"map" | "photo">(
    signal,
    "Pictures with",
    "maps",
    [
      ["map", "map"],
      ["photo", "photo"],
    ],
    (value) => session.look("maps", value === "map"),
  );
  const element = el(
    ".tools2.bar2",
    search,
    add.element,
    chips,
    count,
    el("span.spring"),
    sort.element,
    maps,
  );
  let waiting: ReturnType<typeof setTimeout> | undefined;
  on(signal, search, "input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => session.where("search", search.value.trim() || undefined), 90);
  });
  const chipLines = lines<Chip>(signal, chips, ({ name, text }, _, alive) => {
    const chip = el(
      "button.chip",
      { $label: `Take away: ${text}`, _chip: name },
      text,
      el("span", { $hidden: "true" }, "×"),
    );
    on(alive, chip, "click", () => {
      if (name === " slice") session.look("slice", "");
      else if (name === " chosen") session.look("chosen", []);
      else session.where(name, undefined);
    });
    return [chip, () => {}];
  });
  let conditions: [key: string, choices: Choice[]] = ["", []];

  function conditionChoices(): Choice[] {
    const { table, head } = session;
    if (!table || !head) return [];
    const key = `${table.version}`;
    if (conditions[0] === key) return conditions[1];
    const made: Choice[] = [];
    const choice = (
      group: string,
      label: string,
      name: string,
      value: unknown,
      note = "",
    ): void => {
      made.push({ group, label, note, value: JSON.stringify([name, value]) });
    };
    choice("Answer", "wrong", "correct", false);
    choice("Answer", "right", "correct", true);
    for (const [low, high] of [
      [0, 0.5],
      [0.5, 1],
      [0.8, 1],
      [0.95, 1],
    ]) {
      choice("Sure", chipText("probability", [low, high], []), "probability", [low, high]);
    }
    for (const [name, title] of [
      ["label", "Label"],
      ["prediction", "Answered"],
      ...head.metadata.map((own) => [own, own]),
    ] as Array<[string, string]>) {
      const column = table.columns.get(name);
      if (column?.kind === "code") {
        const counts = new Map<number, number>();
        for (const code of column.data)
          if (code !== NONE) counts.set(code, (counts.get(code) ?? 0) + 1);
        const top = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST);
        for (const [code, n] of top) {
          const value = name === "label" || name === "prediction" ? [code] : [column.values[code]];
          choice(title, column.values[code] ?? "", name, value, n.toLocaleString("en"));
        }
      }
    }
    for (const name of ["brightness", "contrast", "saturation", "sharpness", ...head.metadata]) {
      const column = table.columns.get(name);
      if (column?.kind !== "number") continue;
      const values = column.data.filter((value) => !Number.isNaN(value)).sort();
      if (values.length < 5) continue;
      const at = (share: number): number => values[Math.round(share * (values.length - 1))]!;
      choice(name, `lowest fifth of ${name}`, name, [at(0), at(0.2)]);
      choice(name, `highest fifth of ${name}`, name, [at(0.8), at(1)]);
    }
    for (const word of session.verdict_words) choice("Verdict", word, "verdict", [word]);
    choice("Verdict", "none yet", "verdict", [""]);
    if (table.failed) choice("Run", `could not be used`, "failed", true, String(table.failed));
    conditions = [key, made];
    return made;
  }

  function refresh(): void {
    const { table, looks, rows, head } = session;
    if (!table || !head) return;
    const all: Chip[] = Object.entries(looks.filter)
      .filter(([name]) => name !== "search")
      .map(([name, value]) => ({ name, text: chipText(name, value, table.classes) }));
    const title = session.set(looks.slice)?.title ?? looks.slice;
    if (title) all.unshift({ name: " slice", text: title });
    if (looks.chosen.length > 1)
      all.push({ name: " chosen", text: `${looks.chosen.length.toLocaleString("en")} chosen` });
    for (const show of chipLines(all, JSON.stringify(all))) show();
    const done = table.done + table.failed;
    const of = rows.length === done ? "" : ` of ${done.toLocaleString("en")}`;
    write(count, `${rows.length.toLocaleString("en")}${of}`);
    if (!search.matches(":focus")) search.value = String(looks.filter.search ?? "");
    add.show(conditionChoices, "", "Filter");
    const numbers = head.metadata.filter((name) => table.columns.get(name)?.kind === "number");
    const sorts = [
      ...SORTS,
      ...numbers.flatMap(
        (name) =>
          [
            [name, `lowest ${name}`],
            [`-${name}`, `highest ${name}`],
          ] as const,
      ),
    ];
    const choices = sorts.map(([value, label]) => ({ value, label }));
    sort.show(
      choices,
      looks.sort,
      choices.find(({ value }) => value === looks.sort)?.label ?? looks.sort,
    );
    showMaps(looks.maps ? "map" : "photo");
    set(element, { _rows: rows.length });
  }
  return { part: [element, refresh], search };
}
