"""A table in words for a page, a paper, a spreadsheet."""

from __future__ import annotations

import csv
import html
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from xai_widgets.files import write_file

__all__ = ["csv_of", "html_of", "latex_of", "markdown_of", "written"]

_ARROWS = {"high": " ↑", "low": " ↓", "": ""}
_LATEX_ARROWS = {"high": r" $\uparrow$", "low": r" $\downarrow$", "": ""}
_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "%": r"\%", "&": r"\&",
    "#": r"\#", "$": r"\$", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "−": "--", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip
_MARKDOWN = "\\`*_{}[]<>|"


class Cell(Protocol):
    """A mean with its interval; nan where there is none."""

    mean: float
    low: float
    high: float


Cells = Sequence[Sequence[Any]]


def written(text: str, path: str | Path | None, what: str) -> str:
    """The text, which is also written to the path where there is one."""
    if path is not None:
        write_file(path, text.encode(), what)
    return text


def csv_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as comma-separated values, the names first."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(dict.fromkeys(n for row in rows for n in row)))
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().replace("\r\n", "\n")


def markdown_of(
    titles: Sequence[str],
    measures: Sequence[str],
    better: Sequence[str],
    cells: Cells,
) -> str:
    """Means with intervals, a line for each title and a column for each measure."""
    head = [f"{_escaped(m)}{_ARROWS[b]}" for m, b in zip(measures, better, strict=True)]
    lines = [["", *head], ["---", *["---:"] * len(head)]]
    for title, row in zip(titles, cells, strict=True):
        lines.append([_escaped(title), *(_cell(cell, "{} [{}, {}]") for cell in row)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def latex_of(
    titles: Sequence[str],
    measures: Sequence[str],
    better: Sequence[str],
    cells: Cells,
) -> str:
    """The same as a tabular of booktabs, each measure's best mean bold."""
    head = [f"{_latex(m)}{_LATEX_ARROWS[b]}" for m, b in zip(measures, better, strict=True)]
    best = [_best([row[i] for row in cells], way) for i, way in enumerate(better)]
    lines = [
        rf"\begin{{tabular}}{{l{'r' * len(head)}}}", r"\toprule",
        " & ".join(["", *head]) + r" \\", r"\midrule",
    ]  # fmt: skip
    for title, row in zip(titles, cells, strict=True):
        shown = [
            _cell(cell, r"\textbf{{{}}} [{}, {}]" if cell.mean == top else "{} [{}, {}]")
            for cell, top in zip(row, best, strict=True)
        ]
        lines.append(" & ".join([_latex(title), *shown]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""]).replace("–", "--")


def html_of(
    titles: Sequence[str],
    measures: Sequence[str],
    better: Sequence[str],
    cells: Cells,
    *,
    methods: Sequence[str],
    wholes: Sequence[str],
    seconds: Mapping[str, float],
    said: Sequence[str],
) -> str:
    """The same for a notebook, with what a map took, the warnings, and on hover the whole names of
    methods and measures.
    """
    head = "".join(
        f"<th{_hover(m, whole)}>{html.escape(m)}{_ARROWS[b]}</th>"
        for m, b, whole in zip(measures, better, wholes, strict=True)
    )
    head += "<th>ms a map</th>" if seconds else ""
    body = ""
    for title, method, row in zip(titles, methods, cells, strict=True):
        shown = "".join(f"<td>{_cell(c, '{} <small>[{}, {}]</small>')}</td>" for c in row)
        if seconds:
            shown += f"<td>{1000 * seconds[title]:.3g}</td>" if title in seconds else "<td></td>"
        body += f"<tr><th{_hover(title, method)}>{html.escape(title)}</th>{shown}</tr>"
    return (
        f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
        "<p>Mean over pictures, with a 95 % bootstrap interval. ↑ high is better, ↓ low. "
        "Whether two differ is not read off their intervals: see <code>.differences()</code>.</p>"
        + "".join(f"<p>{html.escape(warning)}</p>" for warning in said)
    )


def _hover(shown: str, whole: str) -> str:
    return "" if shown == whole else f' title="{html.escape(whole)}"'


def _cell(cell: Cell, form: str) -> str:
    if math.isnan(cell.mean):
        return "–"
    return form.format(*(f"{value:.3g}" for value in (cell.mean, cell.low, cell.high)))


def _best(column: Sequence[Cell], way: str) -> float:
    """The best mean; nan, which equals nothing, where no way is better."""
    means = [cell.mean for cell in column if not math.isnan(cell.mean)]
    if not way or len(means) < 2:
        return math.nan
    return max(means) if way == "high" else min(means)


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in _MARKDOWN else c for c in text.replace("\n", " "))


def _latex(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in text)
