"""What is left of a LatentExplorer where no kernel is: a picture, and what a page can show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from xai_widgets.engine import Engine
from xai_widgets.progress import Progress
from xai_widgets.relabel import RelabelExplanation
from xai_widgets.relabel.editing import Axis, Edited, Editor
from xai_widgets.render import neighbourhood_figure
from xai_widgets.widgets.base.maps import finite
from xai_widgets.widgets.base.photos import Pixels, small_picture
from xai_widgets.widgets.latent.wire import LatentSaved
from xai_widgets.widgets.latent.work import judged

POSITIONS = 11  # of each slider


@dataclass(frozen=True, eq=False)
class SavedPage:
    """What a saved page can show: a few positions of every slider, and some neighbours."""

    engine: Engine
    editor: Editor
    explanation: RelabelExplanation
    axes: Sequence[Axis]
    likely: Sequence[int]

    def frames(self, neighbours: Sequence[int]) -> Iterator[Progress[LatentSaved]]:
        """One a step."""
        total = len(self.axes) * POSITIONS + len(neighbours)
        done = 0
        for number, axis in enumerate(self.axes):
            for value, edited in self.editor.along(axis, POSITIONS, self.explanation):
                done += 1
                position = {"slider": number, "value": round(value, 4)}
                yield Progress(done / total, self._frame(position, edited))
        for neighbour in neighbours:
            latent = self.explanation.latents([neighbour])
            edited = self.editor.decoded(latent, self.explanation)
            done += 1
            yield Progress(done / total, self._frame({"neighbour": int(neighbour)}, edited))

    def _frame(self, position: Mapping[str, float], edited: Edited) -> LatentSaved:
        assert edited.scores is not None
        frame = {
            **position,
            **small_picture(edited.pictures[0]),
            "score": finite(float(edited.scores[0])),
            **judged(self.engine, edited.probabilities[0], self.likely),
        }
        return cast(LatentSaved, frame)


def spread(explanation: RelabelExplanation) -> list[int]:
    """Neighbours from the lowest score to the highest: fewer where pictures are large."""
    most = 240 if explanation.reconstruction.shape[0] <= 64 else 40
    order = np.argsort(explanation.scores, kind="stable")
    chosen = order[np.linspace(0, len(order) - 1, min(most, len(order))).astype(int)]
    return sorted({int(neighbour) for neighbour in chosen})


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
