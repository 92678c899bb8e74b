"""What is measured of a picture, against the formulas pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from xai_widgets.study.properties import PROPERTIES, properties_of


@pytest.mark.parametrize("size", [(30, 20), (20, 30), (640, 480), (7, 7)])
def test_properties_pixel_by_pixel(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    pixels[1, 2] = 0
    unit = pixels / 255
    luma = unit @ [0.299, 0.587, 0.114]
    saturation = [
        (max(p) - min(p)) / max(p) if max(p) > 0 else 0.0 for p in unit.reshape(-1, 3).tolist()
    ]
    edges = [
        luma[max(r - 1, 0), c] + luma[min(r + 1, 4), c]
        + luma[r, max(c - 1, 0)] + luma[r, min(c + 1, 6)] - 4 * luma[r, c]
        for r in range(5) for c in range(7)
    ]  # fmt: skip
    found = dict(zip(PROPERTIES, properties_of(pixels, size).tolist(), strict=True))
    assert found == {
        "brightness": pytest.approx(luma.mean(), rel=1e-5),
        "contrast": pytest.approx(luma.std(), rel=1e-5),
        "saturation": pytest.approx(np.mean(saturation), rel=1e-5),
        "sharpness": pytest.approx(np.std(edges), rel=1e-5),
        "width": size[0],
        "height": size[1],
        "aspect": pytest.approx(size[0] / size[1], rel=1e-6),
    }
