"""The image classifiers of Hugging Face's transformers, from small configurations.

Left out: dinat (needs natten, which is compiled for GPUs), shieldgemma2 (it is asked in text),
imagegpt and siglip2 (they take numbers of colours, and patches beside a mask, not pictures) and
timm_wrapper (networks of timm).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import nn

from tests.zoo.specimen import CLASSES, Specimen


def _make(model: str, config: str, **options: Any) -> nn.Module:
    import transformers

    made = getattr(transformers, f"{config}Config")(num_labels=CLASSES, **options)
    network: nn.Module = getattr(transformers, model)(made)
    return network


_WIDTH: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2,
                          "intermediate_size": 64}  # fmt: skip
_VIT: dict[str, Any] = {**_WIDTH, "image_size": 64, "patch_size": 8}
_DINO = {k: v for k, v in _VIT.items() if k != "intermediate_size"}
_CLIP: dict[str, Any] = {"vision_config": {**_VIT, "projection_dim": 24},
                         "text_config": {**_WIDTH, "vocab_size": 16, "bos_token_id": 0,
                                         "eos_token_id": 1}}  # fmt: skip
_SWIN: dict[str, Any] = {"image_size": 64, "embed_dim": 16, "depths": (2, 2), "num_heads": (2, 4),
                         "window_size": 4}  # fmt: skip
_STAGES: dict[str, Any] = {"hidden_sizes": (16, 24, 32, 48), "depths": (1, 1, 2, 1)}
_HEADS: dict[str, Any] = {**_STAGES, "num_attention_heads": (1, 1, 2, 2)}
_PERCEIVER: dict[str, Any] = {"num_latents": 8, "d_latents": 32, "num_self_attends_per_block": 2,
                              "num_self_attention_heads": 2, "num_cross_attention_heads": 1,
                              "image_size": 32}  # fmt: skip

# The model's class before "ForImageClassification", the side of its pictures, its configuration.
_MODELS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "beit": ("Beit", 64, _VIT),
    "bit": ("Bit", 128, {**_STAGES, "embedding_size": 16, "num_groups": 8}),
    "clip": ("CLIP", 64, _CLIP),
    "convnext": ("ConvNext", 128, _STAGES),
    "convnextv2": ("ConvNextV2", 128, _STAGES),
    "cvt": ("Cvt", 128, {"embed_dim": (16, 24, 32), "num_heads": (1, 1, 2), "depth": (1, 2, 3),
                        "mlp_ratio": (2.0, 2.0, 2.0)}),
    "data2vec-vision": ("Data2VecVision", 64, _VIT),
    "deit": ("DeiT", 64, _VIT),
    "dinov2": ("Dinov2", 64, _DINO),
    "dinov2_with_registers": ("Dinov2WithRegisters", 64, _DINO),
    "donut-swin": ("DonutSwin", 64, _SWIN),
    "efficientnet": ("EfficientNet", 160, {
        "width_coefficient": 0.5, "depth_coefficient": 0.5, "hidden_dim": 640,
        "initializer_range": 0.3}),
    "focalnet": ("FocalNet", 128, {"image_size": 128, "embed_dim": 16, "depths": (1, 1, 1, 1)}),
    "hgnet_v2": ("HGNetV2", 128, {}),
    "hiera": ("Hiera", 64, {"image_size": (64, 64), "embed_dim": 16, "depths": (1, 1, 2),
                            "num_heads": (1, 1, 2), "num_query_pool": 2,
                            "masked_unit_size": (4, 4),
                            "masked_unit_attention": (True, True, False)}),
    "ijepa": ("IJepa", 64, _VIT),
    "levit": ("Levit", 224, {"hidden_sizes": (32, 48, 64), "num_attention_heads": (2, 2, 2),
                             "depths": (1, 1, 1)}),
    "metaclip_2": ("MetaClip2", 64, _CLIP),
    "mobilenet_v1": ("MobileNetV1", 160, {"depth_multiplier": 0.25}),
    "mobilenet_v2": ("MobileNetV2", 160, {"depth_multiplier": 0.35}),
    "mobilevit": ("MobileViT", 128, {"image_size": 128, "hidden_sizes": (32, 48, 64),
                                     "neck_hidden_sizes": (8, 12, 16, 24, 32, 48, 96)}),
    "mobilevitv2": ("MobileViTV2", 128, {"image_size": 128, "width_multiplier": 0.25}),
    "poolformer": ("PoolFormer", 128, _STAGES),
    "pp_lcnet": ("PPLCNet", 160, {"scale": 0.25}),
    "pvt": ("Pvt", 128, {**_HEADS, "image_size": 128}),
    "pvt_v2": ("PvtV2", 128, {**_HEADS, "image_size": 128}),
    "regnet": ("RegNet", 128, {**_STAGES, "groups_width": 8}),
    "resnet": ("ResNet", 128, {**_STAGES, "embedding_size": 16}),
    "segformer": ("Segformer", 128, _HEADS),
    "siglip": ("Siglip", 64, _CLIP),
    "swiftformer": ("SwiftFormer", 224, {"embed_dims": (16, 24, 32, 48), "depths": (1, 1, 2, 1)}),
    "swin": ("Swin", 64, _SWIN),
    "swinv2": ("Swinv2", 64, _SWIN),
    "textnet": ("TextNet", 128, {}),
    "vit": ("ViT", 64, _VIT),
    "vit_msn": ("ViTMSN", 64, _VIT),
}  # fmt: skip
_QUICK = {"vit", "dinov2", "convnext", "clip", "siglip", "swin"}

# Attention to all places drowns, with random weights, what their last map keeps of each place.
_MIXING = {"levit", "mobilevit", "mobilevitv2"}

SPECIMENS = [
    *(
        Specimen(
            family,
            "transformers",
            partial(_make, f"{name}ForImageClassification", name, **options),
            side,
            quick=family in _QUICK,
            local=family not in _MIXING,
        )
        for family, (name, side, options) in _MODELS.items()
    ),
    *(
        Specimen(
            f"perceiver_{kind.lower()}",
            "transformers",
            partial(_make, f"PerceiverForImageClassification{kind}", "Perceiver", **_PERCEIVER),
            side,
            refuses={"attention": "attention"},  # that of latents, which are nowhere in the picture
        )
        for kind, side in (("Learned", 32), ("ConvProcessing", 224))
    ),
]
