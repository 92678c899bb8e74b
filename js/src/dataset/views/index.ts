/**
 * What a DatasetExplorer shows beside its pictures, the one that is chosen, and in their place: confusion,
 * groups of maps, similarity, another viewer. A part of its own, which the kernel sends once the first pictures are asked for.
 */
import { atEnd } from "../../core/model";
import type { Part } from "../../parts/dom";
import { saveButton } from "../../parts/save";
import type { View } from "../../parts/view";
import type { Filter } from "../filters";
import type { DatasetSession } from "../session";
import { chosenRow } from "./chosen";
import { confusionView } from "./confusion";
import { groupsView } from "./groups";
import { type InPlace, inPlace, type Viewer } from "./inplace";
import { mapLooks } from "./looks";
import { similarityView } from "./similarity";
import css from "./style.css";

/** What these views have done by the one that they are part of. */
export interface Acts {
  show(filter: Filter, slice: string): void;
  choose(row: number): void;
  decide(verdict: string): void;
  /** The rows that a verdict is about. */
  subjects(): readonly number[];
  open(viewer: Viewer): void;
  closed(): void;
}

export interface Views {
  chosen: ReturnType<typeof chosenRow>;
  confusion: Part;
  groups: Part;
  /** Colours of the maps. */
  looks: Part;
  /** What is seen, kept as a figure. */
  save: HTMLElement;
  /** Pictures can be shown that were waited for. */
  arrived(): void;
  similarity: Part;
  viewer: InPlace;
}

export default function views(view: View, session: DatasetSession, act: Acts): Views {
  const { signal, root, model, speak } = view;
  // A sheet of this kind needs no leave of a saved page's policy.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  const host = root.getRootNode() as Document | ShadowRoot;
  host.adoptedStyleSheets = [...host.adoptedStyleSheets, sheet];
  atEnd(signal, () => {
    host.adoptedStyleSheets = host.adoptedStyleSheets.filter((own) => own !== sheet);
  });
  const chosen = chosenRow(signal, session, act);
  const groups = groupsView(signal, session, act);
  return {
    chosen,
    groups,
    save: saveButton(
      signal,
      root,
      session,
      speak,
      () => [null, ["study", session.head?.name]],
      true,
    ),
    looks: mapLooks(signal, session, root, chosen.painted),
    confusion: confusionView(signal, session, act),
    similarity: similarityView(signal, session, root, {
      lasso: (rows) => session.where("rows", rows),
      choose: act.choose,
      speak,
    }),
    viewer: inPlace(signal, model, act),
    arrived() {
      chosen.paint();
      groups[1]();
    },
  };
}
