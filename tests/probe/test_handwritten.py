"""Rectifiers written by hand: under the rule exactly as `nn.ReLU` is, or named in a warning."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, autograd, nn

from tests.networks import CLASSES, picture, seeded
from xai_widgets import _torchvision
from xai_widgets.engine import Engine
from xai_widgets.probe.handwritten import scale_of
from xai_widgets.probe.network import Network
from xai_widgets.probe.rectifiers import RectifierMode, Rule
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

models = _torchvision.load().models

RULES: tuple[Rule, ...] = ("standard", "guided", "deconvnet")
CLASS = Target(1, "class 1")
SLOPES = torch.linspace(-0.05, 0.3, 8).view(1, -1, 1, 1)
Rectifier = Callable[[Tensor], Tensor]


def written(*steps: Callable[[Tensor], Any]) -> Rectifier:
    """A function that changes a copy of its argument, step by step."""

    def rectify(x: Tensor) -> Tensor:
        y = x * 1
        for step in steps:
            step(y)
        return y

    return rectify


class Plain(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *g: Tensor) -> Tensor:
        return g[0] * (ctx.saved_tensors[0] > 0)


class Masking(Plain):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        y = x.clone()
        y[x < 0] = 0
        assert y.shape == x.shape
        return y


class InPlace(Plain):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.mark_dirty(x)
        x.relu_()
        ctx.save_for_backward(x)
        return x


class OfNumPy(Plain):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.from_numpy(np.maximum(x.detach().numpy(), 0))


def applied(function: type[torch.autograd.Function]) -> Rectifier:
    return lambda x: function.apply(x * 1)


@torch.jit.script
def scripted(x: Tensor) -> Tensor:
    return torch.relu(x)


@torch.jit.script
def scripted_by_hand(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, torch.zeros_like(x))


def through_a_slice(x: Tensor) -> Tensor:
    y = x * 1
    part = y[:, :4]
    part[part < 0] = 0
    y[:, 4:].masked_fill_(y[:, 4:] < 0, 0)
    return y


RELU: dict[str, Rectifier] = {
    "where": lambda x: torch.where(x > 0, x, torch.zeros_like(x)),
    "where_scalar": lambda x: torch.where(x < 0, 0.0, x),
    "where_method": lambda x: x.where(x >= 0, torch.tensor(0.0)),
    "where_detached": lambda x: torch.where(x.detach() > 0, x, 0),
    "maximum": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "max": lambda x: torch.max(torch.zeros(()), x),
    "max_method": lambda x: x.max(torch.zeros_like(x)),
    "fmax": lambda x: torch.fmax(x, torch.tensor(0.0)),
    "bool_mask": lambda x: x * (x > 0),
    "bool_mask_first": lambda x: (x > 0) * x,
    "float_mask": lambda x: x * (x > 0).float(),
    "mask_in_place": written(lambda y: y.mul_(y > 0)),
    "sign": lambda x: x * x.sign().clamp(0),
    "sign_halved": lambda x: x * (x.sign() + 1) / 2,
    "heaviside": lambda x: x * torch.heaviside(x.detach(), torch.zeros(())),
    "masked_fill": lambda x: x.masked_fill(x < 0, 0),
    "masked_fill_in_place": written(lambda y: y.masked_fill_(y <= 0, 0.0)),
    "index": written(lambda y: y.__setitem__(y < 0, 0)),
    "index_put": lambda x: x.index_put((x < 0,), torch.tensor(0.0)),
    "masked_scatter": lambda x: x.masked_scatter(x < 0, torch.zeros_like(x)),
    "slices": through_a_slice,
    "magnitude": lambda x: (x + x.abs()) / 2,
    "magnitude_first": lambda x: 0.5 * (torch.abs(x) + x),
    "two_halves": lambda x: 0.5 * x + 0.5 * x.abs(),
    "minus_what_is_below": lambda x: x - x.clamp(max=0),
    "minus_minimum": lambda x: x - torch.minimum(x, torch.zeros_like(x)),
    "minus_masked": lambda x: x - x * (x < 0),
    "mirrored": lambda x: -torch.minimum(-x, torch.zeros_like(x)),
    "own": applied(Plain),
    "own_masking": applied(Masking),
    "own_in_place": applied(InPlace),
    "clamp_tensor": lambda x: x.clamp(min=torch.tensor(0.0)),
    "clamp_tensors": lambda x: torch.clamp(x, torch.zeros_like(x)),
    "threshold": lambda x: F.threshold(x, 0, 0),
    "aten": lambda x: torch.ops.aten.relu(x),
    "aten_overload": lambda x: torch.ops.aten.relu.default(x),
    "aten_clamp": lambda x: torch.ops.aten.clamp_min(x, 0),
    "scripted": scripted,
    "vmap": lambda x: torch.vmap(torch.relu)(x),
}
LEAKY: dict[str, Rectifier] = {
    "where": lambda x: torch.where(x > 0, x, 0.1 * x),
    "maximum": lambda x: torch.maximum(0.1 * x, x),
    "two_rectifiers": lambda x: F.relu(x) - 0.1 * F.relu(-x),
    "two_clamps": lambda x: x.clamp(min=0) + 0.1 * x.clamp(max=0),
    "magnitude": lambda x: 0.55 * x + 0.45 * x.abs(),
    "factor": lambda x: x * torch.where(x > 0, 1.0, 0.1),
    "index": written(lambda y: y.__setitem__(y < 0, y[y < 0] * 0.1)),
}
PRELU: dict[str, Rectifier] = {
    "where": lambda x: torch.where(x > 0, x, SLOPES * x),
    "two_rectifiers": lambda x: F.relu(x) - SLOPES * F.relu(-x),
    "two_clamps": lambda x: x.clamp(min=0) + SLOPES * x.clamp(max=0),
}
UNMET: dict[str, Rectifier] = {
    "stacked": lambda x: torch.stack([x, torch.zeros_like(x)]).amax(0),
    "stacked_max": lambda x: torch.stack([x, torch.zeros_like(x)]).max(0)[0],
    "einsum": lambda x: torch.einsum("nchw,nchw->nchw", x, (x > 0).float()),
    "own_of_numpy": applied(OfNumPy),
}


class Three(nn.Module):
    """Three convolutions, each followed by a rectifier; the second is the one in question."""

    def __init__(self, second: Rectifier | nn.Module) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.conv3 = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, CLASSES)
        self.second = Block(second)

    def forward(self, x: Tensor) -> Tensor:
        x = self.second(self.conv2(F.relu(self.conv1(x))))
        return self.head(F.relu(self.conv3(x)).mean((2, 3)))


class Block(nn.Module):
    def __init__(self, rectify: Rectifier | nn.Module) -> None:
        super().__init__()
        self.rectify = rectify if isinstance(rectify, nn.Module) else None
        self.function = rectify

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.function(x)
        return made


def three(second: Rectifier | nn.Module) -> Three:
    network = seeded(Three(nn.Identity()))
    network.second = Block(second)
    return network.eval()


def trace_of(second: Rectifier | nn.Module) -> Trace:
    return Trace(Network(three(second)), picture())


def prelu() -> nn.PReLU:
    module = nn.PReLU(8)
    module.weight.data = SLOPES.flatten().clone()
    return module


KINDS: list[tuple[str, Rectifier, Callable[[], nn.Module]]] = [
    *[(f"relu-{name}", rectify, nn.ReLU) for name, rectify in RELU.items()],
    *[(f"leaky-{name}", rectify, lambda: nn.LeakyReLU(0.1)) for name, rectify in LEAKY.items()],
    *[(f"prelu-{name}", rectify, prelu) for name, rectify in PRELU.items()],
]


@pytest.mark.parametrize(
    ("rectify", "module"), [kind[1:] for kind in KINDS], ids=[kind[0] for kind in KINDS]
)
def test_written_by_hand_it_gives_the_map_of_the_module(
    rectify: Rectifier, module: Callable[[], nn.Module]
) -> None:
    trace, expected = trace_of(rectify), trace_of(module())
    for rule in RULES:
        want = expected.gradient(CLASS, rule)
        torch.testing.assert_close(trace.gradient(CLASS, rule), want, rtol=1e-5, atol=1e-7)
    assert not torch.equal(want, expected.gradient(CLASS, "guided"))
    assert trace.rectifiers >= expected.rectifiers == 3
    assert trace.rectifier_warnings == expected.rectifier_warnings == ()
    torch.testing.assert_close(trace.output, expected.output, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("rectify", [RELU["where"], RELU["own"], RELU["scripted"]])
def test_passes_on_other_inputs_are_under_the_rule_too(rectify: Rectifier) -> None:
    network, expected = Network(three(rectify)), Network(three(nn.ReLU()))
    for rule in RULES:
        _, found = network.gradients(picture(), CLASS, rule)
        _, want = expected.gradients(picture(), CLASS, rule)
        torch.testing.assert_close(found, want, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", UNMET)
@pytest.mark.parametrize("method", ["guided_backprop", "deconvnet", "guided_grad_cam"])
def test_what_cannot_be_put_under_the_rule_is_named(name: str, method: str) -> None:
    engine = Engine(three(UNMET[name]))
    (warning,) = engine.explain(picture(), method, target=1, **layer_of(engine, method)).warnings
    assert 'layer "second"' in warning
    assert "guided only in part" in warning
    assert "write it as nn.ReLU" in warning
    assert engine.explain(picture(), "saliency", target=1).warnings == ()


def layer_of(engine: Engine, method: str) -> dict[str, str]:
    return {"layer": "conv3"} if engine.methods[method].takes_layer else {}


def checkpointed(x: Tensor) -> Tensor:
    def rectify(y: Tensor) -> Tensor:
        return torch.relu(y) + y

    made: Tensor = torch.utils.checkpoint.checkpoint(rectify, x, use_reentrant=True)
    return made


@pytest.mark.parametrize(
    ("hiding", "name"), [(checkpointed, "CheckpointFunction"), (scripted_by_hand, "scripted code")]
)
def test_what_cannot_be_looked_into_is_named(hiding: Rectifier, name: str) -> None:
    trace_of(hiding)  # scripted code is compiled in its second run
    (warning,) = trace_of(hiding).rectifier_warnings
    assert f'the rule cannot look into layer "second" ({name})' in warning


class InNumPy(autograd.Function):
    """What computes where no function of PyTorch is met: a leaky ReLU, or another `kind`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kind: str) -> Tensor:
        ctx.save_for_backward(x)
        ctx.kind = kind
        a = x.detach().numpy()
        made = {
            "leaky": lambda: np.where(a > 0, a, 0.1 * a),
            "linear": lambda: 2 * a,
            "smooth": lambda: a / (1 + np.exp(-a)),
        }[kind]()
        return torch.from_numpy(np.ascontiguousarray(made, dtype=a.dtype))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        s = x.sigmoid()
        slope = {
            "leaky": torch.where(x > 0, 1.0, 0.1),
            "linear": torch.full_like(x, 2),
            "smooth": s + x * s * (1 - s),
        }[ctx.kind]
        return slope * gradients[0], None


