"""Measures, sanity checks, targets and baselines on a device."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import xai_widgets as xw
from tests.device.comparing import CPU, assert_alike, on_both
from tests.networks import OUTPUTS, Normalised, WrappedOutput, cnn, picture, seeded
from xai_widgets import metrics
from xai_widgets.baselines import BASELINES, baseline_like, noise_picture, path_baselines
from xai_widgets.metrics import MEASURES, evaluate

PHOTO = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)
RECIPE = {"size": 16, "crop": 16, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]}
MASK = np.zeros((16, 16), bool)
MASK[4:9, 3:12] = True
QUICK: dict[str, dict[str, Any]] = {
    "insertion": {"steps": 5}, "deletion": {"steps": 5}, "max_sensitivity": {"samples": 2},
    "infidelity": {"samples": 8}, "sensitivity_n": {"samples": 8},
    "model_randomization": {"stages": 2},
}  # fmt: skip


def engine_on(where: torch.device) -> xw.Engine:
    return xw.Engine(seeded(Normalised()).to(where), preprocessing=RECIPE)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_measure(measure: str, device: torch.device) -> None:
    def table(where: torch.device) -> list[float]:
        asked = [(measure, QUICK.get(measure, {}))]
        found = evaluate(engine_on(where), [PHOTO], ["saliency"], asked, masks=[MASK])
        return [float(row["value"]) for row in found.rows]

    on_both(table, device)


@pytest.mark.parametrize(
    ("measure", "options"),
    [
        ("infidelity", {"perturbation": "noise"}), ("infidelity", {"multiplied": True}),
        ("sensitivity_n", {"baseline": "blur"}), ("completeness", {"baseline": "mean"}),
        ("insertion", {"baseline": "black"}), ("deletion", {"baseline": "blur", "blur": 2.0}),
    ],
)  # fmt: skip
def test_a_measure_otherwise(measure: str, options: dict[str, Any], device: torch.device) -> None:
    def value(where: torch.device) -> float:
        engine = engine_on(where)
        card = MEASURES[measure]
        given = {**QUICK.get(measure, {}), **options}
        return card.read(card.function(engine, PHOTO, engine.explain(PHOTO, "saliency"), **given))

    on_both(value, device)


def test_maps_that_are_tensors_of_the_device(device: torch.device) -> None:
    def measured(where: torch.device) -> list[float]:
        engine = engine_on(where)
        heatmap = torch.from_numpy(engine.explain(PHOTO, "saliency").heatmap().copy()).to(where)
        return [
            metrics.deletion(engine, PHOTO, heatmap, steps=4).auc,
            metrics.average_drop(engine, PHOTO, heatmap),
            metrics.sparseness(heatmap),
            metrics.pointing_game(heatmap, MASK),
        ]

    on_both(measured, device)


def test_methods_of_ones_own(device: torch.device) -> None:
    """A function of the user's that returns a tensor where the network is."""

    def table(where: torch.device) -> list[float]:
        def own(engine: xw.Engine, shown: Any, target: Any) -> Tensor:
            return shown.input[0].sum(0).to(where)

        found = evaluate(engine_on(where), [PHOTO], [own], ["deletion", "complexity"])
        return [float(row["value"]) for row in found.rows]

    on_both(table, device)


def test_curves_inputs_and_controls(device: torch.device) -> None:
    def made(where: torch.device) -> list[Any]:
        engine = engine_on(where)
        shown = engine.picture(PHOTO)
        *_, last = metrics.faithfulness(engine, PHOTO, "random", steps=4, seed=3)
        road = metrics.road(engine, PHOTO, engine.explain(PHOTO, "saliency"), percentages=(30, 60))
        return [
            last.result.insertion.probabilities, last.result.deletion.at(2), road.most, road.least,
            road.inputs_most, metrics.noisy(engine, shown, 0.2).input,
            metrics.masked_input(shown, torch.from_numpy(MASK.astype(np.float32)).to(where)),
        ]  # fmt: skip

    on_both(made, device)


def test_sanity_checks_draw_the_same_weights(device: torch.device) -> None:
    def checked(where: torch.device) -> list[Any]:
        engine = engine_on(where)
        random = metrics.model_randomization(engine, PHOTO, "grad_cam", stages=None, seed=2)
        pair = metrics.random_logit(engine, PHOTO, "saliency", seed=1)
        return [[s.attribution.values for s in random.stages], pair.other.values, pair.spearman]

    on_both(checked, device)


# Targets.


def contrast(output: Any) -> Tensor:
    return output[:, 1] - output[:, [0, 2]].mean(1)


