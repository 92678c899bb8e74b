"""Re-label distillation as a whole, on networks of which all is known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import xai_widgets as xw
from tests.condition import Condition
from tests.relabel.linear import GridVAE, LinearTeacher, OrthogonalVAE, linear_engine, picture
from xai_widgets.methods import METHODS
from xai_widgets.relabel import RelabelDistillation, RelabelExplanation

X = picture()


def distilled(
    engine: xw.Engine | None = None, vae: Any = None, **options: Any
) -> RelabelExplanation:
    options = {"samples": 200, "readout": "weight", **options}
    return RelabelDistillation(
        engine or linear_engine(), vae or OrthogonalVAE(), **options
    ).explain(X)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a.ravel() @ b.ravel() / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.parametrize("space", ["pixels", "latents"])
def test_a_linear_network_is_its_own_student(space: str) -> None:
    engine = linear_engine()
    found = distilled(engine, samples=1000, space=space)
    w = engine.model.weight.detach().numpy()
    assert cosine(found.attribution.values, w) >= 0.95
    assert found.fidelity > 0.85
    assert found.soft_r2 > 0.6
    assert 0.3 <= found.kept_share <= 0.7
    assert found.warnings == ()


class Particular(nn.Module):
    """Class 0 as long as the upper left quarter is about as it is in X."""

    def forward(self, x: Tensor) -> Tensor:
        score = 1 - 25 * (x - X)[..., :4, :4].square().flatten(1).mean(1)
        return 5 * torch.stack([score, -score], 1)


@pytest.mark.parametrize("seed", range(3))
def test_on_a_grid_the_cells_that_are_looked_at_stand_out(seed: int) -> None:
    """Noise turns the label in the upper left quarter alone, whichever way it goes."""
    found = distilled(
        xw.Engine(Particular()), GridVAE(), samples=1000, space="grid", cells=2, seed=seed
    )
    # Of noise around grey, the mean around is grey too: erasing alone never turns the label.
    assert found._surrogate.neighbours.neighbourhood.structure == "patches"
    assert found.fidelity > 0.7
    values = found.attribution.values[0]
    elsewhere = np.abs(values[5:, 5:])
    assert values[:3, :3].min() > 2 * elsewhere.max()


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_drawn_where_the_label_survives_erasing_all_of_it(seed: int) -> None:
    """A few labels turn where half is erased, and none where all is: no scale would do."""
    found = distilled(vae=GridVAE(), samples=300, seed=seed)
    assert found._surrogate.neighbours.neighbourhood.structure == "patches"
    assert 0.3 <= found.kept_share <= 0.7


def test_what_the_label_needs_stands_out_where_places_are_erased() -> None:
    """A light square in the dark, and a network that asks for light in the upper left quarter."""
    engine = linear_engine()
    x, w = torch.full((1, 1, 8, 8), 0.2), torch.zeros(8, 8)
    x[..., :4, :4], w[:4, :4] = 0.8, 1 / 16
    with torch.no_grad():
        engine.model.weight.copy_(w.flatten())
        engine.model.bias.fill_(-0.7)
    method = RelabelDistillation(engine, GridVAE(), samples=200, cells=2, readout="weight")
    found = method.explain(x)
    neighbours = found._surrogate.neighbours
    assert neighbours.neighbourhood.structure == "erased"
    assert 0.3 <= found.kept_share <= 0.7
    values = found.attribution.values[0]
    assert values[2:4, 2:4].min() > 2 * np.abs(values[5:, 5:]).max()
    # What the student sees of a neighbour is how far its cells have gone towards being erased:
    # where all of it is, nothing is left of any cell that has anything to lose.
    erasing = neighbours.neighbourhood.erasing[None]
    rows = neighbours.view.rows(torch.zeros(2, 1, 8, 8), torch.cat([0 * erasing, erasing]))
    torch.testing.assert_close(rows[0], torch.ones(16))
    torch.testing.assert_close(rows[1], (erasing.flatten() == 0).float())


def test_what_is_said_of_the_student_is_so() -> None:
    found = distilled()
    unseen = np.arange(200) % 5 == 4
    right = (found.scores > 0) == found.kept
    recalls = [right[unseen & (found.kept == k)].mean() for k in (True, False)]
    assert found.fidelity == pytest.approx(np.mean(recalls))
    assert found.kept_share == pytest.approx(found.kept.mean())
    assert found.sentence.startswith(
        f"The student agrees with the network on {100 * found.fidelity:.0f}\u00a0% of unseen "
        "neighbours"
    )
    assert found.reconstruction_error == pytest.approx(0, abs=1e-10)
    assert found.reconstruction_keeps_label
    assert found.attribution.target.name == "class 0"
    assert found.attribution.parameters["samples"] == 200


def test_every_neighbour_can_be_made_again() -> None:
    engine = linear_engine()
    found = distilled(engine)
    places = [0, 7, 150]
    decoded = OrthogonalVAE().decode(found.latents(places)).clamp(0, 1).detach()
    probability = engine.internals.probabilities(decoded)[:, 0]
    np.testing.assert_allclose(probability, found.probability[places], rtol=1e-4)
    np.testing.assert_array_equal(found.pictures(places), engine.internals.pixels(decoded))
    kept, shifted = found.exemplars(3)
    assert list(kept.probability) == sorted(found.probability[found.kept])[::-1][:3]
    assert list(shifted.probability) == sorted(found.probability[~found.kept])[:3]
    assert kept.pictures.shape == (3, 8, 8, 3)
    np.testing.assert_array_equal(found.reconstruction, engine.internals.pixels(X)[0])


def test_the_early_map_is_that_of_as_many_samples_and_the_last_is_explains() -> None:
    whole = RelabelDistillation(linear_engine(), OrthogonalVAE(), readout="weight", samples=400)
    steps = list(whole.stream(X))
    # A first one, one a hundred after the neighbours began to be drawn out, and all.
    assert [step.fraction for step in steps] == [0.25, 0.6, 1.0]
    values = [step.result.attribution.values for step in steps]
    np.testing.assert_array_equal(values[-1], whole.explain(X).attribution.values)
    np.testing.assert_array_equal(values[0], distilled(samples=100).attribution.values)
    assert len(steps[0].result.scores) == 100


def test_closing_the_stream_stops_the_work() -> None:
    engine = linear_engine()
    stream = RelabelDistillation(engine, OrthogonalVAE(), readout="weight", samples=5000).stream(X)
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]  # a generator
    assert sum(engine.model.passes) < 300


def test_a_seed_is_a_map() -> None:
    one, again, other = (distilled(seed=seed).attribution.values for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    assert distilled(samples=1000).seed_stability(3) > 0.8


def test_how_many_are_asked_at_a_time_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = distilled()
    monkeypatch.setattr("xai_widgets.relabel.teacher._AT_ONCE", 7)
    found = distilled()
    values = expected.attribution.values
    np.testing.assert_allclose(
        found.attribution.values, values, rtol=1e-4, atol=1e-5 * np.abs(values).max()
    )


def test_the_cost_is_a_decoding_and_a_forward_per_sample() -> None:
    engine, vae = linear_engine(), OrthogonalVAE()
    distilled(engine, vae, samples=1000)
    assert 1000 <= sum(engine.model.passes) <= 1.05 * 1000
    assert vae.decoded <= 1.05 * 1000


class Trained(OrthogonalVAE):
    """A VAE with what behaves otherwise in training, and draws random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.norm = nn.BatchNorm1d(64)

    def decode(self, latents: Tensor) -> Tensor:
        torch.rand(1)
        return super().decode(self.drop(self.norm(latents)))


