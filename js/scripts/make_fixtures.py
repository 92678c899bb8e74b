"""Write js/tests/fixtures/overlay.json: what the Python half makes of a few maps.

Run with the package installed: `python js/scripts/make_fixtures.py`. The browser half is held to
these numbers, so that a live view and a saved picture are the same picture.
"""

import base64
import json
from pathlib import Path

import numpy as np

from xai_widgets.render.colours import COLORMAPS, colorize, enlarged, lut, shown
from xai_widgets.widgets.base.maps import dequantise, quantise

OUT = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "overlay.json"

# shape of the map, size of the picture, signed, and the look
CASES = [
    ((6, 8), (6, 8), True, {}),
    ((6, 8), (6, 8), True, {"sign": "positive", "clip": 90.0, "threshold": 0.25}),
    ((6, 8), (6, 8), True, {"sign": "negative", "colormap": "viridis"}),
    ((6, 8), (6, 8), False, {"threshold": 0.5}),
    ((3, 4), (9, 14), False, {"clip": 95.0}),
    ((3, 4), (9, 14), True, {"colormap": "berlin", "threshold": 0.1}),
    ((3, 4), (9, 14), True, {"interpolation": "cells"}),
    ((6, 8), (4, 5), False, {}),
]


def main() -> None:
    """Write the file."""
    random = np.random.default_rng(7)
    cases = []
    for (h, w), size, signed, look in CASES:
        values = random.standard_normal((h, w)) ** 3 * 1e-3
        frame = quantise(values if signed else np.abs(values), signed=signed)
        decoded = dequantise(frame)
        what = shown(decoded, size, **{k: v for k, v in look.items() if k != "colormap"})
        colours = colorize(decoded, size, signed=signed, **look)
        alpha = np.floor(255 * what.alpha + 0.5)
        cases.append(
            {
                "frame": {**frame, "data": base64.b64encode(frame["data"]).decode()},
                "size": size,
                "look": look,
                "resized": np.round(enlarged(decoded, size, look.get("interpolation", "smooth")), 9)
                .ravel()
                .tolist(),
                "maximum": what.maximum,
                "kept": what.kept_share,
                "rgba": np.dstack([colours, alpha]).astype(int).ravel().tolist(),
            }
        )
    weights = np.arange(1, 769)
    tables = {name: int(weights @ lut(name).ravel().astype(int)) for name in COLORMAPS}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"cases": cases, "tables": tables}) + "\n")
    print(f"{OUT.name}: {len(cases)} maps, {len(tables)} tables, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
