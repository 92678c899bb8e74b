"""The reference: every public name, from its docstring and signature."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, get_args

import traitlets

import xai_widgets as xw

WIDGETS = (
    "HeatmapViewer",
    "FaithfulnessViewer",
    "GradientComparison",
    "LatentExplorer",
    "TrainingMonitor",
    "DatasetExplorer",
)
# Pages of the reference, what each says first, and the names on it.
_PAGES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "engine": (
        "Engine, predictions, attributions",
        "`xw.Engine` binds a network once; what it says of a picture is a `Prediction`, and why is "
        "an `Attribution`.",
        ("Engine", "Prediction", "ClassScore", "Attribution", "ExplanationError"),
    ),
    "widgets": (
        "Widgets",
        "The live views. What each is for, and its controls: [gallery](../gallery/index.md).",
        WIDGETS,
    ),
}
_ROOMS = {
    "methods": "Methods: the cards, and how your own becomes one.",
    "metrics": "Measures of explanations.",
    "relabel": "Re-label distillation, and the autoencoders that it needs.",
    "study": "A whole data set.",
    "training": "Training for clearer input gradients.",
    "course": "The course: its exercises, hints and games.",
    "demo": "Networks and pictures that work with no network connection.",
}
_NAMED = re.compile(r"([a-z_]+(?:, [a-z_]+)*): (?=\S)")
_CODE = re.compile(r"(``.+?``|`[^`]+`)", re.DOTALL)


def public_names() -> Iterator[tuple[str, str]]:
    """Every public name: its module, and what it is called there."""
    for _, _, names in _PAGES.values():
        yield from (("xai_widgets", name) for name in names)
    for room in _ROOMS:
        yield from ((f"xai_widgets.{room}", name) for name in getattr(xw, room).__all__)
    known = {name for _, _, names in _PAGES.values() for name in names}
    for name in xw.__all__:
        if name not in known and name not in _ROOMS and name != "__version__":
            yield "xai_widgets", name


def pages() -> dict[str, str]:
    """The pages of the reference by their places."""
    made = {}
    for page, (title, intro, names) in _PAGES.items():
        entries = "\n\n".join(_entry("xai_widgets", name) for name in names)
        made[f"reference/{page}.md"] = (
            f"# {title}\n\n{intro}\n\n{_within('xai_widgets')}{entries}\n"
        )
    for room, intro in _ROOMS.items():
        names = [name for module, name in public_names() if module == f"xai_widgets.{room}"]
        names.sort(key=lambda name: name not in xw.__all__)  # what it is about comes first
        entries = "\n\n".join(_entry(f"xai_widgets.{room}", name) for name in names)
        within = _within(f"xai_widgets.{room}")
        made[f"reference/{room}.md"] = f"# xw.{room}\n\n{intro}\n\n{within}{entries}\n"
    listed = "\n".join([*_PAGES, *_ROOMS])
    made["reference/index.md"] = (
        "# Reference\n\nEvery public name. `import xai_widgets as xw` loads neither torch nor the "
        "widgets: each name is imported when it is first used.\n\n"
        + "\n\n".join(_listed(module) for module in ("xai_widgets", *_homes()))
        + f"\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    )
    return made


def _homes() -> list[str]:
    return [f"xai_widgets.{room}" for room in _ROOMS]


def _listed(module: str) -> str:
    """The names of a module, with a sentence each."""
    rows = "\n".join(
        f"| [`{name}`]({_page_of(module, name)}.md#{anchor(module, name)}) "
        f"| {_first(module, name)} |"
        for home, name in public_names()
        if home == module
    )
    return f"## {module.replace('xai_widgets', 'xw')}\n\n| Name | |\n|---|---|\n{rows}"


def _within(module: str) -> str:
    """Where Sphinx looks first for a type that is named without its module."""
    return f"```{{py:currentmodule}} {module}\n```\n\n"


def _page_of(module: str, name: str) -> str:
    if module != "xai_widgets":
        return module.rpartition(".")[2]
    return next((page for page, (_, _, names) in _PAGES.items() if name in names), "study")


def anchor(module: str, name: str) -> str:
    """Where on its page a name is."""
    thing = _object(module, name)  # method and Method, METHODS and Methods differ by letters only
    kind = "class-" if inspect.isclass(thing) else "" if callable(thing) else "data-"
    return f"{kind}{module}.{name}".lower().replace("_", "-").replace(".", "-")


def _object(module: str, name: str) -> Any:
    owner: Any = xw if module == "xai_widgets" else getattr(xw, module.rpartition(".")[2])
    return getattr(owner, name)


def _first(module: str, name: str) -> str:
    """The first sentence of what is said of a name."""
    thing = _object(module, name)
    if not (inspect.isclass(thing) or callable(thing) or inspect.ismodule(thing)):
        return DATA.get(name, "")
    said = markdown(inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")
    sentence = re.split(r"(?<=[.:;])\s", said)[0].rstrip(":;.")
    return f"{sentence}.".replace("|", "\\|")


DATA = {
    "METHODS": "All methods of this library by name, each with its card.",
    "EXERCISES": "All exercises of the course by number.",
    "MEASURES": "All measures that `evaluate` knows by name.",
}


def _entry(module: str, name: str) -> str:
    thing = _object(module, name)
    anchors = f"({anchor(module, name)})=\n"
    if getattr(xw, name, None) is thing and module != "xai_widgets":
        anchors = f"({anchor('xai_widgets', name)})=\n{anchors}"
    heading = f"{anchors}## {name}"
    if inspect.ismodule(thing):
        return f"{heading}\n\n{_module(thing)}"
    if inspect.isclass(thing):
        return f"{heading}\n\n{_class(module, name, thing)}"
    if callable(thing):
        return f"{heading}\n\n{_function('function', module, name, thing)}"
    return f"{heading}\n\n::::{{py:data}} {name}\n:module: {module}\n\n{DATA.get(name, '')}\n::::"


def _module(module: ModuleType) -> str:
    """A room of the methods: its docstring, and the methods in it by their pages."""
    from xai_widgets.methods import METHODS

    own = [n for n, card in METHODS.items() if card.function.__module__ == module.__name__]
    listed = ", ".join(f"[`{name}`](../guide/methods/{name}.md)" for name in own)
    return f"{markdown(inspect.getdoc(module) or '')}\n\n{listed and f'Methods: {listed}.'}"


def _class(module: str, name: str, thing: type) -> str:
    parts = [f":::::{{py:class}} {name}{_signature(thing)}", f":module: {module}", ""]
    parts += [markdown(inspect.getdoc(thing) or ""), ""]
    if fields := _fields(thing):
        parts += [fields, ""]
    if issubclass(thing, traitlets.HasTraits):
        parts += [
            f"Its [traits are a table](../gallery/{thing.__dict__['_static']}.md#traits).",
            "",
        ]
    parts += [_member(module, name, own, value) for own, value in _members(thing)]
    return "\n".join([*parts, ":::::"])


def _fields(thing: type) -> str:
    """The fields of a dataclass or a named tuple, with their types."""
    if dataclasses.is_dataclass(thing):
        shown = [(f.name, f.type) for f in dataclasses.fields(thing) if not f.name.startswith("_")]
    elif issubclass(thing, tuple) and hasattr(thing, "_fields"):
        shown = list(thing.__annotations__.items())
    else:
        return ""
    rows = [f"| `{name}` | `{_annotation(kind)}` |".replace("`|`", "or") for name, kind in shown]
    rows = [f"| `{n}` | {_cell(_annotation(k))} |" for n, k in shown]
    return "\n".join(["| Field | Type |", "|---|---|", *rows])


def _cell(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _members(thing: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties, those of its own first, that are from this package."""
    seen: set[str] = set()
    for owner in thing.__mro__:
        if not owner.__module__.startswith("xai_widgets"):
            continue
        for name, value in vars(owner).items():
            if name.startswith("_") or name in seen:
                continue
            seen.add(name)
            kind = (classmethod, staticmethod, property)
            if inspect.isfunction(value) or isinstance(value, kind):
                yield name, value


