"""Micro-kernels: the bits of one chain for each element, exact bounds of what is read and written, no spills."""

from __future__ import annotations

import ctypes
import mmap
import re
import sys
from functools import cache
from itertools import product

import numpy as np
import pytest

from chainrule.codegen.function_builder import FunctionBuilder
from chainrule.codegen.matmul import dot_kernel, micro_kernel, pack_kernel
from chainrule.codegen.module import Module
from chainrule.codegen.target import LEVELS, host, runs_here, target
from chainrule.plan.tiles import choose_tiles
from chainrule.runtime.code import assembly, load

DTYPES = {"float": np.dtype(np.float32), "double": np.dtype(np.float64)}
FORMS = ("rows", "columns")
PANELS = (0, 1, 2)  # vectors of B that lie together; 0: all
LEVELS_HERE = [level for level in LEVELS if runs_here(level)]
LENGTHS = (0, 1, 2, 3, 7, 64, 101)
PRODUCT = (
    *(("a", "ptr"), ("as", "i64"), ("b", "ptr"), ("bs", "i64"), ("bp", "i64")),
    *(("k", "i64"), ("c", "ptr"), ("cs", "i64")),
)
PACK = (("b", "ptr"), ("bs", "i64"), ("k", "i64"), ("panel", "ptr"))
NATIVE = {"ptr": ctypes.c_void_p, "i64": ctypes.c_int64, "float": ctypes.c_float, "double": ctypes.c_double}

everywhere = pytest.mark.parametrize("element", DTYPES)
on_levels = pytest.mark.parametrize("level", LEVELS_HERE)


def shapes(machine, element):
    """The (rows, vectors) that tilings use: those of products of many sizes, and all smaller remainders of them."""
    lanes = machine.lanes(element)
    found = set()
    for M, vectors, K in product((1, 2, 3, 4, 5, 7, 8, 11, 32, 50, 360), range(1, 27), (1, 50, 784)):
        tiling = choose_tiles(M, vectors * lanes, K, lanes=lanes, registers=machine.registers)
        found |= {(rows, group.vectors) for group in tiling.column_groups for rows in range(1, group.rows + 1)}
    return sorted(found)


def export(module, name, parameters, result="void"):
    """A function that others can call, which only calls the one named."""
    f = FunctionBuilder(module, f"exported_{name}", parameters, result=result)
    value = f.call(name, *f.parameters, result=result)
    f.finish(value if result != "void" else None)
    return f.name


