"""What a DatasetExplorer sends, takes, and leaves behind."""

from __future__ import annotations

import io
import itertools
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tests.widgets.conftest import RecordingComm, photograph
from tests.widgets.heatmap.test_viewer import until
from xai_widgets import DatasetExplorer, ExplanationError, Study
from xai_widgets.engine import Engine
from xai_widgets.render.card import Cells
from xai_widgets.study.statistics import wilson
from xai_widgets.widgets.base.maps import dequantise
from xai_widgets.widgets.dataset import columns, filters, findings, means, opening, pictures, stills

COUNT = 20
Make = Callable[..., Study]


@pytest.fixture
def make(engine: Engine, tmp_path: Path) -> Make:
    def made(*, run: bool = True, read: bool = False) -> Study:
        photos = [photograph(seed=seed) for seed in range(COUNT)]
        data = {
            "image": photos,
            "label": [seed % 3 for seed in range(COUNT)],
            "camera": [("north", "south")[seed % 2] for seed in range(COUNT)],
            "height of sun": [float(seed) for seed in range(COUNT)],
        }
        pandas = pytest.importorskip("pandas")
        folder = tmp_path / "some.study"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study = Study(engine, pandas.DataFrame(data), folder=folder, block=8)
        if run:
            study.run(wait=True, progress=False)
        return Study.open(folder) if read else study

    return made


def channel(explorer: DatasetExplorer) -> RecordingComm:
    comm = explorer.comm
    assert isinstance(comm, RecordingComm)
    return comm


def told(explorer: DatasetExplorer, kind: str, seconds: float = 60) -> list[Any]:
    """Messages of a kind with their buffers, once there is one."""

    def found() -> list[Any]:
        return [(c, b) for c, b in channel(explorer).custom() if c["kind"] == kind]

    until(lambda: bool(found()), seconds)
    return found()


def column(explorer: DatasetExplorer, name: str) -> Any:
    """A column as the browser puts it together."""
    kinds = {"f2": "<f2", "f4": "<f4", "u2": "<u2"}
    parts = {}
    for message, buffers in told(explorer, "columns"):
        for own, data in zip(message["columns"], buffers, strict=True):
            if own["name"] == name:
                size = message["stop"] - message["start"]
                if own["form"] == "text":
                    parts[message["start"]] = data.decode().split("\n")
                elif own["form"] == "bits":
                    bits = np.frombuffer(data, np.uint8)
                    parts[message["start"]] = np.unpackbits(bits, count=size)
                else:
                    parts[message["start"]] = np.frombuffer(data, kinds[own["form"]])
    return np.concatenate([parts[start] for start in sorted(parts)])


def test_rows_travel_as_binary_columns(make: Make) -> None:
    study = make()
    explorer = DatasetExplorer(study)
    assert channel(explorer).custom() == []  # nobody listens yet
    channel(explorer).message(kind="ready")
    # What the first pictures are chosen by is one message; the rest waits until they are there.
    (first, _), *others = told(explorer, "columns")
    names = ["done", "failed", "label", "prediction", "probability", "loss"]
    assert [own["name"] for own in first["columns"]] == names
    assert others == []
    channel(explorer).message(kind="rest")
    np.testing.assert_array_equal(column(explorer, "prediction"), study.rows["prediction"])
    np.testing.assert_array_equal(column(explorer, "label"), study.rows["label"])
    np.testing.assert_allclose(column(explorer, "loss"), study.rows["loss"], rtol=1e-3)
    np.testing.assert_array_equal(column(explorer, "done"), np.ones(COUNT))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:  # names come as work
        names = [c["name"] for m, _ in told(explorer, "columns") for c in m["columns"]]
        if "height of sun" in names:
            break
    np.testing.assert_array_equal(column(explorer, "height of sun"), np.arange(COUNT))
    np.testing.assert_allclose(column(explorer, "brightness"), study.rows["brightness"], rtol=1e-3)
    assert column(explorer, "key").tolist() == study.rows["key"].tolist()
    np.testing.assert_array_equal(column(explorer, "camera"), np.arange(COUNT) % 2)


def test_a_page_of_pictures_has_the_thumbnails_and_maps_that_are_kept(make: Make) -> None:
    study = make()
    explorer = DatasetExplorer(study)
    channel(explorer).message(kind="ready")
    channel(explorer).message(kind="pictures", rows=[17, 2, 9])
    ((message, (jpegs, maps)),) = told(explorer, "pictures")
    assert message["rows"] == [17, 2, 9]
    ends = [0, *message["ends"]]
    parts = [jpegs[a:b] for a, b in itertools.pairwise(ends)]
    assert parts == study.rows.thumbnails([17, 2, 9])
    at = 0
    for i, kept in enumerate(study.rows.maps([17, 2, 9])):
        shape = message["maps"]["shapes"][2 * i : 2 * i + 2]
        assert shape == list(kept.shape)
        frame = {
            "data": maps[at : at + kept.size],
            "shape": shape,
            "signed": message["maps"]["signed"][i],
            "gamma": message["gamma"],
            "peak": message["maps"]["peaks"][i],
        }
        at += kept.size
        np.testing.assert_allclose(dequantise(frame), kept, atol=0.01 * max(kept.max(), 1e-9))
    assert at == len(maps)


