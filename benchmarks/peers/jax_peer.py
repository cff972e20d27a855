"""JAX as its experts use it on a CPU: the whole training is one jitted call, parameters are donated."""

from __future__ import annotations

import math
import time
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.peers.protocol import Peer, Predictor, serve
from benchmarks.workloads import BETA1, BETA2, EPSILON, LEARNING_RATE, ORDERS, Task, Workload

Params = list[tuple[Any, Any]]  # W [nₗ₋₁ × nₗ] and b [nₗ] of every layer


def outputs(workload: Workload, params: Params, x: Any) -> Any:
    """The network's outputs for inputs [N × n₀]."""
    for W, b in params[:-1]:
        x = (jnp.tanh if workload.activation == "tanh" else jax.nn.relu)(x @ W + b)
    W, b = params[-1]
    return x @ W + b


def mean_loss(workload: Workload, params: Params, x: Any, y: Any) -> Any:
    """The mean loss of a batch."""
    a = outputs(workload, params, x)
    if workload.loss == "half_squared":
        return 0.5 * jnp.sum((a - y) ** 2) / len(x)
    right = jax.nn.one_hot(y, a.shape[1], dtype=a.dtype)  # faster here than taking elements by index
    return -jnp.sum(right * jax.nn.log_softmax(a)) / len(x)


def adam(state: tuple[Params, Params, Params, Any], gradients: Params) -> tuple[Params, Params, Params, Any]:
    """One step of Adam; 1 − βᵗ through expm1, as float32 would lose digits of the difference."""
    params, mean, square, t = state
    t = t + 1
    c1, c2 = -jnp.expm1(t * math.log(BETA1)), -jnp.expm1(t * math.log(BETA2))
    rate, epsilon = LEARNING_RATE * jnp.sqrt(c2) / c1, EPSILON * jnp.sqrt(c2)
    mean = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, mean, gradients)
    square = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, square, gradients)
    params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + epsilon), params, mean, square)
    return params, mean, square, t


def step(workload: Workload, X: Any, y: Any, state: Any, rows: Any) -> tuple[Any, Any]:
    """Gather a batch and train on it; returns the loss before the step."""
    batch = X.at[rows].get(mode="promise_in_bounds"), y.at[rows].get(mode="promise_in_bounds")
    loss, gradients = jax.value_and_grad(partial(mean_loss, workload))(state[0], *batch)
    return adam(state, gradients), loss


@partial(jax.jit, static_argnames=("workload", "unroll", "shuffle"), donate_argnames="state")
def train(
    workload: Workload, unroll: int, shuffle: bool, state: Any, X: Any, y: Any, orders: Any, epochs: Any
) -> tuple[Any, Any]:
    """So many epochs; returns the state and the mean loss of the last one."""

    def run_epoch(epoch: Any, carry: Any) -> Any:
        state, _, key = carry
        key, here = jax.random.split(key)
        order = jax.random.permutation(here, workload.rows) if shuffle else orders[epoch % ORDERS]
        rows = order.reshape(workload.steps, workload.batch)
        state, losses = lax.scan(partial(step, workload, X, y), state, rows, unroll=unroll)
        return state, jnp.mean(losses), key

    start = (state, jnp.float32(0), jax.random.key(0))
    return lax.fori_loop(0, epochs, run_epoch, start)[:2]


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def first_steps(workload: Workload, state: Any, X: Any, y: Any, batches: Any) -> tuple[Any, Any]:
    """Steps over given batches [steps × batch]; returns the state and every loss."""
    return lax.scan(partial(step, workload, X, y), state, batches)


class JaxPeer(Peer):
    """Compiled at the first call for each workload, and timed without it.

    Unrolling the scan, two steps a round, makes small networks faster and large ones not.
    """

    def __init__(self, unroll: str) -> None:
        self.unroll = int(unroll)

    def versions(self) -> dict[str, str]:
        """JAX's and its compiler's."""
        return {"JAX": jax.__version__, "jaxlib": jax.lib.__version__}

    def load(self, task: Task) -> None:
        """Put the data where JAX wants it."""
        self.task = task
        self.X, self.orders = jnp.asarray(task.float32), jnp.asarray(task.orders, jnp.int32)
        self.y = jnp.asarray(task.y, jnp.int32 if task.workload.loss == "cross_entropy" else jnp.float32)

    def _params(self) -> Params:
        pairs = zip(self.task.weights, self.task.biases, strict=True)
        return [(jnp.array(np.ascontiguousarray(W.T)), jnp.array(b)) for W, b in pairs]

    def _state(self) -> Any:
        params = self._params()
        zeros = partial(jax.tree.map, jnp.zeros_like)
        return jax.block_until_ready((params, zeros(params), zeros(params), jnp.float32(0)))

    def train(self, epochs: int, shuffle: bool) -> tuple[float, float]:
        """One call of one compiled program."""
        state = self._state()
        began = time.perf_counter()
        result = train(self.task.workload, self.unroll, shuffle, state, self.X, self.y, self.orders, epochs)
        loss = float(jax.block_until_ready(result)[1])
        return time.perf_counter() - began, loss

    def trajectory(self, steps: int) -> tuple[list[float], list[np.ndarray], list[np.ndarray]]:
        """In the given order."""
        batches = jnp.asarray(self.task.batches(steps), jnp.int32)
        (params, *_), losses = first_steps(self.task.workload, self._state(), self.X, self.y, batches)
        return np.asarray(losses).tolist(), [np.asarray(W).T for W, _ in params], [np.asarray(b) for _, b in params]

    def predictor(self) -> Predictor:
        """One jitted function."""
        forward, params = jax.jit(partial(outputs, self.task.workload)), self._params()
        return lambda x: np.asarray(forward(params, x))


if __name__ == "__main__":
    serve(JaxPeer)
