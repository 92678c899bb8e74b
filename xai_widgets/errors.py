"""Ground floor: the one error that every room raises, and how its message is written.

An error names the thing, the value it had, what was expected, and the nearest right spelling.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

__all__ = [
    "ExplanationError",
    "a_kind",
    "add_note",
    "brief",
    "check_choice",
    "check_keywords",
    "nearest",
    "readable",
    "some_of",
    "strict_keywords",
]

Function = TypeVar("Function", bound=Callable[..., Any])

_LONGEST = 80  # characters of a value in a message
_SEVERAL = 6  # names in a message

# What other libraries call our keywords and methods; asked only where ours is among the choices.
_ALSO_CALLED = {
    **dict.fromkeys(("cmap", "palette"), "colormap"),
    **dict.fromkeys(("alpha", "transparency"), "opacity"),
    **dict.fromkeys(
        ("transform", "transforms", "preprocess", "preprocessor", "processor", "image_processor"),
        "preprocessing",
    ),
    **dict.fromkeys(("labels", "classes", "categories", "id2label", "label_names"), "class_names"),
    **dict.fromkeys(("target_layer", "target_layers", "layer_name", "module"), "layer"),
    **dict.fromkeys(
        ("class_idx", "class_index", "class_id", "target_class", "target_category", "label", "y"),
        "target",
    ),
    **dict.fromkeys(("metrics", "metric"), "measures"),
    **dict.fromkeys(("network", "net", "classifier"), "model"),
    **dict.fromkeys(("stdevs", "stdev", "noise_level", "std"), "sigma"),
    **dict.fromkeys(("n_iter", "iterations", "n_steps"), "steps"),
    **dict.fromkeys(("n_samples", "num_samples", "nsamples", "nt_samples"), "samples"),
    **dict.fromkeys(("patch_size", "kernel_size", "sliding_window_shapes"), "window"),
    **dict.fromkeys(("dataset", "inputs", "pictures", "dataloader"), "images"),
    **dict.fromkeys(("img", "input", "picture", "x"), "image"),
    **dict.fromkeys(("gradcam++", "gradcamplusplus", "grad_cam_plus_plus"), "grad_cam_pp"),
    **dict.fromkeys(("vanilla", "gradient", "gradients", "vanilla_gradient"), "saliency"),
    **dict.fromkeys(("ig", "intgrad", "path_integrated_gradients"), "integrated_gradients"),
    **dict.fromkeys(("shap", "kernelshap"), "kernel_shap"),
    **dict.fromkeys(("deconv", "deconvolution"), "deconvnet"),
    **dict.fromkeys(("ablation",), "feature_ablation"),
    **dict.fromkeys(("meaningful_perturbation",), "extremal_perturbation"),
    **dict.fromkeys(("input*gradient", "gradient*input", "gradient_x_input"), "input_x_gradient"),
    **dict.fromkeys(("rollout",), "attention_rollout"),
    **dict.fromkeys(("auc", "deletion_auc"), "deletion"),
    **dict.fromkeys(("insertion_auc",), "insertion"),
}


class ExplanationError(ValueError):
    """An explanation could not be made as requested. The message says why, and what to do.

    ``parameter`` is the one of the method's parameters that it is about, if it is about one, and
    ``instead`` are values, by name, with which it would be made.
    """

    def __init__(
        self, *words: object, parameter: str = "", instead: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(*(readable(word) if isinstance(word, str) else word for word in words))
        self.parameter = parameter
        self.instead = dict(instead or {})


def readable(text: str) -> str:
    """A text that can be printed, sent and written: what UTF-8 has no word for, such as a byte of a
    file name in another encoding, as an escape (``caf\\udce9.png``).
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def brief(value: object, longest: int = _LONGEST) -> str:
    """A value as a message shows it: arrays by type and shape, everything else as Python writes
    it, cut where it is long.
    """
    shape = getattr(value, "shape", None)
    if shape is not None and not isinstance(value, type) and len(tuple(shape)) > 0:
        dtype = str(getattr(value, "dtype", "")).removeprefix("torch.")
        return f"{a_kind(value)} of {dtype or 'values'} {tuple(shape)}"
    if hasattr(value, "named_modules"):  # a network writes itself out over many lines
        return a_kind(value)
    try:
        written = " ".join(repr(value).split())
    except Exception:  # a broken __repr__ must not hide what is wrong
        return a_kind(value)
    if len(written) <= longest:
        return written
    size = ""
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        size = f" ({type(value).__name__} of {len(value)})"
    elif not isinstance(value, (str, bytes)):
        size = f" ({type(value).__name__})"
    return f"{written[: longest - 3]}...{size}"


