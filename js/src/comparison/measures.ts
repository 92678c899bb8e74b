/** The measures of the cell that is looked at; the one that is chosen stands in every cell. */

import { el, freshId, on, section, write } from "../parts/dom";
import type { Comparing, Place } from "./session";

const NOISY = "survival"; // has a meaning with noise alone
const plain = (value: number): string => value.toFixed(2).replace("-", "−");

/** Returns the element, how to show the picked cell's measures, and the number for any cell. */
export function measures(
  signal: AbortSignal,
  session: Comparing,
  changed: () => void,
): [HTMLElement, () => void, (place: Place) => string] {
  const group = freshId();
  let chosen = "sparseness";
  const rows = new Map<string, [HTMLElement, HTMLInputElement, HTMLElement]>();
  const what = el("p.facts", { _of: true });
  const list = el("", { role: "radiogroup", $label: "Measure in every cell" });
  const element = section("Measures", what, list);
  on(signal, list, "change", ({ target }) => {
    chosen = (target as HTMLInputElement).value;
    changed();
  });

  function numberOf(place: Place, name: string): string {
    const value = session.measures(place)[name];
    return value === undefined ? "" : value === null ? "–" : plain(value);
  }
  return [
    element,
    () => {
      const { picked, rows: networks, noise } = session;
      const { cell } = session.cell(picked);
      write(what, cell?.error ?? `${session.title(picked[1])}, ${networks[picked[0]]?.name ?? ""}`);
      for (const { name, title, help } of rows.size ? [] : session.scores) {
        const input = el("input", { type: "radio", name: group, value: name, _measure: name });
        const number = el("span.number");
        const row = el(
          "label.segment.measured",
          { title: help },
          input,
          el("span.label", {}, title),
          number,
        );
        rows.set(name, [row, input, number]);
        list.append(row);
      }
      if (!noise && chosen === NOISY) chosen = "sparseness";
      for (const [name, [row, input, number]] of rows) {
        row.hidden = name === NOISY && !noise;
        input.checked = name === chosen;
        write(number, numberOf(picked, name) || "…");
      }
    },
    (place) => numberOf(place, chosen).replace("–", ""),
  ];
}
