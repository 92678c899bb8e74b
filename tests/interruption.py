"""Interrupts at every place: by a signal at any moment, and by any call of a function of PyTorch.

After each, what was raised is looked at, the network, object by object, and the process around it.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import _len_torch_dispatch_stack

from tests.networks import Normalised, seeded
from tests.requests import Values, explain
from xai_widgets import interrupts, locks
from xai_widgets.engine import Engine
from xai_widgets.methods import Method
from xai_widgets.probe.fingerprint import AS_FOUND
from xai_widgets.probe.generators import _Compared
from xai_widgets.probe.guard import lock_of

_CONTAINERS = (dict, list, set)


class Eventful(Normalised):
    """All that a probe puts aside, in one small network: modes of its own, buffers that it writes
    to and shares, attributes and hooks that collect, a shared and a checkpointed part.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("runs", torch.zeros(()))
        self.counter = nn.Module()
        self.counter.register_buffer("runs", self.runs)
        self.counter.register_buffer("nothing", None)
        self.seen: list[Any] = []
        self.latest: Tensor | None = None
        self.norm1.register_forward_hook(self._note)

    def _note(self, module: nn.Module, args: Any, output: Tensor) -> None:
        self.latest = output.detach()

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(x.shape)
        self.runs += 1
        with torch.no_grad():
            brightness = x.mean()
        x = self.drop(self.relu(self.norm1(self.conv1(x)))) + 0 * brightness
        with torch.autocast("cpu", enabled=False), torch.enable_grad():
            x = self.relu(self.norm2(self.conv2(x)) + x)
        return self.head(x.mean((2, 3)))


def eventful() -> Eventful:
    """Seeded, in training mode but for one part, as a network is between two epochs."""
    network = seeded(Eventful()).train()
    network.conv2.eval()
    return network


def parts_of(model: nn.Module) -> list[tuple[str, Any]]:
    """Every object that a network is made of, by name; whoever keeps the list keeps the objects."""
    parts: list[tuple[str, Any]] = []
    for name, module in model.named_modules(remove_duplicate=False):
        parts.append((name, module))
        for key, value in vars(module).items():
            parts.append((f"{name}.{key}", value))
            if isinstance(value, dict):
                parts += [(f"{name}.{key}[{inner}]", held) for inner, held in value.items()]
            elif isinstance(value, _CONTAINERS):
                parts += [(f"{name}.{key}[{i}]", held) for i, held in enumerate(value)]
    return parts


def _saved_tensors_hooks() -> Any:
    """PyTorch's uppermost hooks for saved tensors; None where there are none, or it is too old."""
    top = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", None)
    return None if top is None else top(True)


def process_of(model: nn.Module) -> dict[str, Any]:
    """What belongs to the process and this thread, not to the network."""
    return {
        "function modes": torch._C._len_torch_function_stack(),
        "dispatch modes": _len_torch_dispatch_stack(),
        "functions disabled": not torch._C._is_torch_function_enabled(),
        "saved tensors": _saved_tensors_hooks(),
        "grad mode": torch.is_grad_enabled(),
        "inference mode": torch.is_inference_mode_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "threads": torch.get_num_threads(),
        "handlers": [signal.getsignal(number) for number in interrupts._SIGNALS],
        "deferred": (interrupts._state.depth, interrupts._state.closed),
        "waiting": dict(interrupts._state.waiting),
        "locks": list(locks._held.locks),
        "network locked": lock_of(model)._owner,
        "shown to others": dict(AS_FOUND),
        "generators compared": _Compared.now,
    }


