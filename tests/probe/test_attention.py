"""Attention matrices and their gradients, however attention is spelled; the network is as found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.condition import Condition
from tests.networks import Counting, Normalised, picture, seeded
from tests.probe.test_layers import models, of_timm, small_swin, small_vit
from tests.transformers import ATTENTION_SPELLINGS, MultiHead, TinyVit, attending, tiny_vit
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.probe.attention import Attention, _openly
from xai_widgets.probe.network import Network
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

CLASS = Target(3, "class 3")


def traced(network: nn.Module, x: Tensor | None = None) -> Trace:
    return Trace(Network(network), picture() if x is None else x)


def multi_head(**options: Any) -> TinyVit:
    network = tiny_vit()
    for i, attention in enumerate(network.attention):
        network.attention[i] = MultiHead(attention, **options)  # type: ignore[arg-type]
    return network.eval()


NETWORKS: dict[str, Callable[[], TinyVit]] = {
    **{name: (lambda name=name: tiny_vit(name)) for name in ATTENTION_SPELLINGS},
    "multi_head": multi_head,
    "multi_head_with_weights": lambda: multi_head(need_weights=True),
    "multi_head_with_all_weights": lambda: multi_head(
        need_weights=True, average_attn_weights=False
    ),
    "multi_head_mask": lambda: multi_head(attn_mask=torch.zeros(17, 17)),
}


def expected() -> Attention:
    """A and its gradient by plain autograd, on the spelling whose A can be held on to."""
    kept: list[Tensor] = []

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        a = (q @ k.transpose(-2, -1) / 2).softmax(-1)
        a.retain_grad()
        kept.append(a)
        return a @ v

    network = tiny_vit()
    for layer in network.attention:
        layer.attend = attend
    network(picture())[0, 3].backward()
    return [(a.detach(), torch.as_tensor(a.grad)) for a in kept]


EXPECTED = expected()


@pytest.mark.parametrize("spelling", NETWORKS)
def test_matrices_and_gradients_however_attention_is_spelled(spelling: str) -> None:
    network = NETWORKS[spelling]()
    before = Condition.of(network)
    trace = traced(network)
    found = trace.attention(CLASS)
    assert before.differences(Condition.of(network)) == []
    assert len(found) == len(EXPECTED) == 3
    for (a, g), (a_expected, g_expected) in zip(found, EXPECTED, strict=True):
        assert a.shape == g.shape == (1, 2, 17, 17)
        torch.testing.assert_close(a, a_expected, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(g, g_expected, rtol=1e-4, atol=1e-7)
        torch.testing.assert_close(a.sum(-1), torch.ones(1, 2, 17))
    layout = trace.attention_layout
    assert (layout.size, layout.prefix) == ((4, 4), 1)


@pytest.mark.parametrize("spelling", NETWORKS)
def test_the_network_says_the_same_when_attention_is_read(spelling: str) -> None:
    trace = traced(NETWORKS[spelling]())
    trace.attention(CLASS)
    assert trace._attention_pass is not None
    torch.testing.assert_close(trace._attention_pass.output, trace.output, rtol=1e-5, atol=1e-5)


def test_a_network_that_asks_for_weights_gets_what_it_asked_for() -> None:
    for options, shape in (
        ({}, None),
        ({"need_weights": True}, (1, 17, 17)),
        ({"need_weights": True, "average_attn_weights": False}, (1, 2, 17, 17)),
    ):
        network = multi_head(**options)
        traced(network).attention(CLASS)
        seen = network.attention[0].seen
        plain, _checking, openly = (seen.get_nowait() for _ in range(3))
        if shape is None:
            assert (plain, openly) == (None, None)
        else:
            assert plain.shape == openly.shape == shape
            torch.testing.assert_close(plain, openly)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"is_causal": True},
        {"scale": 0.3},
        {"attn_mask": torch.randn(5, 7, generator=torch.Generator().manual_seed(1))},
        {"attn_mask": torch.arange(35).view(5, 7) % 3 > 0},
        {"enable_gqa": True},
    ],
)
def test_the_open_formula_is_the_fused_one(options: dict[str, Any]) -> None:
    generator = torch.Generator().manual_seed(0)
    heads = 2 if "enable_gqa" in options else 4
    q = torch.randn(2, 4, 5, 3, generator=generator)
    k, v = torch.randn(2, 2, heads, 7, 3, generator=generator)
    result, a = _openly(q, k, v, **options)
    torch.testing.assert_close(result, F.scaled_dot_product_attention(q, k, v, **options))
    torch.testing.assert_close(a.sum(-1), torch.ones(2, 4, 5))


def timm_vit(**options: Any) -> Callable[[], nn.Module]:
    return of_timm("vit_tiny_patch16_224", depth=2, **options)


# name: (network, (H, W), grid, tokens before it, the tokens that the output is read from)
LIBRARIES: dict[str, Any] = {
    "torchvision": (small_vit, (32, 32), (4, 4), 1, [0]),
    "timm": (timm_vit(img_size=64), (64, 64), (4, 4), 1, [0]),
    "timm_not_square": (timm_vit(img_size=(32, 80)), (32, 80), (2, 5), 1, [0]),
    "timm_no_class_token": (
        timm_vit(img_size=64, class_token=False, global_pool="avg"), (64, 64), (4, 4), 0, range(16),
    ),
    "timm_class_token_not_read": (
        timm_vit(img_size=64, global_pool="avg"), (64, 64), (4, 4), 1, range(1, 17),
    ),
    "deit": (
        of_timm("deit_tiny_distilled_patch16_224", img_size=64, depth=2),
        (64, 64), (4, 4), 2, [0, 1],
    ),
    "dinov2_registers": (
        of_timm("vit_small_patch14_reg4_dinov2", img_size=56, depth=2), (56, 56), (4, 4), 5, [0],
    ),
    "eva_rotary": (
        of_timm("eva02_tiny_patch14_224", img_size=56, depth=2), (56, 56), (4, 4), 1, range(1, 17),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_transformers_of_libraries(name: str) -> None:
    make, size, grid, prefix, read = LIBRARIES[name]
    torch.manual_seed(0)
    network = make().train()
    before = Condition.of(network)
    trace = traced(network, picture(size=size))
    found = trace.attention(CLASS)
    assert before.differences(Condition.of(network)) == []
    layout = trace.attention_layout
    assert (layout.size, layout.prefix) == (grid, prefix)
    assert len(found) == 2
    count = grid[0] * grid[1] + prefix
    for a, g in found:
        assert a.shape == g.shape == (*a.shape[:2], count, count)
        torch.testing.assert_close(a.sum(-1), torch.ones(a.shape[:3]))
    assert found[-1][1].abs().sum(dim=(0, 1, 3)).nonzero().ravel().tolist() == list(read)
    assert trace._attention_pass is not None
    torch.testing.assert_close(trace._attention_pass.output, trace.output, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("method", ["attention_rollout", "gradient_attention", "legrad"])
def test_timm_fused_or_not(method: str) -> None:
    torch.manual_seed(0)
    network = timm_vit(img_size=64)().eval()
    x = picture(size=64)
    fused = Engine(network).explain(x, method, target=3).values
    for block in network.blocks:
        assert block.attn.fused_attn
        block.attn.fused_attn = False
    explicit = Engine(network).explain(x, method, target=3).values
    assert abs(explicit - fused).max() <= 1e-4 * abs(fused).max()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (small_swin, "windows or at several resolutions"),
        (of_timm("swin_tiny_patch4_window7_224", img_size=64, depths=(1, 1, 1, 1)), "windows"),
        (of_timm("mobilevit_xxs"), "several resolutions"),
        (of_timm("xcit_nano_12_p16_224", img_size=64), "between 32 things"),
        (lambda: models.get_model("resnet18", weights=None, num_classes=10), "has none"),
    ],
)
def test_what_cannot_be_rolled_out_is_refused_in_words(
    make: Callable[[], nn.Module], words: str
) -> None:
    engine = Engine(make().eval())
    x = picture(size=64)
    with pytest.raises(ExplanationError, match=f"reading attention needs .*{words}.*; use a grad"):
        engine.explain(x, "attention_rollout", target=3)
    unavailable = engine.internals.unavailable(x)
    assert all(words in unavailable[m] for m in ("attention_rollout", "gradient_attention"))


def test_one_more_forward_serves_every_method_and_class() -> None:
    counting = Counting(tiny_vit()).eval()
    engine = Engine(counting)
    for target in (0, 3, 0):
        for method in ("attention_rollout", "gradient_attention", "legrad"):
            engine.explain(picture(), method, target=target)
    assert counting.passes == [1, 1, 1]  # a network's first pass is checked by another
    engine = Engine(counting)
    engine.explain(picture(), "saliency")
    engine.internals.unavailable(picture())
    assert counting.passes == [1, 1, 1, 1, 1]


def test_what_is_kept_is_counted() -> None:
    trace = traced(tiny_vit())
    before = trace.nbytes + trace.recorder.nbytes
    trace.attention(CLASS)
    assert trace.nbytes >= before + 3 * EXPECTED[0][0].nbytes


def test_a_score_without_attention_is_refused() -> None:
    network = tiny_vit()
    network.head.weight.data.zero_()
    skips = Target(None, "own", lambda output: network.patches.weight.sum()[None])
    with pytest.raises(ExplanationError, match="does not depend on any attention layer"):
        traced(network).attention(skips)
    detached = Target(None, "own", lambda output: output[:, 0].detach())
    with pytest.raises(ExplanationError, match="cut off from the network"):
        traced(network).attention(detached)


def test_attention_between_a_convolutions_positions() -> None:
    trace = traced(attending(seeded(Normalised())))
    assert [a.shape for a, _ in trace.attention(CLASS)] == [(1, 2, 64, 64)] * 2
    assert (trace.attention_layout.size, trace.attention_layout.prefix) == ((8, 8), 0)


@pytest.mark.parametrize("type_", [torch.bfloat16, torch.float64])
def test_other_floating_point_types(type_: torch.dtype) -> None:
    found = traced(tiny_vit().to(type_)).attention(CLASS)
    for (a, g), (a_expected, g_expected) in zip(found, EXPECTED, strict=True):
        assert a.dtype == g.dtype == (torch.float64 if type_ == torch.float64 else torch.float32)
        close = 1e-5 if type_ == torch.float64 else 0.1
        assert (a - a_expected).abs().max() <= close * a_expected.max()
        assert (g - g_expected).abs().max() <= close * 4 * g_expected.abs().max()
