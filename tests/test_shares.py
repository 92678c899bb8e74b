"""Shares have one form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import xai_widgets
from xai_widgets.shares import percent


@pytest.mark.parametrize(
    ("share", "digits", "words"),
    [
        (0.39, 0, "39 %"),
        (0.3947, 1, "39.5 %"),
        (1.0, 0, "100 %"),
        (0.0, 0, "0 %"),
        (0.004, 0, "<1 %"),
        (0.0004, 1, "<0.1 %"),
        (0.43, None, "43 %"),
        (0.004, None, "0.4 %"),
        (-0.02, None, "-2.0 %"),
    ],
)
def test_a_space_that_does_not_break_stands_before_the_sign(
    share: float, digits: int | None, words: str
) -> None:
    assert percent(share, digits) == words.replace(" ", "\u00a0")


def test_no_other_form_is_written() -> None:
    """Python's own `%` has no space. The course's sentences are its own."""
    package = Path(xai_widgets.__file__).parent
    found = [
        f"{path.relative_to(package)}: {line.strip()}"
        for path in sorted(package.rglob("*.py"))
        if "course" not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\{[^{}]*:[^{}]*\.[0-9]%\}", line)
    ]
    assert found == []
