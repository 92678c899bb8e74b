"""Small networks with attention, in the spellings people use, with seeded random weights."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.networks import CLASSES, seeded

Heads = Callable[[Tensor, Tensor, Tensor], Tensor]  # queries, keys, values (N, heads, T, d)


def _softmax(a: Tensor) -> Tensor:
    return a.softmax(-1)


def _by_hand(softmax: Callable[[Tensor], Tensor]) -> Heads:
    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return softmax(q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5) @ v

    return attend


def _heads_in_the_batch(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    shape = q.shape
    q, k, v = (t.flatten(0, 1) for t in (q, k, v))
    return (F.softmax(torch.bmm(q, k.mT) / q.shape[-1] ** 0.5, 2) @ v).view(shape)


def _zero_mask(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    mask = torch.zeros(q.shape[-2], k.shape[-2], dtype=q.dtype)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def _true_mask(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    mask = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool)
    return F.scaled_dot_product_attention(q, k, v, mask)


# Every way to write softmax(Q Kᵀ / √d) V, all heads at once.
ATTENTION_SPELLINGS: dict[str, Heads] = {
    "fused": F.scaled_dot_product_attention,
    "fused_keywords": lambda q, k, v: F.scaled_dot_product_attention(query=q, key=k, value=v),
    "fused_scale": lambda q, k, v: F.scaled_dot_product_attention(
        q * 2, k, v, scale=0.5 * q.shape[-1] ** -0.5
    ),
    "fused_mask": _zero_mask,
    "fused_bool_mask": _true_mask,
    "method": _by_hand(_softmax),
    "torch": _by_hand(lambda a: torch.softmax(a, 3)),
    "functional": _by_hand(lambda a: F.softmax(a, dim=-1)),
    "module": _by_hand(nn.Softmax(dim=-1)),
    "heads_in_the_batch": _heads_in_the_batch,
}


class SelfAttention(nn.Module):
    """Two heads, one of the spellings above."""

    def __init__(self, width: int, attend: Heads) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.attend = attend

    def forward(self, x: Tensor) -> Tensor:
        n, count, width = x.shape
        q, k, v = self.qkv(x).view(n, count, 3, 2, width // 2).permute(2, 0, 3, 1, 4)
        return self.out(self.attend(q, k, v).transpose(1, 2).reshape(n, count, width))


class MultiHead(nn.Module):
    """The same with PyTorch's own layer; with `wants_weights`, it asks for A as well."""

    def __init__(self, like: SelfAttention, **options: Any) -> None:
        super().__init__()
        width = like.out.in_features
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.options = {"need_weights": False, **options}
        self.seen: SimpleQueue[Tensor | None] = SimpleQueue()  # what a probe leaves alone
        with torch.no_grad():
            self.attention.in_proj_weight.copy_(like.qkv.weight)
            self.attention.in_proj_bias.copy_(like.qkv.bias)
            self.attention.out_proj.load_state_dict(like.out.state_dict())

    def forward(self, x: Tensor) -> Tensor:
        out, weights = self.attention(x, x, x, **self.options)
        self.seen.put(weights)
        return out


class TinyVit(nn.Module):
    """Patches of 4 pixels, `prefix` tokens before them, blocks of attention and hidden units; the
    head reads the first token, or the mean over all where there is no prefix.
    """

    def __init__(self, attend: Heads, depth: int = 3, prefix: int = 1, size: int = 16) -> None:
        super().__init__()
        width = 8
        self.prefix = nn.Parameter(torch.zeros(1, prefix, width))
        self.patches = nn.Conv2d(3, width, 4, stride=4)
        self.positions = nn.Parameter(torch.zeros(1, (size // 4) ** 2 + prefix, width))
        self.attention = nn.ModuleList(SelfAttention(width, attend) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        self.hidden = nn.ModuleList(
            nn.Sequential(nn.Linear(width, 12), nn.GELU(), nn.Linear(12, width))
            for _ in range(depth)
        )
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.prefix.expand(len(x), -1, -1), x], dim=1) + self.positions
        for norm, attention, hidden in zip(self.norms, self.attention, self.hidden, strict=True):
            x = x + attention(norm(x))
            x = x + hidden(x)
        return self.head(x[:, 0] if self.prefix.shape[1] else x.mean(dim=1))


def tiny_vit(spelling: str = "fused", **options: Any) -> TinyVit:
    """The same small transformer, its attention spelled in one of the ways above."""
    network = seeded(TinyVit(ATTENTION_SPELLINGS[spelling], **options))
    with torch.no_grad():
        for attention in network.attention:
            attention.qkv.weight.mul_(2)  # so that attention is not all the same
    return network


class OverPositions(nn.Module):
    """Two layers of attention between the positions of a map (N, C, h, w)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = SelfAttention(channels, F.scaled_dot_product_attention)
        self.second = SelfAttention(channels, _by_hand(_softmax))

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)
        tokens = tokens + self.first(tokens)
        tokens = tokens + self.second(tokens)
        return tokens.transpose(1, 2).reshape(x.shape)


def attending(network: Any) -> Any:
    """Any of the small convolutional networks, with attention after its second convolution."""
    network.conv2 = nn.Sequential(network.conv2, seeded(OverPositions(8), 1))
    return network
