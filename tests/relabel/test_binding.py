"""Bound to a VAE, re-label distillation is a method of the engine like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import xai_widgets as xw
from tests.relabel.linear import GridVAE, OrthogonalVAE, linear_engine, picture
from xai_widgets.methods import METHODS
from xai_widgets.relabel import RelabelDistillation

X = picture()
NAME = "relabel_distillation"


def bound(vae: object = None) -> xw.Engine:
    engine = linear_engine()
    xw.relabel.bind(engine, vae or OrthogonalVAE())  # type: ignore[arg-type]  # what has both methods
    return engine


def test_it_gives_what_the_class_gives() -> None:
    engine = bound()
    found = engine.explain(X, NAME, samples=200, seed=3, readout="positive")
    direct = RelabelDistillation(
        engine, OrthogonalVAE(), samples=200, seed=3, readout="positive"
    ).explain(X)
    np.testing.assert_array_equal(found.values, direct.attribution.values)
    assert found.parameters == direct.attribution.parameters
    assert (found.score, found.seed) == (direct.attribution.score, 3)
    assert found.title == "Re-label distillation"


def test_it_streams_and_is_remembered() -> None:
    engine = bound()
    steps = list(engine.stream(X, NAME, samples=200))
    assert [step.fraction for step in steps] == [0.5, 1.0]
    passes = len(engine.model.passes)
    assert engine.explain(X, NAME, samples=200).values.any()
    assert len(engine.model.passes) == passes
    xw.relabel.bind(engine, OrthogonalVAE(seed=6))  # another VAE, another method
    engine.explain(X, NAME, samples=200)
    assert len(engine.model.passes) > passes


def test_its_card_makes_controls() -> None:
    engine = bound()
    card = engine.methods[NAME]
    assert card.citation == "Hua, Ge, Zhang 2021"
    assert card.url.endswith("2409.13137")
    by_name = {parameter.name: parameter for parameter in card.parameters}
    assert by_name["samples"].default == 1000
    assert by_name["readout"].choices[:2] == ("auto", "weight")
    assert by_name["temperature"].maximum == 20
    assert card.to_json()["name"] == NAME
    assert NAME not in METHODS
    assert list(engine.methods)[:-1] == list(METHODS)


def test_without_a_vae_the_error_says_how() -> None:
    for ask in (
        lambda: linear_engine().explain(X, NAME),
        lambda: xw.metrics.evaluate(linear_engine(), [X], [NAME], ["sparseness"]),
    ):
        with pytest.raises(xw.ExplanationError, match=r"xw\.relabel\.bind\(engine, vae\)"):
            ask()
    with pytest.raises(xw.ExplanationError, match="expected an object with encode"):
        bound(3)


def test_a_batch_is_its_pictures_one_by_one() -> None:
    engine = bound()
    pictures = [X, X.flip(-1)]
    together = engine.explain_batch(pictures, NAME, targets=0, samples=100)
    for image, found in zip(pictures, together, strict=True):
        alone = engine.explain(image, NAME, target=0, samples=100)
        np.testing.assert_allclose(found.values, alone.values, rtol=1e-3)


def test_measures_take_it() -> None:
    table = xw.metrics.evaluate(bound(), [X], [(NAME, {"samples": 100})], ["sparseness"])
    assert 0 < table.values("relabel_distillation(samples=100)", "sparseness")[0] < 1


def test_doubts_come_with_the_attribution_and_are_saved(tmp_path: Path) -> None:
    found = bound(GridVAE()).explain(X, NAME, samples=100, structure="independent")
    assert "no better than chance" in found.warnings[0]
    assert found.warnings[0] in repr(found)
    assert xw.Attribution.load(found.save(tmp_path / "map")).warnings == found.warnings
    assert bound().explain(X, "saliency").warnings == ()


def test_an_engine_keeps_the_methods_of_the_package() -> None:
    engine = linear_engine()
    with pytest.raises(xw.ExplanationError, match="saliency is a method of the package"):
        engine.add_method(METHODS["saliency"])


def test_in_a_batch_one_may_have_its_first_map_later() -> None:
    """Far from the border, a hundred neighbours are not enough for a few of each class."""
    engine = bound()
    w = engine.model.weight.detach().view(1, 1, 8, 8)
    near, far = 0.5 + 0.05 * w, 0.5 + 0.2 * w
    asked = {"samples": 400, "scale": 1.0, "shape": "even"}
    first = [next(iter(engine.stream(x, NAME, target=0, **asked))).fraction for x in (near, far)]
    assert first[0] < first[1]
    together = engine.explain_batch([near, far], NAME, targets=0, **asked)
    for image, found in zip([near, far], together, strict=True):
        alone = engine.explain(image, NAME, target=0, **asked)
        np.testing.assert_allclose(
            found.values, alone.values, rtol=1e-3, atol=1e-4 * np.abs(alone.values).max()
        )


def test_between_two_maps_it_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xai_widgets.relabel.teacher._AT_ONCE", 8)
    engine = bound()
    steps = engine.stream(X, NAME, samples=400, shape="even")
    fractions = [next(steps).fraction for _ in range(4)]
    assert fractions == [0.25, 0.27, 0.29, 0.31]
    before = len(engine.model.passes)
    steps.close()  # type: ignore[attr-defined]  # a generator
    assert len(engine.model.passes) == before
