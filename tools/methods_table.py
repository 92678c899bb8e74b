"""Write the table of methods into README.md, from the methods' own cards.

``python tools/methods_table.py`` rewrites it; a test compares.
"""

from __future__ import annotations

from pathlib import Path

from xai_widgets.methods import METHODS

README = Path(__file__).resolve().parent.parent / "README.md"
START, END = "<!-- methods: start -->", "<!-- methods: end -->"


def table() -> str:
    """Return the table as Markdown."""
    rows = [
        f"| `{name}` | {card.family} | {card.shows} | {card.cost} | [{card.citation}]({card.url}) |"
        for name, card in METHODS.items()
    ]
    return "\n".join(
        ["| Method | Family | What it shows | Cost | Source |", "|---|---|---|---|---|", *rows]
    )


def with_table(readme: str) -> str:
    """Return the text of the README with the table as it should be."""
    before, rest = readme.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
