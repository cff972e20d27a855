"""Whatever the form of its arguments, a NumPy function gives what it gives on arrays, or is refused in our words."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import chainrule as cr
from argument_forms import forms
from chainrule import reference, tree
from chainrule.errors import ChainruleError
from chainrule.ops.value import IMPLEMENTATIONS

ARRAYS = {
    "x": np.array([[0.5, 1.5, 2.5], [3.0, 1.0, -2.0]]),
    "z": np.arange(18.0).reshape(2, 3, 3),
    "q": np.ones((1, 3, 1)),
    "v": np.arange(6.0),
    "i": np.array([0, 1, 1]),
}
FORMS = forms()

# NumPy's meaning, and not a refusal
WORK = """
    np.moveaxis(z, (0, 1), (1, 0)); np.moveaxis(z, [0, 1], [2, 0]); np.moveaxis(z, (-1, 0), (0, -1))
    np.split(v, np.int64(3)); np.split(v, np.array([1, 4])); np.split(v, (1, 4)); np.split(v, np.uint8(2))
    np.reshape(x, np.array([3, 2])); np.reshape(x, np.int64(6)); x.reshape(np.array([3, 2])); x.reshape((-1, 2))
    np.reshape(x, (3,2), order='F'); x.reshape(3, 2, order='F'); x.flatten('F'); np.ravel(x, order='F')
    np.take_along_axis(x, np.array([1, 3]), axis=None); np.take_along_axis(x, i[None], 1)
    np.broadcast_to(x, np.array([2, 2, 3])); np.broadcast_to(x[0,0], np.int64(3)); np.expand_dims(x, [0, 1])
    np.sum(x, axis=0, out=None); np.mean(x, dtype=None); np.sum(x, where=True); np.add(x, x, where=True)
    np.sum(x, axis=np.int64(1)); np.max(x, axis=(np.int64(1),)); np.linalg.norm(x, 2, np.int64(1)); np.size(x, axis=1)
    np.concatenate([x, x], dtype=None); np.take(x, [0], mode='raise'); np.transpose(x, np.array([1, 0]))
    np.atleast_1d(x, x[0]); x.copy(order='F'); x.transpose(None); np.hstack([x[0, 0], 1.0])
"""
# what NumPy refuses and has one meaning only
LENIENT = ["keepdims=np.True_", "keepdims=None", "keepdims=np.bool_(False)"]


def evaluated(form, arrays):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eval(form, {"np": np, **arrays})


def recorded(form):
    graph = cr.trace(lambda arrays: evaluated(form, arrays), ARRAYS)
    return reference.as_function(graph)(tree.leaves(ARRAYS))


def assert_equals(results, expected, form):
    wanted = [np.asarray(leaf) for leaf in tree.leaves(expected)]
    assert [(result.shape, result.dtype) for result in results] == [(x.shape, x.dtype) for x in wanted], form
    for result, x in zip(results, wanted, strict=True):
        np.testing.assert_allclose(result, x, rtol=1e-14, atol=1e-14, err_msg=form)


def same(error, other):
    return (type(error), str(error)) == (type(other), str(other))


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_numpys_or_refused_in_our_words(name):
    for form in FORMS[name]:
        refusal, expected = None, None
        try:
            expected = evaluated(form, ARRAYS)
        except Exception as error:
            refusal = error
        results, raised = None, None
        try:
            results = recorded(form)
        except Exception as error:
            raised = error
        if raised is not None:  # NumPy looks at the number and names of arguments before it asks us
            assert isinstance(raised, ChainruleError) or same(raised, refusal), (form, raised)
            continue
        assert refusal is None or any(lenient in form for lenient in LENIENT), (form, refusal)
        if refusal is None:
            assert_equals(results, expected, form)


@pytest.mark.parametrize("form", [form.strip() for line in WORK.strip().splitlines() for form in line.split(";")])
def test_what_is_well_defined_works(form):
    assert_equals(recorded(form), evaluated(form, ARRAYS), form)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("np.where(x > 1)", r"np\.where of a condition alone gives positions.*np\.where\(condition, a, b\)"),
        ("np.where(x > 1, x)", r"np\.where chooses from two arrays"),
        ("np.reshape(x, (3, 2), order='A')", 'order must be "C" or "F"'),
        ("np.reshape(x, (3.0, 2))", r"a length of the shape must be an integer, got 3\.0"),
        ("np.moveaxis(z, (0, 0), (1, 2))", "moveaxis needs as many different places as axes"),
        ("np.split(v, 0)", "cannot be split into 0 equal parts"),
        ("np.split(v, 2.0)", r"the number of parts must be an integer, got 2\.0"),
        ("x.transpose(0)", "transpose needs every axis of 2 once"),
        ("np.sum(x, axis='a')", "an axis must be an integer, got 'a'"),
        ("np.sum(x, axis=True)", "an axis must be an integer, got True"),
        ("np.sum(x, 0, None)", r"np\.sum with so many arguments cannot be traced; it takes x, axis, keepdims"),
        ("x.astype(np.float32, order='C')", r"x\.astype with order= cannot be traced; it takes x, dtype, copy"),
        ("np.var(x, ddof='a')", r"np\.var got an argument that it cannot use"),
        ("np.concatenate(iter([x, x]))", r"np\.concatenate needs at least one array, in a list or tuple"),
        ("len(x[0, 0])", "a single number has no length"),
    ],
)
def test_a_refusal_names_the_argument_and_the_line(form, message):
    with pytest.raises(ChainruleError, match=rf"^<string>:1(, in <module>)?: .*{message}"):
        recorded(form)


def test_no_function_is_left_out():
    names = {function.__name__ for function in IMPLEMENTATIONS}
    assert names - {name.split(".")[-1] for name in FORMS} == {"getitem"}
