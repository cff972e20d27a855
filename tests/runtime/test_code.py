"""Machine code computes what its text says, needs nothing from outside, and lives as long as someone can call it."""

import ctypes
import gc
import sys
import threading
import weakref
from dataclasses import replace

import pytest

from chainrule.codegen.target import LEVELS, host, runs_here, target
from chainrule.errors import ArgumentError, ChainruleError
from chainrule.runtime import cache, code
from chainrule.runtime.code import assembly, emit, load, load_or_write
from patience import PATIENCE

pytestmark = pytest.mark.usefixtures("cache_directory")

TWICE = "define double @twice(double %x) { %y = fmul double %x, 2.0\n ret double %y }\n"
FILL = """
    declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
    declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
    define void @fill(ptr %place, i64 %count) {
      call void @llvm.memset.p0.i64(ptr %place, i8 65, i64 %count, i1 false)
      %after = getelementptr i8, ptr %place, i64 %count
      call void @llvm.memmove.p0.p0.i64(ptr %after, ptr %place, i64 %count, i1 false)
      ret void
    }
"""


def twice(loaded):
    return loaded.function("twice", ctypes.c_double, result=ctypes.c_double)


def compiling_fails(ir, target):
    raise AssertionError("compiled again")


def test_code_runs(cache_directory):
    loaded = load(TWICE, host(), ["twice"])
    assert twice(loaded)(21.5) == 43.0
    by_address = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(loaded.address("twice"))
    assert by_address(-0.75) == -1.5
    with pytest.raises(KeyError):
        loaded.address("thrice")


@pytest.mark.parametrize("level", LEVELS)
def test_code_for_each_level_runs_or_is_refused(level):
    if runs_here(level):
        assert twice(load(TWICE, target(level), ["twice"]))(21.5) == 43.0
    else:
        with pytest.raises(ArgumentError, match=f"cannot run code for {level}"):
            load(TWICE, target(level), ["twice"])


def test_functions_that_llvm_puts_in_are_resolved():
    fill = load(FILL, host(), ["fill"]).function("fill", ctypes.c_char_p, ctypes.c_int64)
    memory = ctypes.create_string_buffer(2000)
    fill(memory, 900)
    assert memory.raw == b"A" * 1800 + bytes(200)


@pytest.mark.parametrize(
    ("ir", "name"),
    [
        ("declare float @fmaf(float, float, float)\n" + TWICE, "fmaf"),
        ("@elsewhere = external global i32\n" + TWICE, "elsewhere"),
        ("declare double @nonsense(double)\n" + TWICE, "nonsense"),
        (
            "declare double @llvm.sin.f64(double)\n"
            "define double @twice(double %x) { %y = call double @llvm.sin.f64(double %x)\n ret double %y }",
            "sin",
        ),
    ],
)
def test_what_needs_something_from_outside_is_refused_by_name(ir, name, cache_directory):
    with pytest.raises(ChainruleError, match=f"needs {name} from outside"):
        load(ir, host(), ["twice"])
    assert cache.entries() == []


def test_text_that_is_not_valid_is_refused_with_its_line():
    with pytest.raises(ChainruleError, match=r"not valid LLVM IR(.|\n)*:3:20"):
        load(TWICE + "define double @f( {", host(), ["f"])


def test_a_value_that_is_used_where_it_does_not_exist_is_refused():
    ir = """
        define double @f(i1 %here, double %x) {
          br i1 %here, label %a, label %b
        a:
          %y = fadd double %x, %x
          br label %b
        b:
          ret double %y
        }
    """
    with pytest.raises(ChainruleError, match="does not dominate all uses"):
        load(ir, host(), ["f"])


def test_a_function_that_is_not_there_is_named(cache_directory, capfd):
    for _ in range(2):
        with pytest.raises(ChainruleError, match="thrice"):
            load(TWICE, host(), ["twice", "thrice"])
        assert cache.entries() == []
    load(TWICE, host(), ["twice"])
    with pytest.raises(ChainruleError, match="thrice"):
        load(TWICE, host(), ["thrice"])
    assert capfd.readouterr().err == ""


def test_a_second_load_comes_from_the_cache(monkeypatch):
    load(TWICE, host(), ["twice"])
    monkeypatch.setattr(code, "emit", compiling_fails)
    assert twice(load(TWICE, host(), ["twice"]))(4.0) == 8.0
    for ir, target_ in ((TWICE + "\n", host()), (TWICE, target(host().level))):
        with pytest.raises(AssertionError, match="compiled again"):
            load(ir, target_, ["twice"])


def test_text_is_written_only_if_no_code_of_its_origin_is_kept(monkeypatch):
    written = []

    def write(ir):
        written.append(ir)
        return ir

    def loaded(*origin, target=None):
        return twice(load_or_write(origin, lambda: write(TWICE), target or host(), ["twice"]))(4.0)

    assert [loaded("plan", "1"), loaded("plan", "1"), loaded("plan", "1")] == [8.0] * 3
    assert len(written) == 1
    assert [loaded("plan", "2"), loaded("plan1", ""), loaded("plan", "1", target=target(host().level))] == [8.0] * 3
    assert len(written) == 4
    monkeypatch.setattr(code, "_COMPILER", ("another", "version"))
    assert loaded("plan", "1") == 8.0
    assert len(written) == 5