class Fused(autograd.Function):
    """A product and a rectifier in one."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return F.leaky_relu(x * 2 - 1, 0.3)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return gradients[0] * torch.where(x * 2 - 1 > 0, 2.0, 0.6)


class Swish(autograd.Function):
    """As networks have it that spare memory."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        s = x.sigmoid()
        return gradients[0] * (s + x * s * (1 - s))


class Second(autograd.Function):
    """The rectified value is its second argument."""

    @staticmethod
    def forward(ctx: Any, other: Tensor, x: Tensor) -> Tensor:
        ctx.save_for_backward(other, x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *g: Tensor) -> Any:
        other, x = ctx.saved_tensors
        return torch.zeros_like(other), g[0] * (x > 0)


class Two(autograd.Function):
    """The rectified value is its second result."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Any:
        ctx.save_for_backward(x)
        return x * 2, x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *g: Tensor) -> Any:
        return g[0] * 2 + g[1] * (ctx.saved_tensors[0] > 0)


@pytest.mark.parametrize(
    "rectify",
    [
        lambda x: Second.apply(torch.ones(1, 2, requires_grad=True), x),
        lambda x: Two.apply(x)[1],
    ],
    ids=["the second argument", "the second result"],
)
@pytest.mark.parametrize("rule", RULES)
def test_own_functions_are_under_the_rule_whichever_argument_and_result_it_is(
    rectify: Rectifier, rule: Rule
) -> None:
    u = torch.randn(1, 8, 4, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    g = torch.randn(1, 8, 4, 4, generator=torch.Generator().manual_seed(1))
    mode = RectifierMode()
    with mode:
        made = rectify(u * 1)
    mode.rule = rule
    (found,) = torch.autograd.grad(made, u, g)
    passed = g if rule == "standard" else g.clamp(min=0)
    expected = passed if rule == "deconvnet" else passed * (u > 0)
    assert torch.equal(found, expected)


def _shifted(x: Tensor) -> Tensor:
    """So that no value before it is what is rectified."""
    return InNumPy.apply(x * 3 + 0.1, "leaky")


@pytest.mark.parametrize(
    ("hiding", "name"),
    [
        (lambda x: Fused.apply(x), "Fused"),
        (lambda x: InNumPy.apply(x, "smooth"), "InNumPy"),
        (lambda x: InNumPy.apply(x, "leaky") * 2, "InNumPy"),
        (_shifted, "InNumPy"),
    ],
)
def test_own_functions_that_may_hide_a_rectifier_are_named(hiding: Rectifier, name: str) -> None:
    engine = Engine(three(hiding))
    (warning,) = engine.explain(picture(), "guided_backprop", target=1).warnings
    assert f'layer "second" ({name})' in warning
    assert "guided only in part" in warning
    assert engine.explain(picture(), "saliency", target=1).warnings == ()


@pytest.mark.parametrize(
    "harmless", [lambda x: Swish.apply(x), lambda x: InNumPy.apply(x, "linear")]
)
def test_own_functions_without_a_rectifier_are_not_suspected(harmless: Rectifier) -> None:
    assert trace_of(harmless).rectifier_warnings == ()


@pytest.mark.parametrize(
    ("smooth", "title"),
    [
        (F.gelu, "GELU"),
        (nn.SiLU(), "SiLU"),
        (nn.Hardswish(), "hard swish"),
        (nn.ELU(), "ELU"),
        (torch.tanh, "tanh"),
        (lambda x: x * torch.sigmoid(x), "sigmoid"),
    ],
)
def test_smooth_activations_beside_rectifiers_are_said(smooth: Rectifier, title: str) -> None:
    engine = Engine(three(smooth))
    (warning,) = engine.explain(picture(), "guided_backprop", target=1).warnings
    assert f"1 of this network's 3 activations are smooth ({title})" in warning
    noisy = engine.explain(picture(), "smooth_grad", target=1, samples=2, base="guided_backprop")
    assert noisy.warnings == (warning,)
    assert engine.explain(picture(), "smooth_grad", target=1, samples=2).warnings == ()


class Squeezing(nn.Module):
    """A gate of squeeze and excitation: no activation of positions."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x) * torch.sigmoid(x.mean((2, 3), keepdim=True))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.relu(x) * (torch.rand(x.shape) > 0.3),
        lambda x: torch.where(x > 0.3, x, 0),
        lambda x: x * (x > x.mean()),
        lambda x: x.abs() + x * x,
        lambda x: x.masked_fill(x < 0, -1.0),
        lambda x: torch.where(x > 0, x, x.exp() - 1),
        lambda x: x - 0.2 * x.abs() * x,
        lambda x: x.sort(-1)[0] + x.flip(-1),
        Squeezing(),
    ],
)
def test_what_is_no_rectifier_keeps_its_own_derivative(function: Rectifier | nn.Module) -> None:
    torch.manual_seed(0)
    mode = RectifierMode()
    leaf = torch.randn(1, 8, 5, 5, requires_grad=True)
    u = leaf * 1
    with mode:
        made = function(u)
    met = mode.met
    mode.rule = "guided"
    made.sum().backward()
    assert met == (1 if "relu" in str(function) or isinstance(function, Squeezing) else met)
    trace = trace_of(function)
    assert trace.rectifier_warnings == ()


