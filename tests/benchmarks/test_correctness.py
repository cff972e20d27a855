"""The judge is right, and notices whoever computes less or something else."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.conductor import WorkerError
from benchmarks.correctness import COMPARED, Judge, check_outputs, check_training
from benchmarks.peers import numpy_peer
from benchmarks.peers.chainrule_peer import ChainrulePeer
from benchmarks.workloads import Workload

import chainrule as cr
from benchmarks import workloads

CLASSES = Workload("small", (6, 9, 7, 3), 8, 5)
NUMBERS = Workload("small", (6, 9, 2), 8, 5, activation="tanh", loss="half_squared")


@pytest.fixture(params=[CLASSES, NUMBERS], ids=["classes", "numbers"])
def task(request, tmp_path):
    return workloads.read(workloads.write(request.param, tmp_path / "task"))


def test_the_judge_trains_as_chainrule_does_in_float64(task):
    workload = task.workload
    *hidden, last = workload.widths[1:]
    layers = [*(cr.nn.Dense(n, workload.activation) for n in hidden), cr.nn.Dense(last)]
    network = cr.nn.Network(workload.widths[0], layers, workload.loss, dtype="float64")
    network.set_parameters(task.weights, task.biases)
    network.fit(task.X, task.y, optimizer=cr.optim.Adam(), epochs=30, batch_size=8, order=list(task.batches(30)))
    losses, weights, biases = numpy_peer.trajectory(task, 30, np.float64)
    np.testing.assert_allclose(losses, network.history["loss"], rtol=1e-12)
    for ours, theirs in zip([*weights, *biases], [*network.weights, *network.biases], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-13)


def peers():
    yield "chainrule_peer", "ChainrulePeer", ()
    yield "numpy_peer", "NumpyPeer", ()
    yield "jax_peer", "JaxPeer", ("1",)
    yield "sklearn_peer", "SklearnPeer", ()
    yield "torch_peer", "TorchPeer", ("eager", "1")


@pytest.mark.parametrize(("module", "name", "arguments"), list(peers()), ids=lambda value: str(value))
def test_every_peer_computes_the_same_training(task, module, name, arguments):
    for library in {"jax_peer": ["jax"], "sklearn_peer": ["sklearn"], "torch_peer": ["torch"]}.get(module, []):
        pytest.importorskip(library)
    peer = getattr(pytest.importorskip(f"benchmarks.peers.{module}"), name)(*arguments)
    peer.load(task)
    losses, weights, biases = peer.trajectory(20)
    verdict = Judge.of(task, 20, plain_epsilon=module == "sklearn_peer").verdict(losses, [*weights, *biases])
    assert verdict.same
    assert verdict.median_distance < 1e-5
    assert peer.train(1, shuffle=True)[1] == pytest.approx(np.mean(losses[:5]), rel=0.3)


def test_training_twice_starts_from_the_same_weights(task):
    peer = ChainrulePeer()
    peer.load(task)
    assert peer.train(2, shuffle=False)[1] == peer.train(2, shuffle=False)[1]


class Cheat:
    """A worker that answers as if it had trained, but with another learning rate, or not at all."""

    def __init__(self, task, losses):
        self.task, self.losses = task, losses

    def request(self, command, steps=0, into="", rows=0):
        if command == "outputs":
            return {"outputs": np.zeros((rows, self.task.workload.widths[-1])).tolist()}
        np.savez(into, *self.task.weights, *self.task.biases)
        return {"losses": self.losses[:steps]}


def test_whoever_computes_something_else_is_found_out(task, tmp_path, monkeypatch):
    honest = numpy_peer.trajectory(task, 20, np.float32)[0]
    monkeypatch.setattr(numpy_peer, "LEARNING_RATE", 1.1e-3)
    faster = numpy_peer.trajectory(task, 20, np.float32)[0]
    monkeypatch.undo()
    workers = {
        "honest": Cheat(task, honest),
        "idle": Cheat(task, [honest[0]] * 20),
        "faster": Cheat(task, faster),
        "nan": Cheat(task, [*honest[: COMPARED - 1], float("nan")]),
    }
    verdicts, failed = check_training(task, workers, tmp_path)
    assert {name for name, verdict in verdicts.items() if verdict.same} == {"honest"}
    assert not failed
    assert verdicts["idle"].distance == pytest.approx(1)  # as far as the judge has moved


def test_a_run_that_is_not_finite_later_is_not_the_same(task):
    losses, weights, biases = numpy_peer.trajectory(task, 20, np.float32)
    judge = Judge.of(task, 20)
    assert judge.verdict(losses, [*weights, *biases]).same
    assert not judge.verdict([*losses[:-1], float("inf")], [*weights, *biases]).same


def test_predictions_of_another_network_are_found_out(task):
    class Good(Cheat):
        def request(self, command, rows=0):
            return {"outputs": numpy_peer.Network(task, np.float32).forward(task.X[:rows])[-1].tolist()}

    class Broken(Cheat):
        def request(self, command, rows=0):
            raise WorkerError("no")

    workers = {"good": Good(task, []), "zeros": Cheat(task, []), "broken": Broken(task, [])}
    failed = check_outputs(task, workers, 5)
    assert failed.keys() == {"zeros", "broken"}


def test_the_export_to_onnx_is_the_network(task):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from benchmarks.peers.onnx_peer import OnnxPeer

    peer = OnnxPeer("1")
    peer.load(task)
    expected = numpy_peer.Network(task, np.float64).forward(task.X[:7].astype(np.float64))[-1]
    np.testing.assert_allclose(peer.predictor()(task.X[:7]), expected, rtol=1e-5, atol=1e-6)
