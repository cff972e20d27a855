"""Graph to graph: back propagation, forward mode, substitution and simplification."""

from chainrule.transforms.backprop import backprop, pull_back
from chainrule.transforms.backward_pass import BackwardPass, BackwardStep, Contribution
from chainrule.transforms.inline import substitute
from chainrule.transforms.pushforward import push_forward
from chainrule.transforms.simplify import simplify

__all__ = [
    "BackwardPass",
    "BackwardStep",
    "Contribution",
    "backprop",
    "pull_back",
    "push_forward",
    "simplify",
    "substitute",
]
