"""Tokens that are no places of the picture carry no map, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.networks import CLASSES, seeded
from tests.transformers import ATTENTION_SPELLINGS, Heads, SelfAttention
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.probe.layers import Layout
from xai_widgets.probe.positions import found_of
from xai_widgets.probe.ways import Ways

WIDTH, SIDE = 16, 4
PATCHES = SIDE**2
ATTENTION = ("attention_rollout", "gradient_attention", "legrad")


class Block(nn.Module):
    """Attention and hidden units, each added to what goes through."""

    def __init__(self, attend: Heads = F.scaled_dot_product_attention) -> None:
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(WIDTH), SelfAttention(WIDTH, attend)
        self.hidden = nn.Sequential(nn.Linear(WIDTH, 24), nn.GELU(), nn.Linear(24, WIDTH))

    def forward(self, t: Tensor) -> Tensor:
        t = t + self.attention(self.norm(t))
        return t + self.hidden(t)


class Cross(nn.Module):
    """Tokens of one kind that look at those of another; `residual` adds what they were."""

    def __init__(
        self, attend: Heads = F.scaled_dot_product_attention, residual: bool = True
    ) -> None:
        super().__init__()
        self.q, self.kv = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 2 * WIDTH)
        self.out, self.attend, self.residual = nn.Linear(WIDTH, WIDTH), attend, residual

    def forward(self, t: Tensor, others: Tensor) -> Tensor:
        q, k, v = (
            part.unflatten(2, (2, -1)).transpose(1, 2)
            for part in (self.q(t), *self.kv(others).chunk(2, dim=2))
        )
        made = self.out(self.attend(q, k, v).transpose(1, 2).flatten(2))
        return t + made if self.residual else made


class Patches(nn.Module):
    """4 x 4 patches with positions, and what a network makes of them."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, WIDTH, 4, 4)
        self.places = nn.Parameter(torch.zeros(1, PATCHES, WIDTH))
        self.head = nn.Linear(WIDTH, CLASSES)

    def tokens(self, x: Tensor) -> Tensor:
        return self.patch(x).flatten(2).transpose(1, 2) + self.places

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.made(self.tokens(x)).mean(1))

    def made(self, t: Tensor) -> Tensor:
        raise NotImplementedError


class Latents(Patches):
    """A Perceiver: learned latents look at the patches, then at each other."""

    def __init__(
        self, count: int = PATCHES, attend: Heads = F.scaled_dot_product_attention
    ) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.zeros(1, count, WIDTH))
        self.cross, self.blocks = Cross(attend), nn.Sequential(Block(attend), Block(attend))
        self.again = Cross(attend)

    def made(self, t: Tensor) -> Tensor:
        made = self.blocks(self.cross(self.latents.expand(len(t), -1, -1), t))
        return self.again(made, t)


class MultiHeadLatents(Latents):
    """The same with PyTorch's own attention."""

    def __init__(self) -> None:
        super().__init__()
        self.cross = nn.MultiheadAttention(WIDTH, 2, batch_first=True)

    def made(self, t: Tensor) -> Tensor:
        latents = self.latents.expand(len(t), -1, -1)
        return self.blocks(latents + self.cross(latents, t, t)[0])


class Queries(Patches):
    """DETR: an encoder, and a decoder with learned queries."""

    def __init__(self, count: int = PATCHES) -> None:
        super().__init__()
        self.encoder = nn.Sequential(Block(), Block())
        self.queries = nn.Parameter(torch.zeros(1, count, WIDTH))
        layer = nn.TransformerDecoderLayer(WIDTH, 2, 24, 0.0, batch_first=True)
        self.decoder = nn.TransformerDecoder(layer, 2)

    def made(self, t: Tensor) -> Tensor:
        return self.decoder(self.queries.expand(len(t), -1, -1), self.encoder(t))


