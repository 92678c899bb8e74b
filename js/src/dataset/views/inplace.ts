/** Another viewer of one row in the place of the pictures: a model of its own, drawn into a shadow root. */
import type { Model } from "../../core/model";
import type { OpenedMessage } from "../../core/wire";
import { el, on, say, write } from "../../parts/dom";
import { segments } from "../../parts/segments";

export type Viewer = "heatmap" | "faithfulness" | "comparison";

export function inPlace(
  signal: AbortSignal,
  model: Model,
  act: { open(viewer: Viewer): void; closed(): void },
) {
  const back = el("button.link.back", { _control: "back" }, "← Back to the pictures");
  const title = el("span.facts");
  const [kinds, showKind] = segments<Viewer>(
    signal,
    "Viewer",
    "viewer",
    [
      ["heatmap", "Heatmap"],
      ["faithfulness", "Faithfulness"],
      ["comparison", "Gradients"],
    ],
    (viewer) => act.open(viewer),
  );
  const words = el("p.nothing", { hidden: true });
  const place = el(".place");
  const element = el(
    ".inplace",
    { hidden: true },
    el(".tools2", back, title, el("span.spring"), kinds),
    words,
    place,
  );
  let end: (() => void) | undefined;
  on(signal, back, "click", close);
  signal.addEventListener("abort", () => end?.());

  /** It is on its way. */
  function wait(viewer: Viewer, name: string): void {
    element.hidden = false;
    showKind(viewer);
    write(title, name);
    say(words, "Opening …");
    end?.();
    end = undefined;
    place.replaceChildren();
    back.focus({ preventScroll: true });
  }
  async function take(message: OpenedMessage): Promise<void> {
    if (element.hidden) return;
    if (message.words) return say(words, message.words);
    try {
      // biome-ignore lint/suspicious/noExplicitAny: what hosts give beside the model has no type
      const child: Model = await (model as any).widget_manager.get_model(message.model);
      const module = new Blob([String(child.get("_esm"))], { type: "text/javascript" });
      const url = URL.createObjectURL(module);
      const viewer = (await import(url)).default;
      URL.revokeObjectURL(url);
      const host = el("");
      place.replaceChildren(host);
      const shadow = host.attachShadow({ mode: "open" });
      const style = document.createElement("style");
      style.textContent = String(child.get("_css"));
      const inner = document.createElement("div");
      shadow.append(style, inner);
      const life = new AbortController();
      viewer.render({ model: child, el: inner, signal: life.signal });
      end = () => life.abort();
      say(words, "");
    } catch (problem) {
      say(
        words,
        `This host cannot show a viewer in place (${problem}). In a cell: xw.HeatmapViewer(study.engine, ...)`,
      );
    }
  }
  function close(): void {
    if (element.hidden) return;
    end?.();
    end = undefined;
    place.replaceChildren();
    element.hidden = true;
    act.closed();
  }
  return { element, wait, take, close, isOpen: (): boolean => !element.hidden };
}

export type InPlace = ReturnType<typeof inPlace>;