def a_kind(value: object) -> str:
    """What kind of thing a value is, with its article: ``a list``, ``the class ResNet``."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    if name in ("function", "method", "builtin_function_or_method"):
        return f"the function {getattr(value, '__name__', '')}".rstrip()
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def some_of(names: Iterable[str], several: int = _SEVERAL) -> str:
    """The first names of many, and how many there are: ``"a", "b", ... (34 in all)``."""
    given = [f'"{name}"' for name in names]
    if len(given) <= several:
        return ", ".join(given)
    return f"{', '.join(given[:several])}, ... ({len(given)} in all)"


def nearest(value: object, names: Iterable[str], *, limit: int = 3) -> str:
    """Return ``' Did you mean "x"?'`` for the spelling nearest to ``value``, or ``''``.

    What another library calls one of the names wins; then spellings that contain every word of
    ``value`` (``"cat"`` finds ``"Egyptian cat"`` and ``"tiger cat"``, never ``"cab"``); then the
    one most similar letter by letter. Upper and lower case are the same, and the leading space lets
    the answer follow any sentence.
    """
    wanted = str(value).casefold().strip()
    spellings = list(dict.fromkeys(names))
    if not wanted or not spellings:
        return ""
    matches = [_ALSO_CALLED.get(wanted.replace(" ", "_").replace("-", "_"), "")]
    if matches[0] not in spellings:
        words = set(_words(wanted))
        matches = [name for name in spellings if words and words <= set(_words(name))][:limit]
    if not matches:
        by_folded = {name.casefold(): name for name in reversed(spellings)}
        close = difflib.get_close_matches(wanted[:200], by_folded, n=1, cutoff=0.6)
        matches = [by_folded[name] for name in close]
    if not matches:
        return ""
    quoted = [f'"{name}"' for name in matches]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return f" Did you mean {listed}?"


def add_note(error: BaseException, words: str) -> None:
    """Add a line to what a traceback shows, and what widgets show of an error; before Python 3.11
    widgets alone show it.
    """
    error.__notes__ = [*getattr(error, "__notes__", ()), words]  # type: ignore[attr-defined, unused-ignore]  # as `BaseException.add_note` does


def check_choice(name: str, value: object, choices: Iterable[str]) -> None:
    """Raise ExplanationError, with the nearest spelling, unless `value` is one of the choices."""
    choices = tuple(choices)
    if not isinstance(value, str) or value not in choices:
        expected = ", ".join(map(repr, choices))
        raise ExplanationError(
            f"{name}={brief(value)}; expected one of {expected}.{nearest(value, choices)}"
        )


def check_keywords(
    what: str, given: Iterable[str], names: Iterable[str], hints: Mapping[str, str] | None = None
) -> None:
    """Raise TypeError for a keyword that `what` does not have, with the nearest one, or with what
    `hints` say of it.
    """
    names = tuple(names)
    for name in given:
        if name not in names:
            hint = (hints or {}).get(name)
            listed = ", ".join(names[:16]) + (", ..." if len(names) > 16 else "")
            way_out = f" {hint}" if hint else nearest(name, names) or f" It has {listed}."
            no = "a" if what.startswith("neither") else "no"
            raise TypeError(f"{what} has {no} keyword {name!r}.{way_out}")


def strict_keywords(function: Function) -> Function:
    """Make a function name the nearest keyword where it is given one that it does not have (unless
    it takes any), and its keywords where it is given too much by place.
    """
    parameters = inspect.signature(function).parameters.values()
    places = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    names = [*places, *(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)]
    known, most = frozenset(names), len(places)
    any_keyword = any(p.kind is p.VAR_KEYWORD for p in parameters)
    shown = [name for name in names if name not in ("self", "cls")]
    what = f"{function.__qualname__.removesuffix('.__init__')}()"

    @functools.wraps(function)
    def strict(*args: Any, **given: Any) -> Any:
        if not any_keyword and not known.issuperset(given):
            check_keywords(what, given, shown)
        if len(args) > most:
            further = ", ".join(f"{name}=..." for name in names[most:])
            taken = ", ".join(name for name in places if name in shown)
            way_out = f"; name what it is: {further}" if further else ""
            raise TypeError(
                f"{what} takes {taken} by place, and was given {brief(args[most])} besides{way_out}"
            )
        return function(*args, **given)

    return strict  # type: ignore[return-value]  # it has the function's own signature


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.casefold()).split()
