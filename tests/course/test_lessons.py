"""The lessons: notebooks are those that their sources make, and run from top to bottom, offline."""

from __future__ import annotations

import builtins
import importlib.util
import re
import subprocess
import sys
import types
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import numpy as np
import pytest
from PIL import Image

import xai_widgets as xw
from tests.course import answers_2
from tests.test_notebooks import ran_offline, text_of

ROOT = Path(__file__).resolve().parents[2]


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("course_tool", ROOT / "tools" / "course.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


course = _tool()
SOURCES: list[Path] = course.SOURCES
# What the prose says of the outputs.
SAID = {
    "1": ("espresso 0.951", "the layer's own map: (7, 7)"),
    "3": ("guided_backprop rank correlation with the broken networks' maps +0.46",),
    "4": ("p = 0.002 corrected: grad_cam is better", "p = 0.93 corrected: not told apart"),
    "5": ("night ours 27% the other 100%", "One place decides", "the other []"),
}


# `make test` runs one lesson, `make course` all of them.
RUN = [pytest.param(p, marks=[] if p.stem[0] == "2" else pytest.mark.lesson) for p in SOURCES]


def names(path: Path) -> str:
    return path.stem


def test_there_are_six_lessons() -> None:
    assert [path.stem[0] for path in SOURCES] == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize("teachers", [False, True], ids=["students", "teachers"])
@pytest.mark.parametrize("path", SOURCES, ids=names)
def test_the_notebook_is_that_of_its_source(path: Path, teachers: bool) -> None:
    target = course.target_of(path, teachers)
    fresh = target.read_text(encoding="utf-8") == course.written(path, teachers)
    assert fresh, f"{target.name} is stale; run: make course"
    notebook = nbformat.read(target, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.get("outputs") for cell in notebook.cells)


@pytest.mark.parametrize("path", SOURCES, ids=names)
def test_a_lesson_has_all_its_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for part in ("After this lesson you can", "| Part | Minutes |", "To discuss", "Take with you"):
        assert part in text
    minutes = [int(m) for m in re.findall(r"\| (\d+) \|", text)]
    total = int(re.search(r"About (\d+) minutes", text)[1])  # type: ignore[index]
    assert sum(minutes) == total
    assert 45 <= total <= 90
    assert "xw." in text
    assert "redict" in text
    own = [e.number for e in xw.course.EXERCISES.values() if e.lesson == path.stem[0]]
    asked = re.findall(r"\*\*Exercise (\d\.\d)\.\*\*", text)
    assert asked == own
    for cell in course.cells_of(text):
        if cell.kind == "exercise":
            assert "..." in cell.source


@pytest.mark.parametrize("path", SOURCES, ids=names)
def test_students_do_not_see_solutions(path: Path) -> None:
    notebook = nbformat.read(course.target_of(path, False), as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    cells = course.cells_of(path.read_text(encoding="utf-8"))
    hidden = [cell.source for cell in cells if cell.kind in ("solution", "teacher")]
    assert len(hidden) >= 6
    assert not any(source in text for source in hidden)
    assert "CC BY 4.0" in text


def test_a_cell_that_is_not_closed_is_told() -> None:
    with pytest.raises(ValueError, match="not closed"):
        course.cells_of("# A\n```python\nx = 1\n")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", RUN, ids=names)
def test_its_solutions_are_right(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, list[str]] = {}

    def check(number: str, answer: Any, *, deal: int = 0) -> None:
        found.setdefault(number, []).append(xw.course.verdict(number, answer, deal=deal).state)

    monkeypatch.setattr(xw.course, "check", check)
    course.run(path)
    own = [e.number for e in xw.course.EXERCISES.values() if e.lesson == path.stem[0]]
    assert found == {number: ["not yet", "right"] for number in own}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", RUN, ids=names)
def test_the_students_edition_runs_offline_with_its_exercises_unsolved(
    path: Path, tmp_path: Path
) -> None:
    text = text_of(ran_offline(course.target_of(path, False), tmp_path))
    own = [e.number for e in xw.course.EXERCISES.values() if e.lesson == path.stem[0]]
    assert [number for number in own if f"{number} Not yet" not in text] == []
    plain = re.sub(r" +", " ", text)
    assert [words for words in SAID.get(path.stem[0], ()) if words not in plain] == []


def as_numpy(found: Any) -> Any:
    return [as_numpy(v) for v in found] if isinstance(found, tuple) else found.detach().numpy()


@pytest.mark.parametrize("style", ["attached", "numpy"])
def test_lesson_2_draws_whatever_it_has_called_right(style: str) -> None:
    made = {"saliency": answers_2.by_autograd, "record": answers_2.textbook}
    others = {"collapse": lambda g: g.abs().amax(0), "grad_cam": answers_2.grad_cam}
    if style == "numpy":
        whole = made | others
        given = {k: lambda *args, f=f: as_numpy(f(*args)) for k, f in whole.items()}
    else:
        given = made
    names: dict[str, Any] = {"__name__": "__lesson__"}
    exec(course.FIRST, names)
    for cell in course.cells_of(next(p for p in SOURCES if p.stem[0] == "2").read_text("utf-8")):
        if cell.kind in ("code", "solution"):
            exec(cell.source, names)
            names |= {k: f for k, f in given.items() if k in names}
        if cell.slide == "2_saliency":
            assert names["off"] < 1e-4
        if cell.slide == "2_grad_cam":
            break
    assert np.abs(names["mine"] - names["theirs"].heatmap()).max() < 1e-4
    numbers = {"saliency": "2.3", "record": "2.5", "collapse": "2.4", "grad_cam": "2.6"}
    assert all(xw.course.verdict(numbers[k], f) for k, f in given.items())


def test_the_first_cell_installs_what_is_missing_and_switches_colabs_widgets_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed: list[list[str]] = []
    switched: list[str] = []
    output = types.SimpleNamespace(enable_custom_widget_manager=lambda: switched.append("on"))
    colab = types.ModuleType("google.colab")
    colab.output = output  # type: ignore[attr-defined]  # as Colab's has
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    monkeypatch.setattr(subprocess, "check_call", installed.append)

    def importing(name: str, *rest: Any) -> Any:
        if name == "xai_widgets" and not installed:
            raise ModuleNotFoundError(name=name)
        return builtins.__import__(name, *rest)

    names: dict[str, Any] = {"__builtins__": {**vars(builtins), "__import__": importing}}
    exec(course.FIRST, names)
    assert names["xw"] is xw
    assert [command[1:4] for command in installed] == [["-m", "pip", "install"]]
    assert installed[0][-1] == "xai_widgets[demo,study]"
    assert switched == ["on"]
    assert capsys.readouterr().out.count("\n") == 1


def test_slides_are_kept_at_print_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "0_slide.md"
    source.write_text(
        "# A\n```python slide=line\nimport matplotlib.pyplot as plt\n"
        "plt.figure(figsize=(4, 3))\nplt.plot([1, 2]);\n```\n"
    )
    monkeypatch.setattr(course, "ROOT", tmp_path)
    course.run(source, folder=tmp_path)
    with Image.open(tmp_path / "line.png") as picture:
        assert round(picture.info["dpi"][0]) == 300
        assert picture.width > 900
