"""Networks that take one picture at a time, leave PyTorch, read strides or mix their batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import xai_widgets as xw
from tests.networks import seeded
from xai_widgets.errors import ExplanationError

X = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(2))


def small(norm: nn.Module | None = None) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(3, 8, 3, padding=1), norm or nn.Identity(), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)),
    )


class Standardised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = small()

    def forward(self, x: Tensor) -> Tensor:
        return self.net((x - x.mean()) / (x.std() + 1e-3))


class OneAtATime(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4 * 16 * 16, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.conv(x).relu().reshape(1, -1))


def mixing() -> list[nn.Module]:
    norm = nn.BatchNorm2d(8, track_running_stats=False)
    return [seeded(Standardised()), seeded(small(norm)), seeded(OneAtATime())]


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("method", ["occlusion", "integrated_gradients", "smooth_grad"])
def test_each_picture_is_taken_as_if_it_were_alone(kind: int, method: str) -> None:
    model = mixing()[kind]
    engine, alone = xw.Engine(model), xw.Engine(model)
    alone.internals.network.byte_budget = 1
    options = {"window": 4, "stride": 4} if method == "occlusion" else {}
    found, expected = (e.explain(X, method, target=1, **options) for e in (engine, alone))
    scale = float(np.abs(expected.values).max())
    np.testing.assert_allclose(found.values, expected.values, atol=1e-4 * scale)
    assert any("one by one" in warning for warning in found.warnings)


class ByTheFirst(nn.Module):
    """Goes by the first picture of a batch: for that one it is right in any batch."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.net, self.how = small(), how

    def forward(self, x: Tensor) -> Tensor:
        brightness = float(x[0].detach().mean())
        if self.how == "factor":
            return self.net(x) * brightness
        return self.net(x) if brightness < 0.5 else self.net(x.square())


@pytest.mark.parametrize("how", ["factor", "branch"])
@pytest.mark.parametrize("method", ["saliency", "grad_cam", "occlusion", "integrated_gradients"])
def test_what_goes_by_the_first_picture_of_a_batch_is_taken_alone(how: str, method: str) -> None:
    model = seeded(ByTheFirst(how)).eval()
    dark, bright = X * 0.3, X * 0.3 + 0.6
    images = [dark, bright, dark + 0.1, bright - 0.1]
    options = {"window": 4, "stride": 4} if method == "occlusion" else {}
    found = list(xw.Engine(model).explain_many(images, method, targets=1, **options))
    for image, attribution in zip(images, found, strict=True):
        assert attribution.score == pytest.approx(model(image[None])[0, 1].item(), rel=1e-5)
        if method == "saliency":
            x = image[None].clone().requires_grad_(True)
            (expected,) = torch.autograd.grad(model(x)[0, 1], x)
            scale = float(expected.abs().max())
            np.testing.assert_allclose(attribution.values, expected[0], atol=1e-4 * scale)


class AsksForGradients(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = small()

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x) * (2 if torch.is_grad_enabled() else 1)


def test_another_output_without_gradients_is_said() -> None:
    engine = xw.Engine(seeded(AsksForGradients()).eval())
    for method in ("saliency", "grad_cam", "occlusion"):
        found = engine.explain(X, method, target=1)
        assert any("torch.no_grad()" in warning for warning in found.warnings), method
        (many, _) = engine.explain_many([X, X], method, targets=1)
        assert any("torch.no_grad()" in warning for warning in many.warnings), method
    assert any("torch.no_grad()" in warning for warning in engine.predict(X).warnings)


class FrozenByInferenceMode(nn.Module):
    """Its first half runs under `torch.inference_mode()`, as frozen backbones do."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.block, self.head = nn.Conv2d(8, 8, 3, padding=1), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        with torch.inference_mode():
            features = self.stem(x)
        return self.head(self.block(features.clone()).mean((2, 3)))


def test_a_half_in_inference_mode_is_one_without_gradients() -> None:
    model = seeded(FrozenByInferenceMode()).eval()
    engine = xw.Engine(model)
    expected = model(X[None]).detach()
    np.testing.assert_allclose(engine.predict(X).probabilities, expected.softmax(1)[0], rtol=1e-5)
    covered = X.clone()
    covered[:, :4, :4] = 0
    fall = expected[0, 1] - model(covered[None])[0, 1]
    found = engine.explain(X, "occlusion", target=1, window=4, stride=4)
    assert found.heatmap()[0, 0] == pytest.approx(fall.item(), rel=1e-3)
    with torch.no_grad():
        maps = model.block(model.stem(X[None]))[0]
    weights = model.head.weight[1].detach() / maps[0].numel()
    cam = (maps * weights[:, None, None]).sum(0).relu().numpy()
    for found in (
        engine.explain(X, "grad_cam", target=1, layer="block"),
        next(engine.explain_many([X, X], "grad_cam", targets=1, layer="block")),
    ):
        np.testing.assert_allclose(found.values, cam, atol=1e-4 * float(cam.max()))
    with pytest.raises(ExplanationError, match="differentiated"):
        engine.explain(X, "saliency", target=1)


class OwnGenerator(nn.Module):
    """Draws from a generator that nobody else knows of."""

    def __init__(self) -> None:
        super().__init__()
        self.net = small()

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x) * (1 + float(GENERATOR.random()))


GENERATOR = np.random.default_rng(0)


def test_another_output_every_time_is_said() -> None:
    engine = xw.Engine(seeded(OwnGenerator()).eval())
    found = engine.explain(X, "saliency", target=1)
    assert any("every time it runs" in warning for warning in found.warnings)
    assert any("every time it runs" in warning for warning in engine.predict(X).warnings)


def test_ordinary_networks_run_in_batches_and_say_nothing() -> None:
    found = xw.Engine(seeded(small(nn.BatchNorm2d(8)))).explain(X, "occlusion", target=1)
    assert found.warnings == ()


class Partly(nn.Module):
    """Two branches, one of them without gradients."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.a, self.b, self.head = nn.Conv2d(3, 8, 3), nn.Conv2d(3, 8, 3), nn.Linear(16, 5)
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        with torch.set_grad_enabled(self.way != "no_grad"):
            b = self.b(x).relu()
        if self.way == "detach":
            b = b.detach()
        elif self.way == "data":
            b = b.data
        elif self.way == "only looked at":
            b.detach().mean()
        return self.head(torch.cat([self.a(x).relu().mean((2, 3)), b.mean((2, 3))], 1))


