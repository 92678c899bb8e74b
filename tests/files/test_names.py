"""Names of every kind in all widgets and their pages: they are text, and are all there."""

from __future__ import annotations

import html as markup
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import xai_widgets as xw
from tests.files.hostile import THREES
from tests.widgets.conftest import SmallNetwork, _recorded_comms, photograph  # noqa: F401
from tests.widgets.latent.test_viewer import Brightest, Quarters, reddish
from tests.widgets.training.test_viewer import trainer
from xai_widgets import (
    DatasetExplorer,
    FaithfulnessViewer,
    GradientComparison,
    HeatmapViewer,
    LatentExplorer,
    TrainingMonitor,
)
from xai_widgets.errors import readable
from xai_widgets.widgets.base.widget import EngineWidget

Three = tuple[str, ...]


def engine(names: Three, network: type[torch.nn.Module] = SmallNetwork) -> xw.Engine:
    return xw.Engine(network(), class_names=list(names), name=names[0])


def comparison(names: Three) -> EngineWidget:
    engines = [engine(names), engine(names)]
    return GradientComparison(engines, photograph(), ["saliency"], names=[names[0], f"{names[1]}2"])


def dataset(names: Three) -> EngineWidget:
    folder = Path(tempfile.mkdtemp()) / "some.study"
    photos = [photograph(seed=seed) for seed in range(4)]
    study = xw.Study(engine(names), (photos, [0, 1, 2, 0]), folder=folder)
    study.run(wait=True, progress=False)
    return DatasetExplorer(study)


WIDGETS: dict[str, Callable[[Three], EngineWidget]] = {
    "heatmap": lambda names: HeatmapViewer(engine(names), photograph(), "saliency", prefetch=False),
    "faithfulness": lambda names: FaithfulnessViewer(
        engine(names), photograph(), ["saliency"], steps=2, random_maps=1
    ),
    "comparison": comparison,
    "dataset": dataset,
    "latent": lambda names: LatentExplorer(
        engine(names, Brightest), Quarters(), reddish(), samples=60, seed=3
    ),
    "training": lambda names: TrainingMonitor(
        trainer(epochs=1), pictures=2, class_names=list(names[:2])
    ),
}


class Elements(HTMLParser):
    """The elements of a page and their attributes, and the text of each."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements:
            tag = self.elements[-1][0]
            self.text[tag] = self.text.get(tag, "") + data


PAGE = ["html", "head", "meta", "meta", "meta", "meta", "title", "style", "body", "h1",
        "noscript", "img", "main", "script", "script"]  # fmt: skip


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from texts(name)
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


@pytest.mark.parametrize("names", THREES, ids=lambda names: ascii(names)[:30])
@pytest.mark.parametrize("widget", WIDGETS)
def test_names_in_widgets(widget: str, names: Three, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("what was there before")
    with WIDGETS[widget](names) as made:
        made.open()
        made.wait(60)
        if widget == "training":
            made.start()  # type: ignore[attr-defined]  # of TrainingMonitor
            made.wait(60)
        assert made.status["state"] == "idle", made.status
        made.to_html(path)
        assert Image.open(_written(made, tmp_path)).format == "PNG"
        repr(made).encode()
        sent = [made.comm.opened, *(data for data, _ in made.comm.sent)]  # type: ignore[union-attr]
        json.dumps([_without_bytes(each) for each in sent], ensure_ascii=False).encode()
    page = Elements()
    page.feed(path.read_text(encoding="utf-8"))
    assert [tag for tag, _ in page.elements] == PAGE
    assert not [a for _, own in page.elements for a in own if a.startswith("on")]
    found = set(texts(json.loads(page.text["script"].partition("\nconst root")[0])["state"]))
    if widget != "training":
        assert {readable(name) for name in names} <= found


def _written(made: EngineWidget, folder: Path) -> Path:
    made.to_png(folder / "a.png")
    return folder / "a.png"


def _without_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_bytes(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_bytes(v) for v in value]
    return None if isinstance(value, (bytes, memoryview)) else value


@pytest.mark.parametrize("name", [b"caf\xe9.png", "caf\u00e9 $1$ <b>.png".encode(), b"a\nb.png"])
def test_a_picture_whose_file_name_is_odd(name: bytes, tmp_path: Path) -> None:
    raw = bytes(tmp_path) + b"/" + name
    Image.new("RGB", (16, 16), "red").save(tmp_path / "a.png")
    try:
        (tmp_path / "a.png").rename(raw.decode(errors="surrogateescape"))
    except OSError:
        pytest.skip("this file system takes no such name")
    page = tmp_path / "page.html"
    with HeatmapViewer(engine(("a", "b", "c")), raw.decode(errors="surrogateescape"), "saliency",
                       prefetch=False) as made:  # fmt: skip
        made.to_html(page)
        shown = readable(name.decode(errors="surrogateescape"))
        assert made.engine.picture(raw.decode(errors="surrogateescape")).name == shown
    title = re.search("<title>(.*?)</title>", page.read_text(encoding="utf-8"), re.DOTALL)
    assert title is not None
    assert shown in markup.unescape(title[1])
