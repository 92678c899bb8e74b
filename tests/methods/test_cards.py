"""A method explains itself: as text, as HTML, to help() and to tab."""

from __future__ import annotations

import copy
import pickle
import pydoc
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import xai_widgets as xw
from tests.networks import cnn
from xai_widgets.methods import METHODS, Methods
from xai_widgets.methods.parameters import Parameter


class Tags(HTMLParser):
    """Checks that tags are closed in the order in which they were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "hr":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_card_of_a_method() -> None:
    assert repr(METHODS["occlusion"]).splitlines() == [
        "Occlusion · occlusion · Perturbation",
        "  Shows        How much the class score falls when a window of the picture is covered.",
        "  Cannot show  One window size; a covered picture is an unusual one; misses evidence",
        "               shown twice.",
        "  Costs        1 forward per window position",
        "  Formula      y(x) − y(x with the window covered), averaged where windows overlap",
        "  Source       Zeiler, Fergus 2014",
        "  Parameters",
        "    window=32          2 to 256 px: height of the cover",
        "    width=0            0 to 256 px: of the cover; 0: as wide as high",
        "    shape='rectangle'  rectangle, ellipse",
        "    stride=16          1 to 128 px: distance between positions",
        "    baseline='zero'    zero, black, mean, blur",
    ]
    assert repr(METHODS["grad_cam"]).endswith("  No parameters")
    assert repr(METHODS["grad_cam"]).startswith("Grad-CAM · grad_cam · CAM, takes layer=\n")


@pytest.mark.parametrize("name", METHODS)
def test_every_card_is_short_and_whole(name: str) -> None:
    card = METHODS[name]
    lines = repr(card).splitlines()
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 24
    tags = Tags()
    tags.feed(card._repr_html_())
    assert tags.open == []
    shown = " ".join(tags.words)
    for words in (card.title, card.name, card.shows, card.limits, card.cost, card.citation):
        assert words in shown
    for parameter in card.parameters:
        assert f"{parameter.name}={parameter.default!r}" in shown
        assert parameter.span in shown


@pytest.mark.parametrize("name", METHODS)
def test_help_shows_the_call_and_the_ranges(name: str) -> None:
    card = METHODS[name]
    shown = pydoc.render_doc(card, renderer=pydoc.plaintext)
    assert f'engine.explain(image, "{name}", target=None' in shown
    assert ("layer=None" in shown) == card.takes_layer
    for parameter in card.parameters:
        assert f"{parameter.name}={parameter.default!r}" in shown
        assert parameter.span in shown


def test_methods_are_a_mapping_that_completes_its_names() -> None:
    methods = xw.Engine(cnn()).methods
    assert isinstance(methods, Methods)
    assert methods._ipython_key_completions_() == list(methods) == list(METHODS)
    assert "grad_cam" in methods
    assert ["grad_cam"] not in methods  # unhashable, and no name
    assert methods.get("gradcam") is None
    assert methods == METHODS
    assert len(methods) == len(list(methods))


def test_an_unknown_name_is_a_key_error_in_words() -> None:
    with pytest.raises(KeyError) as raised:
        METHODS["gradcam"]
    assert str(raised.value).startswith("unknown method 'gradcam'. Did you mean \"grad_cam\"?")
    assert isinstance(raised.value, xw.ExplanationError)


def test_a_method_of_one_engine_is_among_its_methods() -> None:
    engine, other = xw.Engine(cnn()), xw.Engine(cnn())
    card = replace(METHODS["saliency"], name="mine")
    engine.add_method(card)
    assert engine.methods["mine"] is card
    assert list(engine.methods) == [*METHODS, "mine"]
    assert "mine" not in other.methods
    assert 'explain(image, "mine"' in str(card.__doc__)


def test_all_methods_by_family() -> None:
    lines = repr(METHODS).splitlines()
    assert lines[0] == "CAM"
    assert "  grad_cam               Grad-CAM" in lines
    assert [line for line in lines if not line.startswith(" ")] == list(
        dict.fromkeys(card.family for card in METHODS.values())
    )
    tags = Tags()
    tags.feed(METHODS._repr_html_())  # type: ignore[attr-defined]  # of Methods
    assert tags.open == []


def test_a_card_travels() -> None:
    card = METHODS["occlusion"]
    assert pickle.loads(pickle.dumps(card)) == card
    assert copy.deepcopy(card).parameters == card.parameters


def test_the_span_of_a_parameter_in_words() -> None:
    for given, words in [
        ({"kind": "int", "minimum": 2, "maximum": 256, "unit": "px"}, "2 to 256 px"),
        ({"kind": "float", "minimum": 0.5, "maximum": 1}, "0.5 to 1"),
        ({"kind": "float", "minimum": 0}, ""),
        ({"kind": "float", "maximum": 1}, ""),
        ({"kind": "bool"}, "True, False"),
        ({"kind": "choice", "choices": ("rectangle", "ellipse")}, "rectangle, ellipse"),
    ]:
        assert Parameter(name="a", label="A", default=None, **given).span == words
