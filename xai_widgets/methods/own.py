"""Methods of your own: a plain function, or one of captum's or zennit's methods, made a method like
any other: in every picker, streamed, cached, compared by the same measures.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import Unpack

from xai_widgets.errors import ExplanationError
from xai_widgets.methods.registry import METHODS, Card, Method, method
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

# (network, input (N, C, H, W), class index) -> values (N, C, H, W), (N, 1, H, W) or (N, h, w)
Explainer = Callable[[nn.Module, Tensor, int], Tensor]
_UNDESCRIBED = Card(
    cost="not known", formula="", citation="", url="", shows="A method of your own.",
    limits="Not described.",
)  # fmt: skip


def from_callable(name: str, function: Explainer, **card: Unpack[Card]) -> Method:
    """Make a function a method: `function(network, input, index)` explains the class `index`.

    card: what the method's card says: `title`, `cost`, `formula`, `citation`, `url`, `shows`,
    `limits`, `space` ("input" if left out) and `signed` (True), as for `method`.

    It is called with gradients on, the network in evaluation mode and locked; what it does to
    training flags, buffers and random generators is undone. It returns (N, C, H, W), or (N, h, w)
    with `space="layer"`. The same name again takes the place of the former function. Raises
    ExplanationError for a name that is not an identifier or belongs to a method of the package.
    """

    def explain(trace: Trace, target: Target) -> Tensor:
        if target.index is None:
            raise ExplanationError(
                f"{name} explains classes by index, not functions of the output; "
                "pass target= a class name or index"
            )
        index = target.index
        values = trace.with_network(lambda network, x: function(network, x, index))
        return _checked(name, values, trace.input, card.get("space", "input"))

    present = METHODS.get(name)
    if not name.isidentifier() or (present is not None and present.family != "Own"):
        why = "is a method of the package" if present is not None else "is no identifier"
        raise ExplanationError(f"name={name!r} {why}; expected a new name such as 'my_method'")
    explain.__name__ = name
    title = card.get("title") or name.replace("_", " ").capitalize()
    described: Card = {**_UNDESCRIBED, **card, "title": title}
    method(family="Own", **described)(explain)
    return METHODS[name]


def from_captum(
    name: str, attribution: type, *, make: dict[str, Any] | None = None, **arguments: Any
) -> Method:
    """Make one of captum's attribution classes a method: `attribution(network, **make)` is asked
    for `.attribute(input, target=index, **arguments)`.

        xw.methods.from_captum("deep_lift", captum.attr.DeepLift)

    Methods of captum that need a layer take it in `make`. Raises what captum raises.
    """
    family = attribution.__name__

    def explain(network: nn.Module, x: Tensor, index: int) -> Tensor:
        explainer = attribution(network, **(make or {}))
        values: Tensor = explainer.attribute(x, target=index, **arguments)
        return values.detach()

    shows = (inspect.getdoc(attribution) or "").strip().split("\n\n")[0].replace("\n", " ")
    return from_callable(
        name,
        explain,
        title=f"{family} (captum)",
        cost="as captum computes it",
        citation=f"captum.attr.{family}",
        url="https://captum.ai/api/",
        shows=shows[:160] or f"captum's {family}.",
        limits="Needs what captum needs: rectifiers that are modules of their own, used once each.",
    )


def from_zennit(name: str, composite: Callable[[], Any], attributor: Any = None) -> Method:
    """Make one of zennit's composites a method: relevance passed back by its rules (LRP).

        xw.methods.from_zennit("lrp", zennit.composites.EpsilonPlusFlat)

    `composite` is called for each explanation, so that no hook outlives it; `attributor` is one of
    zennit's attributor classes, its plain gradient if left out. Raises what zennit raises.
    """

    def explain(network: nn.Module, x: Tensor, index: int) -> Tensor:
        from zennit.attribution import Gradient

        rules = composite()
        with (attributor or Gradient)(model=network, composite=rules) as attribute:
            _, relevance = attribute(x, lambda output: _one_class(output, index))
        values: Tensor = relevance.detach()
        return values

    rules_name = getattr(composite, "__name__", type(composite).__name__)
    return from_callable(
        name,
        explain,
        title=f"LRP, {rules_name} (zennit)",
        cost="1 forward, 1 backward",
        citation=f"zennit.composites.{rules_name}",
        url="https://zennit.readthedocs.io",
        shows="The class score handed back layer by layer, shared out by rules that keep its sum.",
        limits="What it shows depends on the rules chosen for each kind of layer.",
    )


def _one_class(output: Tensor, index: int) -> Tensor:
    """The score of one class as relevance to start from, that of all others zero."""
    relevance = torch.zeros_like(output)
    relevance[:, index] = output[:, index].detach()
    return relevance


def _checked(name: str, values: Any, x: Tensor, space: str) -> Tensor:
    expected = "(N, C, H, W) or (N, 1, H, W)" if space == "input" else "(N, h, w)"
    if not isinstance(values, Tensor):
        raise ExplanationError(
            f"{name} returned a {type(values).__name__}; expected a tensor {expected}"
        )
    fits = values.ndim == 3 if space == "layer" else values.shape[2:] == x.shape[2:]
    if not fits or len(values) != len(x):
        raise ExplanationError(
            f"{name} returned values of shape {tuple(values.shape)} for an input of shape "
            f"{tuple(x.shape)}; expected {expected}"
        )
    return values.detach()
