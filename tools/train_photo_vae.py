"""Train the photograph VAE of `xw.demo.vae()`: about ten minutes on one core.

    XAI_WIDGETS_DATA=... python tools/train_photo_vae.py [--steps N] [--previews FOLDER]

Needs the folder imagenet_samples under $XAI_WIDGETS_DATA. Every third photograph, in the order of
the file names, is held out: it is measured on, and never trained on. Weights and recipe are written
into xai_widgets/demo/.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

import xai_widgets as xw
from xai_widgets.datasets.labelled import DATA_VARIABLE
from xai_widgets.demo.networks import FOLDER
from xai_widgets.demo.networks import IMAGENET_PREPROCESSING as PREPROCESSING
from xai_widgets.progress import with_progress_bar
from xai_widgets.relabel import SpatialVAE, load_vae, reconstruct, save_vae, stream_fit_vae

EVERY = 3  # one photograph in so many is held out
SIDES = (256, 320)  # the shorter side; the first is what the network's preprocessing makes of it
LATENT = 12  # measured: with 8 too many labels are lost
CROP, BATCH, RATE, BETA = 96, 4, 1e-3, 0.01
FEATURES, WEIGHT = (2, 4, 10), 0.1  # blocks of EfficientNet-Lite0 whose output must be kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--checkpoint", default="build/photographs.safetensors")
    parser.add_argument("--previews", type=Path, help="a folder for preview pictures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    training, held_out = photographs()
    engine = xw.demo.engine()
    # Measured: nearly twice as quick in this layout.
    vae = SpatialVAE(latent=LATENT).to(memory_format=torch.channels_last)
    steps = stream_fit_vae(
        [resized(path, side) for side in SIDES for path in training],
        vae=vae, size=CROP, steps=options.steps, batch_size=BATCH, learning_rate=RATE, beta=BETA,
        features=features(xw.demo.engine().model), feature_weight=WEIGHT,
        checkpoint=options.checkpoint,
    )  # fmt: skip
    for progress in with_progress_bar(steps, "VAE"):
        step = progress.result
        if options.previews is not None and step.preview is not None:
            options.previews.mkdir(parents=True, exist_ok=True)
            Image.fromarray(step.preview).save(options.previews / f"{step.step:05d}.png")
    path = FOLDER / "vae_photographs.safetensors"
    save_vae(step.vae, path, half=True)
    vae = load_vae(path)  # what is measured is what is stored
    recipe = {
        "command": f"python tools/train_photo_vae.py --steps {options.steps}",
        "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
        "processor_seconds": round(time.process_time()),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "parameters": sum(parameter.numel() for parameter in vae.parameters()),
        "trained_on": {
            "photographs": len(training),
            "from": "imagenet_samples: those not held out",
            "shorter_sides": SIDES,
            "crop": CROP,
            "steps": options.steps,
            "batch": BATCH,
        },
        "held_out": f"every third photograph in the order of file names: paths[::{EVERY}]",
        "loss": {
            "error": "absolute",
            "beta": BETA,
            "features": f"EfficientNet-Lite0 after blocks {FEATURES}",
            "feature_weight": WEIGHT,
        },
        "optimizer": {"name": "AdamW, warm-up and cosine", "rate": RATE},
        "measured_on": {"held out": len(held_out)},
        **measured(engine, vae, held_out),
    }
    text = json.dumps(recipe, indent=2) + "\n"
    (FOLDER / "vae_photographs.json").write_text(text, encoding="utf-8")
    print(text)


def photographs() -> tuple[list[Path], list[Path]]:
    """The photographs to train on, and those held out."""
    folder = os.environ.get(DATA_VARIABLE)
    paths = sorted(Path(folder or ".", "imagenet_samples").glob("*.jpg"))
    if not folder or not paths:
        raise SystemExit(f"Set {DATA_VARIABLE} to a folder with imagenet_samples/*.jpg")
    return [path for i, path in enumerate(paths) if i % EVERY], paths[::EVERY]


def resized(path: Path, side: int) -> Any:
    with Image.open(path) as picture:
        rgb = picture.convert("RGB")
    scale = side / min(rgb.size)
    size = (round(rgb.width * scale), round(rgb.height * scale))
    return np.asarray(rgb if scale == 1 else rgb.resize(size, Image.Resampling.BICUBIC))


def features(network: nn.Module) -> Callable[[Tensor], Sequence[Tensor]]:
    """The network's maps of pictures in [0, 1] at a few depths, differentiable."""
    net: Any = folded(network).requires_grad_(False).to(memory_format=torch.channels_last)
    mean, std = (torch.tensor(PREPROCESSING[key]).view(3, 1, 1) for key in ("mean", "std"))

    def look(pixels: Tensor) -> Sequence[Tensor]:
        x = net._swish(net._conv_stem((pixels - mean) / std))
        maps = []
        for index in range(max(FEATURES) + 1):
            x = net._blocks[index](x)
            if index in FEATURES:
                maps.append(x)
        return maps

    return look


def folded(network: nn.Module) -> nn.Module:
    """The network with each BatchNorm folded into its convolution: a fifth quicker."""
    pairs = {"_bn0": "_expand_conv", "_bn1": "_depthwise_conv", "_bn2": "_project_conv"}
    blocks: Any = network._blocks
    for block in blocks:
        for norm, convolution in pairs.items():
            fold(block, convolution, norm)
    fold(network, "_conv_stem", "_bn0")
    return network


def fold(module: nn.Module, convolution: str, norm: str) -> None:
    if hasattr(module, convolution):
        pair = getattr(module, convolution), getattr(module, norm)
        setattr(module, convolution, fuse_conv_bn_eval(*pair))
        setattr(module, norm, nn.Identity())


def measured(engine: xw.Engine, vae: nn.Module, paths: Sequence[Path]) -> dict[str, Any]:
    """How often the network gives the reconstruction the label of the photograph, how often that
    label is right, and how near the pixels are.
    """
    mean, std = (torch.tensor(PREPROCESSING[key]).view(3, 1, 1) for key in ("mean", "std"))
    kept, right, right_before, ratios, spread = [], [], [], [], []
    for path in paths:
        x = engine.input(path)
        pixels = x * std + mean
        with torch.no_grad():
            reconstructed = reconstruct(vae, pixels)  # type: ignore[arg-type]  # a VAE
            latents = vae.encode(pixels)[0]  # type: ignore[operator]  # a VAE
        before, after = (
            int(p.argmax())
            for p in engine.internals.probabilities(torch.cat([x, (reconstructed - mean) / std]))
        )
        truth = int(path.name.split("_")[0])
        kept.append(before == after)
        right_before.append(before == truth)
        right.append(after == truth)
        ratios.append(float(-10 * (reconstructed - pixels).square().mean().log10()))
        spread.append(latents.std(dim=(0, 2, 3)))
    return {
        "label_kept": round(float(np.mean(kept)), 4),
        "accuracy": {"photographs": round(float(np.mean(right_before)), 4),
                     "reconstructions": round(float(np.mean(right)), 4)},
        "psnr_in_decibels": {"median": round(float(np.median(ratios)), 2),
                             "lowest": round(min(ratios), 2)},
        "standard_deviation_of_latents": [round(float(s), 3) for s in torch.stack(spread).mean(0)],
    }  # fmt: skip


if __name__ == "__main__":
    main()
