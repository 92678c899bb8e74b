"""Doubtful labels and copies of pictures, as suspicions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from xai_widgets.study.doubtful import DoubtfulLabels
from xai_widgets.study.findings import Suspicion, percent
from xai_widgets.study.similarity import Duplicates

if TYPE_CHECKING:
    from xai_widgets.study.changing import Changing

__all__ = ["doubtful_suspicion", "duplicate_suspicions"]

RowNumbers = npt.NDArray[np.int64]
_PERFECT = 0.995  # accuracy, above which a network has probably seen the pictures
_MANY = 0.2  # of all labels; where more are doubted, the network errs more often than they do


def doubtful_suspicion(
    study: Changing, found: DoubtfulLabels, training: RowNumbers
) -> list[Suspicion]:
    """One suspicion of all doubtful labels, or none."""
    if not len(found.rows):
        return []
    row, suggested = int(found.rows[0]), int(found.suggested[0])
    label = study.classes.name(int(study.rows["label"][row]))
    evidence = (
        f"The most doubtful is row {row}: labelled {label}, of which the network is "
        f"{percent(float(found.self_confidence[row]))} sure, while it is sure of "
        f"{study.classes.name(suggested)}."
    )
    seen = int(np.isin(found.rows, training).sum())
    labelled = study.rows["done"] & (study.rows["label"] >= 0)
    accuracy = float(study.rows["correct"][labelled].mean())
    if seen:
        evidence += (
            f" {seen:,} of them are of the training split: if the network was trained on them, it "
            "may have learned the wrong labels by heart, and the others here mean little."
        )
    elif accuracy >= _PERFECT:
        evidence += (
            f" The network answers {percent(accuracy)} right: if it was trained on these pictures, "
            "this means little."
        )
    else:
        evidence += " This is only worth something where the network was not trained on them."
    share = len(found.rows) / int(labelled.sum())
    if share > _MANY:
        evidence += (
            f" They are {percent(share)} of all labels, and the network answers "
            f"{percent(accuracy)} right: most of them will be its own errors. Look at the first."
        )
    labels = "1 label is" if len(found.rows) == 1 else f"{len(found.rows):,} labels are"
    title = f"{labels} doubtful"
    return [Suspicion("label", title, found.rows, None, evidence, show=study.show)]


def duplicate_suspicions(
    study: Changing,
    groups: Sequence[RowNumbers],
    copies: Duplicates,
    threshold: float,
) -> list[Suspicion]:
    """One suspicion of all copies across splits, and one of the other copies."""
    splits = study.rows["split"] if "split" in study.rows.metadata else None
    across = [
        splits is not None and len(set(splits[group].tolist()) - {""}) > 1 for group in groups
    ]
    found = []
    for kind, wanted in (("leakage", True), ("duplicate", False)):
        own = [
            (g, s) for g, s, a in zip(groups, copies.similarity, across, strict=True) if a == wanted
        ]
        if not own:
            continue
        own.sort(key=lambda pair: -pair[1])
        rows = np.concatenate([group for group, _ in own])
        labels = study.rows["label"]
        torn = sum(len(set(labels[group].tolist()) - {-1}) > 1 for group, _ in own)
        where = "in several splits" if kind == "leakage" else "there more than once"
        pictures = "1 picture is" if len(own) == 1 else f"{len(own):,} pictures are"
        title = f"{pictures} {where}, {len(rows):,} rows in all"
        evidence = (
            "Less what all pictures have in common, their thumbnails agree to at least "
            f"{threshold:g} (correlation), the least alike to {min(s for _, s in own):.3f}."
        )
        beside = [b for b, a in zip(copies.beside, across, strict=True) if a == wanted and b == b]
        if beside:
            evidence += (
                f" The control: their eighth nearest pictures agree to "
                f"{np.median(beside):.3f}, and a copy has to be four times as near."
            )
        if torn:
            evidence += f" {torn:,} of them have different labels."
        found.append(Suspicion(kind, title, rows, None, evidence, show=study.show))
    return found
