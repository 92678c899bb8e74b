"""A layer's map over the picture, made of one or of several of its calls in a pass.

Calls that lie over different parts of the picture, or over its mirror image, are each turned and
put where they belong, and their channels lined up: the map of a layer that ran twice has twice its
channels, and every CAM adds them up as the network does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.errors import ExplanationError
from xai_widgets.probe.dataflow import Dataflow, Place
from xai_widgets.probe.layers import Layout, Recorded
from xai_widgets.probe.positions import WHY, Found
from xai_widgets.probe.recorder import Recorder


@dataclass(frozen=True)
class Piece:
    """One call's part of a map: its output, its place (None: over all of the picture, as it is),
    and the position of its first row and column on the common grid.
    """

    record: Recorded
    place: Place | None = None
    row: int = 0
    column: int = 0

    def map_of(self, values: Tensor) -> Tensor:
        """Values laid out like the output, as an upright map (N, C, h, w)."""
        if self.place is not None and self.place.item is not None:
            values = values[self.place.item : self.place.item + 1]
        maps = self.record.layout.to_map(values)
        return maps if self.place is None else self.place.turned(maps)

    def values_of(self, maps: Tensor, like: Tensor) -> Tensor:
        """The inverse of `map_of`: upright maps (M, C, h, w) laid out like the output, `like` for
        M inputs, whose other values are kept.
        """
        if self.place is not None:
            maps = self.place.turned_back(maps)
        item = None if self.place is None else self.place.item
        if item is None:
            return self.record.layout.from_map(maps, like)
        changed = like.clone()
        changed[item : item + 1] = self.record.layout.from_map(maps, like[item : item + 1])
        return changed


@dataclass(frozen=True)
class LayerMap:
    """A layer's map: the pieces it is made of, the common grid of (h, w) positions, and a warning
    where not all calls of the layer are in it.
    """

    name: str
    pieces: tuple[Piece, ...]
    size: tuple[int, int]
    warning: str = ""

    @property
    def channels(self) -> int:
        """How many channels the map has, those of all pieces."""
        return sum(piece.record.layout.channels for piece in self.pieces)

    @property
    def tensors(self) -> list[Tensor]:
        """The outputs, in the graph of the pass."""
        return [piece.record.tensor for piece in self.pieces]

    def joined(self, values: Sequence[Tensor]) -> Tensor:
        """Values laid out like the outputs, one for each piece, as one map (N, C, h, w)."""
        upright = [
            self._on_grid(piece, piece.map_of(value))
            for piece, value in zip(self.pieces, values, strict=True)
        ]
        return upright[0] if len(upright) == 1 else torch.cat(upright, dim=1)

    def means(self, values: Sequence[Tensor]) -> Tensor:
        """The mean of each channel over the positions of its own call, (N, C, 1, 1)."""
        return torch.cat(
            [
                piece.map_of(value).mean(dim=(2, 3), keepdim=True)
                for piece, value in zip(self.pieces, values, strict=True)
            ],
            dim=1,
        )

    def split(self, maps: Tensor) -> list[Tensor]:
        """Maps (M, C, h, w) cut into those of each piece, upright."""
        parts = maps.split([piece.record.layout.channels for piece in self.pieces], dim=1)
        cut = []
        for piece, part in zip(self.pieces, parts, strict=True):
            h, w = _upright_size(piece.record, piece.place)
            cut.append(part[..., piece.row : piece.row + h, piece.column : piece.column + w])
        return cut

    def _on_grid(self, piece: Piece, maps: Tensor) -> Tensor:
        h, w = maps.shape[-2:]
        if (h, w) == self.size:
            return maps
        below, right = self.size[0] - piece.row - h, self.size[1] - piece.column - w
        return F.pad(maps, (piece.column, right, piece.row, below))


def layer_map(recorder: Recorder, name: str, *, plain: bool) -> LayerMap | None:
    """The map of a layer, or of one of its calls (``name#0``, ``name after what feeds it``); None
    where no layer of that name gave out a map.

    `plain` says that everything in the network sees the picture whole and upright. Raises
    ExplanationError where what looks like a map is none.
    """
    records, one = _calls_named(recorder, name)
    if not records:
        return None
    found = [recorder.positions.of(record).found for record in records]
    maps = [
        record
        for record, how in zip(records, found, strict=True)
        if how == "placed" or (how == "unknown" and record.layout.kind != "tokens")
    ]
    if not maps:
        raise ExplanationError(_no_places(name, records[-1], found[-1]))
    records = maps
    if len(records) > 1:
        last = recorder.dataflow.last([record.order for record in records])
        records = [record for record in records if record.order in last]
    if plain and len(records) == 1:
        untold = recorder.positions.of(records[0]).found == "unknown"
        warning = _warning(name, records, records[0], "") if untold else ""
        return LayerMap(name, (Piece(records[0]),), records[0].layout.size, warning)
    flow = recorder.dataflow
    places = [_places(flow, record) for record in records]
    known = [here for here in places if here is not None]
    if len(known) == len(records):
        pairs = [
            (record, place) for record, here in zip(records, known, strict=True) for place in here
        ]
        together = len({place.channels for _, place in pairs}) <= 1
        if together or len(records) == 1:
            joint = placed(name, pairs, recorder.picture)
            if joint is not None:
                return joint
        why = "and on no common grid" if together else "on different channels of the picture"
    elif all(not flow.entries[record.order] for record in records):
        why = ""  # nothing is known of how the picture came here: taken to be whole
    else:
        why = "and where over the picture each of them lies cannot be told"
    chosen = records[-1]
    warning = "" if one and len(records) == 1 and not why else _warning(name, records, chosen, why)
    place = places[-1][0] if places[-1] else None
    fallback = placed(name, [(chosen, place)], recorder.picture) if place is not None else None
    pieces = (Piece(chosen),) if fallback is None else fallback.pieces
    size = chosen.layout.size if fallback is None else fallback.size
    return LayerMap(name, pieces, size, warning)


def _places(flow: Dataflow, record: Recorded) -> list[Place] | None:
    """Where an output's maps lie; None where that cannot be told, or where the network has put
    several parts of the picture together again.
    """
    places = flow.places(record.order)
    if places is None or len(places) == 1 or len(record.tensor) == len(places):
        return places
    return None


def _calls_named(recorder: Recorder, name: str) -> tuple[list[Recorded], bool]:
    """The calls that a name means, and whether it means a single one."""
    if records := recorder.calls(name):
        return records, False
    layer, _, number = name.rpartition("#")
    if layer and number.isdecimal():
        return [r for r in recorder.calls(layer) if r.call == int(number)], True
    layer, _, feeding = name.partition(" after ")
    if feeding:
        return [r for r in recorder.calls(layer) if recorder.fed_by(r) == feeding][-1:], True
    return [], False


def _no_places(name: str, record: Recorded, found: Found) -> str:
    return (
        f'layer "{name}" gives out {tuple(record.tensor.shape)}, which looks like a map and is '
        f"none: its positions are {WHY[found]}; expected one of engine.layers, or use a gradient "
        "method"
    )


def _warning(name: str, records: Sequence[Recorded], chosen: Recorded, why: str) -> str:
    layer = records[0].name
    if len(records) == 1:
        return (
            f'where over the picture the map of "{layer}" lies cannot be told: the network turns, '
            "crops or mixes the picture before it; compare with a gradient method"
        )
    others = ", ".join(f'layer="{layer}#{r.call}"' for r in records if r is not chosen)
    return (
        f'"{layer}" ran {len(records)} times, {why}: this is the map of its call '
        f"#{chosen.call}; ask for the others with {others}"
    )


def placed(
    name: str, pairs: Sequence[tuple[Recorded, Place]], picture: tuple[int, int]
) -> LayerMap | None:
    """A map of these outputs at these places over a picture of (H, W); None where they share no
    grid.
    """
    sizes: set[tuple[int, int]] = set()
    pieces = []
    for record, place in pairs:
        h, w = _upright_size(record, place)
        cell = place.height / h, place.width / w
        rows, columns = (
            max(round(side / c), n) for side, c, n in zip(picture, cell, (h, w), strict=True)
        )
        sizes.add((rows, columns))
        row = min(round(place.top / cell[0]), rows - h)
        column = min(round(place.left / cell[1]), columns - w)
        pieces.append(Piece(record, place, row, column))
    if len(sizes) != 1:
        return None
    return LayerMap(name, tuple(pieces), sizes.pop())


def sum_of_placed(maps: Tensor, places: Sequence[Place], picture: tuple[int, int]) -> Tensor:
    """Maps (N, C, h, w) put where they lie over a picture of (H, W), those of one channel added."""
    layout = Layout("channels_first", (maps.shape[-2], maps.shape[-1]), maps.shape[1])
    pairs = [(Recorded("", maps, layout), place) for place in places]
    joint = placed("", pairs, picture)
    if joint is None:
        return maps
    upright = joint.joined([maps] * len(pairs))
    added: Tensor = upright.unflatten(1, (len(pairs), maps.shape[1])).sum(dim=1)
    return added


def _upright_size(record: Recorded, place: Place | None) -> tuple[int, int]:
    h, w = record.layout.size
    return (w, h) if place is not None and place.transposed else (h, w)
