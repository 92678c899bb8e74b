"""Write js/src/core/luts.ts from the colour tables of `xai_widgets.render.colormaps`.

Run from anywhere: `python js/scripts/make_luts.py`. Each table is packed as second differences
(colormaps are smooth, so they fit in -3..3), two to a letter; `core/colormap.ts` unpacks them.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xai_widgets.render.colormaps import COLORMAPS, lut

OUT = Path(__file__).resolve().parents[1] / "src" / "core" / "luts.ts"


def pack(table: NDArray[np.uint8], diverging: bool) -> str:
    """Pack a (256, 3) table; index 0 of a diverging one repeats index 1 and is left out."""
    letters: list[str] = []
    for channel in table[1 if diverging else 0 :].T.astype(int):
        bends = np.diff(channel, n=2)
        if np.abs(bends).max() > 3:
            raise ValueError(f"A second difference of {np.abs(bends).max()} does not fit in -3..3.")
        if len(bends) % 2:
            bends = np.append(bends, 0)
        letters.append(f"{channel[0]:02x}{channel[1]:02x}")
        letters += [chr(35 + 7 * (a + 3) + b + 3) for a, b in zip(bends[::2], bends[1::2])]
    return "".join(letters)


def main() -> None:
    """Write the TypeScript module."""
    rows = []
    for name, colormap in COLORMAPS.items():
        packed = pack(lut(name), colormap.diverging)
        rows.append(f'  ["{name}", "{colormap.title}", {int(colormap.diverging)}, "{packed}"],')
    OUT.write_text(
        "/** Made by scripts/make_luts.py: name, title, diverging, packed table. */\n"
        "export const TABLES: ReadonlyArray<readonly [string, string, 0 | 1, string]> = [\n"
        + "\n".join(rows) + "\n];\n"
    )
    print(f"{OUT.name}: {len(rows)} tables, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
