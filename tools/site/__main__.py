"""Build the site: ``python -m tools.site`` gathers, runs, builds and weighs it.

Nothing is fetched. Warnings are errors.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.site import generated, methods, notebooks, reference
from tools.site.blocks import blocks_of, with_directives
from tools.site.paths import (
    BUILD,
    CACHE,
    DOCS,
    FIGURES,
    HTML,
    LESSONS,
    MOVED,
    NOTEBOOKS,
    ROOT,
    SOURCE,
)
from tools.site.running import outputs_of

_LINK = re.compile(r"\[([^\]]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")
MOST_OF_A_FIGURE = 2_000_000
MOST_OF_A_PAGE = 8_000_000


def gather() -> dict[str, str]:
    """Every page by its place: hand-written, generated, and from elsewhere in the repository."""
    pages = {**methods.pages(), **reference.pages()}
    elsewhere = {ROOT / home: place for home, place in MOVED.items()}
    for path in sorted(DOCS.rglob("*.md")):
        if path not in elsewhere:
            pages[str(path.relative_to(DOCS))] = generated.filled(path.read_text(encoding="utf-8"))
    for path, place in elsewhere.items():
        text = with_directives(path.read_text(encoding="utf-8"))
        pages[place] = at_home(text, path, place)
    pages["course/index.md"] += notebooks.contents([*LESSONS, "teaching"])
    for home, place in sorted(NOTEBOOKS.items()):
        path = ROOT / home
        pages[place] = notebooks.rewritten(
            notebooks.page_of(path),
            lambda text, path=path, place=place: at_home(text, path, place),
            f"{download('This page as a notebook', path)}, to run and to change.",
        )
    return pages


def at_home(text: str, path: Path, place: str) -> str:
    """A page from elsewhere, whose links lead to pages of the site, to the file where it is a
    notebook, or to nothing.
    """

    def link(found: re.Match[str]) -> str:
        words, target, part = found.groups()
        file = (path.parent / target).resolve()
        home = str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else ""
        moved = MOVED.get(home) or NOTEBOOKS.get(home)
        if not moved:
            return download(words, file) if file.suffix == ".ipynb" else words
        return f"[{words}]({os.path.relpath(moved, Path(place).parent)}{part or ''})"

    return _LINK.sub(link, text)


def download(words: str, file: Path) -> str:
    """A link to a file of the repository, which Sphinx puts beside the pages."""
    return f"{{download}}`{words} </{os.path.relpath(file, SOURCE)}>`"


def write(pages: dict[str, str]) -> None:
    """Write what has changed, and remove what is no page any more."""
    for place, text in pages.items():
        path = SOURCE / place
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in [*SOURCE.rglob("*.md"), *SOURCE.rglob("*.ipynb")]:
        if str(path.relative_to(SOURCE)) not in pages:
            path.unlink()
    for path in DOCS.glob("*.jpg"):
        (SOURCE / path.name).write_bytes(path.read_bytes())


def run(pages: dict[str, str], only: str = "") -> set[str]:
    """Run the code of every page; the figures that are used."""
    used: set[str] = set()
    for place, text in sorted(pages.items()):
        if place.endswith(".ipynb"):
            figures = notebooks.figures_of(text)
        elif only in place and any(True for _ in blocks_of(text)):
            figures = [out["figure"] for out in outputs_of(place, text) if "figure" in out]
        else:
            continue
        used.update(figures)
        sizes = [(FIGURES / f"{name}.js").stat().st_size for name in figures]
        if any(size > MOST_OF_A_FIGURE for size in sizes) or sum(sizes) > MOST_OF_A_PAGE:
            sys.exit(f"{place}: its figures have {sizes} bytes; at most {MOST_OF_A_FIGURE} each")
    return used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="run everything anew")
    arguments = parser.parse_args()
    started = time.perf_counter()
    if arguments.fresh:
        for path in CACHE.rglob("*"):
            if path.is_file():
                path.unlink()
    pages = gather()
    write(pages)
    used = run(pages)
    for path in FIGURES.glob("*"):
        if path.stem not in used:
            path.unlink()
    print(f"{len(pages)} pages with {len(used)} live figures; Sphinx ...", flush=True)
    shutil.rmtree(HTML, ignore_errors=True)
    command = ["-b", "html", "-c", DOCS, "-d", BUILD / "doctrees", "-E", "-W", "--keep-going", "-q"]
    done = subprocess.run([sys.executable, "-m", "sphinx", *command, SOURCE, HTML], check=False)
    for path in HTML.rglob("*.html"):
        if path.stat().st_size > MOST_OF_A_PAGE:
            sys.exit(f"{path.relative_to(HTML)} has more than {MOST_OF_A_PAGE} bytes")
    if done.returncode:
        sys.exit(done.returncode)
    print(f"build/docs/html/index.html, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
