"""Judges of lesson 6: what would have to change?"""

from __future__ import annotations

import functools
from typing import Any

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets import demo
from xai_widgets.course.answers import array, call, choice, number
from xai_widgets.course.games import dealt, guess
from xai_widgets.course.registry import Wrong, exercise
from xai_widgets.course.scenes import Floats
from xai_widgets.course.state import State, left_as
from xai_widgets.errors import ExplanationError

__all__ = ["clothes"]

_PULLOVER, _DRESS = 33, 308  # among the clothes
_DRESS_CLASS = 3


@functools.cache
def _models() -> tuple[nn.Module, Any]:
    return demo.fashion_engine().model, demo.vae("fashion")


def clothes(count: int = 400) -> Tensor:
    """Drawn clothes (count, 1, 28, 28) from 0 to 1, decoded from latents drawn at random; the same
    in every call. Raises ExplanationError for a count that is not from 1 to 10,000.
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 10_000:
        raise ExplanationError(f"count={count!r}; expected a whole number from 1 to 10,000")
    return _clothes(count).clone()


@functools.lru_cache(maxsize=2)
def _clothes(count: int) -> Tensor:
    z = torch.randn(count, 16, generator=torch.Generator().manual_seed(0), device="cpu")
    with torch.no_grad():
        drawn: Tensor = _models()[1].decode(z).clip(0, 1)
    return drawn


def _logits(pixels: Tensor) -> Tensor:
    y: Tensor = _models()[0]((pixels - 0.5) / 0.5)
    return y


@exercise("6.1", "Once through the bottleneck")
def kept(answer: Any) -> str:
    x = clothes()
    with torch.no_grad():
        again = _models()[1].decode(_models()[1].encode(x)[0]).clip(0, 1)
        before, after = _logits(x), _logits(again)
    same = (before.argmax(1) == after.argmax(1)).double().mean().item()
    sure = after.softmax(1).gather(1, before.argmax(1)[:, None]).mean().item()
    number(
        answer,
        same,
        [
            (1 - same, "Those are the ones that lost it."),
            (sure, "That is the mean probability. Compare the answers: argmax."),
            (400 * same, "That is a count. Make a share of the 400."),
            ((x - again).abs().mean().item(), "That is how far the pixels are off."),
            (1, "All of them? Did you compare something with itself?"),
        ],
        tolerance=6e-3,
    )
    return "One in four changes its name by being redrawn. Check that first, each time."


@exercise("6.2", "A way through the latents")
def walk(answer: Any) -> str:
    generator = torch.Generator().manual_seed(1)
    a, b = (
        torch.randn(5, generator=generator, device="cpu"),
        torch.randn(5, generator=generator, device="cpu"),
    )
    steps = 4
    share = torch.linspace(0, 1, steps + 1, device="cpu")[:, None]
    right = a + share * (b - a)
    unit = (b - a) / (b - a).norm()
    array(
        call(answer, "walk(start, end, steps)", a.clone(), b.clone(), steps),
        right,
        [
            (right.flip(0), "Backwards: it begins at start."),
            (
                right[:-1],
                "The end is missing: steps + 1 points.",
                "torch.linspace(0, 1, steps + 1)",
            ),
            (right[1:], "The start is missing: steps + 1 points."),
            (right.T, "Points are rows: (steps + 1, latents).", "linspace(...)[:, None]"),
            (a + share * unit, "You have normalised the direction: it does not arrive at the end."),
            (a + share * b, "start + share * (end − start): you have left out − start."),
            (share * (b - a), "You begin at 0. Add start."),
        ],
        axes="(steps + 1, latents)",
    )
    return "A straight line, where there are no straight lines in pixels."


def _way() -> Tensor:
    with torch.no_grad():
        mean = _models()[1].encode(clothes())[0]
        start, end = mean[_PULLOVER], mean[_DRESS]
        pixels = _models()[1].decode(
            start + torch.linspace(0, 1, 11, device="cpu")[:, None] * (end - start)
        )
        return _logits(pixels.clip(0, 1)).argmax(1)


@exercise("6.3", "Where does it turn?")
def turns(answer: Any) -> str:
    said = _way()
    first = int((said != said[0]).nonzero()[0, 0])
    number(
        answer,
        first,
        [
            (first - 1, "That is the last one that is still a pullover."),
            (first / 10, "That is the share of the way. Give the number of the point, from 0."),
            (first + 1, "Count from 0; and it need not have half of the probability to be first."),
            (10, "That is the end of the way. Where does the answer change first?"),
            (0, "Point 0 is the pullover itself."),
        ],
        tolerance=1e-6,
        what="the number of a point",
    )
    return "That is the counterfactual of this way: the least that had to change on it."


@exercise("6.4", "Search for the nearest one")
def search(answer: Any) -> str:
    generator = torch.Generator().manual_seed(2)
    start = torch.randn(6, generator=generator, device="cpu") + 2
    weight = torch.randn(6, generator=generator, device="cpu")
    steps, rate, pull = 40, 0.05, 0.3

    def f(z: Tensor) -> Tensor:
        return (3 * weight * torch.sin(z)).sum()

    def go(sign: float = 1.0, home: float = 1.0, pull: float = pull, power: int = 2) -> Tensor:
        z = start.clone()
        for _ in range(steps):
            z = z.requires_grad_()
            away = ((z - home * start) ** 2).sum()
            away = away if power == 2 else (away + 1e-12).sqrt()
            (g,) = torch.autograd.grad(f(z) - pull * away, z)
            z = (z + sign * rate * g).detach()
        return z

    z = start.clone().requires_grad_()
    (once,) = torch.autograd.grad(f(z), z)
    usage = "counterfactual(f, start, steps, rate, pull)"
    array(
        call(answer, usage, f, start.clone(), steps, rate, pull),
        go(),
        [
            (
                go(pull=0),
                "Nothing pulls it home: it may end anywhere.",
                "Climb f(z) − pull · ‖z − start‖².",
            ),
            (go(home=0), "You pull towards 0. Pull towards start."),
            (
                start + steps * rate * once,
                "You go in the first direction all the way. Take a new gradient at each step.",
            ),
            (start + rate * once, "That is one step. Take them all."),
            (go(power=1), "The distance is not squared."),
            (go(pull=-pull), "The pull has the wrong sign: it drives away from start."),
            (start, "It did not move. Do you return z, or the start?"),
            (go(sign=-1.0), "You go down. f is to rise: z + rate * gradient."),
        ],
    )
    return "Up the score, on a rubber band."


@exercise("6.5", "Which of them answers?")
def answers_the_question(answer: Any) -> str:
    choice(
        answer,
        "c",
        {
            "a": (
                "Smallest in what? And what does the second network say of it?",
                "It found a hole in this network, not a property of dresses.",
            ),
            "b": (
                "It is a dress. Is it still this pullover?",
                "The question was what would have to change *here*.",
            ),
            "d": ("It has an answer, on a condition: which changes count?",),
        },
    )  # fmt: skip
    return "As far as the autoencoder knows clothes. That is the condition; say it."


@exercise("6.6", "Cosine of two gradients")
def cosine(answer: Any) -> str:
    generator = torch.Generator().manual_seed(3)
    g = torch.randn(3, 2, 4, 5, generator=generator, device="cpu")
    r = g + 0.5 * torch.randn(g.shape, generator=generator, device="cpu")
    r[1] *= -3
    right = F.cosine_similarity(g.flatten(1), r.flatten(1))
    dot = (g * r).flatten(1).sum(1)
    array(
        call(answer, "cosine(g, r)", g.clone(), r.clone()),
        right,
        [
            (
                F.cosine_similarity(g.flatten(), r.flatten(), dim=0),
                "One number for the whole batch. Each picture has its own.",
                "g.flatten(1) keeps the first axis.",
            ),
            (dot, "That is the scalar product. Divide by both lengths."),
            (
                dot / g.flatten(1).norm(dim=1),
                "Divide by both lengths, that of r as well.",
            ),
            (dot / (g.flatten(1).norm(dim=1) * r.flatten(1).norm(dim=1)) ** 2, "Do not square."),
            (1 - right, "That is 1 − cosine. That comes in the loss."),
            (
                F.cosine_similarity(g, r),
                "The cosine of the channels at each place. Flatten each picture first.",
            ),
            (right.mean(), "The mean over the batch comes later. One for each picture."),
        ],
        axes="(pictures,)",
    )  # fmt: skip
    return "Lengths do not matter, so that a sure network cannot get away by shrinking."


def _small() -> nn.Module:
    kept_state = torch.get_rng_state()
    torch.manual_seed(5)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.Softplus(), nn.Flatten(), nn.Linear(4 * 16, 3)
    ).eval()
    torch.set_rng_state(kept_state)
    return model


@exercise("6.7", "The loss")
def loss(answer: Any) -> str:
    usage = "aligned_loss(model, x, y, reference, weight)"
    generator = torch.Generator().manual_seed(6)
    x, r = (torch.randn(4, 1, 6, 6, generator=generator, device="cpu") for _ in range(2))
    y, weight = torch.tensor([0, 1, 2, 1], device="cpu"), 0.5
    model = _small()
    first = next(model.parameters())

    def parts(model: nn.Module) -> tuple[Tensor, Tensor]:
        inputs = x.clone().requires_grad_()
        ce = F.cross_entropy(model(inputs), y)
        (g,) = torch.autograd.grad(ce, inputs, create_graph=True)
        return ce, F.cosine_similarity(g.flatten(1), r.flatten(1))

    ce, cos = parts(model)
    right = ce + weight * (1 - cos).mean()
    (slope,) = torch.autograd.grad(right, first, retain_graph=True)
    (plain,) = torch.autograd.grad(ce, first)
    before = State.of(model)
    given = call(answer, usage, model, x.clone(), y, r.clone(), weight)
    number(
        given,
        right.item(),
        [
            (ce.item(), "That is the cross-entropy alone. The second term is missing."),
            ((ce + weight * cos.mean()).item(), "1 − cosine: alike is to be cheap."),
            ((ce - weight * cos.mean()).item(), "Right up to a constant: 1 − cosine."),
            ((ce + weight * (1 - cos).sum()).item(), "The mean over pictures, not the sum."),
            ((ce + (1 - cos).mean()).item(), "You forgot the weight."),
            ((weight * (1 - cos).mean()).item(), "You forgot the cross-entropy."),
        ],
        tolerance=1e-4,
    )
    if not isinstance(given, Tensor) or not given.requires_grad:
        raise Wrong(
            "The value is right, but nothing can be learned from it: it has no gradient.",
            "Return the tensor, without item() or detach().",
        )
    left_as(model, before)
    try:
        learned = torch.autograd.grad(given, first, allow_unused=True)[0]
    except RuntimeError:
        raise Wrong(
            "The value is right, but its graph is used up: backward() was here already.",
            "Whoever trains calls backward(). You only return the loss.",
        ) from None
    if learned is not None and torch.allclose(learned, plain, rtol=1e-3, atol=1e-7):
        raise Wrong(
            "The value is right. Training with it would change nothing: the weights do not feel "
            "the second term.",
            "The gradient has to be differentiated once more.",
            "torch.autograd.grad(loss, x, create_graph=True).",
        )
    if learned is None or not torch.allclose(learned, slope, rtol=1e-3, atol=1e-7):
        raise Wrong("The value is right, its gradient for the weights is not. Is a part detached?")
    return "Twice backwards: that is why a step costs about three times as much."


@dealt("6.8")
@functools.cache
def four_dresses() -> dict[str, Floats]:
    vae = _models()[1]
    x = clothes()[_PULLOVER : _PULLOVER + 1]
    with torch.no_grad():
        start, end = (vae.encode(clothes())[0][i : i + 1] for i in (_PULLOVER, _DRESS))
        ways = {f"way {s}": vae.decode(start + s * (end - start)).clip(0, 1) for s in (0.6, 0.7)}
    z = start.clone()
    for _ in range(150):
        z = z.requires_grad_()
        score = _logits(vae.decode(z).clip(0, 1)).log_softmax(1)[0, _DRESS_CLASS]
        (g,) = torch.autograd.grad(score - 0.01 * ((z - start) ** 2).sum(), z)
        z = (z + 0.1 * g).detach()
    noisy = x.clone()
    for _ in range(2):
        noisy = noisy.requires_grad_()
        score = _logits(noisy).log_softmax(1)[0, _DRESS_CLASS]
        (g,) = torch.autograd.grad(score, noisy)
        noisy = (noisy + 0.01 * g.sign()).clip(0, 1).detach()
    with torch.no_grad():
        made = {**ways, "search": vae.decode(z).clip(0, 1), "pixels": noisy}
    return {name: each[0, 0].double().numpy() for name, each in made.items()}


@exercise("6.8", "Who else believes it?", game=True)
def believed(answer: Any, deal: int) -> str:
    steps = (
        "Somebody else believes in that one, at least in part.",
        "Ask xw.demo.gradient_pair()[0] for its probability of dress, for all four.",
    )
    names = ("way 0.6", "way 0.7", "search")
    guess(answer, "6.8", deal, "pixels", dict.fromkeys(names, steps))
    return "It was changed pixel by pixel, by at most 0.02. Nobody else would call it a dress."
