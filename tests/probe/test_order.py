"""The order in the room: imports go down the list in its README, functions are met in one place."""

from __future__ import annotations

import re
from pathlib import Path

import xai_widgets
from tests.test_rooms import imports

PACKAGE = Path(xai_widgets.__file__).parent
PROBE = PACKAGE / "probe"


def test_imports_go_down_the_order_in_the_readme() -> None:
    text = (PROBE / "README.md").read_text(encoding="utf-8")
    order = re.search(r"## Order of files.*?\n    (.*?)\n", text, re.DOTALL)
    assert order is not None
    files = order[1].split()
    assert sorted(files) == sorted(path.stem for path in PROBE.glob("*.py") if path.stem[0] != "_")
    for i, name in enumerate(files):
        module = f"xai_widgets.probe.{name}"
        found = imports((PROBE / f"{name}.py").read_text(encoding="utf-8"), module)
        beside = {path.split(".")[2] for path in found if path.startswith("xai_widgets.probe.")}
        assert beside <= set(files[:i]), name


def test_functions_are_met_in_one_place() -> None:
    seams = [p for p in PACKAGE.rglob("*.py") if "def __torch_function__" in p.read_text("utf-8")]
    assert seams == [PROBE / "functions.py"]