@pytest.mark.parametrize("mode", [torch.enable_grad, torch.no_grad, torch.inference_mode])
def test_network_and_vae_are_left_as_found(mode: Any) -> None:
    engine, vae = linear_engine(), Trained().train()
    engine.model.train()
    engine.model.weight.grad = torch.ones(64)
    before = Condition.of(engine.model), Condition.of(vae)
    with mode():
        found = distilled(engine, vae)
        _ = found.counterfactual, found.directions, found.exemplars()
        vae.decoded = engine.model.passes = 0
    first, second = before
    changed = {"modules: "}  # what the doubles count
    for condition, module in ((first, engine.model), (second, vae)):
        assert set(condition.differences(Condition.of(module))) <= changed
    np.testing.assert_array_equal(
        found.attribution.values, distilled(vae=Trained().eval()).attribution.values
    )


class Three(nn.Module):
    """Three classes; the third never comes first."""

    def __init__(self) -> None:
        super().__init__()
        self.two = LinearTeacher()
        third = torch.randn(64, generator=torch.Generator().manual_seed(9))
        self.third = nn.Parameter(third - third.mean())

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.two(x), (x.flatten(1) @ self.third)[:, None] - 60], 1)


def test_another_target_is_split_at_its_median() -> None:
    engine = xw.Engine(Three())
    found = RelabelDistillation(
        engine, OrthogonalVAE(), readout="weight", samples=600, alpha=1
    ).explain(X, target=2)
    assert found.kept_share == pytest.approx(0.5, abs=0.01)
    third, first = engine.model.third.detach(), engine.model.two.weight.detach()
    values = found.attribution.values
    # Its log odds are those against whichever of the others is first.
    assert cosine(values, third.numpy()) > 0.5 > cosine(values, first.numpy())
    assert found.attribution.target.index == 2


