"""Study: what a network says about a whole data set, kept in a folder."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import check_engine, layer_name
from xai_widgets.errors import ExplanationError, strict_keywords
from xai_widgets.methods import find
from xai_widgets.study.blocks import Computed, compute_block
from xai_widgets.study.fingerprints import (
    difference,
    key_of,
    network_digest,
    preprocessing_probe,
)
from xai_widgets.study.labels import Classes, check_classes
from xai_widgets.study.observing import Observer, TargetRule
from xai_widgets.study.recipes import Recipe, signed, store_weights
from xai_widgets.study.rows import Rows
from xai_widgets.study.running import Run
from xai_widgets.study.settings import (
    RESERVED,
    block_size,
    classes_of,
    folder_path,
    plain_setting,
    target_rule,
)
from xai_widgets.study.source import Source
from xai_widgets.study.sources import source_of
from xai_widgets.study.store import BLOCK, Store

__all__ = ["StudyCore"]

_SAID = 6  # sentences about rows
_USAGE = 'Study(engine, data, folder="photos.study")'


class StudyCore:
    """What a study has before anything is read off it: engine, pictures, folder, and the run."""

    engine: Engine | None
    source: Source | None

    @strict_keywords
    def __init__(
        self,
        engine: Engine,
        data: Any,
        *,
        folder: str | os.PathLike[str] | None = None,
        method: str = "grad_cam",
        target: str | int = "prediction",
        layer: Any = None,
        block: int = BLOCK,
        classes: Mapping[Any, Any] | None = None,
        recipe: Any = None,
        **parameters: Any,
    ) -> None:
        check_engine(engine, _USAGE, data)
        self.engine, self.source = engine, source_of(data)
        self.store = Store(folder_path(folder))
        layer = layer_name(engine.internals.network.model, layer)
        size = block_size(block)
        count, names = classes_of(engine, self.source)
        given = check_classes(classes)
        self.classes = Classes.of(self.source.labels, self.source.label_names, names, count, given)
        rule = target_rule(target, names, count)
        self._observer = Observer(engine, method, rule, layer, parameters)
        labels = self.classes.indices(self.source.labels, len(self.source))
        settings = self._settings(method, parameters, rule, layer, size, names)
        known = None if recipe is None else Recipe.of(recipe)
        if self.store.exists:
            self._check_same(settings)
        else:
            self._create(settings, labels, count, names, given)
        if known is not None:
            self._keep_recipe(known)
        self._begin()

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        engine: Engine | None = None,
        data: Any = None,
    ) -> Any:
        """The study in a folder. Without ``engine`` and ``data`` what has been computed can be
        read; with them the study can go on, and experiments can be made. Nothing in the folder is
        executed, and no picture that it names is opened.

        Raises ExplanationError for a folder that is no study, or is one of another network.
        """
        self = cls.__new__(cls)
        self.engine = self.source = None
        self.store = Store(folder_path(folder))
        manifest = self.store.manifest
        names = manifest["class_names"]
        self.classes = Classes(
            None if names is None else tuple(names), int(manifest["classes"]), {}
        )
        self._begin()
        if engine is not None or data is not None:
            self._bind(engine, data)
        return self

    def _bind(self, engine: Engine | None, data: Any) -> None:
        if engine is None or data is None:
            what = "data but no engine" if engine is None else "an engine but no data"
            raise ExplanationError(
                f"Study.open was given {what}; expected both, Study.open(folder, engine, data), or "
                "neither, to read what has been computed"
            )
        check_engine(engine, "Study.open(folder, engine, data)", data)
        manifest = self.store.manifest
        self.engine, self.source = engine, source_of(data)
        names = engine.class_names
        count, names = classes_of(engine, self.source)
        pairs = manifest.get("given")
        given = None if pairs is None else {pair[0]: pair[1] for pair in pairs}
        self.classes = Classes.of(self.source.labels, self.source.label_names, names, count, given)
        method, parameters = str(manifest["method"]), dict(manifest.get("parameters", {}))
        rule, layer = manifest["target"], manifest.get("layer")
        self._observer = Observer(engine, method, rule, layer, parameters)
        self._check_same(
            self._settings(method, parameters, rule, layer, int(manifest["block"]), names)
        )

    def _begin(self) -> None:
        self.rows = Rows(self.store)
        self._run: Run | None = None
        self._lock = threading.RLock()
        self._kept: dict[Any, Any] = {}

    def _settings(
        self,
        method: str,
        parameters: Mapping[str, Any],
        rule: TargetRule,
        layer: str | None,
        block: int,
        names: Sequence[str] | None,
    ) -> dict[str, Any]:
        """All that must be the same for a study to go on."""
        assert self.engine is not None
        assert self.source is not None
        card = find(method, self.engine.methods)
        resolved = card.resolve(dict(parameters))
        readout = self.engine.internals.readout
        return {
            "network": network_digest(self.engine),
            "preprocessing": preprocessing_probe(self.engine),
            "output": {name: plain_setting(value) for name, value in readout.options().items()},
            "class_names": None if names is None else list(names),
            "method": method,
            "parameters": {name: plain_setting(v) for name, v in resolved.items()},
            "target": rule,
            "layer": layer,
            "data": self.source.digest,
            "block": block,
        }

    def _check_same(self, settings: Mapping[str, Any]) -> None:
        stored = self.store.manifest["fingerprint"]
        if not isinstance(stored, Mapping):
            raise ExplanationError(f'"{self.store.folder}" holds no fingerprint')
        other = difference(stored, settings)
        if other:
            raise ExplanationError(
                f'the study in "{self.store.folder}" is of {other}. Give folder= a new name for a '
                f'new study, or read the old one with xw.Study.open("{self.store.folder}")'
            )

    def _create(
        self,
        settings: Mapping[str, Any],
        labels: npt.NDArray[np.int32],
        count: int,
        names: Sequence[str] | None,
        given: Mapping[Any, Any] | None,
    ) -> None:
        assert self.engine is not None
        assert self.source is not None
        source = self.source
        columns: dict[str, Any] = {"key": list(source.keys)}
        columns["label"] = labels
        said = [*self.classes.warnings, *source.warnings]
        unlabelled = int((labels < 0).sum())
        if settings["target"] == "label" and unlabelled and source.labels_are_known:
            said.append(
                f"{unlabelled:,} of {source.count:,} pictures have no label; what is explained of "
                "them is their prediction."
            )
        for name, column in source.columns.items():
            own = name
            if name in RESERVED:
                own = f"{name} (data)"
                said.append(f"The column {name!r} of the data is called {own!r} in the study.")
            columns[own] = column
        exact = {name: v for name, v in settings.items() if name != "preprocessing"}
        self.store.create(
            {
                "name": self.engine.name,
                "count": source.count,
                "block": settings["block"],
                "classes": count,
                "class_names": None if names is None else list(names),
                "method": settings["method"],
                "parameters": settings["parameters"],
                "target": settings["target"],
                "layer": settings["layer"],
                "data": source.kind,
                "given": None if given is None else [[k, v] for k, v in given.items()],
                "warnings": said,
                "fingerprint": dict(settings),
                "key": key_of(exact),
            },
            columns,
        )
        for sentence in said:
            warnings.warn(sentence, UserWarning, stacklevel=5)

    def _keep_recipe(self, recipe: Recipe) -> None:
        assert self.engine is not None
        if recipe.data is None and self.source is not None and self.source.path is not None:
            data = str(self.source.path.resolve())
            recipe = Recipe(recipe.factory, recipe.settings, data, recipe.weights)
        if recipe.weights:
            store_weights(self.engine, self.store)
        key = str(self.store.manifest["key"])
        self.store.amend(recipe=recipe.to_json(), signature=signed(recipe, key))

    @property
    def recipe(self) -> Recipe | None:
        """How other processes make the engine; None where that was not said."""
        stored = self.store.manifest.get("recipe")
        return Recipe.of(stored) if isinstance(stored, Mapping) else None

    @property
    def class_names(self) -> list[str]:
        """The names of the classes, or "class 0" and so on."""
        return [self.classes.name(i) for i in range(self.classes.count)]

    def observer_of(self, engine: Engine, target: TargetRule | None = None) -> Observer:
        """The study's method and settings bound to an engine; with another rule for targets where
        one is given.
        """
        manifest = self.store.manifest
        layer, parameters = manifest.get("layer"), dict(manifest.get("parameters", {}))
        rule = manifest["target"] if target is None else target
        return Observer(engine, str(manifest["method"]), rule, layer, parameters)

    def caption(self, row: int) -> str:
        """A row in a few words: its number, its prediction, and its label where that differs."""
        prediction, label = (int(self.rows[n][row]) for n in ("prediction", "label"))
        words = f"{row}: {self.classes.name(prediction)}"
        if label >= 0 and label != prediction:
            words += f", labelled {self.classes.name(label)}"
        return words

    @property
    def warnings(self) -> tuple[str, ...]:
        """What has to be known before numbers of this study are believed, in sentences."""
        said = [str(s) for s in self.store.manifest.get("warnings", ())]
        failed = int((self.rows["error"] != "").sum())
        if failed:
            first = next(e for e in self.rows["error"] if e)
            said.append(
                f"{failed:,} of {self.store.count:,} pictures could not be used, the first because "
                f'{first} (study.rows["error"] has all reasons)'
            )
        warned = sorted(self.rows.warned.items(), key=lambda pair: -pair[1])
        said += [f"{sentence} ({count:,} pictures)" for sentence, count in warned[:_SAID]]
        if len(warned) > _SAID:
            said.append(f"and {len(warned) - _SAID:,} more; study.rows.note(row) has each row's")
        return tuple(said)

    def refresh(self) -> int:
        """Read the blocks that have been finished since, here or by others; return how many rows
        have been computed.
        """
        before = self.rows.finished
        self.rows.refresh()
        if self.rows.finished != before:
            with self._lock:
                self._kept = {}
        return int(self.rows["done"].sum())

    def compute(self, rows: range) -> Iterator[Computed]:
        """Compute some rows in this process, in steps."""
        self._need_engine("compute")
        assert self.engine is not None
        assert self.source is not None
        labels = self.rows["label"].astype(np.int32)
        if self.source.labels is not None:
            labels = self.classes.indices(self.source.labels, len(self.source))
        return compute_block(self.engine, self._observer, self.source, self.classes, labels, rows)

    def _need_engine(self, what: str) -> None:
        if self.engine is None or self.source is None:
            raise ExplanationError(
                f"{what} needs the network and the pictures: open the study with "
                f'xw.Study.open("{self.store.folder}", engine, data)'
            )
