"""Write js/src/maps/luts.ts from the colour tables of `xai_widgets.render.colours`.

Run with the package installed: `python js/scripts/make_luts.py`. Colormaps are smooth: nearly all
second differences are -1, 0 or 1, so four of them fit in one letter and the rest are listed.
`unpack` in maps/colormap.ts is the way back.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from xai_widgets.render.colours import COLORMAPS, lut

OUT = Path(__file__).resolve().parents[1] / "src" / "maps" / "luts.ts"


def pack(table: npt.NDArray[np.uint8], diverging: bool) -> tuple[str, list[int]]:
    """Pack a (256, 3) table; index 0 of a diverging one repeats index 1 and is left out."""
    channels = table[1 if diverging else 0 :].T.astype(int)
    head = "".join(f"{c[0]:02x}{c[1] - c[0] + 128:02x}" for c in channels)
    bends = np.zeros((3, 256), dtype=int)
    for row, channel in zip(bends, channels, strict=True):
        row[: len(channel) - 2] = np.diff(channel, n=2)
    small = np.clip(bends.ravel(), -1, 1)
    places = np.flatnonzero(bends.ravel() != small)
    extra = [int(n) for place in places for n in (place, (bends.ravel() - small)[place])]
    letters = (small + 1).reshape(-1, 4) @ np.array([1, 3, 9, 27]) + 35
    # 75 stands for four zeros: the reader takes missing letters as such
    return head + "".join(map(chr, letters)).rstrip(chr(75)), extra


def main() -> None:
    """Write the TypeScript module."""
    rows = []
    for name, colormap in COLORMAPS.items():
        packed, extra = pack(lut(name), colormap.diverging)
        # json.dumps would do as well: the letters # .. s hold no quote, backslash or backtick but \\
        packed = packed.replace("\\", "\\\\")
        start = int(colormap.diverging)
        rows.append(f'  ["{name}", "{colormap.title}", {start}, "{packed}", {extra}],')
    OUT.write_text(
        "/** Made by scripts/make_luts.py: name, title, first index, packed table, the rest. */\n"
        "export const TABLES: ReadonlyArray<\n"
        "  readonly [string, string, 0 | 1, string, readonly number[]]\n"
        "> = [\n" + "\n".join(rows) + "\n];\n"
    )
    print(f"{OUT.name}: {len(rows)} tables, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
