"""Which inputs a network takes, found by running it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.images.channels import question_of, refused
from xai_widgets.probe.functions import FunctionMode
from xai_widgets.probe.network import Network

_TRIALS = 12  # of numbers that convolutions take
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
        # It fails sooner where the channels are wrong than a recording, which looks for the reason.
        if self.hint is not None and (error := self._entering(picture.input)) is not None:
            return error
        record = self._record()
        try:
            if record is not None:
                record(picture)
        except Exception:  # it may also be that the network cannot be recorded
            return self._network.refusal(picture.input)
        return None

    def another(self, picture: Picture, tried: Collection[int]) -> int | None:
        """Another number of channels that the network takes at this size; None where none is
        found.
        """
        grey = picture.input.mean(1, keepdim=True)
        convolutions = (m for m in self._network.model.modules() if isinstance(m, nn.Conv2d))
        entering = dict.fromkeys(m.in_channels for m in convolutions)
        for channels in dict.fromkeys((3, *islice(entering, _TRIALS), 1, 4, 2, 6)):
            if channels in tried:
                continue
            if self._network.refusal(grey.repeat(1, channels, 1, 1)) is None:
                return channels
        return None

    def in_words(self, picture: Picture, error: Exception) -> Exception:
        """An error that the network raised on a picture: in words where it would have taken another
        number of channels, else as it is.
        """
        x = picture.input
        if isinstance(error, ExplanationError) or self._network.refusal(x) is None:
            return error
        channels = x.shape[1]
        way_out = question_of(tuple(x.shape[1:]))
        if not way_out and (other := self.another(picture, [channels])) is not None:
            way_out = f"It takes {other} of that size."
        return refused(picture, [(channels, error)], way_out) if way_out else error


class _TakenError(BaseException):
    """Ends a trial when a convolution has taken its input."""


class _UntilConvolution(FunctionMode):
    def call(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result = super().call(func, args, kwargs)
        if func in _CONVOLUTIONS:
            raise _TakenError
        return result
