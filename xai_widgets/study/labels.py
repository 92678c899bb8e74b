"""The labels of a data set as classes of a network: by name, never by accident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, brief, nearest, some_of

__all__ = ["Classes"]

UNKNOWN = -1  # the class of a row without a label


def _folded(name: object) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in str(name).casefold()).split())


@dataclass(frozen=True)
class Classes:
    """Which class of the network a label means.

    names: of the network's classes; None where it has none. count: how many classes. by_label: the
    class of each label. warnings: what was taken for granted, in sentences.
    """

    names: tuple[str, ...] | None
    count: int
    by_label: Mapping[Any, int]
    warnings: tuple[str, ...] = field(default=())

    @classmethod
    def of(
        cls,
        labels: Sequence[Any] | None,
        label_names: Sequence[str] | None,
        names: Sequence[str] | None,
        count: int,
        given: Mapping[Any, Any] | None = None,
    ) -> Classes:
        """Match labels to the network's ``names`` (or ``count`` classes without names).

        ``given`` says of labels which class they are, by its name or index, and wins. Labels with
        names are matched by name, upper and lower case and punctuation aside; numbers are indices.
        Where the network has no names, as many named labels as classes are taken in alphabetical
        order, which is said. Raises ExplanationError for a label that is no class.
        """
        network = None if names is None else tuple(names)
        used = [] if labels is None else list(dict.fromkeys(v for v in labels if v is not None))
        if label_names is not None and all(isinstance(v, str) for v in used):
            used = list(dict.fromkeys([*used, *label_names]))
        found: dict[Any, int] = {}
        for label, wanted in (given or {}).items():
            found[label] = cls._one(wanted, network, count, f"classes[{label!r}]")
        rest = [label for label in used if label not in found]
        warnings: list[str] = []
        texts = [label for label in rest if isinstance(label, str)]
        numbers = [label for label in rest if not isinstance(label, str)]
        if numbers and label_names is not None:
            named = dict(enumerate(map(str, label_names)))
            own, said = cls._numbered(numbers, named, network, count)
            warnings += said
            found |= own
        else:
            found |= {n: cls._one(n, network, count, "a label") for n in numbers}
        if texts:
            own, said = cls._named(texts, network, count, complete=label_names is not None)
            warnings += said
            found |= own
        return cls(network, count, found, tuple(warnings))

    @staticmethod
    def _one(wanted: Any, names: Sequence[str] | None, count: int, what: str) -> int:
        if isinstance(wanted, str):
            match = [] if names is None else [i for i, n in enumerate(names) if n == wanted]
            if len(match) != 1:
                raise ExplanationError(
                    f"{what} is {wanted!r}, which is none of the network's classes."
                    f"{nearest(wanted, names or ())}"
                )
            return match[0]
        index = int(wanted)
        if not 0 <= index < count:
            raise ExplanationError(
                f"{what} is {index}, but the network has {count} classes: expected 0 to "
                f"{count - 1}. For a picture without a label give None"
                + (". Do the labels begin at 1?" if index == count else "")
            )
        return index

    @classmethod
    def _named(
        cls, texts: list[str], names: Sequence[str] | None, count: int, *, complete: bool
    ) -> tuple[dict[Any, int], list[str]]:
        known: dict[str, list[int]] = {}
        for index, name in enumerate(names or ()):
            known.setdefault(_folded(name), []).append(index)
        exact = {
            name: i for i, name in enumerate(names or ()) if list(names or ()).count(name) == 1
        }
        found = {}
        for text in texts:
            match = [exact[text]] if text in exact else known.get(_folded(text), [])
            if len(match) == 1:
                found[text] = match[0]
        missing = [text for text in texts if text not in found]
        if not missing:
            return found, []
        if not found and all(text.strip().isdecimal() for text in texts):
            return {t: cls._one(int(t), names, count, f"the label {t!r}") for t in texts}, []
        ordered = sorted(set(texts))
        if not found and names is None and len(ordered) == count:
            return dict(zip(ordered, range(count), strict=True)), [
                "The network has no class names, so the labels are taken in alphabetical order: "
                f"{ordered[0]!r} is class 0, {ordered[-1]!r} class {count - 1}. If that is not "
                "how it was trained, give the engine class_names, or the study classes={label: "
                "index}."
            ]
        wnids = all(len(t) == 9 and t[0] == "n" and t[1:].isdecimal() for t in ordered)
        if not found and wnids and complete and len(ordered) == count:
            return dict(zip(ordered, range(count), strict=True)), [
                "The labels are WordNet numbers; they are taken in their order, as ImageNet's "
                "classes are."
            ]
        if names is None:
            raise ExplanationError(
                f"the data have {len(ordered)} labels ({some_of(ordered, 3)}), and the network has "
                f"{count} classes without names; give the engine class_names, or the study "
                "classes={label: index}"
            )
        raise ExplanationError(
            f"the label {missing[0]!r} is none of the network's {count} classes "
            f"({some_of(names, 3)}).{nearest(missing[0], names)} Say which class each label is: "
            f"classes={{{missing[0]!r}: {names[0]!r}, ...}}"
            + (f" ({len(missing)} of {len(texts)} labels are missing)" if len(texts) > 1 else "")
        )

    @classmethod
    def _numbered(
        cls, numbers: list[Any], named: Mapping[int, str], names: Sequence[str] | None, count: int
    ) -> tuple[dict[Any, int], list[str]]:
        """Numbers whose meaning the data set knows: by name where the network has the same names
        in any order, else as indices.
        """
        folded = {_folded(name): i for i, name in enumerate(names or ())}
        match = {n: folded.get(_folded(named.get(int(n), ""))) for n in numbers}
        if all(i is not None for i in match.values()):
            found = {n: int(i) for n, i in match.items() if i is not None}
            moved = [n for n, i in found.items() if int(n) != i]
            if not moved:
                return found, []
            return found, [
                f"The data number their classes otherwise than the network: {moved[0]} is "
                f"{named[int(moved[0])]!r}, the network's class {found[moved[0]]}. They are "
                "matched by name."
            ]
        indices = {n: cls._one(n, names, count, "a label") for n in numbers}
        if names is None:
            return indices, []
        other = next(n for n, i in match.items() if i is None)
        return indices, [
            f"The data call class {other} {named.get(int(other), '')!r}, and the network "
            f"{names[int(other)]!r}; the numbers are taken as they are. If that is wrong, give "
            "the study classes={label: class}."
        ]

    def index(self, label: Any) -> int:
        """The class of a label; -1 for none. Raises ExplanationError for one not met before."""
        if label is None:
            return UNKNOWN
        if label in self.by_label:
            return self.by_label[label]
        if isinstance(label, str):
            return self._named([label], self.names, self.count, complete=False)[0][label]
        return self._one(label, self.names, self.count, "a label")

    def indices(self, labels: Sequence[Any] | None, count: int) -> npt.NDArray[np.int32]:
        """The class of each label, -1 where there is none."""
        if labels is None:
            return np.full(count, UNKNOWN, np.int32)
        return np.array([self.index(label) for label in labels], dtype=np.int32)

    def name(self, index: int) -> str:
        """A class's name, or ``"class 7"``."""
        if index == UNKNOWN:
            return "no label"
        if self.names is None or index >= len(self.names):
            return f"class {index}"
        return self.names[index]


