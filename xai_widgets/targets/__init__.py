"""Which output of a network is explained, what it means, and what the network predicts.

`outputs` finds the classes' scores in what a network returns; `activation` says what the network
has made of them already; a `Readout` does both for an engine. Torch is imported on use: a finished
explanation can be read without it.
"""

from xai_widgets.targets.activation import Activation, Unit
from xai_widgets.targets.joint import JointTarget, SeparateError, joint
from xai_widgets.targets.outputs import OutputLike
from xai_widgets.targets.prediction import ClassScore, Prediction, class_name, in_words
from xai_widgets.targets.readout import Readout, logits_of, probabilities_of, resolve
from xai_widgets.targets.target import Target, TargetLike

__all__ = [
    "Activation",
    "ClassScore",
    "JointTarget",
    "OutputLike",
    "Prediction",
    "Readout",
    "SeparateError",
    "Target",
    "TargetLike",
    "Unit",
    "class_name",
    "in_words",
    "joint",
    "logits_of",
    "probabilities_of",
    "resolve",
]
