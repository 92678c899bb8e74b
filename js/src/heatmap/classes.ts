/** Which class is explained: the top five as bars that are buttons, and a search over all. */
import { percent } from "../core/format";
import { searchClasses } from "../core/search";
import { done, el, on, section, set, svg, write } from "../parts/dom";
import { UNSAVED } from "../parts/picker";
import { type Choice, popup } from "../parts/popup";
import type { HeatmapSession } from "./session";

const SHOWN = 60; // more results than anybody reads

interface Bar {
  index: number | null;
  name: string;
  probability: number | null | undefined;
}

export function classes(
  signal: AbortSignal,
  session: HeatmapSession,
  host: HTMLElement,
): [HTMLElement, () => void] {
  /** Probabilities seen so far, by class. */
  const probabilities = new Map<number, number>();
  const bars = el(".bars", { role: "group", $label: "Class" });
  const input = el("input.search", {
    autocomplete: "off",
    spellcheck: "false",
    $autocomplete: "list",
    _control: "class-search",
  });
  const lens = svg("M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5L14 14");
  const box = el(".field.find", {}, lens, input);
  const list = popup(signal, host, input, "Classes", (value) => {
    input.value = "";
    session.ask({ target: +value });
  });

  function search(): void {
    const { classNames, request, top } = session;
    const query = input.value;
    const choices = searchClasses(query, classNames, SHOWN, probabilities).map((index): Choice => {
      const probability = probabilities.get(index);
      const note = probability === undefined ? String(index) : percent(probability);
      return { value: String(index), label: classNames[index]!, note };
    });
    if (!choices.length)
      choices.push({ value: "", label: "No such class", reason: "try fewer letters" });
    list.open(choices, query ? "" : String(request.target ?? top[0]?.index));
  }
  on(signal, input, "input", search);
  on(signal, input, "click", () => list.isOpen() || search());
  on(signal, input, "blur", () => {
    input.value = "";
  });
  on(signal, input, "keydown", (event: KeyboardEvent) => {
    if (list.isOpen()) {
      if (event.key === "Escape") input.value = "";
      list.key(event);
    } else if (event.key === "ArrowDown" || event.key === "Enter") {
      done(event);
      search();
    }
  });

  function newBar(): HTMLElement {
    const bar = el("button.bar", {}, el("span.class"), el("span.chance"));
    on(signal, bar, "click", () => {
      const index = bar.dataset.xwClass;
      if (index) session.ask({ target: +index });
    });
    bars.append(bar);
    return bar;
  }

  function fill(bar: Element, { index, name, probability }: Bar, chosen: boolean): void {
    const [label, value] = bar.children;
    (label as HTMLElement).style.backgroundSize = `${100 * (probability ?? 0)}%`;
    write(label!, name);
    write(value!, probability == null ? "" : percent(probability));
    const open = chosen || session.available({ target: index });
    set(bar, {
      _class: index ?? "",
      $pressed: String(chosen),
      title: open ? `${name}${index === null ? "" : ` (class ${index})`}` : UNSAVED,
      disabled: !open,
    });
  }

  return [
    section("Why this class", bars, box),
    () => {
      const { shown, top, classNames } = session;
      const target = shown?.target;
      for (const { index, probability } of top) probabilities.set(index, probability);
      if (typeof target?.index === "number" && target.probability !== null) {
        probabilities.set(target.index, target.probability);
      }
      const chosen = session.request.target ?? top[0]?.index ?? null;
      const rows: Bar[] = [...top];
      if (typeof chosen === "string") {
        rows.push({ index: null, name: chosen, probability: target?.probability });
      } else if (chosen !== null && !top.some(({ index }) => index === chosen)) {
        const name = classNames[chosen] ?? target?.name ?? `class ${chosen}`;
        rows.push({ index: chosen, name, probability: probabilities.get(chosen) });
      }
      // A bar that has the focus must survive its own press.
      while (bars.children.length > rows.length) bars.lastElementChild!.remove();
      rows.forEach((bar, i) => {
        fill(bars.children[i] ?? newBar(), bar, (bar.index ?? chosen) === chosen);
      });
      const n = classNames.length;
      const hint = `Search ${n.toLocaleString("en")} classes`;
      set(input, { placeholder: `${hint}…`, $label: hint });
      box.hidden = n <= top.length || session.frozen;
    },
  ];
}
