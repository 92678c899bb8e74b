"""Read-outs, and how the student's weights come back to pixels."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.relabel.linear import GridVAE, OrthogonalVAE, linear_engine, picture
from xai_widgets.errors import ExplanationError
from xai_widgets.relabel.autoencoders.vae import VAE
from xai_widgets.relabel.neighbours import CellFeatures, Readout, detail_of, features_for, read
from xai_widgets.relabel.teacher import Detail, Teacher


@dataclass
class Seen:
    """Neighbours of which only the mean and the change are known."""

    mean: float = 0.0
    change: float = 0.0

    @property
    def mean_picture(self) -> torch.Tensor:
        return torch.full((1, 8, 8), self.mean)

    @property
    def detail(self) -> torch.Tensor:
        return torch.ones(1, 8, 8)

    @property
    def mean_change(self) -> torch.Tensor:
        return torch.full((1, 8, 8), self.change)


def teacher(vae: VAE, detail: Detail = "none") -> Teacher:
    engine = linear_engine()
    x = picture()
    internals = engine.internals
    return Teacher(
        internals.network, vae, x, internals.normalise, internals.resolve_target(x),
        temperature=1.0, reference="image", detail=detail,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("readout", "expected"),
    [
        ("weight", [1.0, -2.0]),
        ("magnitude", [1.0, 2.0]),
        ("positive", [1.0, 0.0]),
        ("times_picture", [0.5, -2.0]),
        ("times_difference", [0.25, -1.0]),
        ("times_detail", [3.0, -1.0]),
    ],
)
def test_read_outs(readout: Readout, expected: list[float]) -> None:
    given = ([1.0, -2.0], [0.5, 1.0], [0.25, 0.5], [3.0, 0.5])
    assert read(*(torch.tensor(v) for v in given), readout).tolist() == expected


def test_weights_of_latents_are_the_change_of_the_picture_along_them() -> None:
    vae = OrthogonalVAE()
    view = features_for("latents", teacher(vae), 100, 7)
    d = torch.randn(64, generator=torch.Generator().manual_seed(2))
    found = view.map(d.double(), Seen(), "weight")
    expected = (d @ vae.basis.detach().T / 10).view(1, 8, 8)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_a_cell_counts_as_much_as_is_left_of_it() -> None:
    vae = GridVAE()
    view = features_for("grid", teacher(vae), 100, 1)
    offsets = torch.zeros(2, 1, 4, 4)
    offsets[1, 0, :2, :2] = 3.0
    offsets[1, 0, 2, 2] = -3.0
    rows = view.rows(torch.zeros(2, 1, 8, 8), offsets)
    torch.testing.assert_close(rows, torch.tensor([[1.0, 1, 1, 1], [0, 1, 1, 0.5]]))
    d = torch.tensor([4.0, 0, 0, 0]).double()
    # Enlarged bilinearly from 2 x 2 to 8 x 8, then the mean of 9 x 9 places twice.
    way = np.interp((np.arange(8) + 0.5) / 4 - 0.5, [0, 1], [1, 0])
    mean = np.array([[abs(i - j) <= 4 for j in range(8)] for i in range(8)], dtype=float)
    mean /= mean.sum(1, keepdims=True)
    smooth = 4 * np.outer(mean @ mean @ way, mean @ mean @ way)
    for readout, share in (("weight", 1.0), ("times_picture", 1.0), ("times_difference", 0.25)):
        found = view.map(d, Seen(change=0.25), readout)  # type: ignore[arg-type]  # one of them
        np.testing.assert_allclose(found[0], share * smooth, rtol=1e-5)


def test_segments_are_painted_whole() -> None:
    view = features_for("segments", teacher(OrthogonalVAE()), 100, 2)
    rows = view.rows(torch.rand(3, 1, 8, 8), torch.zeros(3, 64))
    d = torch.arange(rows.shape[1]).double()
    found = view.map(d, Seen(), "weight")
    assert set(found.unique().tolist()) == set(d.tolist())


def test_a_grid_needs_a_grid() -> None:
    with pytest.raises(ExplanationError, match="has 64 for all of it"):
        features_for("grid", teacher(OrthogonalVAE()), 100, 7)


def test_what_the_vae_loses_is_dropped_kept_or_faded() -> None:
    x = picture()
    latents = GridVAE().encode(x)[0]
    decoded = GridVAE().decode(latents)
    disturbed = torch.zeros(1, 1, 4, 4)
    disturbed[..., :2] = 1
    for detail, expected in (
        ("none", decoded),
        ("kept", x),
        ("faded", torch.cat([decoded[..., :2], x[..., -2:]], dim=-1)),
    ):
        found = teacher(GridVAE(), detail).pictures(latents, disturbed)  # type: ignore[arg-type]  # one of the three
        if detail == "faded":  # bilinear in between
            found = torch.cat([found[..., :2], found[..., -2:]], dim=-1)
        torch.testing.assert_close(found, expected)


def test_detail_is_what_the_vae_loses_compared_with_what_is_around() -> None:
    residual = torch.full((2, 56, 56), 0.01)
    residual[:, 20, 30] = -0.1
    found = detail_of(residual)
    assert found.shape == (1, 56, 56)
    # It is 0.11 · 8 / 9 away from the mean of its nine pixels, each of the other eight 0.11 / 9;
    # two channels and a floor of 0.001.
    sharp = (2 * 0.11 * 8 / 9 + 0.001) / (2 * 0.11 * (8 + 8) / 81 + 0.001)
    assert float(found[0, 20, 30]) == pytest.approx(sharp**1.5, rel=1e-4)
    assert float(found[0, 0, 0]) == pytest.approx(1, rel=1e-5)
    assert float(found[0, 40, 40]) == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("detail", ["none", "add"])
def test_a_segment_counts_as_much_as_is_left_of_it_in_any_channel(detail: str) -> None:
    generator = torch.Generator().manual_seed(0)
    pixels, reconstruction = torch.rand(2, 1, 3, 2, 3, generator=generator)
    given = SimpleNamespace(
        pixels=pixels, reconstruction=reconstruction, detail=detail, mean=torch.zeros(1, 1, 2, 2)
    )
    labels = torch.tensor([[0, 0, 1], [2, 1, 1]])
    view = CellFeatures(given, labels, 1)
    change = torch.zeros(3, 3, 2, 3)
    change[1, 1, 0, 0] = 6.0  # of two pixels and three channels: the mean square is 6
    change[2, :, 1, 0] = torch.tensor([3.0, 0.0, 0.0])  # of one pixel: 3
    unchanged = reconstruction if detail == "none" else pixels
    rows = view.rows(unchanged + change, torch.zeros(3, 1, 2, 2))
    expected = torch.tensor([[1.0, 1, 1], [0, 1, 1], [1, 1, 1 - 0.5**0.5]])
    torch.testing.assert_close(rows, expected)
