"""Random permutations in machine code: Philox and the Fisher-Yates shuffle of `sampling.streams.shuffled` in one loop.

Philox4x64-10 is that of Salmon et al. 2011 as NumPy runs it: the key is the seed, and block b of four numbers has the
counter (b + 1, 0, number, purpose).
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.module import Module
from chainrule.codegen.target import chosen
from chainrule.codegen.values import Val, constant, i64
from chainrule.runtime.code import load
from chainrule.runtime.executable import address
from chainrule.types import Integers

_NAME = "shuffle"
_ROUNDS = 10
_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)


def random_order(n: int, seed: int, purpose: int, number: int) -> Integers:
    """A random permutation of 0 … n − 1, int64 [n]: `shuffled(raw_numbers(n, seed, purpose, number))`."""
    order = np.empty(n, np.int64)
    _native()(seed, number, purpose, address(order), n)
    return order


@cache
def _native() -> Any:
    module = Module()
    _write(module)
    code = load(str(module), chosen(), [_NAME])
    return code.function(_NAME, *(ctypes.c_uint64,) * 3, ctypes.c_void_p, ctypes.c_int64)


def _write(module: Module) -> None:
    """for block: raw = philox(block); for i in block: j = ⌊raw[i]·(i + 1) / 2⁶⁴⌋; order[i] = order[j]; order[j] = i."""
    names = (("seed", "i64"), ("number", "i64"), ("purpose", "i64"), ("order", "ptr"), ("n", "i64"))
    f = FunctionBuilder(module, _NAME, names)
    seed, number, purpose, order, n = f.parameters
    raw = f.local("i64", 4)
    with f.loop(i64(0), n, 4) as block:
        counter = f.add(f.lshr(block.index, i64(2)), i64(1)), i64(0), number, purpose
        for lane, word in enumerate(_philox(f, counter, seed)):
            f.store(word, f.offset(raw, "i64", i64(lane)), align=8)
        end = f.intrinsic("smin", f.add(block.index, i64(4)), n)
        with f.loop(block.index, end) as loop:
            i = loop.index
            word = f.load(f.offset(raw, "i64", f.sub(i, block.index)), "i64", align=8)
            place = f.offset(order, "i64", _product(f, word, f.add(i, i64(1)))[0])
            f.store(f.load(place, "i64", align=8), f.offset(order, "i64", i), align=8)
            f.store(i, place, align=8)
    f.finish()


def _philox(f: FunctionBuilder, counter: tuple[Val, Val, Val, Val], seed: Val) -> tuple[Val, Val, Val, Val]:
    """Ten rounds on one block of four words."""
    a, b, c, d = counter
    for round_ in range(_ROUNDS):
        bump, key = (constant("i64", round_ * weyl % 2**64) for weyl in _WEYL)
        a_high, a_low = _product(f, a, constant("i64", _MULTIPLIERS[0]))
        c_high, c_low = _product(f, c, constant("i64", _MULTIPLIERS[1]))
        a, b, c, d = f.xor(f.xor(c_high, b), f.add(seed, bump)), c_low, f.xor(f.xor(a_high, d), key), a_low
    return a, b, c, d


def _product(f: FunctionBuilder, a: Val, b: Val) -> tuple[Val, Val]:
    """The high and the low half of the unsigned product a·b."""
    wide = f.mul(f.cast("zext", a, "i128"), f.cast("zext", b, "i128"))
    return f.cast("trunc", f.lshr(wide, constant("i128", 64)), "i64"), f.cast("trunc", wide, "i64")
