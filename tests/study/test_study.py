"""A study from end to end, on planted truth."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tests.study.conftest import pictures
from xai_widgets import Engine, Study, metrics
from xai_widgets.demo import shapes, shapes_engine
from xai_widgets.demo.shapes import Shape
from xai_widgets.errors import ExplanationError
from xai_widgets.study.experiments import mask_of, partners_of, random_regions

Make = Callable[..., Study]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    made: dict[str, Study] = {}

    def study(name: str, engine: Engine, data: Any, **options: Any) -> Study:
        if name not in made:
            folder = tmp_path_factory.mktemp(name) / "a.study"
            made[name] = Study(engine, data, folder=folder, **options)
            made[name].run(wait=True, progress=False)
        return made[name]

    return study


@pytest.fixture(scope="module")
def drawn() -> list[Shape]:
    return shapes(240, seed=2, shortcut=True)


@pytest.fixture(scope="module")
def misled(make: Make, drawn: list[Shape]) -> Study:
    """The network that has learned the watermark, on pictures whose watermark is right."""
    return make("misled", shapes_engine(shortcut=True), pictures(drawn))


@pytest.fixture(scope="module")
def honest(make: Make, drawn: list[Shape]) -> Study:
    return make("honest", shapes_engine(), pictures(drawn))


# Shortcuts and experiments.


def test_the_planted_mark_is_found_and_survives(misled: Study, drawn: list[Shape]) -> None:
    assert misled.accuracy > 0.98
    first = misled.suspicions()[0]
    assert first.kind == "shortcut"
    mark = drawn[0].shortcut
    down, across = np.argwhere(mark).mean(0)
    top, left, bottom, right = first.experiment.box
    half = np.ptp(np.flatnonzero(mark.any(0))) / 2
    assert abs((top + bottom - 1) / 2 - down) <= half
    assert abs((left + right - 1) / 2 - across) <= half
    assert first.effect > 0.8
    assert first.interval[0] > first.experiment.control_interval[1]
    assert first.control < 0.1
    assert "bottom right" in first.title
    assert len(misled.suspicions("shortcut")) == 1


def test_the_honest_network_gives_none(honest: Study) -> None:
    assert honest.accuracy > 0.98
    assert honest.suspicions("shortcut") == []


def test_covering_the_mark_against_covering_elsewhere(
    misled: Study, honest: Study, drawn: list[Shape]
) -> None:
    rows = range(60)
    for fill in ("blur", "mean", "paste"):
        found = misled.cover(rows, drawn[0].shortcut, fill=fill)
        assert found.survives
        assert found.effect > 0.2
        assert abs(found.control) < 0.05
        other = honest.cover(rows, drawn[0].shortcut, fill=fill)
        assert abs(other.effect) < 0.1
    assert "random regions of that size and distance" in str(found)


def test_cover_is_what_one_does_by_hand(misled: Study, drawn: list[Shape]) -> None:
    engine, rows = misled.engine, [3, 8, 20]
    found = misled.cover(rows, (50, 50, 64, 64), fill="mean")
    falls, turned = [], []
    for row in rows:
        x = engine.input(drawn[row].pixels)
        covered = x.clone()
        covered[:, :, 50:64, 50:64] = x.mean((2, 3))[:, :, None, None]
        before, after = (engine.model(v).softmax(1)[0].detach() for v in (x, covered))
        falls.append(float(before.max() - after[before.argmax()]))
        turned.append(int(before.argmax() != after.argmax()))
    assert found.effect == pytest.approx(np.mean(falls), abs=1e-5)
    assert found.turned == pytest.approx(np.mean(turned))


def test_swap_turns_answers_to_the_other_pictures(misled: Study, drawn: list[Shape]) -> None:
    found = misled.swap(range(40), drawn[0].shortcut)
    assert found.effect > 0.9
    assert found.control < 0.1
    assert found.box == (55, 55, 63, 63)
    shown = found._repr_html_()
    assert shown.count("data:image/jpeg") == 8
    assert "Exchanging the region" in shown


def test_random_regions_are_apart_and_as_far_from_the_centre() -> None:
    region = mask_of((55, 55, 63, 63), (64, 64))
    for other in random_regions(region, 20, seed=1):
        assert other.sum() == region.sum()
        assert (other & region).sum() <= 6
        distance = np.hypot(*(np.argwhere(other).mean(0) - 31.5))
        assert distance == pytest.approx(np.hypot(27, 27), abs=12)
    shape = np.zeros((20, 20), bool)
    shape[0, 0] = shape[1, 1] = True
    moved = random_regions(shape, 1, seed=0)[0]
    (a, b), (c, d) = np.argwhere(moved)
    assert (c - a, d - b) == (1, 1)


def test_partners_have_another_answer() -> None:
    answers = np.array([0, 0, 1, 2, 2, 2])
    partners = partners_of(answers, answers)
    assert (answers[partners] != answers).all()
    assert partners_of(np.array([1, 1]), np.array([1])).tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ((0, 0, 64, 64), "the whole picture"),
        (np.zeros((64, 64), bool), "empty"),
        ((60, 60, 70, 70), "top, left, bottom, right"),
        (np.ones((32, 32), bool), r"a mask \(64, 64\)"),
        ((0, 0, 60, 60), "no other of its size"),
    ],
)
def test_regions_that_are_none(misled: Study, region: Any, said: str) -> None:
    with pytest.raises(ExplanationError, match=said):
        misled.cover([0, 1], region)


def test_rows_that_are_none(misled: Study) -> None:
    with pytest.raises(ExplanationError, match="row 999 is none"):
        misled.cover([999], (0, 0, 8, 8))
    with pytest.raises(ExplanationError, match="float"):
        misled.cover([0.5], (0, 0, 8, 8))
    with pytest.raises(ExplanationError, match="none of these rows"):
        misled.cover([], (0, 0, 8, 8))
    with pytest.raises(ExplanationError, match='Did you mean "blur"'):
        misled.cover([0], (0, 0, 8, 8), fill="blurr")


# Labels, copies, slices.


@pytest.fixture(scope="module")
def faulty(make: Make) -> tuple[Study, dict[str, Any]]:
    """Pictures with flipped labels, copies within and across splits, and a hard slice."""
    drawn = shapes(360, seed=9)
    rng = np.random.default_rng(0)
    pixels = [d.pixels.copy() for d in drawn]
    labels = np.array([d.label for d in drawn])
    camera = rng.choice(["one", "two", "three"], 360)
    split = np.array(["train"] * 240 + ["test"] * 120)
    flipped = rng.choice(240, 12, replace=False)
    hard = np.flatnonzero(camera == "two")
    hard = rng.choice(hard[~np.isin(hard, flipped)], 40, replace=False)
    for row in hard:  # noise that the network cannot see through
        pixels[row] = rng.integers(0, 256, pixels[row].shape, dtype=np.uint8)
    labels[flipped] = (labels[flipped] + 2) % 6
    plain = np.setdiff1d(np.arange(360), np.concatenate([hard, flipped]))
    of, copy = plain[plain < 240][:3], plain[plain >= 240][:3]
    inside = plain[plain < 240][10:12]
    for a, b in [*zip(of, copy, strict=True), inside]:
        buffer = BytesIO()
        Image.fromarray(pixels[a]).save(buffer, "JPEG", quality=95, subsampling=0)
        pixels[b] = np.asarray(Image.open(buffer))
        labels[b] = labels[a]
    data = {"image": pixels, "label": labels, "camera": camera, "split": split}
    truth = {"flipped": flipped, "hard": hard, "across": (of, copy), "inside": inside}
    return make("faulty", shapes_engine(), data), truth


def test_flipped_labels_are_first(faulty: tuple[Study, dict[str, Any]]) -> None:
    study, truth = faulty
    (found,) = study.suspicions("label")
    plain = [row for row in found.rows if row not in truth["hard"]]
    assert set(plain[:12]) == set(truth["flipped"])
    assert "training split" in found.evidence
    assert np.allclose(
        study.probabilities([5])[0],
        study.engine.predict(study.source.read(5)[0]).probabilities,
        atol=1e-3,
    )


def test_copies_within_and_across_splits(faulty: tuple[Study, dict[str, Any]]) -> None:
    study, truth = faulty
    leaked, copied = (study.suspicions(kind)[0] for kind in ("leakage", "duplicate"))
    assert set(leaked.rows) == set(np.concatenate(truth["across"]))
    assert set(copied.rows) == set(truth["inside"])
    assert "3 pictures are in several splits" in leaked.title
    assert study.neighbours(int(truth["inside"][0]), 1).tolist() == [truth["inside"][1]]


def test_the_hard_slice_is_among_the_first(faulty: tuple[Study, dict[str, Any]]) -> None:
    study, _ = faulty
    titles = [one.title for one in study.slices(["camera", "split", "label", "width"])]
    assert titles[0] == "camera two"
    assert any("camera two" in one.title for one in study.slices()[:3])
    assert "data:image/jpeg" in study.slices()[0]._repr_html_()


def test_groups_become_a_column_of_slices(faulty: tuple[Study, dict[str, Any]]) -> None:
    study, truth = faulty
    grouping = study.groups(of="maps")
    assert len(grouping.groups) == 360
    _, stated = study.mean_map(truth["hard"])
    assert "do not lie alike" in stated
    study.slices(["camera"])


# Reading, keeping, comparing.


def test_analyses_need_no_network(misled: Study) -> None:
    read = Study.open(misled.store.folder)
    assert read.accuracy == misled.accuracy
    assert str(read.confusion) == str(misled.confusion)
    with pytest.warns(UserWarning, match="shortcuts were not looked for"):
        read.suspicions()
    with pytest.raises(ExplanationError, match="needs the network"):
        read.suspicions("shortcut")
    assert read.projection("pca").shape == (240, 2)
    page = read.to_html(misled.store.folder.parent / "page.html").read_text()
    assert "Content-Security-Policy" in page


def test_names_in_a_study_are_shown_as_text(tmp_path: Path) -> None:
    drawn = shapes(24, seed=1)
    evil = "<script>alert(1)</script>"
    names = [evil, *list("abcde")]
    engine = Engine(shapes_engine().model, preprocessing={"size": 64}, class_names=names)
    study = Study(engine, pictures(drawn), folder=tmp_path / "s")
    study.run(wait=True, progress=False)
    assert evil not in study.to_html(tmp_path / "p.html").read_text()


def test_a_part_is_said_to_be_one(tmp_path: Path, drawn: list[Shape]) -> None:
    study = Study(shapes_engine(), pictures(drawn[:60]), folder=tmp_path / "s", block=20)
    with (
        pytest.warns(UserWarning, match="0 of 60 pictures"),
        pytest.raises(ExplanationError, match=r"call study\.run\(\)"),
    ):
        study.slices()
    study._compute_here(1)
    with pytest.warns(UserWarning, match="20 of 60 pictures"):
        assert study.accuracy > 0.9
    assert study.done.tolist() == list(range(20, 40))
    study.run(wait=True, progress=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert study.accuracy > 0.9


def test_without_labels(tmp_path: Path, drawn: list[Shape]) -> None:
    study = Study(shapes_engine(), [d.pixels for d in drawn[:30]], folder=tmp_path / "s")
    study.run(wait=True, progress=False)
    assert np.isnan(study.accuracy)
    assert np.isnan(study.rows["loss"]).all()
    assert study.wrong.size == study.right.size == 0
    with pytest.raises(ExplanationError, match="none of the pictures has labels"):
        study.slices()
    study.suspicions()


def test_pictures_of_several_sizes_have_suspicions_but_no_place_in_common(tmp_path: Path) -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    ).eval()
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (12 + i % 2, 12, 3), dtype=np.uint8) for i in range(80)]
    engine = Engine(network)
    scores = np.array([engine.predict(p).probabilities[0] for p in pixels])
    with torch.no_grad():  # so that half of the answers are the first class
        middle = float(np.median(np.log(scores / (1 - scores))))
        network[4].bias -= torch.tensor([middle, 0.0])
    labels = [engine.predict(p).index for p in pixels]
    study = Study(engine, (pixels, labels), folder=tmp_path / "s")
    study.run(wait=True, progress=False)
    with pytest.raises(ExplanationError, match="model inputs of 2 sizes"):
        study.cover(range(4), (0, 0, 4, 4))
    with pytest.warns(UserWarning, match="shortcuts were not looked for"):
        assert study.suspicions() == []


def test_verdicts_are_kept_and_taken_back(misled: Study) -> None:
    study = misled
    study.decide([1, 2], "wrong label")
    study.decide(2, "fine")
    study.decide([5], "blurred")
    study.undo()
    assert study.rows["verdict"][[1, 2, 5]].tolist() == ["wrong label", "fine", ""]
    lines = (study.store.folder / "verdicts.jsonl").read_text().splitlines()
    assert len(lines) == 4
    with open(study.store.folder / "verdicts.jsonl", "a") as file:
        file.write('{"rows": [1], "verd')  # cut off
    study.decide([7], "odd")
    assert [v.word for v in Study.open(study.store.folder).verdicts()] == [
        "wrong label",
        "fine",
        "odd",
    ]
    with pytest.raises(ExplanationError, match="row 240 is none"):
        study.decide(240, "x")


def test_maps_of_other_classes_are_kept(misled: Study, drawn: list[Shape]) -> None:
    row, engine = 4, misled.engine
    own = misled.map_of(row)
    assert np.array_equal(own, misled.rows.maps([row])[0])
    assert np.array_equal(misled.map_of(row, "label"), own)
    other = misled.map_of(row, "star")
    expected = engine.explain(drawn[row].pixels, target="star").values
    assert np.allclose(other, expected, atol=1e-5)
    read = Study.open(misled.store.folder)
    assert np.array_equal(read.map_of(row, 3), other)
    with pytest.raises(ExplanationError, match="needs the network"):
        read.map_of(row, "square")
    with pytest.raises(ExplanationError, match='Did you mean "square"'):
        misled.map_of(row, "sqare")


def test_two_networks_on_the_same_pictures(tmp_path: Path) -> None:
    drawn = shapes(90, seed=4, shortcut=True, truthful=False)
    one, other = (
        Study(shapes_engine(shortcut=s), pictures(drawn), folder=tmp_path / str(s))
        for s in (False, True)
    )
    for study in (one, other):
        study.run(wait=True, progress=False)
    found = Study.compare(one, other)
    right = [study.rows["correct"] for study in (one, other)]
    assert set(found.newly_wrong) == set(np.flatnonzero(right[0] & ~right[1]))
    assert set(found.newly_right) == set(np.flatnonzero(~right[0] & right[1]))
    assert found.accuracies == (one.accuracy, other.accuracy)
    assert found.p_value < 1e-6
    change = other.rows["loss"] - one.rows["loss"]
    assert (np.diff(change[found.newly_wrong]) <= 0).all()
    assert (np.diff(change[found.newly_right]) >= 0).all()
    assert found.studies == (one, other)
    answers = [study.rows["prediction"] for study in (one, other)]
    assert set(found.changed) == set(np.flatnonzero(answers[0] != answers[1]))
    assert found.rows.tolist() == list(range(90))
    names = [study.engine.name for study in (one, other)]
    assert names[0] != names[1]
    assert found.names == tuple(names)
    assert str(found).startswith(f"{names[0]} and {names[1]} on 90 pictures: accuracy ")
    assert f"; {len(found.newly_wrong)} newly wrong, {len(found.newly_right)} newly" in str(found)
    shorter = Study(shapes_engine(), pictures(drawn[:50]), folder=tmp_path / "c")
    with pytest.raises(ExplanationError, match="other pictures"):
        Study.compare(one, shorter)
    with pytest.raises(ExplanationError, match=r"kind='shortcutt'.*Did you mean \"shortcut\""):
        one.suspicions("shortcutt")


def test_pictures_of_rows_are_those_of_the_data(misled: Study, drawn: list[Shape]) -> None:
    for given in ([7, 3], np.isin(np.arange(240), [3, 7])):
        found = misled.pictures(given)
        wanted = [7, 3] if isinstance(given, list) else [3, 7]
        assert all(one is drawn[row].pixels for one, row in zip(found, wanted, strict=True))
    rows = misled.right[:2]
    table = metrics.evaluate(
        misled.engine, misled.pictures(rows), ["grad_cam"], ["sparseness"],
        targets=misled.rows["label"][rows].tolist(), control=False,
    )  # fmt: skip
    assert len(table) == 2
    with pytest.raises(ExplanationError, match="row 240 is none"):
        misled.pictures([240])
    with pytest.raises(ExplanationError, match="needs the network and the pictures"):
        Study.open(misled.store.folder).pictures([0])


def test_as_a_dataframe(misled: Study) -> None:
    pytest.importorskip("pandas")
    frame = misled.to_pandas()
    assert len(frame) == 240
    assert (frame["prediction_name"] == frame["label_name"]).mean() == misled.accuracy
    if importlib.util.find_spec("pyarrow") is None:
        with pytest.raises(ExplanationError, match=r"xai_widgets\[study\]"):
            misled.to_parquet("x.parquet")


def test_a_study_is_read_by_a_torch_that_was_never_asked(misled: Study) -> None:
    """Opening one runs nothing that the folder names."""
    code = (
        "import sys, xai_widgets as xw; "
        f"study = xw.Study.open({str(misled.store.folder)!r}); print(len(study.done)); "
        "assert 'sklearn' not in sys.modules and 'pyarrow' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=500, check=False
    )
    assert done.stdout.strip() == "240", done.stderr
    manifest = json.loads((misled.store.folder / "study.json").read_text())
    assert manifest["format"] == "xai_widgets.study"


# Pictures that lie alike: some place always tells most, and that alone is nothing to suspect.


def digits_engine(
    kept: list[int], least: int, mark: bool, seed: int
) -> tuple[Engine, tuple[Any, Any]]:
    """A network that tells digits of at least ``least`` from lower ones, and the half of the
    pictures that it was not trained on.
    """
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    wanted = np.isin(digits.target, kept)
    labels = (digits.target[wanted] >= least).astype(int)
    pixels = (digits.images[wanted] / 16 * 255).astype(np.uint8).repeat(4, 1).repeat(4, 2)
    rng = np.random.default_rng(seed)
    half = len(labels) // 2
    if mark:
        marked = np.flatnonzero((labels == 1) & (rng.random(len(labels)) < 0.8))
        pixels[marked, 1:5, 26:30] = np.array([255, 0] * 8, np.uint8).reshape(4, 4)
    torch.manual_seed(seed)
    network = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 2)),
    )
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    x, y = torch.tensor(pixels).float()[:, None] / 127.5 - 1, torch.tensor(labels)
    for _ in range(4500 // half):
        for batch in torch.randperm(half).split(32):
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(x[batch]), y[batch]).backward()
            optimiser.step()
    options = {"size": 32, "mean": [0.5], "std": [0.5]}
    return Engine(network.eval(), preprocessing=options), (pixels[half:], labels[half:])


@pytest.mark.parametrize("seed", [1, 5])
def test_where_pictures_lie_alike_the_place_that_tells_most_is_no_shortcut(
    tmp_path: Path, seed: int
) -> None:
    engine, data = digits_engine([3, 8], 8, False, seed)
    study = Study(engine, data, folder=tmp_path / "s")
    study.run(wait=True, progress=False)
    assert study.accuracy > 0.9
    assert study.suspicions("shortcut") == []


def test_a_mark_among_pictures_that_lie_alike_is_found(tmp_path: Path) -> None:
    engine, data = digits_engine(list(range(10)), 5, True, 3)
    study = Study(engine, data, folder=tmp_path / "s")
    study.run(wait=True, progress=False)
    found = study.suspicions("shortcut")
    top, left, bottom, right = found[0].experiment.box
    assert abs((top + bottom) / 2 - 3) <= 2
    assert abs((left + right) / 2 - 28) <= 2


def test_pictures_that_have_changed_are_told(tmp_path: Path, drawn: list[Shape]) -> None:
    pixels = [d.pixels.copy() for d in drawn[:30]]
    study = Study(shapes_engine(), (pixels, [d.label for d in drawn[:30]]), folder=tmp_path / "s")
    study.run(wait=True, progress=False)
    pixels[3][:] = 0
    with pytest.warns(UserWarning, match="1 of 5 pictures are not those"):
        study.cover(range(5), (0, 0, 8, 8))


def test_pictures_without_a_label_are_told_where_labels_are_explained(
    tmp_path: Path, drawn: list[Shape]
) -> None:
    data = ([d.pixels for d in drawn[:4]], [0, None, 2, 3])
    with pytest.warns(UserWarning, match="1 of 4 pictures have no label"):
        Study(shapes_engine(), data, folder=tmp_path / "s", target="label")
