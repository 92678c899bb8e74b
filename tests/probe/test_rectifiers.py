"""Backward rules: by hand, against a slow re-implementation, and across spellings."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.networks import (
    RELU6_SPELLINGS,
    RELU_SPELLINGS,
    Cnn,
    Gelu,
    Normalised,
    cnn,
    cnn6,
    picture,
    seeded,
)
from xai_widgets.errors import ExplanationError
from xai_widgets.probe.network import Network
from xai_widgets.probe.rectifiers import RectifierMode, Rule
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

RULES: tuple[Rule, ...] = ("standard", "guided", "deconvnet")
U = (-2.0, -0.5, 0.5, 3.0, 6.5, -2.0, 0.5, 7.0)
G = (1.0, 2.0, 3.0, 4.0, 5.0, -1.0, -2.0, -3.0)
CLASS = Target(1, "class 1")

# By hand, with u and g as above: f'(u) g, f'(u) max(g, 0), max(g, 0).
PROJECTED = (1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 0.0, 0.0)
BY_HAND: dict[str, tuple[Callable[[Tensor], Tensor], tuple[float, ...], tuple[float, ...]]] = {
    "relu": (torch.relu, (0, 0, 3, 4, 5, 0, -2, -3), (0, 0, 3, 4, 5, 0, 0, 0)),
    "relu6": (F.relu6, (0, 0, 3, 4, 0, 0, -2, 0), (0, 0, 3, 4, 0, 0, 0, 0)),
    "hardtanh": (nn.Hardtanh(0, 6), (0, 0, 3, 4, 0, 0, -2, 0), (0, 0, 3, 4, 0, 0, 0, 0)),
    "clamp": (lambda u: u.clamp(0, 6), (0, 0, 3, 4, 0, 0, -2, 0), (0, 0, 3, 4, 0, 0, 0, 0)),
    "leaky_relu": (
        nn.LeakyReLU(0.25),
        (0.25, 0.5, 3, 4, 5, -0.25, -2, -3),
        (0.25, 0.5, 3, 4, 5, 0, 0, 0),
    ),
    "prelu": (
        lambda u: F.prelu(u, torch.tensor([0.25])),
        (0.25, 0.5, 3, 4, 5, -0.25, -2, -3),
        (0.25, 0.5, 3, 4, 5, 0, 0, 0),
    ),
    "rrelu": (
        lambda u: F.rrelu(u, 0.25, 0.25, training=False),
        (0.25, 0.5, 3, 4, 5, -0.25, -2, -3),
        (0.25, 0.5, 3, 4, 5, 0, 0, 0),
    ),
}


def backward(rectify: Callable[[Tensor], Tensor], rule: Rule) -> tuple[Tensor, int]:
    """The gradient that a rectifier passes on for u = U when g = G arrives, and how many it met."""
    leaf = torch.tensor([U], requires_grad=True)
    mode = RectifierMode()
    with mode:
        made = rectify(leaf * 1)
    mode.rule = rule
    (gradient,) = torch.autograd.grad(made, leaf, torch.tensor([G]))
    return gradient[0], mode.met


@pytest.mark.parametrize("kind", BY_HAND)
def test_each_rule_gives_the_numbers_worked_out_by_hand(kind: str) -> None:
    rectify, standard, guided = BY_HAND[kind]
    for rule, expected in zip(RULES, (standard, guided, PROJECTED), strict=True):
        gradient, met = backward(rectify, rule)
        assert gradient.tolist() == list(expected), rule
        assert met == 1


@pytest.mark.parametrize("spelling", RELU_SPELLINGS)
def test_every_spelling_of_relu_gives_the_numbers_worked_out_by_hand(spelling: str) -> None:
    _, standard, guided = BY_HAND["relu"]
    for rule, expected in zip(RULES, (standard, guided, PROJECTED), strict=True):
        gradient, met = backward(RELU_SPELLINGS[spelling](), rule)
        assert gradient.tolist() == list(expected), rule
        assert met == (2 if spelling in ("slices_in_place", "chunks") else 1)


@pytest.mark.parametrize("spelling", RELU6_SPELLINGS)
def test_every_spelling_of_relu6_is_masked_above_6(spelling: str) -> None:
    _, standard, guided = BY_HAND["relu6"]
    for rule, expected in zip(RULES, (standard, guided, PROJECTED), strict=True):
        assert backward(RELU6_SPELLINGS[spelling](), rule)[0].tolist() == list(expected), rule


@pytest.mark.parametrize(
    "function",
    [
        F.gelu,
        F.silu,
        F.elu,
        torch.tanh,
        lambda u: u.clamp(-1, 1),
        lambda u: u.clamp(max=0),
        lambda u: u.clamp(min=0.5),
        lambda u: F.hardtanh(u),
        lambda u: F.threshold(u, 0.0, 1.0),
        lambda u: F.threshold(u, 0.5, 0.0),
        torch.abs,
    ],
)
def test_what_is_no_rectifier_keeps_its_own_derivative(
    function: Callable[[Tensor], Tensor],
) -> None:
    plain, met = backward(function, "standard")
    assert met == 0
    for rule in RULES[1:]:
        assert torch.equal(backward(function, rule)[0], plain)


def trace_of(network: nn.Module, x: Tensor | None = None) -> Trace:
    return Trace(Network(network), picture() if x is None else x)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("spelling", [name for name in RELU_SPELLINGS if name != "module"])
def test_all_spellings_of_relu_give_the_same_map_bit_for_bit(spelling: str, rule: Rule) -> None:
    expected = trace_of(cnn("module")).gradient(CLASS, rule)
    assert expected.abs().max() > 0
    assert torch.equal(trace_of(cnn(spelling)).gradient(CLASS, rule), expected)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("spelling", [name for name in RELU6_SPELLINGS if name != "module"])
def test_all_spellings_of_relu6_give_the_same_map_bit_for_bit(spelling: str, rule: Rule) -> None:
    expected = trace_of(cnn6("module")).gradient(CLASS, rule)
    unclipped = seeded(Cnn(nn.ReLU()))
    unclipped.load_state_dict(cnn6("module").state_dict())
    # The deconvnet rule alone does not look at what came in.
    same = torch.equal(trace_of(unclipped).gradient(CLASS, rule), expected)
    assert same == (rule == "deconvnet")
    assert torch.equal(trace_of(cnn6(spelling)).gradient(CLASS, rule), expected)


class SlowRectifier(torch.autograd.Function):
    """The papers' formulas, element by element: max(u, 0) forward, a rule backward."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, top: float, slope: float, rule: Rule) -> Tensor:
        ctx.save_for_backward(u)
        ctx.top, ctx.slope, ctx.rule = top, slope, rule
        return torch.where(u > 0, torch.where(u < top, u, top), slope * u)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (u,) = ctx.saved_tensors
        (g,) = gradients
        derivative = torch.where(u > 0, (u < ctx.top).to(u), torch.full_like(u, ctx.slope))
        positive = torch.where(g > 0, g, torch.zeros_like(g))
        rules = {"standard": derivative * g, "guided": derivative * positive, "deconvnet": positive}
        return rules[ctx.rule], None, None, None


