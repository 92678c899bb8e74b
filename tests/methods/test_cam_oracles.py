"""The CAM family against pytorch-grad-cam and torchcam, on a network that all of them handle."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pytorch_grad_cam as peer
import torch
import torch.nn.functional as F  # the field's name for it
import torchcam.methods
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

import xai_widgets as xw
from tests.networks import Passes
from xai_widgets.probe.network import Network
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

TARGET = 3
Map = npt.NDArray[np.float32]


class Plain(nn.Module):
    """Features that end in a rectifier's module, then a small head that is not linear."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 24, 3, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Sequential(nn.Linear(24 * 8 * 6, 20), nn.ReLU(), nn.Linear(20, 7))

    def forward(self, x: Tensor) -> Tensor:
        # Scores and gradients well above the constants that peers add to denominators.
        return 30 * self.head(self.features(x).flatten(1))


@pytest.fixture(scope="module")
def network() -> Plain:
    torch.manual_seed(0)
    model = Plain().eval()
    with torch.no_grad():
        model.features[4].bias[0] = -100  # one feature map is zero everywhere
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    return model


@pytest.fixture(scope="module")
def x() -> Tensor:
    return torch.rand(1, 3, 16, 12, generator=torch.Generator().manual_seed(1))


def ours(network: nn.Module, x: Tensor, method: str, **parameters: Any) -> Map:
    engine = xw.Engine(network)
    return engine.explain(x, method, target=TARGET, layer="features", **parameters).values


def agree(found: Map, theirs: Map, tolerance: float) -> None:
    assert found.shape == theirs.shape
    assert np.abs(theirs).max() > 0
    assert np.abs(found - theirs).max() <= tolerance * np.abs(theirs).max()


PYTORCH_GRAD_CAM: dict[str, tuple[Callable[..., Any], float]] = {
    "grad_cam": (peer.GradCAM, 1e-5),
    "grad_cam_pp": (peer.GradCAMPlusPlus, 1e-4),
    "xgrad_cam": (peer.XGradCAM, 1e-5),
    "layer_cam": (peer.LayerCAM, 1e-5),
    "hires_cam": (peer.HiResCAM, 1e-5),
    "eigen_cam": (peer.EigenCAM, 1e-4),
    "eigen_grad_cam": (peer.EigenGradCAM, 1e-4),
    "score_cam": (peer.ScoreCAM, 1e-4),
    "ablation_cam": (peer.AblationCAM, 1e-4),
}


# A principal direction's sign is a convention; and maps that are signed here are rectified there.
DIRECTIONS = ("eigen_cam", "eigen_grad_cam")


@pytest.mark.parametrize("method", PYTORCH_GRAD_CAM)
def test_pytorch_grad_cam(
    network: Plain, x: Tensor, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw: list[Map] = []

    def keep(cam: Map, target_size: Any = None) -> Map:
        raw.append(np.array(cam)[0])
        return cam

    # What it computed before it is scaled to [0, 1] and to the picture.
    monkeypatch.setattr("pytorch_grad_cam.base_cam.scale_cam_image", keep)
    kind, tolerance = PYTORCH_GRAD_CAM[method]
    with kind(network, [network.features]) as theirs:
        theirs(x.clone(), [ClassifierOutputTarget(TARGET)])
    found = ours(network, x, method)
    if method in DIRECTIONS:
        found = min((found, -found), key=lambda m: np.abs(m.clip(0) - raw[0]).max())
    agree(found.clip(0), raw[0], tolerance)


@pytest.mark.parametrize("method", DIRECTIONS)
def test_a_direction_is_turned_to_agree_with_the_sum_over_the_features(
    network: Plain, method: str
) -> None:
    """NumPy's first component of each picture, whichever way round its signs fall."""
    turned = set()
    x = torch.rand(8, 3, 16, 12, generator=torch.Generator().manual_seed(2))
    target = Target(TARGET, "class 3")
    trace = Trace(Network(network), x)
    features = trace.activation("features")
    if method == "eigen_grad_cam":
        features = features * trace.layer_gradient(target, "features")
    found = xw.methods.METHODS[method].function(trace, target, "features")
    for item, values in zip(features.detach().double().flatten(2).numpy(), found, strict=True):
        rows = item.T - item.T.mean(0)
        expected = rows @ np.linalg.svd(rows, full_matrices=False)[2][0]
        agreement = float(expected @ item.sum(0))  # of numbers whose mean is zero
        turned.add(agreement < 0)
        agree(values.detach().numpy().ravel(), np.sign(agreement) * expected, 1e-4)
    assert turned == {True, False}


TORCHCAM: dict[str, Any] = {
    "grad_cam": torchcam.methods.GradCAM,
    "xgrad_cam": torchcam.methods.XGradCAM,
    "layer_cam": torchcam.methods.LayerCAM,
}


@pytest.mark.parametrize("method", TORCHCAM)
def test_torchcam(network: Plain, x: Tensor, method: str) -> None:
    with TORCHCAM[method](network, "features") as theirs:
        scores = network(x.clone())
        (values,) = theirs(TARGET, scores, normalized=False)
    agree(ours(network, x, method), values[0].detach().numpy(), 1e-5)


def test_cam_on_a_pooled_linear_head_is_torchcams() -> None:
    class Pooled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU())
            self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(6, 7)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.pool(self.features(x)).flatten(1))

    torch.manual_seed(0)
    model = Pooled().eval()
    x = torch.randn(1, 3, 12, 12)
    with torchcam.methods.CAM(model, "features", "fc") as theirs:
        model(x)
        (values,) = theirs(TARGET, normalized=False)
    found = ours(model, x, "cam")
    agree(found.clip(0), values[0].detach().numpy().clip(0), 1e-5)
    # It completes: its mean, with the bias, is the score.
    assert found.mean() + float(model.fc.bias[TARGET]) == pytest.approx(
        float(model(x)[0, TARGET]), rel=1e-5
    )


