"""Whether a student's function leaves a network as it found it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from xai_widgets.course.registry import Wrong

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


@dataclass(frozen=True)
class State:
    """What a function can change in a network: modes, hooks, weights, and what these ask for."""

    training: list[bool]
    hooks: set[tuple[int, str, int]]  # which module, which kind, its number
    learning: list[bool]
    filled: bool  # whether any weight has a gradient, other than zeros
    values: list[Tensor]

    @classmethod
    def of(cls, model: nn.Module) -> State:
        """A network's state now."""
        modules, weights = list(model.modules()), list(model.parameters())
        return cls(
            [module.training for module in modules],
            {(i, k, key) for i, m in enumerate(modules) for k in _HOOKS for key in getattr(m, k)},
            [weight.requires_grad for weight in weights],
            any(weight.grad is not None and bool(weight.grad.any()) for weight in weights),
            [value.detach().clone() for value in (*weights, *model.buffers())],
        )


def left_as(model: nn.Module, before: State, *, gradients: bool = True) -> None:
    """Raise Wrong with what a function has left behind in a network, if anything. gradients: also
    those of the weights.
    """
    now = State.of(model)
    if now.hooks - before.hooks:
        raise Wrong(
            "Right, but your hook is still in the network.",
            "It will be called in every pass from now on, and holds all those tensors.",
            "handle = layer.register_forward_hook(...); at the end handle.remove().",
        )
    if before.hooks - now.hooks:
        raise Wrong(
            "Right, but a hook is gone that was not yours.",
            "Remove your own only: handle.remove(), with what register_forward_hook returned.",
        )
    if now.training != before.training:
        mode = "training" if any(now.training) else "evaluation"
        raise Wrong(
            f"Right, but the network is left in {mode} mode, in which it was not found.",
            "Its next answers are others: dropout, batch norm. Keep model.training, and put it "
            "back with model.train(...).",
        )
    if now.learning != before.learning:
        raise Wrong(
            "Right, but the network can learn no longer, or other weights than before.",
            "You have changed requires_grad of its weights. Put it back, or leave it alone.",
        )
    if any((a != b).any() for a, b in zip(now.values, before.values, strict=True)):
        raise Wrong(
            "Right, but the network's weights, or batch norm's statistics, are others now.",
            "A forward pass in training mode moves the statistics.",
        )
    if gradients and now.filled and not before.filled:
        raise Wrong(
            "Right, but the network's weights have a .grad now.",
            "backward() goes all the way down, and whoever trains next adds to what it left there.",
            "torch.autograd.grad(score, output) stops where you ask; or model.zero_grad() at the "
            "end.",
        )
