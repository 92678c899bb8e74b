"""Which layer carries the heatmap, on the networks people use; and what is read from it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.networks import picture
from xai_widgets import _torchvision
from xai_widgets.probe.network import Network
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target

CLASS = Target(1, "class 1")
models = _torchvision.load().models
timm = importlib.import_module("timm")  # imports torchvision, which is loaded now


def torchvision(name: str, **options: Any) -> Callable[[], nn.Module]:
    return lambda: models.get_model(name, weights=None, num_classes=10, **options)


def small_vit() -> nn.Module:
    network = models.VisionTransformer(
        image_size=32, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=24,
        num_classes=10,
    )  # fmt: skip
    nn.init.normal_(network.heads.head.weight)  # zero to begin with
    return network


def small_swin() -> nn.Module:
    return models.SwinTransformer(
        patch_size=[4, 4], embed_dim=12, depths=[1, 1, 2], num_heads=[1, 2, 2],
        window_size=[4, 4], num_classes=10,
    )  # fmt: skip


def of_timm(name: str, **options: Any) -> Callable[[], nn.Module]:
    return lambda: timm.create_model(name, pretrained=False, num_classes=10, **options)


SHALLOW = {"depth": 2}
# name: (network, (H, W), the layers expected first, their (h, w), the best one's channels)
EXPECTED: dict[str, tuple[Callable[[], nn.Module], tuple[int, int], list[Any], int]] = {
    "resnet18": (
        torchvision("resnet18"), (64, 64),
        [("layer4", 2), ("layer3", 4), ("layer2", 8), ("layer1", 16), ("relu", 32)], 512,
    ),
    "resnet50": (
        torchvision("resnet50"), (64, 96),
        [("layer4", (2, 3)), ("layer3", (4, 6)), ("layer2", (8, 12)), ("layer1", (16, 24))], 2048,
    ),
    "densenet121": (
        torchvision("densenet121"), (64, 64),
        [("features", 2), ("features.denseblock3", 4), ("features.denseblock2", 8)], 1024,
    ),
    "vgg11": (
        torchvision("vgg11", init_weights=False), (64, 64),
        [("features.19", 4), ("features.14", 8), ("features.9", 16), ("features.4", 32)], 512,
    ),
    "vgg11_bn_batchnorm_before_relu": (
        torchvision("vgg11_bn", init_weights=False), (64, 64),
        [("features.27", 4), ("features.20", 8), ("features.13", 16)], 512,
    ),
    "squeezenet1_1": (
        torchvision("squeezenet1_1"), (64, 64),
        [("features", 3), ("features.7", 7), ("features.4", 15), ("features.1", 31)], 512,
    ),
    "inception_v3": (
        torchvision("inception_v3", init_weights=False), (139, 139),
        [("Mixed_7c", 3), ("Mixed_6e", 7), ("Mixed_5d", 15)], 2048,
    ),
    "googlenet": (
        torchvision("googlenet", init_weights=False, aux_logits=False), (64, 64),
        [("inception5b", 2), ("inception4e", 4), ("inception3b", 8)], 1024,
    ),
    "mobilenet_v2": (
        torchvision("mobilenet_v2"), (64, 64),
        [("features", 2), ("features.13", 4), ("features.6", 8), ("features.3", 16)], 1280,
    ),
    "mobilenet_v3_small": (
        torchvision("mobilenet_v3_small"), (64, 64),
        [("features", 2), ("features.8", 4), ("features.3", 8), ("features.1", 16)], 576,
    ),
    "efficientnet_b0": (
        torchvision("efficientnet_b0"), (64, 64),
        [("features", 2), ("features.5", 4), ("features.3", 8), ("features.2", 16)], 1280,
    ),
    "convnext_tiny": (
        torchvision("convnext_tiny"), (64, 64),
        [("features", 2), ("features.5", 4), ("features.3", 8), ("features.1", 16)], 768,
    ),
    "shufflenet_v2_x0_5": (torchvision("shufflenet_v2_x0_5"), (64, 64), [("conv5", 2)], 1024),
    "vit": (
        small_vit, (32, 32),
        [("encoder.layers.encoder_layer_1.ln_1", 4), ("encoder.layers.encoder_layer_0", 4)], 16,
    ),
    "swin": (
        small_swin, (64, 64), [("norm", 4), ("features.3", 8), ("features.1", 16)], 48,
    ),
    "timm_vit": (
        of_timm("vit_tiny_patch16_224", img_size=64, **SHALLOW), (64, 64),
        [("blocks.1.norm1", 4), ("blocks.0", 4)], 192,
    ),
    "timm_vit_not_square": (
        of_timm("vit_tiny_patch16_224", img_size=(32, 80), **SHALLOW), (32, 80),
        [("blocks.1.norm1", (2, 5)), ("blocks.0", (2, 5))], 192,
    ),
    "timm_vit_without_class_token": (
        of_timm(
            "vit_tiny_patch16_224", img_size=64, class_token=False, global_pool="avg", **SHALLOW
        ),
        (64, 64), [("blocks", 4)], 192,
    ),
    "timm_deit_distilled": (
        of_timm("deit_tiny_distilled_patch16_224", img_size=64, **SHALLOW), (64, 64),
        [("blocks.1.norm1", 4), ("blocks.0", 4)], 192,
    ),
    "timm_dinov2_registers": (
        of_timm("vit_small_patch14_reg4_dinov2", img_size=56, **SHALLOW), (56, 56),
        [("blocks.1.norm1", 4), ("blocks.0", 4)], 384,
    ),
    "timm_swin": (
        of_timm("swin_tiny_patch4_window7_224", img_size=64, depths=(1, 1, 1, 1)), (64, 64),
        [("norm", 2), ("layers.2", 4), ("layers.1", 8), ("patch_embed", 16)], 768,
    ),
    "timm_convnext": (
        of_timm("convnext_atto"), (64, 64),
        [("stages", 2), ("stages.2", 4), ("stages.1", 8), ("stem", 16)], 320,
    ),
    "timm_efficientnet_lite0": (
        of_timm("efficientnet_lite0"), (64, 64),
        [("bn2", 2), ("blocks.4", 4), ("blocks.2", 8), ("blocks.1", 16), ("bn1", 32)], 1280,
    ),
    "timm_resnet18": (
        of_timm("resnet18", zero_init_last=False), (64, 64),
        [("layer4", 2), ("layer3", 4), ("layer2", 8), ("layer1", 16)], 512,
    ),
}  # fmt: skip


def traced(network: nn.Module, size: tuple[int, int]) -> Trace:
    return Trace(Network(network), picture(size=size))


@pytest.mark.parametrize("name", EXPECTED)
def test_the_best_layers_and_their_maps(name: str) -> None:
    make, size, expected, channels = EXPECTED[name]
    torch.manual_seed(0)
    network = make().eval()
    best = expected[0][0]
    given: list[Tensor] = []
    handle = network.get_submodule(best).register_forward_hook(
        lambda module, args, output: given.append(output.clone())
    )
    trace = traced(network, size)
    handle.remove()
    found = [(layer.name, layer.size) for layer in trace.layers[: len(expected)]]
    assert found == [(n, (s, s) if isinstance(s, int) else s) for n, s in expected]
    h, w = found[0][1]
    assert trace.layers[0].channels == channels
    assert trace.activation(best).shape == (1, channels, h, w)
    # What an ordinary hook sees, laid out by hand.
    output = given[0]
    if output.ndim == 3:
        prefix = output.shape[1] - h * w
        assert prefix == PREFIX.get(name, 1)
        by_hand = output[:, prefix:].reshape(1, h, w, channels).permute(0, 3, 1, 2)
    else:
        by_hand = output.permute(0, 3, 1, 2) if "swin" in name else output
    assert torch.equal(trace.activation(best), by_hand)
    gradient = trace.layer_gradient(CLASS, best)
    assert gradient.shape == by_hand.shape
    assert (gradient.abs().amax(1) > 0).float().mean() > 0.9
    assert len({layer.name for layer in trace.layers}) == len(trace.layers)


PREFIX = {
    "timm_deit_distilled": 2,
    "timm_dinov2_registers": 5,
    "timm_vit_without_class_token": 0,
}
