"""Running a cell again closes what it made before; nothing else is touched."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import IPython
import pytest

from tests.widgets.conftest import photograph
from xai_widgets import HeatmapViewer
from xai_widgets.engine import Engine
from xai_widgets.widgets.base import notebook_cells as cells


class Notebook:
    """A kernel that says which cell is running, as JupyterLab's and VS Code's do."""

    def __init__(self) -> None:
        self.parent: dict[str, Any] = {}

    def run(self, cell: str, execution: str, kind: str = "execute_request") -> None:
        self.parent = {
            "header": {"msg_id": execution, "msg_type": kind},
            "metadata": {"cellId": cell},
        }

    def get_parent(self) -> dict[str, Any]:
        return self.parent


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    notebook = Notebook()
    shell = SimpleNamespace(kernel=notebook)
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    monkeypatch.setattr(cells, "_made", {})
    return notebook


def test_a_cell_that_runs_again_replaces_its_widgets(engine: Engine, notebook: Notebook) -> None:
    notebook.run("a", "1")
    first, second = HeatmapViewer(engine, photograph()), HeatmapViewer(engine, photograph())
    notebook.run("b", "2")
    other = HeatmapViewer(engine, photograph())
    assert not first._closed
    assert not second._closed
    notebook.run("a", "3")
    third = HeatmapViewer(engine, photograph())
    assert first._closed
    assert second._closed
    assert not other._closed
    assert not third._closed


def test_a_widget_made_while_answering_the_browser_belongs_to_no_cell(
    engine: Engine, notebook: Notebook
) -> None:
    notebook.run("a", "1")
    first = HeatmapViewer(engine, photograph())
    notebook.run("a", "2", kind="comm_msg")
    HeatmapViewer(engine, photograph())
    assert not first._closed


def test_closed_widgets_are_forgotten(engine: Engine, notebook: Notebook) -> None:
    notebook.run("a", "1")
    HeatmapViewer(engine, photograph()).close()
    assert cells._made == {}


def test_a_constructor_that_fails_leaves_nothing(engine: Engine, notebook: Notebook) -> None:
    notebook.run("a", "1")
    with pytest.raises(ValueError, match="target"):
        HeatmapViewer(engine, photograph(), target="no such class")
    assert cells._made == {}


def test_outside_of_a_notebook_there_is_no_cell() -> None:
    assert cells.running_cell() is None
