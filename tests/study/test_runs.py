"""A study is computed once, right, and goes on wherever it was cut off."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from argparse import Namespace
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tests.study import planted_recipe
from tests.study.conftest import pictures
from xai_widgets import Engine, Study
from xai_widgets.demo import shapes_engine
from xai_widgets.demo.shapes import CLASS_NAMES, Shape
from xai_widgets.errors import ExplanationError
from xai_widgets.study import ComputeBlocks, tasks
from xai_widgets.study.__main__ import _recipe, main
from xai_widgets.study.folders import faults, merge, status
from xai_widgets.study.leases import Leases
from xai_widgets.study.recipes import Recipe, engine_of
from xai_widgets.study.running import block_order, block_steps
from xai_widgets.study.store import WEIGHTS, Store

HERE = "tests.study.planted_recipe"
ROOT = Path(__file__).parents[2]


def content(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((folder / "blocks").glob("*.safetensors"))}


def made(tmp_path: Path, engine: Engine, drawn: list[Shape], **options: Any) -> Study:
    options = {"folder": tmp_path / "a.study", "block": 16, **options}
    return Study(engine, pictures(drawn), **options)


@pytest.fixture
def study(tmp_path: Path, engine: Engine, marked: list[Shape]) -> Study:
    study = made(tmp_path, engine, marked)
    study.run(wait=True, progress=False)
    return study


def test_what_is_kept_is_what_the_engine_says(
    study: Study, engine: Engine, marked: list[Shape]
) -> None:
    for row in (0, 17, 59):
        pixels, label = marked[row].pixels, marked[row].label
        prediction, attribution = engine.predict(pixels), engine.explain(pixels)
        assert study.rows["prediction"][row] == prediction.index
        assert study.rows["probability"][row] == pytest.approx(prediction.probability, abs=1e-5)
        loss = -np.log(float(prediction[label]))
        assert study.rows["loss"][row] == pytest.approx(loss, rel=1e-4, abs=1e-6)
        assert study.rows["score"][row] == pytest.approx(attribution.score, rel=1e-4)
        (kept,) = study.rows.maps([row])
        assert np.allclose(kept, attribution.values, atol=1e-3 * attribution.values.max())
        logits = torch.tensor(study.rows.matrix("logits", [row])[0])
        assert torch.allclose(logits.softmax(0), torch.tensor(prediction.probabilities), atol=1e-3)
        trace = engine.internals.trace(engine.picture(pixels))
        activation = trace.activation(trace.layers[0].name)[0]
        features = study.rows.matrix("features", [row])[0]
        assert np.allclose(features, activation.mean((1, 2)), atol=2e-3 * features.max())
        weights = torch.tensor(attribution.values.copy()).clamp_min(0)
        weighted = (activation * weights).sum((1, 2)) / weights.sum()
        twin = study.rows.matrix("attributed", [row])[0]
        assert np.allclose(twin, weighted, atol=2e-3 * twin.max())
        thumbnail = Image.open(BytesIO(study.rows.thumbnails([row])[0]))
        assert np.abs(np.asarray(thumbnail).astype(int) - pixels).mean() < 6
    assert study.rows["correct"].tolist() == [
        engine.predict(d.pixels).index == d.label for d in marked
    ]
    assert study.rows["width"].tolist() == [64] * 60
    assert study.rows["brightness"][3] == pytest.approx(
        (marked[3].pixels @ [0.299, 0.587, 0.114]).mean() / 255, rel=1e-5
    )


@pytest.mark.parametrize("stopped", [False, True])
def test_the_bar_is_closed_when_the_run_is_over_whether_anybody_waits_or_not(
    tmp_path: Path, engine: Engine, marked: list[Shape], stopped: bool
) -> None:
    study = made(tmp_path, engine, marked)
    run = study.run(progress=True)
    bar = run._bar
    assert bar is not None
    if stopped:
        run.stop(0)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and run.state == "running":
        time.sleep(0.01)
    assert run.state == ("stopped" if stopped else "done")
    assert run._bar is None
    assert bar.disable  # as tqdm is once it is closed


def test_how_far_it_is_is_counted_in_pictures(
    tmp_path: Path, engine: Engine, marked: list[Shape]
) -> None:
    study = made(tmp_path, engine, marked)
    steps = list(block_steps(study.store, study.compute, [1, 0]))
    rows = [step.result for step in steps if step.result is not None]
    assert len(rows) == len(steps)
    assert (rows[0], rows[-1]) == (0, 32)
    assert rows == sorted(rows)
    assert any(0 < done < 16 for done in rows)
    assert any(16 < done < 32 for done in rows)
    assert [step.fraction for step in steps] == [done / 32 for done in rows]
    assert [step.words for step in steps] == [f"{done} of 32 pictures" for done in rows]


@pytest.mark.parametrize("target", ["label", "star", 2])
def test_other_targets(
    tmp_path: Path, engine: Engine, marked: list[Shape], target: str | int
) -> None:
    study = made(tmp_path, engine, marked[:8], target=target)
    study.run(wait=True, progress=False)
    for row in range(8):
        wanted = marked[row].label if target == "label" else target
        expected = engine.explain(marked[row].pixels, target=wanted).values
        assert np.allclose(study.rows.maps([row])[0], expected, atol=1e-3 * expected.max())


@pytest.mark.parametrize(
    ("method", "parameters"),
    [("saliency", {}), ("occlusion", {"window": 16, "stride": 16}), ("eigen_cam", {})],
)
def test_other_methods(
    tmp_path: Path, engine: Engine, marked: list[Shape], method: str, parameters: dict[str, Any]
) -> None:
    study = made(tmp_path, engine, marked[:4], method=method, **parameters)
    study.run(wait=True, progress=False)
    for row in range(4):
        grid = engine.explain(marked[row].pixels, method, **parameters).grid()
        if grid.shape == (64, 64):
            grid = grid.reshape(32, 2, 32, 2).sum((1, 3))
        kept = study.rows.maps([row])[0]
        assert np.allclose(kept, grid, atol=2e-3 * np.abs(grid).max())


def test_a_network_of_one_logit_explains_its_own_answer(tmp_path: Path) -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1)
    ).eval()
    engine = Engine(network, preprocessing={"size": 16}, class_names=["no", "yes"])
    drawn = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)
    study = Study(engine, (drawn, [0, 1, 0, 1, 0, 1]), folder=tmp_path / "s", method="hires_cam")
    study.run(wait=True, progress=False)
    for row, pixels in enumerate(drawn):
        p = float(engine.predict(pixels).probabilities[0])
        assert study.rows["prediction"][row] == (p >= 0.5)
        assert study.rows["probability"][row] == pytest.approx(max(p, 1 - p), abs=1e-5)
        sign = 1 if p >= 0.5 else -1
        expected = sign * engine.explain(pixels, "hires_cam", target=0).values
        assert np.allclose(study.rows.maps([row])[0], expected, atol=1e-5)
        own = [1 - p, p][row % 2]
        assert study.rows["loss"][row] == pytest.approx(-np.log(own), rel=1e-4)


def test_many_classes_keep_the_best_logits(tmp_path: Path) -> None:
    network = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 1200)).eval()
    engine = Engine(network, preprocessing={"size": 16})
    drawn = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    study = Study(engine, (drawn, [5, 1199, None]), folder=tmp_path / "s", method="saliency")
    study.run(wait=True, progress=False)
    kept = study.rows.matrix("logits", [1])[0]
    logits = network(engine.input(drawn[1]))[0].detach().numpy()
    best = np.argsort(-logits)[:32]
    assert np.isfinite(kept).sum() == 32
    assert np.allclose(kept[best], logits[best], atol=2e-3)
    assert np.isnan(study.rows["loss"][2])
    shifted = np.log(np.exp(logits.astype(float) - logits.max()).sum())
    assert study.rows["loss"][1] == pytest.approx(shifted + logits.max() - logits[1199], rel=1e-4)


def test_it_goes_on_after_a_stop_and_gives_the_same_bytes(
    tmp_path: Path, engine: Engine, marked: list[Shape], study: Study
) -> None:
    other = made(tmp_path, engine, marked, folder=tmp_path / "b.study")
    run = other.run(progress=False)
    run.stop()
    assert run.state in ("stopped", "done")
    assert not list((other.store.folder / "leases").iterdir())
    again = made(tmp_path, engine, marked, folder=tmp_path / "b.study")
    again.run(wait=True, progress=False)
    assert content(other.store.folder) == content(study.store.folder)


def test_truncated_blocks_are_told_and_computed_anew(study: Study, engine: Engine) -> None:
    before = content(study.store.folder)
    file = study.store.path_of(1)
    file.write_bytes(file.read_bytes()[:-100])
    (study.store.path_of(2)).unlink()
    assert [(n, p.split()[1]) for n, p in faults(study.store)] == [(1, "damaged"), (2, "missing")]
    study.run(wait=True, progress=False)
    assert content(study.store.folder) == before
    assert list(faults(study.store)) == []


def test_blocks_of_another_study_do_not_count(
    tmp_path: Path, engine: Engine, marked: list[Shape], study: Study
) -> None:
    other = made(tmp_path, engine, marked, folder=tmp_path / "b.study", method="hires_cam")
    os.replace(study.store.path_of(0), other.store.path_of(0))
    assert other.store.problem(0) == "is of another study"
    with pytest.raises(ExplanationError, match="another study"):
        merge(other.store, [study.store])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": "hires_cam"}, "another method"),
        ({"block": 8}, "another block size"),
        ({"target": "label"}, "another target rule"),
        ({"layer": "2"}, "another layer"),
    ],
)
def test_another_study_in_the_same_folder_is_refused(
    tmp_path: Path,
    engine: Engine,
    marked: list[Shape],
    study: Study,
    change: dict[str, Any],
    said: str,
) -> None:
    with pytest.raises(ExplanationError, match=said):
        made(tmp_path, engine, marked, **change)


def test_other_weights_preprocessing_and_data_are_refused(
    tmp_path: Path, engine: Engine, marked: list[Shape], study: Study
) -> None:
    with pytest.raises(ExplanationError, match="another network, or other weights"):
        made(tmp_path, shapes_engine(shortcut=True), marked)
    with pytest.raises(ExplanationError, match="other pictures"):
        made(tmp_path, engine, marked[:-1])
    options = {"class_names": CLASS_NAMES, "name": engine.name}
    half = Engine(
        engine.model, preprocessing={"size": 64, "mean": [0.5] * 3, "std": [0.5] * 3}, **options
    )
    with pytest.raises(ExplanationError, match="another preprocessing"):
        made(tmp_path, half, marked)


def test_a_network_of_a_script_is_the_same_once_it_is_imported(
    tmp_path: Path, marked: list[Shape]
) -> None:
    def studied(module: str, name: str) -> Study:
        kind = type(name, (nn.Sequential,), {"__module__": module})
        torch.manual_seed(0)
        network = kind(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 6)).eval()
        return made(tmp_path, Engine(network), marked, method="saliency")

    studied("__main__", "Net")
    studied("my_module", "Net")
    with pytest.raises(ExplanationError, match="another network"):
        studied("my_module", "Other")


def test_a_network_that_changes_meanwhile_is_told(tmp_path: Path, marked: list[Shape]) -> None:
    engine = shapes_engine()
    study = made(tmp_path, engine, marked)
    steps = study._steps([0, 1, 2, 3], 60)
    next(steps)
    next(steps)
    with torch.no_grad():
        next(engine.model.parameters()).mul_(1.01)
    with pytest.raises(ExplanationError, match="the network has changed"):
        list(steps)
    assert study.store.done() == []
    with pytest.raises(ExplanationError, match="other weights now"):
        study.run(progress=False)


def test_pictures_that_cannot_be_read_are_rows_that_failed(
    tmp_path: Path, engine: Engine, marked: list[Shape]
) -> None:
    files = []
    for number, drawn in enumerate(marked[:6]):
        files.append(tmp_path / f"{number}.png")
        Image.fromarray(drawn.pixels).save(files[-1])
    files[2].write_bytes(files[2].read_bytes()[:90])
    files[4] = tmp_path / "missing.png"
    study = Study(engine, (files, [d.label for d in marked[:6]]), folder=tmp_path / "s")
    study.run(wait=True, progress=False)
    assert study.rows["done"].tolist() == [True, True, False, True, False, True]
    assert "cannot be decoded" in study.rows["error"][2]
    assert "there is no file" in study.rows["error"][4]
    assert not study.rows["correct"][2]
    assert study.rows["prediction"][5] == engine.predict(files[5]).index
    assert "2 of 6 pictures could not be used" in study.warnings[0]


def test_nothing_can_be_read_is_an_error_at_once(tmp_path: Path, engine: Engine) -> None:
    with pytest.raises(ExplanationError, match="none of the first 2 pictures"):
        Study(engine, [tmp_path / "a.png", tmp_path / "b.png"], folder=tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_other_sizes_of_pictures_in_one_study(tmp_path: Path) -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    ).eval()
    engine = Engine(network)
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, 256, (h, 20, 3), dtype=np.uint8) for h in (20, 30, 20, 30)]
    study = Study(engine, (drawn, [0, 1, 2, 0]), folder=tmp_path / "s", method="hires_cam")
    study.run(wait=True, progress=False)
    for row, pixels in enumerate(drawn):
        expected = engine.explain(pixels, "hires_cam").values
        kept = study.rows.maps([row])[0]
        assert kept.shape == expected.shape
        assert np.allclose(kept, expected, atol=1e-3 * np.abs(expected).max())


# Several runners.


def test_each_row_once_with_several_runners_at_once(
    tmp_path: Path, marked: list[Shape], study: Study
) -> None:
    runners = [
        made(tmp_path, shapes_engine(), marked, folder=tmp_path / "b.study") for _ in range(3)
    ]
    runs = [runner.run(progress=False) for runner in runners]
    assert all(run.wait(120) for run in runs)
    assert content(tmp_path / "b.study") == content(study.store.folder)
    assert not list((tmp_path / "b.study" / "leases").iterdir())


def test_threads_need_no_recipe(
    tmp_path: Path, engine: Engine, marked: list[Shape], study: Study
) -> None:
    other = made(tmp_path, engine, marked, folder=tmp_path / "b.study")
    with ThreadPoolExecutor(2) as executor:
        other.run(executor, progress=False).wait(120)
    assert content(other.store.folder) == content(study.store.folder)


class Pickled:
    """An executor of the kind that sends everything to another machine."""

    def submit(self, function: Any, /, *arguments: Any) -> Future[Any]:
        function, arguments = pickle.loads(pickle.dumps((function, arguments)))
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future


def test_an_executor_is_given_a_recipe(
    tmp_path: Path, engine: Engine, marked: list[Shape], study: Study
) -> None:
    recipe = {"factory": f"{HERE}:make_engine", "data": f"{HERE}:make_data"}
    other = made(tmp_path, engine, marked, folder=tmp_path / "b.study", recipe=recipe)
    other.run(Pickled(), wait=True, progress=False)
    assert content(other.store.folder) == content(study.store.folder)


def test_stored_weights_are_loaded_into_what_the_factory_makes(
    tmp_path: Path, marked: list[Shape]
) -> None:
    recipe = {"factory": f"{HERE}:make_engine", "data": f"{HERE}:make_data"}
    engine = shapes_engine(shortcut=True)
    wrong = made(tmp_path, engine, marked, recipe=recipe)
    with pytest.raises(ExplanationError, match="other weights"):
        wrong.run(Pickled(), wait=True, progress=False)
    right = made(tmp_path, engine, marked, recipe={**recipe, "weights": True})
    right.run(Pickled(), wait=True, progress=False)
    assert right.rows["done"].all()


def test_stored_weights_that_cannot_be_read_are_told(
    tmp_path: Path, engine: Engine, marked: list[Shape]
) -> None:
    recipe = {"factory": f"{HERE}:make_engine", "data": f"{HERE}:make_data", "weights": True}
    study = made(tmp_path, engine, marked, recipe=recipe)
    assert study.recipe is not None
    path = study.store.folder / WEIGHTS
    path.write_bytes(b"no tensors")
    with pytest.raises(ExplanationError, match="cannot be read as a safetensors file"):
        engine_of(study.recipe, study.store)
    path.unlink()
    with pytest.raises(ExplanationError, match="there is no study's file"):
        engine_of(study.recipe, study.store)
    os.mkfifo(path)  # which nobody writes into: opening it would wait for ever
    with pytest.raises(ExplanationError, match="is a named pipe"):
        engine_of(study.recipe, study.store)


def test_executors_without_a_recipe_are_refused_in_words(
    tmp_path: Path, engine: Engine, marked: list[Shape]
) -> None:
    study = made(tmp_path, engine, marked)
    with pytest.raises(ExplanationError, match="needs a recipe"):
        study.run(Pickled())
    with pytest.raises(ExplanationError, match="without submit"):
        study.run(4)
    study = made(tmp_path, engine, marked, recipe=f"{HERE}:make_engine")
    with pytest.raises(ExplanationError, match="only in this process"):
        study.run(Pickled())
    with pytest.raises(ExplanationError, match="defined in this notebook"):
        made(tmp_path, engine, marked, recipe=lambda: engine)
    study = made(
        tmp_path,
        engine,
        marked,
        recipe={"factory": f"{HERE}:no_engine", "data": f"{HERE}:make_data"},
    )
    with pytest.raises(ExplanationError, match=r"expected an xw\.Engine"):
        study.run(Pickled(), wait=True, progress=False)


def test_a_process_pool(tmp_path: Path, engine: Engine, marked: list[Shape], study: Study) -> None:
    recipe = {"factory": f"{HERE}:make_engine", "data": f"{HERE}:make_data"}
    other = made(tmp_path, engine, marked, folder=tmp_path / "b.study", recipe=recipe)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        other.run(executor, wait=True, progress=False)
    assert content(other.store.folder) == content(study.store.folder)


@pytest.mark.parametrize(
    ("environment", "order"),
    [
        ({}, [0, 1, 2, 3]),
        ({"RANK": "1", "WORLD_SIZE": "2"}, [2, 3, 0, 1]),
        (
            {
                "SLURM_ARRAY_TASK_ID": "13",
                "SLURM_ARRAY_TASK_COUNT": "4",
                "SLURM_ARRAY_TASK_MIN": "10",
            },
            [3, 0, 1, 2],
        ),
        ({"SLURM_PROCID": "1", "SLURM_NTASKS": "4"}, [1, 2, 3, 0]),
        ({"RANK": "x", "WORLD_SIZE": "2"}, [0, 1, 2, 3]),
    ],
)
def test_the_order_of_blocks_follows_the_launcher(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], order: list[int]
) -> None:
    for name in list(os.environ):
        if name.startswith("SLURM_") or name in ("RANK", "WORLD_SIZE"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert block_order(4) == order


# Leases.


def test_one_runner_has_a_lease(tmp_path: Path) -> None:
    one, other = Leases(tmp_path / "leases"), Leases(tmp_path / "leases")
    assert one.claim(3)
    assert not other.claim(3)
    assert other.held_by_another(3)
    assert not one.held_by_another(3)
    other.release(3)
    assert not other.claim(3)
    one.release(3)
    assert other.claim(3)


def test_an_abandoned_lease_is_taken_over(tmp_path: Path) -> None:
    leases = Leases(tmp_path / "leases", timeout=50)
    gone = {"host": "elsewhere", "process": 1, "runner": "x"}
    for number, (owner, age) in enumerate([(gone, 100), (gone, 0)]):
        (tmp_path / "leases").mkdir(exist_ok=True)
        file = tmp_path / "leases" / f"{number:05}"
        file.write_text(json.dumps(owner))
        os.utime(file, (time.time() - age, time.time() - age))
    assert leases.claim(0)
    assert not leases.claim(1)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    owner = {"host": socket.gethostname(), "process": ended.pid, "runner": "x"}
    (tmp_path / "leases" / "00001").write_text(json.dumps(owner))
    assert leases.claim(1)


def test_many_threads_claim_each_lease_once(tmp_path: Path) -> None:
    claimed: list[int] = []

    def claim() -> None:
        leases = Leases(tmp_path / "leases")
        claimed.extend(number for number in range(50) if leases.claim(number))

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == list(range(50))


# Folders.


def test_merging_parts(tmp_path: Path, engine: Engine, marked: list[Shape], study: Study) -> None:
    parts = [made(tmp_path, engine, marked, folder=tmp_path / name) for name in ("b", "c")]
    for part, numbers in zip(parts, ([0, 1], [1, 2, 3]), strict=True):
        for number in numbers:
            part._compute_here(number)
    assert merge(parts[0].store, [parts[1].store]) == 2
    assert content(tmp_path / "b") == content(study.store.folder)
    assert status(parts[0].store)["done"] == 60


def test_folders_that_hold_something_else(
    tmp_path: Path, engine: Engine, marked: list[Shape]
) -> None:
    (tmp_path / "a.study").mkdir()
    (tmp_path / "a.study" / "thesis.tex").write_text("mine")
    with pytest.raises(ExplanationError, match=r"thesis\.tex"):
        made(tmp_path, engine, marked)
    assert os.listdir(tmp_path / "a.study") == ["thesis.tex"]
    with pytest.raises(ExplanationError, match="is no study"):
        Study.open(tmp_path / "a.study")
    with pytest.raises(ExplanationError, match="a study is kept in a folder"):
        Study(engine, pictures(marked))
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExplanationError, match="cannot be made"):
        made(tmp_path, engine, marked, folder=tmp_path / "file" / "a.study")


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path, study: Study) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(study.store.path_of(0).read_bytes())
    file = study.store.folder / "blocks" / "00000.safetensors"
    file.unlink()
    file.symlink_to(secret)
    with pytest.raises(ExplanationError, match="leads out"):
        Study.open(study.store.folder)
    rows = study.store.folder / "rows.jsonl"
    rows.unlink()
    rows.symlink_to(secret)
    with pytest.raises(ExplanationError, match="leads out"):
        Study.open(study.store.folder)


def test_a_full_disk_is_told_and_costs_only_the_block_at_hand(
    tmp_path: Path, engine: Engine, marked: list[Shape], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = made(tmp_path, engine, marked)
    study._compute_here(0)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    run = study.run(progress=False)
    with pytest.raises(ExplanationError, match="No space left on device"):
        run.wait(60)
    assert run.state == "failed"
    assert [p.name for p in (study.store.folder / "blocks").iterdir()] == ["00000.safetensors"]
    monkeypatch.undo()
    study.run(wait=True, progress=False)
    assert study.rows["done"].all()


def test_manifests_that_are_none(study: Study) -> None:
    file = study.store.folder / "study.json"
    whole = json.loads(file.read_text())
    for change, said in (
        ({"version": 99}, "has version 99"),
        ({"format": "x"}, "not the manifest"),
        ({"count": -1}, "count -1"),
        ({"class_names": [1]}, "no texts"),
    ):
        file.write_text(json.dumps({**whole, **change}))
        with pytest.raises(ExplanationError, match=said):
            Study.open(study.store.folder)
    file.write_text("{")
    with pytest.raises(ExplanationError, match="cannot be read"):
        Study.open(study.store.folder)


def test_reading_needs_neither_network_nor_pictures(study: Study) -> None:
    read = Study.open(study.store.folder)
    for name in read.rows:
        assert np.array_equal(
            read.rows[name], study.rows[name], equal_nan=study.rows[name].dtype.kind == "f"
        )
    for what, call in {
        "run": read.run,
        "compute": lambda: list(read.compute(range(2))),
        "an experiment": lambda: read.cover([0], np.ones((2, 2), dtype=bool)),
        "looking for shortcuts": lambda: read.suspicions("shortcut"),
    }.items():
        with pytest.raises(ExplanationError, match=f"^{what} needs the network and the pictures"):
            call()
    with pytest.raises(ExplanationError, match='Did you mean "prediction"'):
        read.rows["predictions"]


# The command line.


def command(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "xai_widgets.study", *arguments],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


RECIPE = {"factory": f"{HERE}:make_engine", "data": f"{HERE}:make_data"}


@pytest.mark.timeout(600)  # it starts two processes, on a machine that may be busy
def test_it_goes_on_where_it_was_killed(
    tmp_path: Path, engine: Engine, marked: list[Shape], study: Study
) -> None:
    other = made(tmp_path, engine, marked, folder=tmp_path / "b.study", recipe=RECIPE)
    folder = str(other.store.folder)
    process = command("run", folder)
    while not other.store.done() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert command("run", folder).wait(500) == 0
    assert content(other.store.folder) == content(study.store.folder)


def test_the_command_line(
    tmp_path: Path, engine: Engine, marked: list[Shape], capsys: pytest.CaptureFixture[str]
) -> None:
    study = made(tmp_path, engine, marked, recipe=RECIPE)
    folder = str(study.store.folder)
    assert main(["run", folder, "--minutes", "0"]) == 3
    assert main(["run", folder]) == 0
    assert "60 of 60 pictures computed, 0 of them" in capsys.readouterr().out
    assert main(["verify", folder]) == 0
    study.store.path_of(2).write_bytes(b"x")
    assert main(["verify", folder]) == 1
    assert "00002.safetensors is damaged" in capsys.readouterr().out
    assert main(["status", folder]) == 0
    assert "1 of 4 blocks missing" in capsys.readouterr().out
    Image.fromarray(marked[0].pixels).save(tmp_path / "a.png")
    assert main(["explain", folder, str(tmp_path / "a.png"), "-o", str(tmp_path / "a.html")]) == 0
    page = (tmp_path / "a.html").read_text()
    assert "Nearest pictures" in page
    assert "0: circle" in page
    assert main(["explain", folder, str(tmp_path / "no.png")]) == 2
    assert "there is no file" in capsys.readouterr().err
    assert main(["status", str(tmp_path)]) == 2
    assert "is no study" in capsys.readouterr().err


def test_the_command_lines_recipe_goes_before_the_studys(
    tmp_path: Path, engine: Engine, marked: list[Shape]
) -> None:
    study = made(tmp_path, engine, marked, recipe=RECIPE)

    def asked(**given: str) -> tuple[str, str | None]:
        options = {"folder": study.store.folder, "engine": None, "data": None, "trust": False}
        recipe = _recipe(study.store, Namespace(**{**options, **given}))
        return recipe.factory, recipe.data

    factory, data = RECIPE["factory"], RECIPE["data"]
    assert asked() == (factory, data)
    assert asked(data="photos/") == (factory, "photos/")
    assert asked(engine="mine:make") == ("mine:make", data)
    assert asked(engine="mine:make", data="photos/") == ("mine:make", "photos/")
    study.store.amend(recipe=None)
    assert asked(engine="mine:make") == ("mine:make", None)
    with pytest.raises(ExplanationError, match="has no recipe of its network; give --engine"):
        asked()


def test_the_recipe_of_a_stranger_is_not_followed(
    tmp_path: Path,
    engine: Engine,
    marked: list[Shape],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    study = made(tmp_path, engine, marked, recipe=RECIPE)
    study.store.amend(recipe={**RECIPE, "factory": "os:getcwd"})
    assert main(["run", str(study.store.folder)]) == 2
    assert "--trust" in capsys.readouterr().err
    study = made(tmp_path, engine, marked, recipe=RECIPE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "another"))
    assert main(["run", str(study.store.folder)]) == 2
    assert "--trust" in capsys.readouterr().err
    assert Store(study.store.folder).done() == []
    arguments = ["--engine", RECIPE["factory"], "--data", RECIPE["data"]]
    assert main(["run", str(study.store.folder), *arguments]) == 0


def test_blocks_computed_for_ray_or_spark(
    tmp_path: Path, engine: Engine, marked: list[Shape], study: Study
) -> None:
    other = made(tmp_path, engine, marked, folder=tmp_path / "b.study", recipe=RECIPE)
    compute = pickle.loads(pickle.dumps(ComputeBlocks(other.store.folder, other.recipe)))
    assert compute.batch({"block": np.array([0, 2])})["block"].tolist() == [0, 2]
    assert [compute(number) for number in (1, 3)] == [1, 3]
    assert content(other.store.folder) == content(study.store.folder)


def test_rows_are_there_when_the_run_is_over(
    tmp_path: Path, engine: Engine, marked: list[Shape]
) -> None:
    study = made(tmp_path, engine, marked)
    study.run(progress=False).wait(120)
    assert study.rows["done"].all()
    other = made(tmp_path, engine, marked, folder=tmp_path / "b.study")
    with ThreadPoolExecutor(1) as executor:
        other.run(executor, progress=False).wait(120)
    assert other.rows["done"].all()


def test_a_picture_that_the_network_refuses_costs_no_other(tmp_path: Path) -> None:
    class Refusing(nn.Sequential):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if bool((x.flatten(1).mean(1) > 0.9).any()):
                raise RuntimeError("too bright")
            return super().forward(x)

    network = Refusing(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 3)).eval()
    engine = Engine(network, preprocessing={"size": 16})
    drawn = np.random.default_rng(0).integers(0, 200, (20, 16, 16, 3), dtype=np.uint8)
    drawn[7] = 255
    study = Study(engine, (drawn, [0] * 20), folder=tmp_path / "s", method="saliency")
    study.run(wait=True, progress=False)
    assert np.flatnonzero(~study.rows["done"]).tolist() == [7]
    assert "too bright" in study.rows["error"][7]
    assert study.rows["prediction"][8] == engine.predict(drawn[8]).index


def test_a_worker_makes_an_engine_once_and_sees_that_a_folder_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_OPENED", type(tasks._OPENED)())
    names = "tests.study.planted_recipe"
    made = Recipe(f"{names}:make_engine", data=f"{names}:make_data")
    data = planted_recipe.make_data()
    engines, keys = [], []
    for folder, method in (("a", "grad_cam"), ("b", "grad_cam"), ("a", "saliency")):
        shutil.rmtree(tmp_path / folder, ignore_errors=True)
        study = Study(shapes_engine(), data, folder=tmp_path / folder, method=method)
        assert tasks.compute_task(str(tmp_path / folder), made.to_json(), 0) == 0
        assert study.store.problem(0) is None  # of this study, not of the one before
        keys.append(study.store.manifest["key"])
        engines += [opened.engine for opened in tasks._OPENED.values()]
    assert len(set(map(id, engines))) == 1
    assert len(set(keys)) == 2
    assert len(tasks._OPENED) <= 4