def slow(network: Cnn, rule: Rule, top: float = float("inf"), slope: float = 0.0) -> Tensor:
    """The map by the slow rectifier on a copy of the weights, (1, 3, H, W)."""
    plain = seeded(Cnn(lambda u: SlowRectifier.apply(u, top, slope, rule)))
    plain.load_state_dict(network.state_dict())
    x = picture().requires_grad_(True)
    (gradient,) = torch.autograd.grad(plain(x)[0, CLASS.index], x)
    return gradient


@pytest.mark.parametrize("rule", RULES)
def test_a_whole_network_agrees_with_the_slow_rectifier(rule: Rule) -> None:
    leaky = seeded(Cnn(nn.LeakyReLU(0.1, inplace=True)))
    for network, top, slope in (
        (cnn("in_place_module"), float("inf"), 0.0),
        (cnn6("functional"), 6.0, 0.0),
        (leaky, float("inf"), 0.1),
    ):
        expected = slow(network, rule, top, slope)
        torch.testing.assert_close(
            trace_of(network).gradient(CLASS, rule), expected, rtol=1e-5, atol=1e-8
        )


def test_the_three_rules_give_three_different_maps() -> None:
    trace = trace_of(cnn())
    standard, guided, deconvnet = (trace.gradient(CLASS, rule) for rule in RULES)
    assert not torch.equal(standard, guided)
    assert not torch.equal(guided, deconvnet)
    assert torch.equal(trace.gradient(CLASS), standard)


