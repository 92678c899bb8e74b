"""The brush: one paints over a region of the picture, and the network answers as one paints: it is
given x (1 - m) + b m. A mask m travels as the lengths of its runs, a few hundred numbers for what a
brush leaves.

Its browser half, `static/brush/index.js`, is a part of its own that a view asks for when it
is first used.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, cast, get_args

import numpy as np
import numpy.typing as npt
import torch
import traitlets as t
from torch import Tensor

from xai_widgets.baselines import baseline_like
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, brief, nearest
from xai_widgets.images import Picture
from xai_widgets.probe.cores import one_core_left
from xai_widgets.widgets.base import state_lock
from xai_widgets.widgets.base.channel import bundle, message
from xai_widgets.widgets.base.jobs import in_one_step
from xai_widgets.widgets.base.maps import Pixels, picture_to_json
from xai_widgets.widgets.base.picture import PictureWidget
from xai_widgets.widgets.heatmap.wire import BrushMessage, PaintedMessage

Fill = Literal["black", "blur", "mean"]
FILLS: tuple[Fill, ...] = get_args(Fill)

Mask = npt.NDArray[np.bool_]

_LONGEST_RUN = 0xFFFF
_FULLEST = 2**18  # bytes that a view may ask an answer to be filled up with


class Painting:
    """The fills of one picture: what painted pixels are replaced with, each computed once.

    They are the baselines of the same names (see `methods.baseline`).
    """

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._fills: dict[Fill, Tensor] = {}

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a mask: those of the network's input."""
        height, width = self._picture.input.shape[-2:]
        return height, width

    @property
    def fills(self) -> list[Fill]:
        """Those there are: black only where the preprocessing tells what black is."""
        return [fill for fill in FILLS if fill != "black" or self._picture.black is not None]

    def check(self, mask: object, fill: str) -> Mask:
        """The mask (H, W), True where the picture is painted over.

        Raises ExplanationError for a mask of another size or with other values than 0 and 1, and
        for an unknown fill.
        """
        array = np.asarray(mask)
        if array.shape != self.size:
            raise ExplanationError(
                f"the mask has shape {array.shape}; expected {self.size}, the height and width of "
                "the network's input"
            )
        if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
            raise ExplanationError(
                f"the mask holds {array.dtype} values other than 0 and 1; expected a bool array, "
                "True where the picture is painted over, such as heatmap > threshold"
            )
        if fill not in self.fills:
            names = ", ".join(f'"{name}"' for name in self.fills)
            why = " (the preprocessing does not tell what black is)" if fill == "black" else ""
            raise ExplanationError(
                f"fill is {brief(fill)}{why}; expected one of {names}.{nearest(fill, self.fills)}"
            )
        return array.astype(np.bool_)

    def input(self, mask: Mask, fill: Fill) -> Tensor:
        """The painted picture as model input, x (1 - m) + b m, (1, C, H, W)."""
        x = self._picture.input
        if fill not in self._fills:
            self._fills[fill] = baseline_like(x, fill, self._picture.black)
        return torch.where(torch.from_numpy(mask), self._fills[fill], x)

    def probabilities(self, engine: Engine, mask: Mask, fill: Fill) -> npt.NDArray[np.float32]:
        """The class probabilities (C,) of the painted picture."""
        with one_core_left():
            probabilities = engine.internals.probabilities(self.input(mask, fill))[0]
        return np.asarray(probabilities.float().cpu().numpy(), dtype=np.float32)

    def pixels(self, fill: Fill) -> Pixels:
        """The fill as a person sees it, (H, W, 3).

        Taken from the pixels: normalising is affine in each channel, and so are these fills.
        """
        seen = self._picture.pixels
        if fill == "black":
            return np.zeros_like(seen)
        x = torch.from_numpy(seen.transpose(2, 0, 1).copy())[None].float()
        filled = baseline_like(x, fill)[0].add(0.5).clamp(0, 255).to(torch.uint8)
        return np.ascontiguousarray(filled.permute(1, 2, 0).numpy())


def runs_of(mask: Mask) -> bytes:
    """The lengths, as little-endian 16-bit numbers, of what is unpainted, painted, unpainted ...
    in reading order. A run too long for 16 bits is cut in two by one of length zero.
    """
    flat = mask.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([[0] if flat.size and flat[0] else [], edges, [flat.size]])
    lengths: list[int] = []
    for length in np.diff(ends, prepend=0).astype(int).tolist():
        while length > _LONGEST_RUN:
            lengths += [_LONGEST_RUN, 0]
            length -= _LONGEST_RUN
        lengths.append(length)
    return np.asarray(lengths, dtype="<u2").tobytes()


def mask_of(data: Any, size: tuple[int, int]) -> Mask:
    """The mask (H, W) of these runs. Raises ExplanationError when they do not fill that size."""
    lengths = np.frombuffer(bytes(data), dtype="<u2")
    height, width = size
    if int(lengths.sum(dtype=np.int64)) != height * width:
        raise ExplanationError(
            f"what was painted has {int(lengths.sum(dtype=np.int64)):,} pixels; expected "
            f"{height} x {width}, as the picture has now"
        )
    painted = np.arange(len(lengths)) % 2 == 1
    return np.repeat(painted, lengths).reshape(size)


