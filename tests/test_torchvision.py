"""Operators that a torchvision without its compiled half does not have."""

from __future__ import annotations

import pytest
import torch

from xai_widgets import _torchvision


def test_a_missing_operator_is_declared_beside_those_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _torchvision.load()
    schemas = {
        "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
        "of_this_test": "of_this_test(Tensor x, int n) -> Tensor",
    }
    monkeypatch.setattr(_torchvision, "_SCHEMAS", schemas)
    monkeypatch.setattr(_torchvision, "_declared", [])
    before = torch.ops.torchvision.nms
    _torchvision._declare_missing_operators()
    try:
        assert torch.ops.torchvision.nms is before
        declared = torch.ops.torchvision.of_this_test.default._schema
        assert str(declared) == "torchvision::of_this_test(Tensor x, int n) -> Tensor"
        with pytest.raises(NotImplementedError, match="of_this_test"):
            torch.ops.torchvision.of_this_test(torch.ones(1), 1)
    finally:
        for library in _torchvision._declared:
            library._destroy()
