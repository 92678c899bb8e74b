"""Distillation and autoencoders on a device: every kind of feature, of noise and of latent, what is
asked of an explanation afterwards, and training, files and checkpoints of autoencoders.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import xai_widgets as xw
from tests.device.comparing import CPU, assert_alike, on_both
from tests.relabel.linear import GridVAE, LinearTeacher, OrthogonalVAE, picture
from tests.relabel.pictures import bars
from xai_widgets.relabel import (
    ConvolutionalVAE,
    RelabelDistillation,
    RelabelExplanation,
    SpatialVAE,
    bind,
    fit_vae,
    load_vae,
    reconstruct,
    save_vae,
)
from xai_widgets.relabel.editing import Editor, axes_of
from xai_widgets.relabel.surrogate import DistillationOptions

X = picture()


class WeightedGridVAE(GridVAE):
    """A `GridVAE` that is somewhere: it has a weight, 1."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(()))

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        return super().encode(pixels * self.one)

    def decode(self, latents: Tensor) -> Tensor:
        return super().decode(latents * self.one)


class PlainVAE:
    """No module: moves what it is given to its device, and leaves its answers there."""

    def __init__(self, device: torch.device) -> None:
        self._vae, self._device = OrthogonalVAE().to(device), device

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        return self._vae.encode(pixels.to(self._device))

    def decode(self, latents: Tensor) -> Tensor:
        return self._vae.decode(latents.to(self._device))


def distilled(where: torch.device, vae: Any, **options: Any) -> RelabelExplanation:
    options = {"samples": 80, "readout": "weight", **options}
    return RelabelDistillation(xw.Engine(LinearTeacher().to(where)), vae, **options).explain(X)


def of_a_vector(where: torch.device, **options: Any) -> RelabelExplanation:
    return distilled(where, OrthogonalVAE().to(where), **options)


def of_a_grid(where: torch.device, **options: Any) -> RelabelExplanation:
    return distilled(where, WeightedGridVAE().to(where), **options)


def facts(found: RelabelExplanation) -> list[Any]:
    return [
        found.attribution.values, found.fidelity, found.soft_r2, found.kept_share, found.scale,
        found.reconstruction_error, found.scores, found.kept, found.probability,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        {"space": "pixels"}, {"space": "latents"}, {"space": "segments", "cells": 3},
        {"space": "latents", "readout": "auto"}, {"detail": "none"}, {"shape": "drawn_out"},
        {"noise": "posterior"}, {"noise": "uniform"}, {"reference": "reconstruction"},
    ],
)  # fmt: skip
def test_latents_that_are_a_vector(options: dict[str, Any], device: torch.device) -> None:
    on_both(lambda where: facts(of_a_vector(where, **options)), device)


@pytest.mark.parametrize(
    "options",
    [
        {"space": "grid"}, {"space": "grid", "structure": "patches", "readout": "auto"},
        {"space": "segments", "cells": 3}, {"space": "latents", "structure": "smooth"},
        {"space": "pixels", "structure": "erased", "noise": "isotropic"},
        {"detail": "kept"}, {"detail": "none"},
    ],
)  # fmt: skip
def test_latents_over_the_picture(options: dict[str, Any], device: torch.device) -> None:
    on_both(lambda where: facts(of_a_grid(where, **options)), device)


def test_an_autoencoder_elsewhere_than_the_network(device: torch.device) -> None:
    expected = facts(of_a_vector(CPU))
    assert_alike(facts(distilled(device, OrthogonalVAE())), expected)
    assert_alike(facts(distilled(CPU, OrthogonalVAE().to(device))), expected)
    assert_alike(facts(distilled(device, PlainVAE(device))), expected)
    assert_alike(facts(distilled(CPU, PlainVAE(device))), expected)


@pytest.mark.parametrize("kind", ["vector", "grid"])
def test_what_is_asked_of_an_explanation(kind: str, device: torch.device) -> None:
    def asked(where: torch.device) -> list[Any]:
        found = (of_a_vector if kind == "vector" else of_a_grid)(where)
        turning, directions = found.counterfactual, found.directions
        kept, lost = found.exemplars(2)
        pictures, probabilities = found.look(turning.direction * 0.5 + found.latent)
        return [
            turning.direction, turning.probability, turning.label, turning.flip or -1.0,
            # A vector's VAE is exact: the error is that of rounding, and a ratio of two of them.
            turning.cycle_error if kind == "grid" else 0.0,
            [] if turning.picture is None else turning.picture,
            directions.weights.__abs__(), kept.places, lost.probability, pictures, probabilities,
            found.latents([0, 3]), found.pictures([1, 2]), found.reconstruction,
            [found.read(readout).values for readout in ("magnitude", "times_difference")],
        ]  # fmt: skip

    on_both(asked, device)


