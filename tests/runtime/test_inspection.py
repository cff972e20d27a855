"""Reports: every kernel with its true work, plausible times, and nothing changed by measuring."""

import re

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, optim
from chainrule.errors import ArgumentError
from chainrule.runtime.inspection import Inspection


def layer(W, b, x):
    return np.tanh(x @ W.T + b)


class Machine:
    """Where everything takes as long as it is told, and every third call is disturbed.

    It stands for `time`, and for the executable of an inspection.
    """

    def __init__(self, kernels, steps):
        self.now, self.calls, self.kernels, self.steps = 0.0, 0, kernels, steps

    def perf_counter(self):
        return self.now

    def perf_counter_ns(self):
        return round(self.now * 1e9)

    def take(self, seconds):
        self.calls += 1
        self.now += seconds * (1 if self.calls % 3 else 1000)

    def run_kernels(self, first, end):
        self.take(1e-6 + sum(self.kernels[first:end]))

    def run(self, arguments, results, steps=1, threads=1):
        self.take(steps * self.steps[threads])
        return steps

    def profile(self, inspection):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("chainrule.runtime.inspection.time", self)
            patch.setattr(inspection.executable, "run_kernels", self.run_kernels)
            patch.setattr(inspection.executable, "run", self.run)
            return inspection.profile()


@pytest.fixture(scope="module")
def profile():
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in ((64, 32), (64,), (48, 32))]
    return cr.compile(layer).profile(*arrays)


def test_it_has_every_kernel_in_order_with_its_work(profile):
    assert [kernel.number for kernel in profile.kernels] == list(range(len(profile.kernels)))
    phases = [kernel.phase for kernel in profile.kernels]
    assert phases == sorted(phases)
    assert profile.phases == phases[-1] + 1
    (product,) = [kernel for kernel in profile.kernels if kernel.operations[0] == "matmul"]
    assert product.operations == ("matmul", "add", "tanh")
    assert product.space == (48, 64)
    assert 2 * 48 * 64 * 32 <= product.flops < 2.2 * 48 * 64 * 32
    assert product.bytes >= 4 * (64 * 32 + 64 + 48 * 32 + 48 * 64)
    assert re.fullmatch(r"\d+×\d+( \+ \d+×\d+)*", product.tiles)
    assert all(not kernel.tiles for kernel in profile.kernels if kernel is not product)
    assert profile.flops == sum(kernel.flops for kernel in profile.kernels)


def test_times_are_positive(profile):
    assert profile.seconds > 0
    for kernel in profile.kernels:
        assert 0 < kernel.predicted < 1e-3
        assert kernel.measured >= 0


def test_times_are_those_of_the_kernels_and_of_the_fastest_number_of_threads():
    graph = cr.compile(lambda x: np.sum(x @ x)).graph(np.ones((200, 200)))
    inspection = Inspection(graph, [np.ones((200, 200))], threads=2)
    kernels = [3e-6 * (number + 1) for number in range(len(inspection.plan.kernels))]
    for steps in ({1: 50e-6, 2: 30e-6}, {1: 20e-6, 2: 30e-6}):
        profile = Machine(kernels, steps).profile(inspection)
        assert [kernel.measured for kernel in profile.kernels] == pytest.approx(kernels, abs=2e-9)
        assert profile.seconds == pytest.approx(min(steps.values()))
        assert profile.threads == min(steps, key=steps.get)


def test_threads_share_what_is_divided():
    graph = cr.compile(lambda x: (x @ x, np.sum(x[0]))).graph(np.ones((64, 64)))
    profile = Inspection(graph, [np.ones((64, 64))], threads=2).profile()
    assert profile.threads in (1, 2)
    by_name = {kernel.operations[0]: kernel.threads for kernel in profile.kernels}
    assert by_name["matmul"] == profile.threads
    assert by_name["sum"] == 1