def other_elsewhere(output: Any) -> Tensor:
    """A weighting that was made on the CPU, as `torch.tensor` makes it."""
    return output @ torch.tensor([1.0, -2.0, 0.5, 0.0, 0.0], device="cpu").to(output)


@pytest.mark.parametrize("target", [None, 2, "class c", contrast, other_elsewhere])
@pytest.mark.parametrize("method", ["saliency", "grad_cam", "occlusion", "lime"])
def test_a_target(target: Any, method: str, device: torch.device) -> None:
    few = {"occlusion": {"window": 8, "stride": 8}, "lime": {"samples": 12, "regions": "grid"}}

    def explained(where: torch.device) -> list[Any]:
        names = [f"class {letter}" for letter in "abcde"]
        engine = xw.Engine(cnn().to(where), class_names=names)
        found = engine.explain(picture(), method, target=target, **few.get(method, {}))
        return [found.values, found.score]

    on_both(explained, device)


@pytest.mark.parametrize("kind", OUTPUTS)
def test_outputs_that_hold_the_scores(kind: str, device: torch.device) -> None:
    def explained(where: torch.device) -> list[Any]:
        output = {"dict": "out", "tuple": 0}.get(kind)
        engine = xw.Engine(seeded(WrappedOutput(kind)).to(where), output=output)
        return [engine.predict(picture()).probabilities, engine.explain(picture()).values]

    on_both(explained, device)


@pytest.mark.parametrize("activation", [None, "softmax", "sigmoid", "identity", torch.sigmoid])
def test_what_the_output_means(activation: Any, device: torch.device) -> None:
    def predicted(where: torch.device) -> list[Any]:
        engine = xw.Engine(cnn().to(where), activation=activation)
        many = engine.explain_many(
            [picture(seed=s) for s in range(3)], "saliency", targets=[0, 1, 2]
        )
        return [engine.predict(picture()).probabilities, [found.values for found in many]]

    on_both(predicted, device)


# Baselines.


@pytest.mark.parametrize("kind", BASELINES)
def test_a_baseline_is_where_the_picture_is(kind: Any, device: torch.device) -> None:
    def made(where: torch.device) -> Tensor:
        found = baseline_like(picture().to(where), kind, [0.1, 0.2, 0.3])
        assert found.device == where
        return found

    on_both(made, device)


def test_baselines_of_paths(device: torch.device) -> None:
    def made(where: torch.device) -> list[Tensor]:
        generator, x = torch.Generator().manual_seed(0), picture().to(where)
        found = [*path_baselines(x, "several", generator), noise_picture(x, generator)]
        assert {one.device for one in found} == {where}
        return found

    on_both(made, device)


@pytest.mark.parametrize("baseline", ["black", "mean", "blur", "noise", "several"])
@pytest.mark.parametrize("method", ["integrated_gradients", "gradient_shap"])
def test_methods_from_a_baseline(method: str, baseline: str, device: torch.device) -> None:
    def explained(where: torch.device) -> list[Any]:
        steps = {"steps": 4} if method == "integrated_gradients" else {"samples": 4}
        found = engine_on(where).explain(PHOTO, method, target=1, baseline=baseline, **steps)
        return [found.values, found.completeness_gap]

    on_both(explained, device)


def test_parameters_other_than_the_usual(device: torch.device) -> None:
    cases: list[tuple[str, dict[str, Any]]] = [
        ("occlusion", {"window": 8, "stride": 4, "shape": "ellipse", "baseline": "blur"}),
        ("rise", {"samples": 12, "centred": False, "baseline": "black"}),
        ("feature_ablation", {"count": 6, "regions": "slic", "baseline": "mean"}),
        ("lime", {"samples": 12, "regions": "grid", "distance": "l2"}),
        ("kernel_shap", {"samples": 12, "count": 4, "regions": "grid"}),
        ("smooth_grad", {"samples": 3, "base": "guided_backprop"}),
        ("integrated_gradients", {"steps": 4, "rule": "trapezoid"}),
        ("grad_cam", {"layer": "conv1"}), ("score_cam", {"layer": "conv1"}),
        ("ablation_cam", {"layer": "conv1"}),
    ]  # fmt: skip

    def explained(where: torch.device) -> list[Any]:
        engine = engine_on(where)
        return [engine.explain(PHOTO, method, target=1, **given).values for method, given in cases]

    on_both(explained, device)


def test_prediction_of_many(device: torch.device) -> None:
    expected = [asdict(c) for c in engine_on(CPU).predict(PHOTO).top(3)]
    found = [asdict(c) for c in engine_on(device).predict(PHOTO).top(3)]
    for one, other in zip(found, expected, strict=True):
        assert one["index"] == other["index"]
        assert_alike(one["probability"], other["probability"])
