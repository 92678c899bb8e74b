"""Every family of torchvision's classifiers, made narrow and shallow."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import nn

from tests.zoo.specimen import CLASSES, Specimen
from xai_widgets import _torchvision

models = _torchvision.load().models


def _narrow_head(make: Any, **options: Any) -> nn.Module:
    """AlexNet and VGG, whose heads of 4096 units are most of their weights."""
    network: Any = make(num_classes=CLASSES, **options)
    layers = [m for m in network.classifier if isinstance(m, nn.Linear)]
    replaced = {
        layers[0]: nn.Linear(layers[0].in_features, 32),
        layers[1]: nn.Linear(32, 32),
        layers[2]: nn.Linear(32, CLASSES),
    }
    network.classifier = nn.Sequential(*(replaced.get(m, m) for m in network.classifier))
    return network


def _vgg(batch_norm: bool) -> nn.Module:
    layers: Any = [8, "M", 16, "M", 16, 16, "M", 512, "M"]
    features = models.vgg.make_layers(layers, batch_norm=batch_norm)
    return _narrow_head(partial(models.VGG, features, init_weights=False))


def _convnext() -> nn.Module:
    block = models.convnext.CNBlockConfig
    return models.ConvNeXt([block(16, 32, 2), block(32, 48, 2), block(48, None, 2)], 0.0,
                           num_classes=CLASSES)  # fmt: skip


def _efficientnet(name: str, **options: Any) -> nn.Module:
    settings, last = models.efficientnet._efficientnet_conf(name, **options)
    for setting in settings:
        setting.num_layers = min(setting.num_layers, 2)
    return models.EfficientNet(settings[:5], 0.2, num_classes=CLASSES, last_channel=last)


def _regnet(se_ratio: float | None) -> nn.Module:
    parameters = models.regnet.BlockParams.from_init_params(
        depth=6, w_0=16, w_a=12.0, w_m=2.0, group_width=8, se_ratio=se_ratio
    )
    return models.RegNet(parameters, num_classes=CLASSES)


def _resnet(block: str, layers: list[int], **options: Any) -> nn.Module:
    return models.ResNet(getattr(models.resnet, block), layers, num_classes=CLASSES, **options)


def _swin(version: int) -> nn.Module:
    swin = models.swin_transformer
    second: dict[str, Any] = {
        "block": swin.SwinTransformerBlockV2,
        "downsample_layer": swin.PatchMergingV2,
    }
    return models.SwinTransformer(
        patch_size=[4, 4], embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=[4, 4],
        num_classes=CLASSES, **(second if version == 2 else {}),
    )  # fmt: skip


def _vit() -> nn.Module:
    network = models.VisionTransformer(
        image_size=64, patch_size=8, num_layers=3, num_heads=2, hidden_dim=32, mlp_dim=64,
        num_classes=CLASSES,
    )  # fmt: skip
    nn.init.normal_(network.heads.head.weight)
    return network


def _maxvit() -> nn.Module:
    return models.MaxVit(
        input_size=(64, 64), stem_channels=16, partition_size=4, block_channels=[16, 32],
        block_layers=[1, 1], head_dim=8, stochastic_depth_prob=0.0, num_classes=CLASSES,
    )  # fmt: skip


def _mobilenet_v3() -> nn.Module:
    settings, last = models.mobilenetv3._mobilenet_v3_conf("mobilenet_v3_small", width_mult=0.5)
    return models.MobileNetV3(settings, last, num_classes=CLASSES)


_PLAIN: dict[str, Any] = {"init_weights": False, "num_classes": CLASSES}

_FAMILIES: dict[str, dict[str, Any]] = {
    "alexnet": {"make": partial(_narrow_head, models.AlexNet), "size": 96},
    "convnext": {"make": _convnext, "quick": True},
    "densenet": {"make": partial(models.DenseNet, 8, (2, 2, 2), 16, num_classes=CLASSES)},
    "efficientnet": {"make": partial(
        _efficientnet, "efficientnet_b0", width_mult=0.5, depth_mult=0.5),
        "size": 160, "quick": True},
    "efficientnet_v2": {"make": partial(_efficientnet, "efficientnet_v2_s")},
    "googlenet": {"make": partial(models.GoogLeNet, aux_logits=False, **_PLAIN), "size": 160},
    "inception_v3": {"make": partial(models.Inception3, aux_logits=False, **_PLAIN), "size": 224},
    "maxvit": {"make": _maxvit},
    "mnasnet": {"make": partial(models.MNASNet, 0.35, num_classes=CLASSES), "size": 192},
    "mobilenet_v2": {
        "make": partial(models.MobileNetV2, CLASSES, 0.35), "size": 128, "quick": True},
    "mobilenet_v3": {"make": _mobilenet_v3, "size": 192},
    "regnet_x": {"make": partial(_regnet, None)},
    "regnet_y": {"make": partial(_regnet, 0.25)},
    "resnet": {"make": partial(_resnet, "BasicBlock", [1, 1, 1, 1]), "size": 128, "quick": True},
    "resnext": {"make": partial(
        _resnet, "Bottleneck", [1, 1, 1, 1], groups=8, width_per_group=2)},
    "shufflenet_v2": {"make": partial(
        models.ShuffleNetV2, [2, 2, 2], [16, 24, 48, 96, 128], num_classes=CLASSES)},
    "squeezenet": {"make": partial(models.SqueezeNet, "1_1", CLASSES)},
    "swin": {"make": partial(_swin, 1), "quick": True},
    "swin_v2": {"make": partial(_swin, 2)},
    "vgg": {"make": partial(_vgg, False)},
    "vgg_bn": {"make": partial(_vgg, True)},
    "vit": {"make": _vit, "quick": True},
    "wide_resnet": {"make": partial(_resnet, "Bottleneck", [1, 1, 1, 1], width_per_group=128)},
}  # fmt: skip
SPECIMENS = [Specimen(name, "torchvision", **given) for name, given in _FAMILIES.items()]
