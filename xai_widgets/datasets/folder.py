"""Anybody's pictures: a folder with a folder for each class."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import ImageOps

from xai_widgets.datasets.labelled import Labelled
from xai_widgets.errors import ExplanationError
from xai_widgets.images import load

_SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}
_HELD_OUT = 0.2  # of each class, where the folder is not split already


def class_folder(path: str | os.PathLike[str], split: str = "train", size: int = 32) -> Labelled:
    """The pictures of ``path/<split>/<class>/*``, or, where there is no such split, of
    ``path/<class>/*``, of which a fifth, chosen by their names' order alone, is "test".

    Each is cut to the middle square and brought to `size`: (N, size, size, 3). Raises
    ExplanationError where there are not at least two classes with a picture each.
    """
    root = Path(path)
    folder = root / split if (root / split).is_dir() else root
    classes = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    if len(classes) < 2:
        raise ExplanationError(
            f'"{folder}" holds {len(classes)} folders; expected one for each class, or train and '
            "test with one for each class in both"
        )
    pixels, labels = [], []
    for number, place in enumerate(classes):
        files = sorted(p for p in place.rglob("*") if p.suffix.lower() in _SUFFIXES)
        if folder == root:
            step = round(1 / _HELD_OUT)
            files = [f for i, f in enumerate(files) if (i % step == step - 1) == (split == "test")]
        for file in files:
            picture = ImageOps.fit(load(file).image(3), (size, size))
            pixels.append(np.asarray(picture, dtype=np.uint8))
            labels.append(number)
    if not pixels:
        raise ExplanationError(f'"{folder}" holds no picture for the split "{split}"')
    return Labelled(np.stack(pixels), np.array(labels), tuple(place.name for place in classes))
