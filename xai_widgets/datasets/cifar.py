"""CIFAR-100: 60,000 pictures of 100 classes, 32 x 32 pixels, where the machine has them.

Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

from xai_widgets import _torchvision
from xai_widgets.datasets.labelled import DATA_VARIABLE, Labelled
from xai_widgets.errors import ExplanationError, nearest

SIDE = 32
SPLITS = ("train", "test")


def cifar100(split: str = "test") -> Labelled:
    """Return CIFAR-100, (N, 32, 32, 3), of the split "test" or "train".

    It is looked for under $XAI_WIDGETS_DATA as ``cifar100/<split>/<class>.webp`` (the pictures of a
    class below each other in a strip), and there and under "data" as torchvision's download.

    Raises ExplanationError for another split, or where the pictures are missing; it says how to get
    them.
    """
    if split not in SPLITS:
        raise ExplanationError(
            f'split={split!r}; expected "train" or "test".{nearest(split, SPLITS)}'
        )
    own = os.environ.get(DATA_VARIABLE)
    if own and (folder := Path(own, "cifar100", split)).is_dir():
        return _strips(folder)
    roots = [root for root in (own, "data") if root and Path(root, "cifar-100-python").is_dir()]
    if not roots:
        raise ExplanationError(
            "CIFAR-100 is not on this machine: get it, in Python, with "
            'torchvision.datasets.CIFAR100("data", download=True), or put it into the folder '
            f"cifar100 under ${DATA_VARIABLE}"
        )
    _torchvision.load()
    from torchvision.datasets import CIFAR100

    data = CIFAR100(roots[0], train=split == "train")
    return Labelled(data.data, np.array(data.targets), tuple(data.classes))


def _strips(folder: Path) -> Labelled:
    files = sorted(folder.glob("*.webp"))
    if not files:
        raise ExplanationError(f'"{folder}" holds no <class>.webp')
    parts = [np.asarray(Image.open(file).convert("RGB")) for file in files]
    pixels = [part.reshape(-1, SIDE, SIDE, 3) for part in parts]
    labels = np.repeat(np.arange(len(files)), [len(part) for part in pixels])
    return Labelled(np.concatenate(pixels), labels, tuple(file.stem for file in files))