def test_the_map_of_another_seed(device: torch.device) -> None:
    on_both(lambda where: of_a_vector(where).seed_stability(2), device, share=0.02)


@pytest.mark.parametrize("vae", [OrthogonalVAE, WeightedGridVAE])
def test_walks_through_latents(vae: type[nn.Module], device: torch.device) -> None:
    def walked(where: torch.device) -> list[Any]:
        engine = xw.Engine(LinearTeacher().to(where))
        autoencoder = vae().to(where)
        found = RelabelDistillation(engine, autoencoder, samples=80).explain(X)
        shown, target = engine.picture(X), engine.internals.resolve_target(X)
        editor = Editor(engine, autoencoder, shown, target, DistillationOptions())
        axes = axes_of(found, 3)
        edited = editor.at(axes, [axis.high / 2 for axis in axes], None, found)
        again = editor.at(axes[:1], [axes[0].low], found.latents([1])[:1], found)
        steps = [step for _, step in editor.along(axes[0], 3, found)]
        return [
            [one.pictures.astype(float) / 255, one.probabilities, one.scores]
            for one in (edited, again, *steps)
        ] + [editor.reconstruction().probabilities]

    on_both(walked, device, share=0.02)


def test_as_a_method_of_an_engine(device: torch.device) -> None:
    def explained(where: torch.device) -> Any:
        engine = xw.Engine(LinearTeacher().to(where))
        bind(engine, OrthogonalVAE().to(where))
        pictures = [X, picture(0.03)]
        found = engine.explain_batch(pictures, "relabel_distillation", samples=60, readout="auto")
        return [one.values for one in found]

    on_both(explained, device)


def features(pixels: Tensor) -> Tensor:
    return torch.nn.functional.avg_pool2d(pixels, 4)


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (lambda: ConvolutionalVAE(channels=1, size=16, latent=3, width=4), {}),
        (lambda: SpatialVAE(channels=1, width=4, fine=4, depth=1), {"size": 16}),
        (
            lambda: ConvolutionalVAE(channels=1, size=16, latent=3, width=4),
            {"error": "squared", "features": features, "beta": 0.1},
        ),
    ],
)
def test_an_autoencoder_is_trained(
    make: Any, options: dict[str, Any], device: torch.device
) -> None:
    data = bars(8)
    pixels = torch.from_numpy(data[:2]).permute(0, 3, 1, 2).float() / 255

    def trained(where: torch.device) -> Any:
        vae = make().to(where)
        start = [p.detach().cpu().clone() for p in vae.parameters()]
        fit_vae(data, vae=vae, steps=3, batch_size=4, progress=False, preview=2, **options)
        moved = [p.detach().cpu() - q for p, q in zip(vae.parameters(), start, strict=True)]
        return [torch.cat([m.flatten() for m in moved]), reconstruct(vae, pixels.to(where))]

    # AdamW's first steps are as long where a gradient is nearly 0, whose sign rounding decides.
    found, expected = trained(device), trained(CPU)
    one, other = found[0].double(), expected[0].double()
    assert float(one @ other / one.norm() / other.norm()) > 0.99
    assert_alike(found[1], expected[1], share=0.02)


def test_autoencoders_in_files(device: torch.device, tmp_path: Path) -> None:
    vae = ConvolutionalVAE(channels=1, size=16, latent=3, width=4)
    expected = {name: value.clone() for name, value in vae.state_dict().items()}
    save_vae(vae.to(device), tmp_path / "vae.safetensors")
    found = load_vae(tmp_path / "vae.safetensors")
    assert_alike(found.state_dict(), expected, 0)
    with torch.no_grad():
        for parameter in vae.parameters():
            parameter.zero_()
    load_vae(tmp_path / "vae.safetensors", vae=vae)
    assert next(vae.parameters()).device == device
    assert_alike(vae.state_dict(), expected, 0)


def test_a_training_goes_on_from_its_checkpoint(device: torch.device, tmp_path: Path) -> None:
    data, options = bars(8), {"batch_size": 4, "steps": 4, "checkpoint_every": 2, "progress": False}

    def vae() -> nn.Module:
        return ConvolutionalVAE(channels=1, size=16, latent=3, width=4).to(device)

    whole = fit_vae(data, vae=vae(), **options)
    cut = xw.relabel.stream_fit_vae(
        data, vae=vae(), checkpoint=tmp_path / "c.safetensors",
        **{name: value for name, value in options.items() if name != "progress"},
    )  # fmt: skip
    assert [next(cut).result.step for _ in range(3)] == [1, 2, 3]
    cut.close()
    resumed = fit_vae(data, vae=vae(), checkpoint=tmp_path / "c.safetensors", **options)
    assert_alike(resumed.state_dict(), whole.state_dict(), 1e-4)
    assert np.isfinite([float(p.sum()) for p in resumed.parameters()]).all()
