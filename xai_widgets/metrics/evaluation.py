"""Many pictures, engines, methods and measures in one table, which can be cut off and resumed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy.typing as npt

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import several_pictures
from xai_widgets.engine.executors import check_executor, works_here
from xai_widgets.errors import ExplanationError, brief, strict_keywords
from xai_widgets.metrics.engines import Engines, named_engines, recipes_of
from xai_widgets.metrics.entries import Asked, Entry, entries_here
from xai_widgets.metrics.giving_away import entries_of_workers
from xai_widgets.metrics.ledger import Ledger
from xai_widgets.metrics.origin import Place
from xai_widgets.metrics.requests import MeasureSpec, MethodSpec, Specs, per_picture
from xai_widgets.metrics.table import Table
from xai_widgets.progress import Progress, with_progress_bar
from xai_widgets.targets import TargetLike


@strict_keywords
def evaluate(
    engine: Engine | Mapping[str, Engine] | Sequence[Engine],
    images: Sequence[Any],
    methods: Sequence[MethodSpec] | Mapping[str, MethodSpec],
    measures: Sequence[MeasureSpec] | Mapping[str, MeasureSpec],
    *,
    targets: TargetLike | Sequence[TargetLike] = None,
    masks: Sequence[npt.ArrayLike] | None = None,
    control: bool = True,
    seed: int = 0,
    progress: bool | Callable[[int, int], None] | None = False,
    resume: str | Path | None = None,
    executor: Any = None,
    recipe: Any = None,
    keep_maps: bool = False,
) -> Table:
    """Every measure of every method's map of every picture, as a tidy table.

    engine: one, or several, by names of your own or in a list, which are then measured on the same
    pictures. methods: names, ``(name, parameters)``, or functions of engine, picture and target
    that return a map; in a dict, by labels of your own. ``"random"`` is uniform noise per pixel;
    `control` adds it where it is not among them. measures: names, ``(name, parameters)``, or
    functions of engine, picture, attribution and target that return a number; also by labels.
    targets: None for each picture's own top class, one for all, or a list of one each. masks: bool
    (H, W) for each picture, which the localisation measures need. seed: of every random part; each
    picture and measure draws its own, the same for all methods. progress: True shows a bar in the
    terminal or below the notebook's cell. keep_maps: whether `Table.maps` keeps the attributions.

    resume: a file to which each value is written as soon as it is known; an evaluation that was
    cut off goes on from there and gives the same table. Values are found again by the weights, the
    picture, method, measure, their parameters, target and seed; your own functions by their names.

    executor: anything with `submit` (`concurrent.futures`, loky, dask's ``client.get_executor()``)
    measures blocks of eight pictures. The network is never sent: workers of other processes make
    their engines by `recipe`, the import path of a function that returns the engine,
    ``"my_module:make_engine"``, or ``dict(factory=..., settings={...})``; for several engines one
    for each, by the same names or in the same order. A worker whose network or preprocessing is
    another one is refused.

    Pictures are measured one at a time; methods that need one pass explain eight together, and
    measures share forwards that do not depend on the map. Raises ExplanationError before the first
    forward for an unknown method, measure or parameter, or lists of unequal length; later, naming
    picture, method and measure, where one cannot be taken.
    """
    steps: Iterable[Progress[Table]] = stream_evaluate(
        engine, images, methods, measures, targets=targets, masks=masks, control=control,
        seed=seed, resume=resume, executor=executor, recipe=recipe, keep_maps=keep_maps,
    )  # fmt: skip
    if progress is True:
        steps = with_progress_bar(steps, "evaluate")
    elif callable(progress):
        warnings.warn(
            "evaluate(progress=function) is replaced by progress=True, which shows a bar, and by "
            "stream_evaluate, which gives every step",
            DeprecationWarning,
            stacklevel=2,
        )
    for done, step in enumerate(steps):
        table = step.result
        if done and callable(progress):
            progress(done, round(done / step.fraction))
    return table


@strict_keywords
def stream_evaluate(
    engine: Engine | Mapping[str, Engine] | Sequence[Engine],
    images: Sequence[Any],
    methods: Sequence[MethodSpec] | Mapping[str, MethodSpec],
    measures: Sequence[MeasureSpec] | Mapping[str, MeasureSpec],
    *,
    targets: TargetLike | Sequence[TargetLike] = None,
    masks: Sequence[npt.ArrayLike] | None = None,
    control: bool = True,
    seed: int = 0,
    resume: str | Path | None = None,
    executor: Any = None,
    recipe: Any = None,
    keep_maps: bool = False,
) -> Generator[Progress[Table], None, None]:
    """`evaluate` step by step: the table of the pictures finished so far, at the beginning and
    after every value. Arguments and errors are those of `evaluate`.
    """
    engines = named_engines(engine, images, methods, measures)
    return _stream(
        engines, images, methods, measures, targets, masks, control, seed, resume, executor, recipe,
        keep_maps,
    )  # fmt: skip


def _stream(
    engines: Engines, images: Any, methods: Any, measures: Any, targets: Any, masks: Any,
    control: bool, seed: int, resume: Any, executor: Any, recipe: Any, keep_maps: bool,
) -> Generator[Progress[Table], None, None]:  # fmt: skip
    images = several_pictures(images, "evaluate")
    specs = Specs.of(methods, measures, control, seed)
    requests = {name: specs.methods_of(one) for name, one in engines.items()}
    cards = specs.cards()
    goals = per_picture("targets", targets, len(images))
    if getattr(masks, "ndim", 3) == 2:
        raise ExplanationError(f"masks is one mask, {brief(masks)}; expected a list: [mask]")
    outlines = per_picture("masks", None if masks is None else list(masks), len(images))
    if masks is None and (needy := [card.label for card in cards if card.what.of == "mask"]):
        raise ExplanationError(f"{needy[0]} needs masks; got masks=None, expected one per picture")
    asked = Asked(
        engines, images, dict(enumerate(goals)), outlines, specs, requests, cards, Ledger(resume),
        keep_maps,
    )  # fmt: skip
    if executor is None:
        if recipe is not None:
            raise ExplanationError("recipe= is for the workers of an executor; give executor= too")
        entries = entries_here(asked)
    else:
        check_executor(executor)
        recipes = None if works_here(executor) else recipes_of(recipe, engines)
        entries = entries_of_workers(asked, executor, recipes)
    count = len(images) * sum(map(len, requests.values())) * len(cards)
    with closing(entries):
        yield from _tables(asked, entries, count)


def _tables(
    asked: Asked, entries: Iterable[Entry], count: int
) -> Generator[Progress[Table], None, None]:
    """The table of the pictures finished so far, before and after every entry, of so many."""
    each = count // max(len(asked.images), 1)
    better = {card.label: card.what.better for card in asked.cards}
    several = len(asked.engines) > 1
    rows: list[Mapping[str, Any]] = []
    warned: dict[str, dict[str, set[int]]] = {}  # the pictures, by sentence and method
    maps: dict[Place, Attribution] = {}
    times: dict[Place, float] = {}
    origin = asked.origin(0)
    table = Table((), better, origin=origin)
    yield Progress(0.0 if count else 1.0, table)
    for entry in entries:
        number, method, found = entry.picture, entry.method.label, entry.found
        title = f"{entry.engine}: {method}" if several else method
        place = Place(entry.engine, method, number)
        for warning in found.get("warnings", ()):
            warned.setdefault(warning, {}).setdefault(title, set()).add(number)
        if entry.seconds is not None:
            times[place] = entry.seconds
        if entry.attribution is not None:
            maps[place] = entry.attribution
        row = {"picture": number, "name": entry.name, "target": found["target"]}
        row |= {"engine": entry.engine, "method": method, "measure": entry.measure.label}
        rows.append({**row, "value": found["value"]})
        if len(rows) == (number + 1) * each:
            said = (*_summed_up(warned), *_answers_differ(asked, rows))
            origin = asked.origin(number + 1)
            table = Table(tuple(rows), better, said, dict(maps), dict(times), origin)
        yield Progress(len(rows) / count, table, f"{entry.name}: {title}")


def _summed_up(warned: Mapping[str, Mapping[str, set[int]]]) -> tuple[str, ...]:
    return tuple(
        f"{', '.join(methods)} ({len(set().union(*methods.values()))} picture(s)): {warning}"
        for warning, methods in warned.items()
    )


def _answers_differ(asked: Asked, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A warning where engines were explained for different classes of the same picture."""
    if len(asked.engines) < 2:
        return
    targets: dict[int, set[str]] = {}
    for row in rows:
        targets.setdefault(row["picture"], set()).add(row["target"])
    if differ := sum(len(names) > 1 for names in targets.values()):
        yield (
            f"the engines were explained for different classes of {differ} picture(s), each for "
            "its own answer; targets=[...], one each, asks all of them the same"
        )
