/** A stranger's widget: five maps of one picture, for the class that is chosen. */
import { APPEARANCE } from "xai_widgets/core/model";
import { converse } from "xai_widgets/core/session";
import type { Picture, QuantisedMap } from "xai_widgets/core/wire";
import { el, set } from "xai_widgets/parts/dom";
import { heatPainter, paintPicture } from "xai_widgets/parts/heat";
import { classPicker } from "xai_widgets/parts/picker";
import { opacitySlider } from "xai_widgets/parts/slider";
import { type View, widget } from "xai_widgets/parts/view";

interface FiveMaps {
  seq: number;
  target: { index: number; name: string; probability: number };
  maps: ReadonlyArray<QuantisedMap & { title: string }>;
  partial: boolean;
}

const TRAITS = {
  asks: ["target"],
  looks: ["opacity"],
  shows: ["picture", "prediction", "network"],
};

function build(view: View) {
  const { signal, root } = view;
  const session = converse<FiveMaps>(view, { traits: TRAITS });
  const [classes, showClasses] = classPicker(signal, root, (target) => session.ask({ target }));
  const [opacity, showOpacity] = opacitySlider(signal, session);
  const strip = el(".strip");
  let shown: FiveMaps | undefined;

  function refresh(): void {
    const { answer, frozen, get } = session;
    const picture: Picture | undefined = get("picture");
    showClasses(get("prediction")?.top ?? [], answer?.target, get("target"), frozen);
    showOpacity(get("opacity"));
    strip.style.setProperty("--xw-opacity", get("opacity"));
    if (!answer || !picture || answer === shown) return;
    shown = answer;
    const cells = answer.maps.map((map) => {
      const [photo, heat] = [el("canvas"), el("canvas", { _map: map.title })];
      void paintPicture(picture, photo);
      heatPainter(heat)(map, APPEARANCE, picture);
      return el("figure", {}, photo, heat, el("h3", {}, map.title));
    });
    strip.replaceChildren(...cells);
    set(root, { _maps: cells.length, _seq: answer.seq });
  }

  function words(): string {
    const { answer } = session;
    return answer && !answer.partial ? `Five maps for ${answer.target.name}.` : "";
  }

  return { session, children: [el("header", {}, classes, opacity), strip], refresh, words };
}

export default widget("Five maps", build);
