from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import xai_widgets as xw
from xai_widgets.demo import photographs


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(photographs.DATA_VARIABLE, raising=False)


@pytest.mark.usefixtures("no_data")
def test_the_shipped_photographs() -> None:
    names = xw.demo.photos()
    assert names == ["cat", "astronaut", "coffee", "motorcycle", "rocket"]
    for name in names:
        picture = xw.demo.photo(name)
        assert picture.mode == "RGB"
        assert np.asarray(picture).std() > 20
    assert xw.demo.photo("cat").size == (451, 300)


@pytest.mark.usefixtures("no_data")
def test_a_wrong_name_meets_its_nearest() -> None:
    with pytest.raises(xw.ExplanationError, match=r"'astronot'.*Did you mean \"astronaut\""):
        xw.demo.photo("astronot")


def test_a_folder_of_samples_adds_its_class_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "imagenet_samples"
    folder.mkdir()
    Image.new("RGB", (8, 6), (10, 20, 30)).save(
        folder / "002_n01484850_great_white_shark.jpg", quality=100
    )
    monkeypatch.setenv(photographs.DATA_VARIABLE, str(tmp_path))
    assert xw.demo.photos()[-1] == "great white shark"
    assert xw.demo.photo("Great_White shark").size == (8, 6)


def test_without_scikit_image_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "find_spec", lambda name: None)
    with pytest.raises(xw.ExplanationError, match=r"scikit-image.*xai_widgets\[demo\]"):
        xw.demo.photo("cat")
