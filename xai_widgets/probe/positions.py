"""Whether the tokens of a sequence are places of the picture, in the order of reading.

Their number does not tell: 16 latents, slots or learned queries are as many as 4 x 4 patches, and
tokens may be sorted by windows. What a token is of, all functions but attention keep: they work on
each token alone, or on its neighbours. In attention it is the query that keeps it, and keys and
values come from everywhere. So the ways through keys and values are cut, and what remains is looked
at: learned queries depend on nothing of the picture then, and a token of a place on that place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from xai_widgets.probe.dataflow import Dataflow, centre_of, energy_of, is_over_all
from xai_widgets.probe.layers import Layout, Recorded, layouts_of
from xai_widgets.probe.nodes import nodes_behind
from xai_widgets.probe.ways import Ways, attends, goes_back_to_a_map, is_given_a_constant

Found: TypeAlias = Literal["placed", "nowhere", "elsewhere", "unknown", "silent"]

WHY: dict[Found, str] = {
    "placed": "",
    "nowhere": "latents, slots or learned queries: what they are of is not a place",
    "elsewhere": "not in the order in which a picture is read: sorted by windows, pooled or mixed",
    "unknown": "each of all of the picture: pooled, or mixed by learned weights",
    "silent": "not all of the picture: what comes from it does not reach some of them",
}

_SHARP = 0.2  # of a side: what depends on all of it has a spread of 0.29
_BLURRED = 0.45  # positions: what depends on its own place alone has a spread of 0.29
_STRIPED = 0.1
_APART = 0.1  # of a side: less, and the places of two quarters are not told apart


@dataclass(frozen=True)
class Position:
    """Whether a value lies over the picture, and its layout if it does."""

    found: Found
    layout: Layout


class Positions:
    """Whether the outputs of one pass on x that look like maps are such. Each is looked at when it
    is asked for, the network `as_found` meanwhile; `known` is what was found by the order of the
    outputs, also of other passes of this kind. `cut` says that the network left the graph.
    """

    def __init__(
        self,
        maps: Sequence[Recorded],
        flow: Dataflow,
        x: Tensor,
        known: dict[int, Position],
        cut: bool,
        as_found: Any,
    ) -> None:
        self._cut = cut
        self._maps, self._flow, self._x = maps, flow, x
        self._known, self._as_found = known, as_found
        self._ways: dict[int, Ways] = {}
        self._cut_off: dict[Any, bool] = {}
        self._picture = int(x.shape[-2]), int(x.shape[-1])

    def reaches(self, record: Recorded) -> bool:
        """Whether an output depends on the picture otherwise than through attention."""
        known = self._known.get(record.order)
        if known is not None:
            return known.found != "nowhere"
        node = record.tensor.grad_fn
        return self._ways_for(record).reach(node) or self._is_cut_off(node)

    def _is_cut_off(self, node: Any) -> bool:
        """Whether a value was computed from what may be of the picture, but without gradients."""
        if not self._cut:
            return False
        if node not in self._cut_off:
            behind = list(nodes_behind([node]))
            of_picture = any(getattr(one, "variable", None) is self._x for one in behind)
            self._cut_off[node] = not of_picture and any(map(is_given_a_constant, behind))
        return self._cut_off[node]

    def of(self, record: Recorded) -> Position:
        """Where an output lies; its layout becomes the one that was found."""
        known = self._known.get(record.order)
        if known is None:
            with self._as_found():
                known = self._look(record)
            self._known[record.order] = known
        record.layout = known.layout
        return known

    def lies(self, record: Recorded) -> bool:
        """Whether an output is a map over the picture."""
        return self.of(record).found == "placed"

    def _ways_for(self, record: Recorded) -> Ways:
        count = record.layout.size[0] * record.layout.size[1]
        if record.layout.kind == "tokens":
            count = record.tensor.shape[1]
        if count not in self._ways:
            self._ways[count] = Ways(self._x, count)
        return self._ways[count]

    def _look(self, record: Recorded) -> Position:
        layout, node, reaches = record.layout, record.tensor.grad_fn, self.reaches(record)
        is_map = layout.kind != "tokens"
        others = [
            other
            for other in layouts_of(tuple(record.tensor.shape), self._picture)
            if other != layout
        ]
        certain = is_map and not others and (goes_back_to_a_map(node) or not attends(node))
        if reaches and (certain or self._is_cut_off(node)):
            return Position("placed", layout)
        if len(record.tensor) != len(self._x) or not self._is_over_all(record):
            return Position("placed" if reaches else "nowhere", layout)
        found, where = found_of(record.tensor, layout, self._x, self._ways_for(record))
        for other in others:
            if found != "placed":
                again, there = found_of(record.tensor, other, self._x, self._ways_for(record))
                found, where = (again, there) if again == "placed" else (found, where)
        if not is_map and found in ("unknown", "silent"):
            first = self._first_of(record)
            if first is not None:
                # Mixed since by weights that are learned, as an MLP-Mixer does: its places stay.
                known = self.of(first)
                return Position(known.found, replace(known.layout, channels=layout.channels))
        if reaches and is_map and not attends(node):
            found = "placed"  # deep convolutions may see all of the picture
        return Position(found, where)

    def _is_over_all(self, record: Recorded) -> bool:
        places = self._flow.places(record.order)
        return places is not None and len(places) == 1 and is_over_all(places[0], self._x)

    def _first_of(self, record: Recorded) -> Recorded | None:
        """The first output with as many tokens, if this one was computed from it."""
        for earlier in self._maps:
            if earlier.order >= record.order:
                return None
            same = earlier.layout == replace(
                record.layout, channels=earlier.layout.channels
            ) and self._flow.depends(record.order, earlier.order)
            if same:
                return earlier
        return None


def found_of(value: Tensor, layout: Layout, x: Tensor, ways: Ways) -> tuple[Found, Layout]:
    """Whether what a value of the pass on x holds at a place depends on that place of the picture;
    and the layout, with another number of prefix tokens where that was found.

    "nowhere": it depends on the picture through attention alone. "elsewhere": its places are in
    another order. "unknown": all of it depends on all of the picture. "silent": some of it depends
    on nothing of it.
    """
    node = value.grad_fn
    if not ways.reach(node):
        found, _ = _probed(value, layout, x)
        return ("placed" if found == "placed" else "nowhere"), layout
    with ways.alone(node):
        found, prefix = _probed(value, layout, x)
        if prefix is not None and prefix != layout.prefix:
            shifted = replace(layout, prefix=prefix)
            if _probed(value, shifted, x)[0] == "placed":
                return "placed", shifted
        if found == "unknown":
            found = _compared(layout.to_map(value), x)
        elif found == "blurred":
            alike = _compared(layout.to_map(value), x) == "placed"
            found = "placed" if alike else "elsewhere"
    return found, layout


def _probed(
    value: Tensor, layout: Layout, x: Tensor
) -> tuple[Found | Literal["blurred"], int | None]:
    """Whether two positions depend on the places that are theirs; and how many prefix tokens there
    are where tokens are those of other places, by the same number. "blurred": they depend on places
    nearby, so that they might be theirs.
    """
    maps, (h, w) = layout.to_map(value), layout.size
    shifts, wrong, widest = set[int](), False, 0.0
    for row, column in ((h // 4, w - 1 - w // 4), (h - 1 - h // 4, w // 4)):
        energy = energy_of(maps[..., row, column], x)
        if energy is None:
            return "silent", None
        down, across = (_along(energy.sum(0).sum(dim), n) for dim, n in ((1, h), (0, w)))
        if down[1] > min(1, _SHARP * h) or across[1] > min(1, _SHARP * w):
            return "unknown", None
        widest = max(widest, down[1], across[1])
        for (middle, spread), place in ((down, row), (across, column)):
            wrong = wrong or abs(middle - place - 0.5) > 0.5 * (1 + spread)
        shifts.add((row - int(down[0])) * w + column - int(across[0]))
    if not wrong or widest > _BLURRED:
        return ("blurred" if wrong else "placed"), None
    shift = shifts.pop()
    fits = layout.kind == "tokens" and not shifts
    fits = fits and 0 <= layout.prefix + shift <= value.shape[1] - h * w
    return "elsewhere", layout.prefix + shift if fits else None


def _along(profile: Tensor, positions: int) -> tuple[float, float]:
    """The middle of a profile and its spread (standard deviation), in positions."""
    at = torch.arange(len(profile), device=profile.device, dtype=profile.dtype) + 0.5
    at = at * (positions / len(profile))
    middle = (profile * at).sum() / profile.sum()
    spread = (profile * (at - middle).square()).sum() / profile.sum()
    return float(middle), float(spread.sqrt())


def _compared(maps: Tensor, x: Tensor) -> Found:
    """Whether two quarters of maps (N, C, h, w), one above and right of the other, lie so."""
    h, w = maps.shape[-2] // 2, maps.shape[-1] // 2
    centres = []
    for quarter in (maps[..., :h, -w:], maps[..., -h:, :w]):
        energy = energy_of(quarter, x)
        if energy is None:
            return "unknown"
        y, z = centre_of(energy.sum(0))
        centres.append((y / x.shape[-2], z / x.shape[-1]))
    (upper, right), (lower, left) = centres
    down, across = lower - upper, right - left
    if min(down, across) >= _APART:
        return "placed"
    least, most = sorted((abs(down), abs(across)))
    # Places are told apart in one direction alone, as in a matrix of tokens with each other.
    striped = most >= 2 * _APART and least < _STRIPED * most
    return "elsewhere" if least >= _APART or striped else "unknown"
