"""Notebooks as pages: run offline, with every widget as a live figure."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from tools.site.paths import CACHE, ROOT
from tools.site.running import key_of

# In the kernel: no network, and a widget is shown as the figure that it leaves in the cache.
_FIRST = """
import json, os, socket, sys
sys.path.insert(0, {root!r})
_connect = socket.socket.connect
def _local(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise OSError(f"this notebook reached for the network: {{address}}")
    return _connect(self, address)
socket.socket.connect = _local
import torch
torch.set_num_threads(1)
from tools.site.running import figure as _keep
from xai_widgets.widgets.base.widget import EngineWidget
def _as_figure(self, *, keep=_keep, **_):
    return {{"text/plain": "xw-figure " + keep(self, close=False)}}, {{}}
EngineWidget._repr_mimebundle_ = _as_figure
EngineWidget._ipython_display_ = None
"""
FIGURE_OUTPUT = re.compile(r"xw-figure ([0-9a-f]{16})")  # what such a cell leaves in its place
_ORDER = ("text/html", "image/png", "image/jpeg", "text/plain")


def page_of(path: Path) -> str:
    """The notebook as it is on the site: a notebook with outputs, as JSON."""
    text = path.read_text(encoding="utf-8")
    kept = CACHE / f"{key_of(text, _FIRST)}.ipynb"
    if not kept.exists():
        print(f"  running {path.name} ...", flush=True)
        notebook = nbformat.reads(text, as_version=4)
        first = nbformat.v4.new_code_cell(_FIRST.format(root=str(ROOT)))
        notebook.cells.insert(0, first)
        folder = CACHE / "run"
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["IPYTHONDIR"] = str(folder / "ipython")
        NotebookClient(
            notebook, timeout=600, resources={"metadata": {"path": str(folder)}}
        ).execute()
        del notebook.cells[0]
        for cell in notebook.cells:
            cell.metadata = {"tags": ["setup"]} if "setup" in cell.metadata.get("tags", []) else {}
            if cell.cell_type == "code":
                cell.outputs = [_plain(out) for out in cell.outputs if _shown(out)]
        notebook.metadata.pop("widgets", None)
        kept.write_text(nbformat.writes(notebook), encoding="utf-8")
    return kept.read_text(encoding="utf-8")


def contents(names: list[str]) -> str:
    """A table of contents, which is seen in the margin only."""
    entries = "\n".join(name.removesuffix(".ipynb") for name in names)
    return f"\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n"


def rewritten(notebook: str, rewrite: Callable[[str], str], offer: str) -> str:
    """The notebook with its prose rewritten, and a line more below its title."""
    made = json.loads(notebook)
    made["cells"] = [_folded(c) if c["metadata"].get("tags") else c for c in made["cells"]]
    prose = [cell for cell in made["cells"] if cell["cell_type"] == "markdown"]
    for cell in prose:
        cell["source"] = rewrite("".join(cell["source"]))
    title, _, rest = prose[0]["source"].partition("\n")
    prose[0]["source"] = f"{title}\n\n{offer}\n{rest}"
    return json.dumps(made, indent=1, ensure_ascii=False)


def _folded(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell that only sets things up, as a paragraph that opens."""
    code = "".join(cell["source"])
    text = f"::::{{dropdown}} First cell: sets everything up\n```python\n{code}\n```\n::::"
    return {"cell_type": "markdown", "id": cell["id"], "metadata": {}, "source": text}


def figures_of(text: str) -> list[str]:
    """The live figures of an executed notebook."""
    outputs = (out for cell in json.loads(text)["cells"] for out in cell.get("outputs", []))
    words = ("".join(out.get("data", {}).get("text/plain", "")) for out in outputs)
    return [found[1] for word in words if (found := FIGURE_OUTPUT.fullmatch(word))]


def _shown(output: Any) -> bool:
    """Not what is said while it runs: standard error, bars of progress."""
    bar = re.match(r"[^\n]*\d+%\|", output.get("data", {}).get("text/plain", ""))
    return not bar and not (output.output_type == "stream" and output.name == "stderr")


def _plain(output: Any) -> Any:
    """One representation of a value, the best that a page can show without a script."""
    if "data" in output:
        best = next((kind for kind in _ORDER if kind in output.data), None)
        output.data = {best: output.data[best]} if best else {}
    return output
