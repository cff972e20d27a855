"""Operations without machine code: in compiled functions and trainings they are what NumPy makes of them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import chainrule as cr
from chainrule import config, reference
from chainrule.codegen.kernels import has_code
from chainrule.errors import ArgumentError, CompileError, FallbackWarning
from chainrule.graph import REGISTRY, Kind, Op
from chainrule.ops.value import apply
from chainrule.runtime import numpy_callbacks
from chainrule.types import ArrayType

special = pytest.importorskip("scipy.special")


def same_type(x):
    return x


def digamma(x):
    return apply(DIGAMMA, x)


def gammaln(x):
    return apply(GAMMALN, x)


DIGAMMA = Op("my_digamma", Kind.ELEMENTWISE, "ψ {0}", same_type, special.digamma, (None,))
GAMMALN = Op("my_gammaln", Kind.ELEMENTWISE, "ln Γ {0}", same_type, special.gammaln, (lambda g, y, x: g * digamma(x),))
CUMULATED = Op(
    "my_cumsum",
    Kind.MOVEMENT,
    "cumsum {0}",
    lambda x, axis: x,
    lambda x, axis: np.cumsum(x, axis, x.dtype),
    (lambda g, y, x, axis: np.flip(apply(CUMULATED, np.flip(g, axis), axis=axis), axis),),
)
MEDIAN = Op(
    "my_median",
    Kind.REDUCTION,
    "median {0}",
    lambda x: ArrayType((), x.dtype),
    lambda x: np.asarray(np.median(x), x.dtype),
    (None,),
)
MIXED = Op(
    "my_repeat",
    Kind.MOVEMENT,
    "repeat {0}",
    lambda x, n: ArrayType((*x.shape, 3), x.dtype),
    lambda x, n: np.stack([x * n.astype(x.dtype)] * 3, axis=-1),
    (None, None),
)
WRONG = Op("my_wrong", Kind.ELEMENTWISE, "wrong {0}", same_type, lambda x: x[1:], (None,))
MINE = (DIGAMMA, GAMMALN, CUMULATED, MEDIAN, MIXED, WRONG)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr(numpy_callbacks, "_told", {op.name for op in MINE})
    for op in MINE:
        monkeypatch.setitem(REGISTRY, op.name, op)


X = np.linspace(0.5, 6, 24).reshape(4, 6)


def test_every_operation_of_the_library_has_code():
    assert [name for name, op in REGISTRY.items() if op not in MINE and not has_code(op)] == []


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_compiled_function_gives_what_numpy_gives(dtype):
    x = X.astype(dtype)
    result, slope = cr.compile(cr.value_and_grad(lambda x: np.sum(x * gammaln(2 * x)) / 3))(x)
    assert (result.dtype, slope.dtype) == (dtype, dtype)
    expected = special.gammaln(2 * x) / 3 + x * special.digamma(2 * x) * 2 / 3
    np.testing.assert_allclose(slope, expected, rtol=1e-5 if dtype == np.float32 else 1e-12, atol=1e-6)
    np.testing.assert_allclose(result, np.sum(X * special.gammaln(2 * X)) / 3, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint32", "int64", "uint64", "float32", "float64"])
def test_operations_of_every_kind_and_dtype(dtype):
    x, n = np.array([[3, 1, 2], [250, 7, 0]]).astype(dtype), np.uint8(3)
    if dtype in ("int64", "uint64"):
        x[0, 0] = 2**62 + 1
    f = lambda x, n: (apply(CUMULATED, x + x, axis=1), apply(MEDIAN, x[1]), apply(MIXED, x[:, 1:], n))
    graph = cr.trace(f, x, n)
    for result, expected in zip(cr.compile(f)(x, n), reference.as_function(graph)([x, n]), strict=True):
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0), (2, 1, 3), (70, 300)], ids=str)
def test_arrays_of_every_shape(shape):
    x = np.random.default_rng(0).uniform(0.5, 9, shape)
    np.testing.assert_array_equal(cr.compile(lambda x: 2 * gammaln(x.T))(x), 2 * special.gammaln(x.T))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_training_is_that_of_the_reference_executor(threads, monkeypatch):
    monkeypatch.setenv("CHAINRULE_THREADS", str(threads))
    t = np.linspace(1, 3, 12)
    loss = lambda p, t: (gammaln(p["a"] * t) - p["b"]) ** 2
    train = lambda: cr.fit(loss, {"a": 1.5, "b": np.zeros(())}, (t,), epochs=4, batch_size=5)
    compiled = train()
    monkeypatch.setenv("CHAINRULE_EXECUTOR", "reference")
    assert config.executor() == "reference"
    expected = train()
    for name in ("a", "b"):
        np.testing.assert_allclose(compiled.parameters[name], expected.parameters[name], rtol=1e-12)


def test_the_gradient_of_every_example():
    t = np.linspace(1, 3, 7)
    slopes = cr.per_example_grad(lambda p, t: gammaln(p * t))(1.5, t)
    np.testing.assert_allclose(slopes, t * special.digamma(1.5 * t), rtol=1e-12)


def test_a_warning_names_each_operation_once(monkeypatch):
    monkeypatch.setattr(numpy_callbacks, "_told", set())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for size in (2, 3):
            cr.compile(lambda x: gammaln(x) + digamma(x))(np.ones(size))
    assert [(w.category, str(w.message).split()[0]) for w in caught] == [
        (FallbackWarning, "my_gammaln"), (FallbackWarning, "my_digamma"),
    ]  # fmt: skip
    assert all("docs/adding-an-op.md" in str(w.message) for w in caught)


def test_floats_and_integers_of_64_bits_together_are_left_to_numpy():
    f = lambda x, n: apply(MIXED, x, n)
    with pytest.warns(FallbackWarning, match="my_repeat has no machine code.*64 bits"):
        result = cr.compile(f)(X, np.int64(2))
    np.testing.assert_array_equal(result, np.stack([2 * X] * 3, axis=-1))
    with pytest.raises(CompileError):
        numpy_callbacks.with_numpy_callbacks(cr.trace(f, X, np.int64(2)))


def test_a_result_of_another_shape_than_the_record_says_is_refused():
    with pytest.raises(ArgumentError, match=r"my_wrong gave shape \(2,\), but its record's `infer` says \(3,\)"):
        cr.compile(lambda x: apply(WRONG, x))(np.ones(3))


def test_what_the_function_raises_reaches_the_caller(monkeypatch):
    def fail(x):
        raise ValueError("no digamma today")

    failing = Op("my_failing", Kind.ELEMENTWISE, "fail {0}", same_type, fail, (None,))
    monkeypatch.setitem(REGISTRY, failing.name, failing)
    numpy_callbacks._told.add(failing.name)
    with pytest.raises(ValueError, match="no digamma today"):
        cr.compile(lambda x: apply(failing, x))(np.ones(3))
