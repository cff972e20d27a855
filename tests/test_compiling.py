"""compile: what a function gives, machine code gives; donated arrays are updated in place or refused by name."""

import copy
import pickle
from typing import NamedTuple

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, TraceError
from chainrule.execution import choice


class Pair(NamedTuple):
    x: object
    y: object


def scaled(x, y, *, factor=2.0):
    return x * y * factor


def descent(weights, x, rate):
    """A step of gradient descent, and the loss before it."""
    loss, gradient = cr.value_and_grad(lambda w: np.mean((np.tanh(x @ w["W"]) + w["b"]) ** 2))(weights)
    return {name: weights[name] - rate * gradient[name] for name in weights}, loss


@pytest.fixture
def weights():
    rng = np.random.default_rng(0)
    return {"W": rng.normal(size=(4, 3)), "b": rng.normal(size=3)}


@pytest.fixture(params=["engine", "reference"])
def executor(request, monkeypatch):
    monkeypatch.setenv("CHAINRULE_EXECUTOR", request.param)


# Calling


def test_it_computes_what_the_function_computes(executor):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 7)), rng.normal(size=(7, 3))

    def f(x, y):
        return {"product": x @ y, "pair": Pair(np.exp(x[0]), [np.sum(y), None])}

    result, expected = cr.compile(f)(x, y), f(x, y)
    assert isinstance(result["pair"], Pair)
    assert result["pair"].y[1] is None
    for got, wanted in [
        (result["product"], expected["product"]),
        (result["pair"].x, expected["pair"].x),
        (result["pair"].y[0], expected["pair"].y[0]),
    ]:
        assert isinstance(got, np.ndarray)
        np.testing.assert_allclose(got, wanted, rtol=1e-14)


def test_it_is_compiled_once_for_the_same_types(monkeypatch):
    prepared = []
    as_function = choice.as_function
    monkeypatch.setattr(choice, "as_function", lambda graph, *rest: prepared.append(graph) or as_function(graph, *rest))
    f = cr.compile(lambda x: 2 * x)
    for shape in (2, 2, 3, 2):
        assert f(np.ones(shape)).tolist() == [2] * shape
    assert len(prepared) == 2


def test_arguments_may_have_names():
    f = cr.compile(scaled)
    assert f(3.0, 5.0) == 30
    assert f(3.0, y=5.0) == 30
    assert f(y=5.0, factor=3, x=3.0) == 45
    assert f(x=3.0, y=5.0, factor=4.0) == 60
    assert f(3.0, 5.0, factor=np.ones(2)).tolist() == [15, 15]
    assert f.graph(3.0, 5.0, factor=1.0).inputs[2].keywords["slot"].name == "factor"
    with pytest.raises(TypeError, match="unexpected keyword argument 'faktor'"):
        f(3.0, 5.0, faktor=1.0)


def test_named_arguments_are_traced_not_fixed():
    f = cr.compile(scaled)
    assert [f(1.0, 1.0, factor=factor) for factor in (2.0, 3.0, 2.0)] == [2, 3, 2]


def test_it_is_a_function_like_the_one_it_was_made_of():
    f = cr.compile(descent)
    assert (f.__name__, f.__doc__, repr(f)) == ("descent", descent.__doc__, "<compiled descent>")


def test_derivatives_of_compiled_functions_and_compiled_derivatives():
    f = lambda x: np.sum(np.sin(x) ** 2)
    x = np.linspace(0, 1, 5)
    np.testing.assert_allclose(cr.grad(cr.compile(f))(x), np.sin(2 * x), rtol=1e-14)
    np.testing.assert_allclose(cr.compile(cr.grad(f))(x), np.sin(2 * x), rtol=1e-14)
    np.testing.assert_allclose(cr.compile(cr.grad(cr.compile(f)))(x), np.sin(2 * x), rtol=1e-14)


def test_copies_and_pickles_compile_anew():
    original = cr.compile(descent, donate=0)
    for f in (copy.deepcopy(original), pickle.loads(pickle.dumps(original))):
        w = {"W": np.ones((2, 1)), "b": np.ones(1)}
        new, _ = f(w, np.ones((3, 2)), 0.1)
        assert new["W"] is w["W"]


def test_what_cannot_be_compiled_is_named():
    with pytest.raises(ArgumentError, match="only a function can be compiled, got 3"):
        cr.compile(3)
    with pytest.raises(TraceError, match=r"np\.where"):
        cr.compile(lambda x: x if x > 0 else -x)(1.0)
    with pytest.raises(ArgumentError, match="argument mode has dtype"):
        cr.compile(lambda x, mode: x)(1.0, "fast")
    with pytest.raises(ArgumentError, match="argument factor has dtype"):
        cr.compile(scaled)(1.0, 2.0, factor="fast")
    with pytest.raises(ArgumentError, match="f: an index is outside of the axis that it selects from"):
        cr.compile(lambda x, i: x[i])(np.ones(3), np.array([0, 3]))


# Donating


def test_donated_arrays_hold_their_new_values(executor, weights):
    before = copy.deepcopy(weights)
    step = cr.compile(descent, donate=0)
    plain = cr.compile(descent)
    x = np.random.default_rng(1).normal(size=(6, 4))
    arrays = dict(weights)
    for _ in range(3):
        before, expected = plain(before, x, 0.1)
        new, loss = step(weights, x, 0.1)
        assert loss == expected
        for name in ("W", "b"):
            assert new[name] is arrays[name]
            np.testing.assert_array_equal(new[name], before[name])


