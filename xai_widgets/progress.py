"""How far a piece of work has come: the one form in which anything unfinished is reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

__all__ = ["Progress", "with_count_bar", "with_progress_bar"]

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


@dataclass(frozen=True)
class Progress(Generic[T_co]):
    """One step of a piece of work: the `fraction` done, of 1; the `result` so far; and `words`, for
    a reader, on what is being done.

    The last step has fraction 1 and the final result. Work that has nothing to show before its end
    says so in its type, `Progress[Curve | None]`.
    """

    fraction: float
    result: T_co
    words: str = ""

    @property
    def attribution(self) -> T_co:
        """The result, by the name it has where an attribution is computed."""
        return self.result


def with_progress_bar(steps: Iterable[Progress[T]], title: str) -> Iterator[Progress[T]]:
    """The same steps, with a bar that follows them in a terminal or below a notebook's cell."""
    from tqdm.auto import tqdm

    form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
    with tqdm(total=1.0, desc=title, bar_format=form) as bar:
        for step in steps:
            bar.set_postfix_str(step.words, refresh=False)
            bar.update(step.fraction - bar.n)
            yield step


def with_count_bar(found: Iterable[T], items: Iterable[Any], title: str) -> Iterator[T]:
    """The same results, one for each item, with a bar that counts them."""
    from tqdm.auto import tqdm

    total = len(items) if isinstance(items, Sized) else None
    with tqdm(total=total, desc=title) as bar:
        for result in found:
            bar.update()
            yield result
