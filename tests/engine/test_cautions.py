"""What a finished map says of itself: why it is empty, and what its numbers are worth."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xai_widgets import Attribution, Engine, ExplanationError, methods
from xai_widgets.methods import registry

X = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(3))


class Net(nn.Module):
    def __init__(self, end: Callable[[Tensor], Tensor] = lambda z: z, bias: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 4)
        self.end = end
        with torch.no_grad():
            self.head.bias[1] += bias

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.head(self.body(x).relu().mean((2, 3))))


def said(network: nn.Module, method: str = "saliency", image: Tensor = X, **given: object) -> str:
    return " ".join(Engine(network.eval()).explain(image, method, target=1, **given).warnings)


def test_a_map_of_a_saturated_softmax_says_why_it_is_empty() -> None:
    words = said(Net(lambda z: z.softmax(1), bias=200))
    assert words.startswith(
        "The map is zero everywhere: the network ends in a softmax, so its prob"
    )
    assert "at 1 that is saturated" in words
    assert "ends in a sigmoid" in said(Net(torch.sigmoid, bias=200))
    assert "ends in a softmax" in said(Net(lambda z: z.softmax(1), bias=-200))
    assert said(Net(lambda z: z.softmax(1))) == ""
    assert said(Net(bias=200)) == ""
    nearly = said(Net(lambda z: z.softmax(1), bias=15.5))
    assert nearly.startswith("The network ends in a softmax") or nearly == ""


def test_a_black_picture_is_named() -> None:
    words = said(Net(), "input_x_gradient", X * 0)
    assert words == "The map is zero everywhere: the picture is black all over."


def test_a_network_that_sees_nothing_is_named() -> None:
    class Constant(Net):
        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.body(x * 0).relu().mean((2, 3)) + 0 * x.sum())

    assert "does not change with small changes of this picture" in said(Constant())
    assert "The map is zero everywhere" in said(Constant(), "occlusion", window=8, stride=8)


def test_a_map_without_its_negative_part_says_so() -> None:
    network = Net()
    with torch.no_grad():
        network.body.weight.abs_()
        network.body.bias.zero_()
        network.head.weight[1] = -1.0
    words = said(network, "grad_cam", layer="body")
    assert "counts against class 1 rather than for it, and Grad-CAM leaves that out" in words
    assert said(network, "hires_cam", layer="body") == ""


def test_live_randomness_is_said() -> None:
    class Dropping(Net):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(F.dropout(x, 0.2, training=True))

    class Shaken(Net):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x + float(np.random.rand()))  # noqa: NPY002  # such networks do

    for network in (Dropping(), Shaken()):
        assert "draws random numbers when it runs" in said(network)
        assert "draws random numbers" in Engine(network.eval()).predict(X).warnings[-1]
    assert said(Net()) == ""


def test_values_that_are_not_finite_are_counted() -> None:
    def broken(network: nn.Module, x: Tensor, index: int) -> Tensor:
        values = torch.zeros_like(x)
        values[..., :2] = float("nan")
        return values

    methods.from_callable("half_nan", broken)
    try:
        assert "96 of 768 values are not finite" in said(Net(), "half_nan")
    finally:
        registry._methods.pop("half_nan")  # other tests go through all methods


@pytest.mark.parametrize(
    "method", ["occlusion", "feature_ablation", "rise", "lime", "kernel_shap", "exact_shapley"]
)
def test_a_number_of_a_place_is_there_once(method: str) -> None:
    """On pictures of 1, 3 and 5 channels: the same number, whatever the channels are."""
    cheap = {
        "occlusion": {"window": 8, "stride": 8},
        "rise": {"samples": 40},
        "lime": {"samples": 60, "regions": "grid", "count": 4, "baseline": "zero"},
        "kernel_shap": {"samples": 60, "regions": "grid", "count": 4, "baseline": "zero"},
        "exact_shapley": {"regions": "grid", "count": 4, "baseline": "zero"},
        "feature_ablation": {"regions": "grid", "count": 4},
    }[method]
    maps = []
    for channels in (1, 3):
        torch.manual_seed(0)
        weight = torch.rand(1, 1, 16, 16)
        network = nn.Sequential(nn.Flatten(), nn.Linear(channels * 256, 2, bias=False)).eval()
        with torch.no_grad():
            network[1].weight[0] = weight.expand(1, channels, 16, 16).flatten() / channels
        grey = X[:1].expand(channels, -1, -1)
        found = Engine(network).explain(grey, method, target=0, **cheap)
        assert found.values.shape == (1, 16, 16)
        maps.append(found.heatmap())
    np.testing.assert_allclose(maps[0], maps[1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("method", ["kernel_shap", "exact_shapley"])
def test_shares_add_up_over_segments(method: str) -> None:
    network = Net().eval()
    found = Engine(network).explain(X, method, target=1, regions="grid", count=4, baseline="zero")
    shares = found.heatmap()[::8, ::8]
    with torch.no_grad():
        rise = float((network(X[None]) - network(0 * X[None]))[0, 1])
    assert float(shares.sum()) == pytest.approx(rise, rel=1e-4)


def test_an_attribution_knows_its_picture_and_its_card() -> None:
    engine = Engine(Net().eval())
    found = engine.explain(X, "grad_cam", target=1)
    assert found.picture_digest == engine.picture(X).digest.hex()
    assert found.picture_name == engine.picture(X).name
    for method, sign in (("hires_cam", True), ("saliency", True), ("grad_cam", False)):
        assert engine.explain(X, method, target=1).signed is sign
    batch = engine.explain_batch([X, X / 2], "saliency", targets=1)
    assert [b.picture_digest for b in batch] == [engine.picture(i).digest.hex() for i in (X, X / 2)]


def test_colours_of_one_method_never_flip() -> None:
    values = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    engine = Engine(Net().eval())
    target = engine.explain(X, "hires_cam", target=1).target
    positive = Attribution(values, "hires_cam", "HiResCAM", target, signed=True)
    unsigned = Attribution(values, "grad_cam", "Grad-CAM", target, signed=False)
    assert positive.signed
    assert not unsigned.signed
    assert not np.array_equal(np.asarray(positive.to_pil()), np.asarray(unsigned.to_pil()))
    assert Attribution(values - 0.5, "x", "X", target, signed=False).signed


def test_an_attribution_is_copied_and_pickled() -> None:
    engine = Engine(Net().eval(), class_names=["a", "b", "c", "d"], output=lambda out: out)
    found = engine.explain(X, "occlusion", target="b", window=8, stride=8)
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found), copy.copy(found)):
        np.testing.assert_array_equal(again.values, found.values)
        assert not again.values.flags.writeable
        assert (again.target, again.parameters) == (found.target, found.parameters)
        assert (again.picture_digest, again.warnings) == (found.picture_digest, found.warnings)
        assert repr(again) == repr(found)
    own = engine.explain(X, "saliency", target=lambda out: out[:, 0])
    assert copy.deepcopy(own).target.function is own.target.function
    apart = pickle.loads(pickle.dumps(own))
    assert apart.target.function is None
    with pytest.raises(ExplanationError, match="pass the function again"):
        engine.explain(X, "saliency", target=apart.target)


def test_an_attribution_is_an_array_where_one_is_wanted() -> None:
    found = Engine(Net().eval()).explain(X, "saliency", target=1)
    assert np.asarray(found).shape == (16, 16)
    np.testing.assert_array_equal(np.asarray(found), found.heatmap())
    assert np.mean(found) == pytest.approx(float(found.heatmap().mean()))
    assert np.asarray(found, dtype=np.float64).dtype == np.float64


def test_wrong_names_of_the_appearance_and_of_files() -> None:
    found = Engine(Net().eval()).explain(X, "saliency", target=1)
    with pytest.raises(ExplanationError, match=r"no 'cmap'.*Did you mean \"colormap\""):
        found.plot(cmap="jet")
    with pytest.raises(ExplanationError, match='Did you mean "opacity"'):
        found.to_pil(opacty=0.4)
    with pytest.raises(ExplanationError, match=r'attribution\.to_pil\(\)\.save\("map\.png"\)'):
        found.save("map.png")


@pytest.mark.parametrize(
    ("coarse", "words"), [(torch.float16, "float16, of 3 digits:"), (torch.bfloat16, "bfloat16")]
)
def test_differences_of_coarse_scores_are_said_to_be_rounding(
    coarse: torch.dtype, words: str
) -> None:
    network = Net().to(coarse)
    for method in ("occlusion", "rise", "kernel_shap"):
        assert words in said(network, method)
        assert said(copy.deepcopy(network).float(), method) == ""
    assert said(network, "saliency") == ""
