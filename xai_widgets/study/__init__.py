"""A study: what a network says about a whole data set, and why.

import xai_widgets as xw

study = xw.Study(engine, "photos/", folder="photos.study")
study.run()
study.slices(), study.suspicions()
"""

from xai_widgets.study.findings import Experiment, Slice, Suspicion
from xai_widgets.study.recipes import Recipe
from xai_widgets.study.running import Run
from xai_widgets.study.study import Study
from xai_widgets.study.tasks import ComputeBlocks
from xai_widgets.study.verdicts import Verdict

__all__ = ["ComputeBlocks", "Experiment", "Recipe", "Run", "Slice", "Study", "Suspicion", "Verdict"]


def __dir__() -> list[str]:
    return sorted(__all__)
