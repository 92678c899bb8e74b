"""On a device as on the CPU: every method, half precision, several devices in one process."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import xai_widgets as xw
from tests.condition import Condition
from tests.networks import Normalised, cnn, picture, seeded
from tests.relabel.linear import LinearTeacher, OrthogonalVAE
from tests.relabel.linear import picture as grey
from tests.training.data import QUICK, network, pictures
from tests.transformers import tiny_vit
from xai_widgets import metrics
from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.methods import METHODS
from xai_widgets.precision import to_float64, total, widest
from xai_widgets.relabel import RelabelDistillation
from xai_widgets.training import Trainer, interpretable_gradient_loss

X = picture()[0]
CLASS = 1
# What makes the slow methods quick, by the names of their parameters.
FEW: dict[str, Any] = {
    "samples": 8, "steps": 6, "count": 6, "window": 8, "stride": 8, "grid": 4, "regions": "grid",
}  # fmt: skip
# The half types that a device may not compute every operation in are compared by direction only.
HALF = (torch.bfloat16, torch.float16)


def network_for(method: str) -> nn.Module:
    return tiny_vit() if METHODS[method].needs_attention else cnn()


def explained(model: nn.Module, method: str, x: Tensor = X) -> Attribution:
    names = {parameter.name for parameter in METHODS[method].parameters}
    return Engine(model).explain(
        x, method, target=CLASS, **{name: value for name, value in FEW.items() if name in names}
    )


def assert_alike(found: Attribution, expected: Attribution, share: float = 1e-3) -> None:
    assert np.abs(expected.values).max() > 0
    difference = np.abs(found.values - expected.values).max()
    assert difference <= share * np.abs(expected.values).max()
    assert found.score == pytest.approx(expected.score, rel=share, abs=share)


def direction(a: Attribution, b: Attribution) -> float:
    """The cosine of the angle between two maps."""
    one, other = a.values.ravel().astype(float), b.values.ravel().astype(float)
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_every_family_is_among_the_methods() -> None:
    families = {card.family for card in METHODS.values()} - {"Own"}
    assert families == {"Gradient", "CAM", "Perturbation", "Path", "Surrogate", "Attention"}


@pytest.mark.parametrize("method", [name for name, card in METHODS.items() if card.family != "Own"])
def test_a_method_gives_the_values_of_the_cpu(method: str, device: torch.device) -> None:
    model = network_for(method).to(device)
    before = Condition.of(model)
    found = explained(model, method)
    assert before.differences(Condition.of(model)) == []
    assert_alike(found, explained(network_for(method), method))
    assert isinstance(found.values, np.ndarray)


@pytest.mark.parametrize("half", HALF)
@pytest.mark.parametrize(
    "method",
    ["saliency", "guided_backprop", "grad_cam", "integrated_gradients", "occlusion", "kernel_shap",
     "gradient_attention", "score_cam"],
)  # fmt: skip
def test_half_precision(method: str, half: torch.dtype, device: torch.device) -> None:
    expected = explained(network_for(method), method)
    found = explained(network_for(method).to(device, half), method)
    assert found.values.dtype == np.float32
    assert direction(found, expected) > 0.98
    assert found.score == pytest.approx(expected.score, rel=0.05, abs=0.05)


def test_batch_norms_are_folded_alike(device: torch.device) -> None:
    model = seeded(Normalised())
    for method in ("rise", "smooth_grad"):
        assert_alike(explained(deepcopy(model).to(device), method), explained(model, method))


def test_pictures_from_elsewhere(device: torch.device) -> None:
    """A picture may be on another device than the network."""
    expected = explained(cnn(), "saliency")
    assert_alike(explained(cnn(), "saliency", X.to(device)), expected)
    assert_alike(explained(cnn().to(device), "saliency", X.to(device)), expected)
    probabilities = Engine(cnn().to(device)).predict(X.to(device)).probabilities
    np.testing.assert_allclose(probabilities, Engine(cnn()).predict(X).probabilities, atol=1e-5)


def test_batches(device: torch.device) -> None:
    images = [picture(seed=seed)[0] for seed in range(3)]
    for method in ("eigen_cam", "saliency"):
        found = Engine(cnn().to(device)).explain_batch(images, method, targets=[0, 1, 2])
        for i, one in enumerate(found):
            assert_alike(one, Engine(cnn()).explain(images[i], method, target=i))


def test_the_default_device(device: torch.device) -> None:
    """`torch.set_default_device`, as notebooks have it in their first cell."""
    expected = {m: explained(network_for(m), m) for m in ("saliency", "rise", "score_cam", "lime")}
    before = torch.get_default_device()
    torch.set_default_device(device)
    try:
        for method, values in expected.items():
            assert_alike(explained(network_for(method).to(device), method), values)
    finally:
        torch.set_default_device(None if before.type == "cpu" else before)


def test_the_device_is_checked_in_words(device: torch.device) -> None:
    model = cnn().to(device)
    assert Engine(model, device=device.type).predict(X)
    with pytest.raises(ExplanationError, match=r"device='meta', but the network is on '.*'; move"):
        Engine(model, device="meta")


def test_a_change_of_the_network_is_seen(device: torch.device) -> None:
    model = cnn().to(device)
    engine = Engine(model)
    first = engine.explain(X, "saliency", target=CLASS)
    assert engine.explain(X, "saliency", target=CLASS) is first
    with torch.no_grad():
        model.head.weight.mul_(2)
    np.testing.assert_allclose(
        engine.explain(X, "saliency", target=CLASS).values, 2 * first.values, rtol=1e-4, atol=1e-7
    )


def test_measures(device: torch.device) -> None:
    def measured(model: nn.Module) -> list[float]:
        engine = Engine(model)
        found = explained(model, "saliency")
        curves = (metrics.insertion, metrics.deletion)
        return [curve(engine, X, found, steps=6, baseline="zero").auc for curve in curves]

    assert measured(cnn().to(device)) == pytest.approx(measured(cnn()), rel=1e-3, abs=1e-4)


def test_two_devices_in_one_process(accelerator: torch.device) -> None:
    expected = explained(cnn(), "saliency")
    here, there = Engine(cnn()), Engine(cnn().to(accelerator))
    for _ in range(3):
        for engine in (here, there):
            engine.forget()
            assert_alike(engine.explain(X, "saliency", target=CLASS), expected)
            assert_alike(engine.explain(X, "guided_backprop", target=CLASS),
                         explained(cnn(), "guided_backprop"))  # fmt: skip
    model = cnn()
    engine = Engine(model)
    engine.explain(X, "saliency", target=CLASS)
    model.to(accelerator)  # the engine goes with its network
    assert_alike(engine.explain(X, "saliency", target=CLASS), expected)


def test_float64_where_a_device_has_it(device: torch.device) -> None:
    values = torch.full((1000,), 1e-4, device=device)
    assert total(values) == pytest.approx(1000 * float(np.float32(1e-4)), rel=1e-12)
    assert to_float64(values).dtype == torch.float64
    assert torch.zeros(2, dtype=widest(device), device=device).sum() == 0
    assert widest(torch.device("mps")) == torch.float32
    assert widest(torch.device("cuda")) == widest(torch.device("cpu")) == torch.float64


def test_a_training_step(device: torch.device) -> None:
    x = torch.stack([picture(size=8, seed=seed)[0] for seed in range(4)])
    y = torch.tensor([0, 1, 2, 0])

    def step(where: torch.device) -> tuple[dict[str, float], list[Tensor]]:
        model = network().train().to(where)
        model[3].p = 0.0  # type: ignore[union-attr, index]  # each device draws its own dropout
        loss = interpretable_gradient_loss(model, x.to(where), y.to(where))
        loss.total.backward()
        return dict(loss.numbers()), [
            p.grad.cpu() for p in model.parameters() if p.grad is not None
        ]

    (found, gradients), (expected, others) = step(device), step(torch.device("cpu"))
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-5)
    for one, other in zip(gradients, others, strict=True):
        assert (one - other).abs().max() <= 1e-2 * other.abs().max() + 1e-6


def test_a_training(device: torch.device) -> None:
    train, test = pictures(), pictures(seed=1)
    trainer = Trainer(network().to(device), train, test, recipe=QUICK)
    reports = [progress.result for progress in trainer.stream()]
    assert trainer.finished
    assert np.isfinite([report.loss for report in reports if hasattr(report, "loss")]).all()
    accuracy, cosine = trainer.measure()
    assert accuracy > 0.5
    assert cosine is not None


def test_relabel_distillation(device: torch.device) -> None:
    def distilled(where: torch.device) -> np.ndarray[Any, Any]:
        engine = xw.Engine(LinearTeacher().to(where))
        vae = OrthogonalVAE().to(where)
        found = RelabelDistillation(engine, vae, samples=200, readout="weight").explain(grey())
        return np.asarray(found.attribution.values, dtype=float).ravel()

    one, other = distilled(device), distilled(torch.device("cpu"))
    assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) > 0.999
