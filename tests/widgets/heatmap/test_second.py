"""A second map: which one it is, what is sent of it, and what the stills make of both."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from torch import nn

from tests.widgets.conftest import photograph
from tests.widgets.heatmap.test_viewer import at_rest, channel
from xai_widgets import HeatmapViewer
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.render.colours import lut, overlay
from xai_widgets.widgets.heatmap.second import difference, ends_in_words, two_sided


def opened(engine: Engine, **options: Any) -> HeatmapViewer:
    viewer = HeatmapViewer(engine, photograph(), prefetch=False, **options)
    viewer.open()
    viewer.wait(60)
    return viewer


def picture(viewer: HeatmapViewer) -> npt.NDArray[np.uint8]:
    png = viewer.to_png(what="picture")
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def likeliest(engine: Engine) -> list[int]:
    return [score.index for score in engine.predict(photograph()).top(3)]


def test_another_class_is_explained_beside_the_first(engine: Engine) -> None:
    first, second, _ = likeliest(engine)
    viewer = opened(engine, method="saliency", other_target=second)
    assert viewer.attribution.target.index == first
    assert viewer.other_attribution.target.index == second
    assert (viewer.other_frame["method"], viewer.other_frame["target"]["index"]) == (
        "saliency",
        second,
    )
    alone = engine.explain(photograph(), "saliency", target=second)
    np.testing.assert_array_equal(viewer.other_attribution.values, alone.values)
    assert viewer.status["state"] == "idle"


def test_another_method_by_name_and_none_again(engine: Engine) -> None:
    viewer = opened(engine, method="saliency", other_method="grad_cam", layer="first")
    assert viewer.other_frame["layer"] == "first"
    assert viewer.other_attribution.method == "grad_cam"
    channel(viewer).change(other_method="occlusion")
    at_rest(viewer)
    assert viewer.other_attribution.method == "occlusion"
    assert channel(viewer).updates("other_frame")[-1]["method"] == "occlusion"
    viewer.other_method = None
    at_rest(viewer)
    assert (viewer.other_frame, viewer.other_attribution) == ({}, None)


def test_classes_are_known_by_name(engine: Engine) -> None:
    viewer = opened(engine, other_target="blue whale")
    assert viewer.other_target == 2
    with pytest.raises(ExplanationError, match="blue whale"):
        viewer.other_target = "blue whal"
    with pytest.raises(ExplanationError, match='Did you mean "saliency"'):
        viewer.other_method = "salience"
    assert (viewer.other_target, viewer.other_method) == (2, None)


def test_a_difference_of_nothing_else_is_that_of_the_next_class(engine: Engine) -> None:
    first, second, third = likeliest(engine)
    assert opened(engine, arrangement="difference").other_target == second
    assert opened(engine, arrangement="difference", target=second).other_target == first
    chosen = opened(engine, arrangement="difference", other_target=third)
    assert chosen.other_target == third
    viewer = opened(engine, method="saliency")
    viewer.arrangement = "difference"
    viewer.wait(60)
    assert viewer.other_attribution.target.index == second


def test_a_network_of_one_class_has_no_next_one() -> None:
    one = nn.Sequential(nn.Conv2d(3, 1, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    viewer = HeatmapViewer(Engine(one), photograph(), "saliency", prefetch=False)
    with pytest.raises(ExplanationError, match="set other_method"):
        viewer.arrangement = "difference"
    assert viewer.arrangement == "overlay"


def test_the_second_map_is_forgotten_with_the_picture(engine: Engine) -> None:
    viewer = opened(engine, method="saliency", other_target=2)
    before = viewer.other_attribution
    viewer.image = photograph(seed=5)
    viewer.wait(60)
    assert viewer.other_attribution is not before
    assert viewer.other_attribution.picture_digest == viewer.attribution.picture_digest


def test_a_second_map_that_is_not_possible_is_said_so(engine: Engine) -> None:
    viewer = opened(engine, method="saliency", other_method="attention_rollout")
    assert viewer.status["state"] == "error"
    assert "attention" in viewer.status["message"]
    assert viewer.attribution.method == "saliency"
    assert viewer.other_attribution is None


def test_maps_of_one_method_are_subtracted_as_they_are(engine: Engine) -> None:
    first, second = (engine.explain(photograph(), "saliency", target=i) for i in (0, 1))
    found = difference(first, second, clip=99.5, interpolation="smooth")
    expected = first.values.sum(0) - second.values.sum(0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_maps_of_two_methods_are_subtracted_as_shares(engine: Engine) -> None:
    saliency = engine.explain(photograph(), "saliency", target=0)
    product = engine.explain(photograph(), "input_x_gradient", target=0)
    found = difference(saliency, product, clip=100, interpolation="smooth")
    parts = [one.values.sum(0) for one in (saliency, product)]
    expected = parts[0] / np.abs(parts[0]).max() - parts[1] / np.abs(parts[1]).max()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert np.abs(difference(saliency, saliency, clip=99.5, interpolation="smooth")).max() == 0


def test_the_still_of_a_difference_has_zero_at_its_centre(engine: Engine) -> None:
    viewer = opened(engine, method="saliency", arrangement="difference", colormap="viridis")
    field = difference(
        viewer.attribution, viewer.other_attribution, clip=99.5, interpolation="smooth"
    )
    expected = overlay(photograph(), field, signed=True, colormap="coolwarm", opacity=0.7)
    np.testing.assert_array_equal(picture(viewer), expected)
    names = engine.class_names or []
    first, second, _ = likeliest(engine)
    assert viewer._of_both() == (
        f"Saliency · {names[first]} − {names[second]}",
        f"Red is more for {names[first]}, blue more for {names[second]}.",
    )
    assert repr(viewer).startswith(f"HeatmapViewer(Saliency · {names[first]} − {names[second]}")


def test_the_still_of_a_swipe_has_each_map_on_its_side(engine: Engine) -> None:
    viewer = opened(
        engine, method="saliency", arrangement="swipe", other_method="eigen_cam", split=0.25
    )
    look = viewer._appearance()
    first = overlay(photograph(), viewer.attribution.heatmap(), signed=True, **look)
    second = overlay(photograph(), viewer.other_attribution.values, signed=True, **look)
    shown = picture(viewer)
    np.testing.assert_array_equal(shown[:, :7], first[:, :7])
    np.testing.assert_array_equal(shown[:, 9:], second[:, 9:])
    assert (shown[:, 7:9] == 255).all()
    viewer.other_method = None
    viewer.wait(60)
    np.testing.assert_array_equal(picture(viewer)[:, 9:], photograph()[:, 9:])


def test_colours_of_a_difference_have_names_that_are_true() -> None:
    assert [two_sided(name) for name in ("auto", "inferno", "BrBG", "berlin")] == [
        "coolwarm",
        "coolwarm",
        "BrBG",
        "berlin",
    ]
    assert ends_in_words("viridis") == ("blue", "red")
    assert ends_in_words("BrBG") == ("brown", "teal")
    for name in ("coolwarm", "berlin"):
        low, high = lut(name)[1].astype(int), lut(name)[255].astype(int)
        assert low[2] > low[0]
        assert high[0] > high[2]


def test_a_saved_page_keeps_the_second_map(engine: Engine, tmp_path: Any) -> None:
    viewer = opened(engine, method="saliency", arrangement="swipe", other_method="occlusion")
    page = viewer.to_html(tmp_path / "page.html").read_text()
    assert '"other_method": "occlusion"' in page or '"other_method":"occlusion"' in page
