"""A trace: what is read from one recorded pass, each thing computed once, all of it let go."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from tests.condition import Condition
from tests.networks import CLASSES, Cnn, Normalised, Sequence, cnn, picture, seeded
from tests.transformers import tiny_vit
from xai_widgets.errors import ExplanationError
from xai_widgets.probe.guard import lock_of
from xai_widgets.probe.network import Network
from xai_widgets.probe.rectifiers import Rule
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

CLASS = Target(3, "class 3")


def trace_of(model: nn.Module, x: Tensor | None = None) -> Trace:
    return Trace(Network(model), picture() if x is None else x)


def test_logits_scores_and_activations_are_the_networks_own() -> None:
    model = seeded(Sequence())
    x = picture()
    trace = trace_of(model, x)
    with torch.no_grad():
        logits = model(x)
        hidden = model[1](model[0](x))
    assert torch.equal(trace.logits, logits)
    assert torch.equal(trace.score(CLASS), logits[:, 3])
    assert torch.equal(trace.scores(x, CLASS), logits[:, 3])
    assert torch.equal(trace.activation("1"), hidden)
    assert torch.equal(trace.input, x)


def test_gradients_are_autograds_own() -> None:
    model = seeded(Sequence())
    x = picture().requires_grad_(True)
    hidden = model[1](model[0](x))
    hidden.retain_grad()
    rest = hidden
    for layer in list(model)[2:]:
        rest = layer(rest)
    rest[0, 3].backward()
    trace = trace_of(model)
    assert torch.equal(trace.gradient(CLASS), x.grad)
    assert torch.equal(trace.layer_gradient(CLASS, "1"), hidden.grad)


def test_a_batch_is_read_as_its_pictures_are_one_by_one() -> None:
    batch = torch.cat([picture(seed=seed) for seed in range(4)])
    together = trace_of(seeded(Normalised()), batch)
    for i in range(4):
        alone = trace_of(seeded(Normalised()), batch[i : i + 1])
        one = slice(i, i + 1)
        close = {"rtol": 1e-4, "atol": 1e-6}
        torch.testing.assert_close(together.logits[one], alone.logits, **close)
        for rule in ("standard", "guided", "deconvnet"):
            torch.testing.assert_close(
                together.gradient(CLASS, rule)[one], alone.gradient(CLASS, rule), **close
            )
        torch.testing.assert_close(
            together.layer_gradient(CLASS, "conv2")[one],
            alone.layer_gradient(CLASS, "conv2"),
            **close,
        )
        torch.testing.assert_close(
            together.activation("conv2")[one], alone.activation("conv2"), **close
        )


def test_everything_is_computed_once() -> None:
    trace = trace_of(cnn())
    assert trace.gradient(CLASS) is trace.gradient(CLASS)
    assert trace.gradient(CLASS, "guided") is trace.gradient(CLASS, "guided")
    first = trace.layer_gradient(CLASS, "conv1")
    assert trace.layer_gradient(CLASS, "conv1").data_ptr() == first.data_ptr()
    same = Target(3, "class 3")
    assert trace.gradient(same) is trace.gradient(CLASS)
    assert trace.layers is trace.layers


def test_a_layers_gradient_read_on_the_way_to_the_input_is_the_same() -> None:
    model = cnn("in_place_module")
    on_the_way = trace_of(model)
    best = on_the_way.layers[0].name
    on_the_way.gradient(CLASS)
    directly = trace_of(model)
    assert torch.equal(on_the_way.layer_gradient(CLASS, best), directly.layer_gradient(CLASS, best))


def test_the_rules_reach_layers_as_well() -> None:
    trace = trace_of(cnn())
    hidden = trace.activation("conv2")
    g = trace.network.model.head.weight[3].detach()[None, :, None, None] / 64
    plain = torch.where(hidden > 0, g, 0.0)
    torch.testing.assert_close(trace.layer_gradient(CLASS, "conv2"), plain)
    torch.testing.assert_close(trace.layer_gradient(CLASS, "conv2", "guided"), plain.clamp_min(0))
    torch.testing.assert_close(
        trace.layer_gradient(CLASS, "conv2", "deconvnet"), g.clamp_min(0).expand_as(plain)
    )


def test_nothing_read_is_tied_to_the_network() -> None:
    trace = trace_of(cnn())
    for read in (
        trace.input,
        trace.logits,
        trace.gradient(CLASS),
        trace.layer_gradient(CLASS, "conv1"),
        trace.activation("conv1"),
        trace.score(CLASS),
        trace.scores(picture(), CLASS),
    ):
        assert not read.requires_grad
        assert not read.is_inference()


def test_a_trace_that_is_let_go_is_gone_at_once() -> None:
    model = cnn("in_place_module")
    trace = trace_of(model)
    trace.gradient(CLASS, "guided")
    _ = trace.layers
    gone = [weakref.ref(trace), weakref.ref(trace.recorder.records["conv1"].tensor)]
    gc.disable()
    try:
        del trace
        assert [reference() for reference in gone] == [None, None]
    finally:
        gc.enable()


def test_bytes_are_counted_with_the_copies_and_what_was_read() -> None:
    # The picture, and the copy of it that the network is given; 8 x 8 x 8 floats each from two
    # convolutions and, called twice, one rectifier; then 5 logits.
    given = 2 * 3 * 16 * 16 * 4 + 4 * 8 * 8 * 8 * 4 + 5 * 4
    copies = 4 * 8 * 8 * 8 * 4
    network = Network(cnn())
    assert Trace(network, picture()).nbytes == given + copies
    assert Trace(network, picture()).nbytes == given
    in_place = Network(cnn("in_place_module"))
    Trace(in_place, picture())
    assert Trace(in_place, picture()).nbytes == given + copies // 2
    trace = Trace(network, picture())
    for target, rule in ((CLASS, "standard"), (CLASS, "guided"), (Target(2, "2"), "guided")):
        before = trace.nbytes
        for _ in range(2):
            trace.gradient(target, rule)
        assert trace.nbytes >= before + 3 * 16 * 16 * 4
    counted = trace.nbytes
    trace.gradient(CLASS, "guided")
    assert trace.nbytes == counted
    assert Trace(network, picture()).recorder.largest == 3 * 16 * 16 * 4


def test_batch_sizes_stay_within_the_byte_budget() -> None:
    small = Network(cnn(), byte_budget=3 * 3072)
    assert Trace(small, picture()).batch_size() == 3
    assert Trace(small, picture()).batch_size(2) == 2
    assert Trace(Network(cnn()), picture()).batch_size() == 8
    assert Trace(Network(cnn()), picture()).batch_size(50) == 50
    assert Trace(Network(cnn(), byte_budget=1), picture()).batch_size() == 1
    four = torch.cat([picture()] * 4)
    assert Trace(small, four).batch_size() == 3


def test_one_trace_read_from_many_threads() -> None:
    model = seeded(Normalised())
    rules = ("standard", "guided", "deconvnet")
    targets = [Target(i, f"class {i}") for i in range(5)]
    reads = [(target, rule) for target in targets for rule in rules]
    alone = trace_of(model)
    expected = [alone.gradient(*read) for read in reads]
    trace = trace_of(model)
    start = threading.Barrier(8)

    def work(thread: int) -> list[tuple[int, Tensor]]:
        start.wait()
        order = [(thread * 7 + i) % len(reads) for i in range(len(reads))]
        return [(i, trace.gradient(*reads[i])) for i in order]

    with ThreadPoolExecutor(8) as pool:
        for answers in pool.map(work, range(8)):
            for i, gradient in answers:
                assert torch.equal(gradient, expected[i])
                assert gradient is trace.gradient(*reads[i])


class HeldLock:
    """A lock that another thread holds until `release`; tells when somebody waits for it."""

    def __init__(self) -> None:
        self.awaited, self.release = threading.Event(), threading.Event()

    def __enter__(self) -> None:
        self.awaited.set()
        assert self.release.wait(60)

    def __exit__(self, *exc: object) -> None:
        return None


READS: dict[str, Callable[[Trace], object]] = {
    "attention": lambda trace: trace.attention(CLASS),
    "bias_gradients": lambda trace: trace.bias_gradients(CLASS),
    "gradient": lambda trace: trace.gradient(CLASS),
    "guided gradient": lambda trace: trace.gradient(CLASS, "guided"),
    "layer_gradient": lambda trace: trace.layer_gradient(CLASS, "conv2"),
    "score": lambda trace: trace.score(CLASS),
}


@pytest.mark.parametrize("read", READS)
def test_whoever_waits_for_a_trace_does_not_hold_its_network(read: str) -> None:
    # Otherwise the thread that holds the trace, and needs the network, waits for ever.
    trace = trace_of(tiny_vit() if read == "attention" else cnn())
    held = HeldLock()
    trace._lock = held  # type: ignore[assignment]
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(READS[read], trace)
        while not (reading.done() or held.awaited.wait(0.01)):
            pass
        network_lock = lock_of(trace.network.model)._lock
        free = network_lock.acquire(timeout=60)
        if free:
            network_lock.release()
        held.release.set()
        reading.result()
    assert free


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("modes", ["inference", "no_grad", "ordinary"])
def test_what_is_read_is_an_ordinary_tensor_without_a_graph(read: str, modes: str) -> None:
    trace = trace_of(tiny_vit() if read == "attention" else cnn())
    caller = {"inference": torch.inference_mode, "no_grad": torch.no_grad}.get(modes, nullcontext)
    with caller():
        found: Any = READS[read](trace)
    tensors = tree_leaves(found)
    assert tensors
    for tensor in tensors:
        assert not tensor.requires_grad
        assert not tensor.is_inference()


@pytest.mark.parametrize("read", READS)
def test_a_score_is_made_in_ordinary_modes_whatever_the_callers_are(
    read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, bool, torch.dtype]] = []
    score = Target.score

    def watched(self: Target, *given: Any, **more: Any) -> Tensor:
        one = torch.ones(2, 2)
        seen.append((torch.is_grad_enabled(), one.is_inference(), (one @ one).dtype))
        return score(self, *given, **more)

    monkeypatch.setattr(Target, "score", watched)
    trace = trace_of(tiny_vit() if read == "attention" else cnn())
    for caller in (torch.inference_mode, torch.no_grad):
        with caller(), torch.autocast("cpu", torch.bfloat16):
            READS[read](trace)
    assert set(seen) == {(True, False, torch.float32)}


class Scripted(Cnn):
    """A network of which a part was compiled to TorchScript."""

    def __init__(self) -> None:
        super().__init__(nn.ReLU())
        self.neck = torch.jit.script(nn.Conv2d(8, 8, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.rectify(self.neck(self.rectify(self.conv1(x))))
        return self.head(self.rectify(self.conv2(x)).mean((2, 3)))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_scripted_part_takes_no_hooks_and_stops_nothing() -> None:
    model = seeded(Scripted())
    before = Condition.of(model)
    trace = trace_of(model)
    assert before.differences(Condition.of(model)) == []
    assert [layer.name for layer in trace.layers] == [
        "rectify after conv2",
        "conv2",
        "conv1",
    ]
    x = picture().requires_grad_(True)
    (gradient,) = torch.autograd.grad(model(x)[0, 3], x)
    torch.testing.assert_close(trace.gradient(CLASS), gradient)


def test_weights_made_under_inference_mode_are_told_in_words() -> None:
    with torch.inference_mode():
        model = cnn()
    before = Condition.of(model)
    trace = trace_of(model)
    with torch.inference_mode():
        torch.testing.assert_close(trace.logits, model(picture()))
    with pytest.raises(ExplanationError, match=r"weights were made under torch\.inference_mode"):
        trace.gradient(CLASS)
    with pytest.raises(ExplanationError, match=r"weights were made under torch\.inference_mode"):
        trace.gradients(picture(), CLASS)
    assert before.differences(Condition.of(model)) == []


def test_a_network_that_needs_its_rows_in_order_is_given_them() -> None:
    """`view` refuses maps whose channels lie innermost in memory, as the probe prefers them."""

    class Views(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.head = nn.Linear(4 * 14 * 14, CLASSES)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.conv(x).view(len(x), -1))

    model = seeded(Views())
    x = picture(size=16).contiguous()
    network = Network(model)
    assert torch.allclose(Trace(network, x).logits, model(x).detach(), atol=1e-6)
    fresh = Network(model)
    assert torch.allclose(fresh.scores(x, CLASS), model(x)[:, 3].detach(), atol=1e-6)


@pytest.mark.parametrize("rule", ["standard", "guided", "deconvnet"])
def test_gradients_of_other_inputs_are_those_of_their_own_traces(rule: Rule) -> None:
    model = seeded(Normalised())
    batch = torch.cat([picture(seed=seed) for seed in range(3)])
    scores, gradients = Network(model).gradients(batch, CLASS, rule)
    for i in range(3):
        trace = trace_of(model, batch[i : i + 1])
        torch.testing.assert_close(scores[i : i + 1], trace.score(CLASS))
        torch.testing.assert_close(
            gradients[i : i + 1], trace.gradient(CLASS, rule), rtol=1e-4, atol=1e-6
        )
    assert not gradients.requires_grad


def test_gradients_of_other_inputs_under_other_rules() -> None:
    trace = trace_of(seeded(Sequence()))
    _, guided = trace.gradients(picture(seed=1), CLASS, "guided")
    expected = trace_of(seeded(Sequence()), picture(seed=1)).gradient(CLASS, "guided")
    torch.testing.assert_close(guided, expected)
    with pytest.raises(ExplanationError, match="the guided rule changes how rectifiers"):
        trace_of(seeded(nn.Sequential(nn.Flatten(), nn.Linear(768, CLASSES)))).gradients(
            picture(), CLASS, "guided"
        )


def test_room_for_variants_of_the_input() -> None:
    batch = torch.cat([picture(seed=seed) for seed in range(3)]).half()
    trace = trace_of(seeded(Sequence()).to(torch.bfloat16), batch)
    inputs = trace.empty_inputs(4)
    assert inputs.shape == (4, 3, 3, 16, 16)
    assert inputs.dtype == torch.bfloat16
    assert inputs.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)
    assert inputs.flatten(0, 1).data_ptr() == inputs.data_ptr()
    assert (trace.zeros().dtype, trace.zeros().shape) == (torch.float32, batch.shape)
    assert trace_of(seeded(Sequence()).double()).zeros().dtype == torch.float64


def test_fewer_inputs_at_a_time_where_a_backward_holds_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trace = trace_of(seeded(Sequence()))
    assert trace.variants() == trace.variants(backward=True) == trace.batch_size()
    held = trace.recorder.passed
    monkeypatch.setattr("xai_widgets.probe.network._BACKWARD_BYTES", {"cpu": 3 * held})
    assert trace.variants() > trace.variants(backward=True) == 3
    monkeypatch.setattr("xai_widgets.probe.network._BACKWARD_BYTES", {"cpu": held // 2})
    assert trace.variants(backward=True) == 1
