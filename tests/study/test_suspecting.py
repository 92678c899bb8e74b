"""Patches and properties that mislead a network, planted; and that honest ones raise no alarm."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from xai_widgets import Engine, Study
from xai_widgets.study.causes import associations, changed
from xai_widgets.study.groups import mean_map
from xai_widgets.study.patches import _overlap, patches, recurrence

RNG = np.random.default_rng
SIDE = 32
MARK = np.array([[1, 0, 1, 0], [0, 1, 0, 1]] * 2, float)


class Coloured(nn.Module):
    """Answers with the strongest of red, green and blue; or with green where there is a mark."""

    def __init__(self, mark: float) -> None:
        super().__init__()
        self.see = nn.Conv2d(3, 4, 4, stride=4)
        self.head = nn.Linear(4, 3)
        with torch.no_grad():
            self.see.weight.zero_()
            self.see.weight[0] = torch.tensor(MARK - 0.5).float()[None] / 3
            self.see.bias.copy_(torch.tensor([-1.5, 0, 0, 0]))  # the mark alone is above
            self.head.weight.zero_()
            self.head.bias.zero_()
            for colour in range(3):
                self.see.weight[colour + 1, colour] = 1 / 16
                self.head.weight[colour, colour + 1] = 12
            self.head.weight[1, 0] = mark

    def forward(self, x: Tensor) -> Tensor:
        """Scores of red, green and blue."""
        scores: Tensor = self.head(torch.relu(self.see(x)).mean((2, 3)))
        return scores


def coloured(count: int, seed: int, marked: float) -> tuple[Any, Any, Any]:
    """Noise with one strong colour; the mark is in some of the green ones, at one place."""
    rng = RNG(seed)
    labels = np.arange(count) % 3
    pixels = rng.random((count, SIDE, SIDE, 3)) * 0.5
    pixels[np.arange(count), ..., labels] += 0.3
    there = (labels == 1) & (rng.random(count) < marked)
    pixels[there, 24:28, 24:28] = MARK[..., None]
    return (255 * pixels).astype(np.uint8), labels, there


def studied(network: nn.Module, data: Any, folder: Path) -> Study:
    engine = Engine(
        network.eval(),
        preprocessing={"size": SIDE, "mean": [0.0] * 3, "std": [1.0] * 3},
        class_names=["red", "green", "blue"],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = Study(engine, data, folder=folder)
        study.run(wait=True, progress=False)
    return study


def test_a_mark_in_a_third_of_one_class_is_found_by_its_group_of_maps(tmp_path: Path) -> None:
    """Too few pictures have it for an exchange between all of them to turn answers."""
    pixels, labels, there = coloured(360, 0, 0.35)
    study = studied(Coloured(300.0), (list(pixels), labels.tolist()), tmp_path / "s")
    first, *others = study.suspicions("shortcut")
    assert others == []
    assert first.kind == "shortcut"
    assert there[first.rows].all()  # the pictures that have it
    top, left, bottom, right = first.experiment.box
    assert abs((top + bottom) / 2 - 26) <= 3
    assert abs((left + right) / 2 - 26) <= 3
    assert first.effect > 0.9  # put into others, it turns them to green
    assert first.control < 0.1
    assert first.interval[0] > first.experiment.control_interval[1]
    assert "have there is the same" in first.evidence
    assert "Covering the region" in first.evidence


def test_a_mark_that_the_network_does_not_use_is_no_suspicion(tmp_path: Path) -> None:
    """It recurs, and no answer turns on it."""
    pixels, labels, _ = coloured(240, 1, 0.8)
    study = studied(Coloured(0.0), (list(pixels), labels.tolist()), tmp_path / "s")
    assert study.suspicions("shortcut") == []


@pytest.mark.parametrize("seed", range(4))
def test_pictures_without_a_mark_raise_no_alarm(tmp_path: Path, seed: int) -> None:
    pixels, labels, _ = coloured(240, seed, 0.0)
    study = studied(Coloured(300.0), (list(pixels), labels.tolist()), tmp_path / "s")
    assert study.suspicions(["shortcut", "property"]) == []


def dim() -> Coloured:
    """Tells colours as long as they are bright enough, else says blue."""
    network = Coloured(0.0)
    with torch.no_grad():
        network.head.bias[2] = 2
    return network


def test_darkness_that_misleads_is_found_with_its_control(tmp_path: Path) -> None:
    rng = RNG(0)
    pixels, labels, _ = coloured(360, 0, 0.0)
    dark = rng.random(360) < 0.4
    pixels[dark] = (0.25 * pixels[dark]).astype(np.uint8)
    study = studied(dim(), (list(pixels), labels.tolist()), tmp_path / "s")
    wrong = ~study.rows["correct"]
    assert set(np.flatnonzero(wrong)) == set(np.flatnonzero(dark & (labels != 2)))
    found = {one.title: one for one in study.suspicions("property")}
    assert all(one.kind == "property" for one in found.values())
    first = found["Pictures with less brightness are answered wrong"]
    assert set(first.rows.tolist()) == set(np.flatnonzero(wrong).tolist())
    assert (np.diff(study.rows["brightness"][first.rows]) >= 0).all()
    assert first.effect > 0.4
    assert first.effect - first.control > 0.4
    assert "given as much more" in first.evidence


def test_darkness_that_misleads_nobody_is_no_suspicion(tmp_path: Path) -> None:
    """Errors fall on dark pictures because their labels are wrong."""
    rng = RNG(0)
    pixels, labels, _ = coloured(360, 0, 0.0)
    dark = rng.random(360) < 0.4
    pixels[dark] = (0.6 * pixels[dark]).astype(np.uint8)
    labels[dark] = (labels[dark] + 1) % 3
    study = studied(Coloured(0.0), (list(pixels), labels.tolist()), tmp_path / "s")
    brightness = {"brightness": study.rows["brightness"]}
    (seen,) = associations(brightness, ~study.rows["correct"])
    assert seen.auc < 0.05
    assert study.suspicions("property") == []


def test_associations_are_mann_and_whitneys() -> None:
    rng = RNG(2)
    wrong = rng.random(300) < 0.3
    columns = {"dark": rng.normal(size=300) - wrong, "noise": rng.normal(size=300)}
    (found,) = associations(columns, wrong)
    bad, good = columns["dark"][wrong], columns["dark"][~wrong]
    assert found.name == "dark"
    assert found.auc == pytest.approx((bad[:, None] > good[None]).mean())
    assert (found.wrong, found.right) == (np.median(bad), np.median(good))
    assert associations(columns, np.zeros(300, bool)) == []


def test_changed_properties() -> None:
    pixels = torch.rand(2, 3, 16, 16) * 0.4 + 0.2
    luma = torch.tensor([0.299, 0.587, 0.114])[:, None, None]

    def grey(x: Tensor) -> Tensor:
        return (x * luma).sum(1)

    assert torch.allclose(changed(pixels, "brightness", 0.5), pixels / 2)
    made = changed(pixels, "contrast", 0.5)
    assert torch.allclose(grey(made).std((1, 2)), grey(pixels).std((1, 2)) / 2, atol=1e-6)
    assert torch.allclose(grey(made).mean((1, 2)), grey(pixels).mean((1, 2)), atol=1e-6)
    made = changed(pixels, "saturation", 0.0)
    assert torch.allclose(made, grey(pixels)[:, None].expand_as(made), atol=1e-6)
    assert (
        changed(pixels, "sharpness", 0.2).diff(dim=3).abs().mean() < pixels.diff(dim=3).abs().mean()
    )
    assert torch.allclose(changed(pixels, "sharpness", 1.0), pixels, atol=1e-6)


def test_recurrence_is_the_mean_correlation_of_pairs() -> None:
    windows = RNG(0).random((5, 1, 4, 6))
    flat = windows.reshape(5, -1)
    expected = np.corrcoef(flat)[np.triu_indices(5, 1)].mean()
    assert recurrence(windows) == pytest.approx(expected)
    assert recurrence(np.ones((4, 3, 2, 2))) == 0
    assert recurrence(windows[:1]) == 0
    colours = RNG(1).random((6, 3, 1, 1)) + np.zeros((6, 3, 4, 4))
    assert recurrence(colours) == 0


def test_a_patch_needs_to_recur_and_to_have_the_evidence() -> None:
    pixels, labels, _ = coloured(60, 0, 1.0)
    x = np.moveaxis(pixels / 255, 3, 1).astype(np.float32)
    own, others = x[labels == 1], x[labels != 1]
    corner, middle = np.zeros((8, 8), np.float32), np.zeros((8, 8), np.float32)
    corner[6, 6], middle[2:4, 2:4] = 1, 1
    found = patches(own, others, [corner] * len(own))
    top, left, bottom, right = found[0].box
    assert top <= 24 < 28 <= bottom
    assert left <= 24 < 28 <= right
    assert found[0].own > 0.3 + abs(found[0].others)
    assert patches(own, others, [middle] * len(own)) == []  # its evidence is elsewhere
    assert patches(others[:20], own, [corner] * 20) == []  # what does not recur


def test_the_evidence_of_a_patch_is_the_share_of_the_mean_map_within_it() -> None:
    rng = np.random.default_rng(0)
    own, others = (rng.random((12, 3, 48, 48), dtype=np.float32) for _ in range(2))
    own[:, :, 20:36, 28:44] = rng.random((3, 16, 16))
    bright = np.pad(np.full((16, 16), 5.0), ((20, 12), (28, 4)), constant_values=1)
    maps = [(bright * rng.random((48, 48))).astype(np.float32) for _ in range(12)]
    found = patches(own, others, maps)
    mean = mean_map(maps)
    assert len(found) == 2
    for patch in found:
        top, left, bottom, right = patch.box
        assert (20 <= top < bottom <= 36, 28 <= left < right <= 44) == (True, True)
        assert patch.evidence == pytest.approx(mean[patch.mask((48, 48))].sum() / mean.sum(), 1e-4)
        assert patch.own == pytest.approx(1)
        windows = others[..., top:bottom, left:right].astype(float)
        flat = (windows - windows.mean((2, 3), keepdims=True)).reshape(12, -1)
        pairs = np.corrcoef(flat)[np.triu_indices(12, 1)]
        assert patch.others == pytest.approx(pairs.mean(), abs=1e-6)


@pytest.mark.parametrize(
    ("box", "overlaps"),
    [((2, 2, 4, 4), True), ((3, 3, 9, 9), True), ((0, 0, 9, 9), True), ((4, 2, 6, 4), False),
     ((2, 4, 4, 6), False), ((0, 2, 2, 4), False), ((2, 0, 4, 2), False), ((5, 5, 6, 6), False)],
)  # fmt: skip
def test_windows_overlap_where_they_share_a_pixel(
    box: tuple[int, int, int, int], overlaps: bool
) -> None:
    assert _overlap(box, (2, 2, 4, 4)) is overlaps
    assert _overlap((2, 2, 4, 4), box) is overlaps


@pytest.mark.parametrize(("wrong", "right"), [(10, 10), (9, 60), (60, 9)])
def test_a_property_is_judged_from_ten_pictures_of_both_kinds_on(wrong: int, right: int) -> None:
    column = np.concatenate([np.linspace(0, 0.2, wrong), np.linspace(0.5, 1, right)])
    found = associations({"brightness": column}, np.arange(wrong + right) < wrong)
    if min(wrong, right) < 10:
        assert found == []
    else:
        (one,) = found
        assert (one.name, one.auc) == ("brightness", 0)
        assert (one.wrong, one.right) == pytest.approx((0.1, 0.75))


def test_a_property_has_to_tell_much_and_not_by_chance() -> None:
    rng = RNG(3)
    wrong = np.arange(4000) < 2000
    little = rng.normal(0, 1, 4000) + 0.2 * wrong
    assert np.abs(little[wrong].mean() - little[~wrong].mean()) > 0.1
    assert associations({"contrast": little}, wrong) == []
    few = np.arange(24) < 12
    by_chance = np.where(few, 0.3, 0.0) + np.linspace(0, 1, 12)[np.arange(24) % 12]
    assert associations({"contrast": by_chance}, few) == []
    assert len(associations({"contrast": little + wrong}, wrong)) == 1
