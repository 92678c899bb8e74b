"""Insertion, deletion and the pictures along them: closed forms on a linear network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import xai_widgets as xw
from tests.metrics.linear import SIZE, input_of, linear_engine, softmax, weights
from tests.networks import cnn, picture
from xai_widgets import metrics

TARGET = 1
PIXELS = SIZE[0] * SIZE[1]


def slow_curve(
    engine: xw.Engine, begin: np.ndarray, end: np.ndarray, heat: np.ndarray, steps: int
) -> tuple[list[float], list[float]]:
    """One pixel list, one picture and one softmax at a time."""
    order = sorted(range(heat.size), key=lambda i: (-heat.flat[i], i))
    w = engine.model.head.weight.detach().numpy()
    b = engine.model.head.bias.detach().numpy()
    fractions, probabilities = [], []
    for i in range(steps + 1):
        n = round(i * heat.size / steps)
        x = begin.copy()
        for place in order[:n]:
            r, c = divmod(place, heat.shape[1])
            x[:, r, c] = end[:, r, c]
        fractions.append(n / heat.size)
        probabilities.append(softmax(w @ x.ravel() + b)[TARGET])
    return fractions, probabilities


def trapezoid(x: list[float], y: list[float]) -> float:
    return sum((x[i + 1] - x[i]) * (y[i] + y[i + 1]) / 2 for i in range(len(x) - 1))


@pytest.mark.parametrize("steps", [1, 4, 7, PIXELS])
def test_deletion_on_a_linear_network(steps: int) -> None:
    engine, x = linear_engine(1), input_of(1)
    heat = np.random.default_rng(0).normal(size=SIZE)
    curve = metrics.deletion(engine, x, heat, target=TARGET, steps=steps)
    f, p = slow_curve(engine, x[0].numpy(), np.zeros((1, *SIZE), "f4"), heat, steps)
    np.testing.assert_allclose(curve.fraction, f, rtol=1e-12)
    np.testing.assert_allclose(curve.probability, p, rtol=1e-5)
    assert curve.auc == pytest.approx(trapezoid(f, p), rel=1e-5)


def slow_blur(channel: np.ndarray, sigma: float) -> np.ndarray:
    """Every pixel's mean under a Gaussian over the square of 3 sigma around it, edges repeated."""
    radius = int(3 * sigma + 0.5)
    away = np.arange(-radius, radius + 1)
    weight = np.exp(-(away[:, None] ** 2 + away**2) / (2 * sigma**2))
    padded = np.pad(channel, radius, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, weight.shape)
    return (around * weight).sum((2, 3)) / weight.sum()


@pytest.mark.parametrize("kind", ["insertion", "deletion"])
@pytest.mark.parametrize("baseline", ["zero", "mean", "blur"])
def test_every_baseline_on_a_linear_network(kind: str, baseline: str) -> None:
    engine, x = linear_engine(2), input_of(2) * 3 - 1  # outside [0, 1]: black is unknown
    heat = np.random.default_rng(1).normal(size=SIZE)
    image = x[0].numpy()
    if baseline == "zero":
        other = np.zeros_like(image)
    elif baseline == "mean":
        other = np.broadcast_to(image.mean((1, 2), keepdims=True), image.shape)
    else:
        other = np.stack([slow_blur(channel.astype("f8"), 1.5) for channel in image])
    curve = getattr(metrics, kind)(
        engine, x, heat, target=TARGET, steps=6, baseline=baseline, blur=1.5
    )
    begin, end = (other, image) if kind == "insertion" else (image, other)
    f, p = slow_curve(engine, begin, end, heat, 6)
    np.testing.assert_allclose(curve.probability, p, rtol=2e-5)
    assert curve.auc == pytest.approx(trapezoid(f, p), rel=2e-5)