def check_classes(given: Any) -> Mapping[Any, Any] | None:
    """The argument ``classes``. Raises ExplanationError for anything but a mapping."""
    if given is None or isinstance(given, Mapping):
        return given
    raise ExplanationError(
        f"classes is {brief(given)}; expected a mapping from labels of the data to classes of the "
        'network, such as {"cat": "tiger cat"}'
    )


def plain_labels(labels: Any) -> list[Any]:
    """Labels as Python numbers and texts; None, nan and "" are no label.

    Raises ExplanationError for several labels of one picture.
    """
    if hasattr(labels, "detach"):
        labels = labels.detach().cpu().numpy()
    if hasattr(labels, "to_numpy"):
        labels = labels.to_numpy()
    shape: Any = getattr(labels, "shape", ())
    if len(shape) == 2 and shape[1] > 1:
        raise ExplanationError(
            f"labels are {brief(labels)}; expected one for each picture. Where each row has one 1, "
            "pass labels.argmax(1)"
        )
    if len(shape) > 1:
        labels = np.asarray(labels).reshape(-1)
    return [plain_label(label) for label in labels]


def plain_label(label: Any) -> Any:
    """One label as a Python number or text; None where there is none."""
    if hasattr(label, "detach"):
        label = label.detach().cpu().numpy()
    if isinstance(label, np.ndarray) and label.size == 1:
        label = label.reshape(()).item()
    if isinstance(label, np.generic):
        label = label.item()
    if isinstance(label, (list, tuple, dict, np.ndarray)):
        raise ExplanationError(
            f"a label is {brief(label)}; expected one class for each picture, a number or a name"
        )
    if label is None or label == "" or (isinstance(label, float) and label != label):
        return None
    if isinstance(label, float) and label.is_integer():
        return int(label)
    if isinstance(label, (bool, int, str)):
        return int(label) if isinstance(label, bool) else label
    if isinstance(label, float):
        raise ExplanationError(
            f"a label is {label!r}, no whole number; a study is of classes: round it or cut it "
            "into classes first, and pass the number itself as a column of metadata"
        )
    return str(label)
