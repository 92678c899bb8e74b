"""The course's notebooks, and its slides' pictures, from one text for each lesson.

``python tools/course.py`` writes the students' and the teachers' notebooks into notebooks/course/;
a test compares. ``python tools/course.py slides`` runs the lessons with their solutions and keeps
the pictures that are marked, at 300 dots an inch, in build/course/.

A lesson is Markdown. Fences open cells: ``python``, ``python exercise`` (with dots), ``python
solution`` (teachers only, folded), ``slide=NAME`` after either (a picture to keep). What lies
between ``:::teacher`` and ``:::`` is for teachers. A heading begins a new cell.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat

ROOT = Path(__file__).resolve().parent.parent
COURSE = ROOT / "notebooks" / "course"
SOURCES = sorted((COURSE / "source").glob("[0-9]_*.md"))
SLIDES = ROOT / "build" / "course"
Kind = Literal["text", "code", "exercise", "solution", "teacher"]

FIRST = """\
import sys

try:
    import xai_widgets as xw
except ModuleNotFoundError:
    print("Installing xai_widgets (once, a minute or two) ...")
    import subprocess

    packages = ["xai_widgets[demo,study]"]
    subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", *packages])
    import xai_widgets as xw

if "google.colab" in sys.modules:  # Colab shows widgets when it is asked to
    from google.colab import output

    output.enable_custom_widget_manager()"""
LICENCE = (
    "*The text of this course is licensed under "
    "[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/), its code under the MIT license, "
    "by the xai_widgets authors.*"
)


@dataclass(frozen=True)
class Cell:
    """A piece of a lesson. slide: the name of its picture, if that is kept."""

    kind: Kind
    source: str
    slide: str = ""


def cells_of(text: str) -> list[Cell]:
    """The cells of a lesson's text. Raises ValueError for a fence that is not closed."""
    cells: list[Cell] = []
    kind: Kind = "text"
    lines: list[str] = []
    slide = ""

    def close() -> None:
        nonlocal lines
        source = "\n".join(lines).strip("\n")
        if source.strip():
            cells.append(Cell(kind, source, slide))
        lines = []

    for line in text.splitlines():
        opens = re.fullmatch(r"```python(?: (exercise|solution))?(?: slide=(\w+))?", line)
        if kind == "text" and opens:
            close()
            kind, slide = opens[1] or "code", opens[2] or ""
        elif kind == "text" and line == ":::teacher":
            close()
            kind = "teacher"
        elif (kind == "teacher" and line == ":::") or (
            kind not in ("text", "teacher") and line == "```"
        ):
            close()
            kind, slide = "text", ""
        else:
            if kind == "text" and line.startswith("#"):
                close()
            lines.append(line)
    if kind != "text":
        raise ValueError(f"a cell is not closed: {kind}")
    close()
    return cells


def notebook_of(path: Path, teachers: bool) -> Any:
    """A lesson as a notebook without outputs, for students or for teachers."""
    title, *cells = cells_of(path.read_text(encoding="utf-8"))
    made = [_markdown(title.source + _edition(path, teachers)), _code(FIRST, "setup")]
    for cell in cells:
        if cell.kind == "text":
            made.append(_markdown(cell.source))
        elif cell.kind == "teacher":
            if teachers:
                quoted = "\n".join(f"> {line}" for line in cell.source.splitlines())
                made.append(_markdown(f"> **For the teacher.**\n{quoted}", "teacher"))
        elif cell.kind == "solution":
            if teachers:
                made.append(_solution(cell.source))
        else:
            made.append(_code(cell.source, *([cell.kind] if cell.kind == "exercise" else [])))
    made.append(_markdown(LICENCE))
    for place, cell in enumerate(made):
        cell["id"] = f"lesson-{path.stem[0]}-{place:03}"
    notebook = nbformat.v4.new_notebook(cells=made)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3", "language": "python", "name": "python3",
    }  # fmt: skip
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def _edition(path: Path, teachers: bool) -> str:
    if not teachers:
        return ""
    return (
        "\n\n**Teacher's edition**: below each exercise its solution is folded. "
        "[How to teach it](../teaching.md)"
    )


def _markdown(source: str, *tags: str) -> Any:
    return nbformat.v4.new_markdown_cell(source, metadata={"tags": list(tags)} if tags else {})


def _code(source: str, *tags: str) -> Any:
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


def _solution(source: str) -> Any:
    cell = _code(f"# @title Solution\n{source}", "solution", "hide-input")
    cell.metadata["jupyter"] = {"source_hidden": True}  # JupyterLab folds it
    cell.metadata["cellView"] = "form"  # and so does Colab
    return cell


def target_of(path: Path, teachers: bool) -> Path:
    """Where a lesson's notebook is."""
    return COURSE / ("teachers" if teachers else "") / f"{path.stem}.ipynb"


def written(path: Path, teachers: bool) -> str:
    """The text of a lesson's notebook file."""
    return str(nbformat.writes(notebook_of(path, teachers), version=4)) + "\n"


def write() -> None:
    """Write all notebooks."""
    for path in SOURCES:
        for teachers in (False, True):
            target = target_of(path, teachers)
            target.parent.mkdir(exist_ok=True)
            target.write_text(written(path, teachers), encoding="utf-8")
            print(target.relative_to(ROOT))


def run(path: Path, solved: bool = True, folder: Path | None = None) -> dict[str, Any]:
    """Run a lesson's cells one after the other, here; return its names. solved: with solutions
    in place of the exercises' dots. folder: where pictures are kept.
    """
    import ast

    import matplotlib.pyplot as plt

    plt.switch_backend("Agg")
    names: dict[str, Any] = {"__name__": "__lesson__"}
    exec(FIRST, names)
    for cell in cells_of(path.read_text(encoding="utf-8")):
        if cell.kind in ("text", "teacher") or (cell.kind == "solution" and not solved):
            continue
        tree = ast.parse(cell.source)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = ast.Expression(tree.body.pop().value)
        exec(compile(tree, path.name, "exec"), names)
        shown = eval(compile(last, path.name, "eval"), names) if last is not None else None
        if folder is not None and cell.slide:
            keep(shown, folder / f"{cell.slide}.png")
        plt.close("all")
    return names


def keep(shown: Any, target: Path) -> None:
    """Keep what a cell shows: a figure, a widget, or the figure that was drawn last."""
    import matplotlib.pyplot as plt

    if hasattr(shown, "to_png"):
        shown.wait()
        shown.to_png(target)
    else:
        figure = shown if hasattr(shown, "savefig") else plt.gcf()
        figure.savefig(target, dpi=300, bbox_inches="tight")
    print(target.relative_to(ROOT))


def slides() -> None:
    """Run all lessons and keep their pictures."""
    SLIDES.mkdir(parents=True, exist_ok=True)
    for path in SOURCES:
        run(path, folder=SLIDES)


if __name__ == "__main__":
    slides() if sys.argv[1:] == ["slides"] else write()
