"""Run the code of pages and notebooks, and keep what it gives until something it depends on
changes.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import hashlib
import io
import json
import os
import tempfile
import traceback
import warnings
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tools.site.blocks import Block, blocks_of
from tools.site.paths import CACHE, FIGURES, ROOT

Output = dict[str, str]  # the kind of each representation, and what it is
PICTURES = ("cat", "motorcycle")


class PageFailed(Exception):
    """The code of a page does not do what the page says."""


@cache
def _everything() -> str:
    """A checksum of all that the code of a page can depend on, but for the page itself."""
    digest = hashlib.sha256()
    package = ROOT / "xai_widgets"
    for path in sorted([*package.rglob("*"), Path(__file__)]):
        if path.is_file() and path.suffix in {".py", ".js", ".css", ".safetensors", ".json"}:
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    for name in ("torch", "torchvision", "numpy"):
        digest.update(f"{name} {version(name)}".encode())
    return digest.hexdigest()


def key_of(*parts: str) -> str:
    """The name under which what these parts give is kept."""
    return hashlib.sha256("\0".join([_everything(), *parts]).encode()).hexdigest()[:20]


def outputs_of(page: str, text: str) -> list[Output]:
    """What each block of the page gives, run in order in one namespace, or read from the cache.

    Raises PageFailed where a block raises, or does not although it should.
    """
    blocks = list(blocks_of(text))
    if not any(block.runs for block in blocks):
        return [{} for _ in blocks]
    kept = CACHE / f"{key_of(*(block.kind + block.code for block in blocks))}.json"
    if kept.exists():
        return list(json.loads(kept.read_text(encoding="utf-8")))
    print(f"  running {page} ...", flush=True)
    outputs = _run(page, blocks)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(outputs), encoding="utf-8")
    return outputs


@cache
def _engine() -> Any:
    import torch

    import xai_widgets as xw

    torch.set_num_threads(1)
    return xw.demo.engine()


def _run(page: str, blocks: list[Block]) -> list[Output]:
    import xai_widgets as xw
    from xai_widgets.methods import registry

    before = dict(registry._methods)  # a page may add methods, for itself
    # What every page may use without saying so again.
    names: dict[str, Any] = {"xw": xw, "engine": _engine(), "__name__": page}
    with tempfile.TemporaryDirectory() as folder, _inside(folder):
        for name in PICTURES:
            xw.demo.photo(name).save(f"{name}.jpg", quality=95)
        try:
            return [_outcome(page, block, names) for block in blocks]
        finally:
            registry._methods.clear()
            registry._methods.update(before)


@contextlib.contextmanager
def _inside(folder: str) -> Any:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _outcome(page: str, block: Block, names: dict[str, Any]) -> Output:
    if not block.runs:
        return {}
    printed = io.StringIO()
    value: Any = None
    try:
        tree = ast.parse(block.code)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)
            exec(compile(tree, f"{page}:{block.line}", "exec"), names)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), page, "eval"), names)
    except Exception as problem:
        if block.kind == "raises":
            return {"error": f"{type(problem).__name__}: {problem}"}
        raise PageFailed(f"{page}, line {block.line}:\n{traceback.format_exc()}") from problem
    if block.kind == "raises":
        raise PageFailed(f"{page}, line {block.line}: nothing was raised")
    if block.kind != "example":
        return {}
    shown = representation(value)
    if printed.getvalue():
        shown["stdout"] = printed.getvalue()
    return shown


def representation(value: Any) -> Output:
    """What is shown of a value: a live figure, a picture, HTML or text."""
    if value is None:
        return {}
    if hasattr(value, "to_html") and hasattr(value, "to_png") and hasattr(value, "wait"):
        return {"figure": figure(value)}
    if hasattr(value, "savefig"):
        picture = io.BytesIO()
        value.savefig(picture, format="png", dpi=110, bbox_inches="tight")
        return {"png": base64.b64encode(picture.getvalue()).decode()}
    if hasattr(value, "_repr_png_") and hasattr(value, "convert"):
        picture = io.BytesIO()
        value.convert("RGB").save(picture, "PNG")
        return {"png": base64.b64encode(picture.getvalue()).decode()}
    if hasattr(value, "_repr_html_"):
        return {"html": value._repr_html_()}
    return {"text": repr(value)}


def figure(widget: Any, *, close: bool = True) -> str:
    """Keep a widget as a figure that is alive without a kernel; its name among the figures.

    One that fetches no other methods ahead keeps only its own.
    """
    widget.wait()
    FIGURES.mkdir(parents=True, exist_ok=True)
    alone = [widget.method] if getattr(widget, "prefetch", True) is False else None
    page = str(widget.embed(methods=alone, most=1.9e6))
    name = hashlib.sha256(page.encode()).hexdigest()[:16]
    # A script, for a page that was opened from disk may load scripts, and nothing else.
    text = json.dumps(page).replace("</", "<\\/")
    (FIGURES / f"{name}.js").write_text(f"xwFigure({json.dumps(name)}, {text});\n", "utf-8")
    (FIGURES / f"{name}.png").write_bytes(widget.to_png(what="picture"))
    about = {"kind": type(widget).__name__, "says": repr(widget)}
    (FIGURES / f"{name}.json").write_text(json.dumps(about), encoding="utf-8")
    if close:
        widget.close()
    return name
