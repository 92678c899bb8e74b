"""Methods of your own: a plain function, or one of captum's or zennit's methods, made a method like
any other: in every picker, streamed, cached, compared by the same measures.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import Unpack

from xai_widgets.errors import ExplanationError, a_kind, add_note, some_of
from xai_widgets.interrupts import deferred, interruptible
from xai_widgets.methods.registry import METHODS, Card, Method, method
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

# (network, input (N, C, H, W), class index) -> values (N, C, H, W), (N, 1, H, W) or (N, h, w)
Explainer = Callable[[nn.Module, Tensor, int], Tensor]
_UNDESCRIBED = Card(
    cost="not known", formula="", citation="", url="", shows="A method of your own.",
    limits="Not described.",
)  # fmt: skip
_running = threading.local()  # .methods: the network and name of each own method, innermost last


def from_callable(name: str, function: Explainer, **card: Unpack[Card]) -> Method:
    """Make a function a method: `function(network, input, index)` explains the class `index`.

    card: what the method's card says: `title`, `cost`, `formula`, `citation`, `url`, `shows`,
    `limits`, `space` ("input" if left out) and `signed` (True), as for `method`.

    It is called with gradients on, the network in evaluation mode and locked; what it does to
    training flags, buffers and random generators is undone. It must not call the engine. It returns
    (N, C, H, W), or (N, h, w) with `space="layer"`. The same name again takes the place of the
    former function. Raises ExplanationError for a name that is not an identifier or belongs to a
    method of the package.
    """
    _check_name(name)
    if not callable(function):
        raise ExplanationError(
            f"function is {a_kind(function)}; expected a function of network, input and class "
            "index that returns a map"
        )

    def explain(trace: Trace, target: Target) -> Tensor:
        if target.index is None:
            raise ExplanationError(
                f"{name} explains classes by index, not functions of the output; "
                "pass target= a class name or index"
            )
        index = target.index
        values = _with_network(name, trace, lambda network, x: function(network, x, index))
        return _checked(name, values, trace.input, card.get("space", "input"))

    return _registered(name, explain, card)


def from_captum(
    name: str,
    attribution: Callable[..., Any],
    *,
    layer: bool | None = None,
    make: dict[str, Any] | None = None,
    **arguments: Any,
) -> Method:
    """Make one of captum's attribution classes a method: `attribution(network, **make)` is asked
    for `.attribute(input, target=..., **arguments)`.

        xw.methods.from_captum("deep_lift", captum.attr.DeepLift)
        xw.methods.from_captum("their_cam", captum.attr.LayerGradCam, layer=True)

    layer: whether it is given the engine's layer; None: where it has a parameter of that name and
        `make` does not set it. Maps of a layer are summed over its channels, (N, h, w).
    A network that does not return logits (N, classes) is given to captum inside a module that
    returns the target's score, (N, 1). Raises ExplanationError for a layer that is no part of the
    network, and what captum raises.
    """
    _check_name(name)
    given = dict(make or {})
    family = getattr(attribution, "__name__", type(attribution).__name__)
    if not callable(attribution):
        raise ExplanationError(
            f"attribution is {a_kind(attribution)}; expected captum's class itself, such as "
            "captum.attr.DeepLift, or a function of a network that makes one"
        )
    parameters = _parameters(attribution)
    if next(iter(parameters), "") == "attribution_method":
        raise ExplanationError(
            f"{family} is made of another method, not of a network; pass a function: "
            f"lambda network: captum.attr.{family}(captum.attr.Saliency(network))"
        )
    asks_layer = "layer" in parameters and "layer" not in given if layer is None else layer
    if asks_layer and "layer" not in parameters:
        raise ExplanationError(f"{family} has no parameter layer; leave out layer=True")
    kinds = getattr(attribution, "__mro__", ())
    of_layer = any(kind.__name__ == "LayerAttribution" for kind in kinds)

    def attribute(trace: Trace, target: Target, layer: str | None) -> Tensor:
        plain = _gives_logits(trace, target)

        def ask(network: nn.Module, x: Tensor) -> Any:
            own = dict(given)
            where = own.get("layer") if layer is None else layer
            if where is not None:
                own["layer"] = _module(name, network, where)
            subject = network if plain else _Scores(network, target)
            explainer = attribution(subject, **own)
            values = explainer.attribute(x, target=target.index if plain else 0, **arguments)
            if isinstance(values, tuple) and len(values) == 1:
                values = values[0]
            if of_layer and isinstance(values, Tensor):
                values = _layer_map(name, values, trace, _name_in(network, own["layer"]))
            return values

        values = _with_network(name, trace, ask)
        return _checked(name, values, trace.input, "layer" if of_layer else "input")

    def explain(trace: Trace, target: Target) -> Tensor:
        return attribute(trace, target, None)

    def explain_layer(trace: Trace, target: Target, layer: str) -> Tensor:
        return attribute(trace, target, layer)

    shows = (inspect.getdoc(attribution) or "").strip().split("\n\n")[0].replace("\n", " ")
    card = Card(
        title=f"{family} (captum)",
        cost="as captum computes it",
        citation=f"captum.attr.{family}",
        url="https://captum.ai/api/",
        shows=shows[:160] or f"captum's {family}.",
        limits="Needs what captum needs: rectifiers that are modules of their own, used once each.",
        space="layer" if of_layer else "input",
    )
    return _registered(name, explain_layer if asks_layer else explain, card)


def from_zennit(name: str, composite: Callable[[], Any], attributor: Any = None) -> Method:
    """Make one of zennit's composites a method: relevance passed back by its rules (LRP).

        xw.methods.from_zennit("lrp", zennit.composites.EpsilonPlusFlat)

    `composite` is called for each explanation, so that no hook outlives it; `attributor` is one of
    zennit's attributor classes, its plain gradient if left out. A network that does not return
    logits (N, classes) is given to zennit inside a module that returns the target's score, (N, 1),
    its layers under their own names. Raises what zennit raises.
    """
    _check_name(name)
    if not callable(composite):
        raise ExplanationError(
            f"composite is {a_kind(composite)}; expected the class itself or a function that makes "
            f"one: {type(composite).__name__} without parentheses, or lambda: "
            f"{type(composite).__name__}(...)"
        )

    def explain(trace: Trace, target: Target) -> Tensor:
        plain = _gives_logits(trace, target)
        index = target.index if plain else 0

        def ask(network: nn.Module, x: Tensor) -> Tensor:
            from zennit.attribution import Gradient

            subject = network if plain else _Scores(network, target)
            with (attributor or Gradient)(model=subject, composite=composite()) as attribute:
                _, relevance = attribute(x, lambda output: _one_class(output, index))
            values: Tensor = relevance
            return values

        return _checked(name, _with_network(name, trace, ask), trace.input, "input")

    rules_name = getattr(composite, "__name__", type(composite).__name__)
    card = Card(
        title=f"LRP, {rules_name} (zennit)",
        cost="1 forward, 1 backward",
        citation=f"zennit.composites.{rules_name}",
        url="https://zennit.readthedocs.io",
        shows="The class score handed back layer by layer, shared out by rules that keep its sum.",
        limits="What it shows depends on the rules chosen for each kind of layer.",
    )
    return _registered(name, explain, card)


def check_not_within(model: nn.Module) -> None:
    """Raise ExplanationError where a method of the user's own, which holds the network's lock, asks
    an engine about the same network: another thread may hold what the engine needs, and wait.
    """
    for network, name in getattr(_running, "methods", ()):
        if network is model:
            raise ExplanationError(
                f"the method {name!r} called an engine of the network that it explains; while it "
                "runs the network is locked for it. Call the network that it is given instead: "
                "network(x)"
            )


class _Scores(nn.Module):
    """A network as one that returns the target's score, (N, 1). Its parts are the network's own,
    under their own names.
    """

    def __init__(self, network: nn.Module, target: Target) -> None:
        super().__init__()
        self.network, self.target = network, target
        self.training = False

    def forward(self, x: Tensor) -> Tensor:
        return self.target.score(self.network(x), batch=len(x))[:, None]

    def named_modules(self, *given: Any, **options: Any) -> Iterator[tuple[str, nn.Module]]:
        yield from self.network.named_modules(*given, **options)


def _gives_logits(trace: Trace, target: Target) -> bool:
    """Whether the network's output is itself the logits (N, classes) that the target is read of."""
    output, index = trace.output, target.index
    if index is None or not isinstance(output, Tensor) or output.ndim != 2:
        return False
    return index < output.shape[1] and torch.equal(output.detach()[:, index], trace.score(target))