class Found:
    """A network and the process, as they were found."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._parts = parts_of(model)
        self._tensors = [
            (name, tensor, tensor.detach().clone(), tensor._version)
            for name, tensor in self._parts
            if isinstance(tensor, Tensor)
        ]
        self._process = process_of(model)
        self.generator = torch.get_rng_state()

    def differences(self) -> list[str]:
        """What is another object now, or another value."""
        now = parts_of(self._model)
        if [name for name, _ in now] != [name for name, _ in self._parts]:
            return sorted({name for name, _ in now} ^ {name for name, _ in self._parts}) or [
                "order"
            ]
        pairs = zip(self._parts, now, strict=True)
        different = [name for (name, was), (_, is_now) in pairs if not _same(was, is_now)]
        different += [
            f"{name} (value)"
            for name, tensor, value, version in self._tensors
            if tensor._version != version or not torch.equal(tensor, value)
        ]
        process = process_of(self._model)
        different += [key for key, value in process.items() if value != self._process[key]]
        if not torch.equal(torch.get_rng_state(), self.generator):
            different.append("torch generator")
        return different


def _same(was: Any, now: Any) -> bool:
    return was is now or (isinstance(was, (int, float, str, tuple)) and was == now)


class EveryCall(TorchFunctionMode):
    """Counts the calls of functions of PyTorch, and interrupts the one of that number."""

    def __init__(self, number: int | None = None) -> None:
        super().__init__()
        self.calls, self.number = 0, number

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        self.calls += 1
        if self.calls - 1 == self.number:
            raise KeyboardInterrupt(f"{self.number}: {func}")
        return func(*args, **(kwargs or {}))


class Alarm:
    """Interrupts the main thread after a while, and perhaps once more shortly after that. Rings
    that Python drops, because they came in a callback of the garbage collector or a finalizer, do
    not count, unless that is ours.
    """

    def __init__(self) -> None:
        self.rung, self._left = 0, 0

    def rings_in(self, work: Callable[[], object], seconds: float, again: float = 0.0) -> bool:
        """Do the work, ringing after so many seconds if it lasts so long; whether an interrupt came
        out of it.
        """
        assert threading.current_thread() is threading.main_thread()
        self.rung, self._left = 0, 2 if again else 1

        def timed() -> None:
            try:
                signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6), again)
                work()
            finally:
                self._left = 0

        before, hook = signal.signal(signal.SIGALRM, self._ring), sys.unraisablehook
        sys.unraisablehook = self._dropped
        raised = interrupted(timed)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.unraisablehook = hook
        return raised

    def _dropped(self, what: Any) -> None:
        ours = str(getattr(what.object, "__module__", "")).startswith("xai_widgets")
        if what.exc_type is KeyboardInterrupt and not ours:
            self.rung -= 1

    def _ring(self, *_: Any) -> None:
        if self._left > 0:
            self._left -= 1
            self.rung += 1
            raise KeyboardInterrupt


class EveryStep:
    """Counts the steps of this package's Python code (bytecodes, those of `contextlib` included),
    and sends a signal at the one of that number: stricter than Python, which runs handlers only
    between some of them.
    """

    def __init__(self, number: int | None = None) -> None:
        self.steps, self.number = 0, number

    def __enter__(self) -> EveryStep:
        sys.settrace(self._call)
        return self

    def __exit__(self, *exc: object) -> None:
        sys.settrace(None)

    def _call(self, frame: FrameType, event: str, arg: Any) -> Any:
        name = str(frame.f_globals.get("__name__"))
        if not (name.startswith("xai_widgets.") or name == "contextlib"):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._step

    def _step(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "opcode":
            self.steps += 1
            if self.steps - 1 == self.number:
                sys.settrace(None)
                signal.raise_signal(signal.SIGINT)
        return self._step


def interrupted(work: Callable[[], object]) -> bool:
    """Whether an interrupt came out of the work. It is kept, as IPython does, and with it all that
    was stopped halfway: nothing may be put back only when that is collected.
    """
    try:
        work()
    except KeyboardInterrupt as error:
        _kept[:] = [error]
        return True
    return False


_kept: list[KeyboardInterrupt] = []


class Subject:
    """An engine over a network, and what each of its methods gives when nobody interrupts it."""

    def __init__(self, model: nn.Module, methods: Mapping[str, Method]) -> None:
        self.engine, self.methods = Engine(model), methods
        self.expected = {name: self.explain(name) for name in methods}
        self.found = Found(self.engine.model)

    def explain(self, method: str) -> Values:
        """Explain anew: nothing is kept from before."""
        self.engine.forget()
        return explain(self.engine, method)

    def calls(self, method: str) -> int:
        """How many functions of PyTorch an explanation calls."""
        with EveryCall() as counted:
            self.explain(method)
        return counted.calls

    def steps(self, method: str) -> int:
        """How many steps of this package's code an explanation takes."""
        with EveryStep() as counted:
            self.explain(method)
        return counted.steps

    def problems(self, method: str) -> list[str]:
        """What an interrupt of this method has left, and whether the next answer is right."""
        problems = self.found.differences()
        if not np.array_equal(self.explain(method), self.expected[method]):
            problems.append("another answer")
        return problems + self.found.differences()

    def interrupt_call(self, method: str, number: int) -> list[str] | None:
        """Interrupt an explanation at one call; what is wrong afterwards. None where there were
        fewer.
        """
        every = EveryCall(number)

        def work() -> None:
            with every:
                self.explain(method)

        self.found.generator = torch.get_rng_state()
        raised = interrupted(work)
        if every.calls <= number:
            return None
        return ["swallowed"] * (not raised) + self.problems(method)

    def interrupt_step(self, method: str, number: int) -> list[str] | None:
        """Interrupt an explanation at one step of this package's code; see `interrupt_call`."""
        every = EveryStep(number)

        def work() -> None:
            with every:
                self.explain(method)

        self.found.generator = torch.get_rng_state()
        raised = interrupted(work)
        if every.steps <= number:
            return None
        return ["swallowed"] * (not raised) + self.problems(method)

    def interrupt_after(self, method: str, seconds: float, again: float) -> list[str] | None:
        """Interrupt an explanation at a moment; what is wrong afterwards. None where it was done
        before.
        """
        alarm = Alarm()
        self.found.generator = torch.get_rng_state()
        raised = alarm.rings_in(lambda: self.explain(method), seconds, again)
        if not alarm.rung:
            return None
        return ["swallowed"] * (not raised) + self.problems(method)
