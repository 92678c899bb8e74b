"""Changing pictures of a study, and what the network then answers: experiments."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from xai_widgets.errors import ExplanationError, strict_keywords
from xai_widgets.study.blocks import digest_of_input
from xai_widgets.study.experiments import cover, joined, mask_of, partners_of, swap
from xai_widgets.study.findings import Experiment, Region
from xai_widgets.study.runs import RunningStudy

__all__ = ["Changing"]

RowNumbers = npt.NDArray[np.int64]
_MOST = 256  # rows of an experiment; of more, so many are drawn


class Changing(RunningStudy):
    """A study, and experiments on its pictures."""

    _told = False  # that pictures are others than were computed

    @strict_keywords
    def cover(
        self,
        rows: Sequence[int] | RowNumbers,
        region: Any,
        *,
        fill: str = "blur",
        controls: int = 8,
        seed: int = 0,
    ) -> Experiment:
        """Cover a region in these pictures: by how much the probability of each one's answer falls,
        beside the same for random regions of its size and distance from the centre.

        region: a mask (H, W) of the model input, or (top, left, bottom, right) in its pixels. fill:
        "blur", "mean" (the picture's mean colour) or "paste" (the same place of pictures with other
        answers). Of more than 256 rows, 256 are drawn. Raises ExplanationError where the pictures
        cannot be had, or have model inputs of several sizes.
        """
        wanted, x, mask, note = self._prepared(rows, region, seed)
        others = None
        if fill == "paste":
            wanted, x, others = self._with_partners(wanted, x, seed)
        return cover(
            x, self._answer, wanted, mask, fill=fill, others=others, controls=controls, seed=seed,
            show=self.show,
        ).with_note(note)  # fmt: skip

    @strict_keywords
    def swap(
        self,
        rows: Sequence[int] | RowNumbers,
        region: Any,
        *,
        controls: int = 8,
        seed: int = 0,
    ) -> Experiment:
        """Put a region of pictures with other answers into these: how many answers turn to that of
        the picture which the region is from, beside the same for random regions of its size and
        distance from the centre. Arguments and errors as of `cover`.
        """
        wanted, x, mask, note = self._prepared(rows, region, seed)
        wanted, x, others = self._with_partners(wanted, x, seed)
        found = swap(
            x, others, self._answer, wanted, mask, controls=controls, seed=seed, show=self.show
        )
        return found.with_note(note)

    def _prepared(
        self, rows: Sequence[int] | RowNumbers, region: Any, seed: int
    ) -> tuple[RowNumbers, Tensor, Region, str]:
        self._need_engine("an experiment")
        wanted = self._checked(rows)
        note = ""
        if len(wanted) > _MOST:
            note = f"{_MOST} of {len(wanted):,} pictures were drawn for it."
            wanted = np.sort(np.random.default_rng(seed).choice(wanted, _MOST, replace=False))
        x = self._inputs(wanted)
        return wanted, x, mask_of(region, (int(x.shape[-2]), int(x.shape[-1]))), note

    def _inputs(self, rows: RowNumbers) -> Tensor:
        """The model inputs (n, C, H, W) of rows; warns where they are others than were computed.
        Raises ExplanationError where their sizes differ.
        """
        assert self.engine is not None
        assert self.source is not None
        inputs = [self.engine.input(self.source.read(int(row))[0]) for row in rows]
        digests = [digest_of_input(x) for x in inputs]
        other = int((np.array(digests, np.uint64) != self.rows["digest"][rows]).sum())
        if other and not self._told:
            self._told = True
            warnings.warn(
                f"{other:,} of {len(inputs):,} pictures are not those that were computed (a data "
                "set that changes them at random, files that were changed, or another machine); "
                "the experiment is on what they are now",
                UserWarning,
                stacklevel=5,
            )
        return joined(inputs)

    def _answer(self, x: Tensor) -> npt.NDArray[np.float64]:
        """Probabilities (n, classes) of model inputs, at least two classes."""
        assert self.engine is not None
        with torch.no_grad():
            made = self.engine.internals.probabilities(x).double().cpu().numpy()
        return np.concatenate([1 - made, made], axis=1) if made.shape[1] == 1 else made

    def _with_partners(
        self, rows: RowNumbers, x: Tensor, seed: int
    ) -> tuple[RowNumbers, Tensor, Tensor]:
        """Rows, their inputs, and the inputs of rows with another answer, drawn from all rows."""
        done = self.done
        pool = np.random.default_rng(seed).permutation(done)
        answers = self.rows["prediction"]
        places = partners_of(answers[rows], answers[pool], seed)
        if (places < 0).any():
            raise ExplanationError(
                "all pictures have the same answer, so there is none with another to take the "
                'region from; use study.cover(rows, region, fill="blur")'
            )
        partners = pool[places]
        return rows, x, self._inputs(partners)

    @property
    def done(self) -> RowNumbers:
        """The rows that have been computed so far and have not failed."""
        return np.flatnonzero(self.rows["done"])

    def pictures(self, rows: Sequence[int] | RowNumbers) -> list[Any]:
        """The pictures of some rows as the data have them, as `engine.explain_many` and
        `metrics.evaluate` take them; whether they have been computed does not matter.

        Raises ExplanationError for a row that there is not, and where the pictures are not there.
        """
        if self.source is None:
            self._need_engine("reading pictures")
        assert self.source is not None
        return [self.source.read(int(row))[0] for row in self._numbers(rows)]

    @property
    def _complete(self) -> bool:
        return len(self.rows.finished) == self.store.blocks

    def _said_if_partial(self) -> None:
        self.refresh()
        if not self._complete:
            warnings.warn(
                f"{len(self.done):,} of {self.store.count:,} pictures have been computed so far, "
                "and this is of them alone; study.run() goes on, study.wait() waits",
                UserWarning,
                stacklevel=4,
            )

    def _labelled(self) -> RowNumbers:
        """The rows with a label, of those computed."""
        self._said_if_partial()
        return np.flatnonzero(self.rows["done"] & (self.rows["label"] >= 0))

    def _need_labels(self, what: str) -> RowNumbers:
        rows = self._labelled()
        if not len(rows):
            why = "has labels" if len(self.done) else "has been computed yet; call study.run()"
            raise ExplanationError(f"{what} need labels, and none of the pictures {why}")
        return rows

    def _numbers(self, rows: Any) -> RowNumbers:
        """Row numbers of numbers or a mask. Raises ExplanationError for one that there is not."""
        wanted = np.asarray(rows)
        if wanted.dtype == bool and wanted.shape == (self.store.count,):
            wanted = np.flatnonzero(wanted)
        wanted = np.atleast_1d(wanted).ravel()
        if wanted.dtype.kind not in "iu" and wanted.size:
            raise ExplanationError(f"rows are {wanted.dtype}; expected numbers of rows")
        wanted = wanted.astype(np.int64)
        bad = wanted[(wanted < 0) | (wanted >= self.store.count)]
        if bad.size:
            raise ExplanationError(
                f"row {int(bad[0])} is none of the study's; expected 0 to {self.store.count - 1}"
            )
        numbers: RowNumbers = wanted
        return numbers

    def _checked(self, rows: Any) -> RowNumbers:
        """Row numbers, those not computed left out. Raises ExplanationError where none is left."""
        wanted = self._numbers(rows)
        there: RowNumbers = wanted[self.rows["done"][wanted]]
        if not there.size:
            raise ExplanationError("none of these rows has been computed; expected study.done")
        return there

    def show(self, rows: Sequence[int], region: Region | None) -> list[tuple[bytes, str]]:
        """Thumbnails of rows, the region's outline on them, with captions."""
        shown = []
        for row, content in zip(rows, self.rows.thumbnails(np.asarray(rows)), strict=True):
            if content:
                shown.append((_outlined(content, region), self.caption(int(row))))
        return shown


def _outlined(content: bytes, region: Region | None) -> bytes:
    if region is None:
        return content
    with Image.open(io.BytesIO(content), formats=["JPEG"]) as opened:
        image = opened.convert("RGB")
    down, across = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    scale = np.array([image.width / region.shape[1], image.height / region.shape[0]])
    corners = np.array([[across[0], down[0]], [across[-1] + 1, down[-1] + 1]]) * scale
    (left, top), (right, bottom) = corners.round().tolist()
    draw = ImageDraw.Draw(image)
    for grown, colour in ((1, "black"), (0, "white")):
        draw.rectangle(
            (left - grown, top - grown, right - 1 + grown, bottom - 1 + grown), outline=colour
        )
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90, subsampling=0)
    return buffer.getvalue()
