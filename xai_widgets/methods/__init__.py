"""Attribution methods. Importing this room registers them, in the pickers' order."""

from xai_widgets.methods import cam, gradient, noise, path, perturbation, preservation, surrogate
from xai_widgets.methods.registry import METHODS, Method, Parameter, Range, find, method

__all__ = [
    "METHODS",
    "Method",
    "Parameter",
    "Range",
    "cam",
    "find",
    "gradient",
    "method",
    "noise",
    "path",
    "perturbation",
    "preservation",
    "surrogate",
]
