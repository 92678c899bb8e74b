"""Measures of explanations: are they faithful, on the object, concentrated, and do they depend on
the network at all?

    from xai_widgets import metrics

    curve = metrics.insertion(engine, "cat.jpg", engine.explain("cat.jpg"))
    table = metrics.evaluate(engine, images, ["grad_cam", "saliency"], ["insertion", "deletion"])

Every measure takes the engine, the picture and a map over it (an `Attribution`, or an array of any
origin); each choice that a paper left open is a keyword.
"""

from xai_widgets.metrics.curves import (
    Control,
    Curve,
    Faithfulness,
    Road,
    deletion,
    faithfulness,
    insertion,
    linear_imputation,
    road,
)
from xai_widgets.metrics.differences import Difference, Differences
from xai_widgets.metrics.evaluation import evaluate, stream_evaluate
from xai_widgets.metrics.fidelity import (
    Completeness,
    average_drop,
    average_gain,
    average_increase,
    completeness,
    infidelity,
    max_sensitivity,
    sensitivity_n,
)
from xai_widgets.metrics.maps import (
    complexity,
    cosine,
    pointing_game,
    relevance_mass,
    relevance_rank,
    sparseness,
    spearman,
    ssim,
    total_variation,
)
from xai_widgets.metrics.registry import MEASURES, Measure
from xai_widgets.metrics.relevance import baseline_input, masked_input, noisy, random_map
from xai_widgets.metrics.sanity import (
    Randomization,
    RandomLogit,
    Stage,
    cascade,
    model_randomization,
    random_logit,
)
from xai_widgets.metrics.table import Interval, Table

__all__ = [
    "MEASURES",
    "Completeness",
    "Control",
    "Curve",
    "Difference",
    "Differences",
    "Faithfulness",
    "Interval",
    "Measure",
    "RandomLogit",
    "Randomization",
    "Road",
    "Stage",
    "Table",
    "average_drop",
    "average_gain",
    "average_increase",
    "baseline_input",
    "cascade",
    "completeness",
    "complexity",
    "cosine",
    "deletion",
    "evaluate",
    "faithfulness",
    "infidelity",
    "insertion",
    "linear_imputation",
    "masked_input",
    "max_sensitivity",
    "model_randomization",
    "noisy",
    "pointing_game",
    "random_logit",
    "random_map",
    "relevance_mass",
    "relevance_rank",
    "road",
    "sensitivity_n",
    "sparseness",
    "spearman",
    "ssim",
    "stream_evaluate",
    "total_variation",
]


def __dir__() -> list[str]:
    return sorted(__all__)
