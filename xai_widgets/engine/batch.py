"""Which pictures are run together, and for which target each is explained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.targets import Target, TargetLike


def paired(
    pictures: list[Picture],
    targets: TargetLike | Sequence[TargetLike],
    resolve: Callable[[Picture, TargetLike], Target],
) -> tuple[list[Picture], list[Target]]:
    """As many pictures as targets: a single picture stands for each of its targets.

    Raises ExplanationError where the numbers do not fit.
    """
    if isinstance(targets, str) or not isinstance(targets, Sequence):
        return pictures, [resolve(picture, targets) for picture in pictures]
    if len(pictures) == 1:
        pictures = pictures * len(targets)
    if len(pictures) != len(targets):
        raise ExplanationError(
            f"targets has {len(targets)} entries for {len(pictures)} images; expected one for "
            "all, one for each, or a single image"
        )
    pairs = zip(pictures, targets, strict=True)
    return pictures, [resolve(picture, target) for picture, target in pairs]


def together(
    pictures: list[Picture], goals: list[Target], size: Callable[[Picture], int]
) -> Iterator[list[int]]:
    """The places of pictures of one shape and one target, at most `size` at a time."""
    groups: dict[tuple[tuple[int, ...], Target], list[int]] = {}
    for i, (picture, goal) in enumerate(zip(pictures, goals, strict=True)):
        groups.setdefault((tuple(picture.input.shape), goal), []).append(i)
    for members in groups.values():
        most = size(pictures[members[0]])
        for start in range(0, len(members), most):
            yield members[start : start + most]
