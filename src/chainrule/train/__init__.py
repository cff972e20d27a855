"""Training: one loop for any loss function of any parameters."""

from chainrule.train.callbacks import Callback
from chainrule.train.checkpoint import Checkpoint
from chainrule.train.fit import Fitted, fit
from chainrule.train.history import History
from chainrule.train.loop import Training
from chainrule.train.plan import TrainingPlan

__all__ = ["Callback", "Checkpoint", "Fitted", "History", "Training", "TrainingPlan", "fit"]
