"""The table: its values, what its forwards cost, and that it survives being cut off anywhere."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import xai_widgets as xw
from tests.networks import Counting, cnn, picture
from xai_widgets import metrics
from xai_widgets.progress import Progress

ROOT = Path(__file__).resolve().parents[2]
IMAGES = [picture(seed=s).sigmoid() for s in range(3)]
METHODS = ["grad_cam", "saliency"]
MEASURES: list[Any] = [
    ("insertion", {"steps": 5}),
    ("road", {"percentages": (50,)}),
    "average_drop",
    ("infidelity", {"samples": 6}),
    "sparseness",
]


def rows(table: metrics.Table) -> list[Mapping[str, Any]]:
    return [dict(row) for row in table.rows]


def run(path: Path | None = None, **options: Any) -> metrics.Table:
    return metrics.evaluate(xw.Engine(cnn()), IMAGES, METHODS, MEASURES, resume=path, **options)


def stream(path: Path | None = None) -> Generator[Progress[metrics.Table], None, None]:
    return metrics.stream_evaluate(xw.Engine(cnn()), IMAGES, METHODS, MEASURES, resume=path)


@pytest.fixture(scope="module")
def whole() -> list[Mapping[str, Any]]:
    return rows(run())


def test_values_are_those_of_the_measures_themselves() -> None:
    engine = xw.Engine(cnn())
    masks = [np.arange(256).reshape(16, 16) % 7 == i for i in range(3)]
    measures = [("deletion", {"steps": 4, "baseline": "mean"}), "relevance_mass", "complexity"]
    table = metrics.evaluate(
        engine, IMAGES, [("grad_cam", {"layer": "conv1"}), "saliency"], measures,
        masks=masks, targets=[1, None, 2],
    )  # fmt: skip
    assert table.methods == ["grad_cam(layer='conv1')", "saliency", "random"]
    assert table.measures == ["deletion(steps=4, baseline='mean')", "relevance_mass", "complexity"]
    assert len(table) == 3 * 3 * 3
    for i, target in enumerate([1, None, 2]):
        goal = engine.internals.resolve_target(IMAGES[i], target)
        maps = {
            "grad_cam(layer='conv1')": engine.explain(
                IMAGES[i], "grad_cam", target=target, layer="conv1"
            ),
            "saliency": engine.explain(IMAGES[i], "saliency", target=target),
            "random": metrics.random_map(engine.picture(IMAGES[i]), goal),
        }
        for name, m in maps.items():
            curve = metrics.deletion(engine, IMAGES[i], m, target=target, steps=4, baseline="mean")
            wanted = [curve.auc, metrics.relevance_mass(m, masks[i]), metrics.complexity(m)]
            got = [table.values(name, measure)[i] for measure in table.measures]
            # Together or alone, as far as rounding goes.
            np.testing.assert_allclose(got, wanted, rtol=1e-6)
    assert {row["target"] for row in table.rows if row["picture"] == 0} == {"class 1"}


def test_measures_of_methods_and_of_ones_own() -> None:
    engine = xw.Engine(cnn())

    def brightness(engine: xw.Engine, picture: Any, target: Any) -> np.ndarray:
        return picture.input[0].sum(0).numpy()

    def peak(engine: xw.Engine, picture: Any, attribution: Any, target: Any) -> float:
        return float(attribution.heatmap().max())

    measures = [
        peak,
        "completeness",
        ("max_sensitivity", {"samples": 2}),
        ("model_randomization", {"stages": 2}),
        "random_logit",
    ]
    table = metrics.evaluate(engine, IMAGES[:1], [brightness, "saliency"], measures, control=False)
    assert table.methods == ["brightness", "saliency"]
    highest = float(IMAGES[0][0].sum(0).max())
    assert table.values("brightness", "peak") == [pytest.approx(highest)]
    assert table.values("brightness", "random_logit") == [pytest.approx(1)]
    sensitive = table.values("brightness", "max_sensitivity(samples=2)")[0]
    assert 0 < sensitive < 0.05
    assert table.values("saliency", "random_logit")[0] < 1
    randomised = "model_randomization(stages=2)"
    assert table.values("brightness", randomised) == [pytest.approx(1)]
    assert abs(table.values("saliency", randomised)[0]) < 0.9
    assert table.better["peak"] == ""
    assert table.better["random_logit"] == "low"


def test_the_random_control_draws_anew_for_each_perturbed_picture() -> None:
    table = metrics.evaluate(
        xw.Engine(cnn()), IMAGES[:1], ["saliency"], [("max_sensitivity", {"samples": 2})]
    )
    noise = table.values("random", "max_sensitivity(samples=2)")[0]
    assert noise == pytest.approx(0.5**0.5, abs=0.1)  # ‖u − v‖/‖u‖ of uniform noise


def test_the_same_seed_gives_the_same_table(whole: list[Mapping[str, Any]]) -> None:
    assert rows(run()) == whole
    other = rows(run(seed=1))
    differ = {a["measure"] for a, b in zip(whole, other, strict=True) if a != b}
    assert differ == {
        "insertion(steps=5)", "road(percentages=(50,))", "average_drop", "infidelity(samples=6)",
        "sparseness",  # of the random control
    }  # fmt: skip
    kept = [(a["method"], a["measure"]) for a, b in zip(whole, other, strict=True) if a == b]
    assert set(kept) == {
        (m, n) for m in METHODS for n in ("insertion(steps=5)", "average_drop", "sparseness")
    }


def test_each_step_has_the_table_of_the_pictures_finished(whole: list[Mapping[str, Any]]) -> None:
    steps = list(stream())
    assert [step.fraction for step in steps] == [n / len(whole) for n in range(len(whole) + 1)]
    for done, step in enumerate(steps):
        assert rows(step.result) == whole[: done // 15 * 15]
    assert steps[-1].words == "tensor: random"


def test_the_callback_of_before_still_works(whole: list[Mapping[str, Any]]) -> None:
    heard: list[tuple[int, int]] = []
    with pytest.warns(DeprecationWarning, match="progress=True"):
        table = run(progress=lambda done, total: heard.append((done, total)))
    assert rows(table) == whole
    assert heard == [(n, len(whole)) for n in range(1, len(whole) + 1)]


def test_a_bar_shows_how_far_it_is(
    whole: list[Mapping[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert rows(run(progress=True)) == whole
    assert "evaluate: 100%" in capsys.readouterr().err


class Cut(Exception):
    pass


@pytest.mark.parametrize("after", [1, 7, 15, 16, 44])
def test_an_exception_anywhere(after: int, tmp_path: Path, whole: list[Mapping[str, Any]]) -> None:
    path = tmp_path / "deep" / "values.jsonl"

    steps = stream(path)
    for _ in range(after + 1):  # the first is before the first value
        next(steps)
    with pytest.raises(Cut):
        steps.throw(Cut)
    assert len(path.read_text().splitlines()) == after
    assert rows(run(path)) == whole
    assert len(path.read_text().splitlines()) == len(whole)


def test_cut_off_within_a_line_at_any_byte(tmp_path: Path, whole: list[Mapping[str, Any]]) -> None:
    path = tmp_path / "values.jsonl"
    run(path)
    content = path.read_bytes()
    for end in [0, 1, 5, 6, len(content) - 1, *random.Random(0).sample(range(len(content)), 4)]:
        path.write_bytes(content[:end])
        assert rows(run(path)) == whole
        assert sorted(path.read_bytes().splitlines()) == sorted(content.splitlines())


def test_a_line_that_cannot_be_read_is_taken_again(
    tmp_path: Path, whole: list[Mapping[str, Any]]
) -> None:
    path = tmp_path / "values.jsonl"
    run(path)
    lines = path.read_text().splitlines()
    lines[3], lines[8] = "\0\0\0", '{"key": "0"}'
    path.write_text("\n".join(lines) + "\n")
    assert rows(run(path)) == whole


SCRIPT = """
import sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)  # as here: rounding depends on it
from tests.metrics.test_evaluation import stream

