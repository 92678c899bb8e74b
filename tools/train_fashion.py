"""Train the Fashion-MNIST classifier and VAE of `xw.demo`: a few minutes each on one core.

    python tools/train_fashion.py                 # both
    python tools/train_fashion.py classifier      # or one: classifier, vae

Needs Fashion-MNIST (see `xw.demo.fashion`). Both are trained on its training pictures and measured
on its test pictures; weights and recipes are written into xai_widgets/demo/. The VAE is trained to
keep the classifier's labels, so the classifier comes first.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # the field's name for it
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

import xai_widgets as xw
from xai_widgets.demo.networks import FOLDER, fashion_network
from xai_widgets.progress import with_progress_bar
from xai_widgets.relabel import ConvolutionalVAE, load_vae, reconstruct, save_vae, stream_fit_vae

EPOCHS, BATCH, RATE, DECAY = 8, 64, 4e-3, 1e-2
VAE_SETTINGS: dict[str, Any] = {
    "epochs": 1.5, "batch_size": 64, "learning_rate": 3e-3, "beta": 0.02, "error": "squared",
    "feature_weight": 0.02, "seed": 0,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", nargs="*", metavar="classifier|vae", default=["classifier", "vae"])
    parser.add_argument("--checkpoint", default="build/vae_fashion.safetensors")
    parser.add_argument("--preview", type=Path, help="a file for the last preview picture")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for which in options.which:
        if which == "classifier":
            make_classifier()
        elif which == "vae":
            make_vae(options.checkpoint, options.preview)
        else:
            parser.error(f"{which!r} is neither classifier nor vae")


def make_classifier() -> None:
    """Train the classifier, write its weights and its recipe."""
    torch.manual_seed(0)
    started = time.process_time()
    network = train(*tensors("train"))
    # Half precision is precise enough; what is measured is what is stored.
    stored = {name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    network.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    save_file(stored, FOLDER / "fashion.safetensors")
    x, labels = tensors("test")
    recipe = {
        **circumstances("classifier", started, network),
        "trained_on": {"split": "train", "pictures": 60_000, "epochs": EPOCHS, "mirrored": "half"},
        "optimizer": {"name": "AdamW, one cycle", "rate": RATE, "decay": DECAY, "batch": BATCH},
        "measured_on": {"split": "test", "pictures": len(x)},
        "accuracy": round(float((predicted(network, x) == labels).float().mean()), 4),
    }
    write(FOLDER / "fashion.json", recipe)


def train(x: Tensor, labels: Tensor) -> nn.Module:
    """A classifier trained on these pictures, its normalisation folded away."""
    network = fashion_network(normalise=True).train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for epoch in range(EPOCHS):
        total = 0.0
        for batch in torch.randperm(len(x))[: len(x) // BATCH * BATCH].view(-1, BATCH):
            seen = x[batch]
            mirrored = torch.rand(BATCH) < 0.5
            seen[mirrored] = seen[mirrored].flip(3)
            loss = F.cross_entropy(network(seen), labels[batch], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        print(f"epoch {epoch + 1}: loss {total / (len(x) // BATCH):.3f}", flush=True)
    return network.folded()


def make_vae(checkpoint: str, preview: Path | None) -> None:
    """Train the autoencoder, write its weights and its recipe."""
    started = time.process_time()
    network: Any = xw.demo.fashion_engine().model.requires_grad_(False)

    def features(pixels: Tensor) -> Tensor:
        return torch.softmax(network(2 * pixels - 1), dim=1)

    steps = stream_fit_vae(
        xw.demo.fashion("train"), vae=ConvolutionalVAE().to(memory_format=torch.channels_last),
        features=features, checkpoint=checkpoint, **VAE_SETTINGS,
    )  # fmt: skip
    for progress in with_progress_bar(steps, "VAE"):
        if preview is not None and progress.result.preview is not None:
            Image.fromarray(progress.result.preview).save(preview)
    path = FOLDER / "vae_fashion.safetensors"
    save_vae(progress.result.vae, path, half=True)
    vae = load_vae(path)
    x, labels = tensors("test")
    pixels = (x + 1) / 2
    with torch.no_grad():
        reconstructed = torch.cat([reconstruct(vae, batch) for batch in pixels.split(500)])
        means = torch.cat([vae.encode(batch)[0] for batch in pixels.split(500)])
    before, after = predicted(network, x), predicted(network, 2 * reconstructed - 1)
    ratios = -10 * (reconstructed - pixels).square().mean((1, 2, 3)).log10()
    recipe = {
        **circumstances("vae", started, vae),
        "trained_on": {"split": "train", "pictures": 60_000},
        "loss_and_optimizer": {**VAE_SETTINGS, "features": "the classifier's probabilities"},
        "measured_on": {"split": "test", "pictures": len(x)},
        "label_kept": round(float((before == after).float().mean()), 4),
        "accuracy": {
            "pictures": round(float((before == labels).float().mean()), 4),
            "reconstructions": round(float((after == labels).float().mean()), 4),
        },
        "psnr_in_decibels": {"median": round(float(ratios.median()), 2)},
        "standard_deviation_of_latents": [round(float(s), 3) for s in means.std(0)],
    }
    write(path.with_suffix(".json"), recipe)


def circumstances(which: str, started: float, network: nn.Module) -> dict[str, Any]:
    """How and when the network was trained."""
    return {
        "command": f"python tools/train_fashion.py {which}",
        "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
        "processor_seconds": round(time.process_time() - started),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }


def tensors(split: str) -> tuple[Tensor, Tensor]:
    """The classifier's inputs, and their labels."""
    pictures = xw.demo.fashion(split)
    x = torch.from_numpy(pictures.pixels.astype(np.float32))[:, None] / 127.5 - 1
    return x, torch.from_numpy(pictures.labels.astype(np.int64))


def predicted(network: nn.Module, x: Tensor) -> Tensor:
    """The most probable class of each picture."""
    with torch.no_grad():
        return torch.cat([network(batch).argmax(1) for batch in x.split(500)])


def write(path: Path, recipe: dict[str, Any]) -> None:
    text = json.dumps(recipe, indent=2) + "\n"
    path.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
