"""Networks in the lecture's terms: layers, activations, losses, and the network that holds their numbers."""

from typing import TYPE_CHECKING

from chainrule.lazy_import import lazy_import
from chainrule.nn.activations import ACTIVATIONS
from chainrule.nn.architecture import Architecture
from chainrule.nn.backpropagation import Backpropagation, Forward, Gradient
from chainrule.nn.dense import Dense
from chainrule.nn.dropout import Dropout
from chainrule.nn.embedding import Embedding
from chainrule.nn.files import load
from chainrule.nn.initialisers import INITIALISERS
from chainrule.nn.layer import Layer, Mode, Pass
from chainrule.nn.losses import LOSSES, Loss, huber, quantile
from chainrule.nn.network import Network
from chainrule.nn.normalisation import BatchNorm, LayerNorm
from chainrule.nn.residual import Residual

if TYPE_CHECKING:
    from chainrule.nn.step_report import StepExplanation

__all__ = [
    "ACTIVATIONS",
    "INITIALISERS",
    "LOSSES",
    "Architecture",
    "Backpropagation",
    "BatchNorm",
    "Dense",
    "Dropout",
    "Embedding",
    "Forward",
    "Gradient",
    "Layer",
    "LayerNorm",
    "Loss",
    "Mode",
    "Network",
    "Pass",
    "Residual",
    "StepExplanation",
    "huber",
    "load",
    "quantile",
]

__getattr__, __dir__ = lazy_import(__name__, {"StepExplanation": "step_report"})
