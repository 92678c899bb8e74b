"""How many channels a network is given: what it takes decides, and everything else is a hint."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from xai_widgets.errors import ExplanationError
from xai_widgets.images.loaded import Loaded
from xai_widgets.images.picture import Picture

__all__ = ["Taker", "possible_channels", "question_of", "refused"]


class Taker(Protocol):
    """What is given the pictures, and can tell whether it takes them."""

    @property
    def hint(self) -> int | None:
        """The channels that it probably takes."""

    def refusal(self, picture: Picture, *, entering: bool) -> Exception | None:
        """Why it does not take so many channels; None where it does, or, with `entering`, where its
        first layer does.
        """

    def another(self, picture: Picture, tried: Collection[int]) -> int | None:
        """Another number of channels that it takes; None where none is found."""


def possible_channels(
    loaded: Loaded, *, stated: int | None, means: int | None, hint: int | None
) -> Iterator[int]:
    """The numbers of channels as which a picture may be meant, the likeliest first, each once.

    stated: those that the user says the network takes, which a preprocessing may make of others.
    means: those of the preprocessing's means. Beyond 1 and 3 a hint counts for more than what a
    picture usually is, so that four bands are opacity only where the network does not want them.
    """
    rare = hint if hint not in (1, 3) else None
    bands = loaded.channels if loaded.channels not in (1, 3) else None
    all_of_it = None if loaded.bands is None else int(loaded.bands.shape[2])
    wishes = (stated, means, rare, bands, 3, all_of_it, hint, 1)
    for channels in dict.fromkeys(wishes):
        if channels is not None and loaded.gives(channels):
            yield channels


def refused(
    picture: Picture, refusals: Sequence[tuple[int, Exception]], way_out: str
) -> ExplanationError:
    """The error for a picture that a network takes with no number of channels."""
    height, width = picture.input.shape[-2:]
    if len(refusals) == 1:
        words = _first_line(refusals[0][1])
    else:
        words = "; ".join(f"with {count}, {_first_line(error)}" for count, error in refusals)
    counts = [str(count) for count, _ in refusals]
    tried = " or ".join(filter(None, [", ".join(counts[:-1]), counts[-1]]))
    return ExplanationError(
        f"the network does not take {_article(picture.name)} as {tried} "
        f"channel{'s' * (tried != '1')} of {height} x {width} pixels ({words}). {way_out}"
    )


def question_of(shape: tuple[int, ...]) -> str:
    """What else the shape of a tensor may mean, where its last axis looks like channels."""
    if len(shape) < 3 or shape[-1] not in (1, 3, 4) or shape[-3] in (1, 3, 4):
        return ""
    axes = "2, 0, 1" if len(shape) == 3 else "0, 3, 1, 2"
    return (
        f"The tensor's shape is {shape}: is that height, width, channels? Then pass "
        f"x.permute({axes}), or a numpy array."
    )


def _article(name: str) -> str:
    return f"the {name}" if name in ("image", "array", "tensor") else name


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:200].rstrip('.')}"
