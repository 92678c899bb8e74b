"""Several engines in one table, and workers that make them by recipes."""

from __future__ import annotations

import io
import multiprocessing
import pickle
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import xai_widgets as xw
from tests.metrics.engines import brightest, make_engine
from tests.networks import Counting, cnn, picture
from xai_widgets import metrics

IMAGES = [picture(seed=s).sigmoid() for s in range(11)]
METHODS: list[Any] = ["grad_cam", ("occlusion", {"window": 8, "stride": 8})]
MEASURES: list[Any] = [("insertion", {"steps": 4}), "sparseness", brightest]
RECIPE = "tests.metrics.engines:make_engine"


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def rows(table: metrics.Table) -> list[Mapping[str, Any]]:
    return [dict(row) for row in table.rows]


def same(one: metrics.Table, other: metrics.Table) -> None:
    assert [{**row, "value": 0} for row in one.rows] == [{**row, "value": 0} for row in other.rows]
    values = [[row["value"] for row in table.rows] for table in (one, other)]
    np.testing.assert_allclose(*values, rtol=1e-5)


class Once:
    """An executor that runs a task when it is asked for, and counts."""

    def __init__(self) -> None:
        self.tasks = 0

    def submit(self, function: Any, *arguments: Any) -> Future[Any]:
        self.tasks += 1
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


def test_each_engine_has_the_values_it_has_alone() -> None:
    engines = {"one": xw.Engine(cnn()), "two": xw.Engine(cnn(seed=1))}
    table = metrics.evaluate(engines, IMAGES[:3], METHODS, MEASURES)
    assert table.engines == ["one", "two"]
    assert len(table) == 3 * 2 * 3 * 3
    for name, engine in engines.items():
        alone = metrics.evaluate({name: engine}, IMAGES[:3], METHODS, MEASURES)
        assert [row for row in rows(table) if row["engine"] == name] == rows(alone)
        wanted = alone.values("grad_cam", "sparseness")
        assert table.values("grad_cam", "sparseness", engine=name) == wanted
    with pytest.raises(xw.ExplanationError, match="the table is of 2 engines; name one"):
        table.values("grad_cam", "sparseness")
    assert {d.one.partition(":")[0] for d in table.differences()} == {"one", "two"}
    assert "<th>one: grad_cam</th>" in table._repr_html_()
    assert "one: occlusion" in table.to_latex()


def test_engines_in_a_list_are_numbered_where_their_names_are_the_same() -> None:
    table = metrics.evaluate(
        [xw.Engine(cnn()), xw.Engine(cnn(seed=1))], IMAGES[:1], ["saliency"], ["sparseness"]
    )
    assert table.engines == ["Cnn 1", "Cnn 2"]


def test_what_is_no_engine_is_refused() -> None:
    for given, said in (
        ({"one": cnn()}, r"bind it first: evaluate\(xw.Engine\(model\)"),
        ({}, "was given no engine"),
        ([], "was given no engine"),
        ({3: xw.Engine(cnn())}, "has the name 3"),
    ):
        with pytest.raises(xw.ExplanationError, match=said):
            metrics.evaluate(given, IMAGES[:1], ["saliency"], ["sparseness"])
    with pytest.raises(xw.ExplanationError, match="swapped"):
        metrics.evaluate(IMAGES[:1], xw.Engine(cnn()), ["saliency"], ["sparseness"])


def test_engines_that_answer_differently_are_told_of() -> None:
    engines = {"one": xw.Engine(cnn()), "two": xw.Engine(cnn(seed=3))}
    own = metrics.evaluate(engines, IMAGES[:4], ["saliency"], ["sparseness"])
    differ = sum(
        len({row["target"] for row in own.rows if row["picture"] == n}) > 1 for n in range(4)
    )
    assert differ == 4
    assert any(f"different classes of {differ} picture" in warning for warning in own.warnings)
    fixed = metrics.evaluate(engines, IMAGES[:4], ["saliency"], ["sparseness"], targets=1)
    assert not any("different classes" in warning for warning in fixed.warnings)


def test_maps_are_kept_when_asked(tmp_path: Path) -> None:
    engine = xw.Engine(cnn())
    plain = metrics.evaluate(engine, IMAGES, METHODS, ["sparseness"])
    assert plain.maps == {}
    path = tmp_path / "values.jsonl"
    for _ in range(2):  # the second time all values are known
        kept = metrics.evaluate(
            engine, IMAGES, METHODS, ["sparseness"], keep_maps=True, resume=path
        )
        assert rows(kept) == rows(plain)
        assert len(kept.maps) == 11 * 3
        for (name, method, number), attribution in kept.maps.items():
            assert name == "Cnn"
            found = metrics.sparseness(attribution)
            assert kept.values(method, "sparseness")[number] == pytest.approx(found)
    assert kept.maps["Cnn", "grad_cam", 4].method == "grad_cam"


