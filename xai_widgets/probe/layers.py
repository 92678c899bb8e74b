"""Which layers can carry a heatmap, their maps (N, C, h, w), and which one to explain by default.

A layer is judged by what came out of it in a recorded forward pass, not by its type: convolutions,
blocks, token sequences with any number of prefix tokens (ViT 1, DeiT 2, DINOv2 with registers 5)
and channels-last maps (Swin) are all feature maps over the picture. The best layer is the deepest
one that still has more than one position and on which the classifier's head depends at most
positions; a class-token transformer's last output fails that test, its last block's first norm
passes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor, nn

from xai_widgets.probe.digests import version_of

_NO_FEATURES = ("Pool", "Pad")
_MOST_PREFIX_TOKENS = 16


@dataclass(frozen=True)
class Layout:
    """How a tensor maps the picture: `size` = (h, w) positions, `channels` channels. Tokens have
    `prefix` others before the first position, and may have more behind the last.
    """

    kind: Literal["channels_first", "channels_last", "tokens"]
    size: tuple[int, int]
    channels: int
    prefix: int = 0

    def to_map(self, x: Tensor) -> Tensor:
        """The tensor as (N, C, h, w), without tokens that are no positions."""
        if self.kind == "channels_first":
            return x
        if self.kind == "channels_last":
            return x.permute(0, 3, 1, 2)
        h, w = self.size
        positions = x[:, self.prefix : self.prefix + h * w]
        return positions.transpose(1, 2).reshape(x.shape[0], self.channels, h, w)

    def from_map(self, values: Tensor, like: Tensor) -> Tensor:
        """The inverse: a map (N, C, h, w) written over the tensor `like`, whose other tokens are
        kept.
        """
        if self.kind == "channels_first":
            return values
        if self.kind == "channels_last":
            return values.permute(0, 2, 3, 1)
        tokens = values.flatten(2).transpose(1, 2)
        before, behind = self.prefix, self.prefix + tokens.shape[1]
        like = like[: len(values)]
        return torch.cat([like[:, :before], tokens, like[:, behind:]], dim=1)


@dataclass(frozen=True)
class Layer:
    """A layer that CAM methods accept: its dotted name, its map's (h, w), its channels."""

    name: str
    size: tuple[int, int]
    channels: int


@lru_cache(maxsize=4096)
def layout_of(
    shape: tuple[int, ...], picture: tuple[int, int], grid: tuple[int, int] | None
) -> Layout | None:
    """How a tensor of this shape lies over a picture of (H, W); None when it does not.

    `grid` is the (h, w) of the last channels-first map before it: a patch embedding's grid tells
    how many of the tokens that follow it are prefix tokens, even where the picture is not square.
    """
    if len(shape) == 4:
        _, a, b, c = shape
        first, last = _stretch((b, c), picture), _stretch((a, b), picture)
        # Where both fit, one does so by chance: channels first is the rule, unless the map before
        # is the one that channels last would continue, or only channels last fit exactly.
        continued = last is not None and grid == (a, b) != (b, c)
        exact = last == 0 and first is not None and first > 0 and b == a
        if first is not None and not continued and not exact:
            return Layout("channels_first", (b, c), a)
        if last is not None:
            return Layout("channels_last", (a, b), c)
        return None
    if len(shape) == 3:
        return _tokens(shape[1], shape[2], picture, grid)
    return None


def layouts_of(shape: tuple[int, ...], picture: tuple[int, int]) -> list[Layout]:
    """All ways in which a tensor of this shape may lie over a picture of (H, W)."""
    if len(shape) == 4:
        _, a, b, c = shape
        first = Layout("channels_first", (b, c), a)
        last = Layout("channels_last", (a, b), c)
        return [one for one in (first, last) if _stretch(one.size, picture) is not None]
    found = layout_of(shape, picture, None)
    return [] if found is None else [found]


def _stretch(size: tuple[int, int], picture: tuple[int, int]) -> float | None:
    """How far (h, w) is from the picture's proportions, as |log ratio|; None beyond what rounding
    explains.
    """
    (h, w), (height, width) = size, picture
    if not (0 < h <= height and 0 < w <= width):
        return None
    # Rounding while striding moves either side by at most one position.
    for dh in (-1, 0, 1):
        for dw in (-1, 0, 1):
            if (h + dh) * width == (w + dw) * height and h + dh > 0 and w + dw > 0:
                return abs(math.log((h / w) / (height / width)))
    distance = abs(math.log((h / w) / (height / width)))
    return distance if distance <= math.log((1 + 1 / h) * (1 + 1 / w)) else None


