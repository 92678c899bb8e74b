"""What callers pass for an engine, a layer or several pictures, or why it is none."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Iterator, Mapping
from numbers import Integral
from typing import Any

from torch import nn

from xai_widgets.engine.internals import Internals
from xai_widgets.errors import ExplanationError, Function, a_kind, brief, some_of, strict_keywords
from xai_widgets.images import Picture

_CHANNELS = (1, 2, 3, 4)


def is_engine(value: object) -> bool:
    """Whether it is an engine."""
    return isinstance(getattr(value, "internals", None), Internals)


def check_engine(engine: object, usage: str, *others: object) -> None:
    """Raise ExplanationError for anything that is no engine. `usage` is the call as it should be,
    with its first argument called engine; `others` are the arguments that may have been swapped.
    """
    if is_engine(engine):
        return
    call = usage.partition("(")[0]
    if any(is_engine(other) for other in others):
        raise ExplanationError(
            f"{call} was given {a_kind(engine)} where the engine belongs, and the engine in "
            f"another place: the arguments are swapped; expected {usage}"
        )
    if isinstance(engine, nn.Module):
        raise ExplanationError(
            f"{call} was given {a_kind(engine)}, a network, as its engine; bind it first: "
            f"{usage.replace('engine', 'xw.Engine(model)', 1)}"
        )
    if isinstance(engine, (list, tuple, Mapping)):
        raise ExplanationError(
            f"{call} was given {a_kind(engine)} as its engine; expected one xw.Engine: call it "
            "once for each network, or compare several with GradientComparison"
        )
    raise ExplanationError(
        f"{call} was given {brief(engine)} as its engine; expected an xw.Engine, as in {usage}"
    )


def engine_first(function: Function) -> Function:
    """Make a function of an engine check that it is given one, and name its keywords: see
    `strict_keywords`.
    """
    strict = strict_keywords(function)
    places = [
        p.name
        for p in inspect.signature(function).parameters.values()
        if p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    usage = f"{function.__name__}({', '.join(places)})"

    @functools.wraps(function)
    def checked(*args: Any, **given: Any) -> Any:
        if args or "engine" in given:
            engine, *others = (*args, *given.values()) if args else (given["engine"], *args)
            check_engine(engine, usage, *others)
        return strict(*args, **given)

    return checked  # type: ignore[return-value]  # it has the function's own signature


def layer_name(model: nn.Module, layer: Any) -> str | None:
    """The name of a layer that is given by its name, or as the module itself.

    Raises ExplanationError for a module that is no part of the network, or anything else.
    """
    if layer is None or isinstance(layer, str):
        return layer
    network = type(model).__name__
    if not isinstance(layer, nn.Module):
        raise ExplanationError(
            f"layer is {brief(layer)}; expected the name of a layer, one of engine.layers, or the "
            "module itself"
        )
    for name, module in model.named_modules():
        if module is layer and name:
            return str(name)
    if layer is model:
        raise ExplanationError(
            f"layer is the whole network ({network}); expected one of its layers: a name of "
            "engine.layers, or a module inside"
        )
    alike = [n for n, m in model.named_modules() if n and type(m) is type(layer)]
    raise ExplanationError(
        f"layer is {a_kind(layer)} that is no part of this network ({network}); expected one of "
        "its own modules, or a name of engine.layers"
        + (f"; {type(layer).__name__} in it: {some_of(alike, 3)}" if alike else "")
    )


def several_pictures(images: Any, call: str, way_out: str = "pass a list: [image]") -> list[Any]:
    """The pictures of a call that takes several, as a list; errors as `each_picture`."""
    return list(each_picture(images, call, way_out))


def each_picture(images: Any, call: str, way_out: str = "pass a list: [image]") -> Iterator[Any]:
    """The pictures of a call that takes several, one after another as they are needed.

    Raises ExplanationError for a single picture, a folder, or pairs of picture and label.
    """
    single = ""
    if isinstance(images, (str, os.PathLike)):
        single = f"the path {os.fspath(images)!r}"
        if os.path.isdir(images):
            raise ExplanationError(
                f"images is the folder {os.fspath(images)!r}; {call} takes a list: "
                'sorted(pathlib.Path(folder).glob("*.jpg"))'
            )
    elif isinstance(images, Picture) or type(images).__module__.startswith("PIL."):
        single = "one picture"
    elif hasattr(images, "shape"):
        shape = tuple(images.shape)
        grey = len(shape) == 3 and not {shape[0], shape[-1]} & set(_CHANNELS)
        if len(shape) < 4 and not grey:
            single = f"one picture, {brief(images)}"
    if single:
        raise ExplanationError(f"images is {single}; {call} takes several: {way_out}")
    if hasattr(images, "dataset") and hasattr(images, "batch_size"):
        raise ExplanationError(
            f"images is {a_kind(images)}, which gives batches; {call} takes pictures: "
            "[x for batch, _ in loader for x in batch]"
        )
    if isinstance(images, Mapping):
        raise ExplanationError(
            f"images is {a_kind(images)}; {call} takes a list of pictures: list(images.values())"
        )
    try:
        given = iter(images)
    except TypeError:
        raise ExplanationError(
            f"images is {brief(images)}; {call} takes a list of pictures"
        ) from None
    return _checked(given, call)


def _checked(images: Iterator[Any], call: str) -> Iterator[Any]:
    for number, image in enumerate(images):
        if isinstance(image, (tuple, list)):
            pair = len(image) == 2 and (isinstance(image[1], Integral) or hasattr(image[1], "item"))
            way_out = "[picture for picture, _ in dataset]" if pair else "a flat list"
            what = "a pair of a picture and its label" if pair else brief(image)
            raise ExplanationError(f"images[{number}] is {what}; {call} takes pictures: {way_out}")
        yield image