def test_many_pictures_come_in_pieces(make: Make) -> None:
    explorer = DatasetExplorer(make())
    channel(explorer).message(kind="ready")
    rows = [*reversed(range(COUNT)), *range(COUNT), 7]
    channel(explorer).message(kind="pictures", rows=rows)
    until(lambda: not told(explorer, "pictures")[-1][0]["more"])
    pieces = [message for message, _ in told(explorer, "pictures")]
    assert [row for piece in pieces for row in piece["rows"]] == rows
    assert [piece["more"] for piece in pieces] == [True, True, False]
    assert all(len(piece["ends"]) == len(piece["rows"]) for piece in pieces)


def test_rows_that_there_are_not_are_passed_over(make: Make) -> None:
    explorer = DatasetExplorer(make())
    channel(explorer).message(kind="ready")
    channel(explorer).message(kind="pictures", rows=[-1, 3, 99])
    ((message, _),) = told(explorer, "pictures")
    assert message["rows"] == [3]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, lambda r: np.ones(COUNT, bool)),
        ({"correct": False}, lambda r: ~r["correct"]),
        ({"label": "green frog"}, lambda r: r["label"] == 1),
        ({"label": [0, 2], "camera": "south"},
            lambda r: (r["label"] != 1) & (np.arange(20) % 2 == 1)),
        ({"height of sun": [3, 5]}, lambda r: np.isin(np.arange(COUNT), [3, 4, 5])),
        ({"rows": [4, 2]}, lambda r: np.isin(np.arange(COUNT), [2, 4])),
        ({"search": "NORTH frog"}, lambda r: (np.arange(20) % 2 == 0)
            & ((r["label"] == 1) | (r["prediction"] == 1))),
    ],
)  # fmt: skip
def test_a_filter_keeps_rows(make: Make, given: dict[str, Any], kept: Any) -> None:
    study = make()
    explorer = DatasetExplorer(study, sort="row")
    explorer.filter = given
    wanted = np.flatnonzero(kept(study.rows))
    np.testing.assert_array_equal(explorer.rows, wanted)
    np.testing.assert_array_equal(explorer.selected, wanted if given else [])
    explorer.selected = [7, 3]
    np.testing.assert_array_equal(explorer.selected, [7, 3])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("filter", {"lable": 1}, "no such column.*label"),
        ("filter", {"label": "geen frog"}, "green frog"),
        ("filter", {"loss": "high"}, r"range \[low, high\]"),
        ("filter", {"rows": [3, 20]}, "0 to 19"),
        ("filter", {"rows": [0.5]}, "0 to 19"),
        ("filter", {"label": 3}, "expected a class, 0 to 2 or its name"),
        ("filter", {"prediction": [0, -1]}, "expected a class, 0 to 2 or its name"),
        ("filter", {"label": True}, "expected a class, 0 to 2 or its name"),
        ("selected", [0.5], "numbers of rows, or a mask"),
        ("sort", "-los", "loss"),
        ("slice", "no such", "study.slices"),
        ("selected", [-1], "0 to 19"),
        ("row", 20, "0 to 19"),
    ],
)
def test_what_cannot_be_is_refused_in_words(make: Make, name: str, value: Any, words: str) -> None:
    explorer = DatasetExplorer(make())
    with pytest.raises(ExplanationError, match=words):
        setattr(explorer, name, value)


def test_what_is_no_study_is_refused(engine: Engine, make: Make) -> None:
    with pytest.raises(ExplanationError, match=r"expected an xw\.Study"):
        DatasetExplorer(engine)  # type: ignore[arg-type]  # which is the point
    with pytest.raises(TypeError, match="sorted"):
        DatasetExplorer(make(), sorted="loss")  # type: ignore[call-arg]  # which is the point


def test_rows_are_numbers_a_mask_or_a_slice(make: Make) -> None:
    from xai_widgets.study import Slice

    study = make()
    assert filters.rows_of(study, np.arange(COUNT) % 7 == 3) == [3, 10, 17]
    assert filters.rows_of(study, Slice("a", np.array([5, 1]), 0.5, (0, 1), 1.0, 1.0)) == [5, 1]
    assert filters.rows_of(study, 4) == [4]
    assert filters.rows_of(study, []) == []
    with pytest.raises(ExplanationError, match="row 20 is none of the study's; expected 0 to 19"):
        filters.rows_of(study, [3, 20])


