"""The engine: requests, their targets, layers and parameters, and what is wrong with them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.networks import (
    Counting,
    Gelu,
    cnn,
    picture,
    seeded,
)
from tests.requests import EVERYWHERE
from tests.transformers import attending
from xai_widgets.engine import Engine
from xai_widgets.engine.engine import _MOVED
from xai_widgets.errors import ExplanationError
from xai_widgets.methods import METHODS
from xai_widgets.targets import Target

NAMES = ["tench", "Goldfish", "white shark", "tiger shark", "Tench"]
QUICK = [m.name for m in EVERYWHERE.values() if not m.anytime]
X = picture()


def counting() -> tuple[Engine, list[int]]:
    model = Counting(cnn()).eval()
    return Engine(model), model.passes


def test_targets_by_index_name_function_and_none() -> None:
    engine = Engine(cnn(), class_names=NAMES)
    logits = engine.model(X)[0].detach()
    top = int(logits.argmax())
    probabilities = logits.softmax(0)
    for target, index in ((None, top), (2, 2), (np.int64(2), 2), ("white shark", 2)):
        found = engine.explain(X, "saliency", target=target)
        assert found.target == Target(index, NAMES[index])
        assert found.score == pytest.approx(float(logits[index]), rel=1e-6)
        assert found.probability == pytest.approx(float(probabilities[index]), rel=1e-5)
        x = X.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(engine.model(x)[0, index], x)
        np.testing.assert_allclose(found.values, gradient[0], rtol=1e-5, atol=1e-8)


def test_a_target_of_ones_own() -> None:
    def margin(output: Tensor) -> Tensor:
        return output[:, 1] - output[:, 0]

    engine = Engine(cnn())
    found = engine.explain(X, "saliency", target=margin)
    one, zero = (engine.explain(X, "saliency", target=i) for i in (1, 0))
    np.testing.assert_allclose(found.values, one.values - zero.values, rtol=1e-4, atol=1e-7)
    assert found.target.name == "margin"
    assert found.target.index is None
    assert found.probability is None
    assert found.score == pytest.approx(one.score - zero.score, rel=1e-5)


def test_a_target_that_cannot_be_hashed() -> None:
    class Weighted:
        """Compares by value, so that it has no hash."""

        def __init__(self, weights: list[float]) -> None:
            self.weights = weights

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Weighted) and self.weights == other.weights

        __hash__ = None  # type: ignore[assignment]

        def __call__(self, output: Tensor) -> Tensor:
            return output @ torch.tensor(self.weights)

    engine = Engine(cnn())
    for weights in ([1.0, 0, 0, 0, 0], [0, 0, 0, 1.0, 0]):
        found = engine.explain(X, "saliency", target=Weighted(weights))
        plain = engine.explain(X, "saliency", target=weights.index(1.0))
        np.testing.assert_allclose(found.values, plain.values, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (5, "target is 5, but the network has 5 classes: expected 0 to 4"),
        (-1, "target is -1"),
        (True, "target is True; expected a class index"),
        (1.5, r"target is 1\.5 \(float\)"),
        ("goldfishes", "target is 'goldfishes'.*Did you mean \"Goldfish\""),
        ("shark", 'Did you mean "white shark" or "tiger shark"'),
        ("TENCH", "is the name of several classes: 0 .* 4"),
        (lambda output: 3.0, "returned float; expected a tensor"),
        (lambda output: output, r"expected floating point \(1,\): one number per picture"),
        (lambda output: output.detach()[:, 0], "cut off from the network"),
    ],
)
def test_wrong_targets(target: Any, message: str) -> None:
    engine = Engine(cnn(), class_names=NAMES)
    with pytest.raises(ExplanationError, match=message):
        engine.explain(X, target=target)
    with pytest.raises(ExplanationError, match=message):
        engine.internals.resolve_target(X, target)


def test_a_name_without_class_names() -> None:
    with pytest.raises(ExplanationError, match="the engine was given no class_names"):
        Engine(cnn()).explain(X, target="cat")


def test_a_network_that_says_nothing_finite_has_no_top_1() -> None:
    model = cnn()
    with torch.no_grad():
        model.head.bias[0] = float("nan")
    with pytest.raises(ExplanationError, match="output is not finite"):
        Engine(model).explain(X)
    assert math.isnan(Engine(model).explain(X, "saliency", target=0).score)


def test_the_engines_own_layer_comes_first() -> None:
    engine = Engine(cnn(), layer="conv1")
    assert engine.layers == ["conv1", "rectify after conv2", "conv2"]
    assert engine.explain(X, "grad_cam").layer == "conv1"
    assert engine.explain(X, "grad_cam", layer="conv2").layer == "conv2"
    assert engine.explain(X, "saliency").layer is None


@pytest.mark.parametrize(
    ("method", "layer", "message"),
    [
        ("grad_cam", "conv_2", 'unknown layer "conv_2"; .* Did you mean "conv2"'),
        ("hires_cam", "head", r'layer "head" gives out \(1, 5\), which is no map'),
        ("saliency", "conv2", "saliency explains the picture itself and takes no layer"),
    ],
)
def test_wrong_layers(method: str, layer: str, message: str) -> None:
    engine = Engine(cnn())
    with pytest.raises(ExplanationError, match=message):
        engine.explain(X, method, layer=layer)


def test_an_unknown_default_layer_is_told_at_the_first_picture() -> None:
    engine = Engine(cnn(), layer="conv9")
    with pytest.raises(ExplanationError, match='unknown layer "conv9"'):
        engine.explain(X)


@pytest.mark.parametrize(
    ("method", "parameters", "message"),
    [
        ("gradcam", {}, 'unknown method .gradcam.. Did you mean "grad_cam"'),
        ("saliency", {"steps": 3}, "saliency has no parameter 'steps'; it has no parameters"),
        ("occlusion", {"windows": 8}, 'no parameter .windows.*Did you mean "window"'),
        ("occlusion", {"window": 1}, "occlusion: window=1 is outside 2 to 256 px"),
        ("occlusion", {"window": 8.0}, r"occlusion: window=8\.0 is not a whole number"),
        ("occlusion", {"window": True}, "occlusion: window=True is not a whole number"),
        (
            "occlusion",
            {"baseline": "Blur"},
            'is not one of zero, black, mean, blur. Did you mean "blur"',
        ),
        ("occlusion", {"window": 8, "stride": 9}, "stride=9 leaves gaps"),
    ],
)
def test_wrong_methods_and_parameters(
    method: str, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ExplanationError, match=message):
        Engine(cnn()).explain(X, method, **parameters)


def test_a_wrong_request_is_refused_before_the_first_step() -> None:
    engine, passes = counting()
    for wrong in ({"method": "nothing"}, {"method": "occlusion", "window": 0}):
        with pytest.raises(ExplanationError):
            engine.stream(X, **wrong)
    assert passes == []


def test_methods_that_cannot_explain_a_network_are_named() -> None:
    attention = {m.name for m in METHODS.values() if m.needs_attention}
    assert Engine(attending(cnn())).internals.unavailable(X) == {}
    said = "needs attention layers; this network has none"
    assert Engine(cnn()).internals.unavailable(X) == dict.fromkeys(attention, said)
    unavailable = Engine(seeded(Gelu())).internals.unavailable(X)
    rectifying = {m.name for m in METHODS.values() if m.needs_rectifiers}
    assert set(unavailable) == rectifying | attention
    assert "this network has none" in unavailable["guided_backprop"]
    flat = Engine(
        seeded(nn.Sequential(nn.Flatten(), nn.Linear(768, 8), nn.ReLU(), nn.Linear(8, 3)))
    )
    on_maps = {m.name for m in METHODS.values() if m.takes_layer}
    assert set(flat.internals.unavailable(X)) == on_maps | attention
    with pytest.raises(ExplanationError, match="has no layer with a map over the picture"):
        flat.explain(X, "grad_cam")
    assert np.abs(flat.explain(X, "guided_backprop").values).max() > 0


def test_a_model_that_is_no_module() -> None:
    with pytest.raises(ExplanationError, match=r"model is a str; expected a torch\.nn\.Module"):
        Engine("resnet18")  # type: ignore[arg-type]


def test_a_device_where_the_network_is_not() -> None:
    with pytest.raises(ExplanationError, match=r"device='cuda', but .* model\.to\('cuda'\)"):
        Engine(cnn(), device="cuda")
    assert Engine(cnn(), device="cpu").explain(X).values.shape == (8, 8)
    assert Engine(cnn(), device=torch.device("cpu")).name == "Cnn"


@pytest.mark.parametrize("names", [NAMES, tuple(NAMES), dict(enumerate(NAMES)), np.array(NAMES)])
def test_class_names_in_every_form(names: Any) -> None:
    engine = Engine(cnn(), class_names=names)
    assert engine.class_names == NAMES
    assert engine.internals.resolve_target(X, "Goldfish") == Target(1, "Goldfish")
    assert {c.name for c in engine.predict(X).top(5)} == set(NAMES)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("cat", "class_names='cat' is one string"),
        ({0: "a", 2: "b"}, "class_names has 2 entries but none for index 1"),
    ],
)
def test_wrong_class_names(names: Any, message: str) -> None:
    with pytest.raises(ExplanationError, match=message):
        Engine(cnn(), class_names=names)


def test_no_class_names() -> None:
    engine = Engine(cnn())
    assert engine.class_names is None
    assert engine.internals.resolve_target(X, 2).name == "class 2"
    assert repr(engine) == f"Engine(Cnn, no preprocessing, cpu, layer {engine.layers[0]})"
    own = Engine(cnn(), class_names=NAMES, name="Own", layer="conv1")
    assert repr(own) == "Engine(Own, 5 classes, no preprocessing, cpu, layer conv1)"


def test_prediction() -> None:
    prediction = Engine(cnn(), class_names=NAMES).predict(X)
    expected = cnn()(X)[0].softmax(0).detach().numpy()
    np.testing.assert_allclose(prediction.probabilities, expected, rtol=1e-6)
    assert prediction.probabilities.dtype == np.float32
    order = np.argsort(-expected)
    assert [s.index for s in prediction.top(3)] == list(order[:3])


def test_what_an_engine_shows_is_what_people_need() -> None:
    assert {name for name in dir(Engine(cnn())) if not name.startswith("_")} == {
        *("add_method", "class_names", "explain", "explain_batch", "explain_many"),
        *("forget", "from_timm"),
        *("from_torchvision", "input", "internals", "layer", "layers", "methods", "model", "name"),
        *("picture", "predict", "preprocessing", "stream"),
    }


@pytest.mark.parametrize("name", sorted(_MOVED))
def test_former_names_still_work_and_say_where_they_went(name: str) -> None:
    engine = Engine(cnn())
    with pytest.warns(DeprecationWarning, match=rf"engine\.internals\.{name}") as caught:
        former = getattr(engine, name)
    assert caught[0].filename == __file__
    assert former == getattr(engine.internals, name)


def test_a_misspelt_attribute() -> None:
    with pytest.raises(AttributeError, match="'Engine' object has no attribute 'explian'"):
        Engine(cnn()).explian  # type: ignore[attr-defined]  # noqa: B018


def test_the_layer_and_the_names_can_be_changed_later() -> None:
    engine = Engine(cnn())
    engine.layer, engine.class_names, engine.name = "conv1", NAMES, "fish"
    assert engine.layers[0] == "conv1"
    assert engine.explain(X, target="tench").target == Target(0, "tench")
    assert engine.explain(X, target="tench").layer == "conv1"
    assert repr(engine) == "Engine(fish, 5 classes, no preprocessing, cpu, layer conv1)"
