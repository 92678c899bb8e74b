"""Rectifiers that cannot be put under a backward rule: found by their values, and named in words.

A pass that found nothing unusual in its graph costs nothing here. Otherwise the network is run once
more, and everything that it computes is compared with what it computed shortly before.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.interrupts import interruptible
from xai_widgets.probe.functions import Function
from xai_widgets.probe.guard import as_found
from xai_widgets.probe.handwritten import SWITCH, computes, scale_of, writes
from xai_widgets.probe.network import Network
from xai_widgets.probe.nodes import is_marked, is_opaque, is_own, is_rectifier
from xai_widgets.probe.rectifiers import RectifierMode

_RECENT = 16  # values that each new one is compared with
_NEAR = 64  # nodes between them at most
_ZEROS = 0.05  # a share of zeros that only a rectifier gives
_SAME_SLOPE = 1e-3
_NAMED = 3
_KNOWN = "known"  # of a node that is among the `places` already


def rectifier_warnings(network: Network, x: Tensor, output: Any, mode: RectifierMode) -> list[str]:
    """What a map under the guided or the deconvnet rule has to be read with: one sentence for what
    the rule does not reach, one for smooth activations. `mode` met the pass on x (N, C, H, W) that
    gave `output`.
    """
    mode.complete(output)
    warnings = []
    if mode.unexplained and mode.met:
        search = _searched(network, x)
        if search.places:
            warnings.append(
                f"the rule cannot be applied to {_listed(search.places)}, which rectifies without "
                "a function that PyTorch has for it: the gradient passes there by its own "
                "derivative, and the map is guided only in part; write it as nn.ReLU or "
                "nn.LeakyReLU, or use a method without such a rule"
            )
        if search.hidden:
            warnings.append(
                f"the rule cannot look into {_listed(search.hidden)}: rectifiers in there pass the "
                "gradient by their own derivative, and the map may be guided only in part; explain "
                "the network without it (not compiled, scripted, checkpointed or in an autograd "
                "function of its own), or use a method without such a rule"
            )
    if mode.smooth and mode.met:
        count, names = sum(mode.smooth.values()), ", ".join(mode.smooth)
        warnings.append(
            f"{count} of this network's {count + mode.met} activations are smooth ({names}): the "
            "rule does not reach them, so the map is guided only at the rectifiers"
        )
    return warnings


def _listed(places: dict[str, None]) -> str:
    names = list(places)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _searched(network: Network, x: Tensor) -> _Search:
    search = _Search()
    with as_found(network.model, search), search.following(network.model):
        given = network.copy(x.detach().clone().requires_grad_(True))
        output = interruptible(network.model, given)
        search.complete(output)
    search.forget()
    return search


class _Search(RectifierMode):
    """Compares everything that a network computes with what it computed shortly before.

    `places` are the rectifiers that the rule cannot be applied to, `hidden` the pieces that cannot
    be looked into, in words.
    """

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, None] = {}
        self.hidden: dict[str, None] = {}
        self._recent: deque[tuple[Tensor, int]] = deque(maxlen=_RECENT)
        self._judged: dict[Any, str] = {}
        self._modules: list[str] = []
        # Since the last function outside of an autograd function of the network's own.
        self._rectifies_inside = False
        self._made_inside: set[int] = set()

    def call(self, func: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not torch.is_grad_enabled():  # inside an autograd function of the network's own
            self._rectifies_inside = self._rectifies_inside or self.is_rectifier(func, args, kwargs)
            result = super().call(func, args, kwargs)
            if computes(func) and isinstance(result, Tensor):
                self._made_inside.add(result.data_ptr())
            return result
        self._settle()
        with torch._C.DisableTorchFunction():
            if writes(func) and isinstance(args[0], Tensor) and args[0].requires_grad:
                self._keep(args[0].clone())
            for value in (*args, *kwargs.values()):
                self._see(value)
        self._rectifies_inside, self._made_inside = False, set()
        result = super().call(func, args, kwargs)
        with torch._C.DisableTorchFunction():
            made = args[0] if writes(func) else result
            for value in made if isinstance(made, (tuple, list)) else (made,):
                self._see(value, getattr(func, "__name__", "a function"))
        return result

    def _see(self, value: Any, function: str = "") -> None:
        if not (isinstance(value, Tensor) and value.requires_grad and value.is_floating_point()):
            return
        if any(value is kept and value._version == version for kept, version in self._recent):
            return
        node = value.grad_fn
        if node is not None and not is_marked(node):
            self._compare(value, node, function)
        self._keep(value)

    def _keep(self, value: Tensor) -> None:
        self._recent.append((value, value._version))

    def _compare(self, r: Tensor, node: Any, function: str) -> None:
        own = is_own(node) or is_opaque(node)
        if own:
            hides = is_opaque(node) or self._hides(r, node)
            self._judged[node] = self._place(_kind(node)) if hides else ""
            if is_opaque(node):
                return
        for u, version in self._recent:
            same = u.shape == r.shape and u.dtype == r.dtype and u._version == version
            if not same or u is r or scale_of(u, r) is None or _explained(r, u):
                continue
            if own or function:
                self.places[self._place(_kind(node) if own else function)] = None
                if own:
                    self._judged[node] = _KNOWN
                return

    def _hides(self, r: Tensor, node: Any) -> bool:
        """Whether an autograd function of the network's own may have a rectifier inside: one is
        among the functions that it called, its result shows one, or it was computed where no
        function is met (in C++, NumPy) and is not linear.
        """
        values = r.detach()
        zeros = float((values == 0).float().mean())
        if self._rectifies_inside or (bool((values >= 0).all()) and _ZEROS < zeros < 1):
            return True
        return values.data_ptr() not in self._made_inside and not _is_linear(node, values)

    def _place(self, what: str) -> str:
        where = next((f'layer "{name}"' for name in reversed(self._modules) if name), "the network")
        return f"{where} ({what})"

    def suspect(self, node: Any) -> None:
        """Name what hides a piece of the network."""
        if not (is_own(node) or is_opaque(node)):
            return
        place = self._judged.get(node)
        if place not in ("", _KNOWN):
            self.hidden[place or _kind(node)] = None

    def forget(self) -> None:
        """Let go of the graph, whose hooks hold this object."""
        self._recent.clear()
        self._judged.clear()

    @contextmanager
    def following(self, model: nn.Module) -> Iterator[None]:
        """Know which module is running."""
        thread, handles = threading.get_ident(), []

        def enter(name: str) -> Any:
            def hook(module: nn.Module, args: Any) -> None:
                if threading.get_ident() == thread:
                    self._modules.append(name)

            return hook

        def leave(module: nn.Module, args: Any, output: Any) -> None:
            if threading.get_ident() == thread:
                self._settle()
                with torch._C.DisableTorchFunction():
                    for value in output if isinstance(output, (tuple, list)) else (output,):
                        self._see(value, type(module).__name__)
                self._modules.pop()

        try:
            for name, module in model.named_modules():
                if not isinstance(module, torch.jit.ScriptModule):
                    handles.append(module.register_forward_pre_hook(enter(name)))
                    handles.append(module.register_forward_hook(leave))
            yield
        finally:
            for handle in handles:
                handle.remove()


def _is_linear(node: Any, r: Tensor) -> bool:
    """Whether an autograd function is an elementwise one with a single slope for each channel, as
    its own backward shows.
    """
    ones = [torch.zeros(tuple(part.shape), dtype=r.dtype, device=r.device)
            for part in node._input_metadata]  # fmt: skip
    same = [i for i, part in enumerate(ones) if part.shape == r.shape]
    if len(same) != 1 or r.ndim < 2:
        return False
    ones[same[0]] += 1
    try:
        with torch.no_grad():
            made = node.apply(*ones)
    except Exception:  # whatever it raises when it is asked twice
        return False
    found = made if isinstance(made, (tuple, list)) else (made,)
    slopes = next((g for g in found if isinstance(g, Tensor) and g.shape == r.shape), None)
    if slopes is None:
        return False
    by_channel = slopes.transpose(0, 1).flatten(1)
    spread = by_channel.amax(1) - by_channel.amin(1)
    return bool((spread <= _SAME_SLOPE * by_channel.abs().amax(1)).all())


def _kind(node: Any) -> str:
    name = str(node.name()).split("Backward")[0]
    return "scripted code" if "Graph" in name or "jit" in name else name


def _explained(r: Tensor, u: Tensor) -> bool:
    """Whether a rectifier that is under the rule lies between two values."""
    waiting, seen = [r.grad_fn], {u.grad_fn}
    while waiting and len(seen) < _NEAR:
        node: Any = waiting.pop(0)
        if node is None or node in seen:
            continue
        if is_marked(node) or is_rectifier(node) or node.name() == SWITCH:
            return True
        seen.add(node)
        waiting.extend(behind for behind, _ in node.next_functions)
    return False