def test_the_best_order_deletes_best() -> None:
    """With two classes the probability falls with the logits' difference: its greedy order is the
    best of all, and its reverse the worst.
    """
    engine, x = linear_engine(1), input_of(1)
    with torch.no_grad():
        engine.model.head.weight[2] = 0
        engine.model.head.bias[2] = -1e3
    share = (weights(engine, 1) - weights(engine, 0))[0] * x[0, 0].numpy()
    best = metrics.deletion(engine, x, share, target=1, steps=PIXELS).auc
    worst = metrics.deletion(engine, x, -share, target=1, steps=PIXELS).auc
    others = [
        metrics.deletion(
            engine, x, np.random.default_rng(s).normal(size=SIZE), target=1, steps=PIXELS
        ).auc
        for s in range(20)
    ]
    assert best < min(others)
    assert max(others) < worst


def test_black_is_zero_in_the_denormalised_picture() -> None:
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
    engine = xw.Engine(cnn(), preprocessing={"size": 16, "mean": mean, "std": std})
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    seen = engine.picture(image)
    black = engine.input(np.zeros((16, 16, 3), np.uint8))
    curve = metrics.deletion(engine, image, np.ones((16, 16)), target=0, steps=2)
    torch.testing.assert_close(curve.at(-1), black)
    torch.testing.assert_close(curve.at(0), seen.input)
    mask = np.random.default_rng(1).random((16, 16)).astype("f4")
    pixels = image.astype("f8") / 255 * mask[..., None]
    wanted = (pixels - mean) / std
    got = metrics.masked_input(seen, torch.from_numpy(mask))[0].permute(1, 2, 0)
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_the_picture_at_a_point_is_the_one_that_gave_the_probability() -> None:
    engine, x = linear_engine(2), input_of(2)
    heat = np.random.default_rng(0).normal(size=SIZE)
    curve = metrics.insertion(engine, x, heat, target=TARGET, steps=7)
    for i in (0, 3, 6, 7, -1):
        p = engine.internals.probabilities(curve.at(i))[0, TARGET]
        assert float(p) == pytest.approx(curve.probability[i], rel=1e-6)
        assert curve.changed(i).sum() == round(curve.fraction[i] * PIXELS)
    torch.testing.assert_close(curve.at(7), x)


def test_an_attribution_and_its_heatmap_give_the_same_curve() -> None:
    engine = xw.Engine(cnn())
    x = picture()
    attribution = engine.explain(x, "grad_cam")
    a = metrics.insertion(engine, x, attribution, steps=9)
    b = metrics.insertion(engine, x, attribution.heatmap(), steps=9)
    assert a.auc == b.auc
    assert a.target == attribution.target


def test_a_batch_gives_what_single_forwards_give() -> None:
    engine = xw.Engine(cnn())
    x = picture()
    curve = metrics.deletion(
        engine, x, np.arange(256.0).reshape(16, 16), target=2, steps=100, baseline="zero"
    )
    with torch.no_grad():
        single = [float(engine.model(curve.at(i)).softmax(1)[0, 2]) for i in range(101)]
    np.testing.assert_allclose(curve.probability, single, rtol=1e-5)


HEAT = np.ones(SIZE)
BAD = {
    "steps is 0; expected a whole number, at least 1": {"steps": 0},
    "steps is 31; expected 1 to 30": {"steps": 31},
    "steps is 2.5": {"steps": 2.5},
    "baseline is 'blurr'; expected one of zero, black, mean, blur. Did you mean \"blur\"": {
        "baseline": "blurr"
    },
    "blur is -1; expected a number above 0": {"baseline": "blur", "blur": -1},
    "target is the function": {"target": lambda out: out[:, 0]},
    "target is 7, but the network has 3 classes": {"target": 7},
}


@pytest.mark.parametrize("said", BAD)
def test_bad_requests_say_what_was_expected(said: str) -> None:
    with pytest.raises(xw.ExplanationError) as error:
        metrics.deletion(linear_engine(1), input_of(1), HEAT, **BAD[said])
    assert said in str(error.value)


def test_black_where_the_normalisation_is_unknown() -> None:
    with pytest.raises(xw.ExplanationError, match=r"what black is .* baseline=\"zero\""):
        metrics.deletion(linear_engine(), input_of() * 9 - 4, HEAT)


