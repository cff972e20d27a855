"""A compiled graph opened for inspection: its plan, its LLVM IR and assembly, and the profile of its kernels."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from chainrule.codegen.products import tiling
from chainrule.errors import ArgumentError
from chainrule.figures import counted
from chainrule.graph import Graph, Kind
from chainrule.graph.usage import ONE_CALL, Usage
from chainrule.ops.matmul import MATMUL
from chainrule.plan import Kernel, Plan
from chainrule.plan.cost import kernel_bytes, kernel_flops
from chainrule.plan.roofline import seconds
from chainrule.runtime import code
from chainrule.runtime.executable import Executable, as_read, most_threads
from chainrule.runtime.plans import plan_of
from chainrule.runtime.profile import KernelProfile, Profile
from chainrule.types import Array

_SECONDS = 0.1  # spent on measuring the whole, and as much again on measuring the kernels
_ROUNDS = 7  # at least
_SLICE_SECONDS = 1e-3  # of steps without Python between them, where their arguments do not change


class Inspection:
    """A graph as the engine compiles it, with arguments to try it on.

    Args:
        graph: simplified, without free inputs.
        arguments: arrays for the inputs that are not carried; those of every step stacked along a first axis.
        usage: how it is called.
        states: arrays for the carried inputs.
        threads: how many the executor would use at most; the number follows from the work if it is not given.
        name: for the profile; by default the graph's.
    """

    def __init__(
        self,
        graph: Graph,
        arguments: Sequence[Array],
        usage: Usage = ONE_CALL,
        states: Sequence[Array] = (),
        threads: int | None = None,
        name: str = "",
    ) -> None:
        graph.verify()
        self.name = name or graph.name
        self.graph, self.usage = graph, usage
        self.arguments, self.states = list(arguments), states
        self._asked_threads = threads

    @cached_property
    def plan(self) -> Plan:
        """Kernels, buffers and phases."""
        return plan_of(self.graph, self.usage)

    @property
    def threads(self) -> int:
        """How many threads it is compiled for."""
        return self._asked_threads or most_threads(self.plan)

    @cached_property
    def executable(self) -> Executable:
        """The compiled plan."""
        return Executable(self.plan, self.threads)

    def llvm(self) -> str:
        """The program as text in LLVM IR."""
        return self.executable.ir

    def assembly(self) -> str:
        """The machine code as text."""
        return code.assembly(self.executable.ir, self.executable.target)

    # Measuring

    def profile(self) -> Profile:
        """Every kernel with its work, predicted and measured times, and the time of the whole.

        The whole is the fastest of several runs, by the number of threads that is fastest. The kernels are run one by
        one in their order, by one thread, so that each finds in the caches what it finds there in a real step; a
        kernel's time is the median of many rounds, less the time of running none. The arguments are not changed.
        """
        stacked = self._stacked_steps()
        arguments, results = self._arrays(stacked)
        whole = {n: self._fastest(arguments, results, stacked, n) for n in self.executable.candidates}
        threads = min(whole, key=lambda n: whole[n])
        measured = self._time_kernels()
        kernels = tuple(
            self._profile_of(kernel, threads, time_) for kernel, time_ in zip(self.plan.kernels, measured, strict=True)
        )
        return Profile(
            name=self.name,
            kernels=kernels,
            target=self.executable.target.level,
            threads=threads,
            seconds=whole[threads],
            shared_bytes=self.plan.shared_bytes,
            private_bytes=self.plan.private_bytes,
        )

    def _profile_of(self, kernel: Kernel, threads: int, measured: float) -> KernelProfile:
        target, plan = self.executable.target, self.plan
        dtype = kernel.anchor.type.dtype
        lanes = target.vector_bytes // max(dtype.itemsize, 4)
        tiles = ""
        if kernel.anchor.op is MATMUL:
            groups = tiling(plan, kernel, target, self.threads).column_groups
            tiles = " + ".join(f"{group.rows}×{group.vectors * lanes}" for group in groups)
        return KernelProfile(
            number=kernel.number,
            phase=kernel.phase,
            operations=tuple(node.op.name for node in kernel.members if node.op.kind is not Kind.MOVEMENT)
            or (kernel.anchor.op.name,),
            space=kernel.space,
            tiles=tiles,
            threads=threads if kernel.divided and kernel.space else 1,
            flops=kernel_flops(kernel),
            bytes=kernel_bytes(plan, kernel),
            predicted=seconds(plan, kernel, lanes),
            measured=measured,
        )

    def _stacked_steps(self) -> int:
        """How many steps the arguments are for; many where they are the same in every step."""
        given = zip(self.usage.given(self.graph), self.arguments, strict=False)
        return min((len(array) for i, array in given if i in self.usage.per_step_inputs), default=0)

    def _arrays(self, stacked: int) -> tuple[list[Array | None], list[Array]]:
        """Arguments in the order of the inputs, and memory for the results."""
        positions = self.usage.given(self.graph)
        if len(positions) != len(self.arguments):
            raise ArgumentError(
                f"{self.graph.name} takes {counted(len(positions), 'array')}, got {len(self.arguments)}"
            )
        given = {i: as_read(array, i, self.usage) for i, array in zip(positions, self.arguments, strict=True)}
        arguments = [given.get(i) for i in range(len(self.graph.inputs))]
        results = [
            np.empty(((max(stacked, 1),) if buffer.per_step else ()) + buffer.node.type.shape, buffer.node.type.dtype)
            for buffer in self.plan.results
        ]
        return arguments, results

    def _fastest(
        self, arguments: Sequence[Array | None], results: Sequence[Array], stacked: int, threads: int
    ) -> float:
        """Seconds of a step, in the fastest of many slices."""
        taken: list[float] = []
        count, end = stacked or 1, time.perf_counter() + _SECONDS
        while len(taken) < _ROUNDS or time.perf_counter() < end:
            self._load_states()
            start = time.perf_counter()
            done = self.executable.run(arguments, results, count, threads)
            seconds_ = time.perf_counter() - start
            taken.append(seconds_ / max(done, 1))
            if not stacked and seconds_ < _SLICE_SECONDS:
                count *= 2
        return min(taken)

    def _load_states(self) -> None:
        """Begin anew: after very many steps, numbers may have become so small that processors are slow with them."""
        for number, array in enumerate(self.states):
            self.executable.write_state(number, array)

    def _time_kernels(self) -> list[float]:
        """Seconds of every kernel on one thread."""
        run, count = self.executable.run_kernels, len(self.plan.kernels)
        taken: list[list[float]] = [[] for _ in range(count + 1)]
        end = time.perf_counter() + _SECONDS
        while len(taken[0]) < _ROUNDS or time.perf_counter() < end:
            self._load_states()
            for number in range(count + 1):  # the last one runs none
                start = time.perf_counter_ns()
                run(number, min(number + 1, count))
                taken[number].append((time.perf_counter_ns() - start) * 1e-9)
        *kernels, none = map(statistics.median, taken)
        return [max(kernel - none, 0.0) for kernel in kernels]
