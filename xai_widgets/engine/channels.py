"""Which inputs a network takes, found by running it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.probe.guard import FunctionMode
from xai_widgets.probe.network import Network

_CONVOLUTIONS = (torch.conv2d, torch.conv1d, torch.conv3d)


class AcceptedChannels:
    """The numbers of channels that a network was seen to take.

    `record` is a method that runs the network on a picture and keeps the pass, which is the first
    that is needed for its explanation: trying a number of channels costs nothing where it is right.
    """

    def __init__(self, network: Network, record: Callable[[Picture], object]) -> None:
        self._network, self._record = network, weakref.WeakMethod(record)
        self._accepted: set[tuple[int, int | None, bool]] = set()

    @property
    def hint(self) -> int | None:
        """The channels of the first convolution that is registered."""
        for module in self._network.model.modules():
            if isinstance(module, nn.Conv2d):
                return module.in_channels
        return None

    def refusal(self, picture: Picture, *, entering: bool) -> Exception | None:
        """Why the network does not take as many channels as the picture's; None where it does.

        entering: whether it is enough that the first convolution takes them.
        """
        # With another first convolution it is another network.
        channels, hint = picture.input.shape[1], self.hint
        if {(channels, hint, False), (channels, hint, entering)} & self._accepted:
            return None
        error = self._entering(picture.input) if entering else self._recorded(picture)
        if error is None:
            self._accepted.add((channels, hint, entering))
        return error

    def _entering(self, x: Tensor) -> Exception | None:
        try:
            return self._network.refusal(x, _UntilConvolution())
        except _TakenError:
            return None

    def _recorded(self, picture: Picture) -> Exception | None:
        record = self._record()
        try:
            if record is not None:
                record(picture)
        except Exception:  # it may also be that the network cannot be recorded
            return self._network.refusal(picture.input)
        return None

    def in_words(self, picture: Picture, error: Exception) -> Exception:
        """An error that the network raised on a picture: in words where it would have taken another
        number of channels, else as it is.
        """
        x = picture.input
        if isinstance(error, ExplanationError) or self._network.refusal(x) is None:
            return error
        channels, height, width = x.shape[1:]
        reason = (str(error).strip().splitlines() or [""])[0][:200].rstrip(".")
        refused = (
            f"the network does not take {picture.name} with {channels} channel(s) of {height} x "
            f"{width} pixels ({type(error).__name__}: {reason})"
        )
        if width in (1, 3, 4) and self._network.refusal(x.permute(0, 3, 1, 2)) is None:
            return ExplanationError(
                f"{refused}, but it does take height, width, channels in the order channels, "
                "height, width: pass x.permute(2, 0, 1), or a numpy array."
            )
        for other in dict.fromkeys((self.hint, 3, 1, 4, 2, 6)):
            if other is None or other == channels:
                continue
            if self._network.refusal(x.mean(1, keepdim=True).repeat(1, other, 1, 1)) is None:
                return ExplanationError(f"{refused}; it takes {other} of that size.")
        return error


class _TakenError(BaseException):
    """Ends a trial when a convolution has taken its input."""


class _UntilConvolution(FunctionMode):
    def call(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = super().call(func, args, kwargs)
        if func in _CONVOLUTIONS:
            raise _TakenError
        return result