class Slots(Patches):
    """Slot attention: slots compete for the patches, by a softmax over the slots."""

    def __init__(self) -> None:
        super().__init__()
        self.slots = nn.Parameter(torch.zeros(1, 4, WIDTH))
        self.q, self.k, self.v = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.update, self.last = nn.GRUCell(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def made(self, t: Tensor) -> Tensor:
        slots = self.slots.expand(len(t), -1, -1)
        for _ in range(2):
            a = (self.q(slots) @ self.k(t).transpose(1, 2)).softmax(1)
            a = a / a.sum(2, keepdim=True)
            found = self.update((a @ self.v(t)).flatten(0, 1), slots.flatten(0, 1))
            slots = found.view_as(slots)
        return self.last(slots)


class Learned(Patches):
    """TokenLearner: each of its tokens is a mean over the picture, by weights made of it."""

    def __init__(self) -> None:
        super().__init__()
        self.weights, self.last = nn.Linear(WIDTH, 4), nn.Linear(WIDTH, WIDTH)

    def made(self, t: Tensor) -> Tensor:
        a = self.weights(t).transpose(1, 2).softmax(2)
        return self.last(a @ t)


class Pooled(Patches):
    """As many tokens as learned weights make of the patches."""

    def __init__(self) -> None:
        super().__init__()
        self.pool, self.last = nn.Linear(PATCHES, 4), nn.Linear(WIDTH, WIDTH)

    def made(self, t: Tensor) -> Tensor:
        return self.last(self.pool(t.transpose(1, 2)).transpose(1, 2))


class Pruned(Patches):
    """The nine patches of the largest norm go on, the largest first."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = Block(), Block()

    def made(self, t: Tensor) -> Tensor:
        t = self.first(t)
        order = t.norm(dim=2).argsort(1, descending=True)[:, :9]
        return self.last(t.gather(1, order[..., None].expand(-1, -1, WIDTH)))


class InWindows(Patches):
    """Patches sorted by windows of 2 x 2, as Hiera keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Block(), Block())

    def made(self, t: Tensor) -> Tensor:
        n = len(t)
        t = t.view(n, 2, 2, 2, 2, WIDTH).permute(0, 2, 4, 1, 3, 5).reshape(n, PATCHES, WIDTH)
        return self.blocks(t)


class Transposed(Patches):
    """Channels are given out as if they were tokens: (N, 16, T)."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = nn.Flatten(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.turn(self.patch(x)).mean(2))


# name: (network, a layer that looks like a map and is none, a word of the reason)
NO_PLACES: dict[str, tuple[Callable[[], nn.Module], str, str]] = {
    **{
        f"latents_{spelling}": (lambda attend=attend: Latents(attend=attend), "blocks.1", "latents")
        for spelling, attend in ATTENTION_SPELLINGS.items()
    },
    **{f"{n}_latents": (lambda n=n: Latents(n), "blocks.1", "latents") for n in (4, 8, 9, 17)},
    "latents_of_multi_head": (MultiHeadLatents, "blocks.0", "latents"),
    "latents_frozen": (lambda: Latents().requires_grad_(False), "blocks", "latents"),
    "queries": (Queries, "decoder", "queries"),
    "9_queries": (lambda: Queries(9), "decoder.layers.0", "queries"),
    "slots": (Slots, "last", "slots"),
    "learned_tokens": (Learned, "last", "mixed"),
    "pooled_tokens": (Pooled, "last", "mixed"),
    "pruned": (Pruned, "last", "order"),
    "windows": (InWindows, "blocks.1", "order"),
    "channels": (Transposed, "turn", "mixed"),
}


def _picture(size: int = 16) -> Tensor:
    return torch.rand(3, size, size, generator=torch.Generator().manual_seed(2))


def _seeded(make: Callable[[], nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return seeded(make())


@pytest.mark.parametrize("name", NO_PLACES)
def test_what_is_no_place_is_no_map(name: str) -> None:
    make, layer, word = NO_PLACES[name]
    engine = Engine(_seeded(make))
    x = _picture()
    with pytest.raises(ExplanationError, match=f"looks like a map and is none.*{word}"):
        engine.explain(x, "grad_cam", layer=layer)
    for method in ATTENTION:
        with pytest.raises(ExplanationError, match="reading attention needs"):
            engine.explain(x, method)
    assert layer not in engine.layers


@pytest.mark.parametrize("name", NO_PLACES)
def test_the_default_layer_lies_over_the_picture(name: str) -> None:
    """A patch of another colour changes the default layer's map most at that patch."""
    make, _, _ = NO_PLACES[name]
    engine = Engine(_seeded(make))
    x = _picture()
    layer = str(engine.explain(x, "grad_cam", target=1).layer)
    _follows(engine, x, layer)


