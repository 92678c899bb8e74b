"""What a network has made of its scores, by how they were computed and by what they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from xai_widgets.targets.activation import Met, applied_to

Z = torch.tensor([[0.3, -1.2, 2.0, 0.1], [1.0, 0.5, -0.4, 0.2]])
CASES: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "nothing": (lambda z: 3 * z, "plain"),
    "a softmax": (lambda z: z.softmax(1), "softmax"),
    "a part of a softmax": (lambda z: z.softmax(1)[:, 1:], "softmax"),
    "two softmaxes": (lambda z: (z.softmax(1) + (2 * z).softmax(1)) / 2, "softmax"),
    "two softmaxes, not halved": (lambda z: z.softmax(1) + (2 * z).softmax(1), "plain"),
    "a softmax moved below 0": (lambda z: z.softmax(1) - 0.5, "plain"),
    "a softmax moved up": (lambda z: z.softmax(1) + 0.01, "plain"),
    "sigmoids": (lambda z: z.sigmoid(), "sigmoid"),
    "sigmoids, mixed": (lambda z: (z.sigmoid() + (z + 1).sigmoid()) / 2, "sigmoid"),
    "sigmoids beyond 0 and 1": (lambda z: 2 * z.sigmoid() - 0.5, "plain"),
    "a log-softmax": (lambda z: z.log_softmax(1), "log_softmax"),
    "half a log-softmax": (lambda z: z.log_softmax(1) / 2, "plain"),
    "log-sigmoids": (torch.nn.functional.logsigmoid, "log_sigmoid"),
    "shares": (lambda z: z.exp() / z.exp().sum(1, keepdim=True), "normalised"),
    "quotients": (lambda z: z.exp() / z.exp().amax(1, keepdim=True), "plain"),
    "signed shares": (lambda z: z / z.sum(1, keepdim=True), "plain"),
    "a share of one": (lambda z: z[:, :1].exp() / z[:, :1].exp().sum(1, keepdim=True), "plain"),
    "no graph: a softmax": (lambda z: z.detach().softmax(1), "softmax"),
    "no graph: rows of 1 below 0": (
        lambda z: torch.tensor([[1.2, -0.4, 0.2], [0.5, 0.2, 0.3]]), "plain",
    ),
    "no graph: rows of 1 beyond 1": (lambda z: torch.tensor([[1.5, -0.5]]), "plain"),
    "no graph: one row of 1": (
        lambda z: torch.tensor([[0.5, 0.3, 0.2], [0.5, 0.3, 0.1]]), "unseen",
    ),
    "no graph: columns of 1": (lambda z: z.detach().softmax(0), "unseen"),
    "no graph: one certain number": (lambda z: torch.ones(2, 1), "unseen"),
    "no graph: sigmoids": (lambda z: z.detach().sigmoid(), "unseen"),
    "no graph: scores": (lambda z: z.detach(), "plain"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_was_applied(case: str) -> None:
    make, expected = CASES[case]
    assert applied_to(make(Z.clone().requires_grad_(True))) == expected


def test_without_a_graph_what_was_met_last_counts_if_it_gave_these_numbers() -> None:
    given = Z.sigmoid()
    met = Met("sigmoid", given[:, :, None])
    assert applied_to(given, met) == "sigmoid"
    assert applied_to(given + 1e-4, met) == "unseen"
    assert applied_to(given - 1e-4, met) == "unseen"
    assert applied_to(given[:1], met) == "unseen"
    assert applied_to(given * torch.tensor([1.0, 1.0, 1.0, 0.5]), met) == "unseen"
