"""The network is as it was found, whatever happened inside."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.condition import Condition
from tests.networks import (
    DRAWS,
    Cnn,
    CountsCalls,
    DropoutAlways,
    Fails,
    Normalised,
    OverwritesInput,
    Sequence,
    Stochastic,
    TwoNames,
    cnn,
    picture,
    seeded,
)
from xai_widgets.probe.functions import _cuts, _draws
from xai_widgets.probe.guard import (
    as_found,
    autograd_ready,
    like_parameters,
    lock_of,
    unwrap,
)
from xai_widgets.probe.network import Network
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

CLASS = Target(1, "class 1")


def test_the_condition_notices_every_kind_of_change() -> None:
    changes: dict[str, Callable[[Normalised], object]] = {
        "modules: norm1": lambda m: m.norm1.train(),
        "parameters: conv1.weight": lambda m: m.conv1.weight.data.mul_(2),
        "parameters: conv2.weight": lambda m: setattr(
            m.conv2.weight, "grad", torch.zeros(8, 8, 3, 3)
        ),
        "parameters: conv2.bias": lambda m: m.conv2.bias.requires_grad_(False),
        "buffers: norm1.running_mean": lambda m: m.norm1.running_mean.add_(1),
        "hooks: conv1_forward_hooks": lambda m: m.conv1.register_forward_hook(lambda *_: None),
        "process: torch generator": lambda m: torch.rand(()),
        "process: numpy generator": lambda m: np.random.rand(),  # noqa: NPY002  # the one watched
        "process: python generator": lambda m: random.random(),
    }
    for expected, change in changes.items():
        model = seeded(Normalised())
        before = Condition.of(model)
        assert before.differences(Condition.of(model)) == []
        change(model)
        assert before.differences(Condition.of(model)) == [expected]


def test_training_flags_of_every_module_come_back() -> None:
    model = seeded(Normalised()).train()
    model.norm1.eval()
    model.head[0].eval()
    before = Condition.of(model)
    with as_found(model):
        assert not any(module.training for module in model.modules())
    assert before.differences(Condition.of(model)) == []


def test_a_network_that_switches_itself_to_training_while_running_is_switched_back() -> None:
    class Switches(Cnn):
        def forward(self, x: Tensor) -> Tensor:
            self.conv2.train()
            return super().forward(x)

    model = seeded(Switches(nn.ReLU()))
    before = Condition.of(model)
    Trace(Network(model), picture())
    assert before.differences(Condition.of(model)) == []


def test_an_overridden_train_method_is_not_called() -> None:
    class Strict(Cnn):
        def train(self, mode: bool = True) -> Strict:
            raise AssertionError("train() or eval() was called")

    model = Strict(nn.ReLU())
    assert model.training
    Trace(Network(model), picture())
    assert model.training
    assert model.conv1.training


@pytest.mark.parametrize("where", ["main", "thread"])
@pytest.mark.parametrize("source", [name for name in DRAWS if name not in ("numpy", "random")])
def test_torch_generator_comes_back(source: str, where: str) -> None:
    model = seeded(Stochastic(source))
    state = torch.get_rng_state()
    model.draw()
    assert not torch.equal(torch.get_rng_state(), state)
    before = Condition.of(model)
    if where == "main":
        Trace(Network(model), picture()).gradient(CLASS)
    else:
        thread = threading.Thread(target=lambda: Trace(Network(model), picture()).gradient(CLASS))
        thread.start()
        thread.join()
    assert before.differences(Condition.of(model)) == []


@pytest.mark.parametrize("source", ["numpy", "random"])
def test_numpy_and_python_generators_come_back(source: str) -> None:
    model = seeded(Stochastic(source))
    before = Condition.of(model)
    Trace(Network(model), picture())
    Network(model).scores(picture(), CLASS)
    assert before.differences(Condition.of(model)) == []


def test_dropout_that_never_rests_is_watched_too() -> None:
    model = seeded(DropoutAlways())
    before = Condition.of(model)
    Trace(Network(model), picture())
    assert before.differences(Condition.of(model)) == []


def test_generators_are_left_alone_when_the_network_draws_nothing() -> None:
    # Rewinding a global generator without need would make another thread draw numbers twice.
    attention = nn.MultiheadAttention(16, 2, dropout=0.5).eval()

    class Meanwhile(Cnn):
        def forward(self, x: Tensor) -> Tensor:
            other = threading.Thread(target=lambda: torch.rand(3))
            other.start()
            other.join()
            # What rests in evaluation draws nothing either.
            x = nn.AlphaDropout().eval()(nn.Dropout().eval()(x))
            x = F.rrelu(x, 1.0, 1.0)
            x = F.scaled_dot_product_attention(x, x, x)
            attention(x[0], x[0], x[0])
            return super().forward(x)

    model = seeded(Meanwhile(nn.ReLU()))
    network = Network(model)
    Trace(network, picture())  # the first pass is checked by a second one
    torch.manual_seed(3)
    torch.rand(3)
    expected = torch.rand(())
    torch.manual_seed(3)
    Trace(network, picture())
    assert torch.equal(torch.rand(()), expected)


def test_buffers_come_back_and_the_trace_can_still_be_read() -> None:
    model = seeded(CountsCalls())
    expected = Trace(Network(cnn()), picture()).gradient(CLASS)
    before = Condition.of(model)
    trace = Trace(Network(model), picture())
    assert before.differences(Condition.of(model)) == []
    assert torch.equal(trace.gradient(CLASS), expected)
    assert before.differences(Condition.of(model)) == []


def test_a_buffer_written_and_then_used_does_not_spoil_the_backward() -> None:
    class Scales(CountsCalls):
        def forward(self, x: Tensor) -> Tensor:
            self.written += 2
            return super().forward(x) * (self.written * self.replaced)  # kept for the backward

    class Tripled(Cnn):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) * 3

    model = seeded(Scales())
    expected = Trace(Network(seeded(Tripled(nn.ReLU()))), picture()).gradient(CLASS)
    network = Network(model)
    before, fingerprint = Condition.of(model), network.state()
    gradient = Trace(network, picture()).gradient(CLASS)  # written: 2 + 1, replaced: 1
    assert torch.equal(gradient, expected)
    assert before.differences(Condition.of(model)) == []
    assert network.state() == fingerprint


def test_a_buffer_shared_by_two_modules_stays_shared_inside() -> None:
    model = nn.Sequential(nn.BatchNorm2d(3), nn.BatchNorm2d(3)).eval()
    model[1].running_mean = model[0].running_mean
    model[0].register_buffer("nothing", None)
    before = Condition.of(model)
    with as_found(model):
        assert model[0].running_mean is model[1].running_mean
        model[0].running_mean.add_(1)
        assert model[1].running_mean[0] == 1
    assert before.differences(Condition.of(model)) == []
    assert model[1].running_mean is model[0].running_mean


def assigned(network: nn.Module) -> None:
    network.load_state_dict({k: v.clone() for k, v in network.state_dict().items()}, assign=True)


def registered_again(network: nn.Module) -> None:
    for module in network.modules():
        for name, parameter in list(module._parameters.items()):
            delattr(module, name)
            module.register_parameter(name, parameter)


def without_biases(network: nn.Module) -> None:
    for module in network.modules():
        if "bias" in module._parameters:
            del module.bias
            module.bias = None


def plain_tensors(network: nn.Module) -> None:
    for module in network.modules():
        for name, parameter in list(module._parameters.items()):
            delattr(module, name)
            module.__dict__[name] = parameter


@pytest.mark.parametrize(
    "change", [assigned, registered_again, without_biases, plain_tensors], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("fails", [False, True])
def test_parameters_that_were_replaced_come_back(
    change: Callable[[nn.Module], None], fails: bool
) -> None:
    model = seeded(Normalised())
    model.conv1.register_parameter("none", None)
    network = Network(model)
    before, state, order = Condition.of(model), network.state(), list(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with suppress(ValueError), as_found(model):
        change(model)
        assert before.differences(Condition.of(model)) or change is registered_again
        assert network.state() == state  # what another thread sees meanwhile
        if fails:
            raise ValueError
    assert before.differences(Condition.of(model)) == []
    assert list(model.state_dict()) == order
    assert network.state() == state
    held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    assert {id(parameter) for parameter in model.parameters()} == held


@pytest.mark.parametrize("make", [Fails, OverwritesInput, TwoNames, Normalised, Sequence])
def test_traces_and_scores_leave_every_kind_of_network_as_found(
    make: Callable[[], nn.Module],
) -> None:
    model = seeded(make()).train()
    x = picture()
    given = x.clone()
    before = Condition.of(model)
    network = Network(model)
    for probe in (
        lambda: Trace(network, x).gradient(CLASS),
        lambda: Trace(network, x).layers,
        lambda: network.scores(x, CLASS),
    ):
        if make is Fails:
            with pytest.raises(RuntimeError, match="the network failed half-way"):
                probe()
        else:
            probe()
        assert before.differences(Condition.of(model)) == []
        assert torch.equal(x, given)


def test_the_input_given_is_not_overwritten_and_the_gradient_is_of_the_input_given() -> None:
    class Apart(Cnn):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward((x - 0.5) * 2)

    x = picture()
    trace = Trace(Network(seeded(OverwritesInput())), x)
    expected = Trace(Network(seeded(Apart(nn.ReLU()))), x)
    assert torch.equal(trace.input, x)
    assert torch.equal(trace.logits, expected.logits)
    assert torch.equal(trace.gradient(CLASS), expected.gradient(CLASS))


def test_modes_are_switched_inside_and_back_outside() -> None:
    model = cnn()
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        before = Condition.of(model)
        with autograd_ready(model):
            assert torch.is_grad_enabled()
            assert not torch.is_inference_mode_enabled()
            assert not torch.is_autocast_enabled("cpu")
        assert before.differences(Condition.of(model)) == []


def test_modes_come_back_after_an_exception() -> None:
    model = seeded(Normalised()).train()
    with torch.no_grad():
        before = Condition.of(model)
        with pytest.raises(KeyError), as_found(model):
            raise KeyError
        assert before.differences(Condition.of(model)) == []


def test_one_lock_for_all_who_probe_one_network() -> None:
    model = cnn()
    assert lock_of(model) is lock_of(model)
    assert lock_of(model) is not lock_of(cnn())
    entered = threading.Event()

    def enter() -> None:
        with autograd_ready(model):
            entered.set()

    with autograd_ready(model):
        thread = threading.Thread(target=enter)
        thread.start()
        assert not entered.wait(0.05)
        with autograd_ready(model):  # the same thread may enter again
            pass
    thread.join()
    assert entered.is_set()


def test_wrappers_are_looked_through() -> None:
    model = cnn()

    class Compiled(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self._orig_mod = inner

    assert unwrap(model) is model
    assert unwrap(Compiled(model)) is model
    assert unwrap(nn.DataParallel(Compiled(model))) is model


def test_input_takes_the_networks_type_and_is_no_inference_tensor() -> None:
    with torch.inference_mode():
        x = picture()
    assert x.is_inference()
    made = like_parameters(x, cnn().double())
    assert made.dtype == torch.float64
    assert not made.is_inference()
    assert torch.equal(made, x.double())
    assert like_parameters(x, nn.ReLU()).dtype == torch.float32
    half = like_parameters(x, cnn().bfloat16())
    assert half.dtype == torch.bfloat16


def _attention(training: Any = None, p: float = 0.5) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    q, w = torch.rand(4, 1, 8), torch.rand(24, 8)
    given = (q, q, q, 8, 2, w, None, None, None, False, p, torch.eye(8), None)
    named = {} if training is None else {"training": training}
    return F.multi_head_attention_forward, given, named


M = torch.rand(2, 4, 6, 6)
CALLS: dict[str, tuple[Any, tuple[Any, ...], dict[str, Any]]] = {
    **{
        f"{name} {words}": (getattr(F, name), (M[0] if name == "dropout1d" else M, *args), kwargs)
        for name in ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout",
                     "feature_alpha_dropout")
        for words, args, kwargs in (
            ("alone", (), {}), ("of p", (0.5,), {}), ("resting", (0.5, False), {}),
            ("on", (0.5, True), {}), ("by name", (), {"training": True}),
            ("resting by name", (0.5,), {"training": False}),
        )
    },
    "torch.dropout": (torch.dropout, (M, 0.5, True), {}),
    "torch.dropout, resting": (torch.dropout, (M, 0.5, False), {}),
    "rrelu": (F.rrelu, (M - 0.5,), {}),
    "rrelu between": (F.rrelu, (M - 0.5, 0.1, 0.3), {}),
    "rrelu on": (F.rrelu, (M - 0.5, 0.1, 0.3, True), {}),
    "rrelu by name": (F.rrelu, (M - 0.5,), {"training": True}),
    "attention": (F.scaled_dot_product_attention, (M, M, M), {}),
    "attention, masked": (F.scaled_dot_product_attention, (M, M, M, torch.ones(6, 6)), {}),
    "attention, dropped": (F.scaled_dot_product_attention, (M, M, M, None, 0.5), {}),
    "attention, by name": (F.scaled_dot_product_attention, (M, M, M), {"dropout_p": 0.5}),
    "heads": _attention(), "heads on": _attention(True), "heads resting": _attention(False),
    "bernoulli": (torch.bernoulli, (M,), {}),
    "normal_": (Tensor.normal_, (M.clone(),), {}),
    "rand_like": (torch.rand_like, (M,), {}),
    "relu": (F.relu, (M,), {}),
    "zeros_like": (torch.zeros_like, (M,), {}),
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_what_draws_random_numbers_is_known_by_its_arguments(call: str) -> None:
    func, args, kwargs = CALLS[call]
    before = torch.get_rng_state()
    func(*args, **kwargs)
    drew = not torch.equal(torch.get_rng_state(), before)
    assert _draws(func, args, kwargs) is drew


def test_a_value_is_cut_off_where_one_argument_of_the_graph_is_given_and_none_comes_back() -> None:
    in_graph, plain = torch.ones(2, requires_grad=True), torch.ones(2)
    assert not _cuts(torch.add, (in_graph, plain))
    assert _cuts(torch.detach, (in_graph,))
    assert _cuts(Tensor.detach, (in_graph,))
    assert not _cuts(torch.detach, (plain,))
    with torch.no_grad():
        assert _cuts(torch.add, (in_graph, plain))
        assert _cuts(torch.add, (plain, 2, in_graph))
        assert not _cuts(torch.add, (plain, plain))
