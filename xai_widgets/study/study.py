"""Study: what is read off a data set once the network has answered it."""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, brief, check_choice, strict_keywords
from xai_widgets.study.comparison import Comparison, compared
from xai_widgets.study.confusion import Confusion
from xai_widgets.study.doubtful import DoubtfulLabels, doubtful_labels
from xai_widgets.study.findings import Slice, Suspicion, percent, span
from xai_widgets.study.groups import Grouping, alignment, group_maps, mean_map, pooled_maps
from xai_widgets.study.pages import study_page
from xai_widgets.study.properties import PROPERTIES
from xai_widgets.study.settings import target_rule
from xai_widgets.study.similarity import METHODS as PROJECTIONS
from xai_widgets.study.similarity import (
    centred,
    duplicates,
    nearest_rows,
    projection,
    small,
)
from xai_widgets.study.slices import find_slices
from xai_widgets.study.statistics import wilson
from xai_widgets.study.suspecting import Suspecting
from xai_widgets.study.suspects import doubtful_suspicion, duplicate_suspicions
from xai_widgets.study.verdicts import Verdict, Verdicts

__all__ = ["Study"]

RowNumbers = npt.NDArray[np.int64]
KINDS = ("shortcut", "property", "leakage", "label", "duplicate")
_TRAIN = ("train", "training")


