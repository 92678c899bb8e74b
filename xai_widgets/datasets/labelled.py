"""What a data set of labelled pictures is, and where on a machine data sets are looked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DATA_VARIABLE = "XAI_WIDGETS_DATA"  # names a folder of data sets


@dataclass(frozen=True, eq=False)
class Labelled:
    """Pictures (N, H, W) or (N, H, W, C) uint8, their labels (N,), and what the labels mean;
    numbered pairs of picture and label.
    """

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.integer]
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[npt.NDArray[np.uint8], int]:
        return self.pixels[index], int(self.labels[index])
