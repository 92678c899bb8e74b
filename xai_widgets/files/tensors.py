"""Weights and checkpoints: safetensors files with tensors in named groups, and metadata that name
the format and its version.

What such a file holds is compared with what it is for, by name, shape, kind and value, before
anything is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from xai_widgets.errors import ExplanationError, brief, some_of
from xai_widgets.files.regular import irregular
from xai_widgets.files.whole import write_file
from xai_widgets.interrupts import deferred

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

__all__ = [
    "Groups",
    "check_fit",
    "check_settings",
    "has_header",
    "load_moments",
    "load_tensors",
    "load_weights",
    "moments_of",
    "read_safetensors",
    "save_tensors",
]

# Tensors by group and name; in the file, the two are joined by a dot. Group names hold no dot.
Groups: TypeAlias = "Mapping[str, Mapping[str, Tensor]]"
_TENSORS_VERSION = "1"


def save_tensors(path: Path, file_format: str, groups: Groups, metadata: Mapping[str, str]) -> None:
    """Write tensors, in their groups, and metadata. Raises ExplanationError where the file cannot
    be written.
    """
    from safetensors.torch import save

    tensors = {
        f"{group}.{name}": tensor.detach().cpu().contiguous().clone()  # a copy shares no memory
        for group, members in groups.items()
        for name, tensor in members.items()
    }
    head = {"format": file_format, "version": _TENSORS_VERSION, **metadata}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExplanationError(f'"{path}" cannot be written: {error}') from error
    write_file(path, save(tensors, head), "the file of weights")


def has_header(path: Path) -> bool:
    """Whether a file begins as safetensors files do: the length of a JSON object, and its brace."""
    with path.open("rb") as file:
        length, brace = int.from_bytes(file.read(8), "little"), file.read(1)
    return brace == b"{" and 2 <= length <= path.stat().st_size - 8


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors of a safetensors file, in the CPU's memory, and its metadata. Raises
    ExplanationError for one that is damaged or holds what torch has no type for.
    """
    import torch
    from safetensors import safe_open

    tensors: dict[str, Tensor] = {}
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            for key in file.keys():  # noqa: SIM118  # no mapping
                # Old versions of safetensors take them to torch's default device.
                with deferred(), torch.device("cpu"):
                    tensors[key] = file.get_tensor(key)
        return tensors, metadata
    except Exception as error:  # the library raises several types, and torch others
        raise ExplanationError(
            f'"{path}" cannot be read as a safetensors file ({brief(str(error), 160)})'
        ) from error


def load_tensors(
    path: Path, file_format: str, *, what: str, maker: str
) -> tuple[dict[str, dict[str, Tensor]], dict[str, str]]:
    """The tensors, by group and name, and the metadata of a file that `maker` wrote and that holds
    `what` (both for the words of an error).

    Raises ExplanationError for what is no file, one that cannot be read, or is of another format.
    """
    if (found := irregular(path)) is not None:
        raise ExplanationError(
            f'"{path}" cannot be read, it is {found}; expected a safetensors file of {maker}'
        )
    try:
        tensors, metadata = read_safetensors(path)
    except ExplanationError as error:
        raise ExplanationError(f"{error}; expected a file of {maker}") from error.__cause__
    if metadata.get("format") != file_format or metadata.get("version") != _TENSORS_VERSION:
        raise ExplanationError(
            f'"{path}" is not {what} that this xai_widgets wrote: its format is '
            f"{brief(metadata.get('format'))}, version {brief(metadata.get('version'))}; expected "
            f"{file_format!r}, version {_TENSORS_VERSION!r}"
        )
    groups: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        group, _, name = key.partition(".")
        groups.setdefault(group, {})[name] = tensor
    return groups, metadata