def test_an_own_function_that_is_smooth_is_not_suspected() -> None:
    class Swish(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x * x.sigmoid()

        @staticmethod
        def backward(ctx: Any, *g: Tensor) -> Tensor:
            s = ctx.saved_tensors[0].sigmoid()
            return g[0] * s * (1 + ctx.saved_tensors[0] * (1 - s))

    assert trace_of(Swish.apply).rectifier_warnings == ()


def test_a_picture_whose_values_all_are_positive() -> None:
    for rectify in (RELU["maximum"], RELU["where"], RELU["bool_mask"]):
        leaf = torch.rand(1, 4, 3, 3).add(0.1).requires_grad_(True)
        mode = RectifierMode()
        with mode:
            made = rectify(leaf * 1)
        mode.rule = "guided"
        (gradient,) = torch.autograd.grad(made, leaf, -torch.ones_like(made))
        assert mode.met == 1
        assert not gradient.any()


def test_scale_of() -> None:
    u = torch.tensor([-4.0, -3, -2, -1, 0, 1, 2, 3, 4])
    assert scale_of(u, u.relu()) == 1
    assert scale_of(u, 2 * u.relu()) == 2
    assert scale_of(u, F.leaky_relu(u, 0.3)) == 1
    for r in (u, -u, u.abs(), u.clamp(-1, 1), F.elu(u), F.silu(u), u.relu() - 1, (-u).relu()):
        assert scale_of(u, r) is None
    assert scale_of(u.abs(), u.abs()) is None
    assert scale_of(u.abs(), u.abs(), certain=True) == 1


def test_no_value_is_kept_alive_after_the_pass() -> None:
    mode = RectifierMode()
    leaf = torch.randn(1, 2, 4, 4, requires_grad=True)
    with mode:
        u = leaf * 1
        kept = weakref.ref(u)
        made = u.detach() * (u > 0) + u.abs().detach()
    del u
    gc.collect()
    assert kept() is None
    assert made is not None


@pytest.mark.parametrize(
    "name",
    ["resnet18", "vgg11", "densenet121", "mobilenet_v2", "mobilenet_v3_small", "regnet_y_400mf"],
)
def test_ordinary_networks_are_not_searched(name: str) -> None:
    torch.manual_seed(0)
    mode = RectifierMode()
    network = models.get_model(name, weights=None, num_classes=5).eval()
    with mode:
        scores = network(torch.randn(1, 3, 32, 32, requires_grad=True))
    met = mode.met
    mode.complete(scores)
    assert mode.unexplained == []
    assert mode.met == met > 5
    assert dict(mode.smooth) == ({"hard swish": 19} if name == "mobilenet_v3_small" else {})


def test_a_search_leaves_the_network_as_it_was() -> None:
    network = three(UNMET["stacked"])
    trace = Trace(Network(network), picture())
    hooks = [len(module._forward_hooks) for module in network.modules()]
    assert len(trace.rectifier_warnings) == 1
    assert hooks == [len(module._forward_hooks) for module in network.modules()] == [0] * len(hooks)
