"""What goes wrong elsewhere: BatchNorm, certain pictures, autocast, threads, compiled networks."""

from __future__ import annotations

import copy
import threading

import pytest
import torch
from torch import Tensor, nn

import xai_widgets as xw
from tests import networks
from tests.training.test_losses import batch, gradients
from xai_widgets.training import Terms, interpretable_gradient_loss
from xai_widgets.training.passes import TrainingPass


def of(network: nn.Module, **options: object) -> Terms:
    x, y = batch()
    return interpretable_gradient_loss(network, x.float(), y, **options)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("reference", ["guided", "smooth_grad", "integrated_gradients"])
def test_batch_norm_sees_the_pictures_once(reference: str) -> None:
    network = networks.seeded(networks.Normalised()).train()
    other = copy.deepcopy(network)
    torch.manual_seed(3)
    of(network, reference=reference).total.backward()
    torch.manual_seed(3)
    other(batch()[0].float())
    for (name, ours), theirs in zip(network.named_buffers(), other.buffers(), strict=True):
        torch.testing.assert_close(ours, theirs, msg=name)


def test_a_network_without_rectifiers_is_refused_under_rules_that_change_them() -> None:
    network = nn.Sequential(nn.Conv2d(3, 5, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for reference in ("guided", "deconvnet"):
        with pytest.raises(xw.ExplanationError, match="this network ran none"):
            of(network, reference=reference)
    of(network, reference="smooth_grad").total.backward()


def test_certain_pictures_count_as_0_and_harm_nothing() -> None:
    network = networks.cnn().train()
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([200.0, 0, 0, 0, 0]))
    x, _ = batch()
    for error in ("cosine", "mae", "mse", "histogram_intersection"):
        terms = interpretable_gradient_loss(
            network, x.float(), torch.zeros(3, dtype=torch.long), error=error
        )
        terms.total.backward()
        assert float(terms.regularization) == 0
        assert gradients(network).isfinite().all()


def test_one_certain_picture_leaves_the_others_theirs() -> None:
    network = networks.cnn().train()
    x, y = batch()
    x = x.float()
    x[0] = 0  # with no bias, no rectifier passes anything: no gradient
    with torch.no_grad():
        network.conv1.bias.zero_()
        network.conv2.bias.zero_()
    three = interpretable_gradient_loss(network, x, y)
    two = interpretable_gradient_loss(network, x[1:], y[1:])
    assert float(three.regularization) == pytest.approx(2 / 3 * float(two.regularization))
    three.total.backward()
    assert gradients(network).isfinite().all()


def test_small_gradients_have_a_direction_too() -> None:
    """Their squares are 0 in single precision."""
    network = networks.cnn().train()
    expected = float(of(network).regularization)
    with torch.no_grad():
        network.conv1.weight.mul_(1e-4)
        network.conv1.bias.mul_(1e-4)
        network.conv2.weight.mul_(1e-5)
        network.conv2.bias.mul_(1e-9)
        network.head.bias.zero_()
    terms = of(network)
    terms.total.backward()
    assert 0.01 < float(terms.regularization) < 2
    assert expected > 0.01
    assert gradients(network).isfinite().all()


def test_autocast_around_it_changes_nothing() -> None:
    network = networks.cnn().train()
    plain = of(network)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = of(network)
        cast.total.backward()
    assert cast.logits.dtype == torch.float32
    assert float(cast.total) == float(plain.total)


def test_half_precision_parameters_are_refused() -> None:
    with pytest.raises(xw.ExplanationError, match="half precision"):
        of(networks.cnn().bfloat16())


def test_compiled_networks_are_refused_in_words() -> None:
    compiled = torch.compile(networks.cnn())
    with pytest.raises(xw.ExplanationError, match=r"it went through torch\.compile"):
        of(compiled)  # type: ignore[arg-type]  # a module all the same
    partly = networks.cnn()
    partly.conv2.compile()
    with pytest.raises(xw.ExplanationError, match='its part "conv2" went through'):
        of(partly)
    scripted = networks.Sequence()
    scripted[1] = torch.jit.script(nn.ReLU())
    with pytest.raises(xw.ExplanationError, match='TorchScript \\("1"\\)'):
        of(scripted)


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode])
def test_it_works_whatever_the_caller_had_switched_off(around: type) -> None:
    network = networks.cnn().train()
    with around():
        terms = of(network)
    terms.total.backward()
    assert gradients(network).abs().sum() > 0


