"""Every method against a slower, plainer version written straight from its paper's formula."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

import xai_widgets as xw

TARGET = 2


class Rectified(nn.Module):
    """conv, rectifier, pooling, conv, rectifier, mean, linear; the rectifier is handed in."""

    def __init__(self, rectifier: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.second = nn.Conv2d(6, 5, 3, padding=1)
        self.head = nn.Linear(5 * 4 * 4, 4)
        self.rectifier = rectifier

    def forward(self, x: Tensor) -> Tensor:
        a = F.avg_pool2d(self.rectifier(self.first(x)), 2)
        b = self.rectifier(self.second(a))
        return self.head(F.tanh(b).flatten(1))


def make(rectifier: Callable[[Tensor], Tensor]) -> Rectified:
    torch.manual_seed(0)
    network = Rectified(rectifier).double().eval()
    with torch.no_grad():
        network.first.weight.mul_(4)
        network.second.weight.mul_(4)
    return network


@pytest.fixture(scope="module")
def x() -> Tensor:
    return torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


RECTIFIERS: dict[str, tuple[Callable[[Tensor], Tensor], float]] = {
    "functional": (F.relu, np.inf),
    "inline": (lambda u: u.relu(), np.inf),
    "in place": (lambda u: F.relu(u, inplace=True), np.inf),
    "clamp": (lambda u: u.clamp(min=0), np.inf),
    "relu6": (lambda u: F.relu6(u, inplace=True), 6.0),
}


def slow_backward(network: Rectified, x: Tensor, rule: str, top: float) -> np.ndarray:
    """The whole backward written out layer by layer with transposed convolutions, no autograd."""
    u1 = F.conv2d(x, network.first.weight, network.first.bias, padding=1)
    a = F.avg_pool2d(u1.clamp(0, top), 2)
    u2 = F.conv2d(a, network.second.weight, network.second.bias, padding=1)
    b = u2.clamp(0, top)

    def through(u: Tensor, g: Tensor) -> Tensor:
        active = ((u > 0) & (u < top)).double()
        if rule == "standard":
            return active * g
        return g.clamp(min=0) * (active if rule == "guided" else 1)

    g = network.head.weight[TARGET].view(1, 5, 4, 4) * (1 - b.tanh() ** 2)
    g = F.conv_transpose2d(through(u2, g), network.second.weight, padding=1)
    g = through(u1, g.repeat_interleave(2, 2).repeat_interleave(2, 3) / 4)
    return F.conv_transpose2d(g, network.first.weight, padding=1)[0].detach().numpy()


def close(ours: np.ndarray, reference: np.ndarray) -> None:
    assert ours.shape == reference.shape
    assert np.abs(reference).max() > 0
    # Attributions are kept in float32.
    assert np.abs(ours - reference).max() <= 1e-6 * np.abs(reference).max()


@pytest.mark.parametrize("kind", RECTIFIERS)
@pytest.mark.parametrize(
    ("method", "rule"),
    [("saliency", "standard"), ("guided_backprop", "guided"), ("deconvnet", "deconvnet")],
)
def test_backward_rules(method: str, rule: str, kind: str, x: Tensor) -> None:
    rectifier, top = RECTIFIERS[kind]
    network = make(rectifier)
    with torch.no_grad():
        reference = slow_backward(network, x, rule, top)
    close(xw.Engine(network).explain(x, method, target=TARGET).values, reference)


def test_saliency_is_the_slope_of_the_score(x: Tensor) -> None:
    network = make(F.softplus)
    ours = xw.Engine(network).explain(x, "saliency", target=TARGET).values
    slope = np.zeros(x.shape[1:])
    step = 1e-6
    for place in itertools.product(*map(range, x.shape[1:])):
        up, down = x.clone(), x.clone()
        up[(0, *place)] += step
        down[(0, *place)] -= step
        with torch.no_grad():
            difference = network(up)[0, TARGET] - network(down)[0, TARGET]
        slope[place] = difference / (2 * step)
    assert np.abs(ours - slope).max() <= 1e-6 * np.abs(slope).max()


def slow_cam(network: Rectified, x: Tensor, top: float, resolved: bool) -> np.ndarray:
    """Grad-CAM's and HiResCAM's sums, channel by channel, place by place, at the second layer."""
    a = F.avg_pool2d(
        F.conv2d(x, network.first.weight, network.first.bias, padding=1).clamp(0, top), 2
    )
    u = F.conv2d(a, network.second.weight, network.second.bias, padding=1)
    b = u.clamp(0, top)
    gradient = network.head.weight[TARGET].view(5, 4, 4) * (1 - b[0].tanh() ** 2)
    gradient = gradient * ((u[0] > 0) & (u[0] < top))
    cam = np.zeros((4, 4))
    for k, i, j in itertools.product(range(5), range(4), range(4)):
        weight = float(gradient[k, i, j] if resolved else gradient[k].mean())
        cam[i, j] += weight * float(u[0, k, i, j])
    return cam


@pytest.mark.parametrize("kind", RECTIFIERS)
def test_cams_at_a_convolution_before_any_rectifier(kind: str, x: Tensor) -> None:
    """Where the rectifier works in place, the convolution's own output is gone when read late."""
    rectifier, top = RECTIFIERS[kind]
    network = make(rectifier)
    engine = xw.Engine(network)
    with torch.no_grad():
        coarse, resolved = (slow_cam(network, x, top, resolved) for resolved in (False, True))
    close(engine.explain(x, "grad_cam", target=TARGET, layer="second").values, coarse.clip(0))
    close(engine.explain(x, "hires_cam", target=TARGET, layer="second").values, resolved)


