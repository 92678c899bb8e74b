"""Lower floors never import from higher ones, and no two modules lean on each other."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Mapping, Set
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import xai_widgets

PACKAGE = Path(xai_widgets.__file__).parent
BROWSER = PACKAGE.parent / "js" / "src"

# From the ground up. A module may import from its own floor and from those below it.
FLOORS = [
    {"errors", "_torchvision", "progress", "precision", "shares", "interrupts", "locks"},
    {"render"},
    {"images", "targets", "files", "baselines"},
    {"datasets"},
    {"attribution"},
    {"probe"},
    {"methods"},
    {"engine"},
    {"relabel", "training", "metrics", "study"},
    {"widgets", "demo"},
    {"course"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MODULES = {
    ".".join(["xai_widgets", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(
        ".__init__"
    ): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != PACKAGE / "__init__.py"
}
# The browser's floors; each widget is a room on the highest.
BROWSER_FLOORS = ["core", "maps", "parts"]
SCRIPTS = {
    path.relative_to(BROWSER).as_posix(): path
    for path in sorted(BROWSER.rglob("*"))
    if path.suffix in {".ts", ".css"} and not path.name.endswith(".d.ts")
}


def imports(source: str, module: str) -> set[str]:
    """The modules, and names in them, that ``source`` imports anywhere in it: inside functions and
    under TYPE_CHECKING too.
    """
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


def imported_modules(module: str) -> set[str]:
    """The modules of this package that a module imports."""
    found = set()
    for name in imports(MODULES[module].read_text(encoding="utf-8"), module):
        while name and name not in MODULES:
            name = name.rpartition(".")[0]
        if name:
            found.add(name)
    return found


def room_of(module: str) -> str:
    return module.split(".")[1]


def imported_scripts(script: str) -> set[str]:
    """The files of the browser half that a file imports, as types or as values."""
    text = SCRIPTS[script].read_text(encoding="utf-8")
    found = set()
    for name in re.findall(r'(?:from|import|import\(|@import)\s*"(\.[^"]+)"', text):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(script), name))
        found.add(path if path in SCRIPTS else f"{path}.ts")
    return found


def browser_floor(script: str) -> int:
    room = script.split("/")[0]
    return BROWSER_FLOORS.index(room) if room in BROWSER_FLOORS else len(BROWSER_FLOORS)


def circle(graph: Mapping[str, Set[str]]) -> list[str]:
    """The names along one circle of imports; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        names: list[str] = error.args[1]
        return names
    return []


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down_the_floors(module: str) -> None:
    room = room_of(module)
    assert room in FLOOR, f"{room} has no floor: give it one in {__file__}"
    others = {room_of(other) for other in imported_modules(module)}
    too_high = {other for other in others if FLOOR[other] > FLOOR[room]}
    assert not too_high, f"{room} is below {too_high}"


def test_no_modules_import_each_other() -> None:
    assert circle({module: imported_modules(module) for module in MODULES}) == []


def test_no_rooms_import_each_other() -> None:
    rooms: dict[str, set[str]] = {}
    for module in MODULES:
        own = rooms.setdefault(room_of(module), set())
        own |= {room_of(other) for other in imported_modules(module)} - {room_of(module)}
    assert circle(rooms) == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_browser_imports_go_down_the_floors(script: str) -> None:
    found = imported_scripts(script)
    assert found <= SCRIPTS.keys()
    assert {other for other in found if browser_floor(other) > browser_floor(script)} == set()


@pytest.mark.parametrize("script", SCRIPTS)
def test_widgets_do_not_import_from_each_other(script: str) -> None:
    room = script.split("/")[0]
    others = {other.split("/")[0] for other in imported_scripts(script)}
    assert others <= {room, *BROWSER_FLOORS}


def test_no_scripts_import_each_other() -> None:
    assert circle({script: imported_scripts(script) for script in SCRIPTS}) == []


def test_a_circle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert set(circle(graph)) == {"a", "b", "c"}
    assert circle({"a": {"b"}, "b": {"c"}, "d": {"a"}}) == []


def test_render_works_on_arrays_only() -> None:
    for module, path in MODULES.items():
        if room_of(module) == "render":
            found = imports(path.read_text(encoding="utf-8"), module)
            assert not any(name.split(".")[0] in {"torch", "torchvision"} for name in found), path


def test_no_way_of_writing_an_import_escapes() -> None:
    source = """
import xai_widgets.engine
from typing import TYPE_CHECKING
from xai_widgets import widgets
if TYPE_CHECKING:
    from xai_widgets.targets import Target
def later():
    from ..methods import find
    from . import guard
    from ..images.reading import load as read
"""
    assert imports(source, "xai_widgets.probe.trace") == {
        "typing.TYPE_CHECKING",
        "xai_widgets.engine",
        "xai_widgets.targets.Target",
        "xai_widgets.widgets",
        "xai_widgets.methods.find",
        "xai_widgets.probe.guard",
        "xai_widgets.images.reading.load",
    }
