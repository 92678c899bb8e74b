from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from xai_widgets.errors import ExplanationError
from xai_widgets.images import load

# every pixel another colour, taller than wide, and no symmetry
RGB = np.random.default_rng(0).integers(0, 256, (5, 3, 3), dtype=np.uint8)
GREY = RGB[..., 0]
ALPHA = np.array([[0, 255, 128], [1, 254, 64], [255, 0, 3], [9, 8, 7], [100, 200, 250]], np.uint8)
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


def over_white(
    colour: npt.NDArray[np.uint8], alpha: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float64]:
    a = alpha[..., None] / 255.0
    return colour.reshape(*alpha.shape, -1) * a + 255 * (1 - a)


def with_orientation(image: Image.Image, orientation: object) -> Image.Exif:
    exif = image.getexif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_exif_orientation_is_applied(tmp_path: Path, kind: str, orientation: int) -> None:
    image = Image.fromarray(RGB)
    file = tmp_path / f"turned.{kind.lower()}"
    lossless = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    image.save(file, format=kind, exif=with_orientation(image, orientation), **lossless)
    wanted = UPRIGHT[orientation](RGB)
    np.testing.assert_array_equal(load(file).array, wanted)
    with Image.open(file) as opened:
        np.testing.assert_array_equal(load(opened).array, wanted)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_means_nothing_is_none(tmp_path: Path, orientation: int) -> None:
    image = Image.fromarray(RGB)
    image.save(tmp_path / "a.png", exif=with_orientation(image, orientation))
    np.testing.assert_array_equal(load(tmp_path / "a.png").array, RGB)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_around_a_sound_picture() -> None:
    image = Image.fromarray(RGB)
    image.info["exif"] = b"Exif\x00\x00MM\x00*\xff\xff\xff\xff"
    np.testing.assert_array_equal(load(image).array, RGB)


def test_every_way_to_hold_a_colour_picture_is_one_picture(tmp_path: Path) -> None:
    picture = np.random.default_rng(2).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    unit = picture / 255
    ways = [
        tmp_path / "a.png",
        str(tmp_path / "a.png"),
        Image.fromarray(picture),
        picture,
        picture[None],
        picture.transpose(2, 0, 1),
        picture.astype(np.int64),
        np.asfortranarray(picture),
        torch.from_numpy(picture).permute(2, 0, 1),
        torch.from_numpy(picture).permute(2, 0, 1)[None],
    ]
    for way in ways:
        loaded = load(way)
        assert loaded.array.dtype == np.uint8
        np.testing.assert_array_equal(loaded.array, picture)
    for way in (unit, unit.astype(np.float32), torch.from_numpy(unit).permute(2, 0, 1)):
        loaded = load(way)
        np.testing.assert_array_equal(loaded.array, unit.astype(np.float32))
        np.testing.assert_array_equal(np.asarray(loaded.image(3)), picture)
    deep = load(picture.astype(np.uint16) * 257)
    np.testing.assert_allclose(deep.array, unit, atol=1e-7)
    np.testing.assert_array_equal(np.asarray(deep.image(3)), picture)


def test_names(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    assert load(tmp_path / "a.png").name == "a.png"
    with Image.open(tmp_path / "a.png") as opened:
        assert load(opened).name == "a.png"
    assert [load(x).name for x in (Image.fromarray(RGB), RGB, torch.zeros(1, 2, 2))] == [
        "image",
        "array",
        "tensor",
    ]


@pytest.mark.parametrize("held", ["PIL", "array", "file"])
def test_transparency_is_laid_over_white(tmp_path: Path, held: str) -> None:
    for mode, colour in (("RGBA", RGB), ("LA", GREY)):
        array = np.dstack([colour, ALPHA])
        image = Image.fromarray(array)
        assert image.mode == mode
        image.save(tmp_path / "a.png")
        way = {"PIL": image, "array": array, "file": tmp_path / "a.png"}[held]
        found = load(way).array
        assert found.shape == (5, 3, 3 if mode == "RGBA" else 1)
        assert np.abs(found - over_white(colour, ALPHA)).max() <= 1
        np.testing.assert_array_equal(found[ALPHA == 0], 255)
        opaque = ALPHA == 255
        np.testing.assert_array_equal(found[opaque], colour.reshape(5, 3, -1)[opaque])


def test_transparency_of_floats_is_exact() -> None:
    array = np.dstack([RGB, ALPHA]).astype(np.float64) / 255
    np.testing.assert_allclose(load(array).array, over_white(RGB, ALPHA) / 255, atol=1e-6)


def test_premultiplied_modes() -> None:
    rgba = Image.fromarray(np.dstack([RGB, ALPHA]))
    found = load(rgba.convert("RGBa")).array
    assert np.abs(found - over_white(RGB, ALPHA)).max() <= 2
    opaque = Image.fromarray(np.dstack([RGB, np.full_like(ALPHA, 255)]))
    np.testing.assert_array_equal(load(opaque.convert("RGBa")).array, RGB)
    grey = Image.fromarray(np.dstack([GREY, np.full_like(ALPHA, 255)]))
    np.testing.assert_array_equal(load(grey.convert("La")).array[..., 0], GREY)


def test_palettes(tmp_path: Path) -> None:
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 20, 30]], np.uint8)
    index = np.array([[0, 1, 2], [3, 3, 0]], np.uint8)
    image = Image.fromarray(index)
    image.putpalette(colours.tobytes())
    assert image.mode == "P"
    np.testing.assert_array_equal(load(image).array, colours[index])

    image.save(tmp_path / "one.png", transparency=1)  # one entry is clear
    wanted = colours[index].copy()
    wanted[0, 1] = 255
    np.testing.assert_array_equal(load(tmp_path / "one.png").array, wanted)

    image.save(tmp_path / "each.png", transparency=bytes([255, 0, 128, 255]))  # an alpha per entry
    wanted[0, 2] = [127, 127, 255]
    assert np.abs(load(tmp_path / "each.png").array.astype(int) - wanted).max() <= 1

    image.save(tmp_path / "a.gif", transparency=1)
    wanted[0, 2] = [0, 0, 255]
    np.testing.assert_array_equal(load(tmp_path / "a.gif").array, wanted)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_colour_that_stands_for_clear(tmp_path: Path, mode: str) -> None:
    colour = RGB if mode == "RGB" else GREY
    clear = tuple(int(v) for v in RGB[2, 1]) if mode == "RGB" else int(GREY[2, 1])
    Image.fromarray(colour).save(tmp_path / "a.png", transparency=clear)
    wanted = colour.reshape(5, 3, -1).copy()
    wanted[(wanted == clear).all(-1)] = 255
    np.testing.assert_array_equal(load(tmp_path / "a.png").array, wanted)


