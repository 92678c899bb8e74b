"""What a DatasetExplorer reads off its study: slices, suspicions, similarity, groups of maps; and
which of them is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import traitlets as t

from xai_widgets.errors import brief, nearest
from xai_widgets.study import Slice, Study, Suspicion
from xai_widgets.study.comparison import Comparison
from xai_widgets.widgets.base.channel import message
from xai_widgets.widgets.base.traits import TraitProblem
from xai_widgets.widgets.dataset import findings, means, stills
from xai_widgets.widgets.dataset.conversation import Conversation
from xai_widgets.widgets.dataset.wire import SetsMessage

READINGS = ("slices", "label", "copies", "shortcut", "tsne", "pca", "order")


class Readings(Conversation):
    """A study that is shown, and what was found in it."""

    slice = t.Any("", help="The slice or suspicion that is shown, or its title.").tag(
        sync=True, keyword=True
    )

    def __init__(self, study: Study | Comparison, **options: Any) -> None:
        self._known: dict[str, findings.Found] = {}  # what was found, by reading
        self._named: list[Any] = []
        self._before: Study | None = None  # of the network that is compared with
        shown: Any = study
        if isinstance(study, Comparison) and study.studies is not None:
            self._before, shown = study.studies
            self._named = findings.compared_sets(shown, study)
        super().__init__(shown, **options)

    @message("ready")
    def _ready(self) -> None:
        super()._ready()
        for found in self._known.values():
            self._tell(found)
        if self._named:
            self._tell(self._named_sets())

    @message("read")
    def _read(self, reading: str) -> None:
        """The browser wants slices, suspicions or similarity."""
        study = self.study
        if reading in READINGS:
            failed = partial(self._not_read, reading)
            self._do("readings", lambda: findings.read(study, reading), self._found, failed)

    @message("groups")
    def _groups(self, of: str, buffers: Sequence[Any]) -> None:
        """The browser wants groups of the maps of some rows, which come as bits."""
        study, signed = self.study, bool(self.head["signed"])
        if not buffers:
            return
        bits = np.frombuffer(buffers[0], np.uint8)
        rows = np.flatnonzero(np.unpackbits(bits, count=study.store.count))
        made = partial(means.groups_of, study, rows, of=of, signed=signed)
        self._make("groups", made)

    @message("means")
    def _means(self) -> None:
        """The browser wants the mean maps of the confusion."""
        study, signed = self.study, bool(self.head["signed"])
        self._make("means", lambda: means.means_of(study, signed=signed))

    def _make(self, reading: str, make: Callable[[], findings.Found]) -> None:
        failed = partial(self._not_read, reading)
        self._do("readings", lambda: findings.made(reading, make), self._found, failed)

    def _found(self, found: findings.Found) -> None:
        if found["kind"] != "reading":
            key = str(found.get("reading") or found.get("method") or found["kind"])
            self._known[key] = found
        self._tell(found)
        if self._named and findings.sets_of(found):
            self._tell(self._named_sets())

    def _not_read(self, reading: str, problem: BaseException) -> None:
        words = f"{type(problem).__name__}: {problem}"
        self._tell({"kind": "reading", "reading": reading, "busy": False, "words": words})

    def _named_sets(self) -> SetsMessage:
        return findings.named_sets(self._named, self._known.values())

    @message("views")
    def _views(self) -> None:
        """The browser wants the part that shows confusion, similarity and other viewers."""
        self._tell(stills.views_part())

    @t.validate("slice")
    def _check_slice(self, proposal: Any) -> str:
        """The id of the slice that is meant, "" for none."""
        given = proposal["value"]
        if given is None or (isinstance(given, str) and not given):
            return ""
        if isinstance(given, (Slice, Suspicion)):
            study = self.study
            made: Any = (
                findings.slice_set(study, given)
                if isinstance(given, Slice)
                else findings.suspicion_set(study, given)
            )
            if made["id"] not in self._set_ids():
                self._named.append(made)
                self._tell(self._named_sets())
            return str(made["id"])
        ids = self._set_ids()
        for own in ids:
            if given == own or (isinstance(given, str) and own.partition(": ")[2] == given):
                return own
        titles = [own.partition(": ")[2] for own in ids]
        raise TraitProblem(
            f"slice is {brief(given)}; expected one of study.slices() or study.suspicions(), or "
            f"the title of one that is shown.{nearest(str(given), titles)}"
        )

    def _sets(self) -> Iterator[Mapping[str, Any]]:
        yield from self._named
        for found in self._known.values():
            yield from findings.sets_of(found)

    def _set_ids(self) -> list[str]:
        return [str(own["id"]) for own in self._sets()]

    def _release(self) -> None:
        super()._release()
        self._known, self._named, self._before = {}, [], None
