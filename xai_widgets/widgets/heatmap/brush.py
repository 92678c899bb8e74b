"""The brush: a region of the picture is painted over, and the network is asked again as one paints.

Its browser half, `static/brush/index.js`, is a part of its own that a view asks for when it
is first used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
import traitlets as t

from xai_widgets.widgets.base import turns
from xai_widgets.widgets.base.bundle import bundle
from xai_widgets.widgets.base.photos import picture_to_json
from xai_widgets.widgets.base.widget import EngineWidget
from xai_widgets.widgets.heatmap.painting import Fill, Mask, Painting
from xai_widgets.widgets.heatmap.runs import mask_of, runs_of

if TYPE_CHECKING:
    from xai_widgets.images import Picture

_FULLEST = 2**18  # bytes that a view may ask an answer to be filled up with


class Brush(EngineWidget):
    """A viewer whose picture can be painted over.

    Protocol. From the browser: `{kind: "brush"}` asks for the part, with `known` for the fills
    alone, with `problem` says that the host refuses it; `{kind: "paint", seq, by, fill}` and the
    mask's runs ask what the network says, an empty mask clears; `full` is how many bytes without
    meaning make the answer quicker, because they fill a packet. To the browser: `brush` with the
    fills, the unpainted probabilities, and the module where it is wanted; `painted` with the
    probabilities and the runs, so that other views follow; `by` names the view that painted.
    """

    painted_probabilities = t.Any(None, allow_none=True, read_only=True)

    _painting: Painting | None = None
    _strokes: tuple[Mask, Fill] | None = None
    _has_part = False

    def _shown_picture(self) -> Picture:
        """The picture that can be painted over."""
        raise NotImplementedError

    def paint(self, mask: npt.ArrayLike, fill: str = "blur") -> None:
        """Paint over the picture where `mask` (H, W), at the size of the network's input, is True.

        `fill` is what the network sees there: "black", "blur" or "mean", the baselines of those
        names. The viewer shows the painted picture, and the class probabilities as soon as the
        network has said them; they are then in `painted_probabilities`, (C,). Raises
        ExplanationError for a mask of another size or an unknown fill.
        """
        self._refuse_closed()
        checked = self._paints().check(mask, fill)
        with turns.taken():
            self._take_strokes(checked, cast(Fill, fill), by="", seq=0)

    def clear_paint(self) -> None:
        """Show the picture unpainted again."""
        self._refuse_closed()
        self.paint(np.zeros(self._paints().size, dtype=np.bool_), self._paints().fills[-1])

    def _paints(self) -> Painting:
        self._painting = self._painting or Painting(self._shown_picture())
        return self._painting

    def _forget_strokes(self) -> None:
        """The picture is another one."""
        self._painting = self._strokes = None
        self.set_trait("painted_probabilities", None)

    def _take_strokes(self, mask: Mask, fill: Fill, *, by: str, seq: int, full: int = 0) -> None:
        """Ask the network, unless nothing is painted. Only the newest mask waits for it."""
        engine, painting = self.engine, self._paints()
        told = {"kind": "painted", "by": by, "seq": seq, "fill": fill}
        if not mask.any():
            self._strokes = None
            self._requests.cancel_aside(engine.worker)
            self.set_trait("painted_probabilities", None)
            self.send(told, buffers=[b"", b""])
            return
        self._strokes = mask, fill
        if not by and not self._has_part:
            self._send_part()

        def work() -> Iterator[npt.NDArray[np.float32]]:
            yield painting.probabilities(engine, mask, fill)

        def show(viewer: Brush, found: npt.NDArray[np.float32]) -> None:
            viewer._guarded(lambda: viewer._answer(told, mask, found, full))

        def refuse(viewer: Brush, problem: BaseException) -> None:
            viewer._failed(problem)
            viewer.send({**told, "failed": True}, buffers=[b"", runs_of(mask)])

        self._requests.submit_aside(engine.worker, work, show, refuse)

    def _answer(
        self,
        told: dict[str, Any],
        mask: Mask,
        probabilities: npt.NDArray[np.float32],
        full: int,
    ) -> None:
        if self._closed or self._strokes is None or self._strokes[0] is not mask:
            return
        filling = [bytes(full)] if full else []
        self.send(told, buffers=[probabilities.tobytes(), runs_of(mask), *filling])
        self.set_trait("painted_probabilities", probabilities)

    def _send_part(self, *, known: bool = False) -> None:
        engine, painting, picture = self.engine, self._paints(), self._shown_picture()
        self._has_part = self._has_part or not known

        def work() -> Iterator[tuple[dict[str, Any], list[bytes]]]:
            blur = picture_to_json(painting.pixels("blur"), "")
            unpainted = engine.predict(picture).probabilities.astype(np.float32)
            mean = painting.pixels("mean")[0, 0].tolist()
            module = b"" if known else str(bundle("brush/index.js")).encode()
            told = {"kind": "brush", "fills": painting.fills, "mean": mean, "mime": blur["mime"]}
            yield told, [module, blur["data"], unpainted.tobytes()]

        def send(viewer: Brush, part: tuple[dict[str, Any], list[bytes]]) -> None:
            if not viewer._closed and viewer._painting is painting:
                viewer._guarded(lambda: viewer._send_with_strokes(*part))

        self._requests.submit_aside(engine.worker, work, send, Brush._failed, once=True)

    def _send_with_strokes(self, told: dict[str, Any], buffers: list[bytes]) -> None:
        """What is painted now comes with the part: the view may have been opened later."""
        strokes, found = self._strokes, self.painted_probabilities
        told["fill"] = strokes[1] if strokes else None
        buffers += [
            runs_of(strokes[0]) if strokes else b"",
            b"" if found is None else found.tobytes(),
        ]
        self.send(told, buffers=buffers)

    def _ready(self) -> None:
        super()._ready()
        if not self._closed and self._strokes is not None:
            self._send_part()

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        kind = content.get("kind") if isinstance(content, Mapping) else None
        if kind in ("brush", "paint") and not self._closed:
            with turns.taken():
                self._guarded(lambda: self._brushed(content, list(buffers or [])))
        super()._handle_custom_msg(content, buffers)

    def _brushed(self, content: Mapping[str, Any], buffers: list[Any]) -> None:
        if content["kind"] == "paint":
            mask = mask_of(buffers[0], self._paints().size)
            fill = cast(Fill, str(content.get("fill")))
            self._paints().check(mask, fill)
            by, seq = str(content.get("by")), int(content.get("seq", 0))
            full = min(max(int(content.get("full", 0)), 0), _FULLEST)
            self._take_strokes(mask, fill, by=by, seq=seq, full=full)
        elif content.get("problem"):
            self._say(
                "error",
                f"This notebook's page refuses to load the brush ({content['problem']}).",
                "Paint from a cell instead: viewer.paint(mask).",
            )
        else:
            self._send_part(known=bool(content.get("known")))

    def _release(self) -> None:
        super()._release()
        self._forget_strokes()
