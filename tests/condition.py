"""Everything a probe could disturb, taken down before and compared after."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_HOOKS = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_state_dict_hooks",
    "_load_state_dict_pre_hooks",
)


def _kept(tensor: Tensor | None) -> tuple[int, Tensor] | None:
    return None if tensor is None else (id(tensor), tensor.detach().clone())


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, Tensor):
        return before.dtype == after.dtype and torch.equal(before, after)
    if isinstance(before, np.ndarray):
        return np.array_equal(before, after)
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(_same(before[k], after[k]) for k in before)
    if isinstance(before, (tuple, list)):
        return len(before) == len(after) and all(map(_same, before, after))
    return bool(before == after)


@dataclass(frozen=True)
class Condition:
    """A network and the process around it, as they are now."""

    modules: dict[str, Any]
    parameters: dict[str, Any]
    buffers: dict[str, Any]
    hooks: dict[str, Any]
    process: dict[str, Any]

    @classmethod
    def of(cls, model: nn.Module) -> Condition:
        named = dict(model.named_modules(remove_duplicate=False))
        return cls(
            modules={
                name: (
                    id(m),
                    type(m),
                    m.training,
                    id(getattr(m.forward, "__func__", m.forward)),
                    sorted(vars(m)),
                )
                for name, m in named.items()
            },
            parameters={
                name: (
                    _kept(p),
                    _kept(p.grad),
                    p.requires_grad,
                    p.is_leaf,
                    -1 if p.is_inference() else p._version,
                    len(p._backward_hooks or ()),
                    len(p._post_accumulate_grad_hooks or ()),
                )
                for name, p in model.named_parameters(remove_duplicate=False)
            },
            buffers={
                name: (_kept(b), b.requires_grad)
                for name, b in model.named_buffers(remove_duplicate=False)
            },
            hooks={
                f"{name}{kind}": list(getattr(module, kind).items())
                for name, module in named.items()
                for kind in _HOOKS
            },
            process={
                "torch generator": torch.get_rng_state(),
                "numpy generator": np.random.get_state(),  # noqa: NPY002  # the global one is watched
                "python generator": random.getstate(),
                "grad mode": torch.is_grad_enabled(),
                "inference mode": torch.is_inference_mode_enabled(),
                "autocast": torch.is_autocast_enabled("cpu"),
                "function modes": torch._C._len_torch_function_stack(),
                "threads": torch.get_num_threads(),
                "default type": torch.get_default_dtype(),
                "global hooks": [
                    len(getattr(torch.nn.modules.module, f"_global_{kind}"))
                    for kind in ("forward_hooks", "forward_pre_hooks", "backward_hooks")
                ],
            },
        )

    def differences(self, now: Condition) -> list[str]:
        """What is not as it was, by name."""
        return [
            f"{group}: {name}"
            for group in ("modules", "parameters", "buffers", "hooks", "process")
            for name in {**getattr(self, group), **getattr(now, group)}
            if not (
                name in getattr(self, group)
                and name in getattr(now, group)
                and _same(getattr(self, group)[name], getattr(now, group)[name])
            )
        ]
