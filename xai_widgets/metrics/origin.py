"""Where the values and maps of a table come from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xxhash

from xai_widgets.images import Picture

__all__ = ["Origin", "Place", "picture_word"]


class Place(NamedTuple):
    """A map's place in a table."""

    engine: str
    method: str
    picture: int


@dataclass(frozen=True)
class Origin:
    """What two tables are compared by before they are joined.

    engines: for each engine a word for its weights, layer and reading. pictures: a checksum of each
    picture as it was given; inputs: of what each engine made of it.
    """

    seed: int
    engines: Mapping[str, str]
    pictures: tuple[str, ...]
    inputs: Mapping[str, tuple[str, ...]]


def picture_word(image: Any, picture: Picture) -> str:
    """A checksum of a picture as it was given, the same for all engines; where it cannot be read
    again, of what this engine made of it.
    """
    try:
        if isinstance(image, (str, os.PathLike)):
            return xxhash.xxh3_128_hexdigest(Path(image).read_bytes())
        array = np.ascontiguousarray(image.detach().cpu() if hasattr(image, "detach") else image)
        if array.dtype == object:
            raise TypeError
    except Exception:  # whatever somebody's own type raises
        return picture.digest.hex()
    return f"{xxhash.xxh3_128_hexdigest(array.data)} {array.dtype} {array.shape}"
