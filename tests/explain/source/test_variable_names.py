"""Values are called as their author called them."""

import sys

import numpy as np
import pytest

from chainrule.errors import TraceError
from chainrule.explain.notation.names import superscript
from chainrule.explain.source.variable_names import record_named


def names_of(f, *args, **options):
    _, named = record_named(f, args, **options)
    return list(named.values())


def test_assignments_of_every_kind_give_names():
    def f(x, y):
        product = x * y
        first, second = np.sin(product), np.cos(product)
        if (total := first + second) is not None:
            total = total * 2.0
        return total

    assert names_of(f, 1.0, 2.0) == ["product", "first", "second", "total₁", "total₂"]


def test_a_name_that_is_given_again_is_numbered():
    def f(a):
        for _ in range(11):
            a = np.sin(a)
        return a

    assert names_of(f, 1.0) == [f"a{n}" for n in ["₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉", "₁₀", "₁₁"]]
    assert names_of(f, 1.0, script=superscript)[-1] == "a¹¹"


def test_the_outermost_name_counts():
    def helper(u):
        v = np.tanh(u)
        return v * 2.0

    def f(x):
        z = x + 1.0
        a = helper(z)
        return a  # noqa: RET504 (a name on the board)

    assert names_of(f, 1.0) == ["z", "v", "a"]


def test_inputs_and_constants_keep_their_names():
    def f(x):
        same = x
        two = 2.0
        return same * two

    assert names_of(f, 1.0) == []


def test_a_lambda_has_no_names():
    assert names_of(lambda x: np.sin(x**2), 1.0) == []


def test_the_trace_function_is_put_back():
    def watch(frame, event, argument):
        return None

    def f(x):
        y = x * x
        if y:
            return y
        return x

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        with pytest.raises(TraceError):
            record_named(f, [1.0])
        assert sys.gettrace() is watch
    finally:
        sys.settrace(before)
