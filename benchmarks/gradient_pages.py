"""The experiment's results as tables of the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "interpretable_gradients_measured.md"


def write_page(entries: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Write the page; networks that are not known are said to be not run."""
    PAGE.write_text(
        "\n".join(f"{key}: {'known' if key in entries else 'not run'}" for key in keys) + "\n"
    )
