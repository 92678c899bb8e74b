"""Networks by name, with the preprocessing and class names that belong to their weights."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

import xai_widgets as xw
from xai_widgets import _torchvision
from xai_widgets.engine.sources import from_timm, from_torchvision
from xai_widgets.errors import ExplanationError


def test_a_torchvision_network_with_random_weights() -> None:
    torch.manual_seed(0)
    engine = xw.Engine.from_torchvision("squeezenet1_1", weights=None)
    assert engine.name == "squeezenet1_1"
    assert not engine.model.training
    assert engine.class_names[281] == "tabby"
    assert len(engine.class_names) == 1000
    red = np.zeros((300, 400, 3), np.uint8)
    red[..., 0] = 255
    x = engine.input(red)
    assert x.shape == (1, 3, 224, 224)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    expected = [(1 - mean[0]) / std[0], -mean[1] / std[1], -mean[2] / std[2]]
    np.testing.assert_allclose(x.mean((0, 2, 3)), expected, rtol=1e-5)
    assert (engine.picture(red).pixels == (255, 0, 0)).all()
    assert engine.predict(red).probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_options_go_to_the_engine() -> None:
    engine = xw.Engine.from_torchvision("squeezenet1_1", weights=None, layer="features.7")
    assert engine.layer == "features.7"
    with pytest.raises(TypeError, match="chanels"):
        xw.Engine.from_torchvision("squeezenet1_1", weights=None, chanels=3)


@pytest.mark.parametrize(
    ("name", "weights", "message"),
    [
        ("resnet_18", None, 'torchvision has no classifier "resnet_18". Did you mean "resnet18"'),
        ("fcn_resnet50", None, 'no classifier "fcn_resnet50"'),
        ("resnet50", "IMAGENET1K_V3", "expected one of IMAGENET1K_V1, IMAGENET1K_V2"),
        ("resnet50", "imagenet1k_v1", 'Did you mean "IMAGENET1K_V1"'),
    ],
)
def test_names_that_torchvision_does_not_have(name: str, weights: str | None, message: str) -> None:
    with pytest.raises(ExplanationError, match=message):
        from_torchvision(name, weights)


def test_every_torchvision_classifier_has_preprocessing_and_names() -> None:
    models = _torchvision.load().models
    for name in models.list_models(module=models):
        entry = models.get_model_weights(name)["DEFAULT"]
        assert len(entry.meta["categories"]) == 1000, name
        assert xw.images.Preprocessor.of(entry).mean is not None, name


def test_a_timm_network_with_random_weights() -> None:
    torch.manual_seed(0)
    engine = xw.Engine.from_timm("test_resnet.r160_in1k", pretrained=False)
    assert engine.name == "test_resnet.r160_in1k"
    assert not engine.model.training
    assert engine.class_names[281] == "tabby, tabby cat"
    grey = np.full((200, 260, 3), 128, np.uint8)
    assert engine.input(grey).shape == (1, 3, 160, 160)
    assert engine.explain(grey, "hires_cam", target=3).values.ndim == 2
    assert np.abs(engine.picture(grey).pixels.astype(int) - 128).max() <= 1


def test_what_a_library_takes_besides_may_be_left_out() -> None:
    for made, classes in [
        (from_timm("test_resnet.r160_in1k", False), 1000),
        (from_timm("test_resnet.r160_in1k", False, {"num_classes": 7}), 7),
        (from_torchvision("squeezenet1_1", None), 1000),
        (from_torchvision("squeezenet1_1", None, {"num_classes": 7}), 7),
    ]:
        with torch.no_grad():
            assert made["model"].eval()(torch.zeros(1, 3, 64, 64)).shape == (1, classes)
        assert (made["class_names"] is None) == (classes == 7)


def test_a_name_that_timm_does_not_have() -> None:
    with pytest.raises(ExplanationError, match='timm has no classifier "resnet1"'):
        from_timm("resnet1", False)


def test_without_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ExplanationError, match="install it with: pip install timm"):
        from_timm("resnet18", False)
