"""The brush: one paints over a region of the picture, and the network answers as one paints: it is
given x (1 - m) + b m. A mask m travels as the lengths of its runs, a few hundred numbers for what a
brush leaves.

Its browser half, `static/brush/index.js`, is a part of its own that a view asks for when it
is first used.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import traitlets as t

from xai_widgets.progress import Progress
from xai_widgets.widgets.base import state_lock
from xai_widgets.widgets.base.channel import bundle, message
from xai_widgets.widgets.base.explaining import Request
from xai_widgets.widgets.base.maps import picture_to_json
from xai_widgets.widgets.base.picture import PictureWidget
from xai_widgets.widgets.heatmap import painted
from xai_widgets.widgets.heatmap.painted import MapTime, NoMap, OfPainted
from xai_widgets.widgets.heatmap.painting import Fill, Mask, Painting, mask_of, runs_of
from xai_widgets.widgets.heatmap.wire import BrushMessage, PaintedMapMessage, PaintedMessage

_FULLEST = 2**18  # bytes that a view may ask an answer to be filled up with


class Brush(PictureWidget):
    """A viewer whose picture can be painted over. Its messages are those of `heatmap/wire.py`."""

    painted_probabilities = t.Any(
        None,
        allow_none=True,
        read_only=True,
        help="Class probabilities of the picture as it is painted; None without paint.",
    )

    painted_attribution = t.Any(
        None,
        allow_none=True,
        read_only=True,
        help="The Attribution of the picture as it is painted; None without paint.",
    )

    painted_other_attribution = t.Any(
        None,
        allow_none=True,
        read_only=True,
        help="The Attribution of a second map of the picture as it is painted; else None.",
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

    def _painted_requests(self) -> tuple[MapTime, list[Request]]:
        """Which maps are made of the painted picture, and when."""
        return "never", []

    def _explain_painted(self) -> None:
        """Ask anew for the picture as it is painted: something else is to be explained."""
        if self._painted is None:
            return
        engine, painting = self.engine, self._fills()
        (mask, fill), (_, requests) = self._painted, self._painted_requests()
        answer: PaintedMessage = {"kind": "painted", "by": "", "seq": 0, "fill": fill}
        self.aside(
            lambda: painted.maps(engine, painting, mask, fill, requests),
            partial(self._answer, answer, mask, 0),
            once=True,  # no stroke is to be given up for it
        )

    def _take_mask(
        self, mask: Mask, fill: Fill, *, by: str, seq: int, full: int = 0, ended: bool = True
    ) -> None:
        """Ask the network, unless nothing is painted. Only the newest mask waits for it."""
        engine, painting = self.engine, self._fills()
        time, requests = self._painted_requests()
        asked = requests if time == "now" or ended else []
        answer: PaintedMessage = {"kind": "painted", "by": by, "seq": seq, "fill": fill}
        answer["map"] = time
        if not mask.any():
            self._painted = None
            self._jobs.cancel_aside()
            self._forget_painted()
            self.send(answer, buffers=[b"", b""])
            return
        self._painted = mask, fill
        if not by and not self._has_part:
            self._send_part()
        self.aside(
            lambda: painted.answers(engine, painting, mask, fill, asked),
            partial(self._answer, answer, mask, full),
            failed=partial(self._stroke_failed, answer, mask),
        )

    def _answer(self, answer: PaintedMessage, mask: Mask, full: int, made: painted.Answer) -> None:
        if self._painted is None or self._painted[0] is not mask:
            return
        if not isinstance(made, np.ndarray):
            self._send_painted_map(answer, made)
            return
        probabilities, filling = made, [bytes(full)] if full else []
        self.send(answer, buffers=[probabilities.tobytes(), runs_of(mask), *filling])
        self.set_trait("painted_probabilities", probabilities)

    def _send_painted_map(self, answer: PaintedMessage, made: OfPainted | NoMap) -> None:
        told: PaintedMapMessage = {"kind": "painted_map", "by": answer["by"], "seq": answer["seq"]}
        if isinstance(made, NoMap):
            self.send({**told, "failed": made.words})
            return
        told["second"], told["more"] = made.second, made.more
        self.tell(**told, frame={"seq": self._jobs.seq, **made.explained.frame})
        name = "painted_other_attribution" if made.second else "painted_attribution"
        self.set_trait(name, made.explained.attribution)

    def _stroke_failed(self, answer: PaintedMessage, mask: Mask, problem: BaseException) -> None:
        self._failed(problem)
        self.send({**answer, "failed": True}, buffers=[b"", runs_of(mask)])

    def _send_part(self, *, fills_only: bool = False) -> None:
        engine, painting = self.engine, self._fills()
        self._has_part = self._has_part or not fills_only

        def part() -> tuple[BrushMessage, list[bytes]]:
            blur = picture_to_json(painting.pixels("blur"), "")
            unpainted = engine.predict(painting.picture).probabilities.astype(np.float32)
            mean = painting.pixels("mean")[0, 0].tolist()
            module = b"" if fills_only else str(bundle("brush/index.js")).encode()
            fills = painting.fills
            brush = BrushMessage(kind="brush", fills=fills, mean=mean, mime=blur["mime"])
            return brush, [module, blur["data"], unpainted.tobytes()]

        def work() -> Iterator[Progress[tuple[BrushMessage, list[bytes]] | None]]:
            yield Progress(0.5, part())
            # What is made once for a network is made before the first stroke waits for it.
            painting.probabilities(engine, np.zeros(painting.size, np.bool_), painting.fills[-1])
            yield Progress(1.0, None)

        self.aside(work, partial(self._send_with_mask, painting), once=True)

    def _send_with_mask(self, painting: Painting, part: tuple[BrushMessage, list[bytes]]) -> None:
        """What is painted now comes with the part: the view may have been opened later."""
        if self._painting is not painting:
            return
        (brush, buffers), painted = part, self._painted
        mask, fill = (runs_of(painted[0]), painted[1]) if painted else (b"", None)
        probabilities = self.painted_probabilities
        answer = b"" if probabilities is None else probabilities.tobytes()
        self.send({**brush, "fill": fill}, buffers=[*buffers, mask, answer])
        if not buffers[0]:  # the view has the part now: maps that came before are lost to it
            self._explain_painted()

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
        self,
        by: str = "",
        seq: int = 0,
        fill: str = "",
        full: int = 0,
        ended: bool = True,
        *,
        buffers: list[Any],
    ) -> None:
        mask = mask_of(buffers[0], self._fills().size)
        self._fills().check(mask, fill)
        full = min(max(int(full), 0), _FULLEST)
        self._take_mask(
            mask, cast(Fill, fill), by=str(by), seq=int(seq), full=full, ended=bool(ended)
        )

    def _forget(self) -> None:
        super()._forget()
        self._painting = self._painted = None
        self._forget_painted()

    def _forget_painted(self) -> None:
        for name in ("painted_probabilities", "painted_attribution", "painted_other_attribution"):
            self.set_trait(name, None)
