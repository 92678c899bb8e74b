"""An answer is that of the network as it is now, whatever was changed in it, and however."""

from __future__ import annotations

import copy
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import xai_widgets as xw
from tests.networks import seeded

X = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(2))
SETTINGS = {"gain": 1.0}
GAIN = 1.0


class Options:
    """Settings that a network looks at."""

    def __init__(self) -> None:
        self.gain = 1.0


class Changing(nn.Module):
    """A network with every kind of switch."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.adapter = nn.Conv2d(3, 8, 3), nn.Conv2d(3, 8, 3)
        self.head = nn.Linear(8, 5)
        self.on, self.options, self.scales = True, Options(), [1.0, 1.0]
        self.mask = torch.ones(8)
        self.hidden = [seeded(nn.Linear(8, 8))]

    def gain(self) -> float:
        return SETTINGS["gain"] * GAIN

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x) + (self.adapter(x) if self.on else 0)
        y = (y.relu() * self.mask[:, None, None]).mean((2, 3)) * self.options.gain * self.scales[0]
        return self.head(y + self.hidden[0](y)) * self.gain()


def _hook(m: Changing) -> None:
    m.conv.register_forward_hook(lambda module, args, out: 3 * out)


def _pre_hook(m: Changing) -> None:
    m.conv.register_forward_pre_hook(lambda module, args: (2 * args[0],))


def _flag(m: Changing) -> None:
    m.on = False


def _option(m: Changing) -> None:
    m.options.gain = 2.0


def _list(m: Changing) -> None:
    m.scales[0] = 2.0


def _plain_tensor(m: Changing) -> None:
    m.mask[2:5] = 0


def _data(m: Changing) -> None:
    m.conv.weight.data[1, 1, 1, 1] += 0.5


def _swapped(m: Changing) -> None:
    m.conv.weight.data[:] = m.conv.weight.data.flip(0)


def _unregistered(m: Changing) -> None:
    m.hidden[0].weight.data[0, 0] += 1


def _forward(m: Changing) -> None:
    plain = m.forward
    m.forward = types.MethodType(lambda self, x: 2 * plain(x), m)  # type: ignore[method-assign]


def _method(m: Changing) -> None:
    m.gain = lambda: 2.0  # type: ignore[method-assign]


def _parametrized(m: Changing) -> None:
    class Half(nn.Module):
        def forward(self, w: Tensor) -> Tensor:
            return w / 2

    nn.utils.parametrize.register_parametrization(m.conv, "weight", Half())


CHANGES: list[Callable[[Changing], None]] = [
    *(_hook, _pre_hook, _flag, _option, _list, _plain_tensor, _data, _swapped, _unregistered),
    *(_forward, _method, _parametrized),
]


def check(engine: xw.Engine, model: nn.Module) -> None:
    alone = model(X[None])
    np.testing.assert_allclose(
        engine.predict(X).probabilities, alone.softmax(1)[0].detach(), rtol=1e-5, atol=1e-6
    )
    x = X[None].clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(model(x)[0, 1], x)
    found = engine.explain(X, "saliency", target=1)
    np.testing.assert_allclose(found.values, gradient[0], rtol=1e-4, atol=1e-7)
    covered = X[None].clone()
    covered[..., :8, :8] = 0
    fall = float((alone - model(covered))[0, 1])
    map_ = engine.explain(X, "occlusion", target=1, window=8, stride=8)
    assert map_.values[0, 0, 0] == pytest.approx(fall, rel=1e-3, abs=1e-6)
    assert map_.score == pytest.approx(float(alone[0, 1]), rel=1e-5)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_between_two_cells_is_seen(change: Callable[[Changing], None]) -> None:
    model = seeded(Changing())
    engine = xw.Engine(model)
    check(engine, model)
    before = engine.explain(X, "saliency", target=1).values
    change(model)
    check(engine, model)
    assert not np.array_equal(before, engine.explain(X, "saliency", target=1).values)


def test_global_names_that_a_network_uses_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    model = seeded(Changing())
    engine = xw.Engine(model)
    check(engine, model)
    monkeypatch.setitem(SETTINGS, "gain", 3.0)
    check(engine, model)
    monkeypatch.setattr(f"{__name__}.GAIN", 0.5)
    check(engine, model)


@pytest.mark.parametrize("together", [False, True])
def test_what_cannot_be_seen_is_found_where_the_network_runs(together: bool) -> None:
    class Cell:
        __slots__ = ("number",)

    inner: dict[str, Any] = {"deep": {"deeper": Cell()}}
    inner["deep"]["deeper"].number = 1.0

    class Unseen(Changing):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) * inner["deep"]["deeper"].number

    model = seeded(Unseen())
    engine = xw.Engine(model)
    engine.explain(X, "saliency", target=1)
    inner["deep"]["deeper"].number = 2.0
    options = {"window": 8, "stride": 8}
    if together:
        (found,) = engine.explain_batch([X], "occlusion", targets=1, **options)
    else:
        found = engine.explain(X, "occlusion", target=1, **options)
    assert found.score == pytest.approx(float(model(X[None])[0, 1]), rel=1e-5)
    check(engine, model)


def test_nothing_is_run_twice_where_nothing_changed() -> None:
    model = seeded(Changing())
    engine = xw.Engine(model)
    first = engine.explain(X, "saliency", target=1)
    model.train()
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    assert engine.explain(X, "saliency", target=1) is first


class Keeps(nn.Module):
    """A network that keeps what it computed, in every kind of place."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 5)
        self.seen: list[Tensor] = []
        self.cache: dict[str, Tensor] = {}
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x).relu()
        self.calls += 1
        self.seen.append(y)
        self.cache["features"] = self.features = y
        return self.head(y.mean((2, 3)))


def test_nothing_of_a_pass_stays_in_the_network() -> None:
    model = seeded(Keeps())
    engine = xw.Engine(model)
    for method in ("saliency", "grad_cam", "occlusion"):
        engine.explain(X, method)
    assert (model.calls, model.seen, model.cache, hasattr(model, "features")) == (0, [], {}, False)
    copy.deepcopy(model)