def _tokens(
    count: int, channels: int, picture: tuple[int, int], grid: tuple[int, int] | None
) -> Layout | None:
    if grid is not None and 0 <= count - grid[0] * grid[1] <= _MOST_PREFIX_TOKENS:
        return Layout("tokens", grid, channels, count - grid[0] * grid[1])
    for prefix in range(min(_MOST_PREFIX_TOKENS, count - 1) + 1):
        h = round(math.sqrt((count - prefix) * picture[0] / picture[1]))
        if (
            h > 1
            and (count - prefix) % h == 0
            and _stretch((h, (count - prefix) // h), picture) == 0
        ):
            return Layout("tokens", (h, (count - prefix) // h), channels, prefix)
    return None


@dataclass
class Recorded:
    """What came out of one call of a layer in a forward pass: `call` is its number among the calls
    of that layer, `order` among those of all layers, both from 0. `copy` is what the network went
    on with, where that was a copy.
    """

    name: str
    tensor: Tensor
    layout: Layout
    call: int = 0
    order: int = 0
    group: int = 0
    version: int = 0
    no_features: bool = False
    inside_attention: bool = False
    copy: Tensor | None = None

    @property
    def was_written(self) -> bool:
        """Whether the network changed this value in place after the layer had given it out."""
        return was_written(self.tensor, self.version, self.copy)


def was_written(tensor: Tensor, version: int, copy: Tensor | None) -> bool:
    """Whether a layer's value was changed in place since it had this version. Where the network
    went on with a copy (which starts at version 0), whether the copy was.
    """
    return version_of(tensor) != version if copy is None else version_of(copy) > 0


def is_attention(module: nn.Module) -> bool:
    """Whether a module is an attention layer, by the name every library gives such a class."""
    name = type(module).__name__
    return "Attention" in name or "Attn" in name


def makes_no_features(module: nn.Module) -> bool:
    """Whether a module only pools or pads, by the names every library gives such classes."""
    name = type(module).__name__
    return any(word in name for word in _NO_FEATURES) and not any(True for _ in module.parameters())


def rank(
    recorded: Sequence[Recorded],
    head_input: Tensor,
    carries_all: Callable[[Recorded], bool] = lambda record: False,
    lies: Callable[[Recorded], bool] = lambda record: True,
) -> list[Layer]:
    """The layers that CAM methods are best read from, best first.

    First the deepest layer of each resolution, deepest resolution first; then all others, deepest
    first. Layers that give out the same tensor (`layer4`, `layer4.2`, `layer4.2.relu`) are listed
    once, under the shortest name. `head_input` is what the classifier's last layer was given: a
    layer is listed if that depends on it at several positions. `carries_all` tells whether nothing
    of the picture reaches the head but through a layer, `lies` whether what looks like a map is
    one, which is asked of the deepest layer of each kind and resolution.
    """
    groups: dict[int, list[Recorded]] = {}
    for record in recorded:
        if record.layout.size[0] * record.layout.size[1] > 1:
            groups.setdefault(record.group, []).append(record)
    leaders = [
        _leader(members) for members in groups.values() if not min(members, key=_order).no_features
    ]
    leaders = [
        r for r, reached in zip(leaders, _reached(leaders, head_input), strict=True) if reached
    ]
    leaders.sort(key=lambda r: -r.group)
    # What attention computes inside (queries, weights, position biases) only looks like a map.
    leaders = [r for r in leaders if not r.inside_attention] or leaders
    # Queries, keys and hidden units inside a transformer block are not features of positions: the
    # width of what runs through all blocks, which is the commonest, tells them apart.
    widths = _token_widths(leaders)
    leaders = [
        r
        for r in leaders
        if r.layout.kind != "tokens" or r.layout.channels == widths[r.layout.size] or carries_all(r)
    ]
    leaders = _lying(leaders, lies) or [r for r in leaders if r.layout.kind != "tokens"]
    if not leaders:
        return []
    best = leaders[0]
    # At every other resolution, the last output of the outermost module: the end of a stage, not a
    # part of the next block.
    stages: dict[tuple[int, int], Recorded] = {}
    for record in sorted(leaders, key=lambda r: r.name.count(".")):
        if record.layout.size != best.layout.size:
            stages.setdefault(record.layout.size, record)
    first = [best, *sorted(stages.values(), key=lambda r: r.layout.size)]
    names = {record.name for record in first}
    ranked = first + [record for record in leaders if record.name not in names]
    return [Layer(r.name, r.layout.size, r.layout.channels) for r in ranked]


def _lying(leaders: Sequence[Recorded], lies: Callable[[Recorded], bool]) -> list[Recorded]:
    """The leaders but those whose kind, asked of the deepest, does not lie over the picture."""
    asked: dict[tuple[str, tuple[int, int], int], bool] = {}
    lying = []
    for record in leaders:
        kind = record.layout.kind, record.layout.size, record.layout.prefix
        if kind not in asked:
            asked[kind] = lies(record)
        if asked[kind]:
            lying.append(record)
    return lying


def _token_widths(leaders: Sequence[Recorded]) -> dict[tuple[int, int], int]:
    """The commonest number of channels among token maps of each size; of equals the deepest's."""
    counts: dict[tuple[int, int], Counter[int]] = {}
    for record in leaders:
        if record.layout.kind == "tokens":
            counts.setdefault(record.layout.size, Counter())[record.layout.channels] += 1
    return {size: widths.most_common(1)[0][0] for size, widths in counts.items()}


def _order(record: Recorded) -> int:
    return record.order


def _leader(members: list[Recorded]) -> Recorded:
    return min(members, key=lambda r: (r.name.count("."), r.order))


def _reached(records: list[Recorded], head_input: Tensor) -> list[bool]:
    """For each layer: does the head's input change with more than one of its positions?"""
    if not records or head_input.grad_fn is None:
        return [True] * len(records)
    # A fixed random direction: a constant one is orthogonal to everything behind a layer norm.
    generator = torch.Generator("cpu").manual_seed(0)
    direction = torch.randn(head_input.shape, generator=generator, device="cpu").to(head_input)
    gradients: tuple[Tensor | None, ...] = torch.autograd.grad(
        head_input, [r.tensor for r in records], direction, retain_graph=True, allow_unused=True
    )
    reached = []
    for record, gradient in zip(records, gradients, strict=True):
        if gradient is None:
            reached.append(False)
            continue
        # A class token is none of the positions; maximum pooling looks at few of them.
        positions = record.layout.to_map(gradient).abs().amax(dim=(0, 1))
        reached.append(int((positions > 0).sum()) > 1)
    return reached
