"""Lower floors never import from higher ones."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import xai_widgets

PACKAGE = Path(xai_widgets.__file__).parent

# From the ground up. A module may import from its own floor and from those below it.
FLOORS = [
    {"errors", "_torchvision", "progress"},
    {"render"},
    {"images", "targets", "files", "baselines"},
    {"datasets"},
    {"attribution"},
    {"probe"},
    {"methods"},
    {"engine"},
    {"relabel", "training", "metrics"},
    {"widgets", "demo"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imports(source: str, module: str) -> set[str]:
    """Return the modules, and names in them, that ``source`` imports anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = [node.module] if node.module else []
            if node.level:
                origin = [*module.split(".")[: -node.level], *origin]
            found.update(".".join([*origin, alias.name]) for alias in node.names)
    return found


def imported_rooms(path: Path) -> set[str]:
    """Return the rooms of this package that a module imports from."""
    module = ".".join(["xai_widgets", *path.relative_to(PACKAGE).with_suffix("").parts])
    found = imports(path.read_text(encoding="utf-8"), module)
    return {name.split(".")[1] for name in found if name.startswith("xai_widgets.")}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_the_floors(path: Path) -> None:
    room = room_of(path)
    assert room in FLOOR, f"{room} has no floor: give it one in {__file__}"
    too_high = {other for other in imported_rooms(path) if FLOOR[other] > FLOOR[room]}
    assert not too_high, f"{room} is below {too_high}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_of_one_floor_do_not_lean_on_each_other_in_a_circle(path: Path) -> None:
    room = room_of(path)
    beside = {other for other in imported_rooms(path) - {room} if FLOOR[other] == FLOOR[room]}
    for other in beside:
        theirs = set().union(*(imported_rooms(p) for p in MODULES if room_of(p) == other))
        assert room not in theirs, f"{room} and {other} import each other"


def test_render_works_on_arrays_only() -> None:
    for path in (PACKAGE / "render").rglob("*.py"):
        found = imports(path.read_text(encoding="utf-8"), f"xai_widgets.render.{path.stem}")
        assert not any(name.split(".")[0] in {"torch", "torchvision"} for name in found), path


def test_no_way_of_writing_an_import_escapes() -> None:
    source = """
import xai_widgets.engine
from xai_widgets import widgets
def later():
    from ..methods import find
    from . import guard
    from ..images.reading import load as read
"""
    assert imports(source, "xai_widgets.probe.trace") == {
        "xai_widgets.engine",
        "xai_widgets.widgets",
        "xai_widgets.methods.find",
        "xai_widgets.probe.guard",
        "xai_widgets.images.reading.load",
    }
