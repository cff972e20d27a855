"""Undefined symbols are found in the object files of all three kinds of systems."""

import pytest

from chainrule.codegen.target import target
from chainrule.errors import ChainruleError
from chainrule.runtime.code import emit
from chainrule.runtime.symbols import undefined

IR = """
declare double @llvm.sin.f64(double)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
@table = private constant [2 x double] [double 1.0, double 2.0]
@shared = global i64 3
define double @f(double %x, ptr %p, i64 %n) {
  call void @llvm.memset.p0.i64(ptr %p, i8 1, i64 %n, i1 false)
  %y = call double @llvm.sin.f64(double %x)
  %z = call double @g(double %y)
  ret double %z
}
define internal double @g(double %x) noinline { %i = load i64, ptr @shared
  %p = getelementptr double, ptr @table, i64 %i
  %y = load double, ptr %p
  %z = fadd double %x, %y
  ret double %z
}
"""
CLOSED = "define i32 @an_exported_function_with_a_long_name() { ret i32 1 }"
SYSTEMS = ["unknown-linux-gnu", "apple-darwin", "pc-windows-msvc"]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(("level", "family"), [("avx2", "x86_64"), ("neon", "aarch64")])
def test_exactly_what_is_not_defined_is_found(level, family, system):
    there = target(level, f"{family}-{system}")
    mark = {"_fltused"} if there.triple == "x86_64-pc-windows-msvc" else set()
    assert undefined(emit(IR, there)) == {"sin", "memset"} | mark
    assert undefined(emit(CLOSED, there)) == set()


@pytest.mark.parametrize("system", SYSTEMS)
def test_damage_is_an_error_and_nothing_else(system):
    whole = emit(IR, target("avx2", f"x86_64-{system}"))
    for length in range(0, len(whole), 7):
        try:
            undefined(whole[:length])
        except ChainruleError:
            continue
    with pytest.raises(ChainruleError, match="neither an ELF"):
        undefined(b"!<arch>\n")