def test_predictions_grow_with_the_work():
    f = cr.compile(lambda x: x @ x)
    small, large = (f.profile(np.ones((n, n))).kernels[-1].predicted for n in (64, 128))
    assert 5 < large / small < 9
    cheap, costly = (cr.compile(g).profile(np.ones(4000)).kernels[0].predicted for g in (lambda x: -x, np.tanh))
    assert costly > 3 * cheap


def test_it_prints_as_a_table(profile):
    lines = str(profile).splitlines()
    assert re.fullmatch(rf"layer: {len(profile.kernels)} kernels in \d phases?, \w+", lines[0])
    assert re.fullmatch(r"scratch memory: .+ k?B shared, .+B for each thread", lines[1])
    assert re.fullmatch(r"\S+ .?s by 1 thread, 20\d kflop, \S+ .?flop/s", lines[2])
    header = lines[4].split()
    assert header == ["#", "phase", "computes", "space", "tiles", "threads", "flop", "bytes", "predicted", "measured"]
    assert len(lines) == 5 + len(profile.kernels)
    assert any("matmul, add, tanh" in line and "48×64" in line for line in lines[5:])
    assert str(profile) == repr(profile)


def test_long_lists_of_operations_are_cut():
    f = cr.compile(lambda x: np.log1p(np.exp(np.tanh(np.sin(x)) * 3) - 1) / 2)
    assert re.search(r"\w, \d+ more  ", str(f.profile(np.ones(10))))


def test_donated_arguments_are_not_changed():
    f = cr.compile(lambda a: (a + 1, np.sum(a)), donate=0)
    a = np.zeros(5)
    f.profile(a)
    assert a.tolist() == [0] * 5


def test_functions_without_arithmetic_or_elements():
    assert len(cr.compile(lambda x: x).profile(np.ones(3)).kernels) == 1
    assert cr.compile(lambda x: x * 2).profile(np.ones((0, 3))).kernels[0].flops == 0
    assert "1 kernel in 1 phase" in str(cr.compile(lambda x: x * 2).profile(1.0))


def test_code_as_text():
    f = cr.compile(lambda x: np.exp(x))
    llvm, asm = f.llvm(np.ones(9)), f.asm(np.ones(9))
    assert "define void @run(ptr %context, i64 %thread, i64 %threads)" in llvm
    assert re.search(r"^run:", asm, re.MULTILINE)
    assert "double>" in llvm
    assert "double>" not in f.llvm(np.ones(9, np.float32)).split("@exp")[0]


def test_the_wrong_number_of_arrays_is_refused():
    graph = cr.compile(layer).graph(*map(np.ones, ((2, 3), (2,), (4, 3))))
    with pytest.raises(ArgumentError, match="layer takes 3 arrays, got 1"):
        Inspection(graph, [np.ones((2, 3))]).profile()


@pytest.mark.parametrize("optimizer", [None, optim.SGD(0.1), optim.LBFGS()], ids=["default", "sgd", "lbfgs"])
@pytest.mark.parametrize("loss", ["half_squared", "cross_entropy", "binary_cross_entropy", "hinge", "poisson"])
def test_a_network_tells_how_it_is_trained(loss, optimizer):
    network = nn.Network(6, [nn.Dense(9, "tanh"), nn.Dropout(0.5), nn.BatchNorm(), nn.Dense(2)], loss)
    before = [array.copy() for _, array in network.named_arrays()]
    profile = network.profile(batch_size=16, optimizer=optimizer)
    assert {(16, 9), (16, 2)} <= {kernel.space for kernel in profile.kernels if kernel.tiles}
    for old, (_, new) in zip(before, network.named_arrays(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_network_takes_examples_of_its_own_loss():
    def picked(outputs, labels):
        return -np.take_along_axis(outputs, labels[:, None], axis=1)[:, 0]

    network = nn.Network(3, [nn.Dense(4)], picked)
    X, y = np.ones((20, 3)), np.arange(20) % 4
    assert network.profile(X, y, batch_size=5).name == "training step"
    with pytest.raises(ArgumentError, match="X and y belong together"):
        network.profile(X)
