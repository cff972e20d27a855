"""JAX in 64 bits as oracle: the same cases, the same functions, gradients to within 1e-12; from the engine too."""

from __future__ import annotations

import os

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops, reference, tree
from chainrule.runtime import calls
from chainrule.tracing import trace_call
from chainrule.transforms.simplify import simplify
from op_cases import CASES, NUMPY_CASES, Library

# An oracle is asked once: JAX need not spend time on making its programs fast. It reads this when it compiles first.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=0")
jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
jnp = jax.numpy


def _unslice(x, shape, ranges):
    slices = tuple(slice(a, a + n * s if a + n * s >= 0 else None, s) for a, n, s in ranges)
    return jnp.zeros(shape, x.dtype).at[slices].set(x)


def _scatter_add(x, indices, *, axis, length):
    shape = (*x.shape[:axis], length, *x.shape[axis + 1 :])
    return jnp.zeros(shape, x.dtype).at[(slice(None),) * axis + (indices,)].add(x)


def _sparse(values, columns, starts, rows, length):
    owners = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    return jnp.zeros((len(starts) - 1, length)).at[owners, columns].add(values)[rows]


def _slice(x, ranges):
    return x[tuple(slice(a, a + n * s if a + n * s >= 0 else None, s) for a, n, s in ranges)]


JAX = Library(
    jnp,
    cast=lambda x, dtype: x.astype(dtype),
    erf=jax.scipy.special.erf,
    logsumexp=jax.scipy.special.logsumexp,
    scatter_add=_scatter_add,
    stop_gradient=jax.lax.stop_gradient,
    slice=_slice,
    sparse_matmul=lambda v, c, s, r, W: _sparse(v, c, s, r, len(W)) @ W,
    sparse_outer=lambda v, c, s, r, g, *, length: _sparse(v, c, s, r, length).T @ g,
    unslice=_unslice,
)

COMPOSITES = {
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "log_sigmoid": jax.nn.log_sigmoid,
    "silu": jax.nn.silu,
    "mish": jax.nn.mish,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "elu": jax.nn.elu,
    "selu": jax.nn.selu,
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "softmax": jax.nn.softmax,
    "log_softmax": jax.nn.log_softmax,
    "logsumexp": jax.scipy.special.logsumexp,
}


def is_differentiable(case):
    arguments = case.arguments()
    return any(x.dtype.kind == "f" for x in arguments) and case.numpy(*arguments).dtype.kind == "f"


def executed(f, executor):
    """A function of arrays as its program is, in the engine or the reference."""

    def run(*arguments):
        traced = trace_call(f, arguments, {}, range(len(arguments)))
        results = executor.as_function(simplify(traced.graph))(arguments)
        return tree.rebuild(traced.result, iter(results))

    return run


def compiled_by_jax(f, arguments, positions):
    """Value and gradients in one program, in which the other arguments are constants: several times faster to get."""

    def differentiated(*x):
        given = dict(zip(positions, x, strict=True))
        return jax.value_and_grad(f, positions)(*(given.get(i, argument) for i, argument in enumerate(arguments)))

    return jax.jit(differentiated)(*(arguments[i] for i in positions))


@pytest.mark.parametrize("case", [c for c in (*CASES, *NUMPY_CASES) if is_differentiable(c)], ids=str)
def test_values_and_gradients_are_those_of_jax(case):
    arguments = case.arguments()
    positions = tuple(i for i, x in enumerate(arguments) if x.dtype.kind == "f")
    w = np.random.default_rng(0).integers(-512, 512, case.numpy(*arguments).shape) / 256

    def weighted(library):
        return lambda *x: library.sum(w * case.function(library, *x)).astype("float64")

    expected, wanted = compiled_by_jax(weighted(JAX), arguments, positions)
    both = cr.value_and_grad(lambda *x: np.sum(w * case.traced(*x)).astype("float64"), positions)
    for executor in (calls, reference):
        value, gradients = executed(both, executor)(*arguments)
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)
        for actual, oracle in zip(gradients, wanted, strict=True):
            largest = np.max(np.abs(oracle), initial=0)
            np.testing.assert_allclose(actual, oracle, rtol=1e-12, atol=1e-13 * largest)


@pytest.mark.parametrize("name", COMPOSITES)
def test_composites_and_their_two_derivatives_are_those_of_jax(name):
    f, oracle = getattr(ops, name), COMPOSITES[name]
    x = np.array([-0.9, -0.5, -0.1, 0.2, 0.7])
    w = np.array([0.5, -1.25, 2.0, 1.5, -0.75]) if np.ndim(f(x)) else np.float64(1.5)
    loss = lambda x: np.sum(w * f(x))
    expected_loss = lambda x: jnp.sum(w * oracle(x))
    of_jax = jax.jit(lambda x: (oracle(x), jax.grad(expected_loss)(x), jax.hessian(expected_loss)(x)))
    for scale in (1, 30, 1000):
        value, gradient, second = of_jax(scale * x)
        np.testing.assert_allclose(f(scale * x), value, rtol=1e-12, atol=1e-16 * scale)
        np.testing.assert_allclose(cr.grad(loss)(scale * x), gradient, rtol=1e-10, atol=1e-15 * scale)
        np.testing.assert_allclose(cr.hessian(loss)(scale * x), second, rtol=1e-9, atol=1e-14)
