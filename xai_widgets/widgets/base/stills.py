"""The still pictures of a widget in few bytes: a notebook keeps them beside the live view."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageColor, features

from xai_widgets.render import amount, ramp, shown_maximum, signed_number
from xai_widgets.render.card import PAPER, Bar, Bars, Card, Ramp
from xai_widgets.render.figures import COLOURS, CONTROL
from xai_widgets.widgets.base.maps import FloatMap

Colour = tuple[int, int, int]

_POSTER_BYTES = 28_000
_COLOURS, _SAMPLE = 128, 96  # colours of a palette, and the side of the sample they are taken from
_FEWER = ((64, 0.8), (36, 0.69))  # and fewer, with the bytes that they take, as a share
_BANDS, _BAND = 4, 16  # every so many of the bands of so many rows tell how many bytes all take
_EXACT = [ImageColor.getrgb(colour)[:3] for colour in (*PAPER, *COLOURS, CONTROL)]
_PACK = np.array([65536, 256, 1], np.uint32)
_SEEN = 128  # from this alpha on, a pixel of a corner is there


def png_of(image: Image.Image) -> bytes:
    """Exactly."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def palette_png(image: Image.Image, colours: int) -> bytes:
    """An RGBA card as PNG with a palette: a third of the bytes, with dithering that is hard to see.
    Quick, since every cell that shows a widget waits for it.
    """
    opaque = image.convert("RGB")
    sample = opaque.resize((min(_SAMPLE, opaque.width), min(_SAMPLE, opaque.height)))
    # Many of what there is much of, and some of what is far from it.
    rare = max(colours // 4, 8)
    common = _colours_of(sample, colours - rare - len(_EXACT), Image.Quantize.MEDIANCUT)
    chosen = [*_EXACT, *common, *_colours_of(sample, rare, Image.Quantize.FASTOCTREE)]
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for colour in chosen for value in colour])
    codes = np.array(opaque.quantize(palette=palette))
    packed = np.asarray(opaque, np.uint32) @ _PACK
    for code, colour in enumerate(_EXACT):
        codes[packed == np.array(colour, np.uint32) @ _PACK] = code
    codes[np.asarray(image.getchannel("A")) < _SEEN] = len(chosen)
    made = Image.fromarray(codes)
    made.putpalette([value for colour in (*chosen, (255, 255, 255)) for value in colour])
    buffer = io.BytesIO()
    made.save(buffer, "PNG", compress_level=7, transparency=len(chosen))
    return buffer.getvalue()


def _colours_of(image: Image.Image, count: int, method: Image.Quantize) -> list[Colour]:
    palette = image.quantize(count, method).getpalette() or []
    return [(palette[i], palette[i + 1], palette[i + 2]) for i in range(0, len(palette) - 2, 3)][
        :count
    ]


def still(card: Callable[[float], Card], most: int) -> bytes:
    """A card, drawn at a given number of pixels for one of the page, as PNG of about `most` bytes:
    sharper where there is room, with fewer colours and then smaller where there is not.
    """
    drawn = card(1).draw(1)
    about = _bytes_about(drawn)
    for scale in (2.0, 1.5):
        if scale**2 * about <= most:
            return palette_png(card(scale).draw(scale), _COLOURS)
    for colours, share in ((_COLOURS, 1.0), *_FEWER):
        if share * about <= 1.05 * most:
            png = palette_png(drawn, colours)
            if len(png) <= most:
                return png
    colours, _ = _FEWER[0]
    for scale in (0.75, 0.6):
        png = palette_png(card(scale).draw(scale), colours)
        if len(png) <= most:
            break
    return png


def _bytes_about(image: Image.Image) -> float:
    """How many bytes an RGBA card takes as PNG with a palette, by a part of its rows."""
    pixels = np.asarray(image)
    rows = np.arange(len(pixels))
    some = pixels[rows // _BAND % _BANDS == _BANDS // 2]
    if not len(some):
        return len(palette_png(image, _COLOURS))
    head = 3 * _COLOURS + 200  # the palette, and what else there is once
    body = len(palette_png(Image.fromarray(some), _COLOURS)) - head
    return head + body * len(pixels) / len(some)


def poster(card: Callable[[float], Card], most: int = _POSTER_BYTES) -> tuple[bytes, str]:
    """A card for a page, and its media type: sharper than a PNG of as many bytes."""
    webp = features.check("webp")
    kind, low = ("WEBP", 40) if webp else ("JPEG", 50)
    content = b""
    for scale, quality in ((1.25, 74), (1.0, 68), (0.75, low)):
        buffer = io.BytesIO()
        drawn = card(scale).draw(scale)
        drawn = drawn if webp else flat(drawn)
        drawn.save(buffer, kind, quality=quality, method=2) if webp else drawn.save(
            buffer, kind, quality=quality
        )
        content = buffer.getvalue()
        if len(content) <= most:
            break
    return content, f"image/{kind.lower()}"


def flat(image: Image.Image) -> Image.Image:
    """RGBA on white."""
    white = Image.new("RGB", image.size, "white")
    white.paste(image, (0, 0), image)
    return white


def class_bars(
    top: Sequence[Mapping[str, Any]], target: Mapping[str, Any] | None, count: int = 3
) -> Bars:
    """The most probable classes, and the one that is explained if it is none of them."""
    shown = list(top[:count])
    index = None if target is None else target.get("index")
    if target is not None and index is not None and all(own["index"] != index for own in shown):
        own = next((one for one in top if one["index"] == index), target)
        shown = [*shown[: count - 1], own]
    return Bars([class_bar(own, marked=own["index"] == index) for own in shown])


def class_bar(own: Mapping[str, Any], *, marked: bool = False) -> Bar:
    """A class of a prediction, or a target."""
    probability, unit = own.get("probability"), own.get("unit", "probability")
    share = probability if unit == "probability" and probability is not None else 0.0
    return Bar(str(own["name"]), amount(probability, unit), share, marked)


def of_target(target: Mapping[str, Any] | None) -> str:
    """What is explained, and how probable it is."""
    if target is None:
        return ""
    words = amount(target.get("probability"), target.get("unit", "probability"))
    return f"{target['name']} {words}".rstrip()


def colour_bar(values: FloatMap, signed: bool, look: Mapping[str, Any]) -> Ramp:
    """What the colours of a map (h, w) mean."""
    sign = look.get("sign", "both")
    maximum = shown_maximum(values, clip=look.get("clip", 99.5), sign=sign)
    colours, low, high = ramp(str(look.get("colormap", "auto")), signed, sign, maximum)
    middle = "0" if low < 0 < high else ""
    return Ramp(colours, signed_number(low), signed_number(high), middle)