def test_cmyk_is_converted(tmp_path: Path) -> None:
    cmyk = np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 255, 255, 0], [0, 0, 0, 255]]], np.uint8)
    wanted = [[[255, 255, 255], [0, 255, 255], [255, 0, 0], [0, 0, 0]]]
    image = Image.frombytes("CMYK", (4, 1), cmyk.tobytes())
    np.testing.assert_array_equal(load(image).array, wanted)
    image.resize((64, 16), Image.Resampling.NEAREST).save(tmp_path / "a.jpg", quality=100)
    middle = load(tmp_path / "a.jpg").array[8, 8::16]
    assert np.abs(middle.astype(int) - np.array(wanted[0])).max() <= 2


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "LAB"])
def test_other_colour_spaces_are_converted(mode: str) -> None:
    flat = np.tile(np.array([[[200, 60, 30]]], np.uint8), (4, 4, 1))
    image = Image.fromarray(flat)
    if mode == "LAB":
        from PIL import ImageCms

        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    else:
        image = image.convert(mode)
    assert np.abs(load(image).array.astype(int) - flat).max() <= 4


def test_black_and_white() -> None:
    bits = np.array([[True, False], [False, True]])
    wanted = np.array([[255, 0], [0, 255]])
    np.testing.assert_array_equal(load(Image.fromarray(bits)).array[..., 0], wanted)
    np.testing.assert_array_equal(load(bits).array[..., 0], wanted)


def test_sixteen_bits_keep_their_depth(tmp_path: Path) -> None:
    deep = np.array([[0, 1, 256], [32768, 65534, 65535]], np.uint16)
    image = Image.fromarray(deep)
    assert image.mode == "I;16"
    for kind in ("png", "tiff"):
        image.save(tmp_path / f"a.{kind}")
        np.testing.assert_allclose(
            load(tmp_path / f"a.{kind}").array[..., 0], deep / 65535, rtol=1e-6
        )
    wide = Image.fromarray(deep.astype(np.int32))
    assert wide.mode == "I"
    np.testing.assert_allclose(load(wide).array[..., 0], deep / 65535, rtol=1e-6)
    big_endian = Image.frombytes("I;16B", (3, 2), deep.astype(">u2").tobytes())
    np.testing.assert_allclose(load(big_endian).array[..., 0], deep / 65535, rtol=1e-6)
    np.testing.assert_allclose(load(deep).array[..., 0], deep / 65535, rtol=1e-6)
    turned = image.copy()
    turned.info["exif"] = with_orientation(Image.new("L", (1, 1)), 6).tobytes()
    np.testing.assert_allclose(load(turned).array[..., 0], np.rot90(deep, -1) / 65535, rtol=1e-6)


def test_float_images() -> None:
    values = np.array([[0.0, 0.25], [0.5, 1.0]], np.float32)
    np.testing.assert_array_equal(load(Image.fromarray(values)).array[..., 0], values)
    with pytest.raises(ExplanationError, match=r"from 0 to 255; expected 0 to 1. Divide it by 255"):
        load(Image.fromarray(values * 255))


def test_grey_and_colour_are_converted_as_pillow_does() -> None:
    assert load(RGB).image(1).mode == "L"
    np.testing.assert_array_equal(
        np.asarray(load(RGB).image(1)), np.asarray(Image.fromarray(RGB).convert("L"))
    )
    np.testing.assert_array_equal(np.asarray(load(GREY).image(3)), np.dstack([GREY] * 3))
    unit = load(RGB / 255).unit(1)[..., 0]
    np.testing.assert_allclose(unit, RGB @ np.array([0.299, 0.587, 0.114]) / 255, atol=1e-6)
    assert load(GREY / 255).unit(3).shape == (5, 3, 3)


def test_the_first_of_several_frames(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), c) for c in ("red", "lime")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(load(tmp_path / "a.gif").array[0, 0], [255, 0, 0])


def test_arrays_read_as_height_width_channels_first_tensors_the_other_way() -> None:
    both = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    np.testing.assert_array_equal(load(both).array, both)
    np.testing.assert_array_equal(load(torch.from_numpy(both)).array, both.transpose(1, 2, 0))


def test_reading_leaves_the_image_alone() -> None:
    image = Image.fromarray(np.dstack([RGB, ALPHA]))
    before = image.tobytes()
    load(image)
    assert (image.mode, image.tobytes()) == ("RGBA", before)
    array = RGB.copy()
    array.setflags(write=False)
    load(array)