def test_a_damaged_entry_is_compiled_anew_and_replaced(cache_directory, monkeypatch):
    load(TWICE, host(), ["twice"])
    (entry,) = cache.entries()
    whole = entry.path.read_bytes()
    for damaged in (b"", whole[:200], whole[:-1], whole[:300] + b"!" + whole[301:]):
        entry.path.write_bytes(damaged)
        assert twice(load(TWICE, host(), ["twice"]))(4.0) == 8.0
        assert entry.path.read_bytes() == whole
    monkeypatch.setattr(code, "emit", compiling_fails)
    assert twice(load(TWICE, host(), ["twice"]))(4.0) == 8.0


def test_it_works_without_a_cache(monkeypatch, cache_directory):
    monkeypatch.setenv("CHAINRULE_CACHE", "off")
    assert twice(load(TWICE, host(), ["twice"]))(4.0) == 8.0
    assert not cache_directory.exists()


def test_a_function_keeps_its_code_alive():
    loaded = load(TWICE, host(), ["twice"])
    function, alive = twice(loaded), weakref.ref(loaded)
    del loaded
    gc.collect()
    assert alive() is not None
    assert function(3.0) == 6.0
    del function
    gc.collect()
    assert alive() is None


def mapped_bytes():
    with open("/proc/self/maps") as maps:
        ranges = [line.split()[0].split("-") for line in maps if "x" in line.split()[1]]
    return sum(int(end, 16) - int(start, 16) for start, end in ranges)


def test_code_that_is_not_needed_is_unmapped_across_sessions(monkeypatch):
    monkeypatch.setattr(code, "_OBJECTS_A_SESSION", 7)
    keep = load(TWICE, host(), ["twice"])
    first_session = code._session
    try:
        before = mapped_bytes()
    except FileNotFoundError:
        pytest.skip("this system does not list what is mapped")
    for i in range(50):
        load(f"define i64 @f() {{ ret i64 {i} }}", host(), ["f"])
    assert code._session is not first_session
    assert mapped_bytes() <= before + 8192 < before + 50 * 4096
    assert twice(keep)(4.0) == 8.0


def test_many_threads_load_at_once():
    results, start = [], threading.Barrier(16)

    def load_some(number):
        start.wait(PATIENCE)
        for i in range(5):
            ir = f"define i64 @f() {{ ret i64 {i * (number % 4)} }}"
            results.append(load(ir, host(), ["f"]).function("f", result=ctypes.c_int64)() == i * (number % 4))

    together = [threading.Thread(target=load_some, args=(number,)) for number in range(16)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join(PATIENCE)
    assert results == [True] * 80


@pytest.mark.skipif(sys.platform != "linux" or sys.maxsize < 2**32, reason="fills the memory of a 64-bit Linux process")
def test_code_reaches_its_constants_however_memory_is_scattered(script):
    """Holes of a few pages lie 4 GB apart, as they may in a process that maps large tables."""
    printed = script(
        """
        import ctypes
        import numpy as np
        import chainrule as cr

        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        PAGE, FAR, NOT_ACCESSIBLE, PRIVATE_ANONYMOUS_NORESERVE = 4096, 1 << 32, 0, 0x4022

        def reserve(size):
            return libc.mmap(None, size, NOT_ACCESSIBLE, PRIVATE_ANONYMOUS_NORESERVE, -1, 0)

        x = np.linspace(-1, 1, 12)
        cr.compile(np.tanh)(x)  # what else is needed is loaded
        blocks = [reserve(FAR) for _ in range(40)]  # each below the one before
        for i, block in enumerate(blocks):
            libc.munmap(block + FAR // 2, PAGE * (1 + i // 4))
        for pages in (1 << 14, 1 << 10, 64, 16, 4, 1):
            while (place := reserve(pages * PAGE)) > blocks[0]:  # holes above the blocks
                pass
            libc.munmap(place, pages * PAGE)
        for k in range(20):
            f = lambda x: np.sum(np.tanh(x) * np.exp((k + 1) * x))
            np.testing.assert_allclose(cr.compile(f)(x), f(x), rtol=1e-13)
        print("done")
        """
    )
    assert printed == "done\n"


def test_objects_for_other_machines_and_their_text():
    arm, here = emit(TWICE, target("neon")), emit(TWICE, target("avx512"))
    assert arm[:4] == here[:4] == b"\x7fELF"
    assert int.from_bytes(arm[18:20], "little") == 183  # EM_AARCH64
    assert int.from_bytes(here[18:20], "little") == 62  # EM_X86_64
    assert "fadd\td0, d0, d0" in assembly(TWICE, target("neon"))
    assert "vaddsd\t%xmm0, %xmm0, %xmm0" in assembly(TWICE, target("avx2", "x86_64-unknown-linux-gnu"))


def test_a_processor_that_llvm_does_not_know_is_refused(capfd):
    with pytest.raises(ArgumentError, match="no processor 'pentium9'"):
        emit(TWICE, replace(target("avx2"), cpu="pentium9"))
    assert capfd.readouterr().err == ""


def test_the_same_text_gives_the_same_bytes(script):
    program = f"""
        import hashlib
        from chainrule.codegen.target import host
        from chainrule.runtime.code import emit
        print(hashlib.sha256(emit({TWICE + FILL!r}, host())).hexdigest())
    """
    assert script(program, PYTHONHASHSEED="1") == script(program, PYTHONHASHSEED="2")


def test_importing_the_library_loads_no_compiler(script):
    assert script("import sys, chainrule, chainrule.config; print('llvmlite' in sys.modules)") == "False\n"
