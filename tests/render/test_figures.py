from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from xai_widgets.errors import ExplanationError
from xai_widgets.render import colorize, figure, overlay

rng = np.random.default_rng(7)
PICTURE = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
SIGNED = rng.normal(size=(4, 6))


def panels(drawn: Figure) -> list[np.ndarray]:
    return [
        np.asarray(axis.get_images()[0].get_array()) for axis in drawn.axes if axis.get_images()
    ]


def bar(drawn: Figure) -> Any:
    return drawn.axes[-1]._colorbar


def test_the_picture_the_overlay_and_the_bar() -> None:
    drawn = figure(SIGNED, PICTURE, size=(20, 30), title="Grad-CAM", caption="cat 43 %", clip=100)
    picture, laid_over = panels(drawn)
    np.testing.assert_array_equal(picture, PICTURE)
    np.testing.assert_array_equal(laid_over, overlay(PICTURE, SIGNED, clip=100))
    titles = [axis.get_title(loc="left") for axis in drawn.axes[:2]]
    assert titles == ["cat 43 %", "Grad-CAM"]
    top = np.abs(SIGNED).max()
    assert bar(drawn).mappable.get_clim() == pytest.approx((-top, top))
    assert bar(drawn).extend == "neither"


def test_without_a_picture_the_opaque_map() -> None:
    drawn = figure(
        SIGNED, None, size=(20, 30), opacity=0.3, blend="screen", caption="cat", title="CAM"
    )
    (only,) = panels(drawn)
    np.testing.assert_array_equal(only, colorize(SIGNED, (20, 30)))
    assert drawn.axes[0].get_title(loc="left") == "cat · CAM"


@pytest.mark.parametrize(
    ("values", "how", "limits", "extend"),
    [
        (SIGNED, {"clip": 90}, (-1, 1), "both"),
        (SIGNED, {"clip": 90, "sign": "positive"}, (0, 1), "max"),
        (SIGNED, {"clip": 90, "sign": "negative"}, (-1, 0), "min"),
        (np.abs(SIGNED), {"clip": 90}, (0, 1), "max"),
        (np.abs(SIGNED), {"maximum": 10.0}, (0, 1), "neither"),
    ],
)
def test_the_bar_tells_the_values(values: Any, how: Any, limits: Any, extend: str) -> None:
    from xai_widgets.render import shown_maximum

    drawn = figure(values, PICTURE, size=(20, 30), **how)
    top = how.get("maximum") or shown_maximum(
        values, clip=how["clip"], sign=how.get("sign", "both")
    )
    assert bar(drawn).mappable.get_clim() == pytest.approx(tuple(top * n for n in limits))
    assert bar(drawn).extend == extend


def test_nothing_to_show_still_draws() -> None:
    for values in (np.zeros((3, 3)), np.full((3, 3), np.nan)):
        assert len(panels(figure(values, PICTURE, size=(20, 30)))) == 2


def test_it_shows_itself_without_pyplot() -> None:
    before = "matplotlib.pyplot" in sys.modules
    content = figure(SIGNED, PICTURE, size=(20, 30))._repr_png_()
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "PNG"
        assert image.width > image.height > 200
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_unknown_appearance_is_refused() -> None:
    with pytest.raises(TypeError, match="opacty"):
        figure(SIGNED, PICTURE, size=(20, 30), opacty=0.5)
    with pytest.raises(ExplanationError, match="blend is 'x'"):
        figure(SIGNED, PICTURE, size=(20, 30), blend="x")
