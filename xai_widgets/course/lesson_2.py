"""Judges of lesson 2: write saliency and Grad-CAM yourself."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets import demo
from xai_widgets.course.answers import array, call, number, same, shaped
from xai_widgets.course.games import dealt, guess
from xai_widgets.course.registry import Wrong, exercise
from xai_widgets.course.scenes import Floats, drawn, heatmap, one_shape

_CROSS = 4
_LAYER = 9  # the last rectifier


@exercise("2.1", "Prepare the picture")
def prepare(answer: Any) -> str:
    pixels = np.array(one_shape().pixels)
    result = call(answer, "prepare(pixels)", pixels.copy())
    raw = torch.from_numpy(pixels).permute(2, 0, 1)[None].double()
    x = raw / 255
    torn = torch.from_numpy(pixels.reshape(1, 3, 64, 64)).double() / 255
    array(
        result,
        (x - 0.5) / 0.25,
        [
            (x, "You forgot the normalisation: − mean, then / std."),
            (raw, "Those are the pixels as they came, 0 to 255."),
            (
                (raw - 0.5) / 0.25,
                "You forgot to divide by 255.",
                "mean = 0.5 is meant for pixels from 0 to 1.",
            ),
            (x / 0.25 - 0.5, "Mean and std are in the wrong order.", "(x − mean) / std: brackets."),
            ((x - 0.5) * 0.25, "You have multiplied by std. Divide."),
            (
                (torn - 0.5) / 0.25,
                "reshape and view do not move axes: they cut the same row of numbers elsewhere.",
                "permute(2, 0, 1) moves the channels to the front.",
            ),
        ],
        axes="(batch, channel, height, width)",
    )
    return "Just what engine.input gives. Many a wrong map was wrong here already."


@exercise("2.2", "The score")
def score(answer: Any) -> str:
    with torch.no_grad():
        logits = drawn().model(drawn().input(one_shape().pixels))[0].double()
    number(
        answer,
        logits[_CROSS].item(),
        [
            (
                logits.softmax(0)[_CROSS].item(),
                "That is the probability, after the softmax.",
                "Maps are made of the number before it, the logit: probabilities of a network that "
                "is sure no longer move.",
            ),
            (logits.log_softmax(0)[_CROSS].item(), "That is the logarithm of the probability."),
            (_CROSS, "That is the index of the class. Use it: logits[0, index]."),
            (logits.sum().item(), "That is the sum over all classes. Choose one."),
            (logits.mean().item(), "That is the mean over all classes. Choose one."),
        ],
        tolerance=1e-4,
    )
    return "One number, and everything that follows is its derivative."


def practice() -> nn.Module:
    """A network with batch norm and dropout, as students find theirs: in training mode."""
    torch_state = torch.get_rng_state()
    torch.manual_seed(3)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(128, 5),
    )
    torch.set_rng_state(torch_state)
    return model.train()


def gradient_of(model: nn.Module, x: Tensor, read: Callable[[Tensor], Tensor]) -> Tensor:
    """The derivative of a number that is read off the output, (3, H, W)."""
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(read(model(x)), x)[0][0]


@exercise("2.3", "Saliency")
def saliency(answer: Any) -> str:
    usage = "saliency(model, x, target)"
    model, x = copy.deepcopy(drawn().model), drawn().input(one_shape().pixels).clone()
    right = gradient_of(model, x, lambda y: y[0, _CROSS])
    other = gradient_of(model, x, lambda y: y[0].softmax(0)[_CROSS])
    loss = gradient_of(model, x, lambda y: F.cross_entropy(y, torch.tensor([_CROSS], device="cpu")))
    every = gradient_of(model, x, lambda y: y.sum())
    first = call(answer, usage, model, x, _CROSS)
    first = first.clone() if isinstance(first, Tensor) else first
    array(
        first,
        right,
        [
            (
                other,
                "That is the gradient of the probability. Take the logit's.",
                "Leave the softmax out.",
            ),
            (
                loss,
                "That is the gradient of the loss.",
                "The loss falls where the class gains: the sign is turned, and a sure network has "
                "next to no loss to begin with.",
            ),
            (every, "You have added up all classes: y[0, target] is the one."),
            (right.abs(), "There is an abs() here. Keep the sign; 2.4 decides about it."),
            (right.sum(0), "You have added the channels up already. Keep them; 2.4 decides."),
            (x[0] * right, "That is input times gradient: another method."),
        ],
        axes="(channel, height, width)",
    )
    again = call(answer, usage, model, x, _CROSS)
    if np.allclose(shaped(again, tuple(right.shape)), 2 * right.numpy(), rtol=1e-3, atol=1e-6):
        raise Wrong(
            "Right the first time. The second time it is twice as large.",
            "backward() adds to x.grad, which is still there from the last call.",
            "Work on x.detach().clone().requires_grad_(), or use torch.autograd.grad(score, x).",
        )
    same(shaped(again, tuple(right.shape)), right.double().numpy())
    model = practice()
    quiet = copy.deepcopy(model).eval()
    x = torch.randn(1, 3, 24, 20, generator=torch.Generator().manual_seed(0), device="cpu")
    wanted = gradient_of(quiet, x, lambda y: y[0, 2]).double().numpy()
    given = shaped(call(answer, usage, model, x, 2), wanted.shape, "(channel, height, width)")
    if not np.allclose(given, wanted, rtol=1e-3, atol=1e-6):
        raise Wrong(
            "Right for this network. For one that has just been trained it is not.",
            "Dropout throws dice and batch norm uses the batch's own mean, as long as the network "
            "is in training mode.",
            "model.eval() before the forward pass.",
        )
    return "Also when it is called twice, and for a network that somebody left in training mode."


@exercise("2.4", "One number for each pixel")
def collapse(answer: Any) -> str:
    g = torch.randn(3, 5, 7, generator=torch.Generator().manual_seed(1), device="cpu")
    result = call(answer, "collapse(gradient)", g.clone())
    array(
        result,
        g.abs().amax(0),
        [
            (
                g.amax(0),
                "You took the largest value, and a large negative one counts as nothing.",
                "abs() first, then the maximum.",
            ),
            (g.amax(0).abs(), "abs() comes too late: take it before the maximum."),
            (g.sum(0), "That is the sum. Simonyan et al. take the largest magnitude."),
            (g.abs().sum(0), "That is the sum of magnitudes. Take their maximum."),
            (g.mean(0), "That is the mean. Take the maximum of the magnitudes."),
            (g.abs().mean(0), "That is the mean magnitude. Take the maximum."),
            (g.abs().amax(2), "The maximum is over the columns. Channels are axis 0."),
            (g.abs().amax(1), "The maximum is over the rows. Channels are axis 0."),
        ],
        axes="(height, width)",
    )
    return "The sign is gone: what is left says how much, and no longer in which direction."


@exercise("2.5", "Record a layer")
def record(answer: Any) -> str:
    usage = "record(model, layer, x, target)"
    model, x = copy.deepcopy(drawn().model), drawn().input(one_shape().pixels).clone()
    layers = list(model.children())
    before = nn.Sequential(*layers[:_LAYER])(x).detach()
    a = before.relu().requires_grad_()
    y = nn.Sequential(*layers[_LAYER + 1 :])(a)
    g = torch.autograd.grad(y[0, _CROSS], a, retain_graph=True)[0]
    certain = torch.autograd.grad(y[0].softmax(0)[_CROSS], a)[0]
    result = call(answer, usage, model, layers[_LAYER], x, _CROSS)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise Wrong("Return two tensors: return activation, gradient.")
    if any(part is None for part in result):
        raise Wrong(
            "One of the two is None.",
            "A tensor on the way keeps no .grad: only leaves do.",
            "activation.retain_grad() before backward(), or autograd.grad(score, activation).",
        )
    given_a, given_g = result
    array(
        given_a,
        a[0].detach(),
        [
            (g[0], "Those are the gradients. Activations come first."),
            (before[0], "That is what goes into the layer. Take what comes out."),
        ],
        axes="the activations, (channel, height, width)",
    )
    array(
        given_g,
        g[0],
        [
            (a[0].detach(), "You have returned the activations twice."),
            (certain[0], "Those are gradients of the probability. Take the logit's."),
        ],
        axes="the gradients, (channel, height, width)",
    )
    if any(module._forward_hooks or module._backward_hooks for module in model.modules()):
        raise Wrong(
            "Right, but your hook is still in the network.",
            "It will be called in every pass from now on, and holds all those tensors.",
            "handle = layer.register_forward_hook(...); at the end handle.remove().",
        )
    return "And the network is as you found it."


@exercise("2.6", "Grad-CAM")
def grad_cam(answer: Any) -> str:
    generator = torch.Generator().manual_seed(2)
    a = torch.rand(5, 4, 6, generator=generator, device="cpu")
    g = torch.randn(5, 4, 6, generator=generator, device="cpu")
    alpha = g.mean((1, 2), keepdim=True)
    right = (alpha * a).sum(0).relu()
    result = call(answer, "grad_cam(activation, gradient)", a.clone(), g.clone())
    array(
        result,
        right,
        [
            (
                (alpha * a).sum(0),
                "There are negative values: the last step is missing.",
                "Grad-CAM keeps what speaks for the class: relu.",
            ),
            (
                (g * a).sum(0).relu(),
                "You have multiplied place by place. That is HiResCAM.",
                "Grad-CAM takes the mean of each channel's gradient over all places first.",
            ),
            ((g * a).sum(0), "That is HiResCAM: take the mean of each channel's gradient first."),
            (
                (g.sum((1, 2), keepdim=True) * a).sum(0).relu(),
                "The weights are 24 times too large: sum instead of mean over places.",
            ),
            ((alpha * a).mean(0).relu(), "The mean over channels. Grad-CAM adds them up."),
            (
                (alpha.relu() * a).sum(0),
                "You have cut off the negative weights. They may be subtracted; relu comes last.",
            ),
            ((alpha * a).relu().sum(0), "relu comes last, after the sum over channels."),
            (
                (g.mean() * a).sum(0).relu(),
                "One weight for all channels: each has its own.",
                "The mean over places only, axes 1 and 2.",
            ),
            (a.sum(0), "That is the sum of activations: nobody asked the class."),
            (alpha.flatten(), "Those are the weights. Now multiply by the activations, and add."),
            (right / right.max(), "Divided by the maximum: two maps can't be compared any more."),
        ],
        axes="(height, width)",
    )
    return "Two lines, and one of the best known methods there is."


@exercise("2.7", "Enlarge it")
def enlarge(answer: Any) -> str:
    cam = torch.rand(3, 4, generator=torch.Generator().manual_seed(5), device="cpu")
    size = (12, 20)

    def to(size: tuple[int, int], mode: str, **options: Any) -> Tensor:
        return F.interpolate(cam[None, None], size, mode=mode, **options)[0, 0]

    array(
        call(answer, "enlarge(cam, size)", cam.clone(), size),
        to(size, "bilinear", align_corners=False),
        [
            (
                to(size, "nearest"),
                'That is a mosaic, mode="nearest". Interpolate: mode="bilinear".',
            ),
            (
                to(size, "bilinear", align_corners=True),
                "align_corners=True puts the outer cells' centres on the edge of the picture.",
                "A cell stands for an area, and its centre is in the middle of that: False.",
            ),
            (to(size, "bicubic", align_corners=False), "Bicubic overshoots: bilinear is asked."),
            (to((20, 12), "bilinear", align_corners=False), "size is (height, width)."),
            (cam, "It is as small as before."),
        ],
        axes="(height, width)",
    )
    return "The picture is larger. The knowledge is not."


@functools.cache
def _star() -> Any:
    return demo.shapes(12, seed=3)[9]


@dealt("2.8")
def four_programs() -> dict[str, Floats]:
    engine, pixels = drawn(), np.array(_star().pixels)
    layers = nn.Sequential(*list(engine.model.children())[: _LAYER + 1])
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
    from xai_widgets.render.colours import resize

    large = {k: v if v.shape == (64, 64) else resize(v, (64, 64)) for k, v in made.items()}
    return {name: np.asarray(v, np.float64) / v.max() for name, v in large.items()}


@exercise("2.8", "Which program is right?", game=True)
def program(answer: Any, deal: int) -> str:
    compare = "Do not judge by looks: correlate each map with your own, or with the engine's."
    guess(
        answer,
        "2.8",
        deal,
        "right",
        {
            "not normalised": (compare, "That program forgot to normalise the picture."),
            "no weights": (compare, "That program averages the channels: no gradient in it."),
            "other class": (compare, "That program explains ring, not star."),
        },
    )
    return "The others forgot the normalisation, the weights, and which class was asked for."
