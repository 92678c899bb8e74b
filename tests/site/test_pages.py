"""The pages before Sphinx: every public name has its place, and every block of code is one that is
run, or says why it is not.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import xai_widgets as xw
from tools.site import generated, methods, reference
from tools.site.blocks import blocks_of, with_directives
from tools.site.formulas import latex
from tools.site.paths import DOCS, MOVED, ROOT
from xai_widgets.methods import METHODS


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return reference.pages()


def everything_public() -> set[str]:
    """By the package's own account, and not by the generator's."""
    names = set()
    for name in xw.__all__:
        thing = getattr(xw, name)
        if name == "__version__":
            continue
        if hasattr(thing, "__path__"):
            names |= {f"xai_widgets.{name}.{own}" for own in thing.__all__}
        else:
            names.add(f"xai_widgets.{name}")
    return names


def test_no_public_name_is_without_a_page_and_no_page_without_a_name(
    pages: dict[str, str],
) -> None:
    listed = {f"{module}.{name}" for module, name in reference.public_names()}
    assert listed == everything_public()
    text = "\n".join(pages.values())
    for module, name in reference.public_names():
        assert text.count(f"({reference.anchor(module, name)})=\n") == 1, name
        assert f"## {name}\n" in text


def test_no_two_names_have_one_anchor() -> None:
    anchors = [reference.anchor(*name) for name in reference.public_names()]
    assert len(anchors) == len(set(anchors))


def test_every_public_name_is_explained(pages: dict[str, str]) -> None:
    rows = re.findall(
        r"^\| \[`(\w+)`\]\([^)]*\) \| (.*) \|$", pages["reference/index.md"], re.MULTILINE
    )
    assert len(rows) == len(everything_public())
    assert [name for name, words in rows if not words] == []


def test_every_method_has_a_page_with_its_card() -> None:
    made = methods.pages()
    for name, card in METHODS.items():
        page = made[f"guide/methods/{name}.md"]
        assert page.startswith(f"# {card.title}\n")
        assert card.shows in page
        assert card.limits in page
        assert all(f"| `{parameter.name}` |" in page for parameter in card.parameters)
        assert card.citation in page
        assert (DOCS / "guide" / "families" / f"{methods.FAMILIES[card.family]}.md").exists()


@pytest.mark.parametrize(
    ("formula", "typeset"),
    [
        ("∂y/∂x", [r"\frac{\partial y}{\partial x}"]),
        ("max(Σₖ mean(Gₖ) · Aₖ, 0)", [r"\max(\sum _{k}\,\operatorname{mean}(G_{k})\cdot A_{k},0)"]),
        ("A · v₁, v₁ the first", [r"A\cdot v_{1},", r"v_{1}\,\text{ the first }"]),
        ("mean of g(x + n)²", [r"\text{ mean of }\,g(x+n)^{2}"]),
        ("argmin_φ k(z)", [r"\operatorname{argmin}_{\varphi } \,k(z)"]),
    ],
)
def test_a_formula_is_typeset(formula: str, typeset: list[str]) -> None:
    assert latex(formula) == typeset


@pytest.mark.parametrize("name", METHODS)
def test_no_sign_of_a_formula_is_left_over(name: str) -> None:
    for part in latex(METHODS[name].formula):
        assert part.isascii(), part
        assert part.count("{") == part.count("}")


def test_blocks_are_found_in_order_with_what_is_done_to_them() -> None:
    page = (
        "```python\na = 1\n```\n\n```{example}\n:hide:\n\na\n```\n\n```{raises}\nb\n```\n\n"
        "```{not-run} weights.\nc\n```\n\n<!-- not run: no file. -->\n```python\nd\n```\n"
    )
    found = [(block.kind, block.code, block.reason) for block in blocks_of(page)]
    assert found == [
        ("python", "a = 1\n", ""),
        ("example", "a\n", ""),
        ("raises", "b\n", ""),
        ("not-run", "c\n", "weights."),
        ("not-run", "d\n", "no file."),
    ]
    assert "```{not-run} no file.\nd\n```" in with_directives(page)


def test_every_block_that_is_not_run_says_why() -> None:
    pages = [*DOCS.rglob("*.md"), *(ROOT / home for home in MOVED)]
    for path in pages:
        for block in blocks_of(path.read_text(encoding="utf-8")):
            assert block.runs or len(block.reason) > 5, (path, block.line)


def test_every_hand_written_page_is_reached(pages: dict[str, str]) -> None:
    """By a table of contents, which Sphinx checks too; here without Sphinx."""
    entries: set[str] = set()
    for path in [p for p in DOCS.rglob("*.md") if str(p.relative_to(ROOT)) not in MOVED]:
        for block in re.findall(
            r"```\{toctree\}\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL
        ):
            for line in block.splitlines():
                if line and not line.startswith(":"):
                    entries.add(str((path.parent / line).relative_to(DOCS)))
    written = {str(p.relative_to(DOCS))[:-3] for p in DOCS.rglob("*.md")}
    at_home = {str(Path(home).relative_to("docs"))[:-3] for home in MOVED if home[:5] == "docs/"}
    assert written - at_home - entries == {"index"}


def test_generated_parts_are_filled() -> None:
    assert "| `threshold` | `0` | 0 to 1 |" in generated.filled(
        "<!-- generated: traits HeatmapViewer -->"
    )
    assert "[`lime`](../methods/lime.md)" in generated.filled(
        "<!-- generated: methods Surrogate -->"
    )
    for path in DOCS.rglob("*.md"):
        assert "<!-- generated:" not in generated.filled(path.read_text(encoding="utf-8")), path
