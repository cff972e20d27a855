"""Types of arrays: what becomes which dtype, what is refused, and how shapes and axes combine."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as np_st

from chainrule.errors import ArgumentError, ChainruleError
from chainrule.types import (
    DTYPES,
    ArrayType,
    as_array,
    as_dtype,
    broadcast_shapes,
    has_gaps,
    normalise_axes,
    normalise_axis,
)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1.5, np.float64),
        (True, np.bool_),
        (3, np.int64),
        ([1, 2], np.int64),
        ([], np.float64),
        (np.float16(1.5), np.float32),
        (np.zeros(2, ">f8"), np.float64),
        (np.zeros(2, ">i4"), np.int32),
        (np.zeros(2, ">u2"), np.uint16),
        (2**64 - 1, np.uint64),
        (np.zeros(2, ">f2"), np.float32),
        *((np.zeros(2, dtype), dtype) for dtype in DTYPES),
    ],
    ids=str,
)
def test_arrays_come_in_eleven_dtypes_in_native_order(value, dtype):
    array = as_array(value)
    assert array.dtype == np.dtype(dtype)
    assert array.dtype.isnative
    np.testing.assert_array_equal(array, value)


def test_an_array_of_the_right_dtype_is_not_copied():
    x = np.ones(3)
    assert as_array(x) is x


@pytest.mark.parametrize(
    "value",
    [
        "text",
        b"bytes",
        1j,
        None,
        object(),
        Fraction(1, 2),
        np.longdouble(3),
        2**70,
        [[1], [1, 2]],
        {"a": 1},
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_things_are_refused_by_name(value):
    with pytest.raises(ArgumentError, match=r"^weights (has dtype|is ragged)") as caught:
        as_array(value, "weights")
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, ChainruleError)


def test_dtypes_can_be_named_in_any_way():
    assert as_dtype("float32") == as_dtype(np.float32) == as_dtype("f4") == np.float32
    assert as_dtype(float) == np.float64
    for wrong in ("float16", complex, "U3"):
        with pytest.raises(ArgumentError, match="is not supported; use one of float32"):
            as_dtype(wrong)


def test_types_print_short_and_know_their_size():
    assert str(ArrayType((2, 3), np.dtype(np.float32))) == "f32[2,3]"
    assert str(ArrayType((), np.dtype(bool))) == "bool[]"
    assert [str(ArrayType((), dtype)) for dtype in DTYPES] == [
        "f32[]", "f64[]", "i8[]", "i16[]", "i32[]", "i64[]", "u8[]", "u16[]", "u32[]", "u64[]", "bool[]",
    ]  # fmt: skip
    assert ArrayType((), np.dtype(bool)).size == 1
    assert ArrayType((2, 0), np.dtype(bool)).size == 0
    assert ArrayType((2**40, 2**40), np.dtype(bool)).size == 2**80
    assert [dtype for dtype in DTYPES if ArrayType((), dtype).is_float] == [np.float32, np.float64]


@given(np_st.mutually_broadcastable_shapes(num_shapes=3))
def test_broadcasting_is_numpys(shapes):
    assert broadcast_shapes(*shapes.input_shapes) == shapes.result_shape


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ArgumentError, match=r"shapes \(2,\) and \(3, 3\) cannot be broadcast together"):
        broadcast_shapes((2,), (3, 3))


def test_axes_are_counted_from_the_front_and_sorted():
    assert normalise_axis(-1, 3) == 2
    assert normalise_axes(None, 3) == (0, 1, 2)
    assert normalise_axes((-1, 0), 3) == (0, 2)
    assert normalise_axes((), 3) == ()
    for axis in (3, -4):
        with pytest.raises(ArgumentError, match=f"axis {axis} does not exist in an array with 3 axes"):
            normalise_axis(axis, 3)
    with pytest.raises(ArgumentError, match="an axis must be an integer"):  # as NumPy refuses a list
        normalise_axes([1], 3)
    with pytest.raises(ArgumentError, match="names the same axis twice"):
        normalise_axes((0, -3), 3)


def test_an_array_has_gaps_if_neighbours_along_its_last_axis_lie_apart():
    x = np.zeros((6, 4))
    for whole in (x, x[:, 1:3], x[::-2], np.broadcast_to(x[0], (9, 4)), np.zeros(()), np.asfortranarray(x)[:, :1]):
        assert not has_gaps(whole)
    for apart in (np.asfortranarray(x), x[:, ::2], x[:, ::-1], x[:, 1], np.broadcast_to(x[:, :1], (6, 9))):
        assert has_gaps(apart)