def test_sort_puts_the_highest_first_and_rows_without_a_value_last(make: Make) -> None:
    study = make()
    explorer = DatasetExplorer(study, sort="-loss")
    np.testing.assert_array_equal(explorer.rows, np.argsort(-study.rows["loss"], kind="stable"))
    values = np.array([2, np.nan, 5, 1, np.nan])
    assert filters.in_order(values, [0, 1, 2, 3, 4], descending=True) == [2, 0, 3, 1, 4]


def test_verdicts_are_on_disk_at_once(make: Make) -> None:
    study = make()
    explorer = DatasetExplorer(study)
    channel(explorer).message(kind="ready")
    channel(explorer).message(kind="decide", rows=[3, 5], verdict="hard")
    again = Study.open(study.store.folder)
    assert [(v.rows, v.word) for v in again.verdicts()] == [((3, 5), "hard")]
    message, (data,) = told(explorer, "verdicts")[-1]
    codes = np.frombuffer(data, "<u2")
    assert message["words"] == ["hard"]
    assert np.flatnonzero(codes == 0).tolist() == [3, 5]
    channel(explorer).message(kind="undo")
    assert again.verdicts() == []


def test_a_verdict_from_elsewhere_is_shown(make: Make) -> None:
    study = make()
    explorer = DatasetExplorer(study)
    channel(explorer).message(kind="ready")
    Study.open(study.store.folder).decide([1], "fine")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if told(explorer, "verdicts")[-1][0]["words"] == ["fine"]:
            return
        time.sleep(0.05)
    raise AssertionError("the verdict was not sent")


def test_slices_of_python_are_shown_by_their_rows(make: Make) -> None:
    study = make()
    explorer = DatasetExplorer(study, sort="row")
    channel(explorer).message(kind="ready")
    rows = np.array([2, 3, 11])
    from xai_widgets.study import Slice

    explorer.slice = Slice("odd ones", rows, 0.5, (0.1, 0.9), 2.0, 0.01)
    assert explorer.slice == "slice: odd ones"
    np.testing.assert_array_equal(explorer.rows, rows)
    message, (bits,) = told(explorer, "sets")[-1]
    assert message["sets"][0]["title"] == "odd ones"
    mask = np.unpackbits(np.frombuffer(bits, np.uint8), count=COUNT)
    np.testing.assert_array_equal(np.flatnonzero(mask), rows)
    explorer.slice = None
    assert len(explorer.rows) == COUNT


def test_what_is_given_and_also_found_is_shown_once(make: Make) -> None:
    from xai_widgets.study import Slice

    study = make()
    explorer = DatasetExplorer(study, sort="row")
    channel(explorer).message(kind="ready")
    both = Slice("both", np.array([2, 3, 11]), 0.5, (0.1, 0.9), 2.0, 0.01)
    given = Slice("given", np.array([4, 5]), 0.5, (0.1, 0.9), 2.0, 0.01)
    explorer.slice = both
    explorer.slice = given
    found: Any = {"kind": "sets", "reading": "slices", "words": "", "partial": False}
    explorer._found({**found, "sets": [findings.slice_set(study, both)]})
    message, _ = told(explorer, "sets")[-1]
    assert message["reading"] == "named"
    assert [one["title"] for one in message["sets"]] == ["given"]
    frames = [frame for frame in explorer._saved_frames() if frame["kind"] == "sets"]
    titles = [one["title"] for frame in frames for one in frame["sets"]]
    assert titles.count("both") == 1
    assert titles.count("given") == 1
    explorer.slice = "both"
    np.testing.assert_array_equal(explorer.rows, both.rows)


def test_readings_come_with_what_they_found(make: Make) -> None:
    explorer = DatasetExplorer(make())
    channel(explorer).message(kind="ready")
    channel(explorer).message(kind="read", reading="pca")
    message, (data,) = told(explorer, "points")[-1]
    assert message["method"] == "pca"
    points = np.frombuffer(data, "<f4").reshape(COUNT, 2)
    np.testing.assert_array_equal(points, explorer.study.projection("pca"))
    channel(explorer).message(kind="read", reading="no such")  # is passed over
    channel(explorer).message(kind="read", reading="order")
    _, (order,) = told(explorer, "order")[-1]
    assert sorted(np.frombuffer(order, "<u2").tolist()) == [0, 1, 2]


def test_a_row_has_its_picture_its_classes_and_its_neighbours(make: Make) -> None:
    study = make()
    explorer = DatasetExplorer(study)
    channel(explorer).message(kind="ready")
    channel(explorer).message(kind="detail", row=4)
    message, buffers = told(explorer, "detail")[-1]
    assert message["top"][0]["index"] == study.rows["prediction"][4]
    assert message["top"][0]["probability"] == pytest.approx(study.rows["probability"][4], abs=1e-3)
    assert message["neighbours"] == study.neighbours(4, count=6).tolist()
    assert buffers[0][:4] == b"\x89PNG"


