"""The simulated GPU: as a GPU where devices are mixed, and right where they are not."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.device.simulated import GPU
from tests.networks import Normalised, cnn, picture, seeded

HERE = torch.arange(6.0).view(2, 3)
THERE = HERE.to(GPU)
NUMBER = torch.tensor(2.0)


@pytest.mark.parametrize(
    "mixed",
    [
        lambda: HERE + THERE, lambda: THERE * HERE, lambda: HERE @ THERE.T,
        lambda: torch.cat([HERE, THERE]), lambda: torch.stack([THERE, HERE]),
        lambda: torch.where(HERE > 1, THERE, 0.0), lambda: HERE.clone().add_(THERE),
        lambda: HERE / THERE.sum(),  # a number of the GPU, and a tensor of the CPU
        lambda: F.conv2d(picture().to(GPU), torch.ones(1, 3, 3, 3)),
        lambda: F.linear(THERE, torch.ones(2, 3)),
        lambda: HERE[torch.tensor([1]).to(GPU)],
        lambda: THERE.clone().index_put_((torch.tensor([0]),), torch.ones(1, 3)),
        lambda: THERE.clone().index_add_(0, torch.tensor([0]), HERE[:1]),
        lambda: THERE.gather(1, torch.zeros(2, 1, dtype=torch.long)),
        lambda: torch.lerp(HERE, THERE, 0.5), lambda: torch.add(HERE, HERE, out=THERE.clone()),
        lambda: F.cross_entropy(THERE, torch.tensor([0, 1])), lambda: cnn()(picture().to(GPU)),
        lambda: cnn().to(GPU)(picture()),
        lambda: F.batch_norm(THERE, torch.zeros(3), torch.ones(3)),
    ],
)  # fmt: skip
def test_devices_cannot_be_mixed(mixed: Callable[[], object]) -> None:
    with pytest.raises(RuntimeError, match=r"same device"):
        mixed()


@pytest.mark.parametrize(
    "drawn",
    [
        lambda generator: torch.randn(3, generator=generator, device=GPU),
        lambda generator: THERE.clone().uniform_(generator=generator),
        lambda generator: torch.multinomial(THERE + 1, 1, generator=generator),
    ],
)
def test_a_generator_of_the_cpu_draws_nothing_elsewhere(
    drawn: Callable[[torch.Generator], object],
) -> None:
    with pytest.raises(RuntimeError, match="device type for generator but found 'cpu'"):
        drawn(torch.Generator().manual_seed(0))


def test_what_a_gpu_allows() -> None:
    found = [
        THERE + NUMBER, NUMBER * THERE, torch.where(THERE > 1, THERE, NUMBER),
        THERE[torch.tensor([1])], THERE.clone().copy_(HERE), THERE + 1, torch.zeros_like(THERE),
        THERE.new_ones(2), torch.tensor([1.0, 2.0], device=GPU), torch.rand(2, device=GPU),
        torch.eye(2, device=GPU), HERE.to(THERE), HERE.to(GPU, torch.float64), THERE.sort().values,
    ]  # fmt: skip
    assert {one.device for one in found} == {GPU}
    made = [torch.arange(3, device=GPU), torch.arange(1, 7, 2, device=GPU),
            torch.linspace(0, 1, 3, device=GPU), torch.randperm(3, device=GPU)]  # fmt: skip
    assert [(one.device, one.shape) for one in made] == [(GPU, (3,))] * 4
    assert torch.eye(3, device=GPU).shape == torch.eye(3, 3, device=GPU).shape == (3, 3)
    changed = THERE.clone()
    changed[0] = 7
    changed[:, 1].mul_(2)
    changed[torch.tensor([1])] = NUMBER
    assert changed.tolist() == [[7, 14, 7], [2, 2, 2]]
    on_the_cpu = [THERE.cpu(), THERE.to("cpu"), THERE.to(HERE), HERE.clone().copy_(THERE)]
    assert all(type(one) is Tensor and torch.equal(one, HERE) for one in on_the_cpu)
    assert float(THERE.sum()) == 15
    assert bool((HERE.to(GPU) == THERE).all())


def test_numpy_needs_the_cpu() -> None:
    for convert in (THERE.numpy, lambda: np.asarray(THERE)):
        with pytest.raises(TypeError, match=r"Use Tensor.cpu\(\)"):
            convert()
    np.testing.assert_array_equal(THERE.cpu().numpy(), HERE.numpy())


def test_networks_are_moved_copied_and_trained() -> None:
    model = seeded(Normalised()).to(GPU)
    assert {t.device for t in [*model.parameters(), *model.buffers()]} == {GPU}
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in model.parameters())
    twin = copy.deepcopy(model)
    with torch.no_grad():
        twin.head[1].weight.zero_()
    assert float(model.head[1].weight.detach().abs().sum()) > 0
    expected = seeded(Normalised())
    for one in (model, expected):
        optimizer = torch.optim.AdamW(one.parameters(), lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            one(picture().to(next(one.parameters()))).square().sum().backward()
            optimizer.step()
    for one, other in zip(model.to("cpu").parameters(), expected.parameters(), strict=True):
        assert type(one) is nn.Parameter
        torch.testing.assert_close(one, other)


def test_weights_are_exchanged_through_data() -> None:
    model = cnn().to(GPU)
    assert model.to(torch.float64)(picture().double().to(GPU)).dtype == torch.float64
    weight = model.head.weight
    weight.data = torch.zeros_like(weight)
    assert float(weight.detach().sum()) == 0
    assert model.head.weight is weight
    weight.data[0] = 1.0
    assert float(weight.detach().sum()) == 8


def test_mixtures_are_found_in_backward_and_in_other_threads() -> None:
    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, x: Tensor) -> Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: object, g: Tensor) -> Tensor:
            return g * HERE

    x = HERE.to(GPU).requires_grad_(True)
    with pytest.raises(RuntimeError, match="same device"):
        torch.autograd.grad(Scaled.apply(x).sum(), x)
    found: list[str] = []

    def work() -> None:
        try:
            print(HERE + THERE)
        except RuntimeError as error:
            found.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "same device" in found[0]


def test_it_may_be_the_default_device() -> None:
    torch.set_default_device(GPU)
    try:
        assert torch.zeros(2).device == nn.Linear(2, 2).weight.device == GPU
        there = cnn()
    finally:
        torch.set_default_device(None)
    assert next(there.parameters()).device == GPU
    torch.testing.assert_close(there(picture().to(GPU)).cpu(), cnn()(picture()))