def test_cam_refuses_a_head_that_is_not_linear(network: Plain, x: Tensor) -> None:
    with pytest.raises(xw.ExplanationError, match="global average pooling"):
        ours(network, x, "cam")


def test_opti_cam_makes_the_network_surer_than_its_start(network: Plain, x: Tensor) -> None:
    """The mask it ends with keeps a higher score than the equal mixture it starts from."""

    def score(values: Map) -> float:
        a = F.interpolate(torch.from_numpy(values)[None, None], size=x.shape[-2:], mode="bilinear")
        mask = (a - a.min()) / (a.max() - a.min())
        return float(network(x * mask)[0, TARGET])

    engine = xw.Engine(network)
    steps = list(engine.stream(x, "opti_cam", target=TARGET, layer="features", steps=50))
    start = network.features(x).mean(dim=1)[0].detach().numpy()
    assert score(steps[-1].attribution.values) > score(start) + 0.1


def test_opti_cam_of_half_precision_is_that_of_single(network: Plain, x: Tensor) -> None:
    half = copy.deepcopy(network).half()
    found = ours(half, x, "opti_cam")
    expected = ours(copy.deepcopy(half).float(), x, "opti_cam")
    assert np.linalg.norm(found - expected) < 0.15 * np.linalg.norm(expected)


def test_a_dead_feature_map_changes_nothing(network: Plain, x: Tensor) -> None:
    """Ablation-CAM does not run maps that are zero, Score-CAM runs constant ones once."""
    calls = Passes()
    handle = network.features.register_forward_hook(lambda *args: calls.append(len(args[1][0])))
    ours(network, x, "score_cam")
    handle.remove()
    maps = network.features(x)
    varying = int((maps.amax((2, 3)) > maps.amin((2, 3))).sum())
    assert 0 < varying < 24
    learned = 1 + 1 + 2 + 1  # another layout, and a pair beside each of its members
    # The trace, one empty picture, the maps that vary.
    assert sum(calls) == 1 + learned + 1 + varying


@pytest.mark.parametrize(("affine", "eps"), [(True, 1e-5), (True, 0.5), (False, 0.5)])
def test_full_gradients_account_for_the_whole_score(affine: bool, eps: float) -> None:
    """x · ∂y/∂x and every bias times its gradient add up to y in a network of rectifiers."""

    class Rectified(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6, eps)
            self.again, self.fc = nn.Conv2d(6, 5, 3, bias=False), nn.Linear(5, 7)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.norm(self.conv(x)), inplace=True)
            return self.fc(F.relu(self.again(x)).mean((2, 3)))

    torch.manual_seed(0)
    model = Rectified().eval()
    with torch.no_grad():
        model.norm.running_mean.normal_()
        model.norm.running_var.uniform_(0.5, 2)
        model.norm.bias.normal_()
    if not affine:
        model.norm.weight = model.norm.bias = None
        model.norm.affine = False
    x = torch.randn(2, 3, 12, 12)
    trace = Trace(Network(model), x)
    target = Target(TARGET, "class 3")
    parts = trace.bias_gradients(target)
    assert [part.shape[1:] for part in parts] == [(6, 10, 10), (6, 10, 10)]
    whole = sum(part.sum((1, 2, 3)) for part in [x * trace.gradient(target), *parts])
    whole = whole + model.fc.bias[TARGET]
    torch.testing.assert_close(whole.detach(), model(x)[:, TARGET].detach(), rtol=1e-5, atol=1e-5)

    # And the map, by a plain loop over what the identity adds up.
    expected = np.zeros((12, 12))
    for part in [x * trace.gradient(target), *parts]:
        one = part[0].abs()
        one = (one - one.min()) / (one.max() - one.min())
        for channel in one:
            up = F.interpolate(channel[None, None], (12, 12), mode="bilinear", align_corners=True)
            expected += up[0, 0].numpy()
    found = xw.Engine(model).explain(x[:1], "full_grad", target=TARGET).values
    agree(found[0], expected, 1e-5)