def test_the_map_for_the_label_is_computed_and_kept(make: Make) -> None:
    study = make()
    (row, *_) = study.wrong
    explorer = DatasetExplorer(study)
    channel(explorer).message(kind="ready")
    channel(explorer).message(kind="map", row=int(row))
    message, (data,) = told(explorer, "map")[-1]
    kept = study.map_of(int(row), "label")
    shown = dequantise({**message["map"], "data": data})
    np.testing.assert_allclose(shown, kept, atol=0.01 * max(float(np.abs(kept).max()), 1e-9))


def test_going_on_runs_the_study_and_shows_its_blocks(make: Make) -> None:
    study = make(run=False)
    explorer = DatasetExplorer(study)
    assert explorer.status["state"] == "stopped"
    assert "0 of 20" in explorer.status["message"]
    channel(explorer).message(kind="ready")
    channel(explorer).message(kind="resume")
    explorer.wait(60)
    assert explorer.status["state"] == "idle"
    np.testing.assert_array_equal(column(explorer, "prediction"), study.rows["prediction"])
    assert len(study.done) == COUNT


def test_a_run_that_was_begun_elsewhere_is_followed(make: Make) -> None:
    study = make(run=False)
    explorer = DatasetExplorer(study)
    channel(explorer).message(kind="ready")
    study.run(wait=True, progress=False)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and explorer.status["state"] != "idle":
        time.sleep(0.05)
    assert explorer.status["state"] == "idle"
    np.testing.assert_array_equal(column(explorer, "done"), np.ones(COUNT))


def test_a_study_without_its_network_can_be_read(make: Make) -> None:
    study = make(read=True)
    explorer = DatasetExplorer(study)
    assert not explorer.head["able"]
    channel(explorer).message(kind="ready")
    channel(explorer).message(kind="detail", row=2)
    assert "picture" not in told(explorer, "detail")[-1][0]
    channel(explorer).message(kind="open", row=2, viewer="heatmap")
    assert "Study.open" in told(explorer, "opened")[-1][0]["words"]
    channel(explorer).message(kind="cover", rows=[1, 2], box=[0, 0, 0.5, 0.5])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and told(explorer, "experiment")[-1][0]["busy"]:
        time.sleep(0.01)
    assert "Study.open" in told(explorer, "experiment")[-1][0]["words"]


def test_a_viewer_of_a_row_opens_and_closes(make: Make) -> None:
    explorer = DatasetExplorer(make())
    channel(explorer).message(kind="ready")
    channel(explorer).message(kind="open", row=2, viewer="heatmap")
    message, _ = told(explorer, "opened")[-1]
    viewer = explorer._viewer
    assert viewer is not None
    assert message["model"] == viewer.model_id
    channel(explorer).message(kind="shut")
    assert viewer._closed
    assert not explorer._closed


