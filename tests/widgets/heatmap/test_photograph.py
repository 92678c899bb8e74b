"""The photograph under the map: sent once to each view, kept by saved pages and by no notebook."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.widgets.conftest import RecordingComm, SmallNetwork
from xai_widgets import HeatmapViewer
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError

WIDE = Image.fromarray(
    np.kron(np.random.default_rng(2).integers(0, 256, (10, 15, 3)), np.ones((12, 12, 1))).astype(
        np.uint8
    )
)


@pytest.fixture
def engine() -> Engine:
    recipe = {"size": 40, "crop": 32, "mean": (0.5,) * 3, "std": (0.5,) * 3}
    return Engine(SmallNetwork().eval(), preprocessing=recipe)


def channel(viewer: HeatmapViewer) -> RecordingComm:
    comm = viewer.comm
    assert isinstance(comm, RecordingComm)
    return comm


def sent(viewer: HeatmapViewer) -> list[tuple[dict[str, Any], bytes]]:
    """The messages that brought a photograph, and their buffers."""
    contents = [(data.get("content") or {}, buffers) for data, buffers in channel(viewer).sent]
    return [(c, bytes(b[0])) for c, b in contents if c.get("kind") == "photograph"]


def test_its_place_is_a_trait_and_its_data_a_message(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, WIDE, prefetch=False)
    assert WIDE.size == (180, 120)
    state = channel(viewer).opened["state"]["photograph"]
    assert (state["width"], state["height"], state["mime"]) == (180, 120, "image/jpeg")
    assert state["window"] == pytest.approx([14 / 60, 0.1, 32 / 60, 0.8], abs=1e-4)
    assert viewer.photograph["data"] == b""
    channel(viewer).message(kind="ready")
    [(content, data)] = sent(viewer)[-1:]
    assert content["key"] == state["key"]
    seen = np.asarray(Image.open(io.BytesIO(data)), dtype=float)
    assert seen.shape == (120, 180, 3)
    assert np.abs(seen - np.asarray(WIDE, dtype=float)).mean() < 25  # of 255, after a JPEG of noise


def test_another_picture_brings_another_and_one_of_the_networks_size_none(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, WIDE, prefetch=False)
    key = viewer.photograph["key"]
    viewer.image = WIDE.transpose(Image.Transpose.ROTATE_90)
    assert viewer.photograph["key"] != key
    assert (viewer.photograph["width"], viewer.photograph["height"]) == (120, 180)
    assert sent(viewer)[-1][0]["key"] == viewer.photograph["key"]
    small = Engine(SmallNetwork().eval(), preprocessing={"crop": 32})
    assert HeatmapViewer(small, WIDE.resize((32, 32)), prefetch=False).photograph == {}
    viewer.close()
    assert viewer.photograph == {}


def test_a_saved_page_has_it(engine: Engine, tmp_path: Path) -> None:
    viewer = HeatmapViewer(engine, WIDE, prefetch=False, backdrop="input")
    page = viewer.to_html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert re.search(r'"backdrop":\s*"input"', page)
    found = re.search(r'"photograph":\s*(\{[^{}]*(\{[^{}]*\})?[^{}]*\})', page)
    assert found is not None
    assert len(json.dumps(found[1])) > 4_000  # with its data
    assert viewer.photograph["data"] == b""


def test_a_backdrop_that_there_is_not(engine: Engine) -> None:
    with pytest.raises(ExplanationError, match="photograph, input"):
        HeatmapViewer(engine, WIDE, backdrop="photo")


def test_a_status_names_the_parameter_that_is_wrong(engine: Engine) -> None:
    viewer = HeatmapViewer(
        engine, WIDE, "occlusion", parameters={"window": 2, "stride": 9}, prefetch=False
    )
    viewer.wait()
    status = viewer.status
    assert (status["state"], status["parameter"], status["instead"]) == (
        "error",
        "stride",
        {"stride": 2},
    )
    assert status["hint"] == "Use stride=2."
    viewer.parameters = {"window": 2, "stride": 2}
    viewer.wait()
    assert "parameter" not in viewer.status
