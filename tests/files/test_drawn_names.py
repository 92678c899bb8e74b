"""Names of every kind in figures and files: they are text, and lose nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.files.hostile import NAMES, THREES
from xai_widgets.attribution import Attribution
from xai_widgets.errors import ExplanationError, readable
from xai_widgets.render.card import (
    Bar,
    Bars,
    Card,
    Cell,
    Cells,
    Column,
    Curve,
    Dots,
    Plot,
    Ramp,
    Words,
)  # fmt: skip
from xai_widgets.targets import Target
from xai_widgets.targets.target import index_of

PNG = b"\x89PNG"


def attribution(name: str) -> Attribution:
    values = np.linspace(-1, 1, 24, dtype=np.float32).reshape(4, 6)
    return Attribution(
        values, "grad_cam", name, Target(1, name), layer=name, parameters={"x": name},
        input_size=(8, 12), pixels=np.zeros((8, 12, 3), np.uint8), model=name, picture_name=name,
        warnings=(name,), probability=0.5,
    )  # fmt: skip


@pytest.mark.parametrize("names", THREES, ids=lambda names: ascii(names)[:30])
@pytest.mark.filterwarnings("ignore:Glyph .* missing")
@pytest.mark.filterwarnings("ignore:Matplotlib currently does not support")
@pytest.mark.filterwarnings("ignore:constrained_layout not applied")
def test_names_in_figures(names: tuple[str, ...]) -> None:
    one, two, three = names
    made = Attribution(
        np.eye(4, dtype=np.float32), "own", one, Target(0, two), layer=three, warnings=names
    )
    assert made.plot()._repr_png_()[:4] == PNG  # type: ignore[attr-defined]  # of ExplanationFigure
    pixels = np.zeros((9, 9, 3), np.uint8)
    line = Curve(one, two, [0, 1], [0, 1], "#0072b2")
    blocks: list[Any] = [
        Bars([Bar(one, two, 0.5, marked=True), Bar(three, one, 1)]),
        Words(three),
        Ramp(pixels[0], one, two, three),
        Cells([[Cell(pixels, one, two), Cell(three, two, one)]], [[one, two, three]]),
        Plot(three, [line], (0, 1), (one, two), one, three),
        Dots(two, [(one, "#0072b2", np.zeros(2), np.ones(2))], split=0.5),
    ]
    card = Card(one, two, [Column(240, blocks)], below=three)
    assert card.to_png()[:4] == PNG
    width, height = card.size
    assert card.draw(2).size == (2 * width, 2 * height)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:30])
def test_names_in_files_and_errors(name: str, tmp_path: Path) -> None:
    attribution(name).save(tmp_path)
    found = Attribution.load(tmp_path)
    assert (found.target.name, found.layer, found.warnings) == (name, name, (name,))
    assert found.parameters == {"x": name}
    with pytest.raises(ExplanationError, match="none of the 2 class names") as error:
        index_of(f"{name}?", [readable(name), "b"], 2)
    str(error.value).encode()
    if name.strip():
        assert index_of(name, [readable(name), "b"], 2) == 0


def test_what_stands_between_two_dollars_is_text() -> None:
    drawn = attribution("$5 or $10").plot()
    title = drawn.axes[1].get_title(loc="left")
    assert title == "$5 or $10 · $5 or $10"
    assert not any(text.get_parse_math() for axis in drawn.axes[:2] for text in _titles(axis))


def _titles(axis: Any) -> list[Any]:
    return [axis.title, axis._left_title, axis._right_title][1:2]
