/** Which method and layer, how the two pictures stand, save, reset. */
import { size } from "../core/format";
import type { Arrangement } from "../core/model";
import type { MethodCard } from "../core/wire";
import { el } from "../parts/dom";
import { methodChoices, picker, UNSAVED } from "../parts/picker";
import type { Choice } from "../parts/popup";
import { type Segment, segments } from "../parts/segments";
import { resetButton, saveButton } from "../parts/view";
import type { HeatmapSession, Request } from "./session";

const ARRANGEMENTS: ReadonlyArray<Segment<Arrangement>> = [
  ["overlay", "Overlay"],
  ["side_by_side", "Side by side"],
  ["swipe", "Swipe"],
];

export function header(
  signal: AbortSignal,
  session: HeatmapSession,
  host: HTMLElement,
  save: () => void,
  reset: () => void,
): [HTMLElement, () => void] {
  const methods = picker(signal, host, "Method", "method", "method", (method) =>
    session.ask({ method }),
  );
  const best = (): void => session.ask({ layer: null });
  const pick = (layer: string): void => session.ask({ layer });
  const layers = picker(signal, host, "Layer", "layer", "prefixed.layer", pick, best);
  const [arrangements, showArrangement] = segments(
    signal,
    "View",
    "arrangement",
    ARRANGEMENTS,
    (arrangement) => session.look("arrangement", arrangement),
  );
  const element = el(
    "header.header",
    {},
    methods.element,
    layers.element,
    el("span.spring"),
    arrangements,
    saveButton(signal, "Save as PNG", save),
    resetButton(signal, "Reset look and zoom", reset),
  );
  const closed = (part: Partial<Request>): string | null =>
    session.available(part) ? null : UNSAVED;

  return [
    element,
    () => {
      const { method, request } = session;
      const families = session.cards.map(({ family }) => family);
      const rank = ({ family }: MethodCard): number => families.indexOf(family);
      const cards = [...session.cards].sort((a, b) => rank(a) - rank(b));
      const choices = methodChoices(cards, ({ name }) => closed({ method: name }));
      const about = method ? `${method.family} · ${method.cost}` : "";
      methods.show(choices, request.method, method?.title ?? request.method, about);
      const layered = !!method?.takes_layer;
      const layer = request.layer ?? session.layers[0]?.name ?? "";
      const sizes = session.layers.map(
        ({ name, size: [h, w], channels }, i): Choice => ({
          value: name,
          label: name,
          note: `${size(h, w)} · ${channels} channels${i ? "" : " · best"}`,
          reason: closed({ layer: name }),
        }),
      );
      layers.show(sizes, layer, layered ? layer : "input", "", !layered || !layer);
      showArrangement(session.appearance.arrangement);
    },
  ];
}
