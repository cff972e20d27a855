"""The data model of a plan: buffers, kernels, and the plan that holds them.

A kernel is a loop nest over an iteration *space*. It computes its anchor, the node that makes it what it is (a matmul,
a reduction, or an elementwise node), and every node that can be fused into the same loop. Axis 0 of its space, or axis
1 of some products, is divided among the threads, each thread taking one contiguous range of it.

Every thread does the *actions* of a plan one after another: it runs its part of a kernel, waits at a barrier, or
checks whether to leave the step. What lies between two barriers is a *phase*: within one, a thread reads only what it
wrote itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from chainrule.graph import Graph, Kind, Node
from chainrule.graph.usage import Usage
from chainrule.ops.host_callback import HOST_CALLBACK
from chainrule.plan.access import AccessPattern
from chainrule.plan.divide import COLUMNS, candidates, grain_of, part
from chainrule.types import Shape

Axes = tuple[int, ...]  # for every axis of a node the axis of the space that runs along it
AS_GIVEN = -1  # a dynamic stride, known only when code runs: that of the caller's array


class Place(Enum):
    """Where a buffer lives."""

    ARGUMENT = "argument"  # the caller's array, only read; C-contiguous unless it has strides AS_GIVEN
    RESULT = "result"  # the caller's array, C-contiguous, only written
    STATE = "state"  # kept between calls in the layout that the plan chose; updated in place
    SHARED = "shared"  # scratch memory that all threads see
    PRIVATE = "private"  # scratch memory of one thread, each having its own copy


@dataclass(eq=False)
class Buffer:
    """Memory for the value of a node.

    Attributes:
        node: whose value it holds; for a state, the input.
        place: where it lives.
        order: the axes of the node from the outermost to the innermost in memory.
        strides: for every axis of the node, in elements, or AS_GIVEN.
        elements: its length, with padding.
        itemsize: bytes of an element; a bool of scratch memory has 4, all bits being equal, as processors compare.
        padded: whether whole vectors may be read and written past the end of the innermost axis.
        slot: number of the argument, result or state; for scratch memory the offset in bytes.
        per_step: whether every step has its own: an array for each step is stacked along a first, invisible axis.
        panel: columns of a panel, if a matrix lies in panels of columns, one after another, each row by row; else 0.
    """

    node: Node
    place: Place
    order: Axes
    strides: Axes
    elements: int
    itemsize: int
    padded: bool
    slot: int = 0
    per_step: bool = False
    panel: int = 0

    @property
    def bytes(self) -> int:
        """Its size."""
        return self.elements * self.itemsize

    @property
    def strided(self) -> bool:
        """Whether its strides are dynamic: those of the caller's array."""
        return AS_GIVEN in self.strides

    def innermost(self, axis: int) -> bool:
        """Whether it is contiguous along `axis`."""
        return self.strides[axis] == 1

    def holds_vectors(self, axis: int, width: int) -> bool:
        """Whether whole vectors along `axis` cover it without leaving its row: its end is padded far enough."""
        if not (self.padded and self.innermost(axis)):
            return False
        if self.panel:
            return self.panel % width == 0
        row = self.strides[self.order[-2]] if len(self.order) > 1 else self.elements
        return -(-self.node.type.shape[axis] // width) * width <= row


@dataclass(frozen=True, eq=False)
class Store:
    """One result of a kernel: `node` is written to `buffer`, its axes running along `axes` of the space."""

    node: Node
    buffer: Buffer
    axes: Axes


@dataclass(eq=False)
class Kernel:
    """A loop nest.

    Attributes:
        number: its place in the order of execution.
        anchor: the node that makes it what it is.
        space: lengths of its loops, outermost first; the anchor's shape, with its axes in the order `axes`.
        axes: how the axes of the anchor run along the space.
        members: the nodes computed in it, with their axes.
        stores: what it writes.
        phase: after how many barriers it runs.
        divided: whether the threads share it; if not, every thread does all of it, to private memory.
        shared_axis: the axis of its space that is divided among them.
        condition: the input, a single bool, without which it is left out; see `plan.conditions`.
        continues: the kernel that it would be a part of if both had the same condition; the threads divide both alike.
    """

    number: int
    anchor: Node
    space: Shape
    axes: Axes
    members: dict[Node, Axes] = field(default_factory=dict)
    stores: list[Store] = field(default_factory=list)
    phase: int = 0
    divided: bool = True
    shared_axis: int = 0
    condition: Node | None = None
    continues: Kernel | None = None

    @property
    def shared_length(self) -> int:
        """The length of the axis that is divided among the threads."""
        return self.space[self.shared_axis] if self.space else 1

    @property
    def grain(self) -> int:
        """What this axis is divided into multiples of; kernels agree on it if it runs over rows of one length.

        Sums over rows go along one axis in vectors and are divided between these, so that none is left half full; so
        are the columns of a product.
        """
        if self.continues is not None:
            return self.continues.grain
        if self.anchor.op.kind is Kind.REDUCTION and len(self.space) == 1 and self.keeps_last_axis:
            return COLUMNS
        return COLUMNS if self.shared_axis else grain_of(self.shared_length)

    def parts(self, threads: int) -> set[tuple[int, int]]:
        """What a thread may have to compute of the divided axis, with any number of threads up to this."""
        if not self.divided:
            return {(0, self.shared_length)}
        counts = candidates(threads)
        return {part(self.shared_length, self.grain, t, count) for count in counts for t in range(count)}

    @property
    def is_host_callback(self) -> bool:
        """Whether it calls a function of the host, in the first thread; it can fail, so no state changes before."""
        return self.anchor.op is HOST_CALLBACK

    @property
    def adds_up(self) -> bool:
        """Whether it adds to what it has written before, so that no two threads may do it in the same memory."""
        return self.anchor.op.scatters

    @property
    def keeps_last_axis(self) -> bool:
        """Whether a reduction leaves the last axis of its operand as it is."""
        axis = self.anchor.keywords["axis"]
        last = len(self.anchor.operands[0].type.shape) - 1
        return isinstance(axis, tuple) and last not in axis


@dataclass(frozen=True, eq=False)
class Barrier:
    """A thread waits until all others are here too."""


@dataclass(frozen=True, eq=False)
class EarlyExit:
    """A thread leaves the step, as all others do, if what the guard computed is not finite or a host callback failed.

    Attributes:
        kernel: the one that computes the guard or calls back.
    """

    kernel: Kernel


Action = Kernel | Barrier | EarlyExit
Reads = dict[Kernel, dict[Node, set[AccessPattern]]]  # what kernels read from memory, and in which patterns


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be compiled.

    Attributes:
        graph: what it computes.
        usage: how it is called.
        actions: what every thread does in a step, in this order.
        buffers: of every node that is in memory, inputs and constants included.
        constants: arrays of the graph, which follow the inputs in the list of arguments.
        states: buffers that live from call to call: one for each carried pair, then the resident inputs in order.
        results: the caller's arrays for the outputs that are not carried.
        reads: for every kernel the nodes that it reads from memory, each with its access patterns.
        shared_bytes: scratch memory that all threads see.
        private_bytes: scratch memory for each thread.
        prefetched: gathers of rows from main memory, which the step before prefetches.
        prefetcher: the kernel that prefetches those of the next step.
    """

    graph: Graph
    usage: Usage
    actions: tuple[Action, ...]
    buffers: dict[Node, Buffer]
    constants: tuple[Node, ...]
    states: tuple[Buffer, ...]
    results: tuple[Buffer, ...]
    reads: Reads
    shared_bytes: int
    private_bytes: int
    prefetched: tuple[Node, ...] = ()
    prefetcher: Kernel | None = None

    @cached_property
    def kernels(self) -> tuple[Kernel, ...]:
        """The kernels in the order of execution."""
        return tuple(action for action in self.actions if isinstance(action, Kernel))

    @property
    def host_callbacks(self) -> tuple[Node, ...]:
        """The calls to functions of the host, in their order."""
        return tuple(kernel.anchor for kernel in self.kernels if kernel.is_host_callback)

    @property
    def strided(self) -> tuple[Buffer, ...]:
        """The arguments that have strides of their own, in their order."""
        return tuple(buffer for node in self.graph.inputs if (buffer := self.buffers[node]).strided)

    @property
    def phases(self) -> int:
        """The number of phases, each of which ends in a barrier."""
        return sum(isinstance(action, Barrier) for action in self.actions)
