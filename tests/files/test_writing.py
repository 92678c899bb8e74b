"""What is written is there whole or not at all, and what was there before is not lost."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xai_widgets as xw
from tests.files.hostile import PATHS, PLACES
from tests.files.test_doors import a_vae, an_attribution, refused_or_taken
from tests.widgets.conftest import SmallNetwork, photograph
from xai_widgets import HeatmapViewer
from xai_widgets.attribution import Attribution
from xai_widgets.errors import ExplanationError
from xai_widgets.files import write_file, write_whole
from xai_widgets.relabel import save_vae
from xai_widgets.targets import Target


@pytest.fixture(scope="module")
def viewer() -> HeatmapViewer:
    engine = xw.Engine(SmallNetwork(), class_names=["a", "b", "c"])
    return HeatmapViewer(engine, photograph(), "saliency", prefetch=False)


def saved(path: Any) -> None:
    Attribution(np.ones((2, 2), np.float32), "a", "A", Target(0, "a")).save(path)


@pytest.fixture(params=["to_html", "to_png", "save_vae", "attribution"])
def write(request: pytest.FixtureRequest, viewer: HeatmapViewer) -> Callable[[Any], object]:
    writers: dict[str, Callable[[Any], object]] = {
        "to_html": viewer.to_html,
        "to_png": viewer.to_png,
        "save_vae": lambda path: save_vae(a_vae(), path),
        "attribution": saved,
    }
    return writers[request.param]


def state(path: Path) -> tuple[int, str]:
    """What kind of thing there is, and where a link leads."""
    link = os.readlink(path) if path.is_symlink() else ""
    return stat.S_IFMT(path.lstat().st_mode), link


@pytest.mark.parametrize("place", PLACES)
def test_what_is_there_is_not_lost(
    write: Callable[[Any], object], place: str, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    path = own / "target"
    PLACES[place](path)
    before = state(path) if place != "nothing" else None
    with refused_or_taken(tmp_path):
        write(path)
    if before is not None and place != "a folder":
        assert state(path) == before
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("name", PATHS)
def test_paths_that_there_cannot_be(
    write: Callable[[Any], object], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with refused_or_taken(tmp_path):
        write(PATHS[name])


def test_a_page_that_cannot_be_made_leaves_the_old_one(
    viewer: HeatmapViewer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page.html"
    path.write_text("the page of yesterday")

    def full(self: Path, content: bytes) -> int:
        with open(self, "wb") as file:
            file.write(content[:10])
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(ExplanationError, match=r'to_html\(path\) is ".*page.html".*No space'):
            viewer.to_html(path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [
        ("page.html", "the page of yesterday")
    ]
    assert viewer.to_html(path) == path
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_file_that_is_replaced_keeps_its_permissions_and_links(tmp_path: Path) -> None:
    file, link = tmp_path / "a", tmp_path / "link"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to("a")
    write_whole(link, b"new")
    assert link.is_symlink()
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", 0o640)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "link"]


def test_the_longest_name_that_a_file_can_have(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    assert write_file(path, b"all", "it") == path
    assert path.read_bytes() == b"all"


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExplanationError, match=r'there is no folder ".*nowhere"; make it first'):
        write_file(tmp_path / "nowhere" / "a.html", b"", "to_html(path)")


def test_an_attribution_over_something_else(tmp_path: Path) -> None:
    folder = an_attribution(tmp_path / "a")
    (folder / "overlay.png").unlink()
    (folder / "overlay.png").mkdir()
    with pytest.raises(ExplanationError, match=r"overlay.png\", which is a folder"):
        saved(folder)
