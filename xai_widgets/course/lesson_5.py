"""Judges of lesson 5, find the shortcut, and what is handed over there."""

from __future__ import annotations

import copy
import functools
import tempfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from xai_widgets import demo
from xai_widgets.course.answers import array, choice, number, shaped
from xai_widgets.course.games import dealt, guess
from xai_widgets.course.registry import Wrong, exercise
from xai_widgets.course.scenes import Floats, drawn, twin
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, brief, strict_keywords
from xai_widgets.study import Study

__all__ = ["HandedOver", "handed_over"]

_COUNT, _SEED, _SHARE = 300, 15, 0.92
_SIDE = 64
_UPRIGHT = 3  # a deal whose pictures are not mirrored


@dataclass(frozen=True, eq=False)
class HandedOver:
    """What a customer gives you: two networks and a data set, as `Study` takes it."""

    engine: Engine
    other: Engine
    data: dict[str, Any] = field(repr=False)


def _mirrored(network: nn.Module, axes: tuple[int, ...]) -> nn.Module:
    """The network that says of a mirrored picture what this one says of the picture: its kernels
    are mirrored, and where it strides, so is the padding.
    """
    layers: list[nn.Module] = []
    for layer in network.children():
        if not isinstance(layer, nn.Conv2d):
            layers.append(layer)
            continue
        conv = nn.Conv2d(layer.in_channels, layer.out_channels, 3, layer.stride[0], device="cpu")
        with torch.no_grad():
            conv.weight.copy_(layer.weight.flip(axes) if axes else layer.weight)
            if conv.bias is not None and layer.bias is not None:
                conv.bias.copy_(layer.bias)
        across, down = ((1, 1 if layer.stride == (1, 1) else 0) for _ in range(2))
        across = across[::-1] if -1 in axes else across
        down = down[::-1] if -2 in axes else down
        layers += [nn.ZeroPad2d((*across, *down)), conv]
    return nn.Sequential(*layers).eval()


def _axes(deal: int) -> tuple[int, ...]:
    return ((-2, -1), (-1,), (-2,), ())[deal % 4]


@functools.lru_cache(maxsize=2)
def _pictures(deal: int) -> tuple[list[Any], Floats]:
    """The drawn shapes, and the mark's place (H, W) as 0 and 1; neither is mirrored yet."""
    shapes = demo.shapes(_COUNT, seed=_SEED + deal, shortcut=True, share=_SHARE)
    marked = next(s.shortcut for s in shapes if s.shortcut is not None)
    return shapes, marked.astype(np.float64)


def _turned(values: npt.NDArray[Any], deal: int) -> npt.NDArray[Any]:
    """An array (H, W, ...), mirrored as the deal's pictures are."""
    axes = tuple(axis + 2 for axis in _axes(deal))
    return np.ascontiguousarray(np.flip(values, axes)) if axes else values


@strict_keywords
def handed_over(*, deal: int = 0) -> HandedOver:
    """The data set of lesson 5 and two networks for it. Another `deal` is another data set.

    Raises ExplanationError for a deal that is not a whole number of 0 or more.
    """
    if isinstance(deal, bool) or not isinstance(deal, int) or deal < 0:
        raise ExplanationError(f"deal={brief(deal)}; expected a whole number, 0 or more")
    return _made(deal, deal)


def _made(deal: int, turned: int) -> HandedOver:
    """The pictures of a deal, and networks for them, mirrored as those of the deal `turned`."""
    shapes, _ = _pictures(deal)
    chance = np.random.default_rng([_SEED, deal])
    engines = []
    for shortcut, name in ((True, "Sorter"), (False, "The other sorter")):
        whole = demo.shapes_engine(shortcut=shortcut)
        axes = _axes(turned)
        network = _mirrored(whole.model, axes)
        engines.append(twin(whole, network, name))
    names = engines[0].class_names or []
    data = {
        "image": [_turned(s.pixels, turned) for s in shapes],
        "label": [names[s.label] for s in shapes],
        "shift": ["night" if s.shortcut is None else "day" for s in shapes],
        "belt": [f"belt {k}" for k in chance.integers(1, 5, len(shapes))],
    }
    return HandedOver(engines[0], engines[1], data)


