"""What a network's output means: what it has applied already is not applied again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xai_widgets import Engine, ExplanationError

X = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(2))
End = Callable[[Tensor], Tensor]


class Net(nn.Module):
    def __init__(self, classes: int, end: End, scale: float = 1.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, classes)
        self.end, self.scale = end, scale

    def scores(self, x: Tensor) -> Tensor:
        return self.scale * self.head(self.body(x).relu().mean((2, 3)))

    def forward(self, x: Tensor) -> Any:
        return self.end(self.scores(x))


def softmax(z: Tensor) -> Tensor:
    return z.softmax(1)


def same(y: Tensor) -> Tensor:
    return y


class Doubling(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        return z.softmax(1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


# What the network ends with, and what makes probabilities of what it returns.
ENDS: dict[str, tuple[int, End, End]] = {
    "logits": (5, same, softmax),
    "softmax": (5, softmax, same),
    "softmax module": (5, nn.Softmax(1), same),
    "softmax, then float": (5, lambda z: z.double().softmax(1).float(), same),
    "log-softmax": (5, lambda z: z.log_softmax(1), torch.exp),
    "log of softmax": (5, lambda z: z.softmax(1).log(), torch.exp),
    "exp of log-softmax": (5, lambda z: z.log_softmax(1).exp(), same),
    "softmax clamped": (5, lambda z: z.softmax(1).clamp(1e-6, 1), same),
    "softmax through views": (5, lambda z: z[:, :, None, None].softmax(1).flatten(1)[:, :], same),
    "softmax over the last, turned": (5, lambda z: z.T.softmax(0).T, same),
    "softmax squeezed": (5, lambda z: z.softmax(1).squeeze(), same),
    "softmax without the background": (5, lambda z: z.softmax(1)[:, 1:], same),
    "softmax with a temperature": (5, lambda z: (z / 3).softmax(1), same),
    "a mean of two softmaxes": (5, lambda z: (z.softmax(1) + (2 * z).softmax(1)) / 2, same),
    "a mean over a stack": (
        5, lambda z: torch.stack([z.softmax(1), (2 * z).softmax(1)]).mean(0), same,
    ),
    "exponentials over their sum": (5, lambda z: z.exp() / z.exp().sum(1, keepdim=True), same),
    "normalised evidence": (5, lambda z: F.normalize(F.softplus(z), p=1, dim=1), same),
    "sigmoid": (5, torch.sigmoid, same),
    "sigmoid module": (5, nn.Sigmoid(), same),
    "hard sigmoid": (5, F.hardsigmoid, same),
    "one minus a sigmoid": (5, lambda z: 1 - z.sigmoid(), same),
    "log-sigmoid": (5, F.logsigmoid, torch.exp),
    "two sigmoid heads": (6, lambda z: torch.cat([z[:, :2].sigmoid(), z[:, 2:].sigmoid()], 1),
                          same),
    "one logit": (1, same, torch.sigmoid),
    "one sigmoid": (1, torch.sigmoid, same),
    "one sigmoid, squeezed": (1, lambda z: z.sigmoid().squeeze(1), same),
    "both from one sigmoid": (1, lambda z: torch.cat([1 - z.sigmoid(), z.sigmoid()], 1), same),
    "a softmax on the way": (5, lambda z: 3 * (z.softmax(1) @ torch.eye(5)) - 1, softmax),
    "logits scaled by a norm": (5, lambda z: F.normalize(z, dim=1), softmax),
    "no graph, softmax": (5, lambda z: z.detach().softmax(1), same),
    "no graph, sigmoid": (5, lambda z: z.detach().sigmoid(), same),
    "no graph, one sigmoid": (1, lambda z: z.detach().sigmoid(), same),
    "no graph, logits": (5, lambda z: 9 * z.detach(), softmax),
    "no graph, NumPy": (
        5, lambda z: torch.from_numpy((lambda e: e / e.sum(1, keepdims=True))(
            np.exp(z.detach().numpy()))), same,
    ),
    "a function of its own": (5, Doubling.apply, same),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDS)
def test_what_the_network_applies_is_not_applied_again(case: str) -> None:
    classes, end, made = ENDS[case]
    network = Net(classes, end, scale=4.0).eval()
    raw = network(X[None])
    expected = made(raw.reshape(1, -1)).detach()[0]
    engine = Engine(network)
    np.testing.assert_allclose(engine.predict(X), expected, rtol=1e-5)
    many = Engine(network).internals.probabilities(torch.stack([X, X.flip(1)]))
    np.testing.assert_allclose(many[0], expected, rtol=1e-4, atol=1e-6)
    assert engine.predict(X).unit == "probability"
    assert engine.explain_batch([X], "occlusion", targets=0, window=8, stride=8)[
        0
    ].probability == pytest.approx(float(expected[0]), rel=1e-4)


def test_logits_that_add_up_to_one_are_logits() -> None:
    network = Net(3, same)
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([0.2, 0.3, 0.5]))
    expected = torch.tensor([0.2, 0.3, 0.5]).softmax(0)
    np.testing.assert_allclose(Engine(network.eval()).predict(X), expected, rtol=1e-6)


GIVEN: dict[str, tuple[int, End, Any, End, str]] = {
    "labels": (14, same, "sigmoid", torch.sigmoid, "probability"),
    "labels, applied": (14, torch.sigmoid, "sigmoid", same, "probability"),
    "labels, by function": (14, same, torch.sigmoid, torch.sigmoid, "probability"),
    "labels, by module": (14, same, nn.Sigmoid(), torch.sigmoid, "probability"),
    "an age": (1, lambda z: 30 + z, "identity", same, "number"),
    "four numbers": (4, lambda z: 100 * z, "identity", same, "number"),
    "softmax, applied": (5, softmax, "softmax", same, "probability"),
    "log-softmax, applied": (5, lambda z: z.log_softmax(1), "softmax", torch.exp, "probability"),
    "softmax over sigmoids": (5, torch.sigmoid, "softmax", softmax, "probability"),
    "probabilities as numbers": (5, softmax, "identity", same, "number"),
    "a temperature": (5, same, lambda z: (z / 2).softmax(1), lambda z: (z / 2).softmax(1),
                      "probability"),
    "years of a logarithm": (1, same, torch.exp, torch.exp, "number"),
    "shares of evidence": (5, same, lambda z: z.exp() / z.exp().sum(1, keepdim=True), softmax,
                           "probability"),
}  # fmt: skip


@pytest.mark.parametrize("case", GIVEN)
def test_an_activation_that_is_given(case: str) -> None:
    classes, end, activation, made, unit = GIVEN[case]
    network = Net(classes, end).eval()
    engine = Engine(network, activation=activation)
    prediction = engine.predict(X)
    np.testing.assert_allclose(prediction, made(network(X[None])).detach()[0], rtol=1e-5)
    assert prediction.unit == unit
    assert prediction.warnings == ()
    assert ("%" in repr(prediction)) == (unit == "probability")
    found = engine.explain(X, "saliency", target=0)
    assert found.warnings == ()
    assert found.score == pytest.approx(float(network(X[None])[0, 0]), rel=1e-5)
    assert ("%" in found.plot().axes[0].get_title(loc="left")) == (unit == "probability")


@pytest.mark.parametrize("activation", ["sofmax", 3, "none", []])
def test_what_is_no_activation_is_refused(activation: Any) -> None:
    with pytest.raises(ExplanationError, match="expected one of 'softmax', 'sigmoid', 'identity'"):
        Engine(Net(3, same), activation=activation)


def test_a_softmax_over_one_score_is_refused() -> None:
    with pytest.raises(ExplanationError, match="over a single score is always 1"):
        Engine(Net(1, same).eval(), activation="softmax").predict(X)


def test_an_activation_function_of_another_shape_is_refused() -> None:
    engine = Engine(Net(3, same).eval(), activation=lambda z: z.sum(1))
    with pytest.raises(ExplanationError, match=r"returned \(1,\) for scores of shape \(1, 3\)"):
        engine.predict(X)


def test_one_number_that_may_be_a_quantity_is_said() -> None:
    network = Net(1, lambda z: 37 + z).eval()
    engine = Engine(network)
    (warning,) = engine.predict(X).warnings
    assert 'activation="identity"' in warning
    assert warning in engine.explain(X, "saliency").warnings
    assert warning in repr(engine.predict(X))
    assert Engine(network, class_names=["no", "yes"]).predict(X).warnings == ()
    assert Engine(network, activation="sigmoid").predict(X).warnings == ()
    assert Engine(Net(1, torch.sigmoid).eval()).predict(X).warnings == ()


def test_scores_of_labels_that_may_hold_together_are_noticed() -> None:
    """As far from 0 as those of networks trained label by label, and not as those of softmax."""
    for shift, said in ((-4.0, True), (3.0, True), (0.0, False)):
        network = Net(14, lambda z, shift=shift: z + shift).eval()
        prediction = Engine(network).predict(X)
        assert any('activation="sigmoid"' in warning for warning in prediction.warnings) is said
        for activation in ("sigmoid", "softmax", "identity"):
            assert Engine(network, activation=activation).predict(X).warnings == ()
    assert Engine(Net(3, lambda z: z + 9).eval()).predict(X).warnings == ()  # of few, by chance


def test_a_softmax_over_the_pictures_is_said() -> None:
    engine = Engine(Net(5, lambda z: z.softmax(0)).eval())
    assert "is not over the classes" in " ".join(engine.predict(X).warnings)


def test_an_output_of_which_nothing_is_seen_is_said() -> None:
    def hidden(z: Tensor) -> Tensor:
        return torch.from_numpy(1 / (1 + np.exp(-z.detach().numpy())))

    assert "cannot be seen" in " ".join(Engine(Net(1, hidden).eval()).predict(X).warnings)
    assert "cannot be seen" in " ".join(Engine(Net(5, hidden).eval()).predict(X).warnings)


@pytest.mark.parametrize(
    ("problem", "meaning"),
    [
        ("multi_label_classification", "sigmoid"),
        ("regression", "identity"),
        ("single_label_classification", "softmax"),
        (None, "softmax"),
    ],
)
def test_the_task_of_a_configuration(problem: str | None, meaning: str) -> None:
    network = Net(4, same).eval()
    network.config = type("Config", (), {"problem_type": problem})()
    assert Engine(network).predict(X).activation == meaning


def test_a_network_that_changes_its_end() -> None:
    network = Net(5, same).eval()
    engine = Engine(network)
    engine.predict(X)
    engine.forget()
    network.end = softmax
    np.testing.assert_allclose(engine.predict(X), network(X[None])[0].detach(), rtol=1e-6)


def test_a_scripted_network_keeps_its_meaning() -> None:
    plain = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1),
        nn.Sigmoid(),
    ).eval()  # fmt: skip
    engine = Engine(torch.jit.script(plain))
    for _ in range(4):
        engine.forget()
        np.testing.assert_allclose(engine.predict(X), plain(X[None])[0].detach(), rtol=1e-5)
