"""Judges of lesson 2: write saliency and Grad-CAM yourself."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.course.answers import alike, array, call, number
from xai_widgets.course.games import dealt, guess
from xai_widgets.course.registry import Wrong, exercise
from xai_widgets.course.scenes import (
    Floats,
    a_star,
    drawn,
    gradient_of,
    heatmap,
    one_shape,
    practice,
    recorded,
)
from xai_widgets.course.state import State, left_as
from xai_widgets.render.colours import resize

_CROSS, _STAR = 4, 3
_LAYER = 9  # the last rectifier


def _other_classes() -> list[tuple[int, str]]:
    """The classes that are not asked for, by index and name."""
    return [(k, name) for k, name in enumerate(drawn().class_names or []) if k != _CROSS]


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
    if not isinstance(result, Tensor):
        raise Wrong("The numbers are right. A network takes tensors, though: torch.from_numpy.")
    if result.dtype != torch.float32:
        raise Wrong(
            f"The numbers are right, but they are {str(result.dtype).removeprefix('torch.')}.",
            "The network's weights are float32, and its input has to be that, too: .float().",
        )
    other = np.ascontiguousarray(pixels[:48, ::-1])
    wanted = (torch.from_numpy(other).permute(2, 0, 1)[None].double() / 255 - 0.5) / 0.25
    if not alike(call(answer, "prepare(pixels)", other.copy()), wanted):
        raise Wrong(
            "Right for this picture only.",
            "Is it the argument that you prepare? And is a size written down?",
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
            *(
                (logits[k].item(), f"That is the score of {name}.", "engine.class_names.index(...)")
                for k, name in _other_classes()
            ),
        ],
        tolerance=1e-4,
    )
    return "One number, and everything that follows is its derivative."


@exercise("2.3", "Saliency")
def saliency(answer: Any) -> str:
    usage = "saliency(model, x, target)"
    model, x = copy.deepcopy(drawn().model), drawn().input(one_shape().pixels).clone()
    before = State.of(model)

    def of_class(k: int) -> Tensor:
        return gradient_of(model, x, lambda y: y[0, k])

    right = of_class(_CROSS)
    certain = gradient_of(model, x, lambda y: y[0].softmax(0)[_CROSS])
    loss = gradient_of(model, x, lambda y: F.cross_entropy(y, torch.tensor([_CROSS], device="cpu")))
    every = gradient_of(model, x, lambda y: y.sum())
    first = call(answer, usage, model, x, _CROSS)
    seen = array(
        first,
        right,
        [
            (
                certain,
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
            *(
                (of_class(k), f"That is the gradient of {name}'s score. Use `target`.")
                for k, name in _other_classes()
            ),
            (right.abs(), "There is an abs() here. Keep the sign; 2.4 decides about it."),
            (right.sum(0), "You have added the channels up already. Keep them; 2.4 decides."),
            (x[0] * right, "That is input times gradient: another method."),
        ],
        axes="(channel, height, width)",
    ).copy()
    filled = State.of(model).filled
    left_as(model, before, gradients=False)
    again = call(answer, usage, model, x, _CROSS)
    if alike(again, 2 * right):
        raise Wrong(
            "Right the first time. The second time it is twice as large.",
            "backward() adds to x.grad, which is still there from the last call.",
            "Work on x.detach().clone().requires_grad_(), or use torch.autograd.grad(score, x).",
        )
    if not alike(again, right):
        raise Wrong("Right the first time, but not the second. What is left from the first?")
    other = call(answer, usage, model, x, _STAR)
    if not alike(first, seen):
        raise Wrong(
            "Right, until it is called again: then the first result has become the second.",
            "Both are the same memory, that of x.grad. Return a copy, or work on one.",
        )
    if not alike(other, of_class(_STAR)):
        raise Wrong("Right for cross only.", "Which score do you take? Use `target`.")
    x = drawn().input(a_star().pixels)
    if not alike(call(answer, usage, model, x, _STAR), of_class(_STAR)):
        raise Wrong("Right for this picture only.", "Is it `x` that goes into the network?")
    model = practice().eval()
    x = torch.randn(1, 3, 24, 20, generator=torch.Generator().manual_seed(0), device="cpu")
    wanted = of_class(2)
    if not alike(call(answer, usage, model, x, 2), wanted):
        raise Wrong(
            "Right for this network. For one with dropout and batch norm it is not, even if it "
            "comes in evaluation mode.",
            "Does it stay in that mode? And is it `model` that you ask?",
        )
    if not alike(call(answer, usage, model.train(), x, 2), wanted):
        raise Wrong(
            "Right for this network. For one that has just been trained it is not.",
            "Dropout throws dice and batch norm uses the batch's own mean, as long as the network "
            "is in training mode.",
            "model.eval() before the forward pass.",
        )
    said = "Also when it is called twice, and for a network that somebody left in training mode."
    later = "Its weights have a .grad now, to which the next training step adds. 2.5 minds that."
    return f"{said} ({later})" if filled else said


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
    layers[_LAYER].register_forward_hook(lambda *_: None)  # somebody else's, which has to stay
    before = State.of(model)
    a, g = recorded(model, _LAYER, x, lambda y: y[0, _CROSS])
    certain = recorded(model, _LAYER, x, lambda y: y[0].softmax(0)[_CROSS])[1]
    given = recorded(model, _LAYER - 1, x, lambda y: y[0, _CROSS])
    result = call(answer, usage, model, layers[_LAYER], x, _CROSS)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise Wrong("Return two tensors: return activation, gradient.")
    if any(part is None for part in result):
        raise Wrong(
            "One of the two is None.",
            "A layer's output keeps no .grad by itself: only what you made yourself does.",
            "activation.retain_grad() before backward(), or autograd.grad(score, activation).",
        )
    array(
        result[0],
        a,
        [
            (g, "Those are the gradients. Activations come first."),
            (given[0], "That is what goes into the layer. Take what comes out."),
        ],
        axes="the activations, (channel, height, width)",
    )
    array(
        result[1],
        g,
        [
            (a, "You have returned the activations twice."),
            (certain, "Those are gradients of the probability. Take the logit's."),
            (given[1], "Those are gradients for what goes into the layer. Take what comes out."),
        ],
        axes="the gradients, (channel, height, width)",
    )
    left_as(model, before)

    def same(model: nn.Module, place: int, x: Tensor, target: int) -> bool:
        result = call(answer, usage, model, list(model.children())[place], x, target)
        right = recorded(model, place, x, lambda y: y[0, target])
        pair = isinstance(result, (tuple, list)) and len(result) == 2
        return pair and all(map(alike, result, right))

    if not same(model, _LAYER, x, _STAR):
        raise Wrong("Right for cross only.", "Which score do you take? Use `target`.")
    if not same(model, 5, x, _CROSS):
        raise Wrong("Right for model[9] only.", "Whose output do you keep? Use `layer`.")
    if not same(model, _LAYER, drawn().input(a_star().pixels), _CROSS):
        raise Wrong("Right for this picture only.", "Is it `x` that goes into the network?")
    x = torch.randn(1, 3, 24, 20, generator=torch.Generator().manual_seed(0), device="cpu")
    if not same(practice().eval(), 2, x, 2):
        raise Wrong(
            "Right for this network. For one with dropout and batch norm it is not.",
            "It comes in evaluation mode. Does it stay in it?",
        )
    return "And the network is as you found it."


@exercise("2.6", "Grad-CAM")
def grad_cam(answer: Any) -> str:
    generator = torch.Generator().manual_seed(2)
    a = torch.randn(5, 4, 6, generator=generator, device="cpu")
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
            ((alpha * a).sum(0).abs(), "abs() turns what speaks against into what speaks for."),
            *(
                (
                    cut,
                    "You have cut off the negative weights. They may be subtracted; relu comes "
                    "last.",
                )
                for cut in ((alpha.relu() * a).sum(0), (alpha.relu() * a).sum(0).relu())
            ),
            (
                (alpha * a).relu().sum(0),
                "You have cut off the negative products. relu comes last, after the sum over "
                "channels.",
            ),
            (
                (g.mean(0) * a).sum(0).relu(),
                "Your mean is over the channels. It is over places: one weight for each channel.",
            ),
            (
                (a.mean((1, 2), keepdim=True) * g).sum(0).relu(),
                "Activation and gradient are exchanged. Which of the two is averaged?",
            ),
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


@dealt("2.8")
def four_programs() -> dict[str, Floats]:
    engine, pixels = drawn(), np.array(a_star().pixels)
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
