"""The probe computes what it says, with the instructions that it counts."""

from __future__ import annotations

import llvmlite.binding as llvm
import pytest
from benchmarks.probe import CHAINS, Probe, text

from chainrule.codegen.target import LEVELS, target


@pytest.fixture(scope="module")
def probe():
    return Probe()


@pytest.mark.parametrize("rounds", [1, 2, 10])
def test_every_lane_of_every_chain_makes_every_step(probe, rounds):
    sums = probe.sums(rounds)
    assert len(sums) % CHAINS == 0
    assert set(sums) == {2 * (1 - 0.5**rounds)}  # x ← x/2 + 1 from 0, exact in float32


def test_the_peak_of_one_and_of_all_threads_is_a_positive_number(probe):
    peak = probe.peak(0.01, rounds=10_000)
    assert peak.one > 0
    assert peak.all > 0
    assert peak.sustained > 0


def test_the_sustained_rate_is_taken_over_as_long_as_asked(probe, monkeypatch):
    spans = []
    monkeypatch.setattr(probe, "_seconds", lambda count, rounds: spans.append(rounds * 1e-6) or rounds * 1e-6)
    peak = probe.peak(0.5, rounds=1000)
    assert spans[-1] == pytest.approx(0.5)
    assert peak.sustained == pytest.approx(peak.all)


@pytest.mark.parametrize("level", LEVELS)
def test_the_loop_has_an_instruction_for_every_chain(level):
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    made = target(level)
    machine = llvm.Target.from_triple(made.triple).create_target_machine(cpu=made.cpu, features=made.features, opt=2)
    assembly = machine.emit_assembly(llvm.parse_assembly(text(made)))
    names = {"avx512": "vfmadd", "avx2": "vfmadd", "sse2": "mulps", "neon": "fmla"}
    assert sum(line.split()[0].startswith(names[level]) for line in assembly.splitlines() if line.split()) == CHAINS
