"""Copies of pictures that were saved anew, among others: how many are found, and what else is told.

    python benchmarks/copies.py

Among the 10,000 test pictures of CIFAR-100, those of Fashion-MNIST, and the photographs that are
there under $XAI_WIDGETS_DATA, copies are put of every kind: the same pixels, JPEG and WebP, made
smaller and enlarged again, brighter, paler. Found are those that a study would tell as copies,
whatever the network; "below" are copies whose thumbnails agree to less than the stated similarity.
Other pairs may be copies that the data set has: they are told by their numbers, to be looked at.
Written to benchmarks/results/copies.json.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from keeping import keep
from PIL import Image

from xai_widgets.datasets import cifar100, fashion
from xai_widgets.study.properties import thumbnail_of
from xai_widgets.study.similarity import duplicates, small

Pixels = npt.NDArray[np.uint8]
EACH, SIMILARITY = 20, 0.98


def saved(form: str, quality: int) -> Callable[[Pixels], Pixels]:
    """A picture saved and read again."""

    def anew(pixels: Pixels) -> Pixels:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, form, quality=quality)
        with Image.open(buffer) as image:
            return np.asarray(image.convert("RGB"))

    return anew


def enlarged(pixels: Pixels) -> Pixels:
    image = Image.fromarray(pixels)
    less = image.resize([6 * side // 10 for side in image.size], Image.Resampling.LANCZOS)
    return np.asarray(less.resize(image.size, Image.Resampling.BICUBIC))


def shaded(factor: float, towards: float) -> Callable[[Pixels], Pixels]:
    def anew(pixels: Pixels) -> Pixels:
        changed = towards + factor * (pixels.astype(float) - towards)
        return np.clip(changed, 0, 255).astype(np.uint8)

    return anew


KINDS: dict[str, Callable[[Pixels], Pixels]] = {
    "the same": np.copy,
    "JPEG 90": saved("JPEG", 90),
    "JPEG 75": saved("JPEG", 75),
    "JPEG 50": saved("JPEG", 50),
    "WebP 80": saved("WEBP", 80),
    "enlarged from 60 %": enlarged,
    "brighter": shaded(1.12, 0),
    "paler": shaded(0.9, 128),
}


def photographs() -> list[Pixels]:
    files = sorted(Path(os.environ["XAI_WIDGETS_DATA"], "imagenet_samples").glob("*.jpg"))
    return [np.asarray(Image.open(file).convert("RGB")) for file in files]


def measured(pictures: list[Pixels]) -> dict[str, Any]:
    count = len(pictures)
    rows = np.random.default_rng(5).choice(count, EACH * len(KINDS), replace=False).tolist()
    kinds = list(KINDS) * EACH
    copies = [KINDS[kind](pictures[row]) for kind, row in zip(kinds, rows, strict=True)]
    thumbnails = small([thumbnail_of(picture) for picture in (*pictures, *copies)])
    found = duplicates(thumbnails, np.zeros(len(thumbnails), np.uint64), SIMILARITY)
    group = {int(row): number for number, rows in enumerate(found.groups) for row in rows}
    flat = thumbnails.reshape(len(thumbnails), -1).astype(float)
    flat -= flat.mean(0)
    result: dict[str, Any] = {"pictures": count, "planted": len(copies)}
    for kind in KINDS:
        places = [i for i, one in enumerate(kinds) if one == kind]
        there = [group.get(rows[i], -1) == group.get(count + i, -2) for i in places]
        agreed = [np.corrcoef(flat[rows[i]], flat[count + i])[0, 1] for i in places]
        below = sum(a < SIMILARITY and not ok for a, ok in zip(agreed, there, strict=True))
        result[kind] = {"found": sum(there), "below": int(below), "of": len(places)}
    planted = {*rows, *range(count, count + len(copies))}
    others = [sorted({int(row) for row in rows} - planted) for rows in found.groups]
    result["other_pairs"] = [pair for pair in others if pair]
    return result


def main() -> None:
    keep(
        "copies",
        {
            "photographs": measured(photographs()),
            "cifar100": measured(list(cifar100("test").pixels)),
            "fashion_mnist": measured([np.stack([grey] * 3, 2) for grey in fashion("test").pixels]),
        },
    )


if __name__ == "__main__":
    main()
