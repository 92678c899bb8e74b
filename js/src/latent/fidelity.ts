/** How far the student can be believed, in words; above the map, never apart from it. */

import { percent } from "../core/format";
import { el, write } from "../parts/dom";
import type { Exploring } from "./session";

const number = (value: number): string => String(Number(value.toPrecision(2)));

/** The facts beside the sentence. */
export function facts(session: Exploring): string[] {
  const { frame, opening } = session;
  if (!frame) return [];
  const label = frame.keeps_label
    ? "the reconstruction keeps the label"
    : `the reconstruction is taken for ${opening?.reconstruction.label_name ?? "another class"}`;
  return [
    `${percent(frame.kept_share, 0)} of ${frame.count.toLocaleString("en")} neighbours keep the label`,
    `scale ${number(frame.scale)}`,
    `reconstruction error ${percent(Math.sqrt(frame.error))} a pixel`,
    label,
  ];
}

export function belief(session: Exploring): [HTMLElement, () => void] {
  const sentence = el("p.sentence", { _sentence: true });
  const beside = el("p.facts", { _facts: true });
  const warnings = el("ul.warnings", { $label: "What speaks against this map" });
  const element = el(".belief", {}, sentence, beside, warnings);
  return [
    element,
    () => {
      const { frame, opening, frozen, status } = session;
      const waiting =
        status?.state === "running" || !status
          ? "Drawing neighbours, and asking the network about each …"
          : "No student has been taught yet.";
      write(
        sentence,
        frame?.sentence ?? (frozen ? "No student was saved with this page." : waiting),
      );
      write(
        beside,
        frame
          ? facts(session).join(" · ")
          : opening
            ? `How does the network tell ${opening.target.name} from what is near it?`
            : "",
      );
      const said = frame?.warnings ?? [];
      warnings.hidden = !said.length;
      if (said.join() !== [...warnings.children].map((each) => each.textContent).join()) {
        warnings.replaceChildren(...said.map((each) => el("li", {}, each)));
      }
    },
  ];
}
