"""Right and typical wrong answers of lesson 2, each with words of the hint that it gets."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # the field's name for it

import xai_widgets as xw


def picture(pixels: Any) -> Any:
    x = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255
    return (x - 0.5) / 0.25


def saliency(model: Any, x: Any, target: int) -> Any:
    model.eval()
    x = x.detach().clone().requires_grad_()
    model(x)[0, target].backward()
    return x.grad[0]


def without_eval(model: Any, x: Any, target: int) -> Any:
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(model(x)[0, target], x)[0][0]


def accumulates(model: Any, x: Any, target: int) -> Any:
    model.eval()
    x.requires_grad_()
    model(x)[0, target].backward()
    return x.grad[0]


def reads(read: Any) -> Any:
    def of(model: Any, x: Any, target: int) -> Any:
        x = x.detach().clone().requires_grad_()
        return torch.autograd.grad(read(model.eval()(x), target), x)[0][0]

    return of


def no_leaf(model: Any, x: Any, target: int) -> Any:
    x = x.detach()
    model(x)[0, target].backward()
    return x.grad[0]


def forgets_to_return(model: Any, x: Any, target: int) -> Any:
    model(x)[0, target].backward()


def by_autograd(model: Any, x: Any, target: int) -> Any:
    model.eval()
    x.requires_grad_()
    return torch.autograd.grad(model(x)[0, target], x, create_graph=True)[0][0]


def cares(model: Any, x: Any, target: int) -> Any:
    """Puts the mode back, works on a copy of the picture, and gives an array."""
    was = model.training
    g = saliency(model, x, target).numpy()
    model.zero_grad()
    model.train(was)
    return g


def same_memory(model: Any, x: Any, target: int) -> Any:
    model.eval()
    x.requires_grad_()
    if x.grad is not None:
        x.grad.zero_()
    model(x)[0, target].backward()
    return x.grad[0]


def after(do: Any, answer: Any) -> Any:
    """An answer that does something to the network when it is done."""

    def of(model: Any, *given: Any) -> Any:
        result = answer(model, *given)
        do(model)
        return result

    return of


def freeze(model: Any) -> None:
    for p in model.parameters():
        p.requires_grad_(False)


def perturb(model: Any) -> None:
    with torch.no_grad():
        next(model.parameters()).add_(1e-3)


def record(model: Any, layer: Any, x: Any, target: int, *, keep: bool = False, of: Any = None,
           inputs: bool = False, batch: bool = False, retain: bool = True, clean: bool = True,
           change: Any = None, clear: bool = False) -> Any:  # fmt: skip
    kept = []

    def hook(module: Any, given: Any, output: Any) -> None:
        kept.append(given[0] if inputs else output if change is None else change(output))

    handle = layer.register_forward_hook(hook)
    y = model.eval()(x.detach().clone().requires_grad_())
    if clear:
        layer._forward_hooks.clear()
    if not keep:
        handle.remove()
    a = kept[0]
    if retain:
        a.retain_grad()
    (y[0, target] if of is None else of(y)[0, target]).backward()
    if not retain:
        return a[0], a.grad
    found = (a, a.grad) if batch else (a[0], a.grad[0])
    if clean:
        model.zero_grad()
    return found


def recording(**options: Any) -> Any:
    return lambda model, layer, x, target: record(model, layer, x, target, **options)


def textbook(model: Any, layer: Any, x: Any, target: int, *, score: Any = None, mode: bool = False,
             change: Any = None) -> Any:  # fmt: skip
    kept = []

    def hook(module: Any, given: Any, output: Any) -> None:
        kept.append(output if change is None else change(output))

    handle = layer.register_forward_hook(hook)
    y = model.train(mode)(x)
    handle.remove()
    g = torch.autograd.grad(y[0, target] if score is None else score(y), kept[0])[0]
    model.eval()
    return kept[0][0], g[0]


def in_parts(model: Any, layer: Any, x: Any, target: int) -> Any:
    at = list(model).index(layer) + 1
    with torch.no_grad():
        a = model[:at](x)
    a.requires_grad_()
    with torch.enable_grad():
        (g,) = torch.autograd.grad(model[at:](a)[0, target], a)
    return a.detach()[0].numpy(), g[0].numpy()


def walking(model: Any, layer: Any, x: Any, target: int) -> Any:
    for each in model:
        x = each(x)
        if each is layer:
            a = x = x.detach().requires_grad_()
    return [a[0], torch.autograd.grad(x[0, target], a)[0][0]]


def backward_hook(model: Any, layer: Any, x: Any, target: int) -> Any:
    kept = {}
    hooks = [
        layer.register_forward_hook(lambda m, i, o: kept.update(a=o.detach())),
        layer.register_full_backward_hook(lambda m, i, o: kept.update(g=o[0])),
    ]
    torch.autograd.grad(model(x := x.clone().requires_grad_())[0, target], x)
    for each in hooks:
        each.remove()
    return kept["a"][0], kept["g"][0]


def elsewhere(place: int) -> Any:
    return lambda model, layer, x, target: textbook(model, model[place], x, target)


def grad_cam(a: Any, g: Any) -> Any:
    return (g.mean((1, 2))[:, None, None] * a).sum(0).relu()


def grad_cam_of(alpha: Any, a: Any) -> Any:
    return (alpha[:, None, None] * a).sum(0).relu()


def in_place(activation: Any, g: Any) -> Any:
    activation *= g.mean((1, 2))[:, None, None]
    return activation.sum(0).relu()


def blackens(pixels: Any) -> Any:
    made = picture(pixels)
    pixels[:] = 0
    return made


def enlarging(mode: str, **options: Any) -> Any:
    return lambda cam, size: F.interpolate(cam[None, None], size, mode=mode, **options)[0, 0]


def answers() -> list[tuple[str, Any, str]]:
    engine = xw.demo.shapes_engine()
    y = engine.model(engine.input(xw.demo.shapes(12, seed=3)[4].pixels))[0].detach()
    half = {"align_corners": False}
    pixels = xw.demo.shapes(12, seed=3)[4].pixels
    x = engine.input(pixels)
    return [
        ("2.1", picture, ""),
        ("2.1", lambda p: picture(p) * 0.25 + 0.5, "normalisation"),
        ("2.1", lambda p: (torch.tensor(p.transpose(2, 0, 1)[None]) - 0.5) / 0.25, "by 255"),
        ("2.1", lambda p: (picture(p) * 0.25 + 0.5) / 0.25 - 0.5, "wrong order"),
        ("2.1", lambda p: (torch.tensor(p.reshape(1, 3, 64, 64)) / 255 - 0.5) / 0.25, "reshape"),
        ("2.1", lambda p: picture(p)[0], "The shape is (3, 64, 64)"),
        ("2.1", lambda p: picture(p).permute(0, 2, 3, 1), "The shape is (1, 64, 64, 3)"),
        ("2.1", picture(np.zeros((64, 64, 3), np.uint8)), "uncalled"),
        ("2.1", lambda: 1, "cannot be called"),
        ("2.1", lambda p: picture(p).numpy(), "takes tensors"),
        ("2.1", lambda p: picture(p).double(), "they are float64"),
        ("2.1", lambda p: picture(p).half(), "they are float16"),
        ("2.1", lambda p: picture(pixels), "this picture only"),
        ("2.1", blackens, "changes its own pixels"),
        ("2.2", y[4], ""),
        ("2.2", float(y[4]), ""),
        ("2.2", y.softmax(0)[4], "the probability"),
        ("2.2", y.log_softmax(0)[4], "logarithm"),
        ("2.2", y.argmax(), "index of the class"),
        ("2.2", y, "6 numbers"),
        ("2.2", y.sum(), "all classes"),
        ("2.2", y[5], "the score of ring"),
        ("2.2", round(y[4].item(), 2), "rounded"),
        ("2.2", y[4] > 0, "a yes or no"),
        ("2.3", saliency, ""),
        ("2.3", by_autograd, ""),
        ("2.3", cares, ""),
        ("2.3", without_eval, "just been trained"),
        ("2.3", same_memory, "first result has become"),
        ("2.3", reads(lambda y, k: y[0, 4]), "cross only"),
        ("2.3", reads(lambda y, k: y.max()), "cross only"),
        ("2.3", reads(lambda y, k: y[0, 3]), "gradient of star's score"),
        ("2.3", lambda m, given, k: saliency(m, x, k), "this picture only"),
        ("2.3", lambda m, given, k: saliency(engine.model, given, k), "dropout and batch norm"),
        ("2.3", after(lambda m: m.train(), saliency), "left in training mode"),
        ("2.3", after(freeze, saliency), "can learn no longer"),
        ("2.3", after(perturb, saliency), "weights"),
        ("2.3", accumulates, "twice as large"),
        ("2.3", reads(lambda y, k: y.softmax(1)[0, k]), "of the probability"),
        ("2.3", reads(lambda y, k: F.cross_entropy(y, torch.tensor([k]))), "of the loss"),
        ("2.3", reads(lambda y, k: -y[0, k]), "sign"),
        ("2.3", reads(lambda y, k: y.sum()), "all classes"),
        ("2.3", lambda m, x, k: saliency(m, x, k).abs(), "abs()"),
        ("2.3", lambda m, x, k: saliency(m, x, k).sum(0), "channels up"),
        ("2.3", lambda m, x, k: saliency(m, x, k)[None], "The shape is (1, 3, 64, 64)"),
        ("2.3", lambda m, x, k: x[0] * saliency(m, x, k), "input times gradient"),
        ("2.3", no_leaf, "stopped with"),
        ("2.3", forgets_to_return, "returns nothing"),
        ("2.4", lambda g: g.abs().amax(0), ""),
        ("2.4", lambda g: np.abs(g.numpy()).max(axis=0), ""),
        ("2.4", lambda g: g.abs_().amax(0), "changes its own gradient"),
        ("2.4", lambda g: g.amax(0), "negative one"),
        ("2.4", lambda g: g.amax(0).abs(), "too late"),
        ("2.4", lambda g: g.sum(0), "the sum."),
        ("2.4", lambda g: g.abs().sum(0), "sum of magnitudes"),
        ("2.4", lambda g: g.abs().amax(2), "over the columns"),
        ("2.4", lambda g: g.abs().max(0), "That is a pair"),
        ("2.5", record, ""),
        ("2.5", textbook, ""),
        ("2.5", in_parts, ""),
        ("2.5", walking, ""),
        ("2.5", backward_hook, ""),
        ("2.5", recording(keep=True), "still in the network"),
        ("2.5", recording(clear=True), "not yours"),
        ("2.5", recording(clean=False), "have a .grad"),
        ("2.5", after(lambda m: m.train(), record), "left in training mode"),
        ("2.5", after(freeze, record), "can learn no longer"),
        ("2.5", lambda *given: textbook(*given, mode=True), "dropout and batch norm"),
        ("2.5", lambda *given: textbook(*given, score=lambda y: y[0, 4]), "cross only"),
        ("2.5", lambda *given: textbook(*given, score=lambda y: y.max()), "cross only"),
        ("2.5", elsewhere(9), "model[9] only"),
        ("2.5", lambda m, layer, given, k: textbook(m, layer, x, k), "this picture only"),
        ("2.5", recording(of=lambda y: y.softmax(1)), "of the probability"),
        ("2.5", recording(inputs=True), "goes into"),
        ("2.5", recording(batch=True), "The shape is (1, 32, 16, 16)"),
        ("2.5", recording(retain=False), "is None"),
        ("2.5", lambda *given: record(*given)[::-1], "come first"),
        ("2.5", lambda *given: record(*given)[0], "two tensors"),
        ("2.6", grad_cam, ""),
        ("2.6", lambda a, g: (g.mean((1, 2))[:, None, None] * a).sum(0), "negative values"),
        ("2.6", lambda a, g: (g.mean((1, 2))[:, None, None] * a).sum(0).abs(), "abs()"),
        ("2.6", lambda a, g: (g.mean(0) * a).sum(0).relu(), "over the channels"),
        ("2.6", lambda a, g: grad_cam(g, a), "exchanged"),
        ("2.6", in_place, "changes its own activation"),
        ("2.6", lambda a, g: torch.zeros(16, 16), "The shape is (16, 16)"),
        ("2.6", lambda a, g: (g * a).sum(0).relu(), "HiResCAM"),
        ("2.6", lambda a, g: 24 * grad_cam(a, g), "24 times"),
        ("2.6", lambda a, g: grad_cam(a, g) / 5, "mean over channels"),
        ("2.6", lambda a, g: (g.mean((1, 2)).relu()[:, None, None] * a).sum(0), "negative weights"),
        ("2.6", lambda a, g: grad_cam_of(g.mean((1, 2)).relu(), a), "negative weights"),
        ("2.6", lambda a, g: (g.mean((1, 2))[:, None, None] * a).relu().sum(0), "products"),
        ("2.6", lambda a, g: grad_cam(a, g)[None], "The shape is (1, 4, 6)"),
        ("2.6", lambda a, g: grad_cam(a, g) / grad_cam(a, g).max(), "maximum"),
        ("2.6", lambda a, g: a.sum(0), "nobody asked"),
        ("2.6", lambda a, g: (-g.mean().abs() * a).sum(0), "The shape is right"),
        ("2.6", lambda a, g: (g.mean((1, 2)) * a).sum(0), "stopped with RuntimeError"),
        ("2.7", enlarging("bilinear", **half), ""),
        ("2.7", enlarging("nearest"), "mosaic"),
        ("2.7", enlarging("bilinear", align_corners=True), "align_corners"),
        ("2.7", lambda cam, size: enlarging("bilinear", **half)(cam, size[::-1]), "height, width"),
        ("2.7", lambda cam, size: cam, "as small"),
        ("2.7", lambda cam, size: enlarging("bilinear", **half)(cam, size)[None], "(1, 12, 20)"),
    ]
