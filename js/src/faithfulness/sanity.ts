/** The sanity check as a slider: the map while the network loses, layer by layer, what it learned. */

import { fixed } from "../core/format";
import { APPEARANCE } from "../core/model";
import type { Picture, SanityStage } from "../core/wire";
import { el, on, set, write } from "../parts/dom";
import { heatPainter, paintPicture } from "../parts/heat";
import { type Line, plot } from "../parts/plot";
import type { FaithfulnessSession } from "./session";

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
    const heat = el("canvas.heat", {
      _canvas: i ? "stage" : "trained",
      role: "img",
      $label: title,
    });
    const caption = el("h3", {}, title);
    const plate = el(".pill.plate", { hidden: true });
    const pane = el(".pane", {}, photo, heat, plate);
    return { photo, heat, caption, pane, plate, paint: heatPainter(heat) };
  });
  const range = el("input.range", { type: "range", min: 0, $label: "Stage", _control: "stages" });
  on(signal, range, "input", () => moved(Number(range.value)));
  const words = el("p.facts", { _stage: true });
  const pictures = el(
    ".sanity",
    {},
    ...panes.map(({ caption, pane }) => el("section", {}, caption, pane)),
    range,
    words,
  );
  const curve = plot(
    signal,
    "Likeness to the trained map",
    "",
    "stage",
    (stage) => stage !== null && moved(stage),
  );
  const meaning = el("p.facts");
  const side = el(".point", {}, curve.element, el(".section", {}, meaning));
  let painted: Picture | undefined;

  function show(stage: number): void {
    const { check, picture } = session;
    const stages = check?.stages ?? [];
    if (picture && picture !== painted) {
      painted = picture;
      for (const { photo, pane } of panes) {
        void paintPicture(picture, photo);
        pane.style.setProperty("--xw-aspect", String(picture.width / picture.height));
        set(pane, { _pixels: Math.max(picture.width, picture.height) < 128 });
      }
    }
    const at = Math.min(stage, stages.length - 1);
    const shown = [stages[0], stages[at]];
    for (const [i, { heat, paint, plate }] of panes.entries()) {
      const map = shown[i]?.map;
      heat.hidden = !map;
      if (map && picture) paint(map, APPEARANCE, picture.width, picture.height);
      const flat = map?.state === "zero" ? "The map is zero everywhere." : "";
      write(plate, map ? flat : (session.refused[session.chosen] ?? ""));
      plate.hidden = !plate.textContent;
    }
    write(panes[1]!.caption, at < 0 ? "Randomised" : `Stage ${at} of ${check!.total - 1}`);
    write(words, describe(stages, at));
    range.max = String(Math.max(stages.length - 1, 1));
    range.value = String(at);
    range.disabled = stages.length < 2;
    set(range, { $valuetext: describe(stages, at) });
    range.style.setProperty("--xw-share", `${(100 * at) / Number(range.max)}%`);
    const last = (check?.total ?? 1) - 1 || 1;
    const lines = (["spearman", "ssim"] as const).map((name): Line => {
      const values = stages.map((stage) => stage[name]);
      return {
        name,
        title: name === "ssim" ? "SSIM" : "Spearman",
        colour: name === "ssim" ? "var(--xw-c1)" : "var(--xw-c0)",
        values,
        value: "",
        dashed: name === "ssim",
      };
    });
    const lowest = lines.flatMap(({ values }) => values.map((value) => value ?? 0));
    curve.show({
      x: stages.map((_, i) => i / last),
      lines: stages.length ? lines : [],
      range: { low: Math.min(0, ...lowest), high: 1 },
      chosen: "spearman",
      point: stages.length ? at : null,
      spoken: stages.length ? `Stage ${at}. ${describe(stages, at)}` : "",
      format: (value) => number(value).replace(/\.?0+$/, "") || "0",
      ends: ["as trained", "all random"],
    });
    const mean = check?.done
      ? `Mean rank correlation over all stages: ${number(check.mean)}. `
      : "";
    write(
      meaning,
      `${mean}Near 0 the map depends on what the network learned; near 1 it would look the same ` +
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
  const latest = stage.randomised.slice(0, 2).join(", ");
  const more = stage.randomised.length > 2 ? ` and ${stage.randomised.length - 2} more` : "";
  const count = `The last ${layers.length} layers are random, the latest ${latest}${more}.`;
  return `${count} Spearman ${number(stage.spearman)}, SSIM ${number(stage.ssim)}.`;
}
