"""Data sets that a machine has: Fashion-MNIST, CIFAR-100, and any folder of classes."""

from __future__ import annotations

from pathlib import Path

from xai_widgets.datasets.cifar import cifar100
from xai_widgets.datasets.fashion_mnist import fashion
from xai_widgets.datasets.labelled import Labelled, class_folder
from xai_widgets.errors import ExplanationError, nearest

__all__ = ["Labelled", "cifar100", "class_folder", "dataset", "fashion"]

_NAMED = {"cifar100": cifar100, "fashion_mnist": fashion}


def dataset(name: str, split: str = "train", size: int = 32) -> Labelled:
    """The data set "cifar100" or "fashion_mnist", or the folder of that name.

    size: of a folder's pictures. Raises ExplanationError for anything else.
    """
    if name in _NAMED:
        return _NAMED[name](split)
    if Path(name).is_dir():
        return class_folder(name, split, size)
    raise ExplanationError(
        f"dataset={name!r} is no folder; expected one, or {' or '.join(map(repr, _NAMED))}."
        + nearest(name, _NAMED)
    )
