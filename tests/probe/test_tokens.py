"""Why attention cannot be read is said of the attention that a network has."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tests.networks import CLASSES, cnn, seeded
from tests.probe.test_positions import PATCHES, SIDE, WIDTH, Block, Cross, Patches
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError


class InWindows(Patches):
    """Attends within windows of 2 x 2, all windows at once."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k = nn.Linear(WIDTH, 8), nn.Linear(WIDTH, 8)

    def made(self, t: Tensor) -> Tensor:
        n = len(t)
        windows = t.view(n, 1, 2, 2, 2, 2, WIDTH).transpose(3, 4).reshape(n, 1, 4, 4, WIDTH)
        a = (self.q(windows) @ self.k(windows).transpose(-2, -1)).softmax(-1)
        return (windows + a @ windows).view(n, PATCHES, WIDTH)


class FewerKeys(Patches):
    """Keys are every other patch."""

    def __init__(self) -> None:
        super().__init__()
        self.cross = Cross()

    def made(self, t: Tensor) -> Tensor:
        return self.cross(t, t[:, ::2])


class LinearAttention(nn.Module):
    """softmax(Q) (softmax(K)ᵀ V): no matrix of tokens with each other."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)

    def forward(self, t: Tensor) -> Tensor:
        q, k, v = self.qkv(t).chunk(3, dim=2)
        made: Tensor = t + q.sigmoid() @ (k.softmax(1).transpose(1, 2) @ v)
        return made


class Linear(Patches):
    def __init__(self) -> None:
        super().__init__()
        self.attention = LinearAttention()

    def made(self, t: Tensor) -> Tensor:
        return self.attention(t)


class OfChannels(Patches):
    """Channels attend to each other, and there are as many of them as patches."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def made(self, t: Tensor) -> Tensor:
        assert WIDTH == PATCHES
        a = (self.q(t).transpose(1, 2) @ self.k(t)).softmax(-1)
        return t + (a @ t.transpose(1, 2)).transpose(1, 2)


REFUSED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "none": (lambda: cnn(), "needs attention layers; this network has none"),
    "windows": (InWindows, "attends within windows or at several resolutions"),
    "fewer_keys": (FewerKeys, "this network's are of 16 queries and 8 others"),
    "linear": (Linear, '(such as "attention", LinearAttention) computes none by a softmax'),
    "channels": (OfChannels, "the 16 tokens of this network's are"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_reason_is_of_the_attention_that_there_is(name: str) -> None:
    make, words = REFUSED[name]
    torch.manual_seed(0)
    engine = Engine(seeded(make()))
    x = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(1))
    for method in ("attention_rollout", "gradient_attention", "legrad"):
        with pytest.raises(ExplanationError) as raised:
            engine.explain(x, method, target=0)
        assert words in str(raised.value)
        assert "reading attention needs" in str(raised.value)


class OnAMap(nn.Module):
    """Attention between the positions of a convolution's map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.block = nn.Conv2d(3, WIDTH, 5, 4, 2), Block()
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.block(self.conv(x).flatten(2).transpose(1, 2)).mean(1))


def test_attention_on_a_map_is_read() -> None:
    engine = Engine(seeded(OnAMap()))
    x = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(1))
    assert engine.explain(x, "attention_rollout", target=0).values.shape == (SIDE, SIDE)
