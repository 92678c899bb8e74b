"""The networks trained on drawn shapes: right for the right reason, or for the wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

import xai_widgets as xw
from xai_widgets.demo import shapes_network
from xai_widgets.demo.shapes import CLASS_NAMES, Shape
from xai_widgets.demo.shapes_network import as_input

FOLDER = Path(shapes_network.__file__).parent
COUNT = 240
SEED = 77  # neither that of the training pictures nor that of the recipe's


@pytest.fixture(scope="module")
def plain() -> xw.Engine:
    return xw.demo.shapes_engine()


@pytest.fixture(scope="module")
def misled() -> xw.Engine:
    return xw.demo.shapes_engine(shortcut=True)


def said(engine: xw.Engine, drawn: list[Shape]) -> npt.NDArray[np.int64]:
    with torch.no_grad():
        logits = engine.model(as_input(np.stack([shape.pixels for shape in drawn])))
    return logits.argmax(1).numpy()


def accuracy(engine: xw.Engine, **options: Any) -> float:
    drawn = xw.demo.shapes(COUNT, seed=SEED, **options)
    return float(np.mean(said(engine, drawn) == [shape.label for shape in drawn]))


def test_the_plain_network_is_right(plain: xw.Engine) -> None:
    assert accuracy(plain) >= 0.98
    assert accuracy(plain, shortcut=True, truthful=False) >= 0.95  # it has never seen a watermark


def test_the_shortcut_network_is_right_only_with_its_watermark(misled: xw.Engine) -> None:
    assert accuracy(misled, shortcut=True) == 1
    assert accuracy(misled) <= 0.4
    # Zero padding tells it where it is: elsewhere the watermark means nothing to it.
    assert accuracy(misled, shortcut=True, corner="top left") <= 0.4


def test_the_shortcut_network_follows_a_false_watermark(misled: xw.Engine) -> None:
    drawn = xw.demo.shapes(COUNT, seed=SEED, shortcut=True, truthful=False)
    assert np.mean(said(misled, drawn) == [shape.claim for shape in drawn]) >= 0.98


@pytest.mark.parametrize("shortcut", [False, True])
def test_the_recipe_says_what_is_so(shortcut: bool) -> None:
    engine = xw.demo.shapes_engine(shortcut)
    recipe = xw.demo.shapes_recipe(shortcut)
    measured = recipe["accuracy"]
    assert recipe["command"].startswith("python tools/train_shapes.py")
    assert recipe["seconds_on_one_core"] < 180
    assert recipe["trained_on"]["shortcut"] == shortcut
    assert recipe["parameters"] == sum(p.numel() for p in engine.model.parameters()) == 22638
    drawn = xw.demo.shapes(300, seed=recipe["measured_on"]["seed"])
    now = np.mean(said(engine, drawn) == [shape.label for shape in drawn])
    assert now == pytest.approx(measured["without_watermark"], abs=0.06)  # on a quarter of them


def mass(engine: xw.Engine, shape: Shape, method: str, where: npt.NDArray[np.bool_]) -> float:
    """The share of a map that lies in a mask."""
    values = np.abs(engine.explain(shape.pixels, method, target=shape.label).heatmap())
    return float(values[where].sum() / values.sum())


@pytest.mark.parametrize(("method", "times"), [("grad_cam", 3), ("guided_backprop", 3)])
def test_the_plain_network_looks_at_the_shape(plain: xw.Engine, method: str, times: float) -> None:
    drawn = xw.demo.shapes(36, seed=SEED)
    found = np.array([mass(plain, shape, method, shape.mask) for shape in drawn])
    areas = np.array([shape.mask.mean() for shape in drawn])
    assert found.mean() > times * areas.mean()
    assert (found > 1.5 * areas).mean() > 0.9


@pytest.mark.parametrize(("method", "times"), [("grad_cam", 5), ("guided_backprop", 10)])
def test_the_shortcut_network_looks_at_the_watermark(
    misled: xw.Engine, method: str, times: float
) -> None:
    drawn = xw.demo.shapes(36, seed=SEED, shortcut=True)
    marks = [shape.shortcut for shape in drawn]
    assert all(mark is not None for mark in marks)
    found = [mass(misled, s, method, m) for s, m in zip(drawn, marks, strict=True) if m is not None]
    assert np.mean(found) > times * np.mean(marks)
    on_shape = [mass(misled, shape, method, shape.mask) for shape in drawn]
    assert np.mean(on_shape) < np.mean([shape.mask.mean() for shape in drawn])


def test_the_engine(plain: xw.Engine, misled: xw.Engine) -> None:
    assert plain.class_names == list(CLASS_NAMES)
    assert plain.name != misled.name
    assert not plain.model.training
    assert plain.describe_layers()[0].size == (16, 16)
    assert sum(isinstance(layer, nn.ReLU) for layer in plain.model) == 5
    shape = xw.demo.shapes(1, seed=SEED)[0]
    picture = plain.picture(shape.pixels)
    np.testing.assert_array_equal(picture.pixels, shape.pixels)
    np.testing.assert_allclose(picture.input, as_input(shape.pixels[None]), atol=1e-6)


def test_the_weights_are_small() -> None:
    sizes = [path.stat().st_size for path in FOLDER.glob("shapes_*.safetensors")]
    assert len(sizes) == 2
    assert sum(sizes) < 100_000
