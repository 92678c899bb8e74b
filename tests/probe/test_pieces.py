"""What the probe is made of, piece by piece: states, layouts, agreement, checksums."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import xai_widgets as xw
from tests.networks import cnn
from xai_widgets.probe import digests, memory, ways
from xai_widgets.probe.agreement import _close, rounding
from xai_widgets.probe.calls import Piece
from xai_widgets.probe.dataflow import Place, energy_of
from xai_widgets.probe.digests import _ROW, _digests_on_device, _packs
from xai_widgets.probe.handwritten import Handwritten
from xai_widgets.probe.layers import Layout, Recorded, layouts_of, was_written
from xai_widgets.probe.network import Network
from xai_widgets.probe.nodes import nodes_of
from xai_widgets.probe.partial import PartialPass
from xai_widgets.probe.rectifiers import _is_map


def test_a_held_state_ends_with_its_request() -> None:
    network = Network(cnn())
    state = network.state()
    with network.held(state + 7):
        with network.held(state + 9):
            assert network.state() == state + 9
        assert network.state() == state + 7
        with pytest.raises(ValueError, match="no"), network.held(state + 11):
            raise ValueError("no")
        assert network.state() == state + 7
    assert network.state() == state


def test_an_ordinary_network_is_recorded_in_part_and_gives_the_same_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the second picture on; any other network falls back on whole passes without a word."""
    found: list[PartialPass | None] = []
    record_partly = Network.record_partly

    def kept(self: Network, *asked: Any, **more: Any) -> PartialPass | None:
        found.append(record_partly(self, *asked, **more))
        return found[-1]

    monkeypatch.setattr(Network, "record_partly", kept)
    engine = xw.Engine(cnn())
    for seed in range(3):
        x = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(seed))
        found.clear()
        values = engine.explain(x, "grad_cam").values
        partly = found[0]
        assert np.array_equal(values, xw.Engine(cnn()).explain(x, "grad_cam").values)
        assert (partly is None) == (seed == 0)
        if partly is not None:
            assert partly.map is not None
            assert partly.map.tensors[0].is_leaf  # the graph begins there
            assert not partly.x.requires_grad
            assert not partly.runs_own_code


def test_all_layouts_of_a_shape() -> None:
    first, last = Layout("channels_first", (8, 8), 8), Layout("channels_last", (8, 8), 8)
    assert layouts_of((1, 8, 8, 8), (32, 32)) == [first, last]
    assert layouts_of((1, 5, 8, 8), (32, 32)) == [Layout("channels_first", (8, 8), 5)]
    assert layouts_of((1, 4, 8, 5), (32, 64)) == [Layout("channels_last", (4, 8), 5)]
    assert layouts_of((1, 17, 6), (32, 32)) == [Layout("tokens", (4, 4), 6, 1)]
    assert layouts_of((1, 19, 6), (64, 32)) == [Layout("tokens", (6, 3), 6, 1)]
    assert layouts_of((1, 6), (32, 32)) == []


def test_outputs_agree_up_to_the_rounding_of_the_largest_value() -> None:
    for sign in (1, -1):
        b = sign * torch.tensor([1000.0, 1.0])
        assert _close(b + 0.9 * 1000 * rounding(torch.float32), b)
        assert not _close(b + 1.1 * 1000 * rounding(torch.float32), b)
        assert not _close(b + 0.9 * 1000 * rounding(torch.float32), b, share=0.5)
    assert not _close(torch.ones(2), torch.ones(3))
    assert not _close(torch.tensor([1.0, float("nan")]), torch.ones(2))
    assert _close(torch.tensor([1.0, float("inf")]), torch.tensor([1.0, float("nan")]))
    kinds = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e5m2)
    assert [rounding(kind) for kind in kinds] == [1e-6, 5e-4, 5e-2, 1e-1, 1e-1]


def test_one_item_of_a_layers_values_is_changed_and_no_other() -> None:
    values = torch.arange(3 * 2 * 4 * 4.0).view(3, 2, 4, 4)
    record = Recorded("conv", values, Layout("channels_first", (4, 4), 2))
    for item in range(3):
        piece = Piece(record, Place(0, 0, 4, 4, item=item))
        maps = piece.map_of(values)
        assert torch.equal(maps, values[item : item + 1])
        changed = piece.values_of(maps + 100, values)
        expected = values.clone()
        expected[item] += 100
        assert torch.equal(changed, expected)


def test_a_value_was_written_to_where_it_or_the_copy_that_went_on_was() -> None:
    value, copy = torch.ones(2), torch.ones(2)
    assert not was_written(value, value._version, None)
    assert not was_written(value, value._version + 1, copy)
    copy.add_(1)
    assert was_written(value, value._version, copy)
    value.add_(1)
    assert was_written(value, 0, None)


