"""Write docs/hosts.md from what the tests that tried the hosts have noted: see HEAD."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "hosts.json"
PAGE = ROOT / "docs" / "hosts.md"

# In this order; those that were not tried are said to be so.
HOSTS = (
    "JupyterLab",
    "Notebook",
    "Voila",
    "marimo",
    "nbconvert, with stored widget state",
    "nbconvert, without stored widget state",
    "Saved page",
    "embed()",
    "GitHub",
    "VS Code",
    "Google Colab",
)
HEAD = """# Hosts

Where the widgets were tried, by the tests themselves, in a real Chromium that is offline:

    XAI_WIDGETS_HOSTS=benchmarks/results/hosts.json python -m pytest tests/browser/test_hosts.py \\
      tests/browser/test_still_pictures.py tests/browser/test_embed.py
    python tools/hosts_table.py

Notebook and Voila are tried where they are installed; `XAI_WIDGETS_VOILA` names a Voila elsewhere.

- **Live**: the map is painted, another method answers, another colormap paints it anew.
- **Without a kernel**: what a reader sees when the kernel has gone and the page is opened again, or
  the notebook was exported. *The still* is the picture with its names and numbers, sharper than the
  PNG, which is what a notebook keeps for hosts that show no style sheets.
- *Imitated* hosts were not tried themselves: their known limits were, in a page of our own.
"""
TAIL = """
**Sites of your own.** `viewer.embed()` gives HTML for Quarto, Jupyter Book and nbconvert that stays
alive: a sandboxed frame which brings all it needs, takes the height of its content, and asks the
network for nothing. Those two were not tried themselves; a plain page that holds such frames was.

**Notebooks that keep the state of their widgets** (`nbconvert --execute` does) are right offline
and several times larger: `--ExecutePreprocessor.store_widget_state=False` leaves it out.
"""


def page(rows: list[dict[str, str]]) -> str:
    """The page, of the rows that the tests have noted."""
    found = {row["host"]: row for row in rows}
    lines = [HEAD, "| Host | Version | Date | Live | Without a kernel | What else was seen |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for host in (*HOSTS, *(name for name in found if name not in HOSTS)):
        row = found.get(host)
        if row is None:
            lines.append(f"| {host} | not tried | | | | |")
            continue
        more = " ".join(row[name] for name in ("limits", "cdn") if name in row)
        cells = (host, row["version"], row["date"], row.get("live", ""), row.get("gone", ""), more)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, TAIL])


if __name__ == "__main__":
    PAGE.write_text(page(json.loads(RESULT.read_text(encoding="utf-8"))), encoding="utf-8")
