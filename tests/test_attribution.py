from __future__ import annotations

import dataclasses
import io
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from xai_widgets.attribution import Attribution
from xai_widgets.errors import ExplanationError
from xai_widgets.files import attributions
from xai_widgets.render import colorize, overlay
from xai_widgets.targets import Target

rng = np.random.default_rng(11)
PIXELS = rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
CAM = rng.normal(size=(3, 4)).astype(np.float32)
GRADIENT = rng.normal(size=(3, 12, 16)).astype(np.float32)


def cam(**changes: Any) -> Attribution:
    fields: dict[str, Any] = {
        "values": CAM,
        "method": "grad_cam",
        "title": "Grad-CAM",
        "target": Target(285, "Egyptian cat"),
        "layer": "layer4",
        "parameters": {"relu": False, "samples": 3, "sigma": 0.5, "name": "a", "none": None},
        "score": 9.25,
        "probability": 0.43,
        "seconds": 0.038,
        "seed": 7,
        "input_size": (12, 16),
        "pixels": PIXELS,
        "space": "layer",
        "model": "resnet50",
    }
    return Attribution(**{**fields, **changes})


def gradient(**changes: Any) -> Attribution:
    return cam(
        **{
            "values": GRADIENT,
            "method": "saliency",
            "title": "Saliency",
            "layer": None,
            "space": "input",
            **changes,
        }
    )


def test_a_layers_map_is_made_larger_as_torch_does() -> None:
    wanted = torch.nn.functional.interpolate(
        torch.from_numpy(CAM)[None, None], size=(12, 16), mode="bilinear", align_corners=False
    )
    found = cam().heatmap()
    assert (found.dtype, found.shape) == (np.float32, (12, 16))
    np.testing.assert_allclose(found, wanted[0, 0].numpy(), atol=1e-6)


def test_channels_are_joined_as_asked_and_never_rescaled() -> None:
    values = np.array([[[1, -5]], [[-3, 2]], [[0.5, 0]]], np.float32)
    found = gradient(values=values, input_size=(1, 2))
    np.testing.assert_array_equal(found.heatmap(), [[-1.5, -3]])
    np.testing.assert_array_equal(found.heatmap("sum"), [[-1.5, -3]])
    np.testing.assert_array_equal(found.heatmap("abs_sum"), [[4.5, 7]])
    np.testing.assert_array_equal(found.heatmap("max_abs"), [[3, 5]])
    np.testing.assert_array_equal(cam(input_size=(3, 4)).heatmap("abs_sum"), np.abs(CAM))
    np.testing.assert_array_equal(cam(input_size=(3, 4)).heatmap(), CAM)
    with pytest.raises(ExplanationError, match=r"'abs_sun'; expected one of sum.*\"abs_sum\"\?"):
        found.heatmap("abs_sun")


