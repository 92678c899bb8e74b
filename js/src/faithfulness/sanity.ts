/** The sanity check as a slider: the map while the network loses, layer by layer, what it learned. */

import { fixed } from "../core/format";
import { APPEARANCE } from "../core/model";
import type { Picture, SanityStage } from "../core/wire";
import { el, write } from "../parts/dom";
import { formAs, paintPicture, smallMap } from "../parts/heat";
import { type Line, plot } from "../parts/plot";
import { rangeInput } from "../parts/slider";
import type { FaithfulnessSession } from "./session";

const MEASURES = [
  ["spearman", "Spearman", false],
  ["ssim", "SSIM", true],
] as const;

const number = (value: number | null | undefined): string =>
  value == null ? "undefined" : fixed(value);

/** Returns the pictures, the plot, and how to show a stage of the chosen method's check. */
export function sanity(
  signal: AbortSignal,
  session: FaithfulnessSession,
  moved: (stage: number) => void,
): [HTMLElement, HTMLElement, (stage: number) => void] {
  const panes = ["As trained", "Randomised"].map((title, i) => {
    const photo = el("canvas.canvas", { $hidden: "true" });
    const map = smallMap({ _canvas: i ? "stage" : "trained", $label: title });
    const pane = el(".pane", photo, map.heat, map.plate);
    return { photo, map, caption: el("h3", title), pane };
  });
  const { range, show: showRange } = rangeInput(signal, "Stage", "stages", moved);
  const words = el("p.facts", { _stage: true });
  const sections = panes.map(({ caption, pane }) => el("section", caption, pane));
  const pictures = el(".sanity", ...sections, range, words);
  const title = "Likeness to the trained map";
  const [curve, draw] = plot(signal, title, "", "stage", (at) => at !== null && moved(at));
  const meaning = el("p.facts");
  const side = el(".point", curve, el(".section", meaning));
  let painted: Picture | undefined;

  function show(stage: number): void {
    const { check, picture } = session;
    const stages = check?.stages ?? [];
    if (picture && picture !== painted) {
      painted = picture;
      for (const { photo, pane } of panes) {
        void paintPicture(picture, photo);
        formAs(pane, picture);
      }
    }
    const at = Math.min(stage, stages.length - 1);
    const shown = [stages[0], stages[at]];
    for (const [i, { map }] of panes.entries()) {
      const own = picture && shown[i]?.map;
      const flat = own?.state === "zero" ? "The map is zero everywhere." : "";
      const none = session.refused[session.chosen] ?? "";
      if (picture) map.show(own, APPEARANCE, picture, own ? flat : none);
    }
    write(panes[1]!.caption, at < 0 ? "Randomised" : `Stage ${at} of ${check!.total - 1}`);
    write(words, describe(stages, at));
    const most = Math.max(stages.length - 1, 1);
    showRange(at, 0, most, describe(stages, at), stages.length < 2);
    const last = (check?.total ?? 1) - 1 || 1;
    const lines = MEASURES.map(([name, title, dashed], i): Line => {
      const values = stages.map((stage) => stage[name]);
      return { name, title, colour: `var(--xw-c${i})`, values, value: "", dashed };
    });
    const lowest = lines.flatMap(({ values }) => values.map((value) => value ?? 0));
    draw({
      x: stages.map((_, i) => i / last),
      lines: stages.length ? lines : [],
      range: { low: Math.min(0, ...lowest), high: 1 },
      chosen: "spearman",
      point: stages.length ? at : null,
      spoken: stages.length ? `Stage ${at}. ${describe(stages, at)}` : "",
      format: (value) => number(value).replace(/\.?0+$/, "") || "0",
      ends: ["as trained", "all random"],
    });
    write(
      meaning,
      `Near 0 the map depends on what the network learned; near 1 it would look the same ` +
        "for a network that learned nothing.",
    );
  }
  return [pictures, side, show];
}

/** What has been randomised up to a stage, and how alike the maps are. */
export function describe(stages: readonly SanityStage[], at: number): string {
  const stage = stages[at];
  if (!stage) return "";
  if (!at) return "No layer randomised: both maps are the same.";
  const layers = stages.slice(0, at + 1).flatMap(({ randomised }) => randomised);
  const latest = stage.randomised.slice(0, 2).map((name) => `“${name}”`);
  const more = stage.randomised.length > 2 ? ` and ${stage.randomised.length - 2} more` : "";
  const named = `${latest.join(", ")}${more}`;
  const count =
    layers.length === 1
      ? `The last layer is random: ${named}.`
      : `The last ${layers.length} layers are random, most recently ${named}.`;
  return `${count} Spearman ${number(stage.spearman)}, SSIM ${number(stage.ssim)}.`;
}
