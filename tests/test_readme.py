from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_methods_is_the_registry() -> None:
    with_table = runpy.run_path(str(ROOT / "tools" / "methods_table.py"))["with_table"]
    assert with_table(README) == README, "run: .venv/bin/python tools/methods_table.py"


def test_every_file_it_points_to_is_there_and_small() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).is_file(), target
        assert (ROOT / target).stat().st_size < 200_000, target