def test_seconds_of_each_method() -> None:
    table = metrics.evaluate(xw.Engine(cnn()), IMAGES, METHODS, MEASURES)
    assert set(table.seconds) == {"grad_cam", "occlusion", "random"}
    assert all(0 < seconds < 60 for seconds in table.seconds.values())
    assert len(table.times) == 11 * 3


def test_processes_give_the_same_table(processes: ProcessPoolExecutor) -> None:
    engine = make_engine()
    here = metrics.evaluate(engine, IMAGES, METHODS, MEASURES, keep_maps=True)
    there = metrics.evaluate(
        engine, IMAGES, METHODS, MEASURES, keep_maps=True, executor=processes, recipe=RECIPE
    )
    same(here, there)
    assert set(there.maps) == set(here.maps)
    assert set(there.seconds) == set(here.seconds)
    for place, attribution in here.maps.items():
        found = there.maps[place]
        np.testing.assert_allclose(found.values, attribution.values, rtol=1e-3, atol=1e-6)
        assert found.target.name == attribution.target.name


def test_processes_with_several_engines_and_files(
    processes: ProcessPoolExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are relative to the folder of whoever asks."""
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    engines = {"a": make_engine(), "b": make_engine(seed=1)}
    files = ["0.png", "1.png", Path("2.png")]
    recipes = {"a": RECIPE, "b": {"factory": RECIPE, "settings": {"seed": 1}}}
    here = metrics.evaluate(engines, files, ["saliency"], ["sparseness"])
    there = metrics.evaluate(
        engines, files, ["saliency"], ["sparseness"], executor=processes, recipe=recipes
    )
    same(here, there)
    listed = metrics.evaluate(
        list(engines.values()), files, ["saliency"], ["sparseness"], executor=processes,
        recipe=list(recipes.values()),
    )  # fmt: skip
    assert [r["value"] for r in listed.rows] == [r["value"] for r in there.rows]


def test_threads_use_the_engine_that_is_here() -> None:
    engine = xw.Engine(cnn())
    here = metrics.evaluate(engine, IMAGES, METHODS, MEASURES)
    with ThreadPoolExecutor(3) as pool:
        same(here, metrics.evaluate(engine, IMAGES, METHODS, MEASURES, executor=pool))
        own = [lambda e, p, t: p.input[0].sum(0).numpy()]  # needs not travel
        assert len(metrics.evaluate(engine, IMAGES, own, ["sparseness"], executor=pool)) == 22


def test_only_what_is_missing_is_given_away(tmp_path: Path) -> None:
    engine, path, pool = make_engine(), tmp_path / "values.jsonl", Once()
    given: dict[str, Any] = {"executor": pool, "recipe": RECIPE, "resume": path}
    whole = metrics.evaluate(engine, IMAGES, METHODS, MEASURES)
    steps = metrics.stream_evaluate(engine, IMAGES, METHODS, MEASURES, resume=path)
    for _ in range(9 * 9 + 4):  # the first block, and some of the second
        next(steps)
    steps.close()
    found = metrics.evaluate(engine, IMAGES, METHODS, MEASURES, **given)
    assert rows(found) == rows(whole)
    assert pool.tasks == 1
    again = metrics.evaluate(engine, IMAGES, METHODS, MEASURES, **given)
    assert rows(again) == rows(whole)
    assert pool.tasks == 1


def test_what_one_block_learned_serves_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Counting] = []

    def counting() -> xw.Engine:
        made.append(Counting(cnn()))
        return xw.Engine(made[-1])

    monkeypatch.setattr("tests.metrics.engines.counting", counting, raising=False)
    pictures = [picture(seed=s) for s in range(40)]
    engine = xw.Engine(Counting(cnn()))
    metrics.evaluate(
        engine, pictures, ["grad_cam"], ["sparseness"], control=False, executor=Once(),
        recipe="tests.metrics.engines:counting",
    )  # fmt: skip
    (worker,) = made
    assert [n for n in worker.passes if n > 2] == [8] * 5
    assert len(worker.passes) < 14


def test_what_was_given_away_is_taken_back_where_one_of_it_fails() -> None:
    class Full:
        def __init__(self) -> None:
            self.given: list[Future[Any]] = []

        def submit(self, _function: Any, *_arguments: Any) -> Future[Any]:
            future: Future[Any] = Future()
            if not self.given:
                future.set_exception(xw.ExplanationError("the first block failed"))
            self.given.append(future)
            return future

    full = Full()
    with pytest.raises(xw.ExplanationError, match="the first block failed"):
        metrics.evaluate(
            make_engine(), IMAGES, METHODS, ["sparseness"], executor=full, recipe=RECIPE
        )
    others = full.given[1:]
    assert others
    assert all(future.cancelled() for future in others)


def test_the_network_is_never_sent() -> None:
    sent: list[Any] = []

    class Looking(Once):
        def submit(self, function: Any, *arguments: Any) -> Future[Any]:
            sent.extend(arguments)
            return super().submit(function, *arguments)

    metrics.evaluate(
        make_engine(), IMAGES[:3], METHODS, ["sparseness"], executor=Looking(), recipe=RECIPE
    )

    class Looks(pickle.Pickler):
        def reducer_override(self, value: Any) -> Any:
            assert not isinstance(value, (torch.nn.Module, torch.nn.Parameter, xw.Engine))
            return NotImplemented

    Looks(io.BytesIO()).dump(sent)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no recipe": ({"recipe": None}, 'give recipe="my_module:make_engine"'),
    "no executor": ({"executor": None}, "give executor= too"),
    "no submit": ({"executor": 3}, "without submit"),
    "no such function": ({"recipe": "tests.metrics.engines:make_engin"}, "Did you mean"),
    "other weights": (
        {"recipe": {"factory": RECIPE, "settings": {"seed": 1}}},
        "makes another engine than the one that is evaluated",
    ),
    "other layer": (
        {"recipe": {"factory": RECIPE, "settings": {"layer": "conv1"}}}, "layer or reading",
    ),
    "other preprocessing": (
        {"recipe": "tests.metrics.engines:half_size"},
        "is not the same for the worker's engine",
    ),
    "data": ({"recipe": {"factory": RECIPE, "data": "x"}}, "unexpected keyword argument 'data'"),
    "two of one": ({"recipe": [RECIPE, RECIPE]}, "recipe is ["),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_workers_that_would_measure_something_else_are_refused(case: str) -> None:
    given, said = WRONG[case]
    asked: dict[str, Any] = {"executor": Once(), "recipe": RECIPE, **given}
    with pytest.raises(xw.ExplanationError) as error:
        metrics.evaluate(make_engine(), IMAGES[:3], ["saliency"], ["sparseness"], **asked)
    assert said in str(error.value)


def test_recipes_of_several_engines_are_named() -> None:
    engines = {"a": make_engine(), "b": make_engine(seed=1)}
    for recipe, said in (
        (RECIPE, "for 2 engines; expected one for each: {'a': ..., 'b': ...}"),
        ({"a": RECIPE}, "says nothing of b"),
        ({"a": RECIPE, "bb": RECIPE}, "none of the engines"),
        (None, "one for each of a, b"),
    ):
        with pytest.raises(xw.ExplanationError) as error:
            metrics.evaluate(
                engines, IMAGES[:2], ["saliency"], ["sparseness"], executor=Once(), recipe=recipe
            )
        assert said in str(error.value)


def test_functions_that_cannot_travel_are_named(processes: ProcessPoolExecutor) -> None:
    def mine(engine: Any, picture: Any, attribution: Any, target: Any) -> float:
        return 1.0

    with pytest.raises(
        xw.ExplanationError, match=r"the measure mine cannot be sent.*my_module\.py"
    ):
        metrics.evaluate(
            make_engine(), IMAGES[:2], ["saliency"], [mine], executor=processes, recipe=RECIPE
        )
    with pytest.raises(xw.ExplanationError, match=r"the target of picture 0 cannot be sent"):
        metrics.evaluate(
            make_engine(), IMAGES[:2], ["saliency"], ["sparseness"], executor=processes,
            recipe=RECIPE, targets=lambda output: output[:, 0],
        )  # fmt: skip


def test_what_a_worker_cannot_measure_is_told_as_here(processes: ProcessPoolExecutor) -> None:
    images = [torch.randn(3, 16, 16)]  # black is unknown
    with pytest.raises(xw.ExplanationError, match="average_drop of saliency on 'tensor': what bla"):
        metrics.evaluate(
            make_engine(), images, ["saliency"], ["average_drop"], executor=processes, recipe=RECIPE
        )