def check_fit(path: Path, module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Raise ExplanationError unless there is one tensor for each parameter and buffer of a module,
    of its shape and kind of number. The module may be on the device "meta": it needs no memory.
    """
    own = module.state_dict()
    missing = [name for name in own if name not in weights]
    further = [name for name in weights if name not in own]
    kind = type(module).__name__
    if missing or further:
        lacking, left = some_of(missing), some_of(further)
        raise ExplanationError(
            f'the weights in "{path}" do not fit {kind}:'
            + f" it has no {lacking}" * bool(missing)
            + " and" * bool(missing and further)
            + f" {left} has no place" * bool(further)
        )
    for name, value in own.items():
        if value.shape != weights[name].shape:
            raise ExplanationError(
                f'the weights in "{path}" do not fit {kind}: "{name}" has shape '
                f"{tuple(weights[name].shape)}; expected {tuple(value.shape)}"
            )
    _check_numbers(path, module, weights)


def _check_numbers(path: Path, module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Raise ExplanationError for whole numbers where a module has others, or the reverse, and for
    weights that are no numbers.
    """
    import torch

    parameters = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    for name, value in module.state_dict().items():
        given = weights.get(name)
        if not isinstance(value, torch.Tensor) or not isinstance(given, torch.Tensor):
            continue
        if (value.is_floating_point(), value.is_complex()) != (
            given.is_floating_point(),
            given.is_complex(),
        ):
            raise ExplanationError(
                f'the weights in "{path}" do not fit {type(module).__name__}: "{name}" is of type '
                f"{_short(given)}; expected {_short(value)}"
            )
        # A buffer may hold infinities on purpose, as a mask.
        wrong = given.isnan() if name not in parameters else ~given.isfinite()
        if given.numel() and bool(wrong.any()):
            raise ExplanationError(
                f'the weights in "{path}" are no numbers: "{name}" has {int(wrong.sum())} of '
                f"{given.numel()} values that are not finite, as after a training that diverged; "
                "expected weights from before that"
            )


def _short(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def load_weights(path: Path, module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy weights that were read from `path` into a module. Raises ExplanationError where they do
    not fit, or are not finite; the module is then as it was.
    """
    _check_numbers(path, module, weights)
    before = {
        name: value.clone() if hasattr(value, "clone") else value
        for name, value in module.state_dict().items()
    }
    try:
        module.load_state_dict(weights)  # copied into float32 where they were stored in half
    except Exception as error:  # a module may take its weights in a way of its own
        module.load_state_dict(before)
        words = " ".join(str(error).split())
        raise ExplanationError(
            f'the weights in "{path}" do not fit {type(module).__name__}: {words[:500]}'
        ) from error


def moments_of(optimizer: Optimizer) -> dict[str, Tensor]:
    """What an optimizer remembers of each parameter, by the parameter's index and the moment's
    name.
    """
    import torch

    return {
        f"{index}.{name}": torch.as_tensor(value, device="cpu")
        for index, moments in optimizer.state_dict()["state"].items()
        for name, value in moments.items()
        if value is not None
    }


# What PyTorch's optimizers keep of each parameter, of those that are used here.
_MOMENTS = {"SGD": {"momentum_buffer"}, "AdamW": {"step", "exp_avg", "exp_avg_sq"}}


def load_moments(path: Path, optimizer: Optimizer, moments: Mapping[str, Tensor]) -> None:
    """Give an optimizer back what `moments_of` gave, and `path` held.

    Raises ExplanationError, and leaves the optimizer as it is, for moments of parameters that it
    does not have, of other shapes, or that are not finite.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    wanted = _MOMENTS.get(type(optimizer).__name__)
    state: dict[int, dict[str, Any]] = {}
    for key, tensor in moments.items():
        number, _, name = key.partition(".")
        index = int(number) if number.isdecimal() and len(number) < 10 else -1
        if not 0 <= index < len(parameters) or (wanted is not None and name not in wanted):
            raise ExplanationError(
                f'"{path}" holds {brief(key)} of an optimizer, and {type(optimizer).__name__} has '
                f"{len(parameters)} parameters here; expected the checkpoint of this network"
            )
        shape = parameters[index].shape if name != "step" else tensor.shape[:0]
        sound = tensor.is_floating_point() and bool(tensor.isfinite().all())
        if tensor.shape != shape or not sound or (name == "step" and float(tensor) < 0):
            raise ExplanationError(
                f'"{path}" is damaged: the optimizer\'s {brief(key)} is {brief(tensor)}; expected '
                f"finite values of shape {tuple(shape)}"
            )
        state.setdefault(index, {})[name] = tensor
    for index, found in state.items():
        if wanted is not None and found.keys() != wanted:
            raise ExplanationError(
                f'"{path}" is damaged: of the optimizer\'s parameter {index} it holds '
                f"{some_of(sorted(found))} and not {some_of(sorted(wanted - found.keys()))}"
            )
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def check_settings(
    path: Path, stored: Mapping[str, Any], settings: Mapping[str, Any], *, otherwise: str
) -> None:
    """Raise ExplanationError for a checkpoint that was stored by a training with other settings,
    naming the first that differs; `otherwise` is what to use instead, such as "another file".
    """
    for name, value in settings.items():
        if stored.get(name) != value:
            raise ExplanationError(
                f'"{path}" is the checkpoint of a training with {name}={brief(stored.get(name))}, '
                f"and now {name} is {brief(value)}; expected the same, or {otherwise}"
            )
