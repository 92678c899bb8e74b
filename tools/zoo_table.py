"""Write docs/zoo.md from what the last run of the whole zoo found: ``make zoo`` does both."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "zoo.json"
PAGE = ROOT / "docs" / "zoo.md"

COLUMNS = {
    "prediction": "prediction",
    "saliency": "saliency",
    "layer": "default layer",
    "guided": "guided",
    "attention": "attention",
    "occlusion": "occlusion",
    "left": "left as found",
}
SOURCES = ("torchvision", "timm", "transformers")
HEAD = """# The zoo

`make zoo` makes a small network of every family below from its configuration, with random weights,
and asks it everything that this table has a column for. The tests fail where an answer is neither
right nor refused in words; `make test` asks the families in **bold**.

- **Prediction**: the probabilities are the network's own, to 1e-4.
- **Saliency**: equal to plain autograd's gradient, for a picture seen beside another one.
- **Default layer**: a bright spot that moves in the picture moves in the map of the layer that
  Grad-CAM explains if none is named, and in that of the first layer of every other resolution.
- **Guided**: guided backpropagation and DeconvNet; **attention**: attention rollout,
  gradient-weighted attention and LeGrad. They give a map, or say why there is none.
- **Occlusion**: the fall of the score where a quarter of the picture is covered.
- **Left as found**: weights, buffers, gradients, hooks, modes, attributes and random generators are
  as before, the network gives the same answer to the bit, and can be copied as before.
"""


def page(rows: list[dict[str, str]]) -> str:
    """The page as Markdown, the reasons for refusals as notes under the tables."""
    notes: list[str] = []
    parts = [HEAD]
    for source in SOURCES:
        mine = sorted((r for r in rows if r["source"] == source), key=lambda r: r["family"])
        lines = [f"## {source}: {len(mine)} families", ""]
        lines.append(f"| family | {' | '.join(COLUMNS.values())} |")
        lines.append("|---" * (len(COLUMNS) + 1) + "|")
        for row in mine:
            name = f"**{row['family']}**" if row.get("quick") else row["family"]
            cells = [_cell(row[key], notes) for key in COLUMNS]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        parts.append("\n".join(lines) + "\n")
    if notes:
        parts.append("\n".join(["## The reasons", "", *_numbered(notes)]) + "\n")
    return "\n".join(parts)


def _cell(found: str, notes: list[str]) -> str:
    if found == "right":
        return found
    kind, reason = found.split(": ", 1)
    if reason not in notes:
        notes.append(reason)
    return f"{kind} ({notes.index(reason) + 1})"


def _numbered(notes: list[str]) -> list[str]:
    return [f"{i}. {' '.join(note.split())}" for i, note in enumerate(notes, 1)]


if __name__ == "__main__":
    rows = json.loads(RESULT.read_text(encoding="utf-8"))
    PAGE.write_text(page(rows), encoding="utf-8")
    wrong = sum(cell.startswith("wrong") for row in rows for cell in row.values())
    print(f"{PAGE.relative_to(ROOT)}: {len(rows)} networks, {wrong} wrong answers")
