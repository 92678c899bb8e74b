"""Pages and tables of the methods, from their cards and from what was measured of them."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from tools.site.formulas import latex
from tools.site.paths import ROOT
from xai_widgets.methods import METHODS, Method, Parameter

# A family and its page.
FAMILIES = {
    "CAM": "cam",
    "Gradient": "gradient",
    "Path": "path",
    "Perturbation": "perturbation",
    "Surrogate": "surrogate",
    "Attention": "attention",
}
PICTURES = ("cat", "motorcycle")
# What makes slow methods quick enough for a page, and is said there.
_QUICKER = {
    "rise": "samples=500",
    "lime": "samples=200, count=30",
    "kernel_shap": "samples=200, count=30",
    "occlusion": "window=32, stride=16",
    "feature_ablation": "count=30",
    "extremal_perturbation": "steps=30",
    "opti_cam": "steps=20",
    "exact_shapley": "count=7",
    "integrated_gradients": "steps=16",
    "guided_ig": "steps=16",
    "blur_ig": "steps=16",
    "smooth_grad": "samples=16",
    "var_grad": "samples=16",
    "squared_smooth_grad": "samples=16",
    "gradient_shap": "samples=16",
}


@cache
def _sanity() -> dict[str, Any]:
    return dict(json.loads((ROOT / "benchmarks/results/sanity.json").read_text(encoding="utf-8")))


def pages() -> dict[str, str]:
    """The page of every method by its place."""
    made = {f"guide/methods/{name}.md": _page(card) for name, card in METHODS.items()}
    made["guide/methods/index.md"] = _index()
    return made


def _index() -> str:
    names = "\n".join(METHODS)
    return (
        "# All methods\n\nA page for each: what it shows, what it cannot, its formula and its "
        f"parameters. Choosing among them is on [another page](../choosing.md).\n\n{table()}\n\n"
        f"```{{toctree}}\n:hidden:\n\n{names}\n```\n"
    )


def table(family: str | None = None, *, to: str = "") -> str:
    """The methods, or those of a family, as a table with links to their pages."""
    rows = [
        f"| [`{name}`]({to}{name}.md) | {card.shows} | {card.cost} |"
        for name, card in METHODS.items()
        if family in (None, card.family)
    ]
    return "\n".join(["| Method | What it shows | Cost |", "|---|---|---|", *rows])


def _page(card: Method) -> str:
    parts = [
        f"# {card.title}",
        f"`{card.name}` · [{card.family}](../families/{FAMILIES[card.family]}.md)",
        f"**Shows.** {card.shows}",
        f"**Cannot show.** {card.limits}",
        formula(card),
        _symbols(card),
        _chips(card),
        "## Live",
        _live(card),
        "## Parameters",
        parameters(card),
        "## From Python",
        _usage(card),
        "## Is it to be trusted?",
        _measured(card),
        "## Source",
        f"[{card.citation}]({card.url})" if card.url else card.citation,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def formula(card: Method) -> str:
    """A method's formula, typeset; a line may end between its parts."""
    return "{.xw-formula}\n" + " ".join(f"{{math}}`{part}`" for part in latex(card.formula))


def _symbols(card: Method) -> str:
    """What the letters of a formula stand for, as far as it has them."""
    known = {
        "y": "y the score that is explained",
        "x": "x the picture as the network gets it",
        "A": "A the layer's output" if card.takes_layer else "A attention",
        "G": "G the gradient of y with respect to A",
        "b": "b the baseline",
        "g": "g the gradient that arrives there"
        if card.needs_rectifiers
        else "g the gradient of y with respect to its argument",
        "n": "n noise",
        "m": "m a mask",
        "u": "u what enters it" if card.needs_rectifiers else "",
        "z": "z which segments are shown, 0 or 1 each",
    }
    letters = set(_letters(card.formula))
    said = [words for letter, words in known.items() if letter in letters and words]
    return f"*Here {'; '.join(said)}.*" if said else ""


def _letters(formula: str) -> list[str]:
    return re.findall(r"(?<![A-Za-z'])[A-Za-z](?![A-Za-z'])", formula)


