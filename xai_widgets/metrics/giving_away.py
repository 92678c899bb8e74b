"""An evaluation by an executor: a block of pictures is a task, and no network is ever sent."""

from __future__ import annotations

import os
import pickle
import threading
import uuid
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.engine.executors import Executor, mend_threads
from xai_widgets.engine.many import Batches
from xai_widgets.engine.recipes import EngineRecipe, made_engine
from xai_widgets.errors import ExplanationError
from xai_widgets.metrics.blocks import SIZE, Blocks
from xai_widgets.metrics.entries import Asked, Entry, Known
from xai_widgets.metrics.measuring import PictureMeasures, engine_word, weights_digest
from xai_widgets.metrics.requests import Specs, name_of
from xai_widgets.targets import Target, TargetLike

__all__ = ["entries_of_workers"]

_IN_FLIGHT = 32  # blocks that an executor has at a time: pictures wait in memory


@dataclass(frozen=True)
class Task:
    """What of a block of pictures is to be measured with one engine.

    number: of the evaluation, so that what one block learned serves the next. word, digests: of the
    engine and of what it makes of the pictures, by which a worker's engine is known to be the same.
    images, goals: by the pictures' numbers, and those of the first two. asked: for each picture the
    places of method and measure.
    """

    number: str
    word: str
    digests: Mapping[int, str]
    images: Mapping[int, Any]
    goals: Mapping[int, TargetLike]
    masks: Mapping[int, Any]
    count: int
    specs: Specs
    asked: Mapping[int, Sequence[tuple[int, int]]]
    keep_maps: bool


@dataclass(frozen=True)
class Answers:
    """Entries by picture, method and measure; maps, and what each took, by picture and method."""

    entries: dict[tuple[int, int, int], dict[str, Any]] = field(default_factory=dict)
    seconds: dict[tuple[int, int], float] = field(default_factory=dict)
    maps: dict[tuple[int, int], Attribution] = field(default_factory=dict)


class _Learned(threading.local):
    """What this thread has learned of the methods of the latest evaluation."""

    number = ""
    together: dict[str, Batches | None]


_ENGINES: dict[str, tuple[Engine, str]] = {}
_MAKING = threading.Lock()
_learned = _Learned()


def measure_by_recipe(recipe: Mapping[str, Any], task: Task) -> Answers:
    """Measure a block in a worker, whose engine is made by the recipe once. Raises ExplanationError
    where that is another engine than the task is of.
    """
    mend_threads()
    place = repr(sorted(recipe.items()))
    with _MAKING:
        if place not in _ENGINES:
            made = made_engine(EngineRecipe.of(recipe))
            _ENGINES[place] = made, engine_word(made, weights_digest(made))
    engine, word = _ENGINES[place]
    if word != task.word:
        raise ExplanationError(
            f"{recipe['factory']} makes another engine than the one that is evaluated: its "
            "weights, layer or reading of the output differ. Was the network trained or changed "
            "after it was loaded? Let the factory load the same weights from a file"
        )
    answers = measure_here(engine, task)
    return replace(answers, maps={key: _bare(a) for key, a in answers.maps.items()})


def measure_here(engine: Engine, task: Task) -> Answers:
    """Measure a block with an engine of this process."""
    if _learned.number != task.number:
        _learned.number, _learned.together = task.number, {}
    blocks = Blocks(engine, task.images, task.goals, task.count, _learned.together)
    methods, measures = task.specs.methods_of(engine), task.specs.cards()
    answers = Answers()
    for number, digest in task.digests.items():
        picture = blocks.picture(number)
        if picture.digest.hex() != digest:
            raise ExplanationError(
                f"{picture.name!r} is not the same for the worker's engine: the file has changed, "
                "or the recipe's preprocessing is another one"
            )
        measured = PictureMeasures(
            engine, blocks, number, task.goals[number], task.masks[number], task.specs.seed, ""
        )
        for i, j in task.asked[number]:
            answers.entries[number, i, j] = measured.entry(methods[i], measures[j])
        if task.keep_maps:
            for i, method in enumerate(methods):
                answers.maps[number, i] = measured.attribution(method)
        for i, method in enumerate(methods):
            if (seconds := measured.seconds(method)) is not None:
                answers.seconds[number, i] = seconds
    return answers


def _bare(attribution: Attribution) -> Attribution:
    """An attribution that can travel: its target without functions of the engine."""
    target = attribution.target
    return replace(attribution, target=Target(target.index, target.name))