def test_a_function_of_the_output_as_target() -> None:
    engine = linear_engine()

    def difference(output: Tensor) -> Tensor:
        return output[:, 1] - output[:, 0]

    found = RelabelDistillation(engine, OrthogonalVAE(), readout="weight", samples=1000).explain(
        X, target=difference
    )
    assert cosine(found.attribution.values, -engine.model.weight.detach().numpy()) > 0.9
    assert found.attribution.probability is None


class OneLogit(nn.Module):
    """Is it? One number per picture."""

    def __init__(self) -> None:
        super().__init__()
        self.two = LinearTeacher()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.two(x)
        return logits[:, :1] - logits[:, 1:]


def test_a_network_of_one_logit() -> None:
    engine = xw.Engine(OneLogit(), class_names=["no", "yes"])
    found = RelabelDistillation(engine, OrthogonalVAE(), readout="weight", samples=1000).explain(X)
    assert cosine(found.attribution.values, engine.model.two.weight.detach().numpy()) > 0.95
    expected = distilled(samples=1000)
    np.testing.assert_allclose(found.probability, expected.probability, rtol=1e-4)


def test_the_counterfactual_crosses_the_border_where_it_is() -> None:
    """The network's border is a plane, 0.05 from the picture: along v it is met at a known t."""
    engine = linear_engine()
    way = distilled(engine, samples=1000).counterfactual
    w, basis = engine.model.weight.detach(), OrthogonalVAE().basis.detach()
    v = way.direction[0] @ basis.T / 10  # in pixels
    assert way.flip is not None
    assert float(v @ w) < 0
    assert way.flip == pytest.approx(0.05 / -float(v @ w), rel=0.3)
    assert way.label[0] == 0
    assert (way.label[way.t >= way.flip + 0.2] == 1).all()
    assert way.picture is not None
    assert int(engine.internals.probabilities(way.picture).argmax()) == 1
    assert way.cycle_error == 1  # its autoencoder is exact but for rounding


def test_directions_come_in_the_order_of_their_weights() -> None:
    engine = linear_engine()
    ways = distilled(engine, samples=1000).directions
    magnitude = np.abs(ways.weights)
    assert (np.diff(magnitude) <= 0).all()
    assert len(magnitude) == 12
    w = engine.model.weight.detach() @ OrthogonalVAE().basis.detach()
    top = ways.vectors.abs().argmax(1)
    assert len({int(i) for i in top} & {int(i) for i in w.abs().argsort()[-20:]}) >= 9
    grid = distilled(engine, GridVAE(), samples=300).directions
    assert grid.vectors.shape[1:] == (1, 4, 4)
    assert (np.diff(np.abs(grid.weights)) <= 0).all()


def test_a_student_no_better_than_chance_is_said_to_be_so() -> None:
    found = distilled(vae=GridVAE(), space="grid", structure="independent", seed=3)
    assert found.fidelity < 0.65  # of forty
    assert "no better than chance" in found.warnings[0]
    assert found.warnings == found.attribution.warnings
    assert "no better than chance" in repr(found)


class Grey(OrthogonalVAE):
    """Reconstructs everything a little darker where the network looks."""

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        return super().encode(pixels - 0.2 * LinearTeacher().weight.detach().view(1, 1, 8, 8))


def test_a_label_lost_in_reconstruction_is_said_or_refused() -> None:
    found = distilled(vae=Grey(), reference="reconstruction")
    assert not found.reconstruction_keeps_label
    assert "takes the picture for class 0, its reconstruction for class 1" in found.warnings[0]
    assert found.attribution.target.index == 0  # not the reference label: split at its median


def test_a_lopsided_neighbourhood_is_said_to_be_so() -> None:
    found = distilled(scale=0.4, samples=400)
    assert found.kept_share > 0.7
    assert "lopsided" in found.warnings[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 5}, r"samples=5 is outside 20 to 10000"),
        ({"smaples": 5}, r"has no parameter 'smaples'.*Did you mean \"samples\""),
        ({"readout": "weights"}, r"Did you mean \"weight\""),
        ({"space": "grid"}, r"has 64 for all of it"),
        ({"scale": 0.05}, r"100\xa0% of 200 synthetic pictures at scale 0.05 keep the label"),
    ],
)
def test_what_is_wrong_is_said_in_words(options: dict[str, Any], message: str) -> None:
    with pytest.raises(xw.ExplanationError, match=message):
        distilled(**options)