def _chips(card: Method) -> str:
    chips = [
        f"costs {card.cost}",
        "values have signs" if card.signed else "values are not negative",
        "one class's map" if card.class_specific else "the same for every class",
        "looks at a layer" if card.takes_layer else "",
        "usable early, then refined" if card.anytime else "at once",
        "needs rectifiers (ReLU and its kin)" if card.needs_rectifiers else "",
        "needs attention" if card.needs_attention else "",
        _chip_of_sanity(card.name),
    ]
    items = "\n".join(f"<li>{chip}</li>" for chip in chips if chip)
    return f'```{{raw}} html\n<ul class="xw-chips">\n{items}\n</ul>\n```'


def _chip_of_sanity(name: str) -> str:
    row = _sanity()["rows"].get(name)
    if row is None:
        return "sanity: not measured"
    told = row["randomised"][0]
    return f"sanity: correlation {told:.2f} with a random network's map"


def _live(card: Method) -> str:
    if card.needs_attention:
        return (
            "The demo network has no attention, and a transformer with weights is not among what "
            "works with no network connection. With timm and a connection:\n\n"
            "```{not-run} the weights are downloaded.\n"
            'engine = xw.Engine.from_timm("vit_small_patch16_224")\n'
            f'xw.HeatmapViewer(engine, "cat.jpg", "{card.name}")\n```\n\n'
            "Asked of a network without attention it says so:\n\n"
            f'```{{raises}}\nengine.explain("cat.jpg", "{card.name}")\n```'
        )
    quicker = _QUICKER.get(card.name, "")
    figures = [
        f'```{{example}}\n:hide:\n\nxw.HeatmapViewer(engine, "{name}.jpg", "{card.name}", '
        f"prefetch=False{quicker and ', ' + quicker})\n```"
        for name in PICTURES
    ]
    said = (
        "The same two pictures as on every method's page, explained for the class the demo network "
        "finds most probable. Change the class, the colours or the threshold in the figure."
    )
    if quicker:
        said += f" Here with `{quicker}`, to be quick."
    return "\n\n".join([said, *figures])


def parameters(card: Method) -> str:
    """A method's parameters as a table."""
    own = [_row(parameter) for parameter in card.parameters]
    if card.takes_layer:
        layer = "a name of `engine.layers`, or a module"
        own.insert(0, f"| `layer` | the best one | {layer} | Where the method looks. |")
    if not own:
        return "None, beside the target."
    return "\n".join(["| Parameter | Default | Values | |", "|---|---|---|---|", *own])


def _row(parameter: Parameter) -> str:
    words = f"{parameter.label}{' ' + parameter.help if parameter.help else ''}"
    return f"| `{parameter.name}` | `{parameter.default!r}` | {parameter.span} | {words} |"


def _usage(card: Method) -> str:
    if card.needs_attention:
        return f'```{{not-run}} needs a transformer.\nengine.explain("cat.jpg", "{card.name}")\n```'
    own = f", {_QUICKER[card.name]}" if card.name in _QUICKER else ""
    return (
        f'```{{example}}\nwhy = engine.explain("cat.jpg", "{card.name}"{own})\n'
        "why.values.shape, why.heatmap().shape\n```"
    )


def _measured(card: Method) -> str:
    sanity = _sanity()
    row = sanity["rows"].get(card.name)
    if row is None:
        return "It has not been measured on the demo network."
    mass, randomised, other = (row[name] for name in ("mass", "randomised", "other_class"))

    def interval(values: list[float]) -> str:
        return f"{values[0]:.2f} ({values[1]:.2f} to {values[2]:.2f})"

    return (
        "| Check | Value and 95 % interval | What it should be |\n|---|---|---|\n"
        f"| Share of the map on the object, which covers {sanity['area']:.0%} of the picture | "
        f"{interval(mass)} | well above {sanity['area']:.2f} |\n"
        f"| Correlation with the map of a network with random weights | {interval(randomised)} | "
        "near 0 |\n"
        f"| Correlation with the map of another class | {interval(other)} | below 1 |\n\n"
        f"Measured on {sanity['pictures']} drawn pictures whose object is known, on "
        f"{sanity['date']}, by `{sanity['command']}`. [All methods side by side]"
        "(../../measured/sanity.md)."
    )