def test_everything_is_left_as_it_was_found() -> None:
    network = networks.seeded(networks.Normalised()).train()
    network.conv2.weight.requires_grad_(False)
    modes = [module.training for module in network.modules()]
    x, y = batch()
    x = x.float().requires_grad_(True)
    interpretable_gradient_loss(network, x, y).total.backward()
    assert x.grad is None  # the inputs are not what is trained
    assert network.conv2.weight.grad is None
    assert [module.training for module in network.modules()] == modes
    for module in network.modules():
        assert not module._forward_hooks
        assert not module._backward_hooks
        assert not module._forward_pre_hooks
    assert torch.is_grad_enabled()
    assert torch.overrides._get_current_function_mode() is None
    with torch.no_grad():
        assert torch.equal(torch.relu(x), x.clamp(min=0))


def test_two_threads_do_not_meet() -> None:
    expected = {seed: float(of(networks.cnn(seed=seed)).regularization) for seed in range(4)}
    found: dict[int, float] = {}

    def work(seed: int) -> None:
        for _ in range(3):
            found[seed] = float(of(networks.cnn(seed=seed)).regularization)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def test_outputs_in_a_dictionary_and_soft_targets_are_taken() -> None:
    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = networks.cnn()

        def forward(self, pixel_values: Tensor) -> dict[str, Tensor]:
            return {"logits": self.network(pixel_values)}

    x, y = batch()
    soft = nn.functional.one_hot(y, networks.CLASSES).float()
    wrapped = interpretable_gradient_loss(Wrapped(), x.float(), soft)
    assert float(wrapped.total) == pytest.approx(float(of(networks.cnn()).total))


def test_fixed_statistics_give_the_gradients_of_evaluation() -> None:
    """With running statistics that are the batch's, both gradients are those of evaluation."""
    network = networks.seeded(networks.Normalised()).double()
    x, y = batch(4)
    for norm in (network.norm1, network.norm2):
        norm.momentum = 1.0
    network.drop.p = network.head[0].p = 0.0
    run = TrainingPass(network.train(), x, y, statistics="fixed")
    found = {rule: run.gradient(rule=rule) for rule in ("standard", "guided")}
    for norm in (network.norm1, network.norm2):  # the variance of evaluation is the unbiased one
        count = 4 * 25
        norm.running_var.mul_((count - 1) / count)
    run = TrainingPass(network.eval(), x, y)
    for rule, gradient in found.items():
        torch.testing.assert_close(gradient, run.gradient(rule=rule))  # type: ignore[arg-type]  # rules


def test_fixed_statistics_keep_pictures_apart_and_train_all_the_same() -> None:
    network = networks.seeded(networks.Normalised()).double().train()
    network.drop.p = network.head[0].p = 0.0
    x, y = batch(4)
    run = TrainingPass(network, x, y, statistics="fixed")
    first = torch.tensor([1.0, 0, 0, 0], dtype=torch.float64)
    assert run.gradient(run.losses * first)[1:].abs().max() == 0
    coupled = TrainingPass(network, x, y)
    assert coupled.gradient(coupled.losses * first)[1:].abs().max() > 0
    terms = of(network.float(), statistics="fixed", weight=0.5)
    terms.total.backward()
    assert gradients(network).isfinite().all()
    with pytest.raises(xw.ExplanationError, match='Did you mean "fixed"'):
        of(network, statistics="fix")


def test_what_is_learned_in_place_on_the_picture_is_learned() -> None:
    class Prompted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = networks.cnn("functional").double()
            self.prompt = nn.Parameter(torch.full((3, 10, 10), 0.1, dtype=torch.float64))

        def forward(self, x: Tensor) -> Tensor:
            x += self.prompt
            return self.network(x)

    x, y = batch()
    ours, plain = Prompted(), Prompted()
    interpretable_gradient_loss(ours, x, y, weight=0.0).total.backward()
    nn.functional.cross_entropy(plain(x.clone()), y).backward()
    torch.testing.assert_close(ours.prompt.grad, plain.prompt.grad)
    assert ours.prompt.grad is not None
    assert ours.prompt.grad.abs().max() > 0
