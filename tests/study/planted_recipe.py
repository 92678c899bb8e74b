"""What recipes of the tests name: an engine, and the pictures of one study."""

from __future__ import annotations

from typing import Any

from xai_widgets import Engine
from xai_widgets.demo import shapes, shapes_engine


def make_engine(shortcut: bool = False) -> Engine:
    return shapes_engine(shortcut=shortcut)


def make_data() -> tuple[list[Any], list[int]]:
    drawn = shapes(60, seed=11, shortcut=True)
    return [d.pixels for d in drawn], [d.label for d in drawn]


def no_engine() -> str:
    return "no engine"
