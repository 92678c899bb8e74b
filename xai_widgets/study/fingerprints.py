"""By what a study knows its network, preprocessing and data again, on any machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xxhash

from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError

__all__ = ["difference", "key_of", "network_digest", "preprocessing_probe"]

_SIDE = 257  # of the made-up picture that shows what a preprocessing does
_TOLERANCE = 1e-3  # machines differ in the last digits


def network_digest(engine: Engine) -> str:
    """A checksum of the kinds of all modules and the bytes of all weights and buffers.

    Kinds are told by their names without their modules: a class of a script or a notebook is
    another module's once that is imported, by workers for one.
    """
    digest = xxhash.xxh3_128()
    for name, module in engine.model.named_modules():
        digest.update(f"{name}:{type(module).__qualname__}\n".encode())
    for name, value in sorted(engine.model.state_dict().items()):
        if not hasattr(value, "detach"):
            digest.update(f"{name}={value!r}\n".encode())
            continue
        tensor = value.detach().cpu().contiguous()
        digest.update(f"{name}:{tensor.dtype}{tuple(tensor.shape)}\n".encode())
        if tensor.numel():
            import torch

            digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def preprocessing_probe(engine: Engine) -> list[float]:
    """What the preprocessing makes of a made-up picture, in a few numbers: the input's size, and
    each channel's mean over a grid of 3 x 3.
    """
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
    made_up = np.repeat(np.repeat(coarse, _SIDE // 5 + 1, 0), _SIDE // 5 + 1, 1)[:_SIDE, :_SIDE]
    try:
        x = engine.internals.preprocessor(made_up, made_up=True).input[0].numpy()
    except ExplanationError:
        return []  # a network of bands, or of one size of picture
    rows = np.array_split(np.arange(x.shape[1]), 3)
    columns = np.array_split(np.arange(x.shape[2]), 3)
    means = [x[:, r][:, :, c].mean(axis=(1, 2)) for r in rows for c in columns if len(r) * len(c)]
    return [float(v) for v in (*x.shape, *np.concatenate(means).round(6))]


def key_of(parts: Mapping[str, Any]) -> str:
    """One word for all that must be the same for two blocks to be of one study."""
    digest = xxhash.xxh3_64()
    for name, value in sorted(parts.items()):
        digest.update(f"{name}={value!r}\n".encode())
    return digest.hexdigest()


def difference(stored: Mapping[str, Any], present: Mapping[str, Any]) -> str:
    """What of two fingerprints differs, in words; "" where nothing does."""
    words = {
        "network": "another network, or other weights",
        "preprocessing": "another preprocessing",
        "method": "another method",
        "parameters": "other parameters of the method",
        "target": "another target rule",
        "layer": "another layer",
        "output": "another output or activation",
        "class_names": "other class names",
        "data": "other pictures, labels or metadata",
        "block": "another block size",
    }
    for name, said in words.items():
        if name not in stored or name not in present:
            continue
        old, new = stored[name], present[name]
        if name == "preprocessing":
            same = len(old) == len(new) and np.allclose(old, new, atol=_TOLERANCE)
        else:
            same = old == new
        if not same:
            if name in ("network", "preprocessing", "data", "output", "class_names"):
                return said
            return f"{said} ({old!r}, and now {new!r})"
    return ""
