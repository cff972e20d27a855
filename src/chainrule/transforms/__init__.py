"""Graph to graph: back propagation, forward mode, substitution and simplification."""

from chainrule.transforms.backprop import backprop, pull_back
from chainrule.transforms.derivation import Contribution, Derivation, Step
from chainrule.transforms.inline import substitute
from chainrule.transforms.pushforward import push_forward
from chainrule.transforms.simplify import simplify

__all__ = ["Contribution", "Derivation", "Step", "backprop", "pull_back", "push_forward", "simplify", "substitute"]
