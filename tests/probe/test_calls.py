"""A layer that runs more than once: every call is put where it lies over the picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import xai_widgets as xw
from tests.networks import seeded
from xai_widgets.errors import ExplanationError

CLASSES = 5


def body() -> nn.Sequential:
    layers = (nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network = seeded(nn.Sequential(*layers, nn.Linear(8, CLASSES)))
    with torch.no_grad():
        network[0].weight.abs_()
        network[4].weight.abs_()
    return network


class Views(nn.Module):
    """The mean of a network's answers to several views of the picture."""

    def __init__(self, *views: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.net, self.views = body(), views

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self.net(view(x)) for view in self.views]).mean(0)


class Together(Views):
    """The same, the views put behind each other in one batch."""

    def forward(self, x: Tensor) -> Tensor:
        views = torch.cat([view(x) for view in self.views])
        return self.net(views).unflatten(0, (len(self.views), len(x))).mean(0)


def same(x: Tensor) -> Tensor:
    return x


def mirrored(x: Tensor) -> Tensor:
    return x.flip(-1)


def upside_down(x: Tensor) -> Tensor:
    return x.flip(-2)


def turned(x: Tensor) -> Tensor:
    return x.rot90(1, (-2, -1))


def upper_left(x: Tensor) -> Tensor:
    return x[..., :16, :16]


def lower_right(x: Tensor) -> Tensor:
    return x[..., 16:, 16:]


def spot() -> Tensor:
    x = torch.zeros(3, 32, 32)
    x[:, 4:10, 2:8] = 1
    return x


def centre(values: np.ndarray) -> tuple[float, float]:
    values = values - values.min()
    rows, columns = np.indices(values.shape)
    return float((rows * values).sum() / values.sum()), float(
        (columns * values).sum() / values.sum()
    )


def reference(
    network: Views, x: Tensor, target: int, back: list[Callable[[Tensor], Tensor]]
) -> Tensor:
    """Grad-CAM with every call's weighted map turned back and added before the rectifier."""
    total = torch.zeros(x.shape[-2:])
    for view, undo in zip(network.views, back, strict=True):
        a = network.net[:2](view(x[None])).detach().requires_grad_(True)
        score = network.net[2:](a)[0, target] / len(network.views)
        (g,) = torch.autograd.grad(score, a)
        total += undo((g.mean((2, 3), keepdim=True) * a).sum(1)[0]).detach()
    return total.relu()


def padded(top: int, left: int) -> Callable[[Tensor], Tensor]:
    return lambda m: nn.functional.pad(m, (left, 16 - left, top, 16 - top))


VIEWS = {
    "mirrored once": ((mirrored,), [mirrored]),
    "and its mirror image": ((same, mirrored), [same, mirrored]),
    "upside down": ((same, upside_down), [same, upside_down]),
    "turned by a quarter": ((same, turned), [same, lambda m: m.rot90(-1, (-2, -1))]),
    "two crops": ((upper_left, lower_right), [padded(0, 0), padded(16, 16)]),
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("kind", [Views, Together])
def test_calls_are_put_where_they_lie_and_added(name: str, kind: type[Views]) -> None:
    views, back = VIEWS[name]
    network, x = (
        kind(*views).eval(),
        torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(1)),
    )
    found = xw.Engine(network).explain(x, "grad_cam", target=1)
    expected = reference(network, x, 1, back)
    assert found.warnings == ()
    np.testing.assert_allclose(found.values, expected.numpy(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    "method", ["grad_cam", "hires_cam", "layer_cam", "ablation_cam", "full_grad"]
)
def test_a_spot_is_found_where_it_is(method: str) -> None:
    plain, flipped = body(), Views(same, mirrored).eval()
    for network in (plain, flipped, Views(mirrored).eval(), Together(same, mirrored).eval()):
        values = xw.Engine(network).explain(spot(), method, target=1).heatmap()
        row, column = centre(values)
        assert abs(row - 6.5) < 2.5, type(network)
        assert abs(column - 4.5) < 3.5, type(network)


class TwoPictures(nn.Module):
    """Two pictures in six channels, one network for both."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.cat([self.body(p).relu().mean((2, 3)) for p in x.split(3, 1)], 1))


def test_two_pictures_are_told_apart_in_words() -> None:
    engine = xw.Engine(seeded(TwoPictures()))
    x = torch.rand(6, 32, 32)
    found = engine.explain(x, "hires_cam", target=1)
    assert '"body" ran 2 times, on different channels of the picture' in found.warnings[0]
    assert 'layer="body#0"' in found.warnings[0]
    calls = [engine.explain(x, "hires_cam", target=1, layer=f"body#{i}") for i in (0, 1)]
    assert not np.array_equal(calls[0].values, calls[1].values)
    np.testing.assert_array_equal(found.values, calls[1].values)
    assert calls[0].warnings == calls[1].warnings == ()
    with pytest.raises(
        ExplanationError, match=r'"body" ran 2 time\(s\), expected "body#0", "body#1"'
    ):
        engine.explain(x, "grad_cam", target=1, layer="body#2")


class Repeated(nn.Module):
    """One block that runs on what it gave out itself."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.block = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for _ in range(3):
            x = x + self.block(x).relu()
        return self.head(x.mean((2, 3)))


def test_of_calls_that_follow_each_other_the_last_is_meant() -> None:
    engine = xw.Engine(seeded(Repeated()))
    x = torch.rand(3, 16, 16)
    last = engine.explain(x, "grad_cam", target=1, layer="block")
    np.testing.assert_array_equal(
        last.values, engine.explain(x, "grad_cam", target=1, layer="block#2").values
    )
    first = engine.explain(x, "grad_cam", target=1, layer="block#0")
    assert not np.array_equal(last.values, first.values)
    assert last.warnings == ()
