"""Attribution methods. Importing this room registers them, in the pickers' order."""

from xai_widgets.methods import cam, gradient, noise, path, perturbation, preservation, surrogate

from xai_widgets.methods import attention  # isort: skip  # the last family in every picker
from xai_widgets.methods.own import from_callable, from_captum, from_zennit
from xai_widgets.methods.registry import (
    METHODS,
    Method,
    Methods,
    Parameter,
    Range,
    Values,
    find,
    method,
)

__all__ = [
    "METHODS",
    "Method",
    "Methods",
    "Parameter",
    "Range",
    "Values",
    "attention",
    "cam",
    "find",
    "from_callable",
    "from_captum",
    "from_zennit",
    "gradient",
    "method",
    "noise",
    "path",
    "perturbation",
    "preservation",
    "surrogate",
]


def __dir__() -> list[str]:
    return sorted(__all__)