def _member(module: str, owner: str, name: str, value: Any) -> str:
    if isinstance(value, property):
        kind = _annotation(inspect.signature(value.fget).return_annotation) if value.fget else ""
        said = markdown(inspect.getdoc(value) or "")
        return (
            f"::::{{py:property}} {owner}.{name}\n:module: {module}\n"
            f"{f':type: {kind}' if kind else ''}\n\n{said}\n::::\n"
        )
    directive = "method"
    if isinstance(value, (classmethod, staticmethod)):
        directive = type(value).__name__
        value = value.__func__
    return _function(directive, module, f"{owner}.{name}", value)


def _function(directive: str, module: str, name: str, thing: Callable[..., Any]) -> str:
    signature = _signature(thing, bound=directive in {"method", "classmethod"})
    said = markdown(inspect.getdoc(thing) or "")
    return f"::::{{py:{directive}}} {name}{signature}\n:module: {module}\n\n{said}\n::::\n"


def _signature(thing: Any, *, bound: bool = False) -> str:
    try:
        signature = inspect.signature(thing)
    except (ValueError, TypeError):
        return ""
    parameters = [
        p.replace(
            annotation=_Shown(_annotation(p.annotation)) if p.annotation is not p.empty else p.empty
        )
        for p in list(signature.parameters.values())[1 if bound else 0 :]
        if not p.name.startswith("_")
    ]
    returned = signature.return_annotation
    if inspect.isclass(thing) or returned is signature.empty:
        returned = signature.empty
    else:
        returned = _Shown(_annotation(returned))
    text = str(signature.replace(parameters=parameters, return_annotation=returned))
    return re.sub(r"<(?:object|function|class|module|factory)[^>]*>", "...", text).replace(
        "\n", " "
    )


