"""Two processes that exchange gradients inside of their compiled steps train as one process does on whole batches."""

import multiprocessing
from multiprocessing import shared_memory

import numpy as np
import pytest

from chainrule import nn, ops, optim, tree
from patience import PATIENCE

N, BATCH, EPOCHS = 96, 16, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 9))
Y = RNG.integers(0, 4, N)
ORDER = [RNG.permutation(N) for _ in range(EPOCHS)]


def network(dtype):
    layers = [nn.Dense(37, "tanh"), nn.Dense(11, "relu"), nn.Dense(4)]
    return nn.Network(9, layers, loss="cross_entropy", dtype=dtype, seed=1)


def train(batch_size, order, dtype, **options):
    net = network(dtype)
    chosen = {"optimizer": optim.Adam(0.01, clip_norm=0.3), "epochs": EPOCHS, "l2": 0.01, "progress": False}
    net.fit(X, Y, batch_size=batch_size, order=order, **chosen, **options)
    return tree.leaves(net.parameters)


def mean_over(number, count, memory, barrier):
    """A transform of gradients: their mean over processes, summed by each of them in one order."""

    def exchange(row):
        rows = np.ndarray((count, row.size), row.dtype, memory.buf)
        rows[number] = row
        barrier.wait(PATIENCE)
        np.sum(rows, axis=0, out=row)
        row /= count
        barrier.wait(PATIENCE)  # before anyone writes again

    return lambda gradients, last: ops.host_callback(exchange, gradients, last)


def one_of_several(number, count, name, barrier, results, dtype, accumulate):
    memory = shared_memory.SharedMemory(name)
    try:
        size = BATCH // count
        order = [np.concatenate(np.split(rows.reshape(-1, BATCH), count, axis=1)[number]) for rows in ORDER]
        transform = mean_over(number, count, memory, barrier)
        results.put(
            (number, train(size // accumulate, order, dtype, transform_gradients=transform, accumulate=accumulate))
        )
    finally:
        memory.close()


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-11), ("float32", 1e-3)])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_two_processes_train_as_one(dtype, tolerance, accumulate):
    context = multiprocessing.get_context("spawn")
    memory = shared_memory.SharedMemory(create=True, size=2**16)
    barrier, results = context.Barrier(2), context.Queue()
    arguments = (2, memory.name, barrier, results, dtype, accumulate)
    processes = [context.Process(target=one_of_several, args=(number, *arguments)) for number in range(2)]
    try:
        for process in processes:
            process.start()
        found = dict(results.get(timeout=PATIENCE) for _ in processes)
        for process in processes:
            process.join(PATIENCE)
    finally:
        for process in processes:
            process.kill()
        memory.close()
        memory.unlink()
    alone = train(BATCH, ORDER, dtype)
    for first, second, whole in zip(found[0], found[1], alone, strict=True):
        assert first.tobytes() == second.tobytes()
        np.testing.assert_allclose(first, whole, rtol=tolerance, atol=tolerance)
    assert any(
        np.any(first != start) for first, start in zip(found[0], tree.leaves(network(dtype).parameters), strict=True)
    )
