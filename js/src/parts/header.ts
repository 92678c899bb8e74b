/** Which method and layer, how the two pictures stand, save, reset. */
import { size } from "../core/format";
import type { Session } from "../core/session";
import { APPEARANCE, type Arrangement } from "../core/wire";
import { button, el, icon } from "./dom";
import { Picker } from "./picker";
import type { Choice } from "./popup";
import { Segments } from "./segments";

const VIEWS: ReadonlyArray<{ value: Arrangement; text: string }> = [
  { value: "overlay", text: "Overlay" },
  { value: "side_by_side", text: "Side by side" },
  { value: "swipe", text: "Swipe" },
];

export class Header {
  readonly element: HTMLElement;
  private readonly method: Picker;
  private readonly layer: Picker;
  private readonly views: Segments<Arrangement>;

  constructor(
    private readonly session: Session,
    host: HTMLElement,
    save: () => void,
    reset: () => void,
    signal: AbortSignal,
  ) {
    this.method = new Picker(host, "Method", "method", (method) => session.ask({ method }), signal);
    this.method.button.classList.add("xw-method");
    const ask = (layer: string): void => session.ask({ layer });
    this.layer = new Picker(host, "Layer", "layer", ask, signal, "layer");
    this.layer.button.classList.add("xw-layer");
    this.layer.button.addEventListener("dblclick", () => session.ask({ layer: null }), { signal });
    this.views = new Segments<Arrangement>(
      "View",
      "view",
      VIEWS,
      (view) => session.look("view", view),
      APPEARANCE.view,
      signal,
    );
    const tool = (control: string, label: string, path: string, act: () => void) => {
      const tool = button(
        "xw-tool",
        { title: label, "aria-label": label, "data-xw-control": control },
        icon(path),
      );
      tool.addEventListener("click", act, { signal });
      return tool;
    };
    this.element = el(
      "header",
      "xw-header",
      {},
      this.method.button,
      this.layer.button,
      el("span", "xw-spring"),
      this.views.element,
      tool("save", "Save as PNG", "M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10", save),
      tool("reset", "Reset the look and the zoom", "M3.2 6.5a5 5 0 1 1-.2 2.6M3 2.8v3.7h3.7", reset),
    );
  }

  update(): void {
    const { session } = this;
    const { method, methods, layers, request } = session;
    const choices = methods.map(
      (each): Choice => ({
        value: each.name,
        label: each.title,
        group: each.family,
        note: each.cost,
        ...(each.unavailable ? { reason: each.unavailable } : {}),
        ...(session.available({ method: each.name }) ? {} : { reason: "not in this saved page" }),
      }),
    );
    const family = method ? `${method.family} · ${method.cost}` : "";
    this.method.show(choices, request.method, method?.title ?? request.method, family);
    const layered = method?.space === "layer";
    const layer = request.layer ?? layers[0]?.name ?? "";
    const layerChoices = layers.map(
      ({ name, size: [h, w], channels }, i): Choice => ({
        value: name,
        label: name,
        note: `${size(h, w)} · ${channels} channels${i === 0 ? " · best" : ""}`,
        ...(session.available({ layer: name }) ? {} : { reason: "not in this saved page" }),
      }),
    );
    const shown = layered ? layer : "none";
    this.layer.show(layerChoices, layer, shown, "", !layered || layers.length === 0);
    this.views.show(session.appearance.view);
  }
}