def test_a_comparison_is_the_second_study_with_what_has_changed(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make()
    pictures, labels = one.pictures(range(COUNT)), one.rows["label"].tolist()
    often = int(np.bincount(one.rows["prediction"], minlength=3).argmax())
    network = nn.Sequential(
        nn.Conv2d(3, 3, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3)
    )
    with torch.no_grad():
        network[4].bias[(often + 1) % 3] += 9
    another = Engine(network.eval(), class_names=one.class_names, name="another")
    studies = [
        Study(engine, (pictures, labels), folder=tmp_path / f"{i}.study")
        for i, engine in enumerate((one.engine, another))
    ]
    for study in studies:
        study.run(wait=True, progress=False)
    right = [study.rows["correct"] for study in studies]
    explorer = DatasetExplorer(Study.compare(*studies), sort="row", slice="newly right")
    assert explorer.study is studies[1]
    np.testing.assert_array_equal(explorer.rows, np.flatnonzero(~right[0] & right[1]))
    assert len(explorer.rows)
    explorer.slice = "newly wrong"
    np.testing.assert_array_equal(explorer.rows, np.flatnonzero(right[0] & ~right[1]))
    assert len(explorer.rows)
    explorer.slice = "other answers"
    answers = [study.rows["prediction"] for study in studies]
    np.testing.assert_array_equal(explorer.rows, np.flatnonzero(answers[0] != answers[1]))
    channel(explorer).message(kind="ready")
    message, _ = told(explorer, "sets")[-1]
    assert [own["title"] for own in message["sets"]][:2] == ["newly wrong", "newly right"]
    given: dict[str, Any] = {}

    def comparison(engines: Any, image: Any, **options: Any) -> None:
        given.update(engines=engines, image=image, **options)

    monkeypatch.setattr(opening, "GradientComparison", comparison)
    opening.viewer_of(studies[1], 3, "comparison", {}, explorer._before)
    assert given["engines"] == [one.engine, another]
    assert given["names"] == [one.engine.name, "another"]
    assert given["image"] is pictures[3]
    opening.viewer_of(studies[1], 3, "comparison", {}, studies[1])
    assert given["names"] == ["1.study", "1.study"]
    with pytest.raises(ExplanationError, match=r"Study\.open"):
        opening.viewer_of(studies[1], 3, "comparison", {}, Study.open(studies[0].store.folder))


def test_covering_a_place_says_what_became_of_the_answers(make: Make) -> None:
    explorer = DatasetExplorer(make())
    channel(explorer).message(kind="ready")
    channel(explorer).message(kind="cover", rows=list(range(COUNT)), box=[0.5, 0, 0.5, 0.5])
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and told(explorer, "experiment")[-1][0]["busy"]:
        time.sleep(0.01)
    message = told(explorer, "experiment")[-1][0]
    assert "rows 0 to 16, columns 16 to 32" in message["words"]
    assert "random regions" in message["words"]
    assert len(message["values"]) == 6


def test_a_notebook_keeps_a_contact_sheet_only(make: Make) -> None:
    explorer = DatasetExplorer(make())
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert len(data["image/png"]) < 150_000
    state = explorer.get_state()
    others = {name: value for name, value in state.items() if name not in ("_esm", "_css")}
    assert len(str(others)) < 20_000
    assert len(str(state["_esm"])) + len(str(state["_css"])) <= 65_536


def test_columns_are_sent_in_pieces(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    study = make()
    monkeypatch.setattr(columns, "PIECE", 8)
    pieces = list(columns.computed_columns(study, [0, 1, 2]))
    assert [(p["start"], p["stop"]) for p in pieces] == [(0, 8), (8, 16), (16, 20)]
    monkeypatch.setattr(columns, "PIECE", 16)
    pieces = list(columns.computed_columns(study, [2, 0]))
    assert [(p["start"], p["stop"]) for p in pieces] == [(0, 8), (16, 20)]
    monkeypatch.setattr(columns, "ANSWERS", 16)
    pieces = list(columns.answer_columns(study, [0, 1, 2]))
    assert [(p["start"], p["stop"]) for p in pieces] == [(0, 16), (16, 20)]
    monkeypatch.setattr(columns, "MEASURED", 8)
    pieces = list(columns.measured_columns(study, [0, 1, 2]))
    assert [(p["start"], p["stop"]) for p in pieces] == [(0, 8), (8, 16), (16, 20)]


def test_names_and_metadata_are_sent_in_pieces(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    study = make()
    monkeypatch.setattr(columns, "PIECE", 8)
    pieces = list(columns.given_columns(study))
    assert [(p["start"], p["stop"]) for p in pieces] == [(0, 8), (8, 16), (16, 20)]
    for piece in pieces:
        here = slice(piece["start"], piece["stop"])
        found = {own["name"]: own for own in piece["columns"]}
        assert list(found) == ["key", "label", "camera", "height of sun"]
        assert found["key"]["data"].decode().split("\n") == study.rows["key"][here].tolist()
        codes = np.frombuffer(found["camera"]["data"], "<u2")
        assert [found["camera"]["values"][c] for c in codes] == study.rows["camera"][here].tolist()
        heights = np.frombuffer(found["height of sun"]["data"], "<f4")
        assert heights.tolist() == list(range(here.start, here.stop))


def test_what_is_not_said_of_a_row_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    codes, values = columns._coded(np.array(["north", "", "a\tb", "north"]))
    told = [None if code == columns.NONE else values[code] for code in codes.tolist()]
    assert told[::3] == ["north", "north"]
    assert told[1] is None
    monkeypatch.setattr(columns, "_MOST_VALUES", 2)
    many = np.array(["a", "b", "c"])
    assert columns._coded(many).tolist() == ["a", "b", "c"]
    assert isinstance(columns._coded(many[:2]), tuple)


def test_a_contact_sheet_has_the_first_pictures_with_what_they_are_taken_for(make: Make) -> None:
    study = make()
    explorer = DatasetExplorer(study, sort="row")
    card = explorer._card(1)
    share = f"{100 * study.rows['correct'].mean():.1f}\N{NO-BREAK SPACE}%"
    assert card.title == f"20 of 20 pictures, {share} right · the first 18 of 20"
    assert card.below == f"{study.engine.name} · Grad-CAM"
    (sheet,) = card.columns[0].blocks
    assert isinstance(sheet, Cells)
    assert [len(row) for row in sheet.rows] == [6, 6, 6]
    names, label, answer = study.class_names, study.rows["label"], study.rows["prediction"]
    said = [cell.below for row in sheet.rows for cell in row]
    assert said == [
        names[a] if a == b else f"{names[a]} → {names[b]}"
        for a, b in zip(label[:18], answer[:18], strict=True)
    ]
    explorer.filter = {"rows": [3, 4]}
    few = explorer._card(1)
    assert few.title == f"20 of 20 pictures, {share} right"
    assert few.columns[0].width == 420
    assert [len(row) for row in few.columns[0].blocks[0].rows] == [2]
    bare = stills.contact_sheet(study, np.array([3]), {}, maps=False, scale=1)
    with Image.open(io.BytesIO(study.rows.thumbnails([3])[0])) as opened:
        kept = np.asarray(opened.convert("RGB"))
    shown = bare.columns[0].blocks[0].rows[0][0].pixels
    assert np.abs(shown.astype(float).mean() - kept.mean()) < 1
    assert not np.array_equal(few.columns[0].blocks[0].rows[0][0].pixels, shown)


def test_stopping_stops_the_studys_run_where_there_is_one(make: Make) -> None:
    study = make(run=False)
    explorer = DatasetExplorer(study)
    explorer.stop()  # there is nothing to stop
    assert explorer.status["state"] == "stopped"
    explorer.status = {**explorer.status, "state": "running"}  # a run that is about to begin
    explorer.stop()
    assert study.last_run is None
    explorer.resume()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and study.last_run is None:
        time.sleep(0.001)
    assert study.last_run is not None
    explorer.stop()
    assert study.last_run.wait(60)
    assert study.last_run.state in ("stopped", "done")


def test_without_its_network_it_says_how_to_go_on(make: Make) -> None:
    study = Study.open(make(run=False).store.folder)
    explorer = DatasetExplorer(study)
    assert explorer.status["state"] == "stopped"
    assert explorer.status["hint"] == "To go on: xw.Study.open(folder, engine, data)."


def test_a_message_of_columns_is_one_that_hosts_take(make: Make) -> None:
    study = make()
    for most, made in (
        (columns.ANSWERS, columns.answer_columns(study, [0, 1, 2])),
        (columns.MEASURED, columns.measured_columns(study, [0, 1, 2])),
    ):
        (piece,) = made
        wide = sum(8 * len(own["data"]) for own in piece["columns"]) / COUNT
        assert wide / 8 * most < 900_000


def test_no_verdicts_are_no_bytes(make: Make) -> None:
    study = make()
    assert columns.verdict_column(study) == {"kind": "verdicts", "words": [], "data": b""}
    study.decide([3], "hard")
    made = columns.verdict_column(study)
    assert made["words"] == ["hard"]
    codes = np.frombuffer(made["data"], "<u2")
    assert codes.tolist() == [columns.NONE] * 3 + [0] + [columns.NONE] * (COUNT - 4)


def test_a_region_becomes_shares_of_the_picture(make: Make) -> None:
    from xai_widgets.study import Suspicion

    region = np.zeros((32, 32), bool)
    region[8:16, 4:12] = True
    found = Suspicion(
        "shortcut", "a place", np.array([1, 2]), region, "evidence", 0.4, (0.3, 0.5), 0.1
    )
    made = findings.suspicion_set(make(), found)
    assert made["box"] == [4 / 32, 8 / 32, 8 / 32, 8 / 32]
    assert (made["effect"], made["control"]) == (0.4, 0.1)


def unpacked(packed: Any, data: bytes, gamma: int) -> list[Any]:
    """The maps of a message."""
    made, at = [], 0
    for i, peak in enumerate(packed["peaks"]):
        shape = packed["shapes"][2 * i : 2 * i + 2]
        own = data[at : at + shape[0] * shape[1]]
        at += len(own)
        signed = packed["signed"][i]
        made.append(
            dequantise(
                {"data": own, "shape": shape, "signed": signed, "gamma": gamma, "peak": peak}
            )
        )
    return made


def test_groups_of_maps_are_slices_with_their_mean_maps(make: Make) -> None:
    study = make()
    explorer = DatasetExplorer(study, sort="row")
    channel(explorer).message(kind="ready")
    wanted = np.arange(COUNT) != 4
    data = {"method": "custom", "content": {"kind": "groups", "of": "maps"}}
    bits = memoryview(np.packbits(wanted).tobytes())
    channel(explorer)._handler({"content": {"data": data}, "buffers": [bits]})
    message, buffers = told(explorer, "groups")[-1]
    found = study.groups(np.flatnonzero(wanted), of="maps")
    assert (message["of"], message["of_rows"]) == ("maps", COUNT - 1)
    assert [own["count"] for own in message["sets"]] == np.bincount(found.groups).tolist()
    maps = unpacked(message["maps"], buffers[-1], message["gamma"])
    for number, (own, mean) in enumerate(zip(message["sets"], maps, strict=True)):
        rows = np.flatnonzero(wanted)[found.groups == number]
        expected, _ = study.mean_map(rows)
        np.testing.assert_allclose(mean, expected, atol=0.01 * expected.max())
        assert own["title"] == f"Group {number + 1} of {found.count}"
        assert own["first"] == rows[:5].tolist()
        right = int(study.rows["correct"][rows].sum())
        assert own["interval"] == pytest.approx(list(wilson(right, len(rows))))
        explorer.slice = own["title"]
        np.testing.assert_array_equal(explorer.rows, rows)
        assert own["accuracy"] == pytest.approx(study.rows["correct"][rows].mean())


def test_mean_maps_of_the_confusion_and_right_less_wrong(make: Make) -> None:
    study = make()
    explorer = DatasetExplorer(study)
    channel(explorer).message(kind="ready")
    channel(explorer).message(kind="means")
    message, (cells, less) = told(explorer, "means")[-1]
    label, prediction = study.rows["label"], study.rows["prediction"]
    there = {(int(a), int(b)) for a, b in zip(label, prediction, strict=True)}
    assert {(a, b) for a, b in message["cells"]} == there
    maps = unpacked(message["maps"], cells, message["gamma"])
    for (a, b), mean in zip(message["cells"], maps, strict=True):
        expected, _ = study.mean_map(np.flatnonzero((label == a) & (prediction == b)))
        np.testing.assert_allclose(mean, expected, atol=0.01 * expected.max())
    differences = unpacked(message["differences"], less, message["gamma"])
    both = [a for a in sorted({a for a, _ in there}) if (a, a) in there
            and any(x == a != y for x, y in there)]  # fmt: skip
    assert sorted(message["labels"]) == both
    for a, difference in zip(message["labels"], differences, strict=True):
        right, _ = study.mean_map(np.flatnonzero((label == a) & (prediction == a)))
        wrong, _ = study.mean_map(np.flatnonzero((label == a) & (prediction != a)))
        expected = right - wrong
        np.testing.assert_allclose(difference, expected, atol=0.01 * np.abs(expected).max())
    assert "lie alike" in message["words"]


class Colours(nn.Module):
    """Answers with the strongest of red, green and blue."""

    def __init__(self) -> None:
        super().__init__()
        self.see, self.head = nn.Conv2d(3, 3, 1, bias=False), nn.Linear(3, 3, bias=False)
        with torch.no_grad():
            self.see.weight.copy_(torch.eye(3)[..., None, None])
            self.head.weight.copy_(torch.eye(3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.see(x)).mean((2, 3)))


def test_right_less_wrong_is_of_each_label_of_its_own(tmp_path: Path) -> None:
    pictures = [photograph(seed=i) // 3 for i in range(15)]
    for i, pixels in enumerate(pictures):
        pixels[2 * i : 2 * i + 6, 4:20, i % 3] += 150
    labels = [i % 3 if i < 9 else (i + 1) % 3 for i in range(15)]
    engine = Engine(Colours(), class_names=["red", "green", "blue"])
    study = Study(engine, (pictures, labels), folder=tmp_path / "s")
    study.run(wait=True, progress=False)
    assert study.rows["prediction"].tolist() == [i % 3 for i in range(15)]
    made = means.means_of(study, signed=True)
    expected = {(c, c) for c in range(3)} | {((c + 1) % 3, c) for c in range(3)}
    assert {(label, answer) for label, answer in made["cells"]} == expected
    assert sorted(made["labels"]) == [0, 1, 2]
    differences = unpacked(made["differences"], made["differences"]["data"], made["gamma"])
    for label, difference in zip(made["labels"], differences, strict=True):
        right, _ = study.mean_map([i for i in range(9) if labels[i] == label])
        wrong, _ = study.mean_map([i for i in range(9, 15) if labels[i] == label])
        wanted = right - wrong
        np.testing.assert_allclose(difference, wanted, atol=0.01 * np.abs(wanted).max())
        assert np.abs(wanted).max() > 0


def test_of_many_classes_the_first_confusions_have_mean_maps(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make()
    monkeypatch.setattr(means, "_TABLE", 2)
    monkeypatch.setattr(means, "_LISTED", 1)
    made = means.means_of(study, signed=False)
    first, *rest = study.confusion.pairs
    assert rest
    cells = [tuple(cell) for cell in made["cells"]]
    assert cells[-1] == (first.label, first.prediction)
    assert set(cells[:-1]) <= {(first.label, first.label)}
    assert set(made["labels"]) <= {first.label}


def test_of_many_rows_some_are_taken_spread_over_all_of_them() -> None:
    rows = np.arange(100, 1100)
    assert means._spread(rows, 5).tolist() == [100, 349, 599, 849, 1099]
    assert means._spread(rows[:5], 5).tolist() == rows[:5].tolist()


def test_mean_maps_need_labels_and_say_so(make: Make) -> None:
    study = make(run=False)
    explorer = DatasetExplorer(study)
    channel(explorer).message(kind="ready")
    channel(explorer).message(kind="means")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and told(explorer, "reading")[-1][0]["busy"]:
        time.sleep(0.01)
    assert "need labels" in told(explorer, "reading")[-1][0]["words"]


def test_a_saved_page_has_groups_means_and_the_maps_that_were_looked_at(make: Make) -> None:
    study = make()
    wrong = int(study.wrong[0])
    study.map_of(wrong, "label")
    explorer = DatasetExplorer(study)
    frames = explorer._saved_frames()
    kinds = [frame["kind"] for frame in frames]
    assert {"groups", "means", "pictures"} <= set(kinds)
    (kept,) = [frame for frame in frames if frame["kind"] == "map"]
    assert kept["row"] == wrong
    expected = study.map_of(wrong, "label")
    np.testing.assert_allclose(dequantise(kept["map"]), expected, atol=0.01 * expected.max())
    pages = [frame for frame in frames if frame["kind"] == "pictures"]
    assert sum(sum(1 for peak in page["maps"]["peaks"] if peak) for page in pages) == COUNT
    rows = [row for page in pages for row in page["rows"]]
    assert rows == explorer.rows.tolist()
    (near,) = [frame for frame in frames if frame["kind"] == "nearest"]
    data = np.frombuffer(near["data"], "<u4").reshape(COUNT, near["each"])
    for row, found in zip(near["rows"], data.tolist(), strict=True):
        assert found == study.neighbours(row, count=6).tolist()


@pytest.mark.parametrize(("limit", "kept"), [("_NEAREST_ROWS", {"points"}), ("both", set())])
def test_a_saved_page_of_many_rows_leaves_out_what_takes_long(
    make: Make, monkeypatch: pytest.MonkeyPatch, limit: str, kept: set[str]
) -> None:
    monkeypatch.setattr(stills, "_NEAREST_ROWS", COUNT - 1)
    monkeypatch.setattr(stills, "_PLACED_ROWS", COUNT - 1)
    if limit == "both":
        monkeypatch.setattr(stills, "_COMPONENTS_ROWS", COUNT - 1)
    frames = DatasetExplorer(make())._saved_frames()
    kinds = {frame["kind"] for frame in frames}
    assert kinds & {"groups", "points", "nearest"} == kept
    assert {frame["method"] for frame in frames if frame["kind"] == "points"} <= {"pca"}


def test_pictures_are_lighter_where_a_page_would_not_hold_them_all(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make()
    whole = [
        frame for frame in DatasetExplorer(study)._saved_frames() if frame["kind"] == "pictures"
    ]
    size = sum(len(page["data"]) + len(page["maps"]["data"]) for page in whole)
    assert b"".join(page["data"] for page in whole) == b"".join(
        study.rows.thumbnails([row for page in whole for row in page["rows"]])
    )
    monkeypatch.setattr(stills, "_PAGE_BYTES", size - 1)
    light = [
        frame for frame in DatasetExplorer(study)._saved_frames() if frame["kind"] == "pictures"
    ]
    assert [row for page in light for row in page["rows"]] == [
        row for page in whole for row in page["rows"]
    ]
    assert sum(len(page["data"]) for page in light) < 0.75 * sum(
        len(page["data"]) for page in whole
    )
    kept, lighter = (
        np.asarray(Image.open(io.BytesIO(pages[0]["data"][: pages[0]["ends"][0]])), dtype=float)
        for pages in (whole, light)
    )
    assert kept.shape == lighter.shape == (32, 32, 3)
    coarse = [pixels.reshape(4, 8, 4, 8, 3).mean((1, 3)) for pixels in (kept, lighter)]
    np.testing.assert_allclose(*coarse, atol=12)  # they are noise: what is fine in them goes
    assert pictures.lighter(b"") == b""


def test_what_was_found_is_saved_and_not_looked_for_again(make: Make) -> None:
    explorer = DatasetExplorer(make())
    made = explorer._saved_frames()
    for kind in ("groups", "means", "order", "points"):
        (found,) = [frame for frame in made if frame["kind"] == kind]
        explorer._found(found)
    again = explorer._saved_frames()
    assert [frame["kind"] for frame in again if frame["kind"] == "groups"] == ["groups"]
    for kind in ("groups", "means", "order", "points"):
        (kept,) = [frame for frame in again if frame["kind"] == kind]
        assert any(kept is known for known in explorer._known.values())
