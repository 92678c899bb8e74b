/** How the maps look, on the same footing as in the heatmap viewer: it all stays in the browser. */
import type { MethodCard } from "../../core/wire";
import type { Part } from "../../parts/dom";
import type { Painted } from "../../parts/heat";
import { looks } from "../../parts/looks";
import type { DatasetSession } from "../session";

export function mapLooks(
  signal: AbortSignal,
  session: DatasetSession,
  host: HTMLElement,
  painted: () => Painted | undefined,
): Part {
  const maps = {
    look: session.look,
    shown: undefined,
    get appearance() {
      return { ...session.looks, arrangement: "overlay" as const };
    },
    get method() {
      return { signed: session.head?.signed ?? false } as MethodCard;
    },
  };
  const [element, show] = looks(signal, maps, host);
  return [
    element,
    () => {
      element.hidden = !session.looks.maps || !session.table?.done;
      if (!element.hidden) show(painted());
    },
  ];
}