def _follows(engine: Engine, x: Tensor, layer: str) -> None:
    before = engine.internals.trace(engine.picture(x)).activation(layer)
    for row, column in ((0, 3), (3, 0), (1, 2), (2, 3)):
        changed = x.clone()
        changed[:, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 3
        after = engine.internals.trace(engine.picture(changed)).activation(layer)
        found = (after - before)[0].norm(dim=0)
        assert np.unravel_index(int(found.argmax()), found.shape) == (row, column)


class TokensBehind(Patches):
    """Class tokens `before` the patches, `between` their halves and `behind` them."""

    def __init__(self, before: int, between: int, behind: int) -> None:
        super().__init__()
        self.counts = before, between, behind
        self.extra = nn.Parameter(torch.zeros(1, sum(self.counts), WIDTH))
        self.blocks = nn.Sequential(Block(), Block())
        self.last = nn.Linear(WIDTH, WIDTH)

    def made(self, t: Tensor) -> Tensor:
        before, between, behind = self.extra.expand(len(t), -1, -1).split(self.counts, dim=1)
        halves = t.chunk(2, dim=1)
        return self.last(self.blocks(torch.cat([before, halves[0], between, halves[1], behind], 1)))


@pytest.mark.parametrize("counts", [(1, 0, 0), (0, 0, 1), (1, 0, 2), (0, 0, 4), (3, 0, 1)])
def test_class_tokens_before_and_behind_are_left_out(counts: tuple[int, int, int]) -> None:
    network = _seeded(lambda: TokensBehind(*counts))
    engine, x = Engine(network), _picture()
    for layer in ("blocks.0", "blocks.1", "last"):
        _follows(engine, x, layer)
    a_first = engine.explain(x, "attention_rollout", target=0).values
    assert a_first.shape == (SIDE, SIDE)


@pytest.mark.parametrize("behind", [False, True])
def test_rollout_is_that_of_the_patches(behind: bool) -> None:
    """The class token's place in the sequence makes no difference to who looks at what."""
    network: Any = _seeded(lambda: TokensBehind(0, 0, 1) if behind else TokensBehind(1, 0, 0))
    x = _picture()
    matrices: list[Tensor] = []
    t = network.tokens(x[None])
    extra = network.extra.expand(1, -1, -1)
    t = torch.cat([t, extra] if behind else [extra, t], 1)
    with torch.no_grad():
        for block in network.blocks:
            qkv = block.attention.qkv(block.norm(t)).view(1, PATCHES + 1, 3, 2, WIDTH // 2)
            q, k, _ = qkv.permute(2, 0, 3, 1, 4)
            a = (q @ k.transpose(-2, -1) / (WIDTH // 2) ** 0.5).softmax(-1).mean(1)[0]
            matrices.append((a + torch.eye(PATCHES + 1)) / 2)
            t = block(t)
    row = (matrices[1] @ matrices[0]).mean(0)
    expected = row[:-1] if behind else row[1:]
    found = Engine(network).explain(x, "attention_rollout", target=0).values
    np.testing.assert_allclose(found.flatten(), expected, rtol=1e-4)


def test_a_class_token_between_the_patches_is_refused() -> None:
    engine = Engine(_seeded(lambda: TokensBehind(0, 1, 0)))
    with pytest.raises(ExplanationError, match="not in the order"):
        engine.explain(_picture(), "grad_cam", layer="last")
    with pytest.raises(ExplanationError, match="not in the order"):
        engine.explain(_picture(), "attention_rollout")


class OnePerWindow(Patches):
    """A learned query looks at each window of 2 x 2: its four tokens are places."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.pool, self.last = Cross(residual=False), nn.Linear(WIDTH, WIDTH)

    def made(self, t: Tensor) -> Tensor:
        n = len(t)
        windows = t.view(n, 2, 2, 2, 2, WIDTH).transpose(2, 3).reshape(4 * n, 4, WIDTH)
        return self.last(self.pool(self.query.expand(4 * n, -1, -1), windows).view(n, 4, WIDTH))


def test_a_learned_query_for_each_window_keeps_the_places() -> None:
    found = Engine(_seeded(OnePerWindow)).explain(_picture(), "grad_cam", target=1, layer="last")
    assert found.values.shape == (2, 2)


def test_the_places_are_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from xai_widgets.probe import positions

    looked: list[Any] = []
    real = positions.found_of

    def counted(*args: Any) -> Any:
        looked.append(args)
        return real(*args)

    monkeypatch.setattr(positions, "found_of", counted)
    engine = Engine(_seeded(lambda: TokensBehind(1, 0, 0)))
    engine.explain(_picture(), "grad_cam", target=1)
    first = len(looked)
    assert first > 0
    engine.explain(_picture() + 1, "grad_cam", target=1)
    engine.explain(_picture() + 2, "hires_cam", target=2)
    assert len(looked) == first


class Mixer(Patches):
    """Learned weights mix the patches so much that where each was cannot be seen any more."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(WIDTH, WIDTH)
        self.mix = nn.Parameter(torch.zeros(PATCHES, PATCHES))
        self.wide, self.narrow = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def made(self, t: Tensor) -> Tensor:
        t = self.first(t)
        return self.narrow(self.wide(t + 3 * (self.mix @ t)))


def test_what_is_mixed_by_weights_keeps_the_places_that_it_had() -> None:
    network: Any = _seeded(Mixer)
    engine, x = Engine(network), _picture()
    trace = engine.internals.trace(engine.picture(x))
    (record,) = trace.recorder.calls("wide")
    positions = trace.recorder.positions
    assert found_of(record.tensor, record.layout, trace._x, Ways(trace._x, PATCHES))[0] == "unknown"
    assert positions.of(record).layout == Layout("tokens", (SIDE, SIDE), 2 * WIDTH)
    with torch.no_grad():
        t = network.first(network.tokens(x[None]))
        wide = network.wide(t + 3 * network.mix @ t)[0]
    weights = network.head.weight[1] @ network.narrow.weight / PATCHES
    found = engine.explain(x, "hires_cam", target=1, layer="wide").values
    np.testing.assert_allclose(found.flatten(), (wide @ weights).detach(), rtol=1e-3, atol=1e-6)


class ChannelsLast(nn.Module):
    """A map of channels last, with as many channels as rows and columns."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.last = nn.Conv2d(3, SIDE, 4, 4), nn.Linear(SIDE, SIDE)
        self.head = nn.Linear(SIDE, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.last(self.patch(x).permute(0, 2, 3, 1)).mean((1, 2)))


def test_channels_last_of_a_cube_is_told_from_channels_first() -> None:
    network: Any = _seeded(ChannelsLast)
    engine, x = Engine(network), _picture()
    _follows(engine, x, "last")
    _follows(engine, x, "patch")
    with torch.no_grad():
        values = network.last(network.patch(x[None]).permute(0, 2, 3, 1))[0]
    weights = network.head.weight[1] / PATCHES
    found = engine.explain(x, "hires_cam", target=1, layer="last").values
    np.testing.assert_allclose(found, (values @ weights).detach(), rtol=1e-4, atol=1e-6)


class WithMatrix(Patches):
    """Gives its attention matrix out of a layer of its own: it is as large as a map."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.matrix = nn.Linear(WIDTH, 8), nn.Linear(WIDTH, 8), nn.Softmax(-1)

    def made(self, t: Tensor) -> Tensor:
        a = self.matrix((self.q(t) @ self.k(t).transpose(1, 2))[:, None])[:, 0]
        return t + a @ t


def test_a_matrix_of_who_attends_to_whom_is_no_map() -> None:
    engine = Engine(_seeded(WithMatrix))
    with pytest.raises(ExplanationError, match="looks like a map and is none"):
        engine.explain(_picture(), "grad_cam", target=1, layer="matrix")
    assert engine.explain(_picture(), "attention_rollout", target=1).values.shape == (SIDE, SIDE)


class Rectified(Patches):
    """Tokens of dark patches are those of none."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(WIDTH, WIDTH)

    def tokens(self, x: Tensor) -> Tensor:
        return super().tokens(x).relu()

    def made(self, t: Tensor) -> Tensor:
        return self.last(t)


def test_a_picture_that_is_black_in_part_decides_nothing() -> None:
    network: Any = _seeded(Rectified)
    with torch.no_grad():
        network.patch.weight.abs_()
        network.patch.bias.fill_(-0.5)
        network.places.zero_()
    engine, x = Engine(network), _picture()
    black = torch.zeros_like(x)
    black[:, :8, :8] = x[:, :8, :8]
    assert engine.explain(black, "grad_cam", target=1, layer="last").values.shape == (SIDE, SIDE)
    _follows(engine, x, "last")


class Padded(Patches):
    """A map of 4 x 4, padded to one window of 8 x 8 for its last layer."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(WIDTH, WIDTH)

    def made(self, t: Tensor) -> Tensor:
        square = F.pad(t.view(len(t), SIDE, SIDE, WIDTH), (0, 0, 0, 4, 0, 4))
        return self.last(square.flatten(1, 2))


def test_a_map_that_was_padded_to_a_window_is_refused() -> None:
    engine = Engine(_seeded(Padded))
    with pytest.raises(ExplanationError, match="looks like a map and is none"):
        engine.explain(_picture(), "grad_cam", target=1, layer="last")


class Placed(nn.Module):
    """Adds what layers make of a learned table, which no picture reaches, before its last map."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(1, 4, 8, 8))
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.places, self.smoothed = nn.Conv2d(4, 8, 1), nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(x)
        y = self.second(y + self.smoothed(self.places(self.table)))
        return self.head(y.mean((2, 3)))


def test_layers_that_the_picture_does_not_reach_are_not_offered() -> None:
    engine = Engine(seeded(Placed()))
    engine.predict(torch.randn(1, 3, 8, 8))
    assert engine.layers == ["second", "first"]
