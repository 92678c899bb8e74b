"""What the pages need of Sphinx: directives for code that was run, and formulas as MathML."""

from __future__ import annotations

import html
import json
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tools.site.notebooks import FIGURE_OUTPUT
from tools.site.paths import CACHE, FIGURES, HTML, SOURCE
from tools.site.running import outputs_of

_FIGURE = """<div class="xw-figure" data-figure="{name}" data-kind="{kind}">
<noscript><img src="{root}_figures/{name}.png" alt="{says}"></noscript>
<p class="xw-figure-waits">{says}</p>
</div>"""


class LiveFigure(nodes.General, nodes.Element):
    """A live widget on a page."""


class _Ran(SphinxDirective):
    """A block that was run before Sphinx began: it shows the code and what that gave."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = {"hide": directives.flag}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        code = nodes.literal_block("\n".join(self.content), "\n".join(self.content))
        code["language"] = "python"
        made: list[nodes.Node] = [] if "hide" in self.options else [code]
        return [*made, *self._after()]

    def _after(self) -> list[nodes.Node]:
        return shown(self._output())

    def _output(self) -> dict[str, str]:
        """What this block gave: the blocks of a page are met in the order they stand in."""
        place = self.env.current_document.setdefault("xw_blocks", {"at": None})
        text = (SOURCE / f"{self.env.docname}.md").read_text(encoding="utf-8")
        outputs = outputs_of(self.env.docname, text)
        from tools.site.blocks import blocks_of

        own = [i for i, block in enumerate(blocks_of(text)) if block.kind != "python"]
        place["at"] = 0 if place["at"] is None else place["at"] + 1
        return outputs[own[place["at"]]]


class Example(_Ran):
    """Code, and what it gives."""


class Raises(_Ran):
    """Code, and the message that it raises."""

    def _after(self) -> list[nodes.Node]:
        said = nodes.literal_block("", self._output()["error"], classes=["xw-error"])
        said["language"] = "none"
        return [said]


class NotRun(_Ran):
    """Code that is not run when the site is built, and why."""

    required_arguments = 1
    optional_arguments = 0

    def _after(self) -> list[nodes.Node]:
        self._output()
        reason = nodes.paragraph("", "", classes=["xw-not-run"])
        reason += nodes.Text(f"Not run when this page was made: {self.arguments[0]}")
        return [reason]


def shown(output: dict[str, str]) -> list[nodes.Node]:
    """The nodes for what a block gave."""
    made: list[nodes.Node] = []
    if "stdout" in output:
        made.append(_printed(output["stdout"]))
    if "figure" in output:
        made.append(LiveFigure(name=output["figure"]))
    if "png" in output:
        picture = f'<img class="xw-picture" alt="" src="data:image/png;base64,{output["png"]}">'
        made.append(nodes.raw("", picture, format="html"))
    if "html" in output:
        box = f'<div class="xw-output" tabindex="0">{output["html"]}</div>'
        made.append(nodes.raw("", box, format="html"))
    if "text" in output:
        made.append(_printed(output["text"]))
    return made


def _printed(text: str) -> nodes.literal_block:
    block = nodes.literal_block(text, text, classes=["xw-printed"])
    block["language"] = "none"
    return block


def _figures_of_notebooks(_app: Sphinx, doctree: nodes.document) -> None:
    """A cell's output that names a figure becomes it."""
    for block in [*doctree.findall(nodes.literal_block)]:
        if found := FIGURE_OUTPUT.fullmatch(block.astext().strip()):
            block.replace_self(LiveFigure(name=found[1]))


def _visit_figure(translator: Any, node: LiveFigure) -> None:
    about = json.loads((FIGURES / f"{node['name']}.json").read_text(encoding="utf-8"))
    depth = translator.builder.current_docname.count("/")
    translator.body.append(
        _FIGURE.format(
            name=node["name"],
            kind=about["kind"],
            says=html.escape(about["says"]),
            root="../" * depth,
        )
    )


def _typeset(translator: Any, node: nodes.Element) -> None:
    block = isinstance(node, nodes.math_block)
    made = convert(node.astext(), display="block" if block else "inline")
    translator.body.append(f'<div class="math">{made}</div>' if block else made)
    raise nodes.SkipNode


def _copy_figures(app: Sphinx, problem: Exception | None) -> None:
    if problem is not None or app.builder.format != "html":
        return
    target = HTML / "_figures"
    target.mkdir(parents=True, exist_ok=True)
    used = {path.name for path in FIGURES.glob("*") if path.suffix in {".js", ".png"}}
    for old in target.iterdir():
        if old.name not in used:
            old.unlink()
    for name in used:
        if not (target / name).exists():
            (target / name).write_bytes((FIGURES / name).read_bytes())


def setup(app: Sphinx) -> dict[str, Any]:
    CACHE.mkdir(parents=True, exist_ok=True)
    app.add_directive("example", Example)
    app.add_directive("raises", Raises)
    app.add_directive("not-run", NotRun)
    app.add_node(LiveFigure, html=(_visit_figure, lambda translator, node: None))
    app.add_html_math_renderer("mathml", (_typeset, None), (_typeset, None))
    app.connect("doctree-read", _figures_of_notebooks)
    app.connect("build-finished", _copy_figures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