class _Shown:
    """An annotation that prints as it was written."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _annotation(kind: Any) -> str:
    """A type as it is written, without the modules it is from."""
    text = (
        kind
        if isinstance(kind, str)
        else getattr(kind, "__name__", None)
        if not get_args(kind)
        else None
    )
    text = str(kind) if text is None else text
    text = text.strip("'\"")
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z])", "", text)


def markdown(docstring: str) -> str:
    """A docstring as Markdown: what is code stays as it is, no sign has a meaning elsewhere, and
    lines that begin with names and a colon are a list of them.
    """
    lines: list[str] = []
    within = ""  # what the paragraph is: code, names or prose
    for line in docstring.splitlines():
        if not line.strip():
            within = "" if within != "code" else within
            lines.append("")
            continue
        named = _NAMED.match(line)
        if line.startswith("    ") and within in ("", "code"):
            within = "code"
            lines.append(line)
        elif named and within != "prose":
            within = "names"
            names = ", ".join(f"`{name}`" for name in named[1].split(", "))
            lines.append(f"- {names}: {_escaped(line[named.end() :])}")
        else:
            within = within if within == "names" and line.startswith(" ") else "prose"
            lines.append(("  " if within == "names" else "") + _escaped(line.strip()))
    return "\n".join(lines)


def _escaped(line: str) -> str:
    parts = _CODE.split(line)
    return "".join(
        part.replace("``", "`") if i % 2 else re.sub(r"([*<\[\]$])", r"\\\1", part)
        for i, part in enumerate(parts)
    )


def traits(widget: str) -> str:
    """The traits of a widget that a person may set or read, as a table from their declarations."""
    thing = getattr(xw, widget)
    own, shown = [], []
    for name, trait in sorted(thing.class_traits().items()):
        from_here = trait.this_class.__module__.startswith("xai_widgets")
        if name.startswith("_") or not from_here or not trait.help:
            continue
        row = f"| `{name}` | {_default(trait)} | {_values(trait)} | {markdown(trait.help)} |"
        (own if trait.metadata.get("keyword") else shown).append(row)
    head = "| Trait | Default | Values | |\n|---|---|---|---|"
    return (
        "Set these by keyword when the widget is made, or later; observe and link them.\n\n"
        + "\n".join([head, *own])
        + "\n\nThese are set by the widget, to be read and observed.\n\n"
        + "\n".join([head, *shown])
    )


def _default(trait: Any) -> str:
    value = trait.default()
    if value is traitlets.Undefined or (isinstance(value, (dict, list, tuple)) and not value):
        return ""
    return f"`{value!r}`".replace("|", "\\|")


def _values(trait: Any) -> str:
    if choices := getattr(trait, "choices", None):
        return ", ".join(f"`{choice}`" for choice in choices)
    if getattr(trait, "low", None) is not None:
        return f"{trait.low:g} to {trait.high:g}"
    if isinstance(trait, traitlets.Bool):
        return "True, False"
    return ""
