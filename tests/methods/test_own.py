"""Methods from elsewhere become methods like any other, and leave the network as found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
import zennit.composites
import zennit.rules
from captum import attr
from torch import Tensor, nn

import xai_widgets as xw
from tests.condition import Condition
from tests.networks import cnn, picture
from xai_widgets.methods import registry

X = picture()


@pytest.fixture(autouse=True)
def forget_afterwards() -> Iterator[None]:
    before = dict(registry._methods)
    yield
    registry._methods.clear()
    registry._methods.update(before)


def squares(network: nn.Module, x: Tensor, index: int) -> Tensor:
    x.requires_grad_(True)
    (gradient,) = torch.autograd.grad(network(x)[:, index].sum(), x)
    return gradient**2


def test_a_plain_function_is_a_method() -> None:
    card = xw.methods.from_callable("squares", squares, signed=False)
    engine = xw.Engine(cnn("module"))
    engine.model.train()
    before = Condition.of(engine.model)
    found = engine.explain(X, "squares", target=3)
    assert before.differences(Condition.of(engine.model)) == []
    saliency = engine.explain(X, "saliency", target=3).values
    np.testing.assert_allclose(found.values, saliency**2, atol=1e-5 * (saliency**2).max())
    assert engine.methods["squares"] is card
    assert (card.family, card.title) == ("Own", "Squares")


def test_a_function_defined_anew_takes_the_place_of_the_former() -> None:
    engine = xw.Engine(cnn("module"))
    xw.methods.from_callable("squares", squares)
    first = engine.explain(X, "squares", target=3).values
    xw.methods.from_callable("squares", lambda network, x, index: 2 * squares(network, x, index))
    np.testing.assert_allclose(engine.explain(X, "squares", target=3).values, 2 * first)


def test_a_coarse_map_of_ones_own() -> None:
    xw.methods.from_callable("coarse", lambda n, x, i: x.mean(1)[:, ::4, ::4], space="layer")
    values = xw.Engine(cnn("module")).explain(X, "coarse", target=0).values
    np.testing.assert_allclose(values, X.mean(1)[0, ::4, ::4].numpy())


@pytest.mark.parametrize("name", ["saliency", "no name"])
def test_names_that_are_taken_or_none(name: str) -> None:
    with pytest.raises(xw.ExplanationError, match=name):
        xw.methods.from_callable(name, squares)


def test_what_is_returned_is_checked() -> None:
    engine = xw.Engine(cnn("module"))
    xw.methods.from_callable("flat", lambda network, x, index: x.flatten(1))
    with pytest.raises(xw.ExplanationError, match=r"flat returned values of shape \(1, 768\)"):
        engine.explain(X, "flat", target=0)
    xw.methods.from_callable("none", lambda network, x, index: None)  # type: ignore[arg-type, return-value]  # what is refused
    with pytest.raises(xw.ExplanationError, match="none returned a NoneType"):
        engine.explain(X, "none", target=0)
    xw.methods.from_callable("squares", squares)
    with pytest.raises(xw.ExplanationError, match="class name or index"):
        engine.explain(X, "squares", target=lambda output: output[:, 0])


def test_captum() -> None:
    model = cnn("module")
    xw.methods.from_captum("deep_lift", attr.DeepLift, multiply_by_inputs=True)
    xw.methods.from_captum("their_gradient", attr.Saliency, abs=False)
    engine = xw.Engine(model)
    before = Condition.of(model)
    found = engine.explain(X, "their_gradient", target=3).values
    saliency = engine.explain(X, "saliency", target=3).values
    np.testing.assert_allclose(found, saliency, atol=1e-5 * np.abs(saliency).max())
    assert before.differences(Condition.of(model)) == []


def test_zennit_hands_the_whole_score_back() -> None:
    """On a network without biases LRP-epsilon keeps the sum, and no hook stays behind."""

    model = nn.Sequential(
        nn.Conv2d(3, 6, 3, bias=False), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(6, 4, bias=False),
    ).eval()  # fmt: skip
    with torch.no_grad():
        model[4].weight.abs_()
    xw.methods.from_zennit("lrp", zennit.composites.EpsilonPlus)
    before = Condition.of(model)
    found = xw.Engine(model).explain(X, "lrp", target=2)
    assert before.differences(Condition.of(model)) == []
    assert found.values.sum() == pytest.approx(found.score, rel=1e-4)


def test_a_method_that_puts_back_other_parameters_leaves_the_networks_own() -> None:
    """Of the same values: a training that goes on would otherwise train what nobody uses."""

    def doubled(network: nn.Module, x: Tensor, index: int) -> Tensor:
        found = {name: value.clone() for name, value in network.state_dict().items()}
        network.load_state_dict({k: 2 * v for k, v in found.items()}, assign=True)
        try:
            return squares(network, x, index)
        finally:
            network.load_state_dict(found, assign=True)

    xw.methods.from_callable("doubled", doubled, signed=False)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 4, bias=False)).eval()
    before, parameter = Condition.of(model), model[1].weight
    x = picture()
    found = xw.Engine(model).explain(x, "doubled", target=2).values
    assert before.differences(Condition.of(model)) == []
    assert model[1].weight is parameter
    expected = (2 * parameter[2].detach()).square().view(3, *x.shape[2:])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


class Answer(nn.Module):
    """The same network, with its logits in a mapping, beside something else."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 6, 3), nn.ReLU())
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        maps = self.network(x)
        return {"features": maps.mean((2, 3)), "logits": self.head(maps.mean((2, 3)))}


