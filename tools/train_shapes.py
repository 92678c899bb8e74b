"""Train the shapes networks of `xw.demo.shapes_engine`, each in under three minutes on one core.

    python tools/train_shapes.py            # both
    python tools/train_shapes.py plain      # or one: plain, shortcut

Weights and the recipe with what was measured are written into xai_widgets/demo/. The plain network
sees no watermark; the shortcut one sees, in every picture, the watermark that names its class.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
import time
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # the field's name for it
from safetensors.torch import save_file
from torch import Tensor, nn

from xai_widgets.demo.networks import FOLDER, shapes_input, shapes_network
from xai_widgets.demo.shapes import shapes

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {"pictures": 5000, "epochs": 16},
    "shortcut": {"pictures": 1500, "epochs": 6},
}
BATCH, RATE, DECAY = 32, 4e-3, 1e-2
TRAINED_ON, HELD_OUT = 1, 2  # seeds of the pictures
HELD_OUT_PICTURES = 1200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", nargs="*", metavar="plain|shortcut", default=list(SETTINGS))
    for which in parser.parse_args().which:
        if which not in SETTINGS:
            parser.error(f"{which!r} is neither plain nor shortcut")
        make(which)


def make(which: str) -> None:
    """Train one network, write its weights and its recipe."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    started = time.perf_counter()
    settings = SETTINGS[which]
    network = train(shortcut=which == "shortcut", **settings)
    seconds = time.perf_counter() - started
    # Half precision is precise enough; what is measured is what is stored.
    stored = {name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    network.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    save_file(stored, FOLDER / f"shapes_{which}.safetensors")
    recipe = {
        "command": f"python tools/train_shapes.py {which}",
        "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
        "seconds_on_one_core": round(seconds),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "trained_on": {"seed": TRAINED_ON, "shortcut": which == "shortcut", **settings},
        "optimizer": {"name": "AdamW, one cycle", "rate": RATE, "decay": DECAY, "batch": BATCH},
        "measured_on": {"seed": HELD_OUT, "count": HELD_OUT_PICTURES},
        "accuracy": measured(network),
    }
    text = json.dumps(recipe, indent=2) + "\n"
    (FOLDER / f"shapes_{which}.json").write_text(text, encoding="utf-8")
    print(text)


def train(*, shortcut: bool, pictures: int, epochs: int) -> nn.Module:
    """A network trained on `pictures` drawn pictures, its normalisation folded away."""
    x, labels = tensors(pictures, seed=TRAINED_ON, shortcut=shortcut)
    # Measured: a third quicker in this layout.
    network = shapes_network(normalise=True).train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    steps = epochs * (pictures // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.randperm(pictures)[: pictures // BATCH * BATCH].view(-1, BATCH):
            seen = x[batch]
            if not shortcut:  # turned and mirrored shapes are shapes; watermarks have a place
                seen = torch.rot90(seen, int(torch.randint(4, ())), (2, 3))
                seen = seen.flip(3) if torch.rand(()) < 0.5 else seen
            seen = seen.contiguous(memory_format=torch.channels_last)
            loss = F.cross_entropy(network(seen), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        print(f"epoch {epoch + 1}: loss {total / (pictures // BATCH):.3f}", flush=True)
    return network.folded()


def measured(network: nn.Module) -> dict[str, float]:
    """On the held-out pictures: with no watermark, a true one, a true one in the opposite corner,
    and one that names another class; then how often the network predicts that false one's class.
    """
    variants: dict[str, dict[str, Any]] = {
        "without_watermark": {},
        "true_watermark": {"shortcut": True},
        "true_watermark_elsewhere": {"shortcut": True, "corner": "top left"},
        "false_watermark": {"shortcut": True, "truthful": False},
    }
    accuracies = {}
    for name, options in variants.items():
        drawn = shapes(HELD_OUT_PICTURES, seed=HELD_OUT, **options)
        with torch.no_grad():
            pixels = np.stack([shape.pixels for shape in drawn])
            labels = network(shapes_input(pixels)).argmax(1).numpy()
        accuracies[name] = round(float(np.mean(labels == [shape.label for shape in drawn])), 4)
        if name == "false_watermark":
            claims = [shape.claim for shape in drawn]
            accuracies["follows_false_watermark"] = round(float(np.mean(labels == claims)), 4)
    return accuracies


def tensors(count: int, **options: Any) -> tuple[Tensor, Tensor]:
    """The network's inputs from drawn pictures, and their labels."""
    drawn = shapes(count, **options)
    pixels = np.stack([shape.pixels for shape in drawn])
    return shapes_input(pixels), torch.tensor([shape.label for shape in drawn])


if __name__ == "__main__":
    main()