class Rigid(OrthogonalVAE):
    """Decodes the same picture whatever the latents."""

    def decode(self, latents: Tensor) -> Tensor:
        return X.expand(len(latents), -1, -1, -1)


class TooSmall(OrthogonalVAE):
    def decode(self, latents: Tensor) -> Tensor:
        return super().decode(latents)[..., :4, :4]


@pytest.mark.parametrize(
    ("vae", "message"),
    [
        (object(), r"vae is an object; expected an object with encode and decode"),
        (Rigid(), r"no scale of the neighbourhood gives two classes.*100 % at 1"),
        (TooSmall(), r"decodes to \(1, 4, 4\); expected pictures as large as the network's"),
    ],
)
def test_vaes_that_do_not_fit(vae: Any, message: str) -> None:
    with pytest.raises(xw.ExplanationError, match=message):
        distilled(vae=vae)


def test_input_that_is_no_picture_has_no_pixels() -> None:
    with pytest.raises(xw.ExplanationError, match="normalisation of this model input is not known"):
        RelabelDistillation(linear_engine(), OrthogonalVAE()).explain(5 * X - 2)


def test_the_number_of_neighbours_judged_is_right() -> None:
    assert math.isclose(len(distilled(samples=105).scores), 105)


def test_the_moments_are_those_of_the_neighbours_that_count() -> None:
    from xai_widgets.relabel.neighbours import Neighbours
    from xai_widgets.relabel.surrogate import fit_surrogates

    engine = linear_engine()
    options = RelabelDistillation(engine, OrthogonalVAE(), readout="weight", samples=150).options
    whole: list[Neighbours] = []
    original = Neighbours.__init__

    def remembering(self: Neighbours, *given: Any) -> None:
        original(self, *given)
        whole.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Neighbours, "__init__", remembering)
        list(
            fit_surrogates(engine, OrthogonalVAE(), options, X, engine.internals.resolve_target(X))
        )
    (neighbours,) = whole
    pictures = neighbours.pictures(list(range(150)))
    torch.testing.assert_close(neighbours.mean_picture, pictures.mean(0))
    change = (pictures - X).square().mean(0).sqrt()
    torch.testing.assert_close(neighbours.mean_change, change, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("readout", ["magnitude", "times_difference", "times_detail"])
def test_another_read_out_is_read_from_the_same_student(readout: Any) -> None:
    engine = linear_engine()
    found = distilled(engine)
    passes = len(engine.model.passes)
    again = found.read(readout)
    assert len(engine.model.passes) == passes
    np.testing.assert_array_equal(again.values, distilled(readout=readout).attribution.values)
    assert again.parameters["readout"] == readout
    with pytest.raises(xw.ExplanationError, match='Did you mean "times_detail"'):
        found.read("times_details")  # type: ignore[arg-type]  # what is refused


def test_looking_at_latents() -> None:
    engine = linear_engine()
    found = distilled(engine)
    latents = found.latents([0, 3])
    pictures, probabilities = found.look(latents)
    np.testing.assert_array_equal(pictures, found.pictures([0, 3]))
    odds = np.log(probabilities[:, 0] / probabilities[:, 1])
    known = np.log(found.probability[[0, 3]] / (1 - found.probability[[0, 3]]))
    np.testing.assert_allclose(odds, known, rtol=1e-3)


X = picture()
NAME = "relabel_distillation"


def bound(vae: object = None) -> xw.Engine:
    engine = linear_engine()
    xw.relabel.bind(engine, vae or OrthogonalVAE())  # type: ignore[arg-type]  # what has both methods
    return engine


def test_it_gives_what_the_class_gives() -> None:
    engine = bound()
    found = engine.explain(X, NAME, samples=200, seed=3, readout="positive")
    direct = RelabelDistillation(
        engine, OrthogonalVAE(), samples=200, seed=3, readout="positive"
    ).explain(X)
    np.testing.assert_array_equal(found.values, direct.attribution.values)
    assert found.parameters == direct.attribution.parameters
    assert (found.score, found.seed) == (direct.attribution.score, 3)
    assert found.title == "Re-label distillation"


def test_it_streams_and_is_remembered() -> None:
    engine = bound()
    steps = list(engine.stream(X, NAME, samples=200))
    assert [step.fraction for step in steps] == [0.5, 1.0]
    passes = len(engine.model.passes)
    assert engine.explain(X, NAME, samples=200).values.any()
    assert len(engine.model.passes) == passes
    xw.relabel.bind(engine, OrthogonalVAE(seed=6))  # another VAE, another method
    engine.explain(X, NAME, samples=200)
    assert len(engine.model.passes) > passes


def test_its_card_makes_controls() -> None:
    engine = bound()
    card = engine.methods[NAME]
    assert card.citation == "Hua, Ge, Zhang 2021"
    assert card.url.endswith("2409.13137")
    by_name = {parameter.name: parameter for parameter in card.parameters}
    assert by_name["samples"].default == 1000
    assert by_name["readout"].choices[:2] == ("auto", "weight")
    assert by_name["temperature"].maximum == 20
    assert card.to_json()["name"] == NAME
    assert NAME not in METHODS
    assert list(engine.methods)[:-1] == list(METHODS)


def test_without_a_vae_the_error_says_how() -> None:
    for ask in (
        lambda: linear_engine().explain(X, NAME),
        lambda: xw.metrics.evaluate(linear_engine(), [X], [NAME], ["sparseness"]),
    ):
        with pytest.raises(xw.ExplanationError, match=r"xw\.relabel\.bind\(engine, vae\)"):
            ask()
    with pytest.raises(xw.ExplanationError, match="expected an object with encode"):
        bound(3)


def test_a_batch_is_its_pictures_one_by_one() -> None:
    engine = bound()
    pictures = [X, X.flip(-1)]
    together = engine.explain_batch(pictures, NAME, targets=0, samples=100)
    for image, found in zip(pictures, together, strict=True):
        alone = engine.explain(image, NAME, target=0, samples=100)
        np.testing.assert_allclose(found.values, alone.values, rtol=1e-3)


def test_measures_take_it() -> None:
    table = xw.metrics.evaluate(bound(), [X], [(NAME, {"samples": 100})], ["sparseness"])
    assert 0 < table.values("relabel_distillation(samples=100)", "sparseness")[0] < 1


def test_doubts_come_with_the_attribution_and_are_saved(tmp_path: Path) -> None:
    found = bound(GridVAE()).explain(X, NAME, samples=100, structure="independent")
    assert "no better than chance" in found.warnings[0]
    assert found.warnings[0] in repr(found)
    assert xw.Attribution.load(found.save(tmp_path / "map")).warnings == found.warnings
    assert bound().explain(X, "saliency").warnings == ()


def test_an_engine_keeps_the_methods_of_the_package() -> None:
    engine = linear_engine()
    with pytest.raises(xw.ExplanationError, match="saliency is a method of the package"):
        engine.add_method(METHODS["saliency"])


def test_in_a_batch_one_may_have_its_first_map_later() -> None:
    """Far from the border, a hundred neighbours are not enough for a few of each class."""
    engine = bound()
    w = engine.model.weight.detach().view(1, 1, 8, 8)
    near, far = 0.5 + 0.05 * w, 0.5 + 0.2 * w
    asked = {"samples": 400, "scale": 1.0, "shape": "even"}
    first = [next(iter(engine.stream(x, NAME, target=0, **asked))).fraction for x in (near, far)]
    assert first[0] < first[1]
    together = engine.explain_batch([near, far], NAME, targets=0, **asked)
    for image, found in zip([near, far], together, strict=True):
        alone = engine.explain(image, NAME, target=0, **asked)
        np.testing.assert_allclose(
            found.values, alone.values, rtol=1e-3, atol=1e-4 * np.abs(alone.values).max()
        )


def test_between_two_maps_it_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xai_widgets.relabel.teacher._AT_ONCE", 8)
    engine = bound()
    steps = engine.stream(X, NAME, samples=400, shape="even")
    fractions = [next(steps).fraction for _ in range(4)]
    assert fractions == [0.25, 0.27, 0.29, 0.31]
    before = len(engine.model.passes)
    steps.close()  # type: ignore[attr-defined]  # a generator
    assert len(engine.model.passes) == before


def test_the_old_names_give_the_new_ones_for_one_version_more() -> None:
    distillation = RelabelDistillation(linear_engine(), OrthogonalVAE(), samples=100)
    with pytest.deprecated_call(match="options"):
        assert distillation.recipe is distillation.options
    *_, last = distillation.stream(X)
    with pytest.deprecated_call(match="result"):
        assert last.explanation is last.result  # type: ignore[attr-defined]  # a RelabelProgress
    with pytest.deprecated_call(match="DistillationOptions"):
        assert xw.relabel.Recipe is xw.relabel.DistillationOptions
    with pytest.deprecated_call(match="FitStep"):
        assert xw.relabel.FitProgress is xw.relabel.FitStep
