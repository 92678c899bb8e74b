"""Files that are broken, odd or hostile, made in a folder: what stands where a file is expected,
contents of every kind, and damage done to a sound file.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import socket
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

# What a payload writes, where any of its code is run.
MARK = "this was executed"


class Payload:
    """Unpickled, it leaves a mark in the folder it names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.folder / MARK,)


class Whole(nn.Module):
    """A module saved whole, as `torch.save(model, path)` does."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def _link(target: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(target)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as own:
        here = os.getcwd()
        os.chdir(path.parent)  # the names of sockets are short
        try:
            own.bind(path.name)
        finally:
            os.chdir(here)


# What may stand where a file is expected.
PLACES: Mapping[str, Callable[[Path], object]] = {
    "nothing": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "a pipe": lambda path: os.mkfifo(path),
    "a socket": _socket,
    "a loop of links": lambda path: path.symlink_to(path.name),
    "a link to nothing": _link("nowhere"),
    "a link to a folder": _link("."),
    "/dev/zero": _link("/dev/zero"),
    "/dev/null": _link("/dev/null"),
    "/dev/stdin": _link("/dev/stdin"),
    "the memory of the process": _link("/proc/self/mem"),
    "an empty file": lambda path: path.write_bytes(b""),
}
# Paths that there cannot be.
PATHS: Mapping[str, Any] = {
    "a NUL": "a\0b",
    "a long name": "x" * 5000,
    "a deep path": "x/" * 3000,
    "bytes": b"caf\xe9",
    "no UTF-8": os.fsdecode(b"caf\xe9"),
    "a lone surrogate": "\ud800",
    "below a file": "/etc/hostname/x",
    "a number": 5,
}


def _saved(value: object, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def _array(value: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, value, allow_pickle=True)
    return buffer.getvalue()


def _header(header: Any, data: bytes = b"") -> bytes:
    """A safetensors file by its header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def _bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name in ("archive/data.pkl", "archive/data/0", "archive/version"):
            file.writestr(name, bytes(5_000_000))
    return buffer.getvalue()


def _scripted() -> bytes:
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), buffer)
    return buffer.getvalue()


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Contents of a file, by name; the payloads among them leave their mark in the folder."""
    payload = Payload(folder)
    for protocol in range(6):
        yield f"pickle {protocol}", pickle.dumps(payload, protocol)
    yield "torch.save", _saved({"weight": torch.zeros(2), "run": payload})
    yield "torch.save, legacy", _saved(payload, _use_new_zipfile_serialization=False)
    yield "a whole module", _saved(Whole())
    yield "no tensors", _saved({"epoch": 3, "state_dict": {"weight": torch.zeros(2)}})
    yield "a number", _saved(5)
    yield "TorchScript", _scripted()
    yield "objects in an array", _array(np.array([payload], dtype=object))
    yield "an array", _array(np.zeros((2, 2), np.float32))
    yield "a large array's header", _array(np.zeros(2)).replace(b"(2,)", b"(9999999999999,)")
    yield "a zip bomb", _bomb()
    one = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    yield "a header of 2**62", struct.pack("<Q", 2**62) + b"{}"
    yield "a header of nothing", _header({})
    yield "a header that lies", _header({"weight": one})
    yield "a large shape", _header({"weight": {**one, "shape": [2**40]}}, bytes(4))
    yield "a negative shape", _header({"weight": {**one, "shape": [-1]}}, bytes(4))
    yield "overlapping tensors", _header({"a": one, "b": one}, bytes(4))
    yield "an unknown type", _header({"weight": {**one, "dtype": "F99"}}, bytes(4))
    yield "a type of 4 bits", _header({"weight": {**one, "dtype": "F4", "shape": [8]}}, bytes(4))
    yield "a nested header", _header(b"[" * 200_000)
    yield "metadata of numbers", _header({"__metadata__": {"a": 1}, "weight": one}, bytes(4))
    yield "nested JSON", b"[" * 200_000
    yield "nested objects", b'{"key":' * 100_000
    yield "a huge number", b'{"key": 1e400}\n'
    yield "a long number", b'{"key": ' + b"9" * 10_000 + b"}\n"
    yield "no UTF-8", b"\xff\xfe{}\n"
    yield "NUL", bytes(1000)
    yield "text", "name;größe\n".encode()
    yield "a page", b"<!doctype html><script>alert(1)</script>"
    yield "SVG", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    yield "EPS", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n"
    yield "a large PNG's header", _png(40_000, 40_000)
    yield "a PNG of no size", _png(0, 5)
    for seed in range(4):
        yield f"noise {seed}", np.random.default_rng(seed).bytes(4000)


def _png(width: int, height: int) -> bytes:
    """A PNG of 9 x 9 pixels whose header says something else."""
    import zlib

    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, format="PNG")
    raw = bytearray(buffer.getvalue())
    raw[16:24] = struct.pack(">II", width, height)
    raw[29:33] = struct.pack(">I", zlib.crc32(bytes(raw[12:29])))
    return bytes(raw)


def damaged(sound: bytes, count: int = 8) -> Iterator[tuple[str, bytes]]:
    """A sound file, cut short at several places, and with bytes changed at others."""
    for share in (0.01, 0.3, 0.7, 0.99):
        yield f"cut at {share}", sound[: int(len(sound) * share)]
    yield "more behind it", sound + b"more"
    chance = np.random.default_rng(len(sound))
    for number in range(count):
        changed = bytearray(sound)
        # Half of them near the beginning, where headers are.
        end = len(sound) if number % 2 else min(len(sound), 400)
        for place in chance.integers(0, end, 3):
            changed[place] = int(chance.integers(0, 256))
        yield f"changed {number}", bytes(changed)


# What a field of JSON may hold that should hold something else.
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 10**9, 10**300, 1e308, float("nan"), float("inf"), "", "x", "\ud800",
    "9" * 50, [], [1], [[]], [-1, -1], [2**40, 2**40], {}, {"index": -1, "name": "x"},
    {"index": "0", "name": 5}, {"a": float("nan")},
)  # fmt: skip

# Names of classes, networks, pictures and checkpoints.
NAMES: tuple[str, ...] = (
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!--", "]]>",
    "' onmouseover='alert(1)", '" onfocus="alert(1)" autofocus="', "&lt;b&gt;",
    "javascript:alert(1)", "${alert(1)} `${1}`", "$5 or $10", "$", r"$\frac{1}{",
    r"\alpha_$x^2$", "{name}", "{0}", "%s %n", "\ud800", os.fsdecode(b"caf\xe9"), "\udfff\ud83d",
    "a\0b", "a\nb\r\nc", "\x1b[31mred", "\u202egpj", "\u2028", "\ufeff", "e\u0301" * 50,
    "\U0001f600", "كلب", "犬", "_hidden", "__proto__", "constructor", "", " ", "x" * 30_000,
    "line\n" * 3000, "../../etc/passwd", "CON", "#", "nan", "null", "0", "1e400",
)  # fmt: skip
# Three names for the three classes of small networks.
THREES = [(*NAMES, *NAMES[:2])[at : at + 3] for at in range(0, len(NAMES), 3)]
