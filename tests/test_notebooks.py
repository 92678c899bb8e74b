"""Every notebook runs from top to bottom with no network, and is stored without outputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))

# What a notebook's prose says of its outputs.
SAID = {
    "06_debug_a_dataset": (
        "accuracy 94\u00a0%",
        "scanner new: 24 pictures, accuracy 21\u00a0%",
        "old scanner 97%   new scanner 96%",
        "One place decides",
        "suspicions about the other network: []",
        "17 labels are doubtful",
        "17 pictures to look at, 17 labels are wrong",
        "36 pictures to look at, 18 labels are wrong",
        "100% with the tag, 21% without",
    ),
}

# A kernel in which reaching for the network fails at once and by name.
OFFLINE = """
import socket
_connect = socket.socket.connect
def connect(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise OSError(f"this notebook reached for the network: {address}")
    return _connect(self, address)
socket.socket.connect = connect
"""


def test_there_is_a_quickstart() -> None:
    assert [path.name for path in NOTEBOOKS][:1] == ["01_quickstart.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_stored_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def ran_offline(path: Path, folder: Path) -> list[Any]:
    """A notebook's cells once they have run, with no network, from top to bottom and quietly."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(OFFLINE))
    copy = folder / path.name
    nbformat.write(notebook, copy)
    # In a process of its own: nbclient wants the thread's event loop for itself.
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace"]
    done = subprocess.run(
        [*command, copy.name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "IPYTHONDIR": str(folder / "ipython")},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    cells: list[Any] = nbformat.read(copy, as_version=4).cells[1:]
    noise = [out for out in outputs_of(cells) if out.get("name") == "stderr"]
    assert not noise, json.dumps(noise)
    return cells


def outputs_of(cells: list[Any]) -> list[Any]:
    return [out for cell in cells for out in cell.get("outputs", [])]


def text_of(cells: list[Any]) -> str:
    return "\n".join(
        str(out.get("text", out.get("data", {}).get("text/plain", ""))) for out in outputs_of(cells)
    )


@pytest.mark.timeout(600)  # on a machine that is busy otherwise
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_offline(path: Path, tmp_path: Path) -> None:
    cells = ran_offline(path, tmp_path)
    ran = [cell.execution_count for cell in cells if cell.cell_type == "code"]
    assert ran
    assert None not in ran
    text = text_of(cells)
    missing = [words for words in SAID.get(path.stem, ()) if words not in text]
    assert missing == []
