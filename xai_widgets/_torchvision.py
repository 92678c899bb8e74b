"""Import torchvision with whichever build of torch is installed.

torchvision on PyPI is compiled against torch for CUDA. Next to a torch built for the CPU, its
compiled half cannot load, and its Python half then stops at the first operator that it describes:
``operator torchvision::nms does not exist``. Models, weights metadata and transforms need none of
those operators, so declaring the missing schemas is enough to make them work. Detection heads do
need the operators, and still fail with torchvision's own message when they are called.
"""

from __future__ import annotations

import importlib
import re
import sys
import threading
from types import ModuleType

from torch.library import Library

from xai_widgets.interrupts import deferred

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_MISSING_OPERATOR = re.compile(r"operator torchvision::(\w+) does not exist")
_lock = threading.Lock()
# A Library withdraws its schemas when it is collected: this list keeps it until the process ends.
_declared: list[Library] = []


def load() -> ModuleType:
    """Return the module ``torchvision``.

    Raises:
        ImportError: torchvision is not installed, or does not fit the installed torch; the message
            says what to install.
    """
    # Stopped halfway, it could not be imported again: operators are declared once.
    with deferred(), _lock:
        try:
            return _import_afresh()
        except RuntimeError as error:
            missing = _MISSING_OPERATOR.search(str(error))
            if missing is None or missing[1] not in _SCHEMAS:
                raise _explained(error) from error
        except ImportError as error:
            raise _explained(error) from error
        _declare_missing_operators()
        try:
            return _import_afresh()
        except (ImportError, RuntimeError) as error:
            raise _explained(error) from error


def _import_afresh() -> ModuleType:
    """Import torchvision, first removing what an import that failed halfway left behind.

    Python drops the package that failed but keeps its finished submodules, which then belong to no
    package: a second import would stop at an unrelated AttributeError.
    """
    if "torchvision" not in sys.modules:
        for name in [name for name in sys.modules if name.startswith("torchvision.")]:
            del sys.modules[name]
    return importlib.import_module("torchvision")


def _declare_missing_operators() -> None:
    import torch

    library = Library("torchvision", "FRAGMENT")
    for name, schema in _SCHEMAS.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(schema)
    _declared.append(library)


def _explained(error: Exception) -> ImportError:
    if isinstance(error, ModuleNotFoundError) and error.name == "torchvision":
        return ImportError("torchvision is not installed. Install it with: pip install torchvision")
    import torch

    return ImportError(
        f"torchvision could not be imported next to torch {torch.__version__}: {error}. Each "
        "torchvision fits one torch (0.28 fits torch 2.13): reinstall the pair with: "
        "pip install --upgrade torch torchvision"
    )
