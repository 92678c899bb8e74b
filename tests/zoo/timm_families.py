"""A small network of each of timm's families, from its configuration, never its weights."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from tests.zoo.specimen import CLASSES, Specimen


def _make(name: str, **options: Any) -> nn.Module:
    import timm

    network: nn.Module = timm.create_model(name, pretrained=False, num_classes=CLASSES, **options)
    return network


def _direct(place: str, **options: Any) -> nn.Module:
    """A network whose entry points leave nothing to choose: made from its class."""
    module, name = place.split(".")
    families = importlib.import_module(f"timm.models.{module}")
    made = {k: _looked_up(families, v) for k, v in options.items()}
    network: nn.Module = getattr(families, name)(num_classes=CLASSES, **made)
    return network


def _looked_up(families: Any, value: Any) -> Any:
    """Options that begin with = are names of the module's."""
    if isinstance(value, tuple):
        return tuple(_looked_up(families, v) for v in value)
    named = isinstance(value, str) and value.startswith("=")
    return getattr(families, value[1:]) if named else value


def _mvit(**options: Any) -> nn.Module:
    from timm.models import mvitv2

    made = mvitv2.MultiScaleVitCfg(depths=(1, 1, 1, 1), embed_dim=16, num_heads=1)
    network: nn.Module = mvitv2.MultiScaleVit(made, num_classes=CLASSES, **options)
    return network


_VIT: dict[str, Any] = {"depth": 3, "embed_dim": 48, "num_heads": 2, "img_size": 64,
                        "patch_size": 8}  # fmt: skip