class Logits(Answer):
    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]  # the point of it
        return super().forward(x)["logits"]


def alike() -> tuple[nn.Module, nn.Module]:
    """Two networks of the same weights, the first with its logits in a mapping."""
    torch.manual_seed(0)
    answer, logits = Answer().eval(), Logits().eval()
    logits.load_state_dict(answer.state_dict())
    return answer, logits


OWN: dict[str, Callable[[str], object]] = {
    "deep_lift": lambda name: xw.methods.from_captum(name, attr.DeepLift),
    "noise_tunnel": lambda name: xw.methods.from_captum(
        name, lambda network: attr.NoiseTunnel(attr.Saliency(network)), stdevs=0.0
    ),
    "layer_gradients": lambda name: xw.methods.from_captum(name, attr.LayerIntegratedGradients),
    "lrp": lambda name: xw.methods.from_zennit(name, zennit.composites.EpsilonPlusFlat),
    "named_rules": lambda name: xw.methods.from_zennit(
        name, lambda: zennit.composites.NameMapComposite([(["network.0"], zennit.rules.ZPlus())])
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("own", OWN)
def test_on_any_output(own: str) -> None:
    """Logits in a mapping are explained as bare logits are, and the network is left as it was."""
    OWN[own](own)
    answer, logits = alike()
    before = Condition.of(answer)
    found = xw.Engine(answer).explain(X, own, target=2)
    assert before.differences(Condition.of(answer)) == []
    expected = xw.Engine(logits).explain(X, own, target=2).values
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found.values, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_captum_explains_functions_of_the_output_too() -> None:
    xw.methods.from_captum("deep_lift", attr.DeepLift)
    answer, _ = alike()
    engine = xw.Engine(answer)
    found = engine.explain(X, "deep_lift", target=lambda output: output["logits"][:, 2]).values
    np.testing.assert_allclose(found, engine.explain(X, "deep_lift", target=2).values, atol=1e-6)


@pytest.mark.parametrize("layer", [None, "network.0", "network.2"])
@pytest.mark.parametrize("number", [0, 1])
def test_captums_layer_methods_take_the_engines_layer(number: int, layer: str | None) -> None:
    xw.methods.from_captum("their_cam", attr.LayerGradCam, layer=True, relu_attributions=True)
    network = alike()[number]
    engine = xw.Engine(network)
    theirs = engine.explain(X, "their_cam", target=1, layer=layer)
    ours = engine.explain(X, "grad_cam", target=1, layer=layer)
    assert (theirs.layer, theirs.space, theirs.values.shape) == (
        ours.layer,
        "layer",
        ours.values.shape,
    )
    np.testing.assert_allclose(theirs.values, ours.values, atol=1e-6)


def test_captums_layer_of_the_network_itself() -> None:
    _, logits = alike()
    made = {"layer": logits.get_submodule("network.0")}
    xw.methods.from_captum("their_cam", attr.LayerGradCam, make=made, relu_attributions=True)
    found = xw.Engine(logits).explain(X, "their_cam", target=1).values
    ours = xw.Engine(logits).explain(X, "grad_cam", target=1, layer="network.0").values
    np.testing.assert_allclose(found, ours, atol=1e-6)
    with pytest.raises(xw.ExplanationError, match="is no part of the network Answer"):
        xw.Engine(alike()[0]).explain(X, "their_cam", target=1)


def test_layers_of_tokens_lie_over_the_picture() -> None:
    """captum's values for tokens (N, T, C), summed over channels, in the tokens' places."""
    network = Tokens()
    xw.methods.from_captum("theirs", attr.LayerGradientXActivation)
    engine = xw.Engine(network)
    layer = engine.layers[0]
    theirs = engine.explain(X, "theirs", target=1, layer=layer).values
    ours = engine.explain(X, "hires_cam", target=1, layer=layer).values
    np.testing.assert_allclose(theirs, ours, atol=1e-6)


class Tokens(nn.Module):
    """Patches as tokens, an MLP on each, the mean, a linear head."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.mlp, self.head = nn.Linear(8, 8), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        return self.head(self.mlp(tokens).square().mean(1))


def test_the_engine_within_an_own_method_is_refused_in_both_threads() -> None:
    """Of this network; another network's engine may be asked."""
    engine, other = xw.Engine(cnn("module")), xw.Engine(cnn("module", seed=1))
    asked: dict[str, xw.Engine] = {"engine": engine}

    def ask(network: nn.Module, x: Tensor, index: int) -> Tensor:
        values = asked["engine"].explain(x[0], "saliency", target=index).values
        return torch.tensor(values)[None]

    xw.methods.from_callable("asks", ask)
    jobs = [threading.Thread(target=lambda: errors.append(refusal())) for _ in range(2)]
    errors: list[str] = []

    def refusal() -> str:
        with pytest.raises(xw.ExplanationError) as raised:
            engine.explain(X, "asks", target=0)
        return str(raised.value)

    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
    assert len(errors) == 2
    assert all("called an engine of the network that it explains" in error for error in errors)
    asked["engine"] = other
    found = engine.explain(X, "asks", target=0).values
    np.testing.assert_allclose(found, other.explain(X, "saliency", target=0).values, atol=1e-7)


def test_a_fault_in_an_own_method_keeps_its_type_and_is_placed() -> None:
    xw.methods.from_callable("faulty", lambda network, x, index: network(x)["logits"])
    with pytest.raises((IndexError, TypeError)) as raised:
        xw.Engine(cnn("module")).explain(X, "faulty", target=0)
    assert raised.value.__notes__ == ["raised within the method of your own, faulty"]