def test_several_arguments_in_any_order(executor):
    f = cr.compile(lambda a, x, b: (b + x, a * x, a + b), donate=(2, 0))
    a, b = np.full(3, 2.0), np.full(3, 5.0)
    new_b, new_a, total = f(a, 10.0, b)
    assert (new_b is b, new_a is a) == (True, True)
    assert (a.tolist(), b.tolist(), total.tolist()) == ([20] * 3, [15] * 3, [7] * 3)


def test_arrays_that_change_places(executor):
    """Each new value is read from the other array's old one."""
    f = cr.compile(lambda a, b: (b * 1.0, a * 1.0), donate=(0, 1))
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    f(a, b)
    assert (a.tolist(), b.tolist()) == ([3, 4], [1, 2])


def test_every_element_may_depend_on_all_old_ones(executor):
    f = cr.compile(lambda a: a - a[::-1] + np.sum(a), donate=0)
    a = np.arange(4.0)
    assert f(a) is a
    assert a.tolist() == [3, 5, 7, 9]
    matrix = np.arange(9.0).reshape(3, 3)
    expected = matrix.T @ matrix
    np.testing.assert_array_equal(cr.compile(lambda a: a.T @ a, donate=0)(matrix), expected)
    np.testing.assert_array_equal(matrix, expected)


def test_the_only_result_may_be_the_new_value_alone_or_first(executor):
    for f in (lambda a: a + 1, lambda a: (a + 1,), lambda a: (a + 1, a)):
        a = np.zeros(2)
        cr.compile(f, donate=0)(a)
        assert a.tolist() == [1, 1]


def test_a_donated_tuple_is_not_taken_apart(executor):
    pair = (np.zeros(2), np.ones(2))
    cr.compile(lambda pair, x: ((pair[1] + x, pair[0] - x), x), donate=0)(pair, 5.0)
    assert (pair[0].tolist(), pair[1].tolist()) == ([6, 6], [-5, -5])


def read_only():
    array = np.ones(4)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (read_only(), "read-only; give a copy"),
        (np.ones((4, 4))[:, 0], "not C-contiguous; give np.ascontiguousarray"),
        (np.ones(4)[::-1], "not C-contiguous"),
        ([1.0, 2.0], r"w\['W'\]\[0\] of f is donated, but it is no NumPy array but float"),
        (np.ones(4, ">f8"), "dtype >f8, which would have to be converted"),
        (np.ones(4, np.float16), "dtype float16, which would"),
        (np.ma.masked_array(np.ones(4)), "no NumPy array but MaskedArray"),
    ],
)
def test_arrays_that_cannot_be_overwritten_are_refused(array, problem):
    def f(w):
        return {"W": w["W"]}

    with pytest.raises(ArgumentError, match=problem):
        cr.compile(f, donate=0)({"W": array})


def test_shared_memory_is_refused():
    f = cr.compile(lambda a, b, x: (a + x, b + x), donate=(0, 1))
    a, b, x = np.zeros(4), np.zeros(4), np.ones(4)
    for arguments in [(a, a, x), (a, b, a), (a, a[:], x), (a, b, b[::-1])]:
        with pytest.raises(ArgumentError, match="share memory, and one of them is donated; give a copy"):
            f(*arguments)
    both = np.zeros(6)
    g = cr.compile(lambda a, x: a + np.sum(x), donate=0)
    with pytest.raises(ArgumentError, match="share memory"):
        g(both[:4], both[3:])
    with pytest.raises(ArgumentError, match="share memory"):
        g(both[3:], both[:4])
    assert g(both[:3], both[3:]).tolist() == [0, 0, 0]
    h = cr.compile(lambda a, x, y: a + np.sum(x) + np.sum(y), donate=0)
    with pytest.raises(ArgumentError, match="a and x of f share memory"):
        h(both[4:5], both, both[1:3])
    not_donated = cr.compile(lambda a, x, y: a + np.sum(x) + np.sum(y), donate=0)
    assert not_donated(np.zeros(1), both[1:], both[:4]) == 0  # arguments that are only read may share memory


@pytest.mark.parametrize(
    ("f", "problem"),
    [
        (lambda a, x: np.sum(a), r"returned f64\[\] for the donated a, which has type f64\[3\]"),
        (lambda a, x: a.astype(np.float32), r"returned f32\[3\] for the donated"),
        (lambda a, x: [a], "must return new values for its donated arguments"),
        (lambda a, x: {"a": a}, "must return new values"),
    ],
)
def test_results_that_do_not_fit_are_refused(f, problem):
    with pytest.raises(ArgumentError, match=problem):
        cr.compile(f, donate=0)(np.ones(3), 2.0)


@pytest.mark.parametrize("donate", [-1, (0, 0), "0", (0, 1.0), True])
def test_wrong_positions_are_refused(donate):
    with pytest.raises(ArgumentError, match="donate"):
        cr.compile(lambda x: x, donate=donate)


def test_a_position_without_argument_is_refused():
    with pytest.raises(ArgumentError, match="donate names argument 1, but f got 1 by position"):
        cr.compile(lambda x: x, donate=1)(np.ones(2))


def test_an_index_error_leaves_donated_arrays_as_they_were():
    f = cr.compile(lambda a, i: a + a[i], donate=0)
    a = np.ones(3)
    with pytest.raises(ArgumentError, match="index"):
        f(a, np.array([0, 1, 7]))
    assert a.tolist() == [1, 1, 1]


def test_nothing_is_overwritten_while_a_function_is_recorded():
    step = cr.compile(lambda a: a * a, donate=0)
    a = np.array([1.0, 2.0])
    np.testing.assert_array_equal(cr.grad(lambda a: np.sum(step(a)))(a), [2, 4])
    assert a.tolist() == [1, 2]
