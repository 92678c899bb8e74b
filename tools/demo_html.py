"""Run the quickstart and write it to build/ as HTML: for a machine without a browser.

The notebook's own last step writes ``explanation.html`` there too: the live view as one file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "01_quickstart.ipynb"
BUILD = ROOT / "build"

# nbconvert's page without what it would fetch from the network. A widget is shown as its picture.
TEMPLATE = """
{%- extends "lab/index.html.j2" -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
"""
SHOWN = ["text/html", "image/png", "text/plain"]


def main() -> int:
    BUILD.mkdir(exist_ok=True)
    print(f"Running {NOTEBOOK.relative_to(ROOT)} ...", flush=True)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        notebook, resources={"metadata": {"path": BUILD}}, store_widget_state=False
    ).execute()
    exporter = HTMLExporter(raw_template=TEMPLATE, display_data_priority=SHOWN)
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": "Quickstart"}})
    target = BUILD / f"{NOTEBOOK.stem}.html"
    target.write_text(page, encoding="utf-8")
    print(f"The notebook with its pictures: {target.relative_to(ROOT)}")
    print(
        f"The live view, to open in any browser: {(BUILD / 'explanation.html').relative_to(ROOT)}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
