"""Networks that lie on two devices, as large ones do that fit on none: input here, scores there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import xai_widgets as xw
from tests.device.comparing import CPU, assert_alike
from tests.networks import Cnn, Normalised, cnn, picture, seeded
from tests.transformers import TinyVit, tiny_vit
from xai_widgets import metrics
from xai_widgets.methods import METHODS
from xai_widgets.training import (
    Terms,
    input_gradient_penalty,
    interpretable_gradient_loss,
    jacobian_regularization,
    right_for_the_right_reasons,
    saliency_guided,
)
from xai_widgets.training.distributed import Shards

X = picture()
FEW: dict[str, Any] = {
    "samples": 8, "steps": 6, "count": 6, "window": 8, "stride": 8, "grid": 4, "regions": "grid",
}  # fmt: skip
Place = Callable[[Any, torch.device, torch.device], nn.Module]


def moving(module: nn.Module, device: torch.device) -> None:
    """Put a module on a device, to which it then brings what it is given."""
    module.to(device)
    module.register_forward_pre_hook(lambda _, given: tuple(x.to(device) for x in given))


def spread_cnn(model: Cnn | Normalised, first: torch.device, last: torch.device) -> nn.Module:
    for name, module in model.named_children():
        if not name.startswith(("rectify", "relu")):
            moving(module, first if name in ("conv1", "norm1") else last)
    return model


class SpreadVit(TinyVit):
    """Its first layer of attention here, the others there."""

    def place(self, first: torch.device, last: torch.device) -> SpreadVit:
        self.to(last)
        for part in (self.patches, self.attention[0], self.norms[0], self.hidden[0]):
            part.to(first)
        self.prefix = nn.Parameter(self.prefix.detach().to(first))
        self.positions = nn.Parameter(self.positions.detach().to(first))
        return self

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.prefix.expand(len(x), -1, -1), x], dim=1) + self.positions
        for i, (norm, attention) in enumerate(zip(self.norms, self.attention, strict=True)):
            x = x.to(norm.weight.device)
            x = x + attention(norm(x))
            x = x + self.hidden[i](x)
        return self.head(x[:, 0])


def spread_vit(first: torch.device, last: torch.device) -> nn.Module:
    plain = tiny_vit()
    made = SpreadVit(plain.attention[0].attend)
    made.load_state_dict(plain.state_dict())
    return made.eval().place(first, last)


@pytest.fixture(params=["begins on the CPU", "ends on the CPU"])
def devices(
    request: pytest.FixtureRequest, accelerator: torch.device
) -> tuple[torch.device, torch.device]:
    return (CPU, accelerator) if request.param.startswith("begins") else (accelerator, CPU)


def explained(model: nn.Module, method: str) -> list[Any]:
    names = {parameter.name for parameter in METHODS[method].parameters}
    given = {name: value for name, value in FEW.items() if name in names}
    found = xw.Engine(model).explain(X, method, target=1, **given)
    gap = found.completeness_gap
    return [found.values, found.score, 0.0 if gap is None else gap]


@pytest.mark.parametrize("method", [name for name, card in METHODS.items() if card.family != "Own"])
def test_a_method(method: str, devices: tuple[torch.device, torch.device]) -> None:
    if METHODS[method].needs_attention:
        assert_alike(explained(spread_vit(*devices), method), explained(tiny_vit(), method))
        return
    assert_alike(explained(spread_cnn(cnn(), *devices), method), explained(cnn(), method))


def test_batches_measures_and_predictions(devices: tuple[torch.device, torch.device]) -> None:
    def made(model: nn.Module) -> list[Any]:
        engine = xw.Engine(model)
        images = [picture(seed=seed) for seed in range(3)]
        joint = engine.explain_batch(images, "grad_cam", targets=[0, 1, 2])
        many = engine.explain_many(images, "saliency")
        asked = [("deletion", {"steps": 3, "baseline": "zero"}), ("infidelity", {"samples": 4}),
                 ("model_randomization", {"stages": 2}), "completeness"]  # fmt: skip
        table = metrics.evaluate(engine, images[:1], ["saliency"], asked)
        return [
            [one.values for one in joint], [one.values for one in many],
            [float(row["value"]) for row in table.rows], engine.predict(X).probabilities,
        ]  # fmt: skip

    model = spread_cnn(seeded(Normalised()), *devices)
    assert_alike(made(model), made(seeded(Normalised())))


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        (interpretable_gradient_loss, {}),
        (interpretable_gradient_loss, {"reference": "smooth_grad", "statistics": "fixed"}),
        (input_gradient_penalty, {}), (jacobian_regularization, {}), (saliency_guided, {}),
        (right_for_the_right_reasons, {"masks": torch.ones(3, 16, 16).tril()}),
    ],
)  # fmt: skip
def test_a_loss(
    loss: Callable[..., Terms], options: dict[str, Any], devices: tuple[torch.device, torch.device]
) -> None:
    x, y = torch.cat([picture(seed=seed) for seed in range(3)]), torch.arange(3)

    def step(model: nn.Module) -> list[Any]:
        for module in model.train().modules():
            if isinstance(module, (nn.Dropout, nn.Dropout2d)):
                module.p = 0.0

        def drawn(model: nn.Module, x: Tensor, y: Tensor) -> Terms:
            generator = {"generator": torch.Generator().manual_seed(0)}
            needed = loss in (jacobian_regularization, saliency_guided) or "reference" in options
            return loss(model, x, y, **options, **(generator if needed else {}))

        means = Shards(1, 0, drawn).run(model, x, y, (0, 0))
        return [means, [p.grad for p in model.parameters() if p.grad is not None]]

    model = spread_cnn(seeded(Normalised()), *devices)
    assert_alike(step(model), step(seeded(Normalised())), share=5e-3)
