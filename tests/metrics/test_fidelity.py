"""Infidelity, sensitivity, sensitivity-n, completeness: linear networks, then captum."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum import metrics as captum_metrics

import xai_widgets as xw
from tests.metrics.linear import SIZE, input_of, linear_engine, weights
from tests.networks import cnn, picture
from xai_widgets import metrics
from xai_widgets.metrics.fidelity import _noise, _squares

TARGET = 2


@pytest.mark.parametrize("perturbation", ["square", "noise"])
@pytest.mark.parametrize("normalize", [False, True])
def test_the_gradient_of_a_linear_network_is_never_unfaithful(
    perturbation: str, normalize: bool
) -> None:
    engine, x = linear_engine(), input_of() + 0.1
    kind = {"perturbation": perturbation, "normalize": normalize}
    gradient = engine.explain(x, "saliency", target=TARGET)
    shares = engine.explain(x, "input_x_gradient", target=TARGET)
    power = float((weights(engine, TARGET) ** 2).sum())
    assert metrics.infidelity(engine, x, gradient, target=TARGET, **kind) < 1e-10 * power
    assert (
        metrics.infidelity(engine, x, shares, target=TARGET, multiplied=True, **kind)
        < 1e-10 * power
    )
    assert metrics.infidelity(engine, x, -gradient.values, target=TARGET, normalize=False) > 1e-3


def test_scale_does_not_count_when_normalised() -> None:
    engine, x = xw.Engine(cnn()), picture()
    attribution = engine.explain(x, "saliency", target=TARGET)
    one = metrics.infidelity(engine, x, attribution, target=TARGET)
    many = metrics.infidelity(engine, x, 1000 * attribution.values, target=TARGET)
    assert one == pytest.approx(many, rel=1e-5)
    assert one <= metrics.infidelity(engine, x, attribution, target=TARGET, normalize=False)


@pytest.mark.parametrize("perturbation", ["square", "noise"])
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("method", ["saliency", "input_x_gradient"])
def test_infidelity_against_captum(perturbation: str, normalize: bool, method: str) -> None:
    model, x = cnn(), picture() + 3  # no zeros: captum divides by the input
    engine = xw.Engine(model)
    multiplied = method == "input_x_gradient"
    attribution = engine.explain(x, method, target=TARGET)
    samples = 40
    draw, size = (_squares, 4) if perturbation == "square" else (_noise, 0.2)
    drawn = draw(x, size, samples, np.random.default_rng(5))

    def perturb(inputs: torch.Tensor, baselines: object = None) -> tuple[torch.Tensor, ...]:
        return drawn / inputs if multiplied else drawn, inputs - drawn

    theirs = captum_metrics.infidelity(
        model,
        perturb,
        x,
        torch.from_numpy(attribution.values.copy())[None],
        target=TARGET,
        n_perturb_samples=samples,
        max_examples_per_batch=samples,
        normalize=normalize,
    )
    ours = metrics.infidelity(
        engine, x, attribution, target=TARGET, perturbation=perturbation, size=size,
        samples=samples, normalize=normalize, multiplied=multiplied, seed=5,
    )  # fmt: skip
    assert ours == pytest.approx(float(theirs), rel=2e-3, abs=1e-9)


def test_max_sensitivity_against_captum() -> None:
    model, x = cnn(), picture()
    engine, samples, radius = xw.Engine(model), 8, 0.05
    generator = np.random.default_rng(3)
    noise = [
        generator.uniform(-radius, radius, tuple(x.shape)).astype("f4") for _ in range(samples)
    ]
    drawn = torch.from_numpy(np.concatenate(noise))

    @torch.enable_grad()  # captum turns gradients off
    def explain(given: torch.Tensor | tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        inputs = (given[0] if isinstance(given, tuple) else given).detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(model(inputs)[:, TARGET].sum(), inputs)
        return ((inputs * gradient).contiguous(),)  # captum views them

    theirs = captum_metrics.sensitivity_max(
        explain,
        x,
        perturb_func=lambda inputs, radius: inputs + drawn,
        perturb_radius=radius,
        n_perturb_samples=samples,
        max_examples_per_batch=samples,
    )
    ours = metrics.max_sensitivity(
        engine, x, "input_x_gradient", target=TARGET, radius=radius, samples=samples, seed=3
    )
    assert ours == pytest.approx(float(theirs), rel=1e-4)
    assert ours > 0.01


def test_a_linear_networks_gradient_is_not_sensitive() -> None:
    engine, x = linear_engine(), input_of()
    assert metrics.max_sensitivity(engine, x, "saliency", target=0) == 0

    def constant(engine: object, picture: object, target: object) -> np.ndarray:
        return np.zeros(SIZE)

    assert np.isnan(metrics.max_sensitivity(engine, x, constant, target=0))


@pytest.mark.parametrize("fraction", [0.05, 0.5, 0.9])
def test_sensitivity_n_is_1_on_a_linear_network(fraction: float) -> None:
    engine, x = linear_engine(), input_of()
    shares = engine.explain(x, "input_x_gradient", target=TARGET)
    ours = metrics.sensitivity_n(engine, x, shares, target=TARGET, fraction=fraction)
    assert ours == pytest.approx(1, abs=1e-6)
    against = metrics.sensitivity_n(engine, x, -shares.values, target=TARGET, fraction=fraction)
    assert against == pytest.approx(-1, abs=1e-6)
    assert np.isnan(metrics.sensitivity_n(engine, x, np.ones(SIZE), target=TARGET))


def test_sensitivity_n_against_a_plain_loop() -> None:
    model, x = cnn(), picture()
    engine = xw.Engine(model)
    heat = np.random.default_rng(0).normal(size=(16, 16))
    generator = np.random.default_rng(9)
    sums, falls = [], []
    with torch.no_grad():
        for _ in range(30):
            gone = generator.permutation(256)[:51]
            covered = x.clone()
            for place in gone:
                covered[0, :, place // 16, place % 16] = 0
            sums.append(sum(heat[place // 16, place % 16] for place in gone))
            falls.append(float(model(x)[0, TARGET] - model(covered)[0, TARGET]))
    ours = metrics.sensitivity_n(engine, x, heat, target=TARGET, fraction=0.2, samples=30, seed=9)
    assert ours == pytest.approx(np.corrcoef(sums, falls)[0, 1], abs=1e-4)


def test_completeness() -> None:
    engine, x = linear_engine(), input_of()
    shares = engine.explain(x, "input_x_gradient", target=TARGET)
    found = metrics.completeness(engine, x, shares, target=TARGET)
    by_hand = float((weights(engine, TARGET) * x[0].double().numpy()).sum())
    assert found.difference == pytest.approx(by_hand, rel=1e-6)
    assert found.gap < 1e-6
    assert found.holds()
    twice = metrics.completeness(engine, x, 2 * shares.values, target=TARGET)
    assert twice.gap == pytest.approx(1, rel=1e-5)
    assert not twice.holds()
    nothing = metrics.completeness(engine, x * 0, shares.values, target=TARGET)
    assert nothing.difference == 0
    assert nothing.gap == np.inf


def test_a_function_as_target() -> None:
    engine, x = linear_engine(), input_of()

    def margin(output: torch.Tensor) -> torch.Tensor:
        return output[:, 0] - output[:, 1]

    shares = engine.explain(x, "input_x_gradient", target=margin)
    assert metrics.completeness(engine, x, shares, target=margin).gap < 1e-6
    assert metrics.sensitivity_n(engine, x, shares, target=margin) == pytest.approx(1, abs=1e-6)


BAD = {
    'perturbation is \'squares\'; expected one of square, noise. Did you mean "square"?': (
        metrics.infidelity, {"perturbation": "squares"}
    ),
    "size is 0; expected a number above 0": (metrics.infidelity, {"size": 0}),
    "samples is 0": (metrics.infidelity, {"samples": 0}),
    "fraction is 1.5; expected a number above 0 and below 1": (
        metrics.sensitivity_n, {"fraction": 1.5}
    ),
    "samples is 1; expected a whole number, at least 2": (metrics.sensitivity_n, {"samples": 1}),
    "Did you mean \"mean\"": (metrics.completeness, {"baseline": "maen"}),
}  # fmt: skip


@pytest.mark.parametrize("said", BAD)
def test_bad_requests_say_what_was_expected(said: str) -> None:
    measure, keywords = BAD[said]
    with pytest.raises(xw.ExplanationError) as error:
        measure(linear_engine(), input_of(), np.ones(SIZE), **keywords)
    assert said in str(error.value)


def test_an_unknown_method_or_radius() -> None:
    with pytest.raises(xw.ExplanationError, match='Did you mean "saliency"'):
        metrics.max_sensitivity(linear_engine(), input_of(), "salience")
    with pytest.raises(xw.ExplanationError, match="radius is 0"):
        metrics.max_sensitivity(linear_engine(), input_of(), "saliency", radius=0)
