"""Names of every kind in figures and files: they are text, and lose nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.files.hostile import NAMES, THREES
from xai_widgets.attribution import Attribution
from xai_widgets.errors import ExplanationError, readable
from xai_widgets.render.figures import curves_figure, neighbourhood_figure
from xai_widgets.render.raster import grid
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


def a_line(title: str) -> dict[str, Any]:
    return {"title": title, "x": [0, 1], "y": [0, 1], "auc": 0.5, "control": False,
            "low": None, "high": None}  # fmt: skip


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
    panel = {"title": one, "lines": [a_line(name) for name in names]}
    assert curves_figure(panel, title=two, baseline=three).to_png()[:4] == PNG
    pixels = np.zeros((9, 9, 3), np.uint8)
    scores, kept = np.linspace(-1, 1, 4), np.array([True, False, True, False])
    drawn = neighbourhood_figure({one: pixels}, scores, scores, kept, title=two, note=three)
    assert drawn.to_png()[:4] == PNG
    cells = [[one, two, pixels]]
    assert grid(cells, [names], names, side=60, title=one).shape[2] == 3


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
    line = {"title": "_$a$", "x": [0, 1], "y": [0, 1], "auc": 0.5, "control": False, "low": None,
            "high": None}  # fmt: skip
    (axis,) = curves_figure({"title": "$x$", "lines": [line]}, baseline="$b$").axes
    (label,) = axis.get_legend().get_texts()  # type: ignore[union-attr]
    assert (label.get_text(), label.get_parse_math()) == ("_$a$  0.500", False)
    assert axis.get_xlabel() == "pixels changed (baseline: $b$)"
    assert not axis.xaxis.label.get_parse_math()


def _titles(axis: Any) -> list[Any]:
    return [axis.title, axis._left_title, axis._right_title][1:2]
