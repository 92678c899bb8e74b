"""What a network's own failure means, in words: the picture does not fit it, or its code failed."""

from __future__ import annotations

import inspect
import linecache
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError, add_note
from xai_widgets.interrupts import interruptible
from xai_widgets.probe.guard import as_found
from xai_widgets.probe.recorder import first_tensor
from xai_widgets.targets import Target

_ELSEWHERE = (str(Path(torch.__file__).parent), str(Path(__file__).parents[1]))  # not its code
# Sides of the pictures that networks are usually made for, the likeliest first.
_USUAL_SIDES = (224, 32, 28, 64, 96, 128, 256, 299, 384, 160, 192, 48, 16, *range(288, 577, 32))
_STATED_SIDES = ("image_size", "img_size", "input_size", "resolution")
_SIZE = re.compile(
    "mat1 and mat2|invalid for input of size|sizes? of tensor|expanded size|[Kk]ernel size|"
    "[Oo]utput size is too small|doesn't match model|[Ww]rong image|normalized_shape|"
    "must be divisible|stride|padding|non-singleton|dimension"
)
# What code that looks at a size calls it.
_ASKED = re.compile(r"\b([hHwW]|height|width|\w*(size|shape|resolution|feat|dim)s?)\b")
_MIXED = re.compile(
    "same device|same dtype|should be the same|expected scalar type|meta tensor|"
    "mat1 and mat2 must have"
)
# What PyTorch says where a network leaves it, or cuts a value off.
_NO_GRAPH = (
    "does not require grad",
    "appears to not have been used in the graph",
    "on Tensor that requires grad",
    "Inference tensors",
    "not implemented for",
)
INFERENCE = "its weights were made under torch.inference_mode(); build or load it elsewhere"
_NOT_PICTURES = (nn.Conv1d, nn.Conv3d, nn.BatchNorm3d, nn.Embedding)


