"""What `help` says of the traits of every widget."""

from __future__ import annotations

import inspect
import re
import sys

import pytest

from tests.widgets.registry import WIDGETS
from xai_widgets.widgets.base.widget import EngineWidget


def own_traits(widget: type[EngineWidget]) -> dict[str, str]:
    """The help text of each trait that is declared in this project."""
    homes = [
        kind for kind in widget.__mro__ if kind.__module__.startswith(("xai_widgets", "tests"))
    ]
    declared = {name for home in homes for name in vars(home)}
    traits = widget.class_traits()
    return {
        name: trait.help for name, trait in traits.items() if name in declared and name[0] != "_"
    }


@pytest.mark.parametrize("name", WIDGETS)
def test_every_trait_has_a_help_text(name: str) -> None:
    widget = WIDGETS[name].make()
    helps = own_traits(type(widget))
    assert len(helps) >= 8
    for trait, words in helps.items():
        assert words.endswith("."), trait
        assert 8 <= len(words) <= 100, trait
        assert words[0].isupper(), trait
    assert widget.trait_metadata("status", "help") == helps["status"]
    widget.close()


# Given by keyword, and of no use to the browser.
KERNEL_ONLY = {"image", "options", "prefetch", "random_maps", "seed", "stages"}


@pytest.mark.parametrize("name", WIDGETS)
def test_what_is_given_by_keyword_is_sent_to_the_browser(name: str) -> None:
    with WIDGETS[name].make() as widget:
        given = set(widget.trait_names(keyword=True))
        assert given - set(widget.keys) <= KERNEL_ONLY


OF_THE_HOST = {"layout", "tabbable", "tooltip"}


@pytest.mark.parametrize("name", WIDGETS)
def test_editors_know_the_keywords_that_there_are(name: str) -> None:
    with WIDGETS[name].make() as widget:
        home = next(kind for kind in type(widget).__mro__ if "__init__" in vars(kind))
        given = set(widget.trait_names(keyword=True))
    begin = vars(home)["__init__"]
    options = re.fullmatch(r"Unpack\[(\w+)\]", begin.__annotations__.get("options", ""))
    if options is None:
        return  # somebody else's
    known = set(getattr(sys.modules[home.__module__], options[1]).__annotations__)
    named = set(inspect.signature(begin).parameters)
    assert given <= known | named
    further = known - given - OF_THE_HOST
    if name in ("dataset", "faithfulness", "training"):
        assert further == set()  # the others take their methods' parameters
