"""What is left of a LatentExplorer where no kernel is: a picture, and what a page can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xai_widgets.relabel import RelabelExplanation
from xai_widgets.relabel.editing import Axis, Edited, Editor
from xai_widgets.render import neighbourhood_figure
from xai_widgets.widgets.base.maps import finite
from xai_widgets.widgets.base.photos import Pixels, small_picture
from xai_widgets.widgets.latent.work import said

if TYPE_CHECKING:
    from xai_widgets.engine import Engine

POSITIONS = 11  # of each slider


@dataclass(frozen=True, eq=False)
class Saved:
    """What a saved page can show: a few positions of every slider, and some neighbours."""

    engine: Engine
    editor: Editor
    explanation: RelabelExplanation
    axes: Sequence[Axis]
    likely: Sequence[int]

    def frames(self, places: Sequence[int]) -> Iterator[dict[str, Any]]:
        """One a step."""
        for number, axis in enumerate(self.axes):
            for value, edited in self.editor.along(axis, POSITIONS, self.explanation):
                yield {"slider": number, "value": round(value, 4), **self._frame(edited)}
        for place in places:
            latent = self.explanation.latents([place])
            edited = self.editor.decoded(latent, self.explanation)
            yield {"place": int(place), **self._frame(edited)}

    def _frame(self, edited: Edited) -> dict[str, Any]:
        assert edited.scores is not None
        return {
            **small_picture(edited.pictures[0]),
            "score": finite(float(edited.scores[0])),
            **said(self.engine, edited.probabilities[0], self.likely),
        }


def spread(explanation: RelabelExplanation) -> list[int]:
    """Places of neighbours from the lowest score to the highest: fewer where pictures are large."""
    most = 240 if explanation.reconstruction.shape[0] <= 64 else 40
    order = np.argsort(explanation.scores, kind="stable")
    chosen = order[np.linspace(0, len(order) - 1, min(most, len(order))).astype(int)]
    return sorted({int(place) for place in chosen})


def explorer_png(
    explanation: RelabelExplanation,
    shown: Pixels,
    edited: Pixels | None,
    title: str,
    *,
    small: bool,
) -> bytes:
    """The photograph under its map, the reconstruction, the edited picture if there is one, and the
    neighbours, as PNG.
    """
    pictures = {"Photograph": shown, "Reconstruction": explanation.reconstruction}
    if edited is not None:
        pictures["Edited"] = edited
    return neighbourhood_figure(
        pictures,
        explanation.scores,
        explanation.coordinate,
        explanation.kept,
        title=title,
        note=" ".join([explanation.sentence, *explanation.warnings]),
    ).to_png(**({"dpi": 72, "colors": 128} if small else {"dpi": 150}))