def _with_network(name: str, trace: Trace, ask: Callable[[nn.Module, Tensor], Any]) -> Any:
    def within(network: nn.Module, x: Tensor) -> Any:
        with _noted(network, name):
            return interruptible(ask, network, x)

    return trace.with_network(within)


@contextmanager
def _noted(network: nn.Module, name: str) -> Iterator[None]:
    """Note that this thread runs an own method of the network."""
    methods = _running.__dict__.setdefault("methods", [])
    with deferred():
        methods.append((network, name))
        try:
            yield
        except ExplanationError:
            raise
        except Exception as error:
            add_note(error, f"raised within the method of your own, {name}")
            raise
        finally:
            methods.pop()


def _module(name: str, network: nn.Module, layer: Any) -> nn.Module:
    """The module that is meant by a name, or by itself."""
    if isinstance(layer, nn.Module):
        _name_in(network, layer, name)
        return layer
    try:
        # A call of a layer that runs several times is written layer4#0.
        return network.get_submodule(str(layer).partition("#")[0])
    except AttributeError:
        raise ExplanationError(
            f"{name}: layer {layer!r} is no module of the network {type(network).__name__}; "
            f"expected one of {some_of(n for n, _ in network.named_modules() if n)}"
        ) from None


def _name_in(network: nn.Module, layer: nn.Module, method: str = "") -> str:
    for name, module in network.named_modules():
        if module is layer:
            return str(name)
    raise ExplanationError(
        f"{method}: make holds {a_kind(layer)} that is no part of the network "
        f"{type(network).__name__}; leave it out and pass layer=True: then the method takes "
        "each engine's own layer, by layer="
    )


