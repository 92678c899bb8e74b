"""What an evaluation asks for and finds, one value after another."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xai_widgets.attribution import Attribution
from xai_widgets.metrics.blocks import Blocks
from xai_widgets.metrics.engines import Engines
from xai_widgets.metrics.ledger import Ledger
from xai_widgets.metrics.measuring import PictureMeasures, engine_word, weights_digest
from xai_widgets.metrics.origin import Origin, picture_word
from xai_widgets.metrics.requests import Request, Specs
from xai_widgets.targets import TargetLike

__all__ = ["Asked", "Entry", "Known", "entries_here"]


@dataclass(frozen=True)
class Entry:
    """A value, as the ledger holds it: of a picture, engine, method and measure; the map where it
    is kept, and what it took where it was made.
    """

    picture: int
    name: str
    engine: str
    method: Request
    measure: Request
    found: Mapping[str, Any]
    attribution: Attribution | None
    seconds: float | None


@dataclass(frozen=True)
class Known:
    """What is known of a picture before it is measured: its name, the digest of what the engine
    makes of it, and for each method and measure the key of its value.
    """

    name: str
    digest: str
    keys: Sequence[Sequence[str]]


@dataclass
class Asked:
    """An evaluation: all that it is asked for, and where its values are kept."""

    engines: Engines
    images: Sequence[Any]
    goals: Mapping[int, TargetLike]
    masks: Sequence[Any]
    specs: Specs
    methods: Mapping[str, Sequence[Request]]
    cards: Sequence[Request]
    ledger: Ledger
    keep_maps: bool
    _pictures: dict[int, str] = field(default_factory=dict)
    _inputs: dict[tuple[str, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.networks = {name: weights_digest(engine) for name, engine in self.engines.items()}
        self.words = {
            name: engine_word(engine, self.networks[name]) for name, engine in self.engines.items()
        }
        images = dict(enumerate(self.images))
        self.blocks = {
            name: Blocks(engine, images, self.goals, len(images))
            for name, engine in self.engines.items()
        }

    def measures_of(self, engine: str, number: int) -> PictureMeasures:
        """The measures of one picture with one engine."""
        return PictureMeasures(
            self.engines[engine], self.blocks[engine], number, self.goals[number],
            self.masks[number], self.specs.seed, self.networks[engine],
        )  # fmt: skip

    def known(self, engine: str, measured: PictureMeasures) -> Known:
        """What is known of a picture before it is measured."""
        picture, number = measured.picture, measured.number
        if number not in self._pictures:
            self._pictures[number] = picture_word(self.images[number], picture)
        digest = self._inputs[engine, number] = picture.digest.hex()
        keys = [[measured.key(m, card) for card in self.cards] for m in self.methods[engine]]
        return Known(picture.name, digest, keys)

    def origin(self, count: int) -> Origin:
        """What tells the table of the first so many pictures from others."""
        numbers = range(count)
        return Origin(
            self.specs.seed,
            self.words,
            tuple(self._pictures[number] for number in numbers),
            {name: tuple(self._inputs[name, n] for n in numbers) for name in self.engines},
        )


def entries_here(asked: Asked) -> Generator[Entry, None, None]:
    """Each entry as soon as it is taken: by pictures, then engines, methods and measures."""
    ledger = asked.ledger
    for number in range(len(asked.images)):
        for engine in asked.engines:
            measured = asked.measures_of(engine, number)
            known = asked.known(engine, measured)
            for method, keys in zip(asked.methods[engine], known.keys, strict=True):
                kept = measured.attribution(method) if asked.keep_maps else None
                for measure, key in zip(asked.cards, keys, strict=True):
                    found = ledger.get(key)
                    if found is None:
                        found = ledger.put(key, **measured.entry(method, measure))
                    seconds = measured.seconds(method)
                    yield Entry(number, known.name, engine, method, measure, found, kept, seconds)
