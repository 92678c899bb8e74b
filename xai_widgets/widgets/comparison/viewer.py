"""GradientComparison: what several networks, or checkpoints of one, answer to several methods."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import traitlets as t
from typing_extensions import Unpack

from xai_widgets.attribution import UNNAMED, Attribution
from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import check_engine, is_engine
from xai_widgets.engine.worker import Job
from xai_widgets.images import Picture
from xai_widgets.render import amount
from xai_widgets.render.card import Card, Cell, Cells, Column
from xai_widgets.targets import TargetLike
from xai_widgets.widgets.base import state_lock
from xai_widgets.widgets.base.channel import message
from xai_widgets.widgets.base.dropping import Dropping
from xai_widgets.widgets.base.explaining import Facts, card_json
from xai_widgets.widgets.base.jobs import Work
from xai_widgets.widgets.base.maps import Pixels, sized, small_picture
from xai_widgets.widgets.base.options import Appearance, MapOptions, Parametrised
from xai_widgets.widgets.base.stills import class_bars, of_target
from xai_widgets.widgets.base.traits import (
    Choice,
    Renamed,
    Share,
    TraitProblem,
    WholeNumber,
    as_trait_problem,
    by_new_names,
    method_names,
)
from xai_widgets.widgets.comparison import work
from xai_widgets.widgets.comparison.networks import Row, rows_of
from xai_widgets.widgets.comparison.saved import compare_all, saved_comparisons, saved_of
from xai_widgets.widgets.comparison.wire import ComparisonSaved, NetworkPrediction

METHODS = ("saliency", "guided_backprop", "deconvnet", "smooth_grad", "grad_cam")
_COLORMAPS = ("inferno", "gray", "coolwarm")  # those in the bundle
_MOST_NOISE = 0.5
_THUMBNAIL = 64  # pixels
# Of a still picture: what a row may be wide, its cells, and the words at its left.
_ROW, _SIDE, _LEAST_SIDE, _HEAD, _ASIDE = 660, 160, 100, 150, 220


class ComparisonOptions(MapOptions, total=False):
    """Keywords of GradientComparison."""

    own: bool
    picture_index: int
    noise: float
    pair: Sequence[tuple[int, str]]
    view: Literal["grid", "swipe", "difference"]
    scale: Literal["cell", "method", "all"]
    alone: bool


class GradientComparison(Appearance, Parametrised, Dropping):
    """Maps of several networks (rows) by several methods (columns), side by side: one picture, one
    cursor, one zoom, one class; any two laid over each other, and their difference.

    `engines` is an Engine, several, or a mapping from names; with `checkpoints`, a mapping from
    names to weights (state dicts or files: safetensors, or of `torch.save` with torch 2.10 or
    newer), the rows are copies of the one engine's network.
    `image` is a picture or a list of them, of which the one at `picture_index` is shown. `methods`
    are names of `engine.methods`; `target` is a class, None for the first network's most probable
    one; with `own=True` each row explains its own network's. `names` and `accuracies` (shares) go
    into the row headers. `noise` is added to what the networks are given, in parts of its range,
    drawn from `seed`. Further keywords are the methods' parameters (`samples=50`) and the
    appearance, as in HeatmapViewer; `alone=False` lays the maps over the picture, `scale` is what
    has a colour scale of its own: each "cell", each "method", or none ("all"); `view` is "grid",
    "swipe" or "difference", `pair` the two cells (row, method) that it is of.

    All of these are traits: set them from Python, observe them. `attributions` and `measures` are
    by (name, method). `wait()`, `stop()`, `close()`, `to_png()`, `to_html()`; or use it as a
    context manager.

    Raises ExplanationError for a network, checkpoint, image, method, class or number that is not
    possible, and TypeError for an unknown keyword.
    """

    _static = "comparison"
    _asked_by = ("methods", "target", "own", "picture_index", "noise", "seed", "parameters")
    _why_a_class = "which all networks have"
    _way_on = "Choose a picture, class or method to go on; what is done is kept."
    _way_out = "Choose another picture, method or class."

    rows: t.List[dict[str, Any]] = t.List(help="The networks: name and accuracy of each.").tag(
        sync=True
    )
    thumbnails: t.List[dict[str, Any]] = t.List(help="The pictures, small.").tag(sync=True)
    cards: t.List[dict[str, Any]] = t.List(
        help="The cards of all methods, as the browser receives them."
    ).tag(sync=True)
    class_names: t.List[str] = t.List(help="The names of the classes by index.").tag(sync=True)
    measure_descriptions = t.List(
        [{**item} for item in work.MEASURES], help="What each measure of a map is, in words."
    ).tag(sync=True)

    image = t.Any(help="A picture, or a list of them.").tag(keyword=True)
    methods: t.List[str] = t.List(help="The methods, one a column: names of engine.methods.").tag(
        sync=True, keyword=True
    )
    target = t.Any(
        None,
        allow_none=True,
        help="The class that is explained, by index or name; None for the first network's best.",
    ).tag(sync=True, keyword=True)
    own = t.Bool(False, help="Whether each network's own most probable class is explained.").tag(
        sync=True, keyword=True
    )
    picture_index = t.Int(0, help="Which of the pictures is shown.").tag(sync=True, keyword=True)
    noise = Share(
        0, _MOST_NOISE, 0, help="Noise added to the input, in parts of its range, 0 to 0.5."
    ).tag(sync=True, keyword=True)
    seed = WholeNumber(0, 9999, 0, help="Of the noise.").tag(keyword=True)
    pair: t.List[Any] = t.List(
        help="The two cells, (row, method) each, that are laid over each other."
    ).tag(sync=True, keyword=True)

    colormap = Choice(
        ["auto", *_COLORMAPS],
        "auto",
        help='Colours of the maps: "auto", "inferno", "gray" or "coolwarm".',
    ).tag(sync=True, keyword=True)
    view = Choice(
        ("grid", "swipe", "difference"),
        "grid",
        help='What is shown: "grid", "swipe" or "difference".',
    ).tag(sync=True, keyword=True)
    scale = Choice(
        ("cell", "method", "all"),
        "cell",
        help='What has a colour scale of its own: each "cell", each "method", or "all" share one.',
    ).tag(sync=True, keyword=True)
    alone = t.Bool(True, help="Whether maps are shown alone, not over the picture.").tag(
        sync=True, keyword=True
    )

    place = Renamed("picture_index")
    strip = Renamed("thumbnails")
    measured = Renamed("measure_descriptions")

    def __init__(
        self,
        engines: Engine | Sequence[Engine] | Mapping[str, Engine],
        image: Any,
        methods: Sequence[str] = METHODS,
        target: TargetLike = None,
        *,
        names: Sequence[str] | None = None,
        accuracies: Sequence[float | None] | Mapping[str, float] | None = None,
        checkpoints: Mapping[str, Any] | None = None,
        **options: Unpack[ComparisonOptions],
    ) -> None:
        given = by_new_names(type(self), options)
        if is_engine(image):
            check_engine(engines, "GradientComparison(engine, image)", image)
        self._rows: list[Row] = rows_of(engines, checkpoints, names, accuracies)
        engine = self._rows[0].engine
        self._loaded: tuple[Any, list[Any]] = (image, _listed(image))
        self._pictures: list[Picture] = [engine.picture(item) for item in self._loaded[1]]
        self._answers, self._with_facts = work.AnswerCache(), True
        self._viewed = False
        self._measuring: Job | None = None
        super().__init__(
            engine,
            image=image,
            methods=method_names(methods),
            target=target,
            **given,
        )

    def _read_pictures(self) -> list[Picture]:
        return self._pictures

    def _take_over(self, image: Any, pictures: list[Picture]) -> None:
        self._loaded, self._pictures = (image, _listed(image)), pictures

    @t.validate("image")
    def _check_image(self, proposal: Any) -> Any:
        image = proposal["value"]
        if self._loaded[0] is not image:
            with as_trait_problem():
                images = _listed(image)
                self._pictures = [self.engine.picture(item) for item in images]
                self._loaded = (image, images)
        return image

    @t.validate("target")
    def _check_target(self, proposal: Any) -> int | None:
        return self._class_of(proposal["value"], self._pictures[0])

    @t.validate("picture_index")
    def _check_picture_index(self, proposal: Any) -> int:
        index: int = proposal["value"]
        if not 0 <= index < len(self._pictures):
            raise TraitProblem(
                f"picture_index is {index}; expected 0 to {len(self._pictures) - 1}."
            )
        return index

    @t.validate("pair")
    def _check_pair(self, proposal: Any) -> list[Any]:
        pair: list[tuple[int, str]] = [(int(row), str(name)) for row, name in proposal["value"]]
        if len(pair) > 2 or any(not 0 <= row < len(self._rows) for row, _ in pair):
            raise TraitProblem(f"pair is {pair}; expected two cells [row, method].")
        return [list(cell) for cell in pair]

    @t.observe("image")
    def _take_pictures(self, _change: Any) -> None:
        self._forget_answers()
        if self.picture_index >= len(self._pictures):
            self.picture_index = 0
        self.thumbnails = [
            {**small_picture(picture.pixels, _THUMBNAIL), "name": picture.name}
            for picture in self._pictures
        ]
        self.network = {
            "name": ", ".join(row.name for row in self._rows),
            "input": list(self._pictures[0].input.shape[-2:]),
        }
        self.rows = [{"name": row.name, "accuracy": row.accuracy} for row in self._rows]
        engine = self.engine
        self.cards = self.cards or [{**card_json(engine, name)} for name in engine.methods]
        self._ask()

    @t.observe("seed", "parameters")
    def _forget_answers(self, _change: Any = None) -> None:
        self._answers = work.AnswerCache()
        self.send({"kind": "forget"})

    @property
    def _comparison(self) -> work.Comparison:
        request = work.ComparisonRequest(
            self.picture_index, self.target, self.own, round(self.noise, 3), self.seed
        )
        image = self._loaded[1][self.picture_index]
        return work.Comparison(
            self._rows, image, request, list(self.methods), dict(self.parameters), self._answers
        )

    @property
    def _answer(self) -> work.Answer:
        return self._comparison.answer

    def _work(self) -> tuple[str, Work[Any]]:
        comparison, first = self._comparison, self._with_facts
        self._with_facts = False
        return "Maps", lambda: work.compare(comparison, with_facts=first)

    def _show(self, result: work.Part | Facts) -> None:
        if isinstance(result, Facts):
            named = {**result.network, "name": self.network["name"]}  # all of them
            self._fill({**vars(result), "network": named})
        else:
            self._send_part(self._comparison.request.key, result)

    def _send_part(self, key: str, part: work.Part) -> None:
        if isinstance(part, work.Cell):
            self.tell("cell", key=key, frame=part.frame)
        elif isinstance(part, work.Measured):
            row, method = part.key
            self.tell("measures", key=key, row=row, method=method, values=part.values)
        else:
            self.tell("prediction", key=key, prediction=part)

    def _finished(self) -> None:
        if self._viewed:  # until then every moment goes into what is seen first
            self._measure()

    def _measure(self) -> None:
        """Take the measures of what is shown, in the background."""
        comparison = self._comparison
        self._measuring = self.aside(
            lambda: work.measure(comparison),
            partial(self._show_measures, comparison),
            background=True,
        )

    def _show_measures(self, comparison: work.Comparison, measured: work.Measured) -> None:
        if comparison.cache is self._answers:
            comparison.answer.add(measured)
            self._send_part(comparison.request.key, measured)

    def wait(self, seconds: float = 600.0) -> None:
        """Wait until everything is computed, the measures too."""
        deadline = time.monotonic() + seconds
        super().wait(seconds)
        job: Job | None = None
        with state_lock.held():
            if self.status.get("state") == "idle":
                self._viewed = True
                self._measure()
                job = self._measuring
        while job is not None:  # another takes its place where the work ends only now
            job.wait(max(deadline - time.monotonic(), 0.0))
            with state_lock.held():
                replaced = self._measuring is not job and time.monotonic() < deadline
                job = self._measuring if replaced else None

    def _ready(self) -> None:
        """What was sent before a view listened is lost to it."""
        super()._ready()
        self._send_answer(self._comparison.request.key)
        self._viewed = True
        if self.status.get("state") == "idle":
            self._measure()

    @message("missing")
    def _send_answer(self, key: str) -> None:
        """Send all of an answer: a view lacks it, or has forgotten it."""
        for part in self._answers.with_key(key).parts():
            self._send_part(key, part)

    @property
    def attributions(self) -> dict[tuple[str, str], Attribution]:
        """What is shown now, by (name of the network, method)."""
        return {
            (self._rows[row].name, method): cell.attribution
            for (row, method), cell in self._answer.cells.items()
            if cell.attribution is not None and method in self.methods
        }

    @property
    def measures(self) -> dict[tuple[str, str], dict[str, float | None]]:
        """The measures of what is shown now, by (name of the network, method)."""
        return {
            (self._rows[row].name, method): dict(values)
            for (row, method), values in self._answer.measures.items()
            if method in self.methods
        }

    def _release(self) -> None:
        super()._release()
        self._answers, self._rows, self._pictures = work.AnswerCache(), [], []
        self._loaded = (None, [])
        self.image = None
        self.thumbnails = []

    def _card(self, scale: float) -> Card:
        """The photograph and all maps of each network, and what it says."""
        answer, cards = self._answer, self.engine.methods
        photograph = self._pictures[self.picture_index]
        several = len(self._rows) > 1
        side = min(_SIDE, max(_ROW / (len(self.methods) + 1), _LEAST_SIDE)) if several else _SIDE
        titles = ["Picture", *(cards[name].title for name in self.methods)]
        cells: list[list[Cell]] = []
        heads: list[list[str]] = []
        for row, own in enumerate(self._rows):
            said = answer.predictions.get(row)
            maps = [answer.cells.get((row, name)) for name in self.methods]
            drawn = [photograph.pixels, *(self._drawn(cell, side * scale) for cell in maps)]
            above = titles if not row else [""] * len(titles)
            cells.append(
                [
                    Cell(item if isinstance(item, str) else sized(item, side * scale), above=name)
                    for item, name in zip(drawn, above, strict=True)
                ]
            )
            heads.append(_words(own, said))
        first: Mapping[str, Any] = answer.predictions.get(0) or {}
        about = of_target(first.get("target"))
        name = "" if photograph.name in UNNAMED else photograph.name
        below = " · ".join(filter(None, [name, self.network["name"]]))
        if len(cells) > 1:
            width = _HEAD + len(titles) * (side + 6) - 6
            return Card(self._heading, about, [Column(width, [Cells(cells, heads, most=side)])],
                        below=below)  # fmt: skip
        across = len(titles) if len(titles) <= 3 else -(-len(titles) // 2)
        lines = [cells[0][i : i + across] for i in range(0, len(titles), across)]
        columns = [Column(across * (side + 6) - 6, [Cells(lines, most=side)])]
        if first.get("top"):
            columns.append(Column(_ASIDE, [class_bars(first["top"], first.get("target"))]))
        return Card(self._heading, about, columns, below=below)

    @property
    def _heading(self) -> str:
        names = list(dict.fromkeys(row.name for row in self._rows))
        return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"

    def _drawn(self, cell: work.Cell | None, side: float) -> Pixels | str:
        """A map as the browser shows it in its cell, or why there is none."""
        if cell is None:
            return "…"
        if cell.attribution is None:
            return cell.frame["error"]
        attribution, signed = cell.attribution, cell.frame["signed"]
        photograph = self._pictures[self.picture_index].pixels
        pixels = sized(photograph if attribution.pixels is None else attribution.pixels, side)
        if not self.alone:
            return self._overlaid(pixels, attribution, signed=signed)
        return self._map_alone(pixels, attribution, signed=signed)

    def _in_words(self) -> str:
        titles = ", ".join(self.engine.methods[name].title for name in self.methods)
        picture = self._pictures[self.picture_index]
        first = self._answer.predictions.get(0)
        what = f" for {first['target']['name']}" if first and "target" in first else ""
        name = f", {picture.name}" if picture.name else ""
        return f"{titles}{what}{name}: {' and '.join(row.name for row in self._rows)}"

    def _of_methods(
        self, frames: Sequence[Mapping[str, Any]], methods: Collection[str]
    ) -> list[Mapping[str, Any]]:
        parts = ("cells", "measures")
        return [
            {**saved, **{part: [own for own in saved[part] if own["method"] in methods]
                         for part in parts}}
            for saved in frames
        ]  # fmt: skip

    def _saved_frames(self) -> list[ComparisonSaved]:
        """All pictures without noise, and the shown one with a few amounts of it."""
        self.wait(self._saving_seconds)
        comparisons = saved_comparisons(self._comparison, self._loaded[1])
        self.collect(lambda: compare_all(comparisons), self._saving_seconds)
        return [saved_of(comparison) for comparison in comparisons]


def _words(row: Row, prediction: NetworkPrediction | None) -> list[str]:
    words = [row.name]
    if row.accuracy is not None:
        words.append(f"{amount(row.accuracy)} right")
    if prediction and prediction.get("top"):
        first = prediction["top"][0]
        words += [first["name"], amount(first["probability"], first.get("unit", "probability"))]
    return words


def _listed(image: Any) -> list[Any]:
    """The pictures that are meant. Raises TraitProblem for none."""
    images = list(image) if isinstance(image, (list, tuple)) else [image]
    if not images:
        raise TraitProblem("image is an empty list; expected a picture or more.")
    return images
