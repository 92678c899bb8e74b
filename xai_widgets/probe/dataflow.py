"""What each layer's output was computed from, and where over the picture it lies.

A layer may run more than once in a pass: on the picture and on its mirror image, on several crops,
on two pictures side by side, on what it gave out itself. Its outputs are told apart by the graph
that autograd recorded. An *entry* is the first layer with weights that a part of the picture comes
to; what it was given depends on the picture by geometry alone (crop, flip, resize), so a few
gradients tell its place exactly. Every later output has the place of the entries it depends on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor

from xai_widgets.interrupts import deferred, interruptible
from xai_widgets.precision import widest

Node: TypeAlias = "tuple[Any, int]"  # a node of autograd's graph and one of its outputs

_SAME = 0.02  # of a side: a box that misses the whole picture by less is the whole picture
_NEGLIGIBLE = 1e-6  # of the largest energy: a pixel that counts less is not read
_TELLING = 0.2  # of the distance that two quarters' centres have where nothing is mixed


class Output(Protocol):
    """What the dataflow needs to know of one call of a layer."""

    @property
    def node(self) -> Node | None: ...
    @property
    def given(self) -> Any: ...
    @property
    def has_weights(self) -> bool: ...


@dataclass(frozen=True)
class Place:
    """The box of the picture, in pixels, that a map lies over, and how it is turned there.

    `mirrored` left to right and `upside_down` hold after `transposed` has exchanged rows and
    columns. `channels` are those of the picture that were read. `item` is the map's number where
    several parts of the picture were put behind each other in one batch.
    """

    top: int
    left: int
    height: int
    width: int
    upside_down: bool = False
    mirrored: bool = False
    transposed: bool = False
    channels: tuple[int, ...] = ()
    item: int | None = None

    def turned(self, maps: Tensor) -> Tensor:
        """Maps (..., h, w) as they lie over the picture."""
        if self.transposed:
            maps = maps.transpose(-1, -2)
        dims = [d for d, flips in ((-2, self.upside_down), (-1, self.mirrored)) if flips]
        return maps.flip(dims) if dims else maps

    def turned_back(self, maps: Tensor) -> Tensor:
        """The inverse of `turned`."""
        dims = [d for d, flips in ((-2, self.upside_down), (-1, self.mirrored)) if flips]
        maps = maps.flip(dims) if dims else maps
        return maps.transpose(-1, -2) if self.transposed else maps


class Dataflow:
    """From which earlier outputs of a pass each was computed: `parents[i]` are indices into
    `outputs`, and `entries[i]` those of the entries that output i depends on.
    """

    def __init__(self, outputs: Sequence[Output], x: Tensor) -> None:
        self._outputs, self._x = outputs, x
        self._known: dict[Node, int] = {}
        self.parents: list[set[int]] = []
        self.entries: list[frozenset[int]] = []
        self._places: dict[int, list[Place] | None] = {}
        of_picture: list[bool] = []  # whether an output depends on the picture at all
        for i, output in enumerate(outputs):
            parents, direct = self._before(output.node)
            self.parents.append(parents)
            of_picture.append(direct or any(of_picture[j] for j in parents))
            inherited = frozenset().union(*(self.entries[j] for j in parents))
            enters = not inherited and output.has_weights and of_picture[i]
            self.entries.append(frozenset({i}) if enters else inherited)
            if output.node is not None:
                self._known.setdefault(output.node, i)

    def _before(self, value: Node | None) -> tuple[set[int], bool]:
        """The outputs that a value was computed from, and whether the picture itself was used."""
        if value is None:
            return set(), False
        same = self._known.get(value)
        if same is not None:
            return {same}, False
        found: set[int] = set()
        direct = False
        seen: set[Any] = set()
        waiting = [value[0]]
        while waiting:
            for following in waiting.pop().next_functions:
                node = following[0]
                if node is None:
                    continue
                known = self._known.get(following)
                if known is not None:
                    found.add(known)
                elif node not in seen:
                    seen.add(node)
                    waiting.append(node)
                    direct = direct or getattr(node, "variable", None) is self._x
        return found, direct

    def depends(self, later: int, earlier: int) -> bool:
        """Whether one output was computed from another."""
        waiting, seen = [later], {later}
        while waiting:
            for parent in self.parents[waiting.pop()]:
                if parent == earlier:
                    return True
                if parent > earlier and parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
        return False

    def passes_by(self, later: Tensor, output: int) -> bool:
        """Whether anything of the picture reaches a later value on a way that leaves an output
        out.
        """
        if later.grad_fn is None:
            return True
        found, direct = self._before((later.grad_fn, later.output_nr))
        waiting, seen = [i for i in found if i != output], set(found)
        while waiting and not direct:
            reached = waiting.pop()
            direct = not self.parents[reached]
            for parent in self.parents[reached] - seen - {output}:
                seen.add(parent)
                waiting.append(parent)
        return direct

    def last(self, outputs: Sequence[int]) -> list[int]:
        """Those of the outputs that no other of them was computed from."""
        return [i for i in outputs if not any(self.depends(j, i) for j in outputs if j > i)]

    @property
    def plain(self) -> bool:
        """Whether every entry sees the picture whole and upright."""
        everything = whole(self._x)
        entries = frozenset().union(*self.entries)
        return all(self._place_of_entry(entry) == [everything] for entry in entries)

    def places(self, output: int) -> list[Place] | None:
        """Where an output's maps lie: one place for each item of an expanded batch. None where that
        cannot be told.
        """
        entries = self.entries[output]
        found = [self._place_of_entry(entry) for entry in sorted(entries)]
        if not found or any(places is None for places in found):
            return None
        first, *others = [places for places in found if places is not None]
        for other in others:
            if len(other) != len(first) or any(
                _geometry(a) != _geometry(b) for a, b in zip(first, other, strict=True)
            ):
                return None
        if others:
            joined = [
                tuple(sorted({c for places in (first, *others) for c in places[i].channels}))
                for i in range(len(first))
            ]
            return [
                replace(place, channels=channels)
                for place, channels in zip(first, joined, strict=True)
            ]
        return first

    def _place_of_entry(self, entry: int) -> list[Place] | None:
        if entry not in self._places:
            with deferred(), torch.inference_mode(False), torch.enable_grad():
                self._places[entry] = _places(self._outputs[entry].given, self._x)
        return self._places[entry]


def whole(x: Tensor) -> Place:
    """The place of a map over all of the picture (N, C, H, W)."""
    return Place(0, 0, x.shape[-2], x.shape[-1], channels=tuple(range(x.shape[1])))


def is_over_all(place: Place, x: Tensor) -> bool:
    """Whether a place is all of the picture (N, C, H, W), upright."""
    return _geometry(place) == _geometry(whole(x))


def _geometry(place: Place) -> tuple[Any, ...]:
    return (
        *(place.top, place.left, place.height, place.width),
        *(place.upside_down, place.mirrored, place.transposed),
    )


def _places(given: Any, x: Tensor) -> list[Place] | None:
    """Where what a layer was given was cut from the picture x; one place per item of its batch for
    each picture.
    """
    if not (isinstance(given, Tensor) and given.requires_grad) or len(given) % len(x):
        return None
    if _is_copy(given, x):
        return [whole(x)]
    items = len(given) // len(x)
    if items > 1 and len(x) > 1:
        return None  # which of them belong together is not known
    found = [_place(given, x, None if items == 1 else item) for item in range(items)]
    places = [place for place in found if place is not None]
    return places if len(places) == items else None


def _is_copy(given: Tensor, x: Tensor) -> bool:
    """Whether a tensor is the picture as it is, copied or laid out anew."""
    if given is x:
        return True
    node = given.grad_fn
    while node is not None and node.name() in ("CloneBackward0", "ToCopyBackward0"):
        node = node.next_functions[0][0]
    return node is not None and getattr(node, "variable", None) is x


def _place(given: Tensor, x: Tensor, item: int | None) -> Place | None:
    part = given if item is None else given[item : item + 1]
    read = energy_of(part, x)
    if read is None:
        return None
    energy = read.sum(dim=0)
    rows, columns = _span(energy.sum(dim=1)), _span(energy.sum(dim=0))
    channels = torch.nonzero(read.sum(dim=(1, 2)) > _NEGLIGIBLE * float(energy.sum()))
    place = Place(
        rows[0],
        columns[0],
        rows[1] - rows[0],
        columns[1] - columns[0],
        channels=tuple(channels.flatten().tolist()),
        item=item,
    )
    if given.ndim != 4 or min(given.shape[-2:]) < 2:
        # Cut into patches by hand: in the order of reading, as far as can be told.
        return place if (place.height, place.width) == tuple(x.shape[-2:]) else None
    return _turned(part, x, place)


def _turned(part: Tensor, x: Tensor, place: Place) -> Place | None:
    """The place, with how the map is turned there; None where that cannot be told."""
    h, w = part.shape[-2] // 2, part.shape[-1] // 2
    quarters = (part[..., :h, :w], part[..., :h, -w:], part[..., -h:, :w])
    centres = []
    for quarter in quarters:
        energy = energy_of(quarter, x)
        if energy is None:
            return None
        centres.append(centre_of(energy.sum(dim=0)))
    origin, right, below = centres
    across = (right[0] - origin[0]) / place.height, (right[1] - origin[1]) / place.width
    down = (below[0] - origin[0]) / place.height, (below[1] - origin[1]) / place.width
    transposed = abs(across[0]) > abs(across[1])
    horizontal, vertical = (down[1], across[0]) if transposed else (across[1], down[0])
    if min(abs(horizontal), abs(vertical)) < _TELLING / 2:
        return None
    return Place(
        *(place.top, place.left, place.height, place.width),
        upside_down=vertical < 0,
        mirrored=horizontal < 0,
        transposed=transposed,
        channels=place.channels,
        item=place.item,
    )


def energy_of(part: Tensor, x: Tensor) -> Tensor | None:
    """How much each value of the first picture, (C, H, W), counts for a part of what was made of
    it: the squared gradient of a sum with random signs.
    """
    generator = torch.Generator("cpu").manual_seed(0)
    signs = torch.randint(0, 2, part.shape, generator=generator, device="cpu") * 2 - 1
    try:
        (gradient,) = interruptible(
            torch.autograd.grad, part, x, signs.to(part), retain_graph=True, allow_unused=True
        )
    except RuntimeError:
        return None
    if gradient is None or not bool(gradient.any()):
        return None
    return gradient[0].to(widest(x.device)).square()


def _span(profile: Tensor) -> tuple[int, int]:
    """The first and behind the last place of a profile that counts; all where nearly all do."""
    counting = torch.nonzero(profile > _NEGLIGIBLE * float(profile.max())).flatten()
    first, last = int(counting[0]), int(counting[-1]) + 1
    tolerance = max(_SAME * len(profile), 1)
    if first <= tolerance and len(profile) - last <= tolerance:
        return 0, len(profile)
    return first, last


def centre_of(energy: Tensor) -> tuple[float, float]:
    """The row and the column, in pixels, that an energy (H, W) has its middle at."""
    total = energy.sum()
    rows = torch.arange(energy.shape[0], device=energy.device, dtype=energy.dtype)
    columns = torch.arange(energy.shape[1], device=energy.device, dtype=energy.dtype)
    y = (energy.sum(dim=1) * rows).sum() / total
    x = (energy.sum(dim=0) * columns).sum() / total
    return float(y), float(x)
