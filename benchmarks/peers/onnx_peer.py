"""onnxruntime, which predicts only: the network as an ONNX graph of Gemm and activation nodes."""

from __future__ import annotations

import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.peers.protocol import Peer, Predictor, serve
from benchmarks.workloads import Task

_OPSET, _IR = 17, 10  # old enough for every onnxruntime that the suite may meet


def exported(task: Task) -> bytes:
    """The ONNX model of a task's network, inputs "x" [N × n₀], outputs "a" [N × k]."""
    workload = task.workload
    nodes, arrays, value = [], [], "x"
    for number, (W, b) in enumerate(zip(task.weights, task.biases, strict=True), 1):
        last = number == len(task.weights)
        arrays += [numpy_helper.from_array(W, f"W{number}"), numpy_helper.from_array(b, f"b{number}")]
        z = "a" if last else f"z{number}"
        nodes.append(helper.make_node("Gemm", [value, f"W{number}", f"b{number}"], [z], transB=1))
        if not last:
            value = f"a{number}"
            nodes.append(helper.make_node("Tanh" if workload.activation == "tanh" else "Relu", [z], [value]))
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width])
        for name, width in (("x", workload.widths[0]), ("a", workload.widths[-1]))
    ]
    graph = helper.make_graph(nodes, workload.name, ends[:1], ends[1:], arrays)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    onnx.checker.check_model(model)
    return model.SerializeToString()


class OnnxPeer(Peer):
    """A session on a given number of threads."""

    def __init__(self, threads: str) -> None:
        self.options = onnxruntime.SessionOptions()
        self.options.intra_op_num_threads = int(threads)

    def versions(self) -> dict[str, str]:
        """onnxruntime's."""
        return {"onnxruntime": onnxruntime.__version__}

    def load(self, task: Task) -> None:
        """Make a session."""
        self.session = onnxruntime.InferenceSession(exported(task), self.options, providers=["CPUExecutionProvider"])

    def predictor(self) -> Predictor:
        """Its `run`."""
        run = self.session.run
        return lambda x: run(None, {"x": x})[0]


if __name__ == "__main__":
    serve(OnnxPeer)
