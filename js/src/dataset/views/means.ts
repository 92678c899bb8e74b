/** The mean maps of the confusion, painted where it has room for them. */
import type { MeansMessage, QuantisedMap } from "../../core/wire";
import { el, set } from "../../parts/dom";
import type { DatasetSession } from "../session";
import { mapsOf } from "../sheets";
import { paintMap } from "../tile";

const SIDE = 64; // pixels of one

type Kind = "cell" | "difference";

/** Canvases by what they show; they are painted once the kernel has sent the maps. */
export function meanMaps(session: DatasetSession) {
  let places: Array<[key: string, canvas: HTMLCanvasElement]> = [];
  let of: MeansMessage | undefined;
  let known = new Map<string, QuantisedMap>();
  let look = "";
  const keyOf = (kind: Kind, label: number, prediction: number): string =>
    `${kind} ${label} ${prediction}`;

  /** What the colours of the last column mean, where they are the usual ones. */
  const legend = (): string =>
    session.means?.labels.length && ["auto", "coolwarm"].includes(session.looks.colormap)
      ? "Right − wrong: red where right answers have more evidence, blue where wrong ones have."
      : "";

  function unpack(means: MeansMessage): void {
    of = means;
    look = "";
    const cells = mapsOf(means.maps, means.gamma);
    const less = mapsOf(means.differences, means.gamma);
    known = new Map([
      ...means.cells.map(([label, answer], i): [string, QuantisedMap] => [
        keyOf("cell", label!, answer!),
        cells[i]!,
      ]),
      ...means.labels.map((label, i): [string, QuantisedMap] => [
        keyOf("difference", label, label),
        less[i]!,
      ]),
    ]);
  }

  return {
    shown: false,
    canvas(kind: Kind, label: number, prediction: number, title: string): HTMLCanvasElement {
      const named = title ? { title, role: "img", $label: title } : { $hidden: "true" };
      const canvas = el("canvas.meanmap", named);
      places.push([keyOf(kind, label, prediction), canvas]);
      return canvas;
    },
    forget(): void {
      places = [];
      look = "";
    },
    /** Why there are none in a saved page. */
    closed: (): string | null =>
      session.frozen && !session.means ? "not in this saved page" : null,
    words(): string {
      if (!this.shown) return "";
      return session.busy("means")
        ? "Adding up maps …"
        : session.words("means") || [session.means?.words, legend()].filter(Boolean).join(" ");
    },
    paint(): void {
      const { table, means, looks } = session;
      if (!this.shown || !table?.done) return;
      if (table.done + table.failed === table.count) session.askMeans();
      if (means && means !== of) unpack(means);
      const now = JSON.stringify({ ...looks, chosen: 0, row: 0, filter: 0 });
      if (!means || now === look) return;
      look = now;
      for (const [key, canvas] of places) {
        const map = known.get(key);
        Object.assign(canvas, map ? { width: SIDE, height: SIDE } : { width: 0, height: 0 });
        set(canvas, { _there: Boolean(map) });
        if (map) paintMap(canvas, map, looks);
      }
    },
  };
}