def answer_of(future: Any, task: Task) -> Answers:
    """A task's answers. Raises ExplanationError where the task could not be sent, naming what of it
    could not, and where its worker died.
    """
    try:
        answers: Answers = future.result()
    except ExplanationError:
        raise
    except BrokenExecutor as error:
        raise ExplanationError(
            f"the executor's workers have died ({error}). Was there memory enough? In a script, "
            'start them below if __name__ == "__main__"'
        ) from error
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        problem = _unsendable(task)
        if problem is None:
            raise
        raise ExplanationError(
            f"{problem} cannot be sent to the executor's workers ({error}); define functions in a "
            "file, my_module.py, and import them, or use an executor of threads"
        ) from error
    return answers


def _unsendable(task: Task) -> str | None:
    """What of a task cannot be pickled, in words."""
    given = [
        *((f"the method {label or name_of(m)}", m) for label, m in task.specs.methods),
        *((f"the measure {label or name_of(m)}", m) for label, m in task.specs.measures),
        *((f"the target of picture {number}", goal) for number, goal in task.goals.items()),
        *((f"picture {number}", image) for number, image in task.images.items()),
    ]
    return next((words for words, value in given if not _can_be_pickled(value)), None)


def _can_be_pickled(value: Any) -> bool:
    try:
        pickle.dumps(value)
    except Exception:  # any type may raise anything in __reduce__
        return False
    return True


def _sendable(image: Any) -> Any:
    """A picture as a worker finds it: a path from its own folder, as an absolute one."""
    path = isinstance(image, (str, os.PathLike)) and os.path.exists(image)
    return os.path.abspath(image) if path else image


def entries_of_workers(
    asked: Asked, executor: Executor, recipes: Mapping[str, EngineRecipe] | None
) -> Generator[Entry, None, None]:
    """The entries of an evaluation, in the order of `entries_here`, a block as soon as it is back;
    without recipes the workers are threads of this process.
    """
    number = uuid.uuid4().hex
    starts = deque(range(0, len(asked.images), SIZE))
    away: deque[dict[str, _Away]] = deque()
    try:
        while starts or away:
            while starts and len(away) < _IN_FLIGHT:
                start = starts.popleft()
                block = range(start, min(start + SIZE, len(asked.images)))
                away.append(
                    {
                        name: _submitted(asked, name, block, number, executor, recipes)
                        for name in asked.engines
                    }
                )
            yield from _back(asked, away[0])
            away.popleft()
    finally:
        for sent in (one for block in away for one in block.values()):
            if hasattr(sent.future, "cancel"):
                sent.future.cancel()


@dataclass(frozen=True)
class _Away:
    """A block that a worker has; its future is None where all of it was known before."""

    known: Mapping[int, Known]
    task: Task
    future: Any


def _submitted(
    asked: Asked,
    engine: str,
    block: range,
    number: str,
    executor: Executor,
    recipes: Mapping[str, EngineRecipe] | None,
) -> _Away:
    known = {n: asked.known(engine, asked.measures_of(engine, n)) for n in block}
    missing = {
        n: [
            (i, j)
            for i, keys in enumerate(one.keys)
            for j, key in enumerate(keys)
            if asked.ledger.get(key) is None
        ]
        for n, one in known.items()
    }
    needed = sorted({*block, *range(min(2, len(asked.images)))})
    task = Task(
        number,
        asked.words[engine],
        {n: one.digest for n, one in known.items() if missing[n] or asked.keep_maps},
        {n: _sendable(asked.images[n]) for n in needed},
        {n: asked.goals[n] for n in needed},
        {n: asked.masks[n] for n in block},
        len(asked.images),
        asked.specs,
        missing,
        asked.keep_maps,
    )
    if not task.digests:
        return _Away(known, task, None)
    if recipes is None:
        return _Away(known, task, executor.submit(measure_here, asked.engines[engine], task))
    recipe = recipes[engine].to_json()
    return _Away(known, task, executor.submit(measure_by_recipe, recipe, task))


def _back(asked: Asked, block: Mapping[str, _Away]) -> Iterator[Entry]:
    answers = {
        name: Answers() if sent.future is None else answer_of(sent.future, sent.task)
        for name, sent in block.items()
    }
    for number in next(iter(block.values())).known:
        for engine, sent in block.items():
            known, found = sent.known[number], answers[engine]
            for i, method in enumerate(asked.methods[engine]):
                kept, seconds = found.maps.get((number, i)), found.seconds.get((number, i))
                for j, measure in enumerate(asked.cards):
                    entry = asked.ledger.get(known.keys[i][j])
                    if entry is None:
                        entry = asked.ledger.put(known.keys[i][j], **found.entries[number, i, j])
                    yield Entry(number, known.name, engine, method, measure, entry, kept, seconds)