# The model, the side of its pictures, and what makes it smaller than timm's own.
_MODELS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "beit": ("beit_base_patch16_224", 64, _VIT),
    "byobnet": ("test_byobnet", 160, {}),
    "mobileone": ("mobileone_s0", 128, {}),
    "cait": ("cait_xxs24_224", 64, {**_VIT, "depth_token_only": 1}),
    "coat": ("coat_tiny", 64, {"img_size": 64, "embed_dims": (16, 16, 16, 16),
                               "serial_depths": (1, 1, 1, 1), "parallel_depth": 1,
                               "num_heads": 8}),
    "convit": ("convit_tiny", 64, {**_VIT, "local_up_to_layer": 2}),
    "convnext": ("test_convnext", 160, {}),
    "convnextv2": ("test_convnext3", 160, {}),
    "cpubone": ("cpubone_nano", 160, {}),
    "crossvit": ("crossvit_tiny_240", 240, {}),
    "csatv2": ("csatv2", 256, {}),
    "cspnet": ("cs3darknet_s", 160, {}),
    "cspnext": ("cspnext_tiny", 160, {}),
    "davit": ("davit_tiny", 128, {"depths": (1, 1, 1), "embed_dims": (16, 32, 64),
                                  "num_heads": (2, 2, 2)}),
    "deit_distilled": ("deit_tiny_distilled_patch16_224", 64, _VIT),
    "deit3": ("deit3_small_patch16_224", 64, _VIT),
    "densenet": ("densenet121", 96, {"growth_rate": 8, "block_config": (2, 2, 2)}),
    "dla": ("dla46x_c", 160, {}),
    "dpn": ("dpn48b", 96, {}),
    "edgenext": ("edgenext_xx_small", 160, {}),
    "efficientformer": ("efficientformer_l1", 224, {}),
    "efficientformer_v2": ("efficientformerv2_s0", 224, {}),
    "efficientnet": ("test_efficientnet", 160, {}),
    "efficientnet_lite": ("efficientnet_lite0", 160, {}),
    "efficientvit_msra": ("efficientvit_m0", 224, {}),
    "eva02": ("eva02_tiny_patch14_224", 64, _VIT),
    "fasternet": ("fasternet_t0", 160, {}),
    "fastvit": ("fastvit_t8", 160, {}),
    "ghostnet": ("ghostnet_050", 160, {}),
    "hardcorenas": ("hardcorenas_a", 160, {}),
    "hgnet": ("hgnetv2_b0", 160, {}),
    "hiera": ("hiera_tiny_224", 224, {"embed_dim": 16, "num_heads": 1, "stages": (1, 1, 2, 1)}),
    "hrnet": ("hrnet_w18_small", 96, {}),
    "iformer": ("iformer_t", 160, {}),
    "inception_next": ("inception_next_atto", 160, {"depths": (1, 1, 2, 1)}),
    "lcnet": ("lcnet_035", 160, {}),
    "levit": ("levit_128s", 224, {}),
    "lowformer": ("lowformer_b0", 160, {}),
    "mambaout": ("test_mambaout", 160, {}),
    "maxvit": ("maxvit_pico_rw_256", 128, {"img_size": 128}),
    "coatnet": ("coatnet_pico_rw_224", 128, {"img_size": 128}),
    "mobilenetv3": ("mobilenetv3_small_050", 160, {}),
    "mobilenetv4": ("mobilenetv4_conv_small_050", 160, {}),
    "mobilevit": ("mobilevit_xxs", 128, {}),
    "mobilevitv2": ("mobilevitv2_050", 128, {}),
    "naflexvit": ("naflexvit_base_patch16_gap", 128, {"embed_dim": 48, "depth": 2,
                                                      "num_heads": 2}),
    "nfnet": ("test_nfnet", 160, {}),
    "pvt_v2": ("pvt_v2_b0", 128, {"depths": (1, 1, 1, 1)}),
    "rdnet": ("rdnet_tiny", 96, {}),
    "regnet": ("regnety_002", 160, {}),
    "repghost": ("repghostnet_050", 160, {}),
    "repvgg": ("repvgg_a0", 128, {}),
    "repvit": ("repvit_m0_9", 160, {}),
    "res2net": ("res2next50", 128, {"layers": (1, 1, 1, 1)}),
    "resnest": ("resnest14d", 128, {}),
    "resnet": ("test_resnet", 160, {}),
    "resnetv2": ("resnetv2_18", 128, {"layers": (1, 1, 1, 1)}),
    "rexnet": ("rexnet_100", 160, {}),
    "selecsls": ("selecsls42", 96, {}),
    "senet": ("legacy_seresnet18", 128, {"layers": (1, 1, 1, 1)}),
    "sequencer": ("sequencer2d_s", 112, {"img_size": 112, "layers": (1, 1, 1, 1),
                                         "embed_dims": (32, 32, 32, 32),
                                         "hidden_sizes": (8, 8, 8, 8)}),
    "shvit": ("shvit_s1", 224, {}),
    "sknet": ("skresnet18", 128, {"layers": (1, 1, 1, 1)}),
    "starnet": ("starnet_s050", 160, {}),
    "swiftformer": ("swiftformer_xs", 224, {}),
    "swin": ("swin_tiny_patch4_window7_224", 128,
             {"img_size": 128, "window_size": 4, "embed_dim": 16, "depths": (1, 2, 2),
              "num_heads": (2, 2, 4)}),
    "swin_v2": ("swinv2_tiny_window8_256", 128,
                {"img_size": 128, "window_size": 4, "embed_dim": 16, "depths": (1, 2, 2),
                 "num_heads": (2, 2, 4)}),
    "swin_v2_cr": ("swinv2_cr_tiny_224", 128,
                   {"img_size": 128, "embed_dim": 16, "depths": (1, 2, 2),
                    "num_heads": (2, 2, 4)}),
    "tiny_vit": ("tiny_vit_5m_224", 128, {"depths": (1, 1, 2, 1)}),
    "tnt": ("tnt_s_patch16_224", 64, {"img_size": 64, "patch_size": 16, "embed_dim": 48,
                                      "inner_dim": 16, "depth": 2, "num_heads_inner": 2,
                                      "num_heads_outer": 2}),
    "tresnet": ("tresnet_m", 128, {"layers": (1, 1, 1, 1)}),
    "twins": ("twins_svt_small", 224, {"depths": (1, 1, 2, 1)}),
    "twins_pcpvt": ("twins_pcpvt_small", 128, {"img_size": 128, "depths": (1, 1, 1, 1)}),
    "vit": ("test_vit", 160, {}),
    "vit_registers": ("vit_small_patch14_reg4_dinov2", 64, _VIT),
    "vit_hybrid": ("vit_tiny_r_s16_p8_224", 224, {"depth": 2}),
    "vit_relpos": ("test_vit_relpos", 160, {}),
    "vit_siglip": ("vit_base_patch16_siglip_224", 64, _VIT),
    "vit_sam": ("samvit_base_patch16_224", 64, {**_VIT, "window_size": 4,
                                               "global_attn_indexes": (1,)}),
    "vitamin": ("vitamin_small_224", 96, {"img_size": 96, "depth": 2}),
    "vovnet": ("ese_vovnet19b_slim_dw", 160, {}),
    "xception": ("legacy_xception", 128, {}),
    "xcit": ("xcit_nano_12_p8_224", 64, {"img_size": 64, "depth": 2}),
    "byoanet": ("lambda_resnet26t", 128, {}),
    "nextvit": ("nextvit_small", 96, {}),
}  # fmt: skip
_MIXER: dict[str, Any] = {"img_size": 64, "patch_size": 8, "num_blocks": 3, "embed_dim": 48}
# The same for those that are made from their class, by its module.
_CLASSES: dict[str, tuple[str, int, dict[str, Any]]] = {
    "caformer": ("metaformer.MetaFormer", 128, {
        "depths": (1, 1, 2, 1), "dims": (16, 24, 32, 64),
        "token_mixers": ("=SepConv", "=SepConv", "=Attention", "=Attention"),
        "norm_layers": ("=LayerNorm2dNoBias", "=LayerNorm2dNoBias", "=LayerNormNoBias",
                        "=LayerNormNoBias")}),
    "convmixer": ("convmixer.ConvMixer", 64, {
        "dim": 32, "depth": 3, "kernel_size": 5, "patch_size": 4}),
    "focalnet": ("focalnet.FocalNet", 128, {"depths": (1, 1, 1, 1), "embed_dim": 16}),
    "gcvit": ("gcvit.GlobalContextVit", 128, {
        "depths": (1, 1, 1, 1), "embed_dim": 16, "num_heads": (1, 2, 4, 8), "img_size": 128}),
    "gmlp": ("mlp_mixer.MlpMixer", 64, {
        **_MIXER, "mlp_ratio": 4, "block_layer": "=SpatialGatingBlock",
        "mlp_layer": "=GatedMlp"}),
    "hieradet_sam2": ("hieradet_sam2.HieraDet", 128, {
        "embed_dim": 16, "num_heads": 1, "stages": (1, 1, 3, 1), "global_att_blocks": (3,),
        "window_spec": (8, 4, 4, 2)}),
    "mlp_mixer": ("mlp_mixer.MlpMixer", 64, _MIXER),
    "nest": ("nest.Nest", 64, {
        "img_size": 64, "embed_dims": (16, 32, 64), "num_heads": (2, 2, 2), "depths": (1, 1, 1)}),
    "pit": ("pit.PoolingVisionTransformer", 64, {
        "img_size": 64, "patch_size": 8, "stride": 4, "base_dims": (16, 16, 16),
        "depth": (1, 1, 1), "heads": (1, 2, 4), "mlp_ratio": 2.0}),
    "poolformer": ("metaformer.MetaFormer", 128, {
        "depths": (1, 1, 2, 1), "dims": (16, 24, 32, 64), "token_mixers": "=Pooling"}),
    "resmlp": ("mlp_mixer.MlpMixer", 64, {
        **_MIXER, "mlp_ratio": 4, "block_layer": "=ResBlock", "norm_layer": "=Affine"}),
    "efficientvit_mit": ("efficientvit_mit.EfficientVit", 128, {
        "widths": (8, 16, 24, 32, 48), "depths": (1, 1, 1, 1, 1), "head_dim": 16,
        "head_widths": (64, 64)}),
    "visformer": ("visformer.Visformer", 128, {
        "img_size": 128, "init_channels": 8, "embed_dim": 48, "depth": (1, 1, 1), "num_heads": 2,
        "mlp_ratio": 2.0, "group": 4, "attn_stage": "011", "spatial_conv": "100",
        "conv_init": True}),
    "volo": ("volo.VOLO", 64, {
        "img_size": 64, "layers": (1, 1, 1, 1), "embed_dims": (32, 32, 32, 32),
        "num_heads": (2, 2, 2, 2), "mlp_ratio": 2.0,
        "outlook_attention": (True, False, False, False)}),
}  # fmt: skip
# Attention to all places drowns, with random weights, what their last map keeps of each place.
_MIXING = {"efficientvit_mit", "levit"}
# A gate of one channel, which a convolution as large as the map has made of all of it.
_MIXED = {"csatv2": ("stages.3.4.attn",)}
_QUICK = {"vit", "convnext", "efficientnet", "vit_registers", "mambaout", "nfnet"}

_MAKERS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    **{k: (partial(_make, name, **given), side) for k, (name, side, given) in _MODELS.items()},
    **{k: (partial(_direct, name, **given), side) for k, (name, side, given) in _CLASSES.items()},
    "mvitv2": (partial(_mvit, img_size=64), 64),
}
SPECIMENS = [
    Specimen(
        family,
        "timm",
        make,
        side,
        quick=family in _QUICK,
        local=family not in _MIXING,
        mixed=_MIXED.get(family, ()),
    )
    for family, (make, side) in sorted(_MAKERS.items())
]