@functools.lru_cache(maxsize=2)
def _studies(deal: int) -> tuple[Study, Study]:
    """Studies of both networks, of pictures that are not mirrored, which takes a third of the time.
    Their folder goes with the process.
    """
    handed = _made(deal, _UPRIGHT)
    folder = tempfile.TemporaryDirectory(prefix="xai_widgets_course_")
    made = []
    for name, engine in (("one", handed.engine), ("other", handed.other)):
        study = Study(engine, handed.data, folder=f"{folder.name}/{name}")
        study.run(wait=True, progress=False)
        made.append(study)
    made[0]._course_folder = folder  # type: ignore[attr-defined]  # kept as long as the study is
    return made[0], made[1]


def _box(deal: int, turned: int) -> tuple[int, int, int, int]:
    """The mark's place, (top, left, bottom, right)."""
    mark = _turned(_pictures(deal)[1], turned)
    rows, columns = np.flatnonzero(mark.any(1)), np.flatnonzero(mark.any(0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


@exercise("5.1", "The night shift", dealt=True)
def night(answer: Any, deal: int) -> str:
    one, _ = _studies(deal)
    correct, is_night = one.rows["correct"], one.rows["shift"] == "night"
    number(
        answer,
        correct[is_night].mean(),
        [
            ((~correct[is_night]).mean(), "That is the share of errors. Accuracy is the others."),
            (correct.mean(), "That is the accuracy of all pictures."),
            (correct[~is_night].mean(), "That is the day shift's."),
            (correct[is_night].sum(), "That is a count. Divide by how many there are."),
            (
                correct[is_night].sum() / len(correct),
                "Divide by the pictures of the night, not by all.",
            ),
            (
                is_night[~correct].mean(),
                "That is how many of the errors are from the night: the question turned round.",
            ),
        ],
        tolerance=2e-3,
    )
    return "Guessing among six shapes gives 0.17."


@exercise("5.2", "What do you write home?")
def write_home(answer: Any) -> str:
    choice(
        answer,
        "c",
        {
            "a": (
                "Somebody else has looked at these pictures. Did they find them bad?",
                "The other network is right on them.",
            ),
            "b": (
                "If the labels were wrong, whose answers would differ from them?",
                "The other network agrees with these labels.",
            ),
            "d": (
                "An accuracy of 90 % and more does not come from nothing.",
                "It knows something. Only what?",
            ),
        },
    )
    return "Where is answered. Why is open."


@exercise("5.3", "Where do the maps lie?", dealt=True)
def quarters(answer: Any, deal: int) -> str:
    one, other = _studies(deal)

    def shares(study: Study, rows: Any) -> Floats:
        mean = _turned(study.mean_map(rows)[0], deal)
        h, w = (n // 2 for n in mean.shape)
        cut = np.array([[mean[:h, :w], mean[:h, w:]], [mean[h:, :w], mean[h:, w:]]], np.float64)
        return np.asarray(cut.sum((2, 3)), np.float64)

    sums = shares(one, one.right)
    right = sums / sums.sum()
    wrong = shares(one, one.wrong)
    theirs = shares(other, other.right)
    array(
        answer,
        right,
        [
            (right / 64, "Those are means of each quarter. Add up its cells."),
            (right * 100, "Those are per cent. Shares add up to 1."),
            (right.T, "Upper right and lower left are exchanged.", "Rows first: mean[:h, w:]."),
            (wrong / wrong.sum(), "Those are the pictures that were answered wrong."),
            (theirs / theirs.sum(), "That is the other network."),
            (right[::-1], "Upside down: row 0 is at the top."),
            (right[:, ::-1], "Left and right are exchanged."),
            (right.ravel(), "Four numbers in a row. Make it [[upper left, upper right], [...]]."),
        ],
        axes="[[upper left, upper right], [lower left, lower right]]",
        tolerance=1e-2,
    )
    return "Evenly spread, each would have 0.25. A suspicion; not yet evidence."


@exercise("5.4", "The place", dealt=True)
def place(answer: Any, deal: int) -> str:
    true = _box(deal, deal)
    form = "(top, left, bottom, right), in pixels of the 64 x 64 picture"
    given = shaped(answer, (4,), "(top, left, bottom, right)")
    top, left, bottom, right = (float(v) for v in given)
    box = (top, left, bottom, right)
    if _overlap(box, true) >= 0.4:
        return "A place of no shape, the same in every picture. Remember: still a suspicion."
    if max(box) <= 1:
        raise Wrong(f"Those are shares of the picture. Give {form}.")
    if _overlap((4 * top, 4 * left, 4 * bottom, 4 * right), true) >= 0.4:
        raise Wrong(f"Those are cells of the map, 16 x 16. Give {form}.", "A cell is 4 pixels.")
    if bottom <= top or right <= left:
        if _overlap((top, left, top + bottom, left + right), true) >= 0.4:
            raise Wrong("Give the lower right corner, not height and width.", form)
        raise Wrong("That box is empty.", f"Give {form}.")
    if _overlap((left, top, right, bottom), true) >= 0.4:
        raise Wrong("You have exchanged rows and columns.", f"Give {form}.")
    if _overlap((top, left, top + bottom, left + right), true) >= 0.4:
        raise Wrong("Give the lower right corner, not height and width.", form)
    area = (bottom - top) * (right - left)
    inside = _common(box, true) / ((true[2] - true[0]) * (true[3] - true[1]))
    if inside > 0.9 and area > 0.08 * _SIDE**2:
        raise Wrong(
            f"It is in there, but so is {area / _SIDE**2:.0%} of the picture. Smaller!",
            "Look at single pictures, enlarged, where the mean map is brightest.",
        )
    if inside > 0.2:
        raise Wrong(
            "Nearly: it touches the right place.",
            "Look at ten pictures of the day shift, enlarged, in this corner. What do all have?",
        )
    if _overlap((_SIDE - bottom, _SIDE - right, _SIDE - top, _SIDE - left), true) >= 0.4:
        raise Wrong("The opposite corner.", "Row 0 is at the top, column 0 on the left.")
    if abs(top + bottom - _SIDE) < 16 and abs(left + right - _SIDE) < 16:
        raise Wrong(
            "The shapes themselves lie there: that would be no shortcut.",
            "In which quarter did the maps lie, that no shape prefers?",
        )
    raise Wrong(
        "Not there.",
        "In which quarter do the maps of 5.3 lie? Look at ten pictures of the day shift there.",
    )


def _common(a: Any, b: Any) -> float:
    high = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    return float(high * max(min(a[3], b[3]) - max(a[1], b[1]), 0))


def _overlap(a: Any, b: Any) -> float:
    """Intersection over union of two boxes."""
    both = _common(a, b)
    areas = sum(max(c[2] - c[0], 0) * max(c[3] - c[1], 0) for c in (a, b))
    return float(both / (areas - both)) if areas > both else 0.0


@functools.lru_cache(maxsize=8)
def _experiment(deal: int, kind: str, which: int) -> tuple[float, float]:
    study = _studies(deal)[which]
    rows, region = study.right[:120], _box(deal, _UPRIGHT)
    done = (
        study.swap(rows, region, controls=4)
        if kind == "swap"
        else study.cover(rows, region, fill=kind, controls=4)
    )
    return float(done.effect), float(done.control)


@exercise("5.5", "Cover it", dealt=True)
def cover(answer: Any, deal: int) -> str:
    effect, control = _experiment(deal, "paste", 0)
    theirs, _ = _experiment(deal, "paste", 1)
    number(
        answer,
        effect - control,
        [
            (
                control,
                "Nothing falls? Is that the control, random places, or the other network?",
                "Both do not mind. .effect is what your place does to our network.",
            ),
            (theirs, "That is the other network, which does not mind."),
            (1 - effect, "That is what is left of the probability. By how much does it fall?"),
            (
                _experiment(deal, "blur", 0)[0],
                'That is with a blur in its place. The exercise has fill="paste".',
                "A blurred tag is no tag; a pasted one names another class.",
            ),
            (120, "That is how many pictures took part. The experiment has an .effect."),
        ],
        tolerance=0.1,
        closeness=0.02,
    )
    return "Less than two pixels in a hundred, and most of the certainty is in them."


@exercise("5.6", "Exchange it", dealt=True)
def exchange(answer: Any, deal: int) -> str:
    effect, control = _experiment(deal, "swap", 0)
    theirs, _ = _experiment(deal, "swap", 1)
    number(
        answer,
        effect,
        [
            (1 - effect, "Those are the answers that stay. How many go along with the square?"),
            (
                control,
                "No answer moves? Is that the control, random places, or the other network?",
                ".effect is what your place does to our network.",
            ),
            (theirs, "That is the other network, which does not mind."),
            (120 * effect, "That is a count. Make a share of the 120."),
            (120, "That is how many pictures took part."),
        ],
        tolerance=0.08,
        closeness=0.02,
    )
    return "The picture shows a star, the square says ring, and the network says ring."


@functools.lru_cache(maxsize=4)
def _without_marks(deal: int) -> float:
    """The network's accuracy on the same pictures, none of them marked."""
    engine = demo.shapes_engine(shortcut=True)
    shapes = demo.shapes(_COUNT, seed=_SEED + deal)
    x = torch.cat([engine.input(s.pixels) for s in shapes])
    with torch.no_grad():
        said = engine.model(x).argmax(1).numpy()
    return float((said == [s.label for s in shapes]).mean())


@exercise("5.7", "What do you promise?", dealt=True)
def promise(answer: Any, deal: int) -> str:
    one, other = _studies(deal)
    correct, is_night = one.rows["correct"], one.rows["shift"] == "night"
    promised = {float(correct[is_night].mean()), 1 / 6, _without_marks(deal)}
    try:
        given = number(answer, 0.5, tolerance=0.5)
    except Wrong:
        given = -1.0
    if not min(promised) - 0.03 <= given <= max(promised) + 0.03:
        number(
            answer,
            _without_marks(deal),
            [
                (
                    correct.mean(),
                    "That is today's. From tomorrow nothing tells the network the class.",
                    "You have pictures without a tag: whose?",
                ),
                (
                    correct.mean() - _experiment(deal, "paste", 0)[0],
                    "Probabilities fell by that much. How often is the *answer* right?",
                    "You have pictures without one: whose?",
                ),
                (0, "Even a guess is right sometimes: one in six."),
                (other.accuracy, "That is the other network: the one you will recommend."),
                (
                    correct.mean() * (~is_night).mean(),
                    "From tomorrow no picture has a tag, not the same share as today.",
                ),
            ],
            tolerance=0.02,
        )
    return (
        f"It was {_without_marks(deal):.0%}, on the same pictures without tags. Guessing gives "
        "17 %. It was a good day to ask."
    )


@dealt("5.8")
def four_sorters() -> dict[str, Engine]:
    made = {}
    for name, seed in (("honest 1", 0), ("honest 2", 1), ("honest 3", 2)):
        model = copy.deepcopy(drawn().model)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for p in model.parameters():
                p.add_(0.05 * p.std() * torch.randn(p.shape, generator=generator, device="cpu"))
        made[name] = twin(drawn(), model, "a sorter")
    cheat = demo.shapes_engine(shortcut=True)
    return {**made, "cheat": twin(cheat, cheat.model, "a sorter")}


@exercise("5.8", "Which one cheats?", game=True)
def cheats(answer: Any, deal: int) -> str:
    steps = (
        "That one looks at the shapes.",
        "Change the corner, or let the mark name another class, and see whose answers change.",
    )
    honest = ("honest 1", "honest 2", "honest 3")
    guess(answer, "5.8", deal, "cheat", dict.fromkeys(honest, steps))
    return "Four times nearly 100 %, and one of them had never learned what a star is."
