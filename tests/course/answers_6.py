"""Right and typical wrong answers of lesson 6, each with words of the hint that it gets."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # the field's name for it

import xai_widgets as xw


def walk(a: Any, b: Any, n: int) -> Any:
    return torch.stack([torch.lerp(a, b, k / n) for k in range(n + 1)])


def search(f: Any, start: Any, steps: int, rate: float, pull: float, *, home: float = 1.0) -> Any:
    z = start.clone()
    for _ in range(steps):
        z.requires_grad_()
        (g,) = torch.autograd.grad(f(z) - pull * ((z - home * start) ** 2).sum(), z)
        z = (z + rate * g).detach()
    return z


def straight(f: Any, start: Any, steps: int, rate: float, pull: float) -> Any:
    z = start.clone().requires_grad_()
    (g,) = torch.autograd.grad(f(z), z)
    return start + steps * rate * g


def cosine(g: Any, r: Any) -> Any:
    g, r = g.flatten(1), r.flatten(1)
    return (g * r).sum(1) / (g.norm(dim=1) * r.norm(dim=1))


def loss(
    model: Any, x: Any, y: Any, r: Any, weight: float, *, graph: bool = True, how: Any = None
) -> Any:
    x = x.detach().clone().requires_grad_()
    ce = F.cross_entropy(model(x), y)
    (g,) = torch.autograd.grad(ce, x, create_graph=graph, retain_graph=True)
    c = cosine(g, r)
    return ce + weight * (1 - c).mean() if how is None else how(ce, c, weight)


def losing(**options: Any) -> Any:
    return lambda model, x, y, r, weight: loss(model, x, y, r, weight, **options)


def spent(model: Any, x: Any, y: Any, r: Any, weight: float) -> Any:
    total = loss(model, x, y, r, weight)
    torch.autograd.grad(total, list(model.parameters()))
    return total


def fills(model: Any, x: Any, y: Any, r: Any, weight: float) -> Any:
    x = x.detach().clone().requires_grad_()
    ce = F.cross_entropy(model(x), y)
    ce.backward(create_graph=True)
    return ce + weight * (1 - cosine(x.grad, r)).mean()


def answers() -> list[tuple[str, Any, str]]:
    engine, vae = xw.demo.fashion_engine(), xw.demo.vae("fashion")
    x = xw.course.clothes()
    with torch.no_grad():
        again = vae.decode(vae.encode(x)[0]).clip(0, 1)
        before, after = (engine.model((each - 0.5) / 0.5).softmax(1) for each in (x, again))
    same = (before.argmax(1) == after.argmax(1)).float()
    return [
        ("6.1", same.mean(), ""),
        ("6.1", 1 - same.mean(), "lost it"),
        ("6.1", same.sum(), "count"),
        ("6.1", same, "400 numbers"),
        ("6.1", (x - again).abs().mean(), "pixels are off"),
        ("6.1", 1.0, "with itself"),
        ("6.2", walk, ""),
        ("6.2", lambda a, b, n: walk(b, a, n), "Backwards"),
        ("6.2", lambda a, b, n: walk(a, b, n)[:-1], "end is missing"),
        ("6.2", lambda a, b, n: walk(a, b, n)[1:], "start is missing"),
        ("6.2", lambda a, b, n: walk(a, b, n).T, "Points are rows"),
        ("6.2", lambda a, b, n: walk(a, a + b, n), "left out"),
        ("6.2", lambda a, b, n: walk(a, a + F.normalize(b - a, dim=0), n), "normalised"),
        ("6.3", 5, ""),
        ("6.3", 4, "still a pullover"),
        ("6.3", 0.5, "share of the way"),
        ("6.3", 10, "end of the way"),
        ("6.3", 6, "Count from 0"),
        ("6.4", search, ""),
        ("6.4", lambda f, s, n, r, p: search(f, s, n, r, 0), "pulls it home"),
        ("6.4", lambda f, s, n, r, p: search(f, s, n, r, p, home=0), "towards 0"),
        ("6.4", straight, "first direction"),
        ("6.4", lambda f, s, n, r, p: search(f, s, n, r, -p), "wrong sign"),
        ("6.4", lambda f, s, n, r, p: search(f, s, n, -r, p), "You go down"),
        ("6.4", lambda f, s, n, r, p: s, "did not move"),
        ("6.4", lambda f, s, n, r, p: f(s), "The shape is ()"),
        ("6.6", cosine, ""),
        ("6.6", lambda g, r: F.cosine_similarity(g.flatten(), r.flatten(), dim=0), "whole batch"),
        ("6.6", lambda g, r: (g * r).flatten(1).sum(1), "scalar product"),
        ("6.6", lambda g, r: 1 - cosine(g, r), "1 − cosine"),
        ("6.6", lambda g, r: F.cosine_similarity(g, r), "at each place"),
        ("6.6", lambda g, r: cosine(g, r).mean(), "comes later"),
        ("6.7", loss, ""),
        ("6.7", losing(graph=False), "change nothing"),
        ("6.7", losing(how=lambda ce, c, w: ce), "alone"),
        ("6.7", losing(how=lambda ce, c, w: ce + w * c.mean()), "alike is to be cheap"),
        ("6.7", losing(how=lambda ce, c, w: ce + w * (1 - c).sum()), "not the sum"),
        ("6.7", losing(how=lambda ce, c, w: ce + (1 - c).mean()), "forgot the weight"),
        ("6.7", losing(how=lambda ce, c, w: ce + w * (1 - c)), "4 numbers"),
        ("6.7", lambda *given: loss(*given).item(), "no gradient"),
        ("6.7", lambda *given: loss(*given).detach().requires_grad_(), "Is a part detached?"),
        ("6.7", spent, "used up"),
        ("6.7", fills, "have a .grad"),
        ("6.5", "c", ""),
        ("6.5", "a", "Smallest"),
        ("6.5", "b", "still this pullover"),
        ("6.5", "d", "has an answer"),
    ]
