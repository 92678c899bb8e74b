"""Anytime methods: batches are their pictures, and how passes are joined is not seen."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.methods.smooth import CLASS, Smooth, run
from tests.networks import picture, seeded
from tests.requests import cheap
from xai_widgets.methods import METHODS
from xai_widgets.probe.network import Network
from xai_widgets.probe.trace import Trace

ANYTIME = [method.name for method in METHODS.values() if method.anytime]
anytime_methods = pytest.mark.parametrize("method", ANYTIME)


@pytest.fixture(scope="module")
def smooth() -> nn.Module:
    return seeded(Smooth()).double()


def steps_of(method: str, model: nn.Module, x: Tensor, **given: Any) -> list[tuple[float, Tensor]]:
    card = METHODS[method]
    with torch.no_grad():
        trace = Trace(Network(model), x)
        layer = trace.layers[0].name if card.takes_layer else None
        steps = card.run(trace, CLASS, layer, card.resolve(given))
        # Copies: what was given out earlier must not change later.
        kept = [(s.fraction, s.result.tensor, s.result.tensor.clone()) for s in steps]
    assert all(torch.equal(values, copy) for _, values, copy in kept)
    return [(fraction, values) for fraction, values, _ in kept]


@anytime_methods
def test_a_batch_is_explained_as_its_pictures_are(method: str, smooth: nn.Module) -> None:
    batch = torch.cat([(n + 1) * picture(seed=n) for n in range(3)]).double()
    given = cheap(METHODS[method])
    together = run(smooth, batch, method, **given)
    assert len(together) == len(batch)
    for n, values in enumerate(together):
        alone = run(smooth, batch[n : n + 1], method, **given)[0]
        scale = float(alone.abs().max())
        # Opti-CAM divides gradients by their own size: where they are small, rounding counts.
        close = 1e-4 if method == "opti_cam" else 1e-7
        torch.testing.assert_close(values, alone, rtol=close, atol=close / 100 * scale)


@anytime_methods
def test_the_last_map_does_not_depend_on_how_passes_are_joined(
    method: str, smooth: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, given, found = picture().double(), cheap(METHODS[method]), []
    for size in (1, 5, 64):
        monkeypatch.setattr("xai_widgets.probe.network._BATCH", {"cpu": size})
        found.append(run(smooth, x, method, **given))
    for values in found[1:]:
        torch.testing.assert_close(values, found[0], rtol=1e-7, atol=1e-10)


@anytime_methods
def test_maps_are_there_early_and_the_last_is_the_result(method: str, smooth: nn.Module) -> None:
    steps = steps_of(method, smooth, picture().double(), **cheap(METHODS[method]))
    fractions = [fraction for fraction, _ in steps]
    assert 0 < fractions[0] < 1
    assert fractions[-1] == 1
    assert fractions == sorted(fractions)
    assert all(torch.isfinite(values).all() for _, values in steps)
    assert len({values.shape for _, values in steps}) == 1


@anytime_methods
def test_a_seed_means_a_map(method: str, smooth: nn.Module) -> None:
    names = {parameter.name for parameter in METHODS[method].parameters}
    x, given = picture().double(), cheap(METHODS[method])
    if method == "integrated_gradients":
        given["baseline"] = "noise"
    torch.manual_seed(0)
    first = run(smooth, x, method, **given)
    torch.manual_seed(1)
    assert torch.equal(first, run(smooth, x, method, **given))
    if "seed" in names:
        assert not torch.equal(first, run(smooth, x, method, **given, seed=7))