def _layer_map(name: str, values: Tensor, trace: Trace, layer: str) -> Tensor:
    """captum's values for a layer as one map (N, h, w): laid over the picture, channels summed."""
    records = trace.recorder.records
    record = records.get(trace.network.lessons.canonical(layer))
    if record is not None and values.shape == record.tensor.shape:
        return record.layout.to_map(values).sum(1)
    if values.ndim == 4 and (record is None or tuple(values.shape[2:]) == record.layout.size):
        return values.sum(1)
    raise ExplanationError(
        f'{name} returned values of shape {tuple(values.shape)} for layer "{layer}", which do not '
        "lie over the picture; choose another layer, such as a convolution"
    )


def _registered(name: str, explain: Callable[..., Tensor], card: Card) -> Method:
    explain.__name__ = name
    title = card.get("title") or name.replace("_", " ").capitalize()
    described: Card = {**_UNDESCRIBED, **card, "title": title}
    method(family="Own", **described)(explain)
    return METHODS[name]


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise ExplanationError(f"name is {a_kind(name)}; expected a new name such as 'my_method'")
    present = METHODS.get(name)
    if not name.isidentifier() or (present is not None and present.family != "Own"):
        why = "is a method of the package" if present is not None else "is no identifier"
        raise ExplanationError(f"name={name!r} {why}; expected a new name such as 'my_method'")


def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _one_class(output: Tensor, index: int | None) -> Tensor:
    """The score of one class as relevance to start from, that of all others zero."""
    relevance = torch.zeros_like(output)
    relevance[:, index] = output[:, index].detach()
    return relevance


def _checked(name: str, values: Any, x: Tensor, space: str) -> Tensor:
    expected = "(N, C, H, W) or (N, 1, H, W)" if space == "input" else "(N, h, w)"
    if not isinstance(values, Tensor):
        raise ExplanationError(f"{name} returned {a_kind(values)}; expected a tensor {expected}")
    fits = values.ndim == 3 if space == "layer" else values.shape[2:] == x.shape[2:]
    if not fits or len(values) != len(x):
        raise ExplanationError(
            f"{name} returned values of shape {tuple(values.shape)} for an input of shape "
            f"{tuple(x.shape)}; expected {expected}"
        )
    return values.detach()
