"""Static HTML of what a study says: rows of pictures, and a page about one picture."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from xai_widgets.engine import Engine
from xai_widgets.methods import METHODS
from xai_widgets.render import encode_png, overlay
from xai_widgets.shares import percent

__all__ = ["captioned", "explanation_page", "figure_html", "image_html", "study_page"]

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto }}
img {{ max-width: 100%; image-rendering: auto; }}
figure {{ display: inline-block; margin: 0 .8rem .8rem 0; vertical-align: top }}
figcaption {{ opacity: .75; font-size: 13px; max-width: 16rem }}
table {{ border-collapse: collapse }} td, th {{ text-align: left; padding: 2px 12px 2px 0 }}
</style></head><body>{body}</body></html>
"""


def image_html(content: bytes, alt: str, *, kind: str = "jpeg", width: int | None = None) -> str:
    """An img element that holds its picture. Texts are escaped."""
    data = base64.b64encode(content).decode()
    size = "" if width is None else f' width="{width}"'
    return f'<img src="data:image/{kind};base64,{data}" alt="{html.escape(alt, quote=True)}"{size}>'


def figure_html(content: bytes, caption: str, **options: Any) -> str:
    """A picture over its caption."""
    return (
        f'<figure style="display:inline-block;margin:0 8px 8px 0">'
        f"{image_html(content, caption, **options)}"
        f'<figcaption style="font-size:12px;opacity:.75">{html.escape(caption)}</figcaption>'
        "</figure>"
    )


def captioned(sentence: str, pictures: Sequence[tuple[bytes, str]], kind: str = "jpeg") -> str:
    """A sentence over a row of pictures."""
    shown = "".join(figure_html(content, words, kind=kind) for content, words in pictures)
    return (
        f'<div style="max-width:52em;font-size:13px;line-height:1.45">'
        f'<div style="margin-bottom:6px">{html.escape(sentence)}</div>{shown}</div>'
    )


def explanation_page(study: Any, engine: Engine, photo: Any) -> str:
    """A page about one picture: what the network says of it, where from, and the nearest pictures
    of the study. Raises ExplanationError for what is no picture.
    """
    manifest = study.store.manifest
    picture = engine.picture(photo)
    prediction = engine.predict(picture)
    attribution = engine.explain(
        picture,
        str(manifest["method"]),
        layer=manifest.get("layer"),
        **dict(manifest.get("parameters", {})),
    )
    rows = "".join(
        f"<tr><td>{html.escape(score.name)}</td><td>{percent(score.probability, 1)}</td></tr>"
        for score in prediction.top(5)
    )
    nearest = _nearest(study, engine, picture)
    body = (
        f"<h1>{html.escape(picture.name)}: {html.escape(prediction.name)}</h1>"
        + figure_html(encode_png(picture.pixels), "as the network sees it", kind="png", width=300)
        + figure_html(
            encode_png(np.asarray(attribution.to_pil())),
            f"{attribution.title} of {attribution.target.name}",
            kind="png",
            width=300,
        )
        + f"<table>{rows}</table>"
        + "".join(f"<p>{html.escape(words)}</p>" for words in attribution.warnings)
    )
    if nearest:
        body += "<h2>Nearest pictures of the study</h2>" + "".join(
            figure_html(content, words) for content, words in nearest
        )
    return _PAGE.format(title=html.escape(picture.name), body=body)


def _nearest(study: Any, engine: Engine, picture: Any, count: int = 6) -> list[tuple[bytes, str]]:
    """The thumbnails of the nearest rows by the cosine of their features, with captions."""
    done = np.flatnonzero(study.rows["done"])
    if not done.size:
        return []
    ((_, seen),) = study.observer_of(engine).observe([picture], [-1])
    features = study.rows.matrix("features", done)
    if features.shape[1] != len(seen.features):
        return []
    lengths = np.linalg.norm(features, axis=1) * np.linalg.norm(seen.features)
    cosine = features @ seen.features / np.maximum(lengths, 1e-12)
    best = done[np.argsort(-cosine, kind="stable")[:count]]
    thumbnails = study.rows.thumbnails(best)
    return [
        (content, study.caption(int(row)))
        for content, row in zip(thumbnails, best, strict=True)
        if content
    ]


def _method(study: Any) -> tuple[str, bool]:
    """The title of the study's method, and whether its maps have both signs."""
    name = str(study.store.manifest["method"])
    return (METHODS[name].title, METHODS[name].signed) if name in METHODS else (name, False)


def _mapped(study: Any, rows: Sequence[int], signed: bool) -> list[tuple[bytes, str]]:
    """Thumbnails of rows, each beside itself with its map over it, as JPEG with captions."""
    shown = []
    for row, content, values in zip(
        rows, study.rows.thumbnails(rows), study.rows.maps(rows), strict=True
    ):
        if not content:
            continue
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as opened:
            pixels = np.asarray(opened.convert("RGB"))
        if values.size and np.isfinite(values).all():
            both = signed or bool((values < 0).any())
            pixels = np.concatenate([pixels, overlay(pixels, values, signed=both)], axis=1)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=88, subsampling=0)
        shown.append((buffer.getvalue(), study.caption(int(row))))
    return shown


def study_page(study: Any, count: int) -> str:
    """A page about a study: what it is of, confusions, slices, and the pictures of highest loss."""
    parts = [f"<h1>{html.escape(str(study.store.folder.name))}</h1>"]
    parts.append(f"<pre style='white-space:pre-wrap'>{html.escape(repr(study))}</pre>")
    labelled = bool((study.rows["label"][study.rows["done"]] >= 0).any())
    if labelled:
        parts.append("<h2>Confusions</h2>")
        parts.append(f"<pre>{html.escape(str(study.confusion))}</pre>")
        parts.append("<h2>Slices that do worse</h2>")
        found = study.slices(count=6)
        parts += [one._repr_html_() for one in found] or ["<p>None beyond chance.</p>"]
        parts.append("<h2>Highest loss</h2>")
        rows = [int(row) for row in study.wrong[:count]]
        title, signed = _method(study)
        parts.append(f"<p>Beside each picture its map: {html.escape(title)}.</p>")
        parts += [figure_html(content, words) for content, words in _mapped(study, rows, signed)]
    return _PAGE.format(title=html.escape(str(study.store.folder.name)), body="".join(parts))
