"""Peers import torchvision by themselves: here it is loaded as the package loads it, beforehand."""

from __future__ import annotations

from xai_widgets import _torchvision

_torchvision.load()
