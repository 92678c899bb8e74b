"""What is left of a widget where no kernel is: a still picture, a line of text, a page."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import traitlets as t

from xai_widgets.errors import ExplanationError
from xai_widgets.files import write_file
from xai_widgets.render import html
from xai_widgets.widgets.base.channel import Channel


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

    def _picture_png(self, *, small: bool) -> bytes:
        """The picture as it looks now. `small` bounds the size of the copy inside a notebook."""
        raise NotImplementedError

    def _in_words(self) -> str:
        """One line that stays the same when the cell is run again."""
        raise NotImplementedError

    def _saved_frames(self) -> Sequence[Mapping[str, Any]]:
        """The frames a saved page can switch between. May compute, on the worker."""
        return []

    def _saved_traits(self) -> Mapping[str, Any]:
        """Traits that a saved page has more of than the browser is sent."""
        return {}

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
        data["image/png"] = base64.b64encode(self._picture_png(small=True)).decode("ascii")
        return data, metadata

    def to_png(self, path: str | Path | None = None) -> bytes:
        """The picture as it looks now, as PNG bytes; also written to `path`, if one is given: whole
        or not at all. Raises ExplanationError where no file can be written there.
        """
        self._refuse_closed()
        png = self._picture_png(small=False)
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
        frames = self._saved_frames()
        at_rest = {**self.status, "state": "idle", "message": "", "hint": ""}
        names = [name for name in self.keys if not name.startswith("_") and name != "layout"]
        saved = {"frozen": True, "frames": list(frames), "status": at_rest}
        text = html.standalone(
            esm=str(self._esm),
            css=str(self._css),
            state={**self.get_state(names), **self._saved_traits(), **saved},
            title=self._in_words(),
            png=self._picture_png(small=True),
        )
        return write_file(path, text.encode(), "to_html(path)")