def test_the_result_is_frozen() -> None:
    values = CAM.copy()
    parameters = {"samples": 1}
    found = cam(values=values, parameters=parameters)
    values[:] = 0
    parameters["samples"] = 2
    np.testing.assert_array_equal(found.values, CAM)
    assert dict(found.parameters) == {"samples": 1}
    with pytest.raises(ValueError, match="read-only"):
        found.values[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        found.pixels[0, 0] = 1
    with pytest.raises(TypeError, match="does not support item assignment"):
        found.parameters["samples"] = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.score = 1.0


def test_values_are_float32_whatever_they_were() -> None:
    assert cam(values=CAM.astype(np.float64)).values.dtype == np.float32
    with pytest.raises(ExplanationError, match=r"values of grad_cam have shape \(4,\)"):
        cam(values=np.zeros(4))


def test_signed_means_that_something_counts_against() -> None:
    assert cam().signed
    assert not cam(values=np.abs(CAM)).signed

    assert cam(values=np.abs(CAM), signed=True).signed
    assert cam(signed=False).signed  # whatever the card promises


def test_the_size_of_the_input_defaults_to_the_maps_own() -> None:
    found = Attribution(GRADIENT, "saliency", "Saliency", Target(0, "cat"))
    assert found.input_size == (12, 16)


def test_to_pil_is_the_overlay_of_the_maps_own_grid() -> None:
    for found, grid in ((cam(), CAM), (gradient(), GRADIENT.sum(0))):
        image = found.to_pil(opacity=0.5, threshold=0.2)
        assert (image.mode, image.size) == ("RGB", (16, 12))
        wanted = overlay(PIXELS, grid, opacity=0.5, threshold=0.2)
        np.testing.assert_array_equal(np.asarray(image), wanted)
    bare = cam(pixels=None).to_pil(opacity=0.5, clip=90)
    np.testing.assert_array_equal(np.asarray(bare), colorize(CAM, (12, 16), clip=90))


def test_plot_is_a_figure_of_both() -> None:
    drawn = cam().plot(clip=100)
    assert [axis.get_title(loc="left") for axis in drawn.axes[:2]] == [
        "Egyptian cat 43.0 %",
        "Grad-CAM · layer4",
    ]
    laid_over = np.asarray(drawn.axes[1].get_images()[0].get_array())
    np.testing.assert_array_equal(laid_over, overlay(PIXELS, CAM, clip=100))


def test_it_shows_itself_in_words_and_as_a_picture() -> None:
    low, high = CAM.min(), CAM.max()
    assert repr(cam()) == (
        "Attribution(Grad-CAM: Egyptian cat (285), score 9.25, layer layer4, 3 x 4, "
        f"{low:.3g} to {high:.3g}, 38 ms)"
    )
    assert "custom target, score" in repr(cam(target=Target(None, "custom target")))
    assert "not finite" in repr(cam(values=np.full((2, 2), np.nan)))
    with Image.open(io.BytesIO(cam()._repr_png_())) as image:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(cam().to_pil()))


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "er"
    assert cam().save(folder) == folder
    assert sorted(p.name for p in folder.iterdir()) == [
        "attribution.json",
        "overlay.png",
        "picture.png",
        "values.npy",
    ]
    found = Attribution.load(folder)
    for field in dataclasses.fields(Attribution):
        if field.name in ("values", "pixels"):
            np.testing.assert_array_equal(getattr(found, field.name), getattr(cam(), field.name))
        else:
            assert getattr(found, field.name) == getattr(cam(), field.name), field.name
    with Image.open(folder / "overlay.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(cam().to_pil()))
    np.testing.assert_array_equal(np.load(folder / "values.npy"), CAM)


def test_a_folder_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    file = cam(picture_name="cat.jpg", picture_digest="1f", unit="number").save(tmp_path)
    manifest = json.loads((file / "attribution.json").read_text())
    for name in ("picture_name", "picture_digest", "unit", "signed"):
        del manifest[name]
    (file / "attribution.json").write_text(json.dumps(manifest))
    found = Attribution.load(tmp_path)
    np.testing.assert_array_equal(found.values, CAM)
    assert (found.picture_name, found.picture_digest) == ("", "")
    assert (found.unit, found.signed) == ("probability", True)


def test_what_has_no_word_in_json_is_saved_as_well_as_it_goes(tmp_path: Path) -> None:
    odd = cam(
        pixels=None,
        probability=None,
        score=float("nan"),
        seed=None,
        target=Target(None, "area", lambda output: output.sum()),
        parameters={
            "numpy": np.float32(0.5),
            "nan": float("nan"),
            "pair": (1, 2),
            "by": {1: "x"},
            "function": len,
        },
    )
    odd.save(tmp_path)
    text = (tmp_path / "attribution.json").read_text()
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    found = Attribution.load(str(tmp_path))
    assert dict(found.parameters) == {
        "numpy": 0.5,
        "nan": "nan",
        "pair": [1, 2],
        "by": {"1": "x"},
        "function": "<built-in function len>",
    }
    assert np.isnan(found.score)
    assert (found.probability, found.seed, found.pixels) == (None, None, None)
    assert found.target == Target(None, "area")


def test_the_manifest_says_where_it_came_from(tmp_path: Path) -> None:
    manifest = json.loads((cam().save(tmp_path) / "attribution.json").read_text())
    assert manifest["format"] == "xai_widgets.attribution"
    assert manifest["target"] == {"index": 285, "name": "Egyptian cat"}
    assert manifest["parameters"]["sigma"] == 0.5
    assert manifest["software"]["torch"] == str(torch.__version__)
    assert len(manifest["values"]["sha256"]) == 64


def test_saving_again_replaces(tmp_path: Path) -> None:
    cam().save(tmp_path)
    cam(values=2 * CAM, score=1.0).save(tmp_path)
    found = Attribution.load(tmp_path)
    np.testing.assert_array_equal(found.values, 2 * CAM)
    assert found.score == 1.0


def test_saving_that_fails_leaves_the_old_files_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cam().save(tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def full(self: Path, content: bytes) -> int:
        with open(self, "wb") as file:
            file.write(content[:10])
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ExplanationError, match=r"values.npy.*cannot be written: No space left"):
        cam(values=2 * CAM).save(tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["attribution.json", "values.npy", "picture.png"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (cam().save(tmp_path) / name).unlink()
    with pytest.raises(ExplanationError, match=f"holds no readable {name}; expected a folder made"):
        Attribution.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("attribution.json", b"{", "is not JSON"),
        ("attribution.json", b"[]", "is not the manifest of an attribution"),
        ("attribution.json", b"\xff\xfe", "is not JSON"),
        (
            "attribution.json",
            b'{"format": "xai_widgets.attribution", "version": 9}',
            "has version 9, and this xai_widgets reads version 1",
        ),
        (
            "attribution.json",
            b'{"format": "xai_widgets.attribution", "version": 1, "values": {}, "picture": null}',
            "says nothing of method, title",
        ),
        ("values.npy", b"\x93NUMPY", "another checksum"),
        ("picture.png", b"\x89PNG", r"picture.png\" is damaged"),
    ],
)
def test_a_damaged_folder_is_refused_in_words(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (cam().save(tmp_path) / name).write_bytes(content)
    with pytest.raises(ExplanationError, match=words):
        Attribution.load(tmp_path)


def test_a_picture_of_too_many_pixels_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attributions, "_MOST_PIXELS", 100)
    cam().save(tmp_path)
    for size in ((25, 4), (4, 25), (10, 10)):
        Image.new("RGB", size).save(tmp_path / "picture.png")
        assert attributions._pixels(tmp_path).shape == (size[1], size[0], 3)
    for size in ((26, 4), (4, 26), (11, 10)):
        Image.new("RGB", size).save(tmp_path / "picture.png")
        with pytest.raises(ExplanationError, match=f"it has {size[0]} x {size[1]} pixels"):
            Attribution.load(tmp_path)


@pytest.mark.parametrize("name", ["map.png", "map.PDF"])
def test_the_name_of_a_picture_is_refused_unless_it_is_a_folders(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExplanationError, match=r"would make a folder of that name.*to_pil\(\)"):
        cam().save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / name).mkdir()
    assert Attribution.load(cam().save(tmp_path / name)).score == 9.25


