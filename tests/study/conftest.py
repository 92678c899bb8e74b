"""Small studies that many tests read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xai_widgets import Engine
from xai_widgets.demo import shapes, shapes_engine
from xai_widgets.demo.shapes import Shape


@pytest.fixture(autouse=True)
def own_secret(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes are signed with a secret of this test run."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "config"))


@pytest.fixture(scope="session")
def marked() -> list[Shape]:
    """Pictures that all have a watermark naming their class."""
    return shapes(60, seed=11, shortcut=True)


@pytest.fixture(scope="session")
def engine() -> Engine:
    return shapes_engine()


def pictures(drawn: list[Shape]) -> tuple[list[Any], list[int]]:
    return [d.pixels for d in drawn], [d.label for d in drawn]


@pytest.fixture(scope="session")
def class_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of classes: three splits' worth of drawn shapes, as PNG."""
    from PIL import Image

    root = tmp_path_factory.mktemp("data") / "shapes"
    for number, drawn in enumerate(shapes(24, seed=5)):
        split = "train" if number < 12 else "test"
        folder = root / split / drawn.name
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn.pixels).save(folder / f"{number:02}.png")
    return root
