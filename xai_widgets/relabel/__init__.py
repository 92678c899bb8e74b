"""Re-label distillation: a linear student of the network, taught on a VAE's pictures near one.

    import xai_widgets as xw

    distillation = xw.relabel.RelabelDistillation(engine, vae, samples=1000)
    found = distillation.explain("cat.jpg")
    print(found.sentence, *found.warnings)

    xw.relabel.bind(engine, vae)  # from now on a method like any other
    engine.explain("cat.jpg", "relabel_distillation")

Reconstructed from the public description of Hua, Ge, Zhang 2021 (arXiv 2409.13137).
"""

from xai_widgets.relabel.binding import bind
from xai_widgets.relabel.counterfactual import Counterfactual
from xai_widgets.relabel.directions import Directions
from xai_widgets.relabel.distillation import RelabelDistillation, RelabelProgress
from xai_widgets.relabel.explanation import Exemplars, RelabelExplanation
from xai_widgets.relabel.recipe import Recipe
from xai_widgets.relabel.stability import rank_stability
from xai_widgets.relabel.vae import VAE

__all__ = [
    "VAE",
    "Counterfactual",
    "Directions",
    "Exemplars",
    "Recipe",
    "RelabelDistillation",
    "RelabelExplanation",
    "RelabelProgress",
    "bind",
    "rank_stability",
]
