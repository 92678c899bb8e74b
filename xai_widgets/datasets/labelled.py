"""Labelled pictures, the folder in which a machine has data sets, and any folder of classes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import ImageOps

from xai_widgets.errors import ExplanationError
from xai_widgets.images import load

DATA_VARIABLE = "XAI_WIDGETS_DATA"  # names a folder of data sets
# Of picture files.
SUFFIXES = frozenset([".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"])
_EVERY = 5  # of each class, every fifth picture is a test picture where the folder is not split


@dataclass(frozen=True, eq=False)
class Labelled:
    """Pictures (N, H, W) or (N, H, W, C) uint8, their labels (N,), and the names of the classes; a
    sequence of pairs of picture and label.
    """

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.integer]
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[npt.NDArray[np.uint8], int]:
        return self.pixels[index], int(self.labels[index])


def picture_files(folder: Path) -> list[Path]:
    """The picture files in a folder and its subfolders, in the order of their paths."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def class_folder(path: str | os.PathLike[str], split: str = "train", size: int = 32) -> Labelled:
    """The pictures of ``path/<split>/<class>/*``, or, where there is no such split, of
    ``path/<class>/*``, of which a fifth, chosen by the order of their names alone, is "test".

    Each is cropped to the middle square and resized to `size`: (N, size, size, 3). Raises
    ExplanationError where there are not at least two classes, or no pictures.
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
    for label, own in enumerate(classes):
        files = picture_files(own)
        if folder == root:
            test = split == "test"
            files = [f for i, f in enumerate(files) if (i % _EVERY == _EVERY - 1) == test]
        for file in files:
            picture = ImageOps.fit(load(file).image(3), (size, size))
            pixels.append(np.asarray(picture, dtype=np.uint8))
            labels.append(label)
    if not pixels:
        raise ExplanationError(f'"{folder}" holds no picture for the split "{split}"')
    return Labelled(np.stack(pixels), np.array(labels), tuple(own.name for own in classes))