@pytest.mark.parametrize("way", ["no_grad", "detach", "data", "only looked at", "whole"])
@pytest.mark.parametrize("method", ["saliency", "integrated_gradients"])
def test_half_a_gradient_is_never_shown_for_the_whole(way: str, method: str) -> None:
    warnings = xw.Engine(seeded(Partly(way))).explain(X, method, target=1).warnings
    half = way in ("no_grad", "detach", "data")
    assert any("without gradients" in warning for warning in warnings) is half


class BlackBox(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.from_numpy(x.numpy().mean((2, 3)) * np.float32(3) - 1)


def test_outside_of_pytorch_what_needs_no_gradient_works_and_the_rest_says_why() -> None:
    engine = xw.Engine(BlackBox())
    expected = BlackBox()(X[None])
    np.testing.assert_allclose(engine.predict(X).probabilities, expected.softmax(1)[0], rtol=1e-5)
    fall = engine.explain(X, "occlusion", target=1, window=8, stride=8)
    covered = X[None].clone()
    covered[..., :8, :8] = 0
    assert fall.values[0, 0, 0] == pytest.approx(
        float((expected - BlackBox()(covered))[0, 1]), rel=1e-4
    )
    for method in ("saliency", "grad_cam", "integrated_gradients", "guided_backprop"):
        with pytest.raises(ExplanationError, match="perturbation"):
            engine.explain(X, method, target=1)


class Strides(nn.Module):
    """Patches cut by strides that are written out for an ordinary layout."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3 * 64, 5)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        strides = (c * h * w, 8 * w, 8, h * w, w, 1)
        patches = torch.as_strided(x, (n, h // 8, w // 8, c, 8, 8), strides)
        return self.head(patches.flatten(3)).mean((1, 2))


class Insists(Strides):
    def forward(self, x: Tensor) -> Tensor:
        assert x.is_contiguous(), "this network wants its rows in order"
        return super().forward(x)


@pytest.mark.parametrize("kind", [Strides, Insists])
def test_a_network_that_reads_strides_gets_them_as_it_wants(kind: type[Strides]) -> None:
    model = seeded(kind())
    engine = xw.Engine(model)
    np.testing.assert_allclose(
        engine.predict(X).probabilities, model(X[None]).softmax(1)[0].detach(), rtol=1e-5
    )
    x = X[None].clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(model(x)[0, 1], x)
    found = engine.explain(X, "saliency", target=1).values
    np.testing.assert_allclose(found, gradient[0], rtol=1e-5, atol=1e-8)


class Checkpointed(nn.Module):
    def __init__(self, reentrant: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.head, self.reentrant = nn.Linear(8, 5), reentrant

    def forward(self, x: Tensor) -> Tensor:
        y = torch.utils.checkpoint.checkpoint(self.body, x, use_reentrant=self.reentrant)
        return self.head(y.mean((2, 3)))


def test_checkpointed_blocks_in_training_mode() -> None:
    model = seeded(Checkpointed(reentrant=False))
    x = X[None].clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(model(x)[0, 1], x)
    model.train()
    before = model.body[1].running_mean.clone()
    found = xw.Engine(model).explain(X, "saliency", target=1).values
    np.testing.assert_allclose(found, gradient[0], rtol=1e-4, atol=1e-8)
    assert torch.equal(before, model.body[1].running_mean)
    assert model.training
    with pytest.raises(ExplanationError, match="use_reentrant=False"):
        xw.Engine(seeded(Checkpointed(reentrant=True))).explain(X, "saliency", target=1)
