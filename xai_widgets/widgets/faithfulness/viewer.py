"""FaithfulnessViewer: does a map show what the network uses? Curves, pictures, sanity checks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import traitlets as t

from xai_widgets.baselines import BASELINES
from xai_widgets.metrics import Control, Randomization
from xai_widgets.render import curves_figure
from xai_widgets.targets import TargetLike
from xai_widgets.widgets.base.bundle import bundle
from xai_widgets.widgets.base.explaining import Facts
from xai_widgets.widgets.base.photos import picture_to_json, still
from xai_widgets.widgets.base.traits import (
    Choice,
    TraitProblem,
    WholeNumber,
    as_trait_problem,
    one_of,
    several_of,
)
from xai_widgets.widgets.base.widget import EngineWidget
from xai_widgets.widgets.faithfulness.curve_frames import (
    KINDS,
    check_to_json,
    frame_of_curves,
    panel_of,
)
from xai_widgets.widgets.faithfulness.work import (
    Asked,
    Checked,
    Judged,
    Known,
    Opening,
    Refused,
    Working,
    checks_within,
    judging,
)

if TYPE_CHECKING:
    from xai_widgets.engine import Engine

_FIRST_SECONDS = 1.5  # a cell waits so long, so that there is something to see at once
_SAVING_SECONDS = 120.0
_SECONDS_BETWEEN_CHECKS = 0.4  # a check is sent whole, with all its maps


class FaithfulnessViewer(EngineWidget):
    """Insertion and deletion curves of several methods, the picture at any point of them, and what
    the network says of it; beside them a random map as the control, and the sanity check.

    `engine`, `image` and `target` (a class, or None for the most probable one) are those of
    `Engine.explain`; `methods` are names of `engine.methods`. `baseline` ("blur", "black", "mean"
    or "zero") stands in for pixels that are taken away, the same in both curves; `steps` is the
    number of parts in which they go or come, 2 to 255. `random_maps` controls are drawn, from
    `seed` on. `method` is the one whose pictures are looked at, `view` is "curves" or "sanity",
    and `stages` the number of groups in which the sanity check randomises the layers.

    All of these are traits: set them from Python, observe them. `curves` maps each method to its
    `metrics.Faithfulness` (`.insertion.auc`, `.deletion.auc`) as it is done, and "random" to the
    `metrics.Control`; `sanity` maps methods to their `metrics.Randomization`. `wait()`, `stop()`,
    `close()`, `to_png()`, `to_html()`; or use it as a context manager.

    Raises ExplanationError for an image, method, target, baseline or number that cannot be, and
    TypeError for an unknown keyword.
    """

    _esm = bundle("faithfulness/index.js")
    _css = bundle("faithfulness/style.css")
    _way_on = "Go on takes it up again; what is done is kept."

    picture = t.Dict().tag(sync=True)
    network = t.Dict().tag(sync=True)
    cards: t.List[dict[str, Any]] = t.List().tag(sync=True)
    prediction = t.Dict().tag(sync=True)
    refused = t.Dict().tag(sync=True)  # method -> why it has no curves here
    check = t.Dict().tag(sync=True)  # the sanity check of `method`

    methods: t.List[str] = t.List().tag(sync=True, keyword=True)
    target = t.Any(None, allow_none=True).tag(sync=True, keyword=True)
    baseline = Choice(BASELINES, "blur").tag(sync=True, keyword=True)
    steps = WholeNumber(2, 255, 25).tag(sync=True, keyword=True)
    method = t.Any(None, allow_none=True).tag(sync=True, keyword=True)
    view = Choice(("curves", "sanity"), "curves").tag(sync=True, keyword=True)
    stages = WholeNumber(1, 64, 10).tag(keyword=True)
    random_maps = WholeNumber(1, 20, 5).tag(keyword=True)
    seed = WholeNumber(0, 2**31, 0).tag(keyword=True)

    curves = t.Dict(read_only=True)
    sanity = t.Dict(read_only=True)

    def __init__(
        self,
        engine: Engine,
        image: Any,
        methods: Sequence[str] = ("grad_cam", "saliency"),
        target: TargetLike = None,
        baseline: str = "blur",
        steps: int = 25,
        **traits: Any,
    ) -> None:
        self._loaded = (image, engine.picture(image))
        self._known, self._known_of = Known(), None
        self._opening: Opening | None = None
        self._check_sent = 0.0
        given = [methods] if isinstance(methods, str) else list(methods)
        super().__init__(
            engine,
            image=image,
            methods=given,
            target=target,
            baseline=baseline,
            steps=steps,
            **traits,
        )

    # What may be asked.

    @t.validate("methods")
    def _check_methods(self, proposal: Any) -> list[str]:
        return several_of("methods", proposal["value"], self.engine.methods)

    @t.validate("method")
    def _check_method(self, proposal: Any) -> str | None:
        method = proposal["value"]
        if method is None:
            return None
        return one_of("method", method, [*self.engine.methods, "random"])

    @t.validate("target")
    def _check_target(self, proposal: Any) -> int | None:
        target = proposal["value"]
        if target is None:
            return None
        if callable(target):
            raise TraitProblem("target is a function; expected a class, which has a probability.")
        with as_trait_problem():
            return self.engine.resolve_target(self._loaded[1], target).index

    # What is asked.

    @t.observe("image")
    def _take_picture(self, _change: Any) -> None:
        picture = self._loaded[1]
        self._known.clear()
        self._opening = None
        self.set_trait("curves", {})
        self.set_trait("sanity", {})
        self.check = self.frame = {}
        self.picture = picture_to_json(picture.pixels, picture.name)
        self.network = {"name": self.engine.name, "input": list(picture.input.shape[-2:])}
        self._ask()

    @t.observe("methods", "target", "baseline", "steps", "random_maps", "seed", "stages")
    def _ask_anew(self, _change: Any) -> None:
        self._ask()

    @t.observe("method", "view")
    def _ask_for_a_check(self, _change: Any) -> None:
        if self.view != "sanity":
            return
        of_it = self.check.get("method") == self._checked_method()
        if not of_it or not (self.check["done"] or self.status.get("state") == "running"):
            self._ask()

    def _checked_method(self) -> str:
        return self.method if self.method in self.methods else self.methods[0]

    def _asked_for(self) -> Asked:
        return Asked(
            methods=tuple(self.methods),
            target=self.target,
            baseline=self.baseline,  # type: ignore[arg-type]  # one of BASELINES
            steps=self.steps,
            stages=self.stages,
            seeds=tuple(range(self.seed, self.seed + self.random_maps)),
            check=self._checked_method() if self.view == "sanity" else None,
        )

    def _work(self) -> tuple[str, Callable[[], Iterator[Any]]]:
        engine, picture, asked, known = self.engine, self._loaded[1], self._asked_for(), self._known
        unknown = self._known_of is not picture
        self.refused = {}
        return "Curves", lambda: judging(engine, picture, asked, known, with_facts=unknown)

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        if isinstance(content, Mapping) and content.get("kind") == "resume" and not self._closed:
            self._ask()
        super()._handle_custom_msg(content, buffers)

    def _await_first(self) -> None:
        self._wait_while_running(_FIRST_SECONDS, until=lambda: False)

    # What is shown.

    def _show(self, step: Any) -> None:
        if isinstance(step, Facts):
            self._known_of = self._loaded[1]
            self.prediction = step.prediction
            self.cards = step.methods
        elif isinstance(step, Opening):
            self._opening = step
            self._show_curves()
            self._show_known_check()
        elif isinstance(step, Judged):
            self._known.add(step)
            self._show_curves()
        elif isinstance(step, Refused):
            self.refused = {**self.refused, step.label[0]: step.message}
        elif isinstance(step, Checked):
            self._take_check(step)
        elif isinstance(step, Working):
            self._say("running", self._doing(step), fraction=step.fraction)

    def _doing(self, step: Working) -> str:
        name = step.label[0]
        title = "Random map" if name == "random" else self.engine.methods[name].title
        return f"{title}: {'randomising the network' if step.checking else 'curves'}"

    def _show_curves(self) -> None:
        opening, asked = self._opening, self._asked_for()
        assert opening is not None
        found = {
            label: self._known.judged[opening.protocol, label]
            for label in asked.labels
            if (opening.protocol, label) in self._known.judged
        }
        curves: dict[str, Any] = {
            name: each for (name, seed), each in found.items() if seed is None
        }
        controls = tuple(each for (_, seed), each in found.items() if seed is not None)
        if controls:
            curves["random"] = Control(controls)
        frame = frame_of_curves(self.engine, opening, curves)
        self.frame = {"seq": self._requests.seq, **frame}
        self.set_trait("curves", curves)

    def _take_check(self, step: Checked) -> None:
        if step.done:
            self._known.checks[step.method, step.target, self.stages] = step
            checks = {**self.sanity, step.method: Randomization(step.stages)}
            self.set_trait("sanity", checks)
        now = time.monotonic()
        if step.done or now - self._check_sent > _SECONDS_BETWEEN_CHECKS:
            self._check_sent = now
            self.check = check_to_json(step, self.stages)

    def _show_known_check(self) -> None:
        """One that is known need not be made again; one of another class is no longer shown."""
        assert self._opening is not None
        target = self._opening.protocol.target
        of_target = {
            name: Randomization(checked.stages)
            for (name, index, stages), checked in self._known.checks.items()
            if (index, stages) == (target, self.stages)
        }
        self.set_trait("sanity", of_target)
        known = self._known.checks.get((self._checked_method(), target, self.stages))
        if known is not None:
            self.check = check_to_json(known, self.stages)
        elif self.check.get("target") != target:
            self.check = {}

    def _release(self) -> None:
        super()._release()
        self._known.clear()
        self._opening = self._known_of = self.image = None
        self._loaded = (None, None)
        self.picture = self.check = {}
        self.set_trait("curves", {})
        self.set_trait("sanity", {})

    # Static pictures.

    def _picture_png(self, *, small: bool) -> bytes:
        pixels = self._loaded[1].pixels
        if not self.curves or self._opening is None:
            return still(pixels)
        return curves_figure(
            *(panel_of(self.curves, kind) for kind in KINDS),
            pixels=pixels,
            title=self._in_words(),
            baseline=self.baseline,
        ).to_png(**({"dpi": 72, "colors": 96} if small else {"dpi": 150}))

    def _in_words(self) -> str:
        titles = ", ".join(self.engine.methods[name].title for name in self.methods)
        picture = self._loaded[1]
        what = f" for {self._opening.target.name}" if self._opening is not None else ""
        name = f", {picture.name}" if picture.name else ""
        return f"Faithfulness of {titles}{what}{name}, {self.engine.name}"

    def _saved_frames(self) -> list[dict[str, Any]]:
        """The sanity checks that a saved page can switch between: of all quick methods."""
        self.wait(_SAVING_SECONDS)
        if self._opening is None:
            return []
        engine, picture, asked = self.engine, self._loaded[1], self._asked_for()
        made = checks_within(
            _SAVING_SECONDS, engine, picture, asked, self._opening.target, self._known
        )
        return [check_to_json(each, self.stages) for each in made]
