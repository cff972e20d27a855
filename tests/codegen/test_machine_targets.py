"""Targets: each level describes its processor, and code is only executed where all its instructions exist."""

from dataclasses import replace

import llvmlite.binding as llvm
import pytest

from chainrule.codegen.target import LEVELS, chosen, host, require_known, require_runnable, runs_here, target
from chainrule.errors import ArgumentError

V3 = ("sse2", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")
V4 = (*V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")
X86, ARM = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"


@pytest.fixture
def pretend(monkeypatch):
    """Pretend to be a machine of a platform with some features."""

    def pretend(triple, features, cpu="znver3"):
        monkeypatch.setattr(llvm, "get_process_triple", lambda: triple)
        monkeypatch.setattr(llvm, "get_host_cpu_features", lambda: dict.fromkeys(features, True) | {"sse4a": False})
        monkeypatch.setattr(llvm, "get_host_cpu_name", lambda: cpu)
        host.cache_clear()

    yield pretend
    monkeypatch.undo()
    host.cache_clear()


@pytest.mark.parametrize(
    ("level", "floats", "registers", "fma"),
    [("avx512", 16, 32, True), ("avx2", 8, 16, True), ("sse2", 4, 16, False), ("neon", 4, 32, True)],
)
def test_a_level_is_a_processor(level, floats, registers, fma):
    machine = target(level)
    assert (machine.level, machine.registers, machine.fma) == (level, registers, fma)
    assert (machine.lanes("float"), machine.lanes("double"), machine.lanes("i8")) == (floats, floats // 2, floats * 4)


def test_a_level_that_does_not_exist_is_named():
    with pytest.raises(ArgumentError, match="no target 'avx1024'; choose one of avx512, avx2, sse2, neon"):
        target("avx1024")


@pytest.mark.parametrize(
    ("triple", "features", "level", "runs"),
    [
        (X86, V4, "avx512", {"avx512", "avx2", "sse2"}),
        (X86, V3, "avx2", {"avx2", "sse2"}),
        (X86, [f for f in V4 if f != "avx512vl"], "avx2", {"avx2", "sse2"}),
        # a virtual machine may hide an instruction: its own code does without, code for any such processor cannot run
        (X86, [f for f in V3 if f != "movbe"], "avx2", {"sse2"}),
        (X86, [f for f in V3 if f != "fma"], "sse2", {"sse2"}),
        (X86, ["sse2"], "sse2", {"sse2"}),
        (ARM, ["neon"], "neon", {"neon"}),
        ("arm64-apple-darwin24", [], "neon", {"neon"}),
    ],
)
def test_the_widest_level_and_all_that_run(pretend, triple, features, level, runs):
    pretend(triple, features)
    assert host().level == level
    assert {level for level in LEVELS if runs_here(level)} == runs
    for each in LEVELS:
        if each in runs:
            require_runnable(target(each))
        else:
            with pytest.raises(ArgumentError, match=f"cannot run code for {each} .* it runs .*CHAINRULE_TARGET"):
                require_runnable(target(each))
    require_runnable(host())


def test_code_for_another_system_or_a_changed_processor_does_not_run(pretend):
    pretend(X86, V3)
    for machine in (
        target("avx2", "x86_64-pc-windows-msvc"),
        replace(target("avx2"), features="+avx512f"),
        replace(host(), features=host().features + ",+avx512f"),
        replace(target("sse2"), cpu="x86-64-v4"),
    ):
        with pytest.raises(ArgumentError, match="cannot run code"):
            require_runnable(machine)


def test_features_of_this_machine_are_all_named(pretend):
    pretend(X86, V4)
    named = host().features.split(",")
    assert set(named) == {*(f"+{feature}" for feature in V4), "-sse4a", "-prefer-256-bit"}
    pretend(X86, V3)
    assert set(host().features.split(",")) == {*(f"+{feature}" for feature in V3), "-sse4a"}


def test_a_platform_follows_from_the_level(pretend):
    pretend("x86_64-pc-windows-msvc", V3)
    assert target("avx2").triple == "x86_64-pc-windows-msvc"
    assert target("neon").triple == ARM
    pretend("arm64-apple-darwin24", [])
    assert target("neon").triple == "arm64-apple-darwin24"
    assert target("avx2").triple == X86
    assert target("avx2", "x86_64-apple-darwin24").triple == "x86_64-apple-darwin24"


def test_the_environment_chooses(monkeypatch):
    monkeypatch.delenv("CHAINRULE_TARGET", raising=False)
    assert chosen() == host()
    monkeypatch.setenv("CHAINRULE_TARGET", "SSE2")
    assert chosen() == target("sse2")
    monkeypatch.setenv("CHAINRULE_TARGET", "mmx")
    with pytest.raises(ArgumentError, match="CHAINRULE_TARGET is 'mmx'; expected one of avx512, avx2, sse2, neon"):
        chosen()


def test_only_processors_that_llvm_knows(capfd):
    for machine in (host(), *map(target, LEVELS)):
        require_known(machine)
        llvm.initialize_all_targets()
        llvm.Target.from_triple(machine.triple).create_target_machine(cpu=machine.cpu, features=machine.features)
    assert capfd.readouterr().err == ""
    with pytest.raises(ArgumentError, match="no processor 'pentium9'"):
        require_known(replace(host(), cpu="pentium9"))
