"""Pictures that somebody drops or pastes onto a view. They come in pieces, since hosts break at
large messages, become a file of this process, and are read on the worker, as any picture file is.

The browser half, `static/dropping/index.js`, is a part of its own that is sent to a view once it is
ready.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import traitlets as t

from xai_widgets.attribution import UNNAMED
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, readable
from xai_widgets.images import Picture
from xai_widgets.widgets.base.channel import bundle, message
from xai_widgets.widgets.base.jobs import in_one_step
from xai_widgets.widgets.base.widget import EngineWidget

MOST_BYTES = 32_000_000  # of a file

_VIEWS = 4  # that may be sending one at the same time
_LONGEST_NAME = 80
_NO_NAME = "picture"
# Traits that are about one picture, and what they are for another.
_OF_THE_PICTURE = {"target": None, "other_target": None, "picture_index": 0}

_folder: tempfile.TemporaryDirectory[str] | None = None  # removed with the process


@dataclass(frozen=True)
class Opened:
    """A picture to be shown: the `image` that a widget is to have, and what was read of it. `also`
    are traits to be set with it.
    """

    image: Any
    pictures: list[Picture]
    also: Mapping[str, Any]


@dataclass
class _Arriving:
    name: str
    size: int
    data: bytearray = field(default_factory=bytearray)


class Dropping(EngineWidget):
    """A widget whose `image` may be dropped or pasted onto its view. It then is the path of a copy,
    which lasts as long as the process; the class is the most probable one of the new picture.
    """

    earlier_picture = t.Unicode(
        "",
        help="The name of the picture there was before one was dropped or pasted; else empty.",
    ).tag(sync=True)

    image: Any

    _arriving: dict[str, _Arriving]  # by view
    _earlier: Opened | None = None  # what there was before anything was dropped
    _brought: Any = None  # the image that was dropped last

    def __init__(self, engine: Engine | None, **traits: Any) -> None:
        self._arriving = {}
        super().__init__(engine, **traits)

    # What a subclass provides.

    def _read_pictures(self) -> list[Picture]:
        """What was read of `image`."""
        raise NotImplementedError

    def _take_over(self, image: Any, pictures: list[Picture]) -> None:
        """`image` is about to be set, and this was read of it."""
        raise NotImplementedError

    def _ready(self) -> None:
        super()._ready()
        part = str(bundle("dropping/index.js")).encode()
        self.tell("drop", most=MOST_BYTES, data=part)

    @message("picture")
    def _take_piece(
        self, by: str = "", name: str = "", size: int = 0, at: int = 0, *, buffers: Sequence[Any]
    ) -> None:
        """The next piece of a file of `size` bytes, which begins `at` that byte."""
        by, name, size, at = str(by), str(name), int(size), int(at)
        if at == 0:
            self._arriving.pop(by, None)
            while len(self._arriving) >= _VIEWS:
                self._arriving.pop(next(iter(self._arriving)))
            self._arriving[by] = _Arriving(name, size)
        whole = self._arriving.get(by)
        if whole is None:
            return  # the rest of what was refused
        piece = b"".join(map(bytes, buffers))
        fits = whole.size == size <= MOST_BYTES and len(whole.data) == at
        if not fits or at + len(piece) > size or (not piece and size):
            del self._arriving[by]
            words = f'"{_shown(name)}" did not arrive whole; drop it once more.'
            if size > MOST_BYTES:
                words = f'"{_shown(name)}" {too_large(size)}'
            self._refuse(by, ExplanationError(words))
            return
        whole.data += piece
        if len(whole.data) < size:
            return
        del self._arriving[by]
        engine, data, second = self.engine, bytes(whole.data), self._has_second_class()
        self.aside(
            in_one_step(lambda: opened(engine, name, data, second)),
            partial(self._bring, by),
            failed=partial(self._refuse, by),
            once=True,
        )

    def _has_second_class(self) -> bool:
        return self.has_trait("other_target") and getattr(self, "other_target", None) is not None

    def _bring(self, by: str, brought: Opened) -> None:
        """Show a picture that was dropped."""
        if self._earlier is None:
            own = {name: getattr(self, name) for name in _OF_THE_PICTURE if self.has_trait(name)}
            self._earlier = Opened(self.image, self._read_pictures(), own)
        self._brought = brought.image
        functions = [name for name in _OF_THE_PICTURE if callable(getattr(self, name, None))]
        also = {**_OF_THE_PICTURE, **brought.also}
        for name in functions:  # they are of any picture
            del also[name]
        self._show_another(Opened(brought.image, brought.pictures, also))
        self.earlier_picture = _name_of(self._earlier.pictures)
        self.tell("dropped", by=by, name=brought.pictures[0].name)

    def _show_another(self, other: Opened) -> None:
        self._take_over(other.image, other.pictures)
        with self.hold_trait_notifications():
            self.image = other.image
            for name, value in other.also.items():
                if self.has_trait(name):
                    setattr(self, name, value)

    def _refuse(self, by: str, problem: BaseException) -> None:
        words = str(problem)
        if not isinstance(problem, ExplanationError):
            words = f"{type(problem).__name__}: {problem}"
        self.tell("dropped", by=by, failed=words)

    @message("back")
    def _go_back(self) -> None:
        """A person wants the picture that there was before."""
        earlier = self._earlier
        if earlier is not None:
            self.aside(in_one_step(lambda: earlier), self._bring_back, once=True)

    def _bring_back(self, earlier: Opened) -> None:
        if self._earlier is earlier:
            self._brought = earlier.image
            self._show_another(earlier)
            self._forget_earlier()

    @t.observe("image")
    def _image_set(self, _change: Any) -> None:
        """Whoever sets another picture in Python wants none of the earlier ones back."""
        if self.image is not self._brought:
            self._forget_earlier()

    def _forget_earlier(self) -> None:
        self._earlier = self._brought = None
        self.earlier_picture = ""

    def _release(self) -> None:
        super()._release()
        self._arriving.clear()
        self._forget_earlier()


def opened(engine: Engine, name: str, data: bytes, second: bool = False) -> Opened:
    """A picture file of these bytes, as `engine.picture` reads it; with `second`, the class that is
    second in it too.

    Raises ExplanationError where it is no picture that can be read.
    """
    file = file_of(name, data)
    shown = readable(file.name)
    try:
        picture = engine.picture(file)
        also: dict[str, Any] = {}
        if second:
            likeliest = engine.predict(picture).top(2)
            also["other_target"] = likeliest[1].index if len(likeliest) > 1 else None
    except BaseException as problem:
        shutil.rmtree(file.parent, ignore_errors=True)
        if isinstance(problem, ExplanationError):  # nobody knows where the copy is
            words = str(problem).replace(f'the file "{file}"', f'"{shown}"')
            raise ExplanationError(words.replace(str(file), shown)) from None
        raise
    return Opened(file, [picture], also)


def file_of(name: str, data: bytes) -> Path:
    """A file of this name with these bytes, in a folder of its own; gone with the process."""
    global _folder
    if _folder is None:
        _folder = tempfile.TemporaryDirectory(prefix="xai_widgets_", ignore_cleanup_errors=True)
    file = Path(tempfile.mkdtemp(dir=_folder.name)) / _shown(name)
    file.write_bytes(data)
    return file


def too_large(size: int) -> str:
    """What is said of a file with so many bytes."""
    return (
        f"has {size / 1e6:.0f} MB; expected at most {MOST_BYTES / 1e6:.0f} MB. Make it smaller, or "
        "set it from a cell: viewer.image = path."
    )


def _shown(name: str) -> str:
    """A name for a file on any system: the last part of a path, without odd characters."""
    last = re.split(r"[/\\]", name)[-1]
    clean = re.sub(r'[\x00-\x1f\x7f<>:"|?*\ud800-\udfff]', "", last).strip(" .")
    if len(clean) > _LONGEST_NAME:
        clean = clean[: _LONGEST_NAME - 12] + "…" + clean[-11:]
    return clean or _NO_NAME


def _name_of(pictures: Sequence[Picture]) -> str:
    """What one goes back to."""
    if len(pictures) > 1:
        return "the first pictures"
    name = pictures[0].name
    return "the first picture" if not name or name in UNNAMED else name
