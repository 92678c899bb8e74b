/** Which class is explained: the top five as bars that are buttons, and a search over all. */
import { amount } from "../core/format";
import { classBar } from "../parts/bar";
import { done, el, on, type Part, section, set, svg } from "../parts/dom";
import { UNSAVED } from "../parts/picker";
import { type Choice, popup } from "../parts/popup";
import type { HeatmapSession } from "./session";

const SHOWN = 60; // more results than anybody reads

interface Row {
  index: number | null;
  name: string;
  probability: number | null | undefined;
}

export function classes(signal: AbortSignal, session: HeatmapSession, host: HTMLElement): Part {
  /** Probabilities seen so far, by class. */
  const probabilities = new Map<number, number>();
  const list = el(".bars", { role: "group", $label: "Class" });
  const input = el("input.search", {
    autocomplete: "off",
    spellcheck: "false",
    $autocomplete: "list",
    _control: "class-search",
  });
  const lens = svg("M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5L14 14");
  const box = el(".field.find", lens, input);
  const pick = (value: string): void => {
    input.value = "";
    session.ask({ target: +value });
  };
  const results = popup(signal, host, input, "Classes", pick, box);

  function search(): void {
    const { class_names: names, request, top } = session;
    const query = input.value;
    const choices = searchClasses(query, names, SHOWN, probabilities).map((index): Choice => {
      const probability = probabilities.get(index);
      const known = probability !== undefined && amount(probability, top[0]?.unit);
      const note = known || (/^\d+$/.test(query.trim()) ? String(index) : "");
      return { value: String(index), label: names[index]!, note };
    });
    if (!choices.length)
      choices.push({ value: "", label: "No such class", reason: "try fewer letters" });
    results.open(choices, query ? "" : String(request.target ?? top[0]?.index));
  }
  on(signal, input, "input", search);
  on(signal, input, "click", () => results.isOpen() || search());
  on(signal, input, "blur", () => {
    input.value = "";
  });
  on(signal, input, "keydown", (event: KeyboardEvent) => {
    if (results.isOpen()) {
      if (event.key === "Escape") input.value = "";
      results.key(event);
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      done(event);
      search();
    }
  });

  const bars: Array<ReturnType<typeof classBar<"button.bar">>> = [];
  function newBar() {
    const bar = classBar("button.bar");
    on(signal, bar.element, "click", () => {
      const index = bar.element.dataset.xwClass;
      if (index) session.ask({ target: +index });
    });
    list.append(bar.element);
    bars.push(bar);
    return bar;
  }

  // The brush says here what it does to the classes.
  const painting = "Paint over what you think matters (B): the bars answer.";
  const verdict = el("p.verdict.facts", { _verdict: true, hidden: session.frozen }, painting);
  const element = section("Why this class", list, box, verdict);

  return [
    element,
    () => {
      const { shown, top, class_names: names } = session;
      const target = shown?.target;
      for (const { index, probability } of top) probabilities.set(index, probability);
      if (typeof target?.index === "number" && target.probability !== null) {
        probabilities.set(target.index, target.probability);
      }
      const chosen = session.request.target ?? top[0]?.index ?? null;
      const rows: Row[] = [...top];
      if (typeof chosen === "string") {
        rows.push({ index: null, name: chosen, probability: target?.probability });
      } else if (chosen !== null && !top.some(({ index }) => index === chosen)) {
        const name = names[chosen] ?? target?.name ?? `class ${chosen}`;
        rows.push({ index: chosen, name, probability: probabilities.get(chosen) });
      }
      // A bar that has the focus must survive its own press.
      for (const { element } of bars.splice(rows.length)) element.remove();
      for (const [i, { index, name, probability }] of rows.entries()) {
        const { element, show } = bars[i] ?? newBar();
        const pressed = (index ?? chosen) === chosen;
        const open = pressed || session.available({ target: index });
        show(name, probability, top[0]?.unit);
        set(element, {
          _class: index ?? "",
          $pressed: String(pressed),
          title: open ? `${name}${index === null ? "" : ` (class ${index})`}` : UNSAVED,
          disabled: !open,
        });
      }
      const n = names.length;
      const hint = `Search ${n.toLocaleString("en")} classes`;
      set(input, { placeholder: `${hint}…`, $label: hint });
      box.hidden = n <= top.length || session.frozen;
    },
  ];
}

/**
 * Best: the class number or the whole name, every word of the query a word of the name, its beginning, every
 * word at the beginning of a word, every word anywhere. Among equals the more probable, then the shorter,
 * then the first.
 */
export function searchClasses(
  query: string,
  names: readonly string[],
  limit: number,
  probability: ReadonlyMap<number, number>,
): number[] {
  const wanted = fold(query.trim());
  const words = wanted.split(/\s+/);
  const matches: number[][] = [];
  names.forEach((name, index) => {
    const folded = fold(name);
    const own = folded.split(/[^\p{L}\p{N}]+/u);
    let rank = words.every((word) => beginsWord(folded, word)) ? 3 : 4;
    if (String(index) === wanted || folded === wanted) rank = 0;
    else if (wanted && words.every((word) => own.includes(word))) rank = 1;
    else if (folded.startsWith(wanted)) rank = 2;
    else if (!words.every((word) => folded.includes(word))) return;
    matches.push([rank, -(probability.get(index) ?? 0), wanted ? name.length : 0, index]);
  });
  matches.sort((a, b) => {
    const i = a.findIndex((value, at) => value !== b[at]);
    return a[i]! - b[i]!;
  });
  return matches.slice(0, limit).map((order) => order[3]!);
}

function beginsWord(text: string, part: string): boolean {
  let at = text.indexOf(part);
  while (at > 0 && /[\p{L}\p{N}]/u.test(text[at - 1]!)) at = text.indexOf(part, at + 1);
  return at >= 0;
}

/** Lower case without accents. */
const fold = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
