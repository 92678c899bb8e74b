"""The teacher: its answers against those written out, with several rivals."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import xai_widgets as xw
from tests.relabel.linear import SIDE, GridVAE, OrthogonalVAE, picture
from xai_widgets.relabel.teacher import Teacher, _labels
from xai_widgets.targets import Readout, Target

PIXELS = torch.rand(5, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


class Several(nn.Module):
    """Scores of four classes, of which none but the rival's and the target's count."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.head = nn.Linear(SIDE * SIDE, 4)

    def forward(self, x: Tensor) -> Tensor:
        return 9 * self.head(x.flatten(1) - 0.5)


def teacher(
    target: Target, engine: dict[str, Any], vae: Any = None, detail: Any = "none"
) -> Teacher:
    network = xw.Engine(Several().eval(), **engine).internals.network
    return Teacher(
        network, vae or OrthogonalVAE(), picture(), lambda pixels: pixels, target,
        temperature=3.0, reference="image", detail=detail,
    )  # fmt: skip


@pytest.mark.parametrize("target", range(4))
def test_an_answer_is_the_odds_against_the_strongest_rival(target: int) -> None:
    scores = Several()(PIXELS).detach().double()
    rivals = scores[:, [i for i in range(4) if i != target]].max(1).values
    assert (scores.argmax(1) != target).any()
    margin, label = teacher(Target(target, "it"), {}).classify(PIXELS)
    assert margin.dtype == torch.float64
    torch.testing.assert_close(margin, (scores[:, target] - rivals) / 3, rtol=1e-4, atol=1e-5)
    assert torch.equal(label, scores.argmax(1))


def test_the_rival_of_a_label_that_is_there_or_not_is_its_absence() -> None:
    scores = Several()(PIXELS).detach().double()
    margin, _ = teacher(Target(2, "it"), {"activation": "sigmoid"}).classify(PIXELS)
    torch.testing.assert_close(margin, scores[:, 2] / 3, rtol=1e-4, atol=1e-5)


def test_of_a_function_of_the_output_the_answer_is_its_value() -> None:
    scores = Several()(PIXELS).detach().double()
    target = Target(None, "it", function=lambda output: output[:, 0] - output[:, 3])
    margin, _ = teacher(target, {}).classify(PIXELS)
    torch.testing.assert_close(margin, (scores[:, 0] - scores[:, 3]) / 3, rtol=1e-4, atol=1e-5)


def test_the_detail_that_is_lost_stays_lost_is_kept_or_fades() -> None:
    latents = torch.randn(3, 1, 4, 4, generator=torch.Generator().manual_seed(2))
    faded = torch.rand(3, 1, 4, 4, generator=torch.Generator().manual_seed(3))
    vae, whole = GridVAE(), picture()
    decoded = vae.decode(latents)
    residual = whole - vae.decode(vae.encode(whole)[0])
    assert float(residual.abs().max()) > 0.05
    upright = nn.functional.interpolate(faded, size=(SIDE, SIDE), mode="bilinear")
    for detail, expected in [
        ("none", decoded),
        ("kept", (decoded + residual).clamp(0, 1)),
        ("faded", (decoded + residual * (1 - upright)).clamp(0, 1)),
        ("auto", (decoded + residual * (1 - upright)).clamp(0, 1)),
    ]:
        made = teacher(Target(0, "it"), {}, vae, detail)
        torch.testing.assert_close(made.pictures(latents, faded), expected)
    made = teacher(Target(0, "it"), {}, detail="auto")  # of no grid, it is kept
    assert made.detail == "kept"


def test_an_output_without_scores_has_one_label() -> None:
    assert _labels(Readout(), torch.ones(2, 3, 4, 4), 2, None).tolist() == [0, 0]
    assert _labels(Readout(), torch.eye(3), 3, None).tolist() == [0, 1, 2]
