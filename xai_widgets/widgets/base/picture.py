"""What a widget about one picture is: it takes `image`, and says what the network says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import traitlets as t

from xai_widgets.attribution import UNNAMED, Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, a_kind
from xai_widgets.images import Picture
from xai_widgets.progress import Progress
from xai_widgets.render.card import Card, Cell, Cells, Column
from xai_widgets.render.colours import overlay
from xai_widgets.widgets.base.dropping import Dropping
from xai_widgets.widgets.base.explaining import Explained, Facts, card_json, facts, network_of
from xai_widgets.widgets.base.jobs import Work
from xai_widgets.widgets.base.maps import Pixels, map_of, picture_to_json, sized
from xai_widgets.widgets.base.stills import class_bars, of_target
from xai_widgets.widgets.base.traits import as_trait_problem

_SIDE = 148  # of a map in a still picture of several


class PictureWidget(Dropping):
    """A widget about one picture: it takes `image`, and shows what the network says of it.

    A subclass may declare the traits `prediction`, `class_names`, `layers` and `cards`: they are
    filled before its work begins. Unless it says otherwise, a result that is an `Explained` becomes
    the `frame`, and the maps of the latest request are its still picture.
    """

    image = t.Any(help="The picture that is explained: a path, PIL image, array or tensor.").tag(
        keyword=True
    )
    picture = t.Dict(help="The pixels that the network sees, as the browser receives them.").tag(
        sync=True
    )

    _loaded: tuple[Any, Any] = (None, None)  # the image, and the picture that was made of it
    _facts_of: Picture | None = None  # the picture that `prediction` and the like are of

    def __init__(self, engine: Engine, image: Any, **traits: Any) -> None:
        self._check_engine(engine, image, *traits.values())
        self._loaded = (image, self._one_picture(engine, image))
        self._maps: list[Explained] = []  # those of the latest request that has any
        self._maps_seq = 0
        super().__init__(engine, image=image, **traits)

    def _one_picture(self, engine: Engine, image: Any) -> Picture:
        if isinstance(image, (list, tuple)):
            raise ExplanationError(
                f"image is {a_kind(image)} of {len(image)}; {type(self).__name__} shows one "
                "picture: set its image for the next one, or show several with GradientComparison"
            )
        return engine.picture(image)

    @property
    def _picture(self) -> Picture:
        picture: Picture = self._loaded[1]
        return picture

    def _read_pictures(self) -> list[Picture]:
        return [self._picture]

    def _take_over(self, image: Any, pictures: list[Picture]) -> None:
        self._loaded = (image, pictures[0])

    @t.validate("image")
    def _check_image(self, proposal: Any) -> Any:
        image = proposal["value"]
        if self._loaded[0] is not image:
            with as_trait_problem():
                self._loaded = (image, self._one_picture(self.engine, image))
        return image

    @t.observe("image")
    def _take_picture(self, _change: Any) -> None:
        picture = self._picture
        self._forget()
        self.picture = {**picture_to_json(picture.pixels, picture.name)}
        self.network = {**network_of(self.engine, picture)}
        if self._facts_of is None:
            self._fill({"cards": [card_json(self.engine, name) for name in self.engine.methods]})
        self._ask()

    @t.validate("target")
    def _check_target(self, proposal: Any) -> Any:
        """The index of the class that is meant, None for the most probable one."""
        return self._class_of(proposal["value"], self._picture)

    def _complete(self, work: Work[Any]) -> Work[Any]:
        engine, picture = self.engine, self._picture
        if self._facts_of is picture or not self.has_trait("prediction"):
            return work

        def with_facts() -> Iterator[Progress[Any]]:
            yield Progress(0.0, facts(engine, picture))
            yield from work()

        return with_facts

    def _take_step(self, step: Progress[Any]) -> None:
        if isinstance(step.result, Facts):
            self._facts_of = self._picture
            self._fill(vars(step.result))
            step = Progress(step.fraction, None, step.words)
        super()._take_step(step)

    def _show(self, result: Any) -> None:
        if isinstance(result, Explained):
            earlier = self._maps if self._maps_seq == self._jobs.seq else []
            others = [made for made in earlier if made.request != result.request]
            self._maps, self._maps_seq = [*others, result], self._jobs.seq
            self.frame = {"seq": self._jobs.seq, **self._frame()}

    def _frame(self) -> Mapping[str, Any]:
        """The `frame` without `seq`, as the maps of a request come in: the latest of them."""
        return self._maps[-1].frame

    def _overlaid(self, pixels: Pixels, attribution: Attribution, *, signed: bool) -> Pixels:
        """A map over the picture (H, W, 3), in a still picture."""
        return overlay(pixels, map_of(attribution), signed=signed)

    def _forget(self) -> None:
        super()._forget()
        self._maps = []

    def _release(self) -> None:
        super()._release()
        self._facts_of = self.image = None
        self._loaded = (None, None)
        self.picture = {}

    def _card(self, scale: float) -> Card:
        """The picture, the maps of the latest request, and what the network says."""
        pixels = self._picture_at(_SIDE * scale)
        cells = [Cell(pixels, above="Picture")]
        for made in self._maps:
            drawn = self._overlaid(pixels, made.attribution, signed=made.frame["signed"])
            cells.append(Cell(drawn, above=made.attribution.title))
        target = self._maps[0].frame["target"] if self._maps else None
        top = self.prediction.get("top", []) if self.has_trait("prediction") else []
        across = min(len(cells), 4)
        rows = [cells[i : i + across] for i in range(0, len(cells), across)]
        columns = [Column(across * (_SIDE + 6) - 6, [Cells(rows, most=_SIDE)])]
        if top:
            columns.append(Column(230, [class_bars(top, target)]))
        titles = ", ".join(made.attribution.title for made in self._maps) or self._title
        return Card(titles, of_target(target), columns, below=self._of_what())

    def _picture_at(self, side: float) -> Pixels:
        """What the network is given, with its longer side `side` large."""
        return sized(self._picture.pixels, side)

    def _of_what(self) -> str:
        """The picture, the network and the size of its input."""
        size = self.network.get("input")
        input_ = "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}".join(map(str, size)) if size else ""
        name = "" if self._picture.name in UNNAMED else self._picture.name
        return " · ".join(filter(None, [name, self.engine.name, input_]))

    def _in_words(self) -> str:
        return self._named(self._title)

    def _named(self, what: str) -> str:
        """What is shown, the picture, and the network."""
        name = f", {self._picture.name}" if self._picture.name else ""
        return f"{what}{name}, {self.engine.name}"

    def _saved_frames(self) -> Sequence[Mapping[str, Any]]:
        """None beside the `frame` that is shown, which is saved with the other traits."""
        self.wait(self._saving_seconds)
        return []