@pytest.mark.parametrize(
    ("name", "meant"),
    [("cmap", "colormap"), ("alpha", "opacity"), ("percentile", "clip"), ("vmax", "maximum"),
     ("treshold", "threshold")],
)  # fmt: skip
def test_an_appearance_that_there_is_not_is_refused_with_the_name_that_there_is(
    name: str, meant: str
) -> None:
    for draw in (cam().to_pil, cam(pixels=None).to_pil, cam().plot):
        with pytest.raises(ExplanationError, match=f'no {name!r}.*Did you mean "{meant}"'):
            draw(**{name: 1})


def test_the_caption_has_the_number_and_the_warnings() -> None:
    def caption(**changes: Any) -> str:
        found: str = cam(**changes).plot().axes[0].get_title(loc="left")
        return found

    assert caption() == "Egyptian cat 43.0 %"
    assert caption(probability=None) == "Egyptian cat"
    assert caption(unit="number", probability=37.14159) == "Egyptian cat 37.14"
    assert caption(warnings=("It is flat.",)) == "Egyptian cat 43.0 %\nIt is flat."


def test_it_says_of_which_picture_it_is_and_what_to_know_of_it() -> None:
    known = repr(cam(picture_name="cat.jpg", warnings=("It is flat.",), seconds=0.0123))
    assert known.startswith("Attribution(Grad-CAM of cat.jpg: Egyptian cat (285), score 9.25, ")
    assert known.endswith(", 12 ms)\nIt is flat.")
    for unnamed in ("", "image", "array", "tensor"):
        assert repr(cam(picture_name=unnamed)).startswith("Attribution(Grad-CAM: Egyptian")


def test_it_is_an_array_and_is_pickled() -> None:
    np.testing.assert_array_equal(np.asarray(cam()), cam().heatmap())
    assert np.asarray(cam(), dtype=np.float64).dtype == np.float64
    found = pickle.loads(pickle.dumps(cam()))
    np.testing.assert_array_equal(found.values, CAM)
    assert (found.target, dict(found.parameters)) == (cam().target, dict(cam().parameters))


def test_each_is_only_equal_to_itself() -> None:
    one, other = cam(), cam()
    assert one == one
    assert one != other
    assert len({one, other}) == 2


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ExplanationError, match=r"^load\(folder\) is 3; expected a path"):
        Attribution.load(3)  # type: ignore[arg-type]  # which is the point
    with pytest.raises(ExplanationError, match=r"^save\(folder\) is None; expected a path"):
        cam().save(None)  # type: ignore[arg-type]  # which is the point
    with pytest.raises(ExplanationError, match=r'there is no folder ".*nothing"'):
        Attribution.load(tmp_path / "nothing")
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExplanationError, match="cannot be made"):
        cam().save(tmp_path / "file")


def test_the_module_loads_neither_torch_nor_matplotlib() -> None:
    code = "import sys, xai_widgets.attribution; print({'torch', 'matplotlib'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
