from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from xai_widgets.errors import ExplanationError
from xai_widgets.render.colours import CENTRE, COLORMAPS, lut, resolve_colormap

SEQUENTIAL = [name for name, colormap in COLORMAPS.items() if not colormap.diverging]
DIVERGING = [name for name, colormap in COLORMAPS.items() if colormap.diverging]


def lightness(colours: np.ndarray) -> np.ndarray:
    """CIE L* of sRGB bytes."""
    c = colours / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    y = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27)


def test_the_kinds_there_are() -> None:
    assert {"inferno", "viridis", "cividis", "gray"} == set(SEQUENTIAL)
    assert {"coolwarm", "BrBG", "berlin"} == set(DIVERGING)
    assert all(name == colormap.name for name, colormap in COLORMAPS.items())


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_sequential_tables_are_matplotlibs_rounded(name: str) -> None:
    wanted = 255 * mpl.colormaps[name](np.linspace(0, 1, 256))[:, :3]
    np.testing.assert_array_equal(lut(name), np.floor(wanted + 0.5))


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_sequential_lightness_rises_evenly(name: str) -> None:
    steps = np.diff(lightness(lut(name)[::15].astype(float)))
    assert (steps > 0).all()
    assert steps[2:].std() / steps[2:].mean() < 0.35


@pytest.mark.parametrize("name", DIVERGING)
def test_diverging_tables_have_their_middle_at_zero(name: str) -> None:
    table = lut(name).astype(int)
    assert table.shape == (256, 3)
    assert CENTRE == 128
    np.testing.assert_array_equal(table[0], table[1])
    wanted = 255 * np.array(mpl.colormaps[name].resampled(255)(np.arange(255)))[:, :3]
    np.testing.assert_array_equal(table[1:], np.floor(wanted + 0.5))
    light = lightness(table.astype(float))
    extreme = light.max() if light[CENTRE] > light[1] else light.min()
    assert abs(light[CENTRE] - extreme) < 1.5  # the centre is the lightest, or the darkest
    assert abs(light[1] - light[255]) < 11  # and neither side outweighs the other


def test_the_centre_of_the_default_is_neutral() -> None:
    assert lut("coolwarm")[CENTRE].tolist() == [221, 221, 221]
    assert lut("BrBG")[CENTRE].tolist() == [245, 245, 245]
    red, _, blue = lut("coolwarm")[255]
    assert red > blue  # evidence for the target is warm


def test_auto_follows_the_sign() -> None:
    assert resolve_colormap("auto", signed=True).name == "coolwarm"
    assert resolve_colormap("auto", signed=False).name == "inferno"
    assert resolve_colormap("viridis", signed=True).name == "viridis"


def test_an_unknown_name_is_refused_in_words() -> None:
    with pytest.raises(ExplanationError, match=r"colormap is 'infernno'.*mean \"inferno\"\?"):
        lut("infernno")


def test_a_table_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        lut("inferno")[0] = 1
