"""How much of the zoo is run, and where what was found of it is kept.

`XAI_WIDGETS_ZOO` names the JSON file that a run of the whole zoo writes (`make zoo`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

RESULT = os.environ.get("XAI_WIDGETS_ZOO")

os.environ["HF_HUB_OFFLINE"] = "1"  # networks come from their configuration alone

settings.register_profile(
    "quick",
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
)
settings.register_profile("zoo", settings.get_profile("quick"), max_examples=2000)
settings.load_profile("zoo" if RESULT else "quick")


@pytest.fixture(scope="session")
def rows() -> Iterator[list[dict[str, str]]]:
    """What was found of each network, in the order they were examined; kept where that is asked."""
    found: list[dict[str, str]] = []
    yield found
    if RESULT:
        Path(RESULT).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