@pytest.mark.parametrize(
    ("heat", "said"),
    [
        (np.full(SIZE, np.nan), "holds 30 of 30 values that are NaN"),
        (np.ones(5), r"shape \(5,\); expected \(h, w\) or \(C, H, W\)"),
        ("cat", "the map is a str"),
    ],
)
def test_bad_maps(heat: object, said: str) -> None:
    with pytest.raises(xw.ExplanationError, match=said):
        metrics.insertion(linear_engine(), input_of(), heat)  # type: ignore[arg-type]


def test_a_point_that_is_not_there() -> None:
    curve = metrics.insertion(linear_engine(), input_of(), HEAT, steps=3)
    with pytest.raises(xw.ExplanationError, match="point 4 of the curve; expected 0 to 3"):
        curve.at(4)


# -------------------------------------------------------------- both curves of a method


def last_of(engine: xw.Engine, x: object, method: str, **given: Any) -> metrics.Faithfulness:
    *steps, last = metrics.faithfulness(engine, x, method, **given)
    shares = [step.fraction for step in steps]
    assert shares == sorted(shares)
    assert all(0 < share < 1 for share in shares)
    assert all(step.result is None and step.words for step in steps)
    assert last.fraction == 1
    assert last.result is not None
    return last.result


@pytest.mark.parametrize("baseline", ["mean", "zero", "blur"])
def test_it_is_both_measures_with_one_baseline(baseline: str) -> None:
    engine, x = xw.Engine(cnn()), picture()
    result = last_of(engine, x, "saliency", steps=5, baseline=baseline, target=1)
    attribution = engine.explain(x, "saliency", target=1)
    given: dict[str, Any] = {"steps": 5, "baseline": baseline, "target": 1}
    inserted = metrics.insertion(engine, x, attribution, **given)
    deleted = metrics.deletion(engine, x, attribution, **given)
    np.testing.assert_array_equal(result.insertion.probability, inserted.probability)
    np.testing.assert_array_equal(result.deletion.probability, deleted.probability)
    assert result.insertion.probabilities.shape[0] == 6
    np.testing.assert_array_equal(
        result.insertion.probabilities[:, 1], inserted.probability.astype(np.float32)
    )


def test_its_defaults_are_those_of_insertion_and_deletion() -> None:
    engine, x = xw.Engine(cnn()), picture().sigmoid()
    result = last_of(engine, x, "saliency")
    inserted = metrics.insertion(engine, x, result.attribution)
    deleted = metrics.deletion(engine, x, result.attribution)
    np.testing.assert_array_equal(result.insertion.probability, inserted.probability)
    np.testing.assert_array_equal(result.deletion.probability, deleted.probability)
    assert (len(inserted.fraction), float(deleted.at(-1).max())) == (51, 0)


def test_each_pixel_changes_at_the_first_point_that_has_it() -> None:
    engine, x = xw.Engine(cnn()), picture()
    curve = last_of(engine, x, "saliency", steps=7, baseline="blur").insertion
    first = curve.point_of_change()
    assert (first.min(), first.max()) == (1, 7)
    for point in range(8):
        np.testing.assert_array_equal(first <= point, curve.changed(point))


def test_the_control_is_the_mean_and_the_range_of_its_maps() -> None:
    engine, x = xw.Engine(cnn()), picture()
    given: dict[str, Any] = {"steps": 4, "baseline": "blur"}
    maps = tuple(last_of(engine, x, "random", seed=i, **given) for i in range(3))
    control = metrics.Control(maps)
    mean, low, high = control.band("deletion")
    np.testing.assert_allclose(mean, np.mean([m.deletion.probability for m in maps], axis=0))
    assert (low <= mean).all()
    assert (mean <= high).all()
    areas = [m.deletion.auc for m in maps]
    interval = control.auc("deletion")
    assert (interval.low, interval.high) == (min(areas), max(areas))
    assert interval.mean == pytest.approx(np.mean(areas))
    assert len(set(areas)) == 3
