"""Against torchcam and quantus."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

import xai_widgets as xw
from tests.networks import cnn, picture
from xai_widgets import _torchvision, metrics

TARGET = 1


class Fixed:
    """A torchcam extractor that always gives the same map."""

    def __init__(self, model: torch.nn.Module, heat: np.ndarray) -> None:
        self.model = model
        self._map = torch.from_numpy(heat).float()[None]

    def __call__(self, *_: Any, **__: Any) -> list[torch.Tensor]:
        return [self._map]

    def fuse_cams(self, cams: list[torch.Tensor]) -> torch.Tensor:
        return cams[0]

    @contextmanager
    def _hooks_off(self) -> Any:
        yield


@pytest.mark.parametrize("size", [(16, 16), (5, 4)])
@pytest.mark.parametrize("baseline", ["zero", "mean"])
def test_insertion_and_deletion_against_torchcam(size: tuple[int, int], baseline: str) -> None:
    from torchcam import metrics as theirs

    if not hasattr(theirs, "DeletionInsertionMetric"):
        pytest.skip("torchcam has them since 0.5, which the newer Pythons get")
    model, x = cnn(), picture()
    heat = np.random.default_rng(0).normal(size=size)
    metric = theirs.DeletionInsertionMetric(
        Fixed(model, heat),
        partial(torch.softmax, dim=-1),
        steps=16,
        baseline=None if baseline == "zero" else x.mean((2, 3), keepdim=True),
    )
    metric.update(x, TARGET)
    wanted = metric.summary()
    engine = xw.Engine(model)
    options = {"target": TARGET, "steps": 16, "baseline": baseline}
    insertion = metrics.insertion(engine, x, heat, **options)
    deletion = metrics.deletion(engine, x, heat, **options)
    assert insertion.auc == pytest.approx(wanted["insertion_auc"], rel=1e-5)
    assert deletion.auc == pytest.approx(wanted["deletion_auc"], rel=1e-5)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.9])
def test_imputation_against_quantus(share: float) -> None:
    _torchvision.load()  # which quantus imports
    from quantus.functions.perturb_func import noisy_linear_imputation

    rng = np.random.default_rng(0)
    x, missing = rng.normal(size=(3, 20, 20)), rng.random((20, 20)) < share
    wanted = noisy_linear_imputation(x.copy(), np.flatnonzero(missing), noise=0)
    ours = metrics.linear_imputation(x, missing[None])[0]
    np.testing.assert_allclose(ours, np.reshape(wanted, x.shape), atol=1e-5)
