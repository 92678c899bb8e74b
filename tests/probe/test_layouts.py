"""How a layer's tensor lies over the picture, and back."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import pytest
import torch
from torch import nn

from xai_widgets import _torchvision
from xai_widgets.probe.layers import Layout, is_attention, layout_of, makes_no_features


@pytest.mark.parametrize(
    ("shape", "picture_size", "grid", "expected"),
    [
        ((1, 64, 7, 7), (224, 224), None, Layout("channels_first", (7, 7), 64)),
        ((2, 64, 5, 7), (160, 224), None, Layout("channels_first", (5, 7), 64)),
        ((1, 7, 7, 64), (224, 224), None, Layout("channels_last", (7, 7), 64)),
        ((1, 3, 7, 48), (96, 224), None, Layout("channels_last", (3, 7), 48)),
        ((1, 33, 13, 5), (108, 44), None, Layout("channels_first", (13, 5), 33)),
        ((1, 130, 112, 96), (520, 448), (130, 112), Layout("channels_last", (130, 112), 96)),
        ((1, 130, 112, 96), (520, 448), (112, 96), Layout("channels_first", (112, 96), 130)),
        ((1, 7, 7, 7), (224, 224), None, Layout("channels_first", (7, 7), 7)),
        ((1, 1, 7, 7), (224, 224), None, Layout("channels_first", (7, 7), 1)),
        ((1, 197, 192), (224, 224), None, Layout("tokens", (14, 14), 192, 1)),
        ((1, 198, 192), (224, 224), None, Layout("tokens", (14, 14), 192, 2)),
        ((1, 261, 384), (224, 224), (16, 16), Layout("tokens", (16, 16), 384, 5)),
        ((1, 196, 192), (224, 224), None, Layout("tokens", (14, 14), 192, 0)),
        ((1, 19, 8), (48, 96), (3, 6), Layout("tokens", (3, 6), 8, 1)),
        ((1, 19, 8), (48, 96), None, Layout("tokens", (3, 6), 8, 1)),
        ((1, 12, 8), (48, 64), None, Layout("tokens", (3, 4), 8, 0)),
        ((1, 10), (224, 224), None, None),
        ((1, 64, 300, 300), (224, 224), None, None),
        ((1, 64, 2, 40), (224, 224), None, None),
    ],
)
def test_how_a_shape_lies_over_the_picture(
    shape: tuple[int, ...],
    picture_size: tuple[int, int],
    grid: tuple[int, int] | None,
    expected: Layout | None,
) -> None:
    assert layout_of(shape, picture_size, grid) == expected


@pytest.mark.parametrize("h", [1, 2, 3, 5, 7, 8, 13])
@pytest.mark.parametrize("w", [1, 2, 3, 5, 7, 8, 13])
def test_maps_of_any_proportions_are_met(h: int, w: int) -> None:
    for stride in (8, 16, 32):
        for extra in (0, stride // 2, stride - 1):
            size = (h * stride + extra, w * stride + extra)
            found = layout_of((1, 33, h, w), size, None)
            assert found == Layout("channels_first", (h, w), 33), size


LAYOUTS: Sequence[tuple[Layout, tuple[int, ...]]] = [
    (Layout("channels_first", (2, 3), 4), (2, 4, 2, 3)),
    (Layout("channels_last", (2, 3), 4), (2, 2, 3, 4)),
    (Layout("tokens", (2, 3), 4, 0), (2, 6, 4)),
    (Layout("tokens", (2, 3), 4, 1), (2, 7, 4)),
    (Layout("tokens", (2, 3), 4, 2), (2, 8, 4)),
    (Layout("tokens", (2, 3), 4, 5), (2, 11, 4)),
]


@pytest.mark.parametrize(("layout", "shape"), LAYOUTS)
def test_a_map_and_its_layers_own_layout_are_inverse(
    layout: Layout, shape: tuple[int, ...]
) -> None:
    x = torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape)
    a_map = layout.to_map(x)
    assert a_map.shape == (2, 4, 2, 3)
    assert torch.equal(layout.from_map(a_map, x), x)
    other = -a_map - 1
    written = layout.from_map(other, x)
    assert torch.equal(layout.to_map(written), other)
    if layout.prefix:
        assert torch.equal(written[:, : layout.prefix], x[:, : layout.prefix])


def test_positions_go_row_by_row() -> None:
    tokens = torch.arange(8.0).reshape(1, 8, 1)
    assert Layout("tokens", (2, 3), 1, 2).to_map(tokens)[0, 0].tolist() == [[2, 3, 4], [5, 6, 7]]
    last = torch.arange(12.0).reshape(1, 2, 3, 2)
    a_map = Layout("channels_last", (2, 3), 2).to_map(last)
    assert a_map[0, 1].tolist() == [[1, 3, 5], [7, 9, 11]]


def test_kinds_of_layers_are_told_by_the_names_libraries_give_them() -> None:
    _torchvision.load()
    timm = importlib.import_module("timm")

    class WindowAttention(nn.Module):
        pass

    assert is_attention(nn.MultiheadAttention(4, 1))
    assert is_attention(WindowAttention())
    assert not is_attention(nn.Conv2d(1, 1, 1))
    assert makes_no_features(nn.AdaptiveAvgPool2d(1))
    assert makes_no_features(nn.ZeroPad2d(1))
    assert not makes_no_features(nn.ReLU())
    # A pooling layer with weights makes features.
    assert not makes_no_features(timm.layers.AttentionPool2d(8, feat_size=2, head_dim=4))