@pytest.mark.parametrize("rule", RULES)
def test_the_order_in_which_rules_are_asked_for_does_not_matter(rule: Rule) -> None:
    alone = trace_of(cnn()).gradient(CLASS, rule)
    after_others = trace_of(cnn())
    for other in RULES:
        after_others.gradient(Target(0, "class 0"), other)
    assert torch.equal(after_others.gradient(CLASS, rule), alone)


def test_a_residual_network_in_place_agrees_with_the_slow_rectifier() -> None:
    network = seeded(Normalised())
    plain = seeded(Normalised())
    for rule in RULES:
        plain.relu.forward = lambda u, rule=rule: SlowRectifier.apply(u, float("inf"), 0.0, rule)
        x = picture().requires_grad_(True)
        (expected,) = torch.autograd.grad(plain(x)[0, 1], x)
        torch.testing.assert_close(
            trace_of(network).gradient(CLASS, rule), expected, rtol=1e-5, atol=1e-8
        )


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_holds_whichever_thread_runs_the_backward(rule: Rule) -> None:
    expected = trace_of(cnn()).gradient(CLASS, rule)
    trace = trace_of(cnn())
    found: list[Tensor] = []
    thread = threading.Thread(target=lambda: found.append(trace.gradient(CLASS, rule)))
    thread.start()
    thread.join()
    assert torch.equal(found[0], expected)


def test_the_rule_is_asked_in_the_thread_in_which_autograd_runs() -> None:
    # A device's backward runs in a thread of autograd's own, which sees nothing thread-local.
    mode = RectifierMode()
    leaf = torch.tensor([U], requires_grad=True)
    with mode:
        made = torch.relu(leaf * 1)
    mode.rule = "guided"
    answers: list[Any] = []
    thread = threading.Thread(
        target=lambda: answers.append(torch.autograd.grad(made, leaf, torch.tensor([G]))[0])
    )
    thread.start()
    thread.join()
    assert answers[0][0].tolist() == list(BY_HAND["relu"][2])


@pytest.mark.parametrize("rule", RULES[1:])
def test_a_network_without_rectifiers_gets_a_clear_error(rule: Rule) -> None:
    trace = trace_of(seeded(Gelu()))
    assert trace.rectifiers == 0
    with pytest.raises(ExplanationError, match=f"the {rule} rule .* this network ran none"):
        trace.gradient(CLASS, rule)
    assert trace.gradient(CLASS).abs().max() > 0


@pytest.mark.parametrize("spelling", RELU_SPELLINGS)
def test_the_number_of_rectifiers_met(spelling: str) -> None:
    per_call = 2 if spelling in ("slices_in_place", "chunks") else 1
    assert trace_of(cnn(spelling)).rectifiers == 2 * per_call


def test_a_rectifier_behind_which_nothing_is_differentiated_is_left_alone() -> None:
    class Gated(Cnn):
        def forward(self, x: Tensor) -> Tensor:
            with torch.no_grad():
                gate = torch.relu(x.mean()).clamp_(min=0)
            return super().forward(x * (1 + gate))

    trace = trace_of(seeded(Gated(torch.relu)))
    assert trace.rectifiers == 2


def test_a_batch_gives_what_its_pictures_give_one_by_one() -> None:
    batch = torch.cat([picture(seed=seed) for seed in range(3)])
    for rule in RULES:
        together = trace_of(cnn("method_in_place"), batch).gradient(CLASS, rule)
        for i in range(3):
            alone = trace_of(cnn("method_in_place"), batch[i : i + 1]).gradient(CLASS, rule)
            torch.testing.assert_close(together[i : i + 1], alone, rtol=1e-5, atol=1e-8)
