"""A search of a user's own is trained with as L-BFGS is: it is given the objective, and says when it is done."""

from dataclasses import dataclass

import numpy as np

import chainrule as cr
from chainrule import optim, tree


@dataclass(frozen=True)
class SteepestDescent(optim.FullBatchMinimizer):
    """W ← W − η ∂ℒ/∂W, until the loss is small enough."""

    rate: float
    enough: float = 0.0

    def initialise(self, parameters):
        return {"loss": np.array(np.inf)}

    def step(self, objective, parameters, state):
        loss, gradients = objective(parameters)
        moved = tree.map_leaves(lambda W, g: W - self.rate * g, parameters, gradients)
        return moved, {"loss": np.array(loss)}, loss

    def ending(self, parameters, state):
        return optim.Ending("converged", "it is small") if state["loss"] <= self.enough else None


def misfit(w, x, y):
    return (w * x - y) ** 2


X, Y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])


def test_it_makes_the_steps_that_it_says():
    fitted = cr.fit(misfit, np.array(0.0), (X, Y), optimizer=SteepestDescent(0.05), epochs=3)
    w = 0.0
    for _ in range(3):
        w -= 0.05 * np.mean(2 * X * (w * X - Y))
    np.testing.assert_allclose(fitted.parameters, w, rtol=1e-12)
    assert fitted.history.stopped == "epochs"


def test_it_ends_a_training_with_its_reason():
    history = cr.fit(misfit, np.array(0.0), (X, Y), optimizer=SteepestDescent(0.05, 1e-3), epochs=100).history
    assert (history.stopped, history.reason) == ("converged", "it is small")
    assert 2 < len(history) < 100
    assert history["loss"][-1] <= 1e-3 < history["loss"][-2]
