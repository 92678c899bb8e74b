/** Which method and layer, how the two pictures stand, save, reset. */
import { size } from "../core/format";
import type { Arrangement, Method, Request } from "../core/wire";
import type { Session } from "../heatmap/session";
import { el, tool } from "./dom";
import { picker } from "./picker";
import type { Choice } from "./popup";
import { type Segment, segments } from "./segments";

const VIEWS: ReadonlyArray<Segment<Arrangement>> = [
  ["overlay", "Overlay"],
  ["side_by_side", "Side by side"],
  ["swipe", "Swipe"],
];

/** Why a choice is closed in a saved page. */
export const UNSAVED = "not in this saved page";

export function header(
  signal: AbortSignal,
  session: Session,
  host: HTMLElement,
  save: () => void,
  reset: () => void,
): [HTMLElement, () => void] {
  const methods = picker(signal, host, "Method", "method", "method", (method) =>
    session.ask({ method }),
  );
  const best = (): void => session.ask({ layer: null });
  const pick = (layer: string): void => session.ask({ layer });
  const layers = picker(signal, host, "Layer", "layer", "layer", pick, best);
  const [views, showView] = segments(signal, "View", "view", VIEWS, (view) =>
    session.look("view", view),
  );
  const element = el(
    "header.header",
    {},
    methods.element,
    layers.element,
    el("span.spring"),
    views,
    tool(signal, "save", "Save as PNG", "M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10", save),
    tool(signal, "reset", "Reset look and zoom", "M3.2 6.5a5 5 0 1 1-.2 2.6M3 2.8v3.7h3.7", reset),
  );
  const closed = (part: Partial<Request>): string | null =>
    session.available(part) ? null : UNSAVED;

  return [
    element,
    () => {
      const { method, request } = session;
      const families = session.methods.map(({ family }) => family);
      const rank = ({ family }: Method): number => families.indexOf(family);
      const choices = [...session.methods]
        .sort((a, b) => rank(a) - rank(b))
        .map(
          ({ name, title, family, cost, unavailable }): Choice => ({
            value: name,
            label: title,
            group: family,
            note: cost,
            reason: unavailable || closed({ method: name }),
          }),
        );
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
      showView(session.appearance.view);
    },
  ];
}
