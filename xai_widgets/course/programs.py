"""The game of lesson 2: what four programs for Grad-CAM give, of which one is right."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from xai_widgets.course.games import dealt
from xai_widgets.course.scenes import Floats, a_star, drawn, heatmap
from xai_widgets.render.colours import resize

LAYER = 9  # the last rectifier


@dealt("2.8")
def four_programs() -> dict[str, Floats]:
    engine, pixels = drawn(), np.array(a_star().pixels)
    layers = nn.Sequential(*list(engine.model.children())[: LAYER + 1])
    with torch.no_grad():
        activation = layers(engine.input(pixels))[0].double().numpy()
    raw = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        unscaled = layers(raw)[0].double().numpy()
    weights = next(list(engine.model.children())[-1].parameters()).detach().double().numpy()
    made = {
        "right": heatmap(engine, pixels, "grad_cam", "star"),
        "not normalised": np.maximum(np.tensordot(weights[3], unscaled, 1), 0),
        "no weights": activation.mean(0),
        "other class": np.maximum(np.tensordot(weights[5], activation, 1), 0),
    }
    large = {k: v if v.shape == (64, 64) else resize(v, (64, 64)) for k, v in made.items()}
    return {name: np.asarray(v, np.float64) / v.max() for name, v in large.items()}