@pytest.mark.parametrize(
    ("baseline", "width", "shape"),
    [
        ("zero", 3, "rectangle"),
        ("mean", 3, "rectangle"),
        ("zero", 5, "rectangle"),
        ("zero", 3, "ellipse"),
        ("mean", 5, "ellipse"),
    ],
)
def test_occlusion_window_by_window(baseline: str, width: int, shape: str, x: Tensor) -> None:
    network = make(F.relu)
    window, stride = 3, 2
    total, count = np.zeros((8, 8)), np.zeros((8, 8))
    with torch.no_grad():
        whole = float(network(x)[0, TARGET])
        lefts = [0, 2, 4, 6] if width == 3 else [0, 2, 4]
        for top, left in itertools.product([0, 2, 4, 6], lefts):
            covered, hidden = x.clone(), np.zeros((8, 8), dtype=bool)
            for r, c in itertools.product(range(window), range(width)):
                away = ((r + 0.5) / window * 2 - 1) ** 2 + ((c + 0.5) / width * 2 - 1) ** 2
                inside = shape == "rectangle" or away <= 1
                if inside and top + r < 8 and left + c < 8:
                    hidden[top + r, left + c] = True
            colour = x.mean(dim=(2, 3)) if baseline == "mean" else x.new_zeros(x.shape[:2])
            covered[:, :, torch.from_numpy(hidden)] = colour[..., None]
            fall = whole - float(network(covered)[0, TARGET])
            total[hidden] += fall
            count[hidden] += 1
    ours = xw.Engine(network).explain(
        x, "occlusion", target=TARGET, window=window, width=width, shape=shape, stride=stride,
        baseline=baseline,
    )  # fmt: skip
    for channel in ours.values:
        close(channel, (total / np.maximum(count, 1)).astype(np.float32))


def test_occlusion_refines_from_a_map_that_covers_the_picture(x: Tensor) -> None:
    engine = xw.Engine(make(F.relu))
    steps = list(engine.stream(x, "occlusion", target=TARGET, window=2, stride=1))
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert all(np.isfinite(step.attribution.values).all() for step in steps)
    final = steps[-1].attribution.values
    errors = [np.abs(step.attribution.values - final).mean() for step in steps]
    assert errors[0] > errors[len(errors) // 2] > errors[-1] == 0


@pytest.mark.parametrize(
    ("shape", "width", "stride", "words"),
    [
        ("rectangle", 0, 5, r"stride=5 leaves gaps.*4 x 4 px.*expected stride <= 4"),
        ("rectangle", 2, 4, r"stride=4 leaves gaps.*4 x 2 px.*expected stride <= 2"),
        ("ellipse", 0, 4, r"stride=4 leaves gaps.*4 x 4 px \(ellipse.*expected stride <= 2"),
    ],
)
def test_occlusion_refuses_gaps(shape: str, width: int, stride: int, words: str, x: Tensor) -> None:
    with pytest.raises(xw.ExplanationError, match=words):
        xw.Engine(make(F.relu)).explain(
            x, "occlusion", window=4, width=width, shape=shape, stride=stride
        )


def test_input_x_gradient_sums_to_the_score_of_a_linear_network() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(48, 4, bias=False)).double()
    x = torch.randn(1, 3, 4, 4, dtype=torch.float64)
    attribution = xw.Engine(network).explain(x, "input_x_gradient", target=1)
    assert attribution.values.sum() == pytest.approx(float(network(x)[0, 1].detach()), rel=1e-5)


def test_on_a_pooled_linear_head_grad_cam_is_hires_cam_and_both_complete() -> None:
    torch.manual_seed(0)
    features = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU())
    network = nn.Sequential(
        features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)
    ).double()
    x = torch.randn(1, 3, 9, 7, dtype=torch.float64)
    engine = xw.Engine(network)
    assert engine.layers[0] == "0"
    hires = engine.explain(x, "hires_cam", target=1)
    coarse = engine.explain(x, "grad_cam", target=1)
    np.testing.assert_allclose(coarse.values, hires.values.clip(0), rtol=1e-5, atol=1e-9)
    assert hires.values.sum() + float(network[-1].bias[1]) == pytest.approx(hires.score, rel=1e-5)