path = Path(sys.argv[1])
for _ in stream(path):
    if path.exists() and path.read_bytes().count(b"\\n") >= 9:
        time.sleep(600)  # until it is killed
"""


def test_killed_for_real(tmp_path: Path, whole: list[Mapping[str, Any]]) -> None:
    path = tmp_path / "values.jsonl"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen([sys.executable, "-c", SCRIPT, str(path)], env=environment, cwd=ROOT)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and child.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= 9:
            break
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    written = path.read_bytes().count(b"\n")
    assert 9 <= written < len(whole)
    assert rows(run(path)) == whole


def test_what_is_known_costs_no_forward(tmp_path: Path, whole: list[Mapping[str, Any]]) -> None:
    path = tmp_path / "values.jsonl"
    network = Counting(cnn())
    first = metrics.evaluate(xw.Engine(network), IMAGES, METHODS, MEASURES, resume=path)
    network.passes.clear()
    again = metrics.evaluate(xw.Engine(network), IMAGES, METHODS, MEASURES, resume=path)
    assert network.passes == []
    assert rows(again) == rows(first)
    more = metrics.evaluate(
        xw.Engine(network), IMAGES, [*METHODS, "grad_cam_nothing"][:2], ["complexity"], resume=path
    )
    assert len(more) == 9


def test_values_of_another_network_or_question_are_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "values.jsonl"
    one = metrics.evaluate(xw.Engine(cnn()), IMAGES, ["saliency"], ["average_drop"], resume=path)
    for engine, options in (
        (xw.Engine(cnn(seed=1)), {}),
        (xw.Engine(cnn()), {"targets": 1}),
        (xw.Engine(cnn()), {"seed": 2}),
    ):
        fresh = metrics.evaluate(engine, IMAGES, ["saliency"], ["average_drop"], **options)
        mixed = metrics.evaluate(
            engine, IMAGES, ["saliency"], ["average_drop"], resume=path, **options
        )
        assert rows(mixed) == rows(fresh) != rows(one)


def test_a_value_is_found_again_by_all_that_it_depends_on_and_by_nothing_else(
    tmp_path: Path,
) -> None:
    path = tmp_path / "values.jsonl"
    masks = [np.arange(256).reshape(16, 16) % 7 == i for i in range(2)]

    def known(
        network: Any = None,
        image: int = 0,
        method: Any = "grad_cam",
        measure: Any = ("infidelity", {"samples": 4}),
        engine: dict[str, Any] | None = None,
        **options: Any,
    ) -> int:
        """How many values more there are after this one was asked for."""
        before = len(path.read_text().splitlines()) if path.exists() else 0
        asked = {"control": False, "resume": path, **options}
        metrics.evaluate(
            xw.Engine(network or cnn(), **(engine or {})), [IMAGES[image]], [method], [measure],
            **asked,
        )  # fmt: skip
        return len(path.read_text().splitlines()) - before

    other = cnn()
    with torch.no_grad():
        other.conv1.bias[0] += 1e-3
    questions: list[dict[str, Any]] = [
        {},
        {"network": other},
        {"image": 1},
        {"engine": {"layer": "conv1"}},
        {"engine": {"activation": "sigmoid"}},
        {"targets": 1},
        {"targets": 2},
        {"seed": 5},
        {"method": "saliency"},
        {"method": ("grad_cam", {"layer": "conv1"})},
        {"measure": ("infidelity", {"samples": 5})},
        {"measure": "relevance_mass", "masks": masks[:1]},
        {"measure": "relevance_mass", "masks": masks[1:]},
    ]
    assert [known(**question) for question in questions] == [1] * len(questions)
    assert [known(**question) for question in questions] == [0] * len(questions)
    assert known(masks=masks[:1]) == 0  # which this measure does not look at


def test_values_of_a_choice_that_was_redefined_are_taken_again(tmp_path: Path) -> None:
    """An earlier version's key is the same but for that choice's words."""
    path, network = tmp_path / "values.jsonl", Counting(cnn())
    given: dict[str, Any] = {"window": 8, "stride": 8, "baseline": "blur"}
    methods = ["saliency", ("occlusion", given)]

    def run() -> metrics.Table:
        return metrics.evaluate(
            xw.Engine(network), IMAGES[:1], methods, ["sparseness"], control=False, resume=path
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("xai_widgets.metrics.requests._REDEFINED", ())
        run()
    assert len(path.read_text().splitlines()) == 2
    run()
    assert len(path.read_text().splitlines()) == 3
    network.passes.clear()
    run()
    assert network.passes == []


def test_no_forward_more_than_needed() -> None:
    network = Counting(cnn())
    engine = xw.Engine(network)
    steps, samples = 10, 16
    metrics.evaluate(
        engine, IMAGES[:1], ["grad_cam", "saliency", "input_x_gradient"],
        [
            ("insertion", {"steps": steps}), ("deletion", {"steps": steps}),
            "average_drop", "average_gain", "average_increase",
            ("infidelity", {"samples": samples}),
        ],
    )  # fmt: skip
    maps = 4
    # One recorded pass; the perturbed pictures and the picture itself once for all the maps.
    learned = 1 + 1 + 2 + 1  # another layout, and a pair beside each of its members
    needed = 1 + learned + maps * (2 * (steps + 1) + 2) + samples + 1
    assert sum(network.passes) == needed
    assert max(network.passes) == 8


def test_summary_and_its_intervals() -> None:
    drawn = np.random.default_rng(0).normal(3, 2, 200)
    made = [
        {"picture": i, "name": "", "target": "", "method": m, "measure": "peak", "value": float(v)}
        for i, v in enumerate(drawn)
        for m in ("a", "b")
    ]
    made[-1]["value"] = float("nan")
    table = metrics.Table(tuple(made), {"peak": "high"})
    a, b = table.summary()
    assert (a.method, a.pictures, a.missing) == ("a", 200, 0)
    assert (b.method, b.pictures, b.missing) == ("b", 199, 1)
    assert a.mean == pytest.approx(drawn.mean())
    half = 1.96 * drawn.std() / 200**0.5  # the normal interval, which it must be near
    assert a.low == pytest.approx(drawn.mean() - half, abs=0.1 * half)
    assert a.high == pytest.approx(drawn.mean() + half, abs=0.1 * half)
    assert b.mean == pytest.approx(drawn[:-1].mean())
    wider = table.summary(0.99)[0]
    assert wider.low < a.low < a.high < wider.high
    assert table.summary() == table.summary()
    with pytest.raises(xw.ExplanationError, match="confidence is 95"):
        table.summary(95)


def test_how_a_table_is_shown() -> None:
    table = metrics.evaluate(
        xw.Engine(cnn()), IMAGES[:1], [("occlusion", {"window": 8, "stride": 8})], ["sparseness"]
    )
    html = table._repr_html_()
    assert '<th title="occlusion(window=8, stride=8)">occlusion</th>' in html
    assert "<th>Sparseness" not in html
    assert "<th>sparseness ↑</th>" in html
    value = table.values("random", "sparseness")[0]
    assert f"<td>{value:.3g} <small>[{value:.3g}, {value:.3g}]</small></td>" in html
    assert "sparseness" in repr(table)
    json.dumps(rows(table))


def test_a_dataframe_where_pandas_is(monkeypatch: pytest.MonkeyPatch) -> None:
    table = metrics.evaluate(xw.Engine(cnn()), IMAGES[:1], ["saliency"], ["sparseness"])
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(xw.ExplanationError, match=r"needs pandas.* table\.rows"):
        table.to_dataframe()
    monkeypatch.undo()
    import pandas as pd

    frame = table.to_dataframe()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["value"]) == [row["value"] for row in table.rows]


BAD = {
    "unknown method 'grad_cma'. Did you mean": {"methods": ["grad_cma"]},
    'Did you mean "insertion"?': {"measures": ["insertoin"]},
    "insertion has no parameter 'step'; it has steps, baseline, blur. Did you mean \"steps\"?": {
        "measures": [("insertion", {"step": 3})]
    },
    "occlusion has no parameter 'windw'": {"methods": [("occlusion", {"windw": 3})]},
    "saliency has no parameter 'layer'": {"methods": [("saliency", {"layer": "conv1"})]},
    "random takes no parameters; got size": {"methods": [("random", {"size": 3})]},
    "method 3; expected a name": {"methods": [3]},
    "measure 3; expected a name": {"measures": [3]},
    "methods holds 'saliency' twice": {"methods": ["saliency", "saliency"]},
    "measures is empty": {"measures": []},
    "targets has 1 entries for 3 pictures": {"targets": [1]},
    "masks has 2 entries for 3 pictures": {"masks": [np.ones((16, 16), bool)] * 2},
    "pointing_game needs masks; got masks=None": {"measures": ["pointing_game"]},
}


@pytest.mark.parametrize("said", BAD)
def test_bad_requests_are_refused_before_the_first_forward(said: str) -> None:
    network = Counting(cnn())
    asked = {"methods": ["saliency"], "measures": ["sparseness"], **BAD[said]}
    with pytest.raises(xw.ExplanationError) as error:
        metrics.evaluate(xw.Engine(network), IMAGES, **asked)
    assert said in str(error.value)
    assert network.passes == []


def test_files_that_are_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(xw.ExplanationError, match="cannot be used"):
        run(tmp_path)
    other = tmp_path / "thesis.txt"
    other.write_text("years of work")
    with pytest.raises(xw.ExplanationError, match="holds something other than an evaluation"):
        run(other)
    assert other.read_text() == "years of work"


def test_a_measure_that_cannot_be_taken_says_where() -> None:
    images = [torch.randn(3, 16, 16)]  # black is unknown
    with pytest.raises(xw.ExplanationError, match="average_drop of saliency on 'tensor': what bla"):
        metrics.evaluate(xw.Engine(cnn()), images, ["saliency"], ["average_drop"])
