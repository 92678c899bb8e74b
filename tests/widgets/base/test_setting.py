"""What is set on a widget is one of its controls, or an error that names the right one."""

from __future__ import annotations

import pytest
import traitlets as t

from tests.widgets.conftest import photograph
from tests.widgets.registry import WIDGETS, small
from xai_widgets import FaithfulnessViewer, GradientComparison, HeatmapViewer
from xai_widgets.errors import ExplanationError
from xai_widgets.widgets.base.widget import EngineWidget

OURS = [name for name in WIDGETS if name != "a stranger's"]


@pytest.mark.parametrize("name", WIDGETS)
def test_it_shares_the_width_of_a_box(name: str) -> None:
    with WIDGETS[name].make() as widget:
        assert (widget.layout.flex, widget.layout.min_width) == ("1 1 0", "0")
    with WIDGETS[name].make(layout={"width": "300px"}) as widget:
        assert (widget.layout.width, widget.layout.flex) == ("300px", None)


@pytest.mark.parametrize("kind", [HeatmapViewer, FaithfulnessViewer, GradientComparison])
def test_swapped_arguments_are_named(kind: type[EngineWidget]) -> None:
    with pytest.raises(ExplanationError, match=rf"swapped; expected {kind.__name__}\(engine, im"):
        kind(photograph(), small())  # type: ignore[call-arg, arg-type]  # a mistake


@pytest.mark.parametrize("name", ["heatmap", "faithfulness", "latent"])
def test_a_picture_is_set_as_the_image(name: str) -> None:
    with WIDGETS[name].make() as widget, pytest.raises(t.TraitError, match="set 'image'"):
        widget.picture = "cat.jpg"


@pytest.mark.parametrize("name", OURS)
def test_what_is_no_control_cannot_be_set(name: str) -> None:
    with WIDGETS[name].make() as widget:
        with pytest.raises(AttributeError, match="has no 'colour_of_map' to be set"):
            widget.colour_of_map = "gray"
        with pytest.raises(t.TraitError, match="is what is shown"):
            widget.frame = "a map"
        widget._own = 1  # as a subclass may


def test_the_nearest_control_is_named() -> None:
    with WIDGETS["heatmap"].make() as widget:
        for wrong, right in {"colourmap": "colormap", "img": "image", "alpha": "opacity"}.items():
            with pytest.raises(AttributeError, match=f'Did you mean "{right}"'):
                setattr(widget, wrong, None)


def test_a_class_of_somebody_else_has_what_it_likes() -> None:
    with WIDGETS["a stranger's"].make() as widget:
        widget.note = "mine"
        assert widget.note == "mine"