@cache
def library(level, element):
    """All kernels of a level, by their parameters, and one that does the same without vectors."""
    machine, module, names = target(level), Module(fma=target(level).fma), {}
    for (rows, vectors), form, panel in product(shapes(machine, element), FORMS, PANELS):
        name = micro_kernel(module, machine, element, rows, vectors, form, panel=panel)
        names[rows, vectors, form, panel] = export(module, name, PRODUCT)
    plain = {"dot": dot_kernel(module, machine, element), "chain": chain(module, element)}
    dots = {
        key: export(module, name, (("a", "ptr"), ("b", "ptr"), ("k", "i64")), element) for key, name in plain.items()
    }
    packs = {width: export(module, pack_kernel(module, machine, element, width), PACK) for width in (1, 2, 3, 8)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_CACHE", "off")
        code = load(str(module), machine, [*names.values(), *dots.values(), *packs.values()])
    types = [NATIVE[type_] for _, type_ in PRODUCT]
    functions = {key: code.function(name, *types) for key, name in names.items()}
    pointers = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    functions |= {key: code.function(name, *pointers, result=NATIVE[element]) for key, name in dots.items()}
    return functions | {
        ("pack", width): code.function(name, *(NATIVE[type_] for _, type_ in PACK)) for width, name in packs.items()
    }


def chain(module, element):
    """The sum of a[k]·b[k], one after the other from 0, by the scalar instructions of the target."""
    suffix = {"float": "f32", "double": "f64"}[element]
    if module.fma:
        module.declare(f"llvm.fma.{suffix}", element, [element] * 3)
        step = f"  %t = call {element} @llvm.fma.{suffix}({element} %x, {element} %y, {element} %s)"
    else:
        step = f"  %p = fmul {element} %x, %y\n  %t = fadd {element} %s, %p"
    module.functions["chain"] = f"""define internal {element} @chain(ptr %a, ptr %b, i64 %k) {{
entry:
  %any = icmp slt i64 0, %k
  br i1 %any, label %body, label %end
body:
  %i = phi i64 [ 0, %entry ], [ %j, %body ]
  %s = phi {element} [ 0.0, %entry ], [ %t, %body ]
  %pa = getelementptr {element}, ptr %a, i64 %i
  %pb = getelementptr {element}, ptr %b, i64 %i
  %x = load {element}, ptr %pa
  %y = load {element}, ptr %pb
{step}
  %j = add i64 %i, 1
  %more = icmp slt i64 %j, %k
  br i1 %more, label %body, label %end
end:
  %r = phi {element} [ 0.0, %entry ], [ %t, %body ]
  ret {element} %r
}}"""
    return "chain"


def numbers(seed, *shape, dtype):
    """Numbers of both signs and many magnitudes, so that another order of a sum gives other bits."""
    generator = np.random.default_rng(seed)
    return (generator.normal(size=shape) * 10.0 ** generator.integers(-3, 4, size=shape)).astype(dtype)


def strided(x, gap):
    """A copy of a matrix with `gap` NaNs behind every row."""
    return np.ascontiguousarray(np.pad(x, ((0, 0), (0, gap)), constant_values=np.nan))


def assert_same_bits(x, y, case=""):
    np.testing.assert_array_equal(x, y, case)
    np.testing.assert_array_equal(np.signbit(x), np.signbit(y), case)


def multiply(kernel, a, b, c, k, *, a_stride, b_stride, c_stride, b_panel=0):
    """Call a micro-kernel on arrays or addresses."""
    addresses = [x if isinstance(x, int) else x.ctypes.data for x in (a, b, c)]
    kernel(addresses[0], a_stride, addresses[1], b_stride, b_panel, k, addresses[2], c_stride)


def in_panels(b, width, gap=0):
    """Panels of so many columns, the last one filled with NaN, and `gap` more NaNs behind each."""
    k, columns = b.shape
    count = -(-columns // width)
    whole = np.pad(b, ((0, 0), (0, count * width - columns)), constant_values=np.nan)
    panels = whole.reshape(k, count, width).transpose(1, 0, 2).reshape(count, k * width)
    return strided(panels, gap)


def chains(functions, a, b):
    """The product by the scalar kernel."""
    k, columns = b.shape
    rows, turned = np.ascontiguousarray(a), np.ascontiguousarray(b.T)
    result = np.empty((len(a), columns), a.dtype)
    for m, n in np.ndindex(result.shape):
        result[m, n] = functions["chain"](rows[m].ctypes.data, turned[n].ctypes.data, k)
    return result


@on_levels
@everywhere
def test_every_tile_has_the_bits_of_a_scalar_chain(level, element):
    functions, machine, dtype = library(level, element), target(level), DTYPES[element]
    tiles = shapes(machine, element)
    tallest, widest = (max(sizes) for sizes in zip(*tiles, strict=True))
    for k in LENGTHS:
        a, b = numbers(1, tallest, k, dtype=dtype), numbers(2, k, widest * machine.lanes(element), dtype=dtype)
        expected = chains(functions, a, b)
        for (rows, vectors), form in product(tiles, FORMS):
            width = vectors * machine.lanes(element)
            x, y = strided(a[:rows] if form == "rows" else a[:rows].T, 3), strided(b[:, :width], 5)
            c = np.full((rows, width + 2), np.nan, dtype)
            kernel = functions[rows, vectors, form, 0]
            multiply(kernel, x, y, c, k, a_stride=x.shape[1], b_stride=width + 5, c_stride=width + 2)
            assert_same_bits(c[:, :width], expected[:rows, :width], f"{rows}x{vectors} {form} {k}")
            assert np.isnan(c[:, width:]).all()


@on_levels
@everywhere
def test_products_are_right_in_higher_precision(level, element):
    functions, machine, dtype = library(level, element), target(level), DTYPES[element]
    rows, vectors = max(shapes(machine, element), key=np.prod)
    width = vectors * machine.lanes(element)
    a, b = numbers(3, rows, 101, dtype=dtype), numbers(4, 101, width, dtype=dtype)
    wide = np.longdouble
    exact, size = a.astype(wide) @ b.astype(wide), np.abs(a).astype(wide) @ np.abs(b).astype(wide)
    for form in FORMS:
        x, c = np.ascontiguousarray(a if form == "rows" else a.T), np.empty((rows, width), dtype)
        kernel = functions[rows, vectors, form, 0]
        multiply(kernel, x, b, c, 101, a_stride=x.shape[1], b_stride=width, c_stride=width)
        assert (np.abs(c - exact) <= 101 * np.finfo(dtype).eps * size).all()


@on_levels
@everywhere
@pytest.mark.parametrize("panel", PANELS[1:])
def test_panels_give_the_bits_of_whole_rows(level, element, panel):
    functions, machine, dtype = library(level, element), target(level), DTYPES[element]
    lanes = machine.lanes(element)
    for (rows, vectors), form, k in product(shapes(machine, element), FORMS, (1, 7, 64)):
        width = vectors * lanes
        a, b = numbers(5, rows, k, dtype=dtype), numbers(6, k, width, dtype=dtype)
        x = np.ascontiguousarray(a if form == "rows" else a.T)
        whole, parts = np.empty((2, rows, width), dtype)
        multiply(functions[rows, vectors, form, 0], x, b, whole, k, a_stride=x.shape[1], b_stride=width, c_stride=width)
        own = min(panel, vectors) * lanes
        panels = in_panels(b, own, gap=3)
        strides = {"a_stride": x.shape[1], "b_stride": own, "b_panel": panels.shape[1], "c_stride": width}
        multiply(functions[rows, vectors, form, panel], x, panels, parts, k, **strides)
        assert_same_bits(parts, whole, f"{rows}x{vectors} {form} {k}")


class Pages:
    """Memory between two pages that nobody may touch: a wild read or write ends the process."""

    def __init__(self, room):
        page = mmap.PAGESIZE
        self.room = -(-room // page) * page
        self._map = mmap.mmap(-1, self.room + 2 * page)
        self._view = (ctypes.c_char * len(self._map)).from_buffer(self._map)
        self.first = ctypes.addressof(self._view) + page
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for guard in (self.first - page, self.first + self.room):
            assert protect(guard, page, 0) == 0

    def place(self, x, *, at_the_end):
        """A copy of an array at the first or up to the last byte, and its address."""
        address = self.first + (self.room - x.nbytes if at_the_end else 0)
        ctypes.memmove(address, x.ctypes.data, x.nbytes)
        copy = (ctypes.c_char * x.nbytes).from_address(address)
        return address, np.frombuffer(copy, x.dtype).reshape(x.shape)


@pytest.fixture(scope="module")
def pages():
    if sys.platform == "win32":
        pytest.skip("there is no mprotect")
    return [Pages(1 << 16) for _ in range(3)]


def _without_padding(b, width):
    """Panels of B up to its last number: a last panel that is only half full ends where its last row's vectors do."""
    panels = in_panels(b, width).ravel()
    unused = -b.shape[1] % width
    return panels[: panels.size - unused] if b.size else panels


@on_levels
@everywhere
@pytest.mark.parametrize("at_the_end", [False, True])
def test_nothing_outside_of_the_elements_is_touched(level, element, at_the_end, pages):
    functions, machine, dtype = library(level, element), target(level), DTYPES[element]
    lanes = machine.lanes(element)
    for (rows, vectors), form, k, panel in product(shapes(machine, element), FORMS, (0, 1, 3, 64), PANELS):
        width, own = vectors * lanes, min(panel or vectors, vectors) * lanes
        a = numbers(7, *((rows, k) if form == "rows" else (k, rows)), dtype=dtype)
        b = numbers(8, k, width, dtype=dtype)
        c = np.zeros((rows, width), dtype)
        (x, _), (y, _), (z, result) = (
            page.place(array, at_the_end=at_the_end)
            for page, array in zip(pages, (a, _without_padding(b, own), c), strict=True)
        )
        kernel = functions[rows, vectors, form, panel]
        multiply(kernel, x, y, z, k, a_stride=a.shape[1], b_stride=own, b_panel=k * own, c_stride=width)
        np.testing.assert_allclose(result, (a if form == "rows" else a.T) @ b, rtol=1e-3, atol=1)


@on_levels
@everywhere
@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_packed_panel_holds_the_rows_of_b(level, element, at_the_end, pages):
    functions, machine, dtype = library(level, element), target(level), DTYPES[element]
    for width, k in product((1, 2, 3, 8), (0, 1, 5, 64)):
        columns = width * machine.lanes(element)
        b = numbers(9, k, columns + 3, dtype=dtype)
        used = b.reshape(-1)[: max(0, b.size - 3)]  # nothing behind the last row can be read
        source, _ = pages[0].place(used, at_the_end=at_the_end)
        goal, panel = pages[1].place(np.full((k, columns), np.nan, dtype), at_the_end=at_the_end)
        functions["pack", width](source, columns + 3, k, goal)
        np.testing.assert_array_equal(panel, b[:, :columns])


def documented_dot(a, b, lanes, fused):
    """The sum in the order that `dot_kernel` promises; float32 with exact products, rounded once a step."""
    wide = np.float64 if fused else np.float32

    def add(total, x, y):
        return (total.astype(wide) + (x.astype(wide) * y.astype(wide)).astype(wide)).astype(np.float32)

    sums = np.zeros((4, lanes), np.float32)
    vectors, whole = len(a) // lanes, len(a) // lanes * lanes
    for number in range(vectors):
        chain_, at = number % 4 if number < vectors // 4 * 4 else 0, slice(number * lanes, (number + 1) * lanes)
        sums[chain_] = add(sums[chain_], a[at], b[at])
    total = (sums[0] + sums[1]) + (sums[2] + sums[3])
    while len(total) > 1:
        total = total[: len(total) // 2] + total[len(total) // 2 :]
    for k in range(whole, len(a)):
        total = add(total, a[k : k + 1], b[k : k + 1])
    return total[0]


@on_levels
@pytest.mark.parametrize("k", [*LENGTHS, 8, 31, 32, 33, 75, 1000])
def test_a_dot_product_is_summed_in_the_documented_order(level, k):
    machine = target(level)
    # 11-bit numbers of similar size: float64 holds their products and each sum exactly, so that only float32 rounds
    generator = np.random.default_rng(k)
    a, b = (
        (generator.integers(-1024, 1024, k) * 2.0 ** generator.integers(-4, 5, k)).astype(np.float32) for _ in range(2)
    )
    result = library(level, "float")["dot"](a.ctypes.data, b.ctypes.data, k)
    assert np.float32(result) == documented_dot(a, b, machine.lanes("float"), machine.fma)


@on_levels
@everywhere
@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_dot_product_is_right_and_touches_nothing_else(level, element, at_the_end, pages):
    dtype = DTYPES[element]
    for k in (*LENGTHS, 8, 31, 75, 1000):
        a, b = numbers(10, k, dtype=dtype), numbers(11, k, dtype=dtype)
        (x, _), (y, _) = (page.place(v, at_the_end=at_the_end) for page, v in zip(pages, (a, b), strict=False))
        result = library(level, element)["dot"](x, y, k)
        wide, size = a.astype(np.longdouble) * b, np.abs(a).astype(np.longdouble) @ np.abs(b)
        assert abs(result - wide.sum()) <= (k + 1) * np.finfo(dtype).eps * size


def test_infinities_and_nan_stay_in_their_elements():
    level = LEVELS_HERE[-1]
    lanes = target(level).lanes("float")
    a, b = np.ones((2, 3), np.float32), np.ones((3, lanes), np.float32)
    a[0, 1], b[2, 1] = np.inf, np.nan
    c = np.empty((2, lanes), np.float32)
    kernel = library(level, "float")[2, 1, "rows", 0]
    multiply(kernel, a, b, c, 3, a_stride=3, b_stride=lanes, c_stride=lanes)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(c, a @ b)


def test_a_kernel_is_written_once():
    module, machine = Module(), host()
    names = [micro_kernel(module, machine, "float", 6, 2, "rows") for _ in range(2)]
    assert names == ["matmul_float_6x2_rows"] * 2
    assert list(module.functions) == names[:1]
    assert micro_kernel(module, machine, "float", 6, 2, "rows", panel=2) == names[0], "it is within one panel"
    assert micro_kernel(module, machine, "float", 6, 2, "rows", panel=1) not in names
    assert pack_kernel(module, machine, "float", 2) == pack_kernel(module, machine, "float", 2)
    assert dot_kernel(module, machine, "double") == dot_kernel(module, machine, "double")


@pytest.mark.parametrize("level", ["avx512", "avx2"])
@pytest.mark.parametrize("form", FORMS)
def test_the_sums_stay_in_registers(level, form):
    """No tile spills a vector: a load from or a store to the stack in the loop costs as much as an FMA."""
    machine = target(level, "x86_64-unknown-linux-gnu")
    for (rows, vectors), panel in product(shapes(machine, "float"), PANELS):
        module = Module()
        export(module, micro_kernel(module, machine, "float", rows, vectors, form, panel=panel), PRODUCT)
        text = assembly(str(module), machine)
        assert len(re.findall(r"\tvfmadd", text)) == rows * vectors
        assert not re.search(r"vmov[au]ps.*\(%rsp\), %[yz]mm|[yz]mm.*\(%rsp\)", text), (rows, vectors, panel)
