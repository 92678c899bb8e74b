"""The TypeScript of what travels is written from its TypedDicts, and what travels is like them."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal, get_origin

import pytest
from typing_extensions import NotRequired, TypedDict, get_type_hints, is_typeddict

from tests.widgets.conftest import photograph
from xai_widgets import FaithfulnessViewer, HeatmapViewer
from xai_widgets.engine import Engine
from xai_widgets.methods import METHODS
from xai_widgets.widgets.base import wire as shared
from xai_widgets.widgets.base.options import MethodOptions
from xai_widgets.widgets.faithfulness import wire as faithfulness

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tools_wire", ROOT / "tools" / "wire.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_types_are_those_of_python(generator: ModuleType) -> None:
    assert generator.TYPESCRIPT.read_text(encoding="utf-8") == generator.typescript(), (
        "run `python tools/wire.py`"
    )


class Inner(TypedDict):
    x: int


class Everything(Inner):
    """All that the wire can carry."""

    number: float
    maybe: int | None
    left_out: NotRequired[str]
    word: Literal["a", "b"]
    data: bytes
    pair: tuple[int, str]
    size: Annotated[list[int], 2]
    several: list[Inner]
    deep: list[list[int]]
    table: Mapping[str, float | None]
    anything: dict[str, Any]


def test_types_are_translated(generator: ModuleType) -> None:
    assert (
        generator._interface(Everything)
        == """\
/** All that the wire can carry. */
export interface Everything extends Inner {
  number: number; maybe: number | null; left_out?: string; word: "a" | "b"; data: Bytes;
  pair: readonly [number, string]; size: readonly [number, number]; several: readonly Inner[];
  deep: ReadonlyArray<readonly number[]>; table: Readonly<Record<string, number | null>>;
  anything: Readonly<Record<string, unknown>>;
}
"""
    )


def test_a_short_one_is_a_line(generator: ModuleType) -> None:
    assert generator._interface(Inner) == "export interface Inner { x: number }\n"


def test_what_has_no_form_on_the_wire_is_refused(generator: ModuleType) -> None:
    with pytest.raises(SystemExit, match="no form on the wire"):
        generator._type(set[int])


def like(value: Any, declared: Any) -> None:
    """Assert that a value has the keys of a TypedDict, all the way down."""
    if is_typeddict(declared):
        hints = get_type_hints(declared, include_extras=True)
        required = {name for name, hint in hints.items() if get_origin(hint) is not NotRequired}
        assert set(value) >= required, declared
        hints = get_type_hints(declared)
        assert set(value) <= set(hints), (declared, set(value) - set(hints))
        for name, item in value.items():
            like(item, hints[name])
    for inner in getattr(declared, "__args__", ()):
        if is_typeddict(inner) and isinstance(value, list):
            for item in value:
                like(item, inner)


def test_what_the_viewers_send_is_what_is_declared(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph(), prefetch=False)
    like(viewer.frame, shared.Frame)
    like(viewer.status, shared.Status)
    like(viewer.picture, shared.Picture)
    like(viewer.network, shared.Network)
    like(viewer.prediction, shared.Prediction)
    for card in viewer.cards:
        like(card, shared.MethodCard)
    for layer in viewer.layers:
        like(layer, shared.Layer)
    curves = FaithfulnessViewer(
        engine, photograph(), ["saliency"], steps=3, random_maps=2, view="sanity", stages=2
    )
    curves.wait(60)
    like(curves.frame, faithfulness.CurvesFrame)
    like(curves.check, faithfulness.SanityCheck)


def test_editors_know_the_parameters_of_all_methods() -> None:
    names = {parameter.name for method in METHODS.values() for parameter in method.parameters}
    assert set(get_type_hints(MethodOptions)) - {"parameters"} >= names
