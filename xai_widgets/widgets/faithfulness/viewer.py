"""FaithfulnessViewer: does a map show what the network uses? Curves, pictures, sanity checks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import traitlets as t

from xai_widgets.baselines import BASELINES
from xai_widgets.engine import Engine
from xai_widgets.methods import find
from xai_widgets.metrics import Control, Faithfulness
from xai_widgets.render import amount
from xai_widgets.render.card import Card, Cell, Cells, Column, Curve, Plot
from xai_widgets.render.figures import COLOURS, CONTROL
from xai_widgets.targets import TargetLike
from xai_widgets.widgets.base.jobs import Work
from xai_widgets.widgets.base.maps import sized
from xai_widgets.widgets.base.options import WidgetOptions
from xai_widgets.widgets.base.picture import PictureWidget
from xai_widgets.widgets.base.stills import class_bars, of_target
from xai_widgets.widgets.base.traits import Choice, WholeNumber, as_trait_problem, method_names
from xai_widgets.widgets.faithfulness import work

if TYPE_CHECKING:
    from typing_extensions import Unpack

_SECONDS_BETWEEN_CHECKS = 0.4  # a check is sent whole, with all its maps
_SIDE, _PLOT = 190, 220  # of a still picture


class FaithfulnessOptions(WidgetOptions, total=False):
    """Keywords of FaithfulnessViewer."""

    method: str | None
    view: Literal["curves", "sanity"]
    stages: int
    random_maps: int
    seed: int


class FaithfulnessViewer(PictureWidget):
    """Insertion and deletion curves of several methods, the picture at any point of them, and what
    the network says of it; beside them a random map as the control, and the sanity check.

    `engine`, `image` and `target` (a class, or None for the most probable one) are those of
    `Engine.explain`; `methods` are names of `engine.methods`. `baseline` ("blur", "black", "mean"
    or "zero") stands in for pixels that are taken away, the same in both curves; `steps` is the
    number of parts in which they go or come, 2 to 255. `random_maps` controls are drawn, from
    `seed` on. `method` is the one whose pictures are shown, `view` is "curves" or "sanity",
    and `stages` the number of groups in which the sanity check randomises the layers.

    All of these are traits: set them from Python, observe them. `curves` maps each method to its
    `metrics.Faithfulness` (`.insertion.auc`, `.deletion.auc`) as it is done, and "random" to the
    `metrics.Control`; `sanity` maps methods to their `metrics.Randomization`. `wait()`, `stop()`,
    `resume()`, `close()`, `to_png()`, `to_html()`; or use it as a context manager.

    Raises ExplanationError for an image, method, target, baseline or number that is not possible,
    and TypeError for an unknown keyword.
    """

    _static = "faithfulness"
    _asked_by = ("methods", "target", "baseline", "steps", "random_maps", "seed", "stages")
    _why_a_class = "which has a probability"
    _way_on = "Go on takes it up again; what is done is kept."

    cards: t.List[dict[str, Any]] = t.List(
        help="The cards of all methods, as the browser receives them."
    ).tag(sync=True)
    prediction = t.Dict(help="The most probable classes.").tag(sync=True)
    refused = t.Dict(help="Why a method has no curves here, by method.").tag(sync=True)
    check = t.Dict(help="The sanity check of the method that is shown.").tag(sync=True)
    likeness = t.Dict(help="By method the numbers of its sanity check so far.").tag(sync=True)

    methods: t.List[str] = t.List(help="The methods compared: names of engine.methods.").tag(
        sync=True, keyword=True
    )
    target = t.Any(
        None,
        allow_none=True,
        help="The class that is explained, by index or name; None for the most probable.",
    ).tag(sync=True, keyword=True)
    baseline = Choice(BASELINES, "blur", help="What stands in for pixels that are taken away.").tag(
        sync=True, keyword=True
    )
    steps = WholeNumber(2, 255, 25, help="In how many parts the pixels go or come, 2 to 255.").tag(
        sync=True, keyword=True
    )
    method = t.Any(
        None,
        allow_none=True,
        help='The method whose pictures are shown, or "random"; None for the first.',
    ).tag(sync=True, keyword=True)
    view = Choice(("curves", "sanity"), "curves", help='What is shown: "curves" or "sanity".').tag(
        sync=True, keyword=True
    )
    stages = WholeNumber(
        1, 64, 10, help="In how many groups the sanity check randomises the layers, 1 to 64."
    ).tag(keyword=True)
    random_maps = WholeNumber(1, 20, 5, help="How many random maps are the control, 1 to 20.").tag(
        keyword=True
    )
    seed = WholeNumber(0, 2**31, 0, help="Of the random maps: the first is drawn from it.").tag(
        keyword=True
    )

    curves = t.Dict(
        read_only=True, help='By method its metrics.Faithfulness, and "random" the metrics.Control.'
    )
    sanity = t.Dict(read_only=True, help="By method its metrics.Randomization.")

    def __init__(
        self,
        engine: Engine,
        image: Any,
        methods: Sequence[str] = ("grad_cam", "saliency"),
        target: TargetLike = None,
        baseline: str = "blur",
        steps: int = 25,
        **options: Unpack[FaithfulnessOptions],
    ) -> None:
        self._results = work.Results()
        self._setup: work.Setup | None = None
        self._check_sent = 0.0
        super().__init__(
            engine,
            image,
            methods=method_names(methods),
            target=target,
            baseline=baseline,
            steps=steps,
            **options,
        )

    @t.validate("method")
    def _check_method(self, proposal: Any) -> str | None:
        method = proposal["value"]
        if method is None:
            return None
        if method == "random":
            return str(method)
        with as_trait_problem():
            return find(method, self.engine.methods, ["random"]).name

    @t.observe("method", "view")
    def _ask_for_a_check(self, _change: Any) -> None:
        if self.view != "sanity":
            return
        of_it = self.check.get("method") == self._checked_method()
        if not of_it or not (self.check["done"] or self.status.get("state") == "running"):
            self._ask()

    def _checked_method(self) -> str:
        return self.method if self.method in self.methods else self.methods[0]

    def _request(self) -> work.CurvesRequest:
        return work.CurvesRequest(
            methods=tuple(self.methods),
            target=self.target,
            baseline=self.baseline,  # type: ignore[arg-type]  # one of BASELINES
            steps=self.steps,
            stages=self.stages,
            seeds=tuple(range(self.seed, self.seed + self.random_maps)),
            checks=self._checked_methods() if self.view == "sanity" else (),
        )

    def _checked_methods(self) -> tuple[str, ...]:
        """The one that is shown, and all that are quick."""
        first, cards = self._checked_method(), self.engine.methods
        others = [name for name in self.methods if not cards[name].anytime]
        return tuple(dict.fromkeys([first, *others]))

    def _work(self) -> tuple[str, Work[Any]]:
        engine, picture, results = self.engine, self._picture, self._results
        request = self._request()
        self.refused = {}
        return "Curves", lambda: work.missing_results(engine, picture, request, results)

    def _show(self, result: Any) -> None:
        if isinstance(result, work.Setup):
            self._setup = result
            self._show_curves(result)
            self._show_earlier_check(result.protocol.target)
        elif isinstance(result, work.MapCurves):
            self._results.add(result)
            assert self._setup is not None
            self._show_curves(self._setup)
        elif isinstance(result, work.Refusal):
            self.refused = {**self.refused, result.method: result.message}
        elif isinstance(result, work.Check):
            self._show_check(result)

    def _show_curves(self, setup: work.Setup) -> None:
        curves: dict[str, Faithfulness | Control] = {}
        controls: list[Faithfulness] = []
        for name, seed in self._request().labels:
            made = self._results.curves.get((setup.protocol, (name, seed)))
            if made is not None and seed is not None:
                controls.append(made)
            elif made is not None:
                curves[name] = made
        if controls:
            curves["random"] = Control(tuple(controls))
        self.frame = {**work.frame_of_curves(self.engine, self._jobs.seq, setup, curves)}
        self.set_trait("curves", curves)

    def _show_check(self, check: work.Check) -> None:
        if check.done:
            self._results.add(check)
            self.set_trait("sanity", {**self.sanity, check.method: check.result})
        now = time.monotonic()
        if check.done or now - self._check_sent > _SECONDS_BETWEEN_CHECKS:
            self._check_sent = now
            self.likeness = {**self.likeness, check.method: {**work.likeness_to_json(check)}}
            if check.method == self._checked_method():
                self.check = {**work.check_to_json(check)}

    def _done_checks(self, target: int) -> dict[str, work.Check]:
        """Those of this class: by method, as the controls are now."""
        checks = self._results.checks.values()
        return {c.method: c for c in checks if (c.target, c.stages) == (target, self.stages)}

    def _show_earlier_check(self, target: int) -> None:
        """A check that is done need not be made again; one of another class is not shown."""
        checks = self._done_checks(target)
        self.set_trait("sanity", {name: check.result for name, check in checks.items()})
        self._show_likeness(checks)
        if (done := checks.get(self._checked_method())) is not None:
            self.check = {**work.check_to_json(done)}
        elif self.check.get("target") != target:
            self.check = {}

    def _show_likeness(self, checks: Mapping[str, work.Check]) -> None:
        self.likeness = {name: {**work.likeness_to_json(c)} for name, c in checks.items()}

    def _forget(self) -> None:
        super()._forget()
        self._results, self._setup = work.Results(), None
        self.check = self.frame = self.likeness = {}
        self.set_trait("curves", {})
        self.set_trait("sanity", {})

    def _card(self, scale: float) -> Card:
        """The picture, what the network says of it, and both curves with their areas."""
        pixels, frame = sized(self._picture.pixels, _SIDE * scale), self.frame
        target = frame.get("target")
        top = self.prediction.get("top", [])
        aside: list[Any] = [Cells([[Cell(pixels)]], most=_SIDE)]
        if top:
            aside.append(class_bars(top, target))
        columns = [Column(_SIDE, aside)]
        if self.curves:
            panels = [work.panel_of(frame, kind) for kind in work.KINDS]
            columns += [Column(_PLOT, [plot]) for plot in _plots(panels)]
        titles = ", ".join(self.engine.methods[name].title for name in self.methods)
        heading = f"Faithfulness of {titles}"
        below = f"{self._of_what()} · baseline: {self.baseline}"
        return Card(heading, of_target(target), columns, below=below)

    def _in_words(self) -> str:
        titles = ", ".join(self.engine.methods[name].title for name in self.methods)
        what = f" for {self._setup.target.name}" if self._setup is not None else ""
        return self._named(f"Faithfulness of {titles}{what}")

    def _saved_frames(self) -> Sequence[Mapping[str, Any]]:
        """The sanity checks that a saved page can switch between: of all quick methods."""
        self.wait(self._saving_seconds)
        if self._setup is None:
            return []
        engine, picture, request = self.engine, self._picture, self._request()
        target, results = self._setup.target, self._results
        for made in self.collect(
            lambda: work.missing_checks(engine, picture, request, target, results),
            self._saving_seconds,
        ):
            if isinstance(made, work.Check) and made.done:
                results.add(made)
        checks = self._done_checks(self._setup.protocol.target)
        self._show_likeness(checks)
        return [work.check_to_json(checks[name]) for name in request.methods if name in checks]


def _plots(panels: Sequence[Mapping[str, Any]]) -> list[Plot]:
    """Insertion and deletion on one scale, each line with its area."""
    unit = panels[0]["unit"]
    values = [float(y) for panel in panels for line in panel["lines"] for y in line["y"]]
    low, high = min([0.0, *values]), max([0.0, *values]) * 1.05 or 1.0
    if unit == "probability":
        low, high = 0.0, min(high, 1.0)
    plots = []
    for panel in panels:
        colours = iter(COLOURS * (len(panel["lines"]) // len(COLOURS) + 1))
        curves = [
            Curve(
                line["title"],
                f"{line['auc']:.3f}",
                line["x"],
                line["y"],
                CONTROL if line["control"] else next(colours),
                dashed=line["control"],
                low=line["low"],
                high=line["high"],
            )
            for line in panel["lines"]
        ]
        ends = amount(low, unit, 0), amount(high, unit, 0)
        begin, end = amount(0, digits=0), f"{amount(1, digits=0)} of pixels"
        plots.append(Plot(panel["title"], curves, (low, high), ends, begin, end))
    return plots
