"""The README: two screens, whose files are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import xai_widgets as xw

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINKS = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)


@pytest.mark.parametrize("target", LINKS)
def test_a_file_it_points_to_is_there_and_small(target: str) -> None:
    file = ROOT / target
    assert file.is_file()
    moving = file.suffix == ".webp"
    assert file.stat().st_size <= (2 * 2**20 if moving else 200_000)


def test_it_is_two_screens_long() -> None:
    assert len(README.splitlines()) <= 80


def test_every_widget_has_its_moving_picture() -> None:
    kinds = ("Viewer", "Explorer", "Comparison", "Monitor")
    widgets = [name for name in xw.__all__ if name.endswith(kinds)]
    assert len(widgets) == len([link for link in LINKS if link.endswith(".webp")])
    for name in widgets:
        assert f"![{name}: " in README
