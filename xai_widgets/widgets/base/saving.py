"""What is left of a widget where no kernel is: a still picture, a line of text, a page."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar, Literal

import traitlets as t
from PIL import Image

from xai_widgets.errors import ExplanationError, brief, nearest
from xai_widgets.files import write_file
from xai_widgets.render import html
from xai_widgets.render.card import Card
from xai_widgets.render.stand_in import stand_in
from xai_widgets.widgets.base.channel import Channel
from xai_widgets.widgets.base.stills import png_of, poster, still

_FRAME_HEIGHT = 640  # until it says how high it is


class Embedded(str):
    """HTML that shows itself in a notebook."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)

    def __repr__(self) -> str:
        return f"<HTML of {len(self.encode()) / 1e6:.2f} MB: print it, or show it in a cell>"


class Saving(Channel):
    """A widget that can be kept. Subclasses give the picture, the words and the frames."""

    status = t.Dict(
        help="What is going on: state, message, hint, fraction, seconds, remaining."
    ).tag(sync=True)
    frames: t.List[dict[str, Any]] = t.List(
        help="What a saved page can switch between; empty while there is a kernel."
    ).tag(sync=True)  # filled in a saved page only
    frozen = t.Bool(False, help="Whether this is a saved page, with no kernel to ask.").tag(
        sync=True
    )  # true in a saved page: there is no kernel to ask

    _still_bytes: ClassVar[int] = 85_000  # of the PNG that a notebook keeps

    def _card(self, scale: float) -> Card:
        """What it shows now, as a still picture; `scale` pixels of it are one of the page."""
        raise NotImplementedError

    def _picture_alone(self) -> Image.Image | None:
        """The picture with its map, or the pictures, without a word; None where there is none."""
        return self._card(2).pictures(2)

    def _in_words(self) -> str:
        """One line that stays the same when the cell is run again."""
        raise NotImplementedError

    def _saved_frames(self) -> Sequence[Mapping[str, Any]]:
        """The frames a saved page can switch between, what matters most first. May compute, on the
        worker.
        """
        return []

    def _of_methods(
        self, frames: Sequence[Mapping[str, Any]], methods: Collection[str]
    ) -> list[Mapping[str, Any]]:
        """What of these frames is by these methods, or by none."""
        return [frame for frame in frames if frame.get("method") in (None, *methods)]

    def _known_methods(self, methods: Any) -> list[str]:
        """Names of methods, checked."""
        raise NotImplementedError

    def _refuse_closed(self) -> None:
        if self._closed:
            raise ExplanationError("This widget is closed; make a new one to go on.")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'closed' if self._closed else self._in_words()})"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The live view, and beside it a PNG and a line of text for wherever no kernel is."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        data["text/plain"] = repr(self)
        data["image/png"] = base64.b64encode(still(self._card, self._still_bytes)).decode("ascii")
        return data, metadata

    def _ipython_display_(self, **_options: Any) -> None:
        """The live view, and after it the still for wherever that comes up empty: a page whose
        kernel is gone, a notebook exported with the state of its widgets.
        """
        from IPython.display import display

        bundle = self._repr_mimebundle_()
        data, metadata = ({"text/plain": repr(self)}, {}) if bundle is None else bundle
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
        if bundle is not None:
            content, mime = poster(self._card)
            shown = stand_in(content, mime, size=self._card(1).size, words=repr(self))
            display({"text/html": shown}, raw=True)  # type: ignore[no-untyped-call]

    def to_png(
        self, path: str | Path | None = None, *, what: Literal["figure", "picture"] = "figure"
    ) -> bytes:
        """What is seen now, as PNG bytes; also written to `path`, if one is given: whole or not at
        all. A "figure" says what it is of: names, numbers, the range of the colours. A "picture" is
        the picture with its map alone, at the size that the network sees.

        Raises ExplanationError for any other `what`, and where no file can be written.
        """
        self._refuse_closed()
        if what not in ("figure", "picture"):
            raise ExplanationError(
                f'what is {brief(what)}; expected "figure" or "picture".'
                f"{nearest(str(what), ('figure', 'picture'))}"
            )
        alone = self._picture_alone() if what == "picture" else None
        png = self._card(2).to_png(2) if alone is None else png_of(alone)
        if path is not None:
            write_file(path, png, "to_png(path)")
        return png

    def to_html(self, path: str | Path) -> Path:
        """Write one HTML file that works without a kernel and without a network.

        Everything that happens in the browser stays alive: appearance, zoom, the value under the
        cursor, and switching between the explanations that are saved with it. A file that was
        there before is replaced by the whole page, or left alone. Raises ExplanationError where no
        file can be written.
        """
        self._refuse_closed()
        text = html.standalone(
            **self._half(self._saved_frames()), png=still(self._card, self._still_bytes)
        )
        return write_file(path, text.encode(), "to_html(path)")

    def embed(self, *, methods: Sequence[str] | None = None, most: float = 2e6) -> Embedded:
        """HTML of a frame that stays alive in any page, without a kernel and without a network: a
        notebook exported by nbconvert, Quarto or Jupyter Book, or a page of your own. As the last
        line of a cell it shows itself; as text it goes into a page.

        Inside is what `to_html` saves, in at most `most` bytes. `methods` are those whose
        answers it keeps beside what is shown; None keeps as many answers as there is room for.
        Raises ExplanationError where what is to be kept is larger, and says how large it is.
        """
        self._refuse_closed()
        frames = list(self._saved_frames())
        if methods is not None:
            frames = self._of_methods(frames, self._known_methods(methods))
        room = most - len(self._embedded([]).encode())
        sizes = [html.size_of_json(frame) for frame in frames]
        if room < 0 or (methods is not None and sum(sizes) > room):
            raise ExplanationError(self._too_large(most, room, sizes, methods))
        if methods is None:
            frames = frames[: sum(total <= room for total in accumulate(sizes))]
        return Embedded(self._embedded(frames))

    def _too_large(
        self, most: float, room: float, sizes: Sequence[int], methods: Sequence[str] | None
    ) -> str:
        size = most - room + (sum(sizes) if methods is not None else 0)
        fewer = "fewer methods, " if methods is not None and room >= 0 else ""
        return (
            f"embed: {size / 1e6:.2f} MB, more than most={most:g} bytes; {len(sizes)} answers have "
            f"{sum(sizes) / 1e6:.2f} MB of it. Expected {fewer}a smaller picture, or a larger "
            "`most`; or save it with to_html(path)"
        )

    def _embedded(self, frames: Sequence[Mapping[str, Any]]) -> str:
        return html.embedded(**self._half(frames), height=_FRAME_HEIGHT)

    def _half(self, frames: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The browser half, and what it shows where no kernel is."""
        at_rest = {**self.status, "state": "idle", "message": "", "hint": ""}
        names = [name for name in self.keys if not name.startswith("_") and name != "layout"]
        saved = {"frozen": True, "frames": list(frames), "status": at_rest}
        return {
            "esm": str(self._esm),
            "css": str(self._css),
            "state": self.get_state(names) | saved,
            "title": self._in_words(),
        }