@contextmanager
def failures_in_words(model: nn.Module, x: Tensor) -> Iterator[None]:
    """Say what it means where the network fails on the input (N, C, H, W) inside this.

    Raises ExplanationError, with the failure as its cause, where the input does not fit the
    network. A failure of the network's own code keeps its type, and a note says where it was.
    """
    try:
        yield
    except (ExplanationError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        failure = _Failure(error, model, x)
        if failure.module is None:  # it was not raised while the network ran
            raise
        words = failure.words()
        if words is not None:
            raise ExplanationError(words) from error
        add_note(error, failure.place())
        raise


class _Failure:
    """What was raised by a network that ran on the input x, and in which of its modules."""

    def __init__(self, error: Exception, model: nn.Module, x: Tensor) -> None:
        self.error, self.model, self.x = error, model, x
        self.module, self.line, self.code = _innermost(error.__traceback__, model)

    def words(self) -> str | None:
        """What does not fit, and the way out; None for a failure that says nothing of the input."""
        return (
            self._arguments() or self._kind() or self._channels() or self._mixed() or self._size()
        )

    def place(self) -> str:
        """Where the network's own code failed."""
        return (
            f"raised by the network itself, {self._name()}{self._where()}{self.line}, when it was "
            f"given float32 {tuple(self.x.shape)}; model(engine.input(image)) fails alike"
        )

    def _name(self) -> str:
        return type(self.model).__name__

    def _where(self) -> str:
        """The innermost layer that failed, after a comma; nothing where it was the whole."""
        layer = self._layer()
        return f", in {layer}" if layer else ""

    def _layer(self) -> str:
        for name, module in self.model.named_modules():
            if module is self.module and name:
                return f"its layer {name} ({type(module).__name__})"
        return ""

    def _said(self) -> str:
        """What was raised; where that says nothing, what the network's own line says."""
        said = (str(self.error).strip().splitlines() or [self.code])[0]
        return f"{type(self.error).__name__}: {said[:200].rstrip('.')}"

    def _arguments(self) -> str | None:
        """A forward that takes more, or something else, than a picture."""
        try:
            parameters = list(inspect.signature(self.model.forward).parameters.values())
        except (TypeError, ValueError):  # scripted
            return None
        if parameters and parameters[0].name in ("input_ids", "input_values", "text", "texts"):
            return (
                f"{self._name()}.forward takes {parameters[0].name} first, not a picture "
                f"({self._said()}); wrap it in a torch.nn.Module whose forward(x) returns the "
                "scores of its classes, such as "
                "self.model(pixel_values=x, input_ids=self.texts).logits_per_image"
            )
        needed = [
            p.name
            for p in parameters
            if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        ]
        if not isinstance(self.error, TypeError) or len(needed) < 2:
            return None
        return (
            f"{self._name()}.forward needs {', '.join(needed)}; an engine gives it the picture "
            f"alone. Wrap it in a torch.nn.Module whose forward(x) returns self.model(x, "
            f"{', '.join(f'self.{name}' for name in needed[1:])})"
        )

    def _kind(self) -> str | None:
        for_pictures = any(isinstance(module, nn.Conv2d) for module in self.model.modules())
        if for_pictures or not isinstance(self.module, _NOT_PICTURES):
            return None
        volumes = isinstance(self.module, (nn.Conv3d, nn.BatchNorm3d))
        takes = "volumes or video (N, C, T, H, W)" if volumes else "sequences or text"
        return (
            f"{self._name()} takes {takes}: {self._layer() or 'it'} refused the picture "
            f"({self._said()}). Pictures are explained here: wrap it in a torch.nn.Module whose "
            "forward takes (N, C, H, W)"
        )

    def _channels(self) -> str | None:
        found = re.search(r"to have (\d+) channels, but got (\d+) channels", str(self.error))
        if found is None:
            return None
        return (
            f"{self._name()} takes {found[1]} channels{self._where()} and was given {found[2]}: "
            f"input {tuple(self.x.shape)}; pass a picture of {found[1]} channels, or give the "
            "engine a preprocessing that makes them"
        )

    def _mixed(self) -> str | None:
        if not _MIXED.search(str(self.error)):
            return None
        return (
            f"the parts of {self._name()} do not fit each other{self._where()}: {self._said()}. "
            "Put all of it on one device and in one type first, such as model.to(device).float()"
        )

    def _size(self) -> str | None:
        """A picture of a size that the network does not take, found by trying others."""
        height, width = self.x.shape[-2:]
        if self._raised_at(height, width) is not type(self.error):
            return None
        fits = next((size for size in self._sizes() if self._raised_at(*size) is None), None)
        asked = isinstance(self.error, AssertionError) and _ASKED.search(self.code)
        if fits is None and not (_SIZE.search(str(self.error)) or asked):
            return None
        size, other = ("(height, width)", "the size that it was trained with")
        if fits is not None:
            size, other = str(fits), f"{fits[0]} x {fits[1]}"
        return (
            f"{self._name()} cannot take this picture of {height} x {width} pixels (height x "
            f"width){self._where()}: {self._said()}. It takes {other}: "
            f"Engine(model, preprocessing=dict(size={size}))"
        )

    def _sizes(self) -> list[tuple[int, int]]:
        found: list[Any] = []
        stated = (self.model, getattr(self.model, "config", None))
        for home in stated:
            found += [getattr(home, name, None) for name in _STATED_SIDES]
        found.append((getattr(self.model, "default_cfg", None) or {}).get("input_size"))
        sizes = [_size_of(value) for value in found] + [(side, side) for side in _USUAL_SIDES]
        return list(dict.fromkeys(size for size in sizes if size is not None))

    def _raised_at(self, height: int, width: int) -> type[Exception] | None:
        """What the network raises on a black picture of this size; ExplanationError where it gives
        out something that is not of one picture.
        """
        try:
            with as_found(self.model), torch.no_grad():
                x = self.x.new_zeros(1, self.x.shape[1], height, width)
                output = interruptible(self.model, x)
        except Exception as error:
            return type(error)
        given = first_tensor(output)
        return ExplanationError if given is not None and given.shape[:1] != (1,) else None


def _size_of(value: Any) -> tuple[int, int] | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2048:
        return value, value
    if isinstance(value, (tuple, list)) and len(value) >= 2:
        height, width = value[-2:]
        if isinstance(height, int) and isinstance(width, int):
            return height, width
    return None


def _innermost(
    traceback: TracebackType | None, model: nn.Module
) -> tuple[nn.Module | None, str, str]:
    """The innermost module of the network that was running, the place in its own code, and what is
    written there.
    """
    modules = {id(module): module for module in model.modules()}
    module, line, written = None, "", ""
    while traceback is not None:
        frame = traceback.tb_frame
        running = frame.f_locals.get("self")
        if id(running) in modules:
            module = modules[id(running)]
        if module is not None and not frame.f_code.co_filename.startswith(_ELSEWHERE):
            code, number = frame.f_code, traceback.tb_lineno
            line = f", {Path(code.co_filename).name} line {number} ({code.co_name})"
            written = linecache.getline(code.co_filename, number).strip()
        traceback = traceback.tb_next
    return module, line, written


def not_differentiable(target: Target, error: RuntimeError, why: str = "") -> Exception:
    """What to raise for an error of autograd: in words where the score is detached."""
    said = str(error)
    if "use_reentrant" in said or "Checkpointing is not compatible" in said:
        return ExplanationError(
            "the network checkpoints activations re-entrantly, which forbids asking for gradients; "
            "use checkpoint(..., use_reentrant=False), switch checkpointing off, or use a "
            "perturbation method such as occlusion or rise"
        )
    if type(error).__name__ == "CheckpointError":
        return ExplanationError(
            "the network checkpoints activations, and its checkpointed parts, run again in a "
            "backward, do not give what they gave before; switch checkpointing off (such as "
            "model.set_grad_checkpointing(False)), or use a perturbation method such as occlusion"
        )
    if not any(words in said for words in _NO_GRAPH):
        return error
    why = why or "the network detaches it, or computes it outside PyTorch"
    if "Inference tensors" in said:
        why = INFERENCE
    return ExplanationError(
        f"{target.name}'s score does not depend on the picture in a way that can be differentiated "
        f"({why}); use a perturbation method such as occlusion or rise"
    )
