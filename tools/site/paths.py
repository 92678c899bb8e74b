"""Where the site is made from, and where it is made."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BUILD = ROOT / "build" / "docs"
SOURCE = BUILD / "source"  # the pages as Sphinx reads them, the generated ones among them
CACHE = BUILD / "cache"  # what the code of a page gave, by the checksum of all it depends on
FIGURES = CACHE / "figures"
HTML = BUILD / "html"

# Pages whose home is elsewhere in the repository, and where they are on the site.
MOVED = {
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "docs/relabel.md": "guide/relabel_distillation.md",
    "docs/hosts.md": "measured/hosts.md",
    "docs/interpretable_gradients.md": "guide/interpretable_gradients.md",
    "docs/interpretable_gradients_measured.md": "measured/interpretable_gradients.md",
    "docs/sanity.md": "measured/sanity.md",
    "docs/zoo.md": "measured/zoo.md",
    "notebooks/course/README.md": "course/index.md",
    "notebooks/course/teaching.md": "course/teaching.md",
    "xai_widgets/probe/README.md": "project/probe.md",
    "xai_widgets/study/README.md": "guide/studies.md",
    "xai_widgets/widgets/base/README.md": "project/widgets.md",
}
# Notebooks that are pages, likewise; of the course the edition for students.
LESSONS = [path.name for path in sorted((ROOT / "notebooks" / "course").glob("*.ipynb"))]
NOTEBOOKS = {
    **{
        f"notebooks/{path.name}": f"notebooks/{path.name}"
        for path in (ROOT / "notebooks").glob("*.ipynb")
    },
    **{f"notebooks/course/{name}": f"course/{name}" for name in LESSONS},
}