def test_a_map_has_channels_and_positions() -> None:
    shapes = {(1, 8, 4, 4): True, (1, 16, 6): True, (1, 8): False, (1, 8, 1, 1): False,
              (1, 1, 4, 4): False, (1, 8, 1): False, (1, 2, 2): True, (4, 1, 8): False}  # fmt: skip
    assert {shape: _is_map(torch.zeros(shape)) for shape in shapes} == shapes


def test_what_does_not_depend_on_the_picture_has_no_energy() -> None:
    x = torch.rand(1, 3, 4, 4, requires_grad=True)
    assert energy_of(torch.ones(1, 2), x) is None
    assert energy_of(torch.ones(1, 2, requires_grad=True) * 2, x) is None
    assert energy_of((0 * x).flatten(1), x) is None
    found = energy_of((3 * x).flatten(1), x)
    assert found is not None
    torch.testing.assert_close(found.float(), torch.full((3, 4, 4), 9.0))


def test_a_value_goes_back_to_a_map_where_a_convolution_is_on_its_way() -> None:
    x = torch.rand(1, 3, 4, 4, requires_grad=True)
    plain = 2 * x + torch.ones(())
    assert not ways.goes_back_to_a_map(plain.grad_fn)
    assert not ways.goes_back_to_a_map(None)
    made = torch.conv2d(x, torch.ones(2, 3, 1, 1)).relu() + torch.ones(())
    assert ways.goes_back_to_a_map(made.grad_fn)


def test_what_was_looked_at_is_kept_no_longer_than_the_pass() -> None:
    looks, value = Handwritten(), torch.ones(3, requires_grad=True) * 1
    looks.look([torch.ones(3), value])
    assert [kept is value for kept, _ in looks._looked] == [True]
    assert looks.is_new(value)
    assert not looks.is_new(value)
    kept = weakref.ref(value)
    looks.forget()
    del value
    gc.collect()
    assert kept() is None


def test_the_graph_is_looked_for_to_a_depth_in_what_a_network_gives_out() -> None:
    made = torch.ones(2, requires_grad=True) * 2
    nested: Any = made
    for depth in range(8):
        found = list(nodes_of(nested))
        assert found[:1] == ([made.grad_fn] if depth <= 4 else []), depth
        nested = {"output": nested} if depth % 2 else [nested]
    endless: list[Any] = [made]
    endless.append(endless)
    assert next(iter(nodes_of(endless))) is made.grad_fn


@pytest.mark.parametrize("variable", [
    "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES",
])  # fmt: skip
def test_an_allocator_that_is_tuned_is_left_alone(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    memory._library.cache_clear()
    try:
        assert memory._library() is None
        assert not memory._keep_up_to(2**26)
    finally:
        monkeypatch.undo()
        memory._library.cache_clear()


def _octets(count: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, count).astype(np.uint8))


def _digest_there(*memory: Tensor) -> tuple[int, ...]:
    """The checksums of octets as on a device that is no CPU."""
    return tuple(_digests_on_device(_packs(memory)))


@pytest.mark.parametrize("count", [3, 5, 4000, 4 * _ROW, 4 * _ROW * 3 + 41, _ROW + 3])
def test_a_checksum_sees_every_byte_and_their_order(count: int) -> None:
    octets = _octets(count)
    found = {_digest_there(octets)}
    assert found == {_digest_there(octets.clone())}
    places = sorted({0, 1, count // 2, count - 2, count - 1})
    for place in places:
        changed = octets.clone()
        changed[place] ^= 1
        found.add(_digest_there(changed))
    found.add(_digest_there(octets.flip(0)))
    found.add(_digest_there(octets.roll(4)))
    assert len(found) == len(places) + 3


def test_memory_is_read_whenever_it_is_digested(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tensors, some larger than what is read at once, some smaller than a number."""
    monkeypatch.setattr(digests, "_PACK", 2 * _ROW)
    all_octets = [_octets(count) for count in (7, 4 * _ROW * 5 + 2, 8, 1, 4 * _ROW)]
    packs = _packs(all_octets)
    assert [sum(map(len, pack)) for pack in packs] == [2 * _ROW, 2 * _ROW, 2 * _ROW, 9]
    found = {tuple(_digests_on_device(packs))}
    for octets in all_octets:
        for place in {0, len(octets) - 1}:
            octets[place] ^= 64
            found.add(tuple(_digests_on_device(packs)))
    assert len(found) == 10
