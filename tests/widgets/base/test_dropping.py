"""A picture dropped onto a view: in every widget about pictures, with whatever bytes it has."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.widgets.conftest import SmallNetwork, photograph
from tests.widgets.heatmap.test_viewer import channel, until
from tests.widgets.registry import WIDGETS
from xai_widgets import DatasetExplorer, HeatmapViewer, TrainingMonitor
from xai_widgets.engine import Engine
from xai_widgets.widgets.base import dropping
from xai_widgets.widgets.base.dropping import Dropping

TAKING = [name for name in WIDGETS if name not in ("training", "dataset")]


def file_of(pixels: npt.NDArray[Any], kind: str = "png", **options: Any) -> bytes:
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, kind, **options)
    return written.getvalue()


def piece(widget: Dropping, data: bytes, **content: Any) -> None:
    """What a view sends."""
    comm = channel(widget)  # type: ignore[arg-type]  # any widget has one
    assert comm._handler is not None
    message = {"method": "custom", "content": {"kind": "picture", "by": "a view", **content}}
    comm._handler({"content": {"data": message}, "buffers": [memoryview(data)]})


def answers(widget: Dropping) -> list[dict[str, Any]]:
    comm = channel(widget)  # type: ignore[arg-type]
    return [content for content, _ in comm.custom() if content["kind"] == "dropped"]


def drop(widget: Dropping, data: bytes, name: str = "other.png", by: str = "a view") -> Any:
    """Drop a whole file; what is said of it."""
    before = len(answers(widget))
    piece(widget, data, by=by, name=name, size=len(data), at=0)
    until(lambda: len(answers(widget)) > before)
    return answers(widget)[-1]


@pytest.fixture
def viewer(engine: Engine) -> Iterator[HeatmapViewer]:
    with HeatmapViewer(engine, photograph(), prefetch=False) as viewer:
        viewer.open()
        viewer.wait(60)
        yield viewer


@pytest.mark.parametrize("name", TAKING)
def test_every_widget_about_a_picture_shows_it_and_goes_back(name: str) -> None:
    widget: Any = WIDGETS[name].make()
    with widget:
        widget.wait(60)
        first, size = widget.image, widget._read_pictures()[0].input.shape[-1]
        assert widget.earlier_picture == ""
        told = drop(widget, file_of(photograph(size, seed=3)), "night owl.png")
        assert told == {"kind": "dropped", "by": "a view", "name": "night owl.png"}
        assert isinstance(widget.image, Path)
        assert widget.image.name == "night owl.png"
        np.testing.assert_array_equal(
            widget._read_pictures()[0].input, widget.engine.picture(photograph(size, seed=3)).input
        )
        assert widget.earlier_picture == "the first picture"
        widget.wait(60)
        assert widget.status["state"] == "idle", widget.status
        channel(widget).message(kind="back")
        until(lambda: widget.earlier_picture == "")
        assert widget.image is first
        widget.wait(60)
        assert widget.status["state"] == "idle", widget.status


@pytest.mark.parametrize("widget", [TrainingMonitor, DatasetExplorer])
def test_a_widget_about_no_picture_takes_none(widget: type) -> None:
    assert not issubclass(widget, Dropping)


def test_it_is_explained_as_the_file_is(engine: Engine, viewer: HeatmapViewer) -> None:
    viewer.target = 2
    pixels = photograph(seed=5)
    drop(viewer, file_of(pixels))
    assert viewer.target is None  # a class that was chosen was chosen for the other picture
    until(lambda: viewer.attribution is not None)
    viewer.wait(60)
    alone = engine.explain(pixels, "grad_cam")
    assert viewer.attribution.target.index == alone.target.index
    np.testing.assert_array_equal(viewer.attribution.values, alone.values)
    assert viewer.prediction["top"][0]["index"] == alone.target.index


def test_going_back_restores_the_class(viewer: HeatmapViewer) -> None:
    viewer.target = 2
    drop(viewer, file_of(photograph(seed=5)), "a.png")
    drop(viewer, file_of(photograph(seed=6)), "b.png")
    assert viewer.earlier_picture == "the first picture"
    channel(viewer).message(kind="back")
    until(lambda: viewer.earlier_picture == "")
    assert viewer.target == 2
    np.testing.assert_array_equal(viewer.image, photograph())


def test_a_difference_is_of_the_new_pictures_classes(engine: Engine) -> None:
    with HeatmapViewer(engine, photograph(), arrangement="difference", prefetch=False) as viewer:
        viewer.open()
        viewer.wait(60)
        pixels = np.zeros((32, 32, 3), np.uint8)
        pixels[..., 1] = 255
        drop(viewer, file_of(pixels))
        viewer.wait(60)
        first, second = (score.index for score in engine.predict(pixels).top(2))
        assert viewer.attribution.target.index == first
        assert viewer.other_target == viewer.other_attribution.target.index == second


def test_what_python_sets_afterwards_leaves_no_way_back(viewer: HeatmapViewer) -> None:
    drop(viewer, file_of(photograph(seed=5)))
    assert viewer.earlier_picture
    viewer.image = photograph(seed=7)
    assert viewer.earlier_picture == ""
    channel(viewer).message(kind="back")
    viewer.wait(60)
    np.testing.assert_array_equal(viewer.image, photograph(seed=7))


def test_the_name_of_a_file_is_what_one_goes_back_to(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(file_of(photograph()))
    with HeatmapViewer(engine, tmp_path / "cat.png", prefetch=False) as viewer:
        viewer.open()
        drop(viewer, file_of(photograph(seed=5)))
        assert viewer.earlier_picture == "cat.png"


def test_the_same_file_again_is_another_path(viewer: HeatmapViewer) -> None:
    drop(viewer, file_of(photograph(seed=5)), "one.png")
    before = viewer.image
    drop(viewer, file_of(photograph(seed=6)), "one.png")
    assert viewer.image != before
    assert viewer.image.name == before.name == "one.png"
    assert before.exists()  # somebody may have kept it
    np.testing.assert_array_equal(viewer._picture.pixels, photograph(seed=6))


# As every picture file is read.


def test_it_is_upright_and_over_white() -> None:
    engine = Engine(SmallNetwork())
    pixels = np.zeros((20, 32, 3), np.uint8)
    pixels[0] = 255  # the first row, which is the last column when turned
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = dropping.opened(engine, "turned.png", file_of(pixels, exif=exif)).pictures[0]
    assert turned.pixels.shape[:2] == engine.picture(np.rot90(pixels, -1)).pixels.shape[:2]
    np.testing.assert_array_equal(turned.pixels, engine.picture(np.rot90(pixels, -1).copy()).pixels)
    clear = np.zeros((32, 32, 4), np.uint8)
    seen = dropping.opened(engine, "clear.png", file_of(clear)).pictures[0]
    assert seen.pixels.min() == 255


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 60,000 x 60,000 pixels."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    whole = file_of(photograph())
    at = whole.index(b"IHDR") + 4
    changed = whole[:at] + head
    import zlib

    return changed + struct.pack(">I", zlib.crc32(changed[12:])) + whole[at + 17 :]


HOSTILE = {
    "nothing": (b"", "empty"),
    "words": (b"This is no picture.", "not a picture in a format"),
    "a script": (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "not a picture"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
    "cut short": (file_of(photograph(64))[:-400], "damaged or cut short"),
    "a bomb": (bomb(), "pixels"),
    "zeros": (b"\0" * 4096, "not a picture"),
    "a TIFF that ends": (b"II*\0\x08\0\0\0\xff\xff", ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_picture_is_refused_in_words_and_nothing_changes(
    viewer: HeatmapViewer, kind: str
) -> None:
    data, words = HOSTILE[kind]
    status, picture = viewer.status, viewer.picture
    folders = len(list(Path(dropping._folder.name).iterdir())) if dropping._folder else 0
    told = drop(viewer, data, "holiday.png")
    assert words in told["failed"]
    assert "holiday.png" in told["failed"]
    assert "xai_widgets_" not in told["failed"]  # nobody knows where the copy was
    assert "Traceback" not in told["failed"]
    assert viewer.status == status
    assert viewer.picture == picture
    assert viewer.earlier_picture == ""
    assert dropping._folder is not None
    assert len(list(Path(dropping._folder.name).iterdir())) == folders


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cat.png", "cat.png"),
        ("/", "picture"),
        ("..", "picture"),
        ("a\0b\n.png", "ab.png"),
        ("", "picture"),
        ("<b>\ud800.png", "b.png"),
        ("x" * 300 + ".jpeg", "x" * 68 + "…" + "xxxxxx.jpeg"),
        ("Füchse 狐.webp", "Füchse 狐.webp"),
    ],
)
def test_a_name_stays_in_its_folder(given: str, name: str) -> None:
    file = dropping.file_of(given, b"1")
    assert file.name == name
    assert dropping._folder is not None
    assert file.parent.parent == Path(dropping._folder.name)
    assert file.read_bytes() == b"1"


# Pieces.


def test_a_file_comes_in_pieces_of_two_views_at_once(viewer: HeatmapViewer) -> None:
    one, other = file_of(photograph(seed=5)), file_of(photograph(seed=6))
    for at in range(0, max(len(one), len(other)), 1000):
        for by, data in (("one", one), ("other", other)):
            if at < len(data):
                sent = data[at : at + 1000]
                piece(viewer, sent, by=by, name=f"{by}.png", size=len(data), at=at)
    until(lambda: len(answers(viewer)) == 2)
    assert {(told["by"], told["name"]) for told in answers(viewer)} == {
        ("one", "one.png"),
        ("other", "other.png"),
    }


@pytest.mark.parametrize(
    ("size", "at", "words"),
    [
        (dropping.MOST_BYTES + 1, 0, "has 32 MB; expected at most 32 MB"),
        (3, 0, "did not arrive whole"),
        (-1, 0, "did not arrive whole"),
    ],
)
def test_what_does_not_fit_is_refused(
    viewer: HeatmapViewer, size: int, at: int, words: str
) -> None:
    piece(viewer, b"12345", name="a.png", size=size, at=at)
    assert words in answers(viewer)[-1]["failed"]
    piece(viewer, b"12345", name="a.png", size=size, at=5)  # what follows is no beginning
    assert len(answers(viewer)) == 1


def test_a_piece_that_is_missing_is_noticed(viewer: HeatmapViewer) -> None:
    data = file_of(photograph())
    piece(viewer, data[:100], name="a.png", size=len(data), at=0)
    piece(viewer, data[200:], name="a.png", size=len(data), at=200)
    assert "did not arrive whole" in answers(viewer)[-1]["failed"]
    assert drop(viewer, data)["name"] == "other.png"


def test_few_views_may_leave_files_half_sent(viewer: HeatmapViewer) -> None:
    for number in range(20):
        piece(viewer, b"12", by=f"view {number}", name="a.png", size=9, at=0)
    assert len(viewer._arriving) == dropping._VIEWS


def test_nothing_arrives_at_a_closed_widget(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph(), prefetch=False)
    viewer.open()
    comm, data = channel(viewer), file_of(photograph())
    viewer.close()
    assert comm._handler is None or not comm.custom()
    assert not viewer._arriving
    assert data


def test_the_part_that_takes_pictures_is_sent_to_a_view_that_is_ready(
    viewer: HeatmapViewer,
) -> None:
    comm = channel(viewer)
    assert not [1 for content, _ in comm.custom() if content["kind"] == "drop"]
    comm.message(kind="ready")
    [(content, [module])] = [said for said in comm.custom() if said[0]["kind"] == "drop"]
    assert content == {"kind": "drop", "most": dropping.MOST_BYTES}
    assert b"export" in bytes(module)
