/** A plain colour bar with its true range: nothing to choose. */

import { signed } from "../core/format";
import type { Frame } from "../core/wire";
import { lut, resolveColormap } from "../maps/colormap";
import { colourIndex } from "../maps/overlay";
import { el, paintLine, set, write } from "../parts/dom";
import type { Painted } from "../parts/heat";

/** Returns the element and how to show the colours of what was painted. */
export function ramp(): [
  HTMLElement,
  (painted: Painted | undefined, frame: Frame | undefined) => void,
] {
  const canvas = el("canvas.ramp", { _canvas: "bar", $hidden: "true" });
  const [left, right] = [el("span"), el("span")];
  const element = el(".scalebar", {}, left, canvas, right);
  return [
    element,
    (painted, frame) => {
      set(element, { _empty: !painted });
      if (!painted || !frame) return;
      const { name, diverging } = resolveColormap("auto", painted.map.signed);
      const low = painted.map.signed ? -1 : 0;
      const table = lut(name);
      paintLine(canvas, 256, (i) => {
        const at = 3 * colourIndex(low + ((1 - low) * i) / 255, diverging);
        return [...table.subarray(at, at + 3), 255];
      });
      write(left, signed(low * painted.most));
      write(right, signed(painted.most));
      set(element, { title: `Values: ${frame.range.map(signed).join(" to ")}` });
    },
  ];
}