class Brush(PictureWidget):
    """A viewer whose picture can be painted over. Its messages are those of `heatmap/wire.py`."""

    painted_probabilities = t.Any(
        None,
        allow_none=True,
        read_only=True,
        help="Class probabilities of the picture as it is painted; None without paint.",
    )

    _painting: Painting | None = None
    _painted: tuple[Mask, Fill] | None = None
    _has_part = False

    def paint(self, mask: npt.ArrayLike, fill: str = "blur") -> None:
        """Paint over the picture where `mask` (H, W), at the size of the network's input, is True.

        `fill` is what the network sees there: "black", "blur" or "mean", the baselines of those
        names. The viewer shows the painted picture, and the class probabilities as soon as the
        network has computed them; they are then in `painted_probabilities`, (C,). Raises
        ExplanationError for a mask of another size or an unknown fill.
        """
        self._refuse_closed()
        checked = self._fills().check(mask, fill)
        with state_lock.held():
            self._take_mask(checked, cast(Fill, fill), by="", seq=0)

    def clear_paint(self) -> None:
        """Show the picture unpainted again."""
        self._refuse_closed()
        self.paint(np.zeros(self._fills().size, dtype=np.bool_), self._fills().fills[-1])

    def _fills(self) -> Painting:
        self._painting = self._painting or Painting(self._picture)
        return self._painting

    def _take_mask(self, mask: Mask, fill: Fill, *, by: str, seq: int, full: int = 0) -> None:
        """Ask the network, unless nothing is painted. Only the newest mask waits for it."""
        engine, painting = self.engine, self._fills()
        answer: PaintedMessage = {"kind": "painted", "by": by, "seq": seq, "fill": fill}
        if not mask.any():
            self._painted = None
            self._jobs.cancel_aside()
            self.set_trait("painted_probabilities", None)
            self.send(answer, buffers=[b"", b""])
            return
        self._painted = mask, fill
        if not by and not self._has_part:
            self._send_part()
        self.aside(
            in_one_step(lambda: painting.probabilities(engine, mask, fill)),
            partial(self._answer, answer, mask, full),
            failed=partial(self._stroke_failed, answer, mask),
        )

    def _answer(
        self, answer: PaintedMessage, mask: Mask, full: int, probabilities: npt.NDArray[np.float32]
    ) -> None:
        if self._painted is None or self._painted[0] is not mask:
            return
        filling = [bytes(full)] if full else []
        self.send(answer, buffers=[probabilities.tobytes(), runs_of(mask), *filling])
        self.set_trait("painted_probabilities", probabilities)

    def _stroke_failed(self, answer: PaintedMessage, mask: Mask, problem: BaseException) -> None:
        self._failed(problem)
        self.send({**answer, "failed": True}, buffers=[b"", runs_of(mask)])

    def _send_part(self, *, fills_only: bool = False) -> None:
        engine, painting, picture = self.engine, self._fills(), self._picture
        self._has_part = self._has_part or not fills_only

        def part() -> tuple[BrushMessage, list[bytes]]:
            blur = picture_to_json(painting.pixels("blur"), "")
            unpainted = engine.predict(picture).probabilities.astype(np.float32)
            mean = painting.pixels("mean")[0, 0].tolist()
            module = b"" if fills_only else str(bundle("brush/index.js")).encode()
            fills = painting.fills
            brush = BrushMessage(kind="brush", fills=fills, mean=mean, mime=blur["mime"])
            return brush, [module, blur["data"], unpainted.tobytes()]

        self.aside(in_one_step(part), partial(self._send_with_mask, painting), once=True)

    def _send_with_mask(self, painting: Painting, part: tuple[BrushMessage, list[bytes]]) -> None:
        """What is painted now comes with the part: the view may have been opened later."""
        if self._painting is not painting:
            return
        (brush, buffers), painted = part, self._painted
        mask, fill = (runs_of(painted[0]), painted[1]) if painted else (b"", None)
        probabilities = self.painted_probabilities
        answer = b"" if probabilities is None else probabilities.tobytes()
        self.send({**brush, "fill": fill}, buffers=[*buffers, mask, answer])

    def _ready(self) -> None:
        super()._ready()
        if self._painted is not None:
            self._send_part()

    @message("brush")
    def _brush_requested(self, known: bool = False, problem: str = "") -> None:
        """A view asks for the brush; `known`: for the fills alone; `problem`: the host refused."""
        if problem:
            self._say(
                "error",
                f"This notebook's page refuses to load the brush ({problem}).",
                "Paint from a cell instead: viewer.paint(mask).",
            )
        else:
            self._send_part(fills_only=bool(known))

    @message("paint")
    def _stroke(
        self, by: str = "", seq: int = 0, fill: str = "", full: int = 0, *, buffers: list[Any]
    ) -> None:
        mask = mask_of(buffers[0], self._fills().size)
        self._fills().check(mask, fill)
        full = min(max(int(full), 0), _FULLEST)
        self._take_mask(mask, cast(Fill, fill), by=str(by), seq=int(seq), full=full)

    def _forget(self) -> None:
        super()._forget()
        self._painting = self._painted = None
        self.set_trait("painted_probabilities", None)
