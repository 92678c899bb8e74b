from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import xai_widgets as xw
from xai_widgets.demo import network

DATA = os.environ.get("XAI_WIDGETS_DATA")


@pytest.fixture(scope="module")
def engine() -> xw.Engine:
    return xw.demo.engine()


def test_it_says_what_it_is(engine: xw.Engine) -> None:
    assert engine.name == "EfficientNet-Lite0"
    assert not engine.model.training
    assert sum(p.numel() for p in engine.model.parameters()) == 4_652_008
    assert engine.class_names is not None
    assert len(engine.class_names) == 1000
    assert engine.class_names[285] == "Egyptian cat"
    assert tuple(engine.input(xw.demo.photo("cat")).shape) == (1, 3, 224, 224)


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("cat", {"Egyptian cat", "tabby", "tiger cat"}),
        ("coffee", {"espresso", "cup"}),
        ("rocket", {"missile", "projectile"}),
    ],
)
def test_it_recognises_the_shipped_photographs(
    engine: xw.Engine, name: str, classes: set[str]
) -> None:
    assert engine.predict(xw.demo.photo(name)).top(1)[0].name in classes


def test_it_sees_pixels_as_it_was_trained(engine: xw.Engine) -> None:
    """A white picture becomes (1 - 0.498) / 0.502 = 1 everywhere, a black one -0.498 / 0.502."""
    white = engine.input(Image.new("RGB", (300, 300), "white"))
    black = engine.input(Image.new("RGB", (300, 300), "black"))
    np.testing.assert_allclose(white.numpy(), 1.0, atol=1e-6)
    np.testing.assert_allclose(black.numpy(), -0.498 / 0.502, atol=1e-6)


@pytest.mark.skipif(not DATA, reason="set XAI_WIDGETS_DATA to a folder with imagenet_samples")
def test_it_is_as_accurate_as_it_was_measured(engine: xw.Engine) -> None:
    """On all 400 photographs 87.5 % are right; on every eighth of them, 43 of 50."""
    assert DATA is not None
    paths = sorted(Path(DATA, "imagenet_samples").glob("*.jpg"))[::8]
    right = [engine.predict(path).top(1)[0].index == int(path.name[:3]) for path in paths]
    assert len(right) == 50
    assert sum(right) == 43


def test_a_missing_package_is_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(network, "import_module", refuse)
    with pytest.raises(
        xw.ExplanationError, match=r"efficientnet_lite_pytorch.*xai_widgets\[demo\]"
    ):
        xw.demo.engine()