class Study(Suspecting):
    """What a network says about a whole data set, and why.

        study = xw.Study(engine, "photos/", folder="photos.study")
        study.run()                    # in the background; goes on where it was cut off
        study.rows["loss"]             # one NumPy column for each thing that is known of a row
        study.slices(), study.suspicions(), study.cover(rows, region)

    `data` is a folder with one folder for each class (or train and test with these), a pair
    (pictures, labels), a torch Dataset, a Hugging Face dataset, a dataframe with a column of
    pictures, or the path of Parquet files with one. `method` and its parameters are those of
    `engine.explain`; `target` is what is explained of each picture: its "prediction", its "label",
    or one class for all. `block`: rows of one file. `classes` says which class of the network a
    label of the data is, where their names differ. `recipe` is how other processes make the engine:
    "my_module:make_engine".

    Everything is kept in `folder`; `xw.Study.open(folder)` reads it without the network. Methods
    that read the study use the rows that have been computed so far, and warn where some are
    missing. Raises ExplanationError for data that are none, labels that are no class of the
    network, and a folder that holds another study.
    """

    @property
    def accuracy(self) -> float:
        """The share of the labelled pictures that are answered right, of those computed so far; nan
        without labels.
        """
        rows = self._labelled()
        return float(self.rows["correct"][rows].mean()) if len(rows) else float("nan")

    @property
    def wrong(self) -> RowNumbers:
        """The rows whose answer is not their label, the highest loss first."""
        rows = self._labelled()
        rows = rows[~self.rows["correct"][rows]]
        return rows[np.argsort(-self.rows["loss"][rows], kind="stable")]

    @property
    def right(self) -> RowNumbers:
        """The rows whose answer is their label."""
        rows = self._labelled()
        return rows[self.rows["correct"][rows]]

    @property
    def confusion(self) -> Confusion:
        """Labels against predictions."""
        self._said_if_partial()
        labels = np.where(self.rows["done"], self.rows["label"], -1)
        return Confusion(labels, self.rows["prediction"], self.class_names)

    @strict_keywords
    def slices(
        self,
        columns: Sequence[str] | None = None,
        *,
        depth: int = 2,
        smallest: int = 10,
        count: int = 20,
    ) -> list[Slice]:
        """Named groups of pictures that do worse than the rest, the one that explains most errors
        beyond chance first; those by confidence come last.

        columns: to look at; left out, metadata, label, prediction, probability, the properties of
        the pictures, and groups of maps where `groups()` has been asked for. depth: conditions of
        a slice, 1 or 2. smallest: pictures that it has at least. Raises ExplanationError without
        labels.
        """
        rows = self._need_labels("slices")
        known = {name: self.rows[name] for name in self._slicing(columns)}
        grouping = self._kept.get("groups")
        if columns is None and grouping is not None:
            known["group of maps"] = grouping
        kept = {name: column[rows] for name, column in known.items()}
        names = {"label": self.class_names, "prediction": self.class_names}
        wrong = ~self.rows["correct"][rows]
        found = find_slices(
            kept, wrong, names=names, rows=rows, depth=depth, smallest=smallest, count=count
        )
        return [_with_pictures(s, self) for s in found]

    def _slicing(self, columns: Sequence[str] | None) -> list[str]:
        if columns is not None:
            wanted = [columns] if isinstance(columns, str) else list(columns)
            for name in wanted:
                _ = self.rows[name]  # raises in words for one that there is not
            return wanted
        # Width, height and aspect say the same where pictures differ in one way only.
        return [*self.rows.metadata, "label", "prediction", "probability", *PROPERTIES]

    @strict_keywords
    def suspicions(
        self, kinds: str | Sequence[str] | None = None, *, seed: int = 0
    ) -> list[Suspicion]:
        """What may be wrong with the network or the data, each with its evidence: "shortcut" (a
        place that decides by itself, confirmed by an experiment on other pictures), "property"
        (brightness and the like, that goes with errors and makes right answers fall), "leakage"
        (the same picture in several splits), "label" (labels that the network doubts), "duplicate".

        kinds: which of them; left out, all. Shortcuts and properties need the network and the
        pictures: without them they are left out, which is said.
        """
        wanted = [kinds] if isinstance(kinds, str) else list(kinds or KINDS)
        for kind in wanted:
            check_choice("kind", kind, KINDS)
        found: list[Suspicion] = []
        if "shortcut" in wanted:
            try:
                found += self._kept_result(("shortcut", seed), lambda: self.shortcuts(seed=seed))
            except ExplanationError as error:
                if kinds is not None:
                    raise
                warnings.warn(f"shortcuts were not looked for: {error}", UserWarning, stacklevel=3)
        if "property" in wanted:
            try:
                found += self._kept_result(
                    ("property", seed), lambda: self.misleading_properties(seed=seed)
                )
            except ExplanationError:
                if kinds is not None:
                    raise
        copies: list[Suspicion] = []
        if {"leakage", "duplicate"} & set(wanted):
            copies = self._kept_result("duplicates", self._copies)
        found += [s for s in copies if s.kind == "leakage" and "leakage" in wanted]
        if "label" in wanted and len(self._labelled()):
            doubted = self.doubtful_labels()
            found += doubtful_suspicion(self, doubted, self._training())
        found += [s for s in copies if s.kind == "duplicate" and "duplicate" in wanted]
        return found

    def doubtful_labels(self) -> DoubtfulLabels:
        """Labels that the network contradicts, by confident learning, the most doubtful first.

        They mean little where the network was trained on these pictures. Source: Northcutt, Jiang
        and Chuang 2021. Raises ExplanationError without labels.
        """
        rows = self._need_labels("doubtful labels")
        found = doubtful_labels(self.probabilities(rows), self.rows["label"][rows])
        own = np.full(self.store.count, np.nan)
        own[rows] = found.self_confidence
        return DoubtfulLabels(rows[found.rows], found.suggested, own, found.thresholds)

    def probabilities(self, rows: Sequence[int] | RowNumbers) -> npt.NDArray[np.float64]:
        """The probabilities (len(rows), classes) of some rows, from the logits that are kept; 0 for
        classes that were not.
        """
        from scipy.special import expit, softmax

        logits = self.rows.matrix("logits", rows).astype(np.float64)
        wanted = self.rows["probability"][np.asarray(rows, dtype=np.int64)]
        made: npt.NDArray[np.float64] = softmax(logits, axis=1)
        best = made.max(axis=1, initial=0)
        if len(logits) and not np.allclose(best, wanted, atol=2e-2, equal_nan=True):
            # Scores that are probabilities already, or labels that do not exclude each other.
            given = np.where(np.isfinite(logits), logits, 0)
            sigmoid = expit(logits)
            for other in (given, sigmoid):
                if np.allclose(other.max(axis=1), wanted, atol=2e-2, equal_nan=True):
                    return np.asarray(other, dtype=np.float64)
        return made

    def _training(self) -> RowNumbers:
        """The rows that the network was trained on, by what the column split says."""
        if "split" not in self.rows.metadata:
            return np.zeros(0, np.int64)
        splits = np.char.lower(self.rows["split"].astype(str))
        return np.flatnonzero(np.isin(splits, _TRAIN))

    def _copies(self, similarity: float = 0.98) -> list[Suspicion]:
        rows = self.done
        if len(rows) < 2:
            return []
        found = duplicates(small(self.rows.thumbnails(rows)), self.rows["digest"][rows], similarity)
        groups = [rows[group] for group in found.groups]
        return duplicate_suspicions(self, groups, found, similarity)

    @strict_keywords
    def neighbours(self, row: int, count: int = 5) -> RowNumbers:
        """The rows whose features are most like a row's (cosine, less their mean), the most similar
        first.
        """
        rows = self.done
        place = np.flatnonzero(rows == row)
        if not len(place):
            raise ExplanationError(
                f"row {brief(row)} has not been computed; expected one of study.done"
            )
        unit = self._kept_result(
            "unit features", lambda: centred(self.rows.matrix("features", rows))
        )
        return rows[nearest_rows(unit, int(place[0]), count)[0]]

    @strict_keywords
    def projection(self, method: str = "tsne", *, seed: int = 0) -> npt.NDArray[np.float32]:
        """A point (count, 2) for each row, alike pictures near each other: 50 principal components
        of the features, then t-SNE ("tsne"), or the first two components ("pca"); nan for rows not
        computed. "opentsne", "umap" and "pacmap" are those of the libraries, where these are
        installed. Distances between far points mean little in all but "pca".
        """
        rows = self.done

        def placed() -> npt.NDArray[np.float32]:
            out = np.full((self.store.count, 2), np.nan, np.float32)
            features = self.rows.matrix("features", rows)
            out[rows] = projection(features, method=method, seed=seed)
            return out

        check_choice("method", method, PROJECTIONS)
        points: npt.NDArray[np.float32] = self._kept_result(("projection", method, seed), placed)
        return points

    @strict_keywords
    def groups(
        self,
        rows: Sequence[int] | RowNumbers | None = None,
        *,
        of: str = "features",
        count: int | None = None,
        seed: int = 0,
    ) -> Grouping:
        """Groups of explanations by spectral clustering (SpRAy), for instance of one class or one
        cell of the confusion: study.groups(study.confusion.cell(prediction=3)).

        of: "features" (the layer's features, weighted by the map) or "maps" (made 16 x 16). count:
        how many; left out, the eigengap says. The groups of the last call are a column of
        `slices()`. Source: Lapuschkin et al. 2019.
        """
        check_choice("of", of, ("features", "maps"))
        wanted = self.done if rows is None else self._checked(rows)
        points = (
            self.rows.matrix("attributed", wanted)
            if of == "features"
            else pooled_maps(self.rows.maps(wanted))
        )
        found = group_maps(points, seed=seed, count=count)
        column = np.full(self.store.count, "", dtype=object)
        column[wanted] = [f"{group + 1} of {found.count}" for group in found.groups]
        self._kept["groups"] = column.astype(str)
        return found

    def mean_map(self, rows: Sequence[int] | RowNumbers) -> tuple[npt.NDArray[np.float32], str]:
        """The mean of the maps of some rows, each counting alike, such as a cell of the confusion;
        and a sentence on whether their pictures lie alike, without which a mean says little.
        """
        wanted = self._checked(rows)
        thumbnails = small([t for t in self.rows.thumbnails(wanted) if t])
        alike = alignment(thumbnails)
        said = f"The pictures lie alike ({alike:.2f} of 1)."
        if alike < 0.3:
            said = (
                f"The pictures do not lie alike ({alike:.2f} of 1), so their mean map says where "
                "in the picture evidence tends to lie, not on what."
            )
        return mean_map(self.rows.maps(wanted)), said

    def map_of(self, row: int, target: str | int = "prediction") -> npt.NDArray[np.float32]:
        """The map (h, w) of a row for its "prediction", its "label", or a class by name or index:
        that of the study where it is the one, else computed now and kept in the folder.

        Raises ExplanationError for a row or a class that there is not, and where the map has to be
        computed and the network or the pictures are not there.
        """
        (wanted,) = self._checked([row])
        classes = {name: int(self.rows[name][wanted]) for name in ("prediction", "label", "target")}
        if isinstance(target, str) and target in classes:
            index = classes[target]
        else:
            index = int(target_rule(target, self.classes.names, self.classes.count))
        if index < 0:
            raise ExplanationError(f"row {row} has no label; give the class whose map is wanted")
        if index == classes["target"]:
            return self.rows.maps([int(wanted)])[0]
        kept = self.store.read_kept(int(wanted), index)
        if kept is None:
            self._need_engine("the map of another class")
            assert self.engine is not None
            assert self.source is not None
            picture = self.engine.picture(self.source.read(int(wanted))[0])
            ((_, seen),) = self.observer_of(self.engine, index).observe([picture], [-1])
            kept = seen.map
            self.store.keep(int(wanted), index, kept)
        return kept

    # Verdicts.

    def decide(self, rows: int | Sequence[int] | RowNumbers, verdict: str) -> Verdict:
        """Keep a verdict about rows, such as "wrong label"; an empty one takes it back."""
        return Verdicts(self.store).give(np.atleast_1d(np.asarray(rows)), verdict)

    def undo(self) -> Verdict | None:
        """Take the last verdict back."""
        return Verdicts(self.store).undo()

    def verdicts(self) -> list[Verdict]:
        """What was decided, in order."""
        return Verdicts(self.store).all()

    # Elsewhere.

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """All columns, with names of classes beside their numbers."""
        found = {name: self.rows[name] for name in self.rows}
        for name in ("label", "prediction", "target"):
            named = [self.classes.name(int(i)) if i >= 0 else "" for i in found[name]]
            found[f"{name}_name"] = np.array(named)
        return found

    def to_pandas(self) -> Any:
        """The columns as a pandas DataFrame. Raises ExplanationError where pandas is missing."""
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise ExplanationError(
                "to_pandas needs pandas; install it with: pip install pandas. study.columns() has "
                "the same as NumPy arrays"
            ) from error
        return pandas.DataFrame(self.columns())

    def to_parquet(self, path: str | os.PathLike[str]) -> Path:
        """Write the columns as a Parquet file. Raises ExplanationError where pyarrow is missing."""
        try:
            arrow: Any = importlib.import_module("pyarrow")
            parquet: Any = importlib.import_module("pyarrow.parquet")
        except ImportError as error:
            raise ExplanationError(
                'to_parquet needs pyarrow; install it with: pip install "xai_widgets[study]"'
            ) from error
        parquet.write_table(arrow.table(self.columns()), os.fspath(path))
        return Path(path)

    @strict_keywords
    def to_html(self, path: str | os.PathLike[str], *, count: int = 24) -> Path:
        """Write one page for a colleague: accuracy, confusions, slices, and the pictures of highest
        loss; it needs no kernel and asks for nothing. `xw.DatasetExplorer(study).to_html(path)`
        writes one with all pictures and maps, whose filters, slices and similarity stay alive.
        """
        file = Path(path).expanduser()
        file.write_text(study_page(self, count), encoding="utf-8")
        return file

    @staticmethod
    def compare(one: Study, other: Study) -> Comparison:
        """Two networks on the same pictures: the rows that one answers right and the other wrong.
        `xw.DatasetExplorer` shows a comparison too, where a click opens both networks on a row.

        Raises ExplanationError for studies of other data.
        """
        return compared(one, other)

    def _kept_result(self, key: object, make: Any) -> Any:
        """A result, kept until more rows have been computed."""
        with self._lock:
            kept = self._kept
            if key in kept:
                return kept[key]
        made = make()  # without the lock, which a run needs when it has finished a block
        with self._lock:
            kept[key] = made  # into what was there before: a run that went on has put it away
        return made

    def __len__(self) -> int:
        return self.store.count

    def __repr__(self) -> str:
        done, count = len(self.done), self.store.count
        rows = self._labelled()
        said = ""
        if len(rows):
            right = int(self.rows["correct"][rows].sum())
            said = (
                f", accuracy {percent(right / len(rows))} {span(wilson(right, len(rows)))}"
                f", {len(rows) - right:,} wrong"
            )
        name, method = self.store.manifest.get("name", ""), self.store.manifest["method"]
        failed = self.store.count - done if self._complete else 0
        return (
            f"Study({name}, {method}: {done:,} of {count:,} pictures"
            f"{f', {failed:,} could not be used' if failed else ''}{said})"
            + "".join(f"\n{sentence}" for sentence in self.warnings)
        )


def _with_pictures(found: Slice, study: Study) -> Slice:
    return replace(found, show=study.show)
