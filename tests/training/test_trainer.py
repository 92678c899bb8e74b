"""Trainings: the same bits after any interruption, the same weights from several processes."""

from __future__ import annotations

import json
import multiprocessing
import random
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import xai_widgets as xw
from tests.interruption import Alarm, interrupted, process_of
from tests.training.data import QUICK, network, pictures
from tests.training.worker import launch, work
from xai_widgets.training import Recipe, Report, Terms, Trainer, input_gradient_penalty
from xai_widgets.training.batches import Batches
from xai_widgets.training.reports import cosine_of
from xai_widgets.training.trainer import CHECKPOINT


def trainer(folder: Path | None = None, recipe: Recipe = QUICK, **options: Any) -> Trainer:
    held_out = pictures(12, seed=1)
    return Trainer(network(), pictures(), held_out, recipe=recipe, folder=folder, **options)


def trained(made: Trainer) -> dict[str, Tensor]:
    for _ in made.stream():
        pass
    assert made.finished
    return {name: value.clone() for name, value in made.model.state_dict().items()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture(scope="module")
def whole() -> dict[str, Tensor]:
    return trained(trainer())


def test_interrupted_again_and_again_it_ends_with_the_same_bits(whole: dict[str, Tensor]) -> None:
    made, chance, presses = trainer(), random.Random(0), 0
    while not made.finished:
        before = torch.get_rng_state()
        alarm = Alarm()
        # Early at first, so that a quick machine meets several; later, so that a slow one ends.
        delay = chance.uniform(0, 0.005 * (2 + presses))
        raised = alarm.rings_in(lambda: list(made.stream()), delay, 1e-3)
        assert raised or not alarm.rung
        presses += alarm.rung > 0
        assert torch.equal(torch.get_rng_state(), before)
        assert process_of(made.model)["grad mode"]
    assert presses > 2
    assert [entry["epoch"] for entry in made.history] == [0, 1, 2]
    assert same(made.model.state_dict(), whole)


def test_an_epoch_that_is_interrupted_while_it_is_measured_is_measured_once_more(
    whole: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, plain = trainer(), trainer()
    measure = made.measure
    monkeypatch.setattr(made, "measure", lambda: signal.raise_signal(signal.SIGINT))
    steps = made.stream()
    assert interrupted(lambda: list(steps))
    assert (made.epoch, made.step, made.history) == (0, made.steps, [])
    monkeypatch.setattr(made, "measure", measure)
    assert same(trained(made), whole)
    trained(plain)
    for one, other in zip(made.history, plain.history, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


def test_pictures_sorted_by_class_are_measured_from_all_classes() -> None:
    held_out = pictures(24, seed=1)
    order = held_out.labels.argsort(kind="stable")
    sorted_out = replace(held_out, pixels=held_out.pixels[order], labels=held_out.labels[order])
    made = Trainer(network(), pictures(), sorted_out, recipe=QUICK, measured=6)
    each = [replace(sorted_out, pixels=sorted_out.pixels[i : i + 1],
                    labels=sorted_out.labels[i : i + 1]) for i in range(0, 24, 4)]  # fmt: skip
    mean, std = made.train.mean, made.train.std
    alone = [cosine_of(made.model, Batches(one, mean=mean, std=std), 1) for one in each]
    assert sorted({int(one.labels[0]) for one in each}) == [0, 1, 2]
    assert made.measure()[1] == pytest.approx(sum(c or 0.0 for c in alone) / 6, rel=1e-4)


def test_reports_say_what_happens() -> None:
    made = trainer()
    steps = list(made.stream())
    found = [step.result for step in steps]
    assert [(r.epoch, r.step) for r in found] == [(e, s) for e in range(3) for s in (1, 2, 3)]
    assert all(r.steps == 3 for r in found)
    assert [step.fraction for step in steps] == [i / 9 for i in range(1, 10)]
    assert steps[4].words == str(found[4])
    for report in found:
        terms = report.terms
        assert terms["total"] == pytest.approx(
            terms["classification"] + 0.05 * terms["regularization"]
        )
        assert report.ends_epoch == (report.test_accuracy is not None)
        assert report.ends_epoch == (report.cosine is not None)
    assert found[-1].test_accuracy == made.measure()[0] == made.history[-1]["test_accuracy"]
    assert found[-1].accuracy is not None
    assert found[-1].accuracy > 0.5
    assert made.epoch == 3
    assert "epoch 3, step 3 of 3 · total" in str(found[-1])


def test_a_stopped_training_goes_on_to_the_same_bits(
    whole: dict[str, Tensor], tmp_path: Path
) -> None:
    for stop in (2, 3, 5):  # within an epoch, at its end, and after its start
        made = trainer(tmp_path)
        for step in made.stream():
            if step.result.epoch * 3 + step.result.step == stop:
                break
    assert same(trained(trainer(tmp_path)), whole)
    assert [entry["epoch"] for entry in trainer(tmp_path).history] == [0, 1, 2]


def test_reports_can_be_asked_for_again(whole: dict[str, Tensor]) -> None:
    made = trainer()
    for _ in range(2):
        next(made.stream())
    assert (made.epoch, made.step) == (0, 2)
    assert same(trained(made), whole)


def test_the_old_name_gives_the_same_reports(whole: dict[str, Tensor]) -> None:
    made = trainer()
    with pytest.deprecated_call(match="stream"):
        reports = list(made.reports())
    assert (reports[-1].epoch, reports[-1].step) == (2, 3)
    assert same(trained(made), whole)


def test_a_killed_training_goes_on_to_the_same_bits(
    whole: dict[str, Tensor], tmp_path: Path
) -> None:
    # A fork has everything imported already.
    process = multiprocessing.get_context("fork").Process(target=work, args=(tmp_path, 1, 4))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    made = trainer(tmp_path)
    assert (made.epoch, made.step) == (1, 0)  # the last checkpoint; a step is done again
    assert same(trained(made), whole)


def test_two_processes_one_of_which_is_killed_give_the_weights_of_one(tmp_path: Path) -> None:
    one = trained(trainer(recipe=replace(QUICK, shards=2)))
    process = multiprocessing.get_context("fork").Process(target=launch, args=(tmp_path, 2, 5))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert (tmp_path / "died").exists()
    two = trained(trainer(tmp_path, replace(QUICK, shards=2)))  # all read, nothing left to train
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=0, atol=1e-5, msg=name)


def test_the_baseline_arm_sees_the_same_batches() -> None:
    seen: dict[float, list[Tensor]] = {}
    for weight in (0.0, 0.05):
        recipe = replace(QUICK, weight=weight, epochs=1)
        made, batches = trainer(recipe=recipe), seen.setdefault(weight, [])
        made.model.register_forward_pre_hook(
            lambda module, args, kept=batches: kept.append(args[0].detach().clone())
            if module.training else None
        )  # fmt: skip
        trained(made)
    assert len(seen[0.0]) == 3
    for plain, regularised in zip(seen[0.0], seen[0.05], strict=True):
        assert torch.equal(plain, regularised)


def test_ones_own_loss_takes_the_place_of_the_recipes() -> None:
    calls: list[int] = []

    def own(model: nn.Module, inputs: Tensor, targets: Tensor) -> Terms:
        calls.append(len(inputs))
        return input_gradient_penalty(model, inputs, targets, weight=0.01)

    made = trainer(loss=own, recipe=replace(QUICK, epochs=1))
    trained(made)
    assert calls == [16, 16, 16]


def test_the_generators_of_all_are_left_alone() -> None:
    before = torch.get_rng_state()
    trained(trainer(recipe=replace(QUICK, epochs=1)))
    assert torch.equal(before, torch.get_rng_state())


def test_another_training_in_the_folder_is_refused(tmp_path: Path) -> None:
    next(trainer(tmp_path, checkpoint_every=1).stream())
    with pytest.raises(xw.ExplanationError, match=r"weight=0.05, and now weight is 0.1"):
        trainer(tmp_path, replace(QUICK, weight=0.1))
    with pytest.raises(xw.ExplanationError, match="pictures="):
        Trainer(network(), pictures(seed=9), pictures(), recipe=QUICK, folder=tmp_path)
    (tmp_path / CHECKPOINT).write_bytes(b"broken")
    with pytest.raises(xw.ExplanationError, match="cannot be read"):
        trainer(tmp_path)


def test_an_engine_prepares_pictures_as_the_training_does() -> None:
    made = trainer()
    engine = xw.Engine(made.model, preprocessing=made.preprocessing)
    picture = pictures().pixels[5]
    torch.testing.assert_close(
        engine.input(picture), made.train.inputs(torch.tensor([5])), rtol=0, atol=1e-5
    )


def test_plain_training_is_pytorchs_own() -> None:
    """One step of the baseline arm, without dropout, written out."""
    recipe = Recipe(epochs=1, batch_size=48, weight=0.0, crop=0, flip=False, rotation=0.0,
                    warm_up=0.0)  # fmt: skip
    made = trainer(recipe=recipe)
    made.model[3].p = 0.0  # type: ignore[index, union-attr, assignment]  # the dropout
    other = network().train()
    other[3].p = 0.0  # type: ignore[index]  # the dropout
    optimizer = torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    x = made.train.inputs(made.train.batch(0, 0, 0, 48))
    F.cross_entropy(other(x), made.train.labels[made.train.batch(0, 0, 0, 48)]).backward()
    optimizer.step()
    for ours, theirs in zip(trained(made).values(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_rates() -> None:
    paper = Recipe()
    assert paper.rate(0, 10) == pytest.approx(0.01)
    assert paper.rate(9, 10) == paper.rate(599, 10) == pytest.approx(0.1)
    assert paper.rate(600, 10) == pytest.approx(0.02)
    assert paper.rate(1200, 10) == pytest.approx(0.004)
    assert paper.rate(1600, 10) == pytest.approx(0.0008)
    cycle = Recipe.one_cycle(10)
    assert cycle.rate(9, 10) == pytest.approx(0.1)
    assert cycle.rate(55, 10) == pytest.approx(0.05)
    assert cycle.rate(99, 10) < 1e-4


def test_no_gradients_are_compared_where_none_are_asked_for() -> None:
    made = trainer(measured=0)
    trained(made)
    assert len(made.history) == QUICK.epochs
    for entry in made.history:
        assert "cosine" not in entry
        assert 0 <= entry["test_accuracy"] <= 1
    with pytest.raises(xw.ExplanationError, match="measured=-1; expected a number of pictures"):
        trainer(measured=-1)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"schedule": "one-cycle"}, 'Did you mean "one_cycle"'),
        ({"error": "cosinus"}, 'Did you mean "cosine"'),
        ({"epochs": 0}, "epochs=0; expected at least 1"),
        ({"batch_size": 10, "shards": 3}, "does not divide"),
        ({"weight": -1.0}, "weight=-1.0; expected 0 or more"),
    ],
)
def test_recipes_asked_wrongly_are_refused(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(xw.ExplanationError, match=words):
        trainer(recipe=Recipe(**asked))


@pytest.mark.parametrize("data", [[1, 2], ([[1]], [1]), (torch.zeros(3, 4), [1])])
def test_what_is_no_data_is_refused(data: Any) -> None:
    with pytest.raises(xw.ExplanationError, match="expected pixels"):
        Trainer(network(), data, data, recipe=QUICK)


def test_a_report_is_frozen() -> None:
    with pytest.raises(AttributeError):
        Report(0, 1, 1, {}, 0.1).epoch = 1  # type: ignore[misc]  # the point of the test


def test_progress_is_plain_json(tmp_path: Path) -> None:
    made = trainer(tmp_path, replace(QUICK, epochs=1))
    trained(made)
    assert json.loads(json.dumps(made.history)) == made.history
