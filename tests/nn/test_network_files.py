"""Networks as files: they come back bit for bit, and a file that lies is refused without doing what it says."""

import copy
import json
import subprocess
import sys
import textwrap
import tracemalloc

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, storage
from chainrule.errors import ModelFileError
from forged_files import file_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 4))


def square(z):
    return z**2


def mse(outputs, y):
    """Not ours: a user-defined function may have the name of a loss."""
    return np.sum(np.abs(outputs - y), axis=-1)


def huber(outputs, y):
    return np.sum(np.abs(outputs - y) ** 3, axis=-1)


NETWORKS = {
    "dense": ([nn.Dense(5, "relu"), nn.Dense(2)], {}),
    "float64": ([nn.Dense(5, "tanh", use_bias=False), nn.Dense(2)], {"dtype": "float64"}),
    "given arrays": ([nn.Dense(2, weights=np.ones((2, 4)), biases="normal")], {}),
    "batch norm": ([nn.Dense(3), nn.BatchNorm(0.2, 1e-3), nn.Dense(2)], {"loss": "mae"}),
    "layer norm": ([nn.LayerNorm(1e-2), nn.Dropout(0.3), nn.Dense(2)], {"loss": "huber(1.23456789)"}),
    "residual": (
        [nn.Residual([nn.Residual([nn.Dense(4, "gelu")]), nn.Dense(4)]), nn.Dense(2)],
        {"loss": "quantile(0.9)"},
    ),
    "embedding": ([nn.Embedding((np.int64(3), 2), dimension=[2, 3], columns=[3, 0]), nn.Dense(2)], {}),
    "no parameters": ([nn.Dropout(0.5)], {}),
    "cross entropy": ([nn.Dense(3)], {"loss": "cross_entropy"}),
    "own activation": ([nn.Dense(3, square), nn.Dense(3, square), nn.Dense(2)], {}),
    "own loss named like ours": ([nn.Dense(2)], {"loss": mse}),
    "own loss named like one with a parameter": ([nn.Dense(2)], {"loss": huber}),
}
FUNCTIONS = {"square": square, "mse": mse, "huber": huber}


def examples(layers):
    if isinstance(layers[0], nn.Embedding):
        return np.column_stack([RNG.integers(2, size=12), X[:, 1:3], RNG.integers(3, size=12)])
    return X


@pytest.mark.parametrize(("layers", "options"), NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("copied", [False, True], ids=["original", "deep copy"])
def test_round_trip(layers, options, copied, tmp_path):
    net = nn.Network(4, layers, **options)
    x = examples(layers)
    y = RNG.integers(3, size=12) if net.loss.name == "cross_entropy" else RNG.normal(size=(12, net.n_outputs))
    if net.weights:
        net.fit(x, y, epochs=2, progress=False)
    net = copy.deepcopy(net) if copied else net
    net.save(tmp_path / "file")
    again = cr.load(tmp_path / "file", FUNCTIONS)
    assert [(n, a.dtype, a.tobytes()) for n, a in again.named_arrays()] == [
        (n, a.dtype, a.tobytes()) for n, a in net.named_arrays()
    ]
    assert again.predict(x).tobytes() == net.predict(x).tobytes()
    assert again.evaluate(x, y) == net.evaluate(x, y)
    assert repr(again) == repr(net)
    again.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "file").read_bytes()
    first = [net.fit(x, y, epochs=1, progress=False).predict(x).tobytes() for net in (net, again) if net.weights]
    assert len(set(first)) <= 1


@pytest.mark.parametrize(("layers", "options"), NETWORKS.values(), ids=NETWORKS)
def test_numbers_are_counted_before_arrays_are_made(layers, options):
    from chainrule.nn.layer_records import count_numbers

    net = nn.Network(4, layers, **options)
    assert count_numbers(layers, 4) == (net.n_outputs, sum(array.size for _, array in net.named_arrays()))


def test_functions_of_ones_own_must_be_given_again(tmp_path):
    nn.Network(4, [nn.Dense(2, square)], loss=mse).save(tmp_path / "file")
    with pytest.raises(
        ModelFileError, match=r"a function 'square' of your own.*load\(path, functions={'square': square}\)"
    ):
        cr.load(tmp_path / "file")
    with pytest.raises(ModelFileError, match="a function 'mse' of your own"):
        cr.load(tmp_path / "file", {"square": square})


def test_two_functions_of_one_name_cannot_be_told_apart(tmp_path):
    def another():
        def square(z):
            return z**3

        return square

    net = nn.Network(4, [nn.Dense(2, square), nn.Dense(2, another())])
    with pytest.raises(ModelFileError, match="two functions of your own are called 'square'; give each a name"):
        net.save(tmp_path / "file")
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize(
    ("activation", "loss"), [(lambda z: z**2, "mse"), ("relu", lambda outputs, y: np.sum((outputs - y) ** 4, axis=-1))]
)
def test_a_function_without_a_name_cannot_be_stored(activation, loss, tmp_path):
    with pytest.raises(ModelFileError, match="is called '<lambda>'; give it a name of its own with def"):
        nn.Network(4, [nn.Dense(2, activation)], loss=loss).save(tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_a_layer_of_ones_own_cannot_be_stored(tmp_path):
    class Own(nn.Dropout):
        pass

    with pytest.raises(ModelFileError, match="a layer of type Own cannot be stored; use one of Dense, Dropout"):
        nn.Network(4, [Own(), nn.Dense(2)]).save(tmp_path / "file")


@pytest.mark.parametrize("name", ["", ".", "a\0b", "missing/file"])
def test_names_that_no_file_can_have(name, tmp_path):
    target = f"{tmp_path}/{name}" if name else ""
    with pytest.raises(ModelFileError, match="cannot be written"):
        nn.Network(4, [nn.Dense(2)]).save(target)
    with pytest.raises(ModelFileError, match=r"is a directory|cannot be read: embedded null byte|does not exist"):
        cr.load(target)


# Files that lie

DENSE = {"layer": "Dense", "n_outputs": 2, "activation": "relu", "use_bias": True}
RECORD = {"n_inputs": 3, "layers": [DENSE], "loss": "mse", "dtype": "float32"}
ARRAYS = {"parameters[0]['W']": np.ones((2, 3), np.float32), "parameters[0]['b']": np.ones(2, np.float32)}


def nested(depth):
    record = {**DENSE, "n_outputs": 3}
    for _ in range(depth):
        record = {"layer": "Residual", "layers": [record]}
    return record


LIES = {
    "nothing": None,
    "a list": [],
    "text": "network",
    "no layers": {**RECORD, "layers": []},
    "layers of another kind": {**RECORD, "layers": 5},
    "text for layers": {**RECORD, "layers": "Dense"},
    "numbers for layers": {**RECORD, "layers": [1]},
    "lists for layers": {**RECORD, "layers": [[DENSE]]},
    "a layer without a kind": {**RECORD, "layers": [{"n_outputs": 2}]},
    "a layer of no kind": {**RECORD, "layers": [{**DENSE, "layer": "Nonsense"}]},
    "a layer that is a module": {**RECORD, "layers": [{**DENSE, "layer": "os.system"}]},
    "a layer that is a list": {**RECORD, "layers": [{**DENSE, "layer": ["Dense"]}]},
    "an attribute of a layer": {**RECORD, "layers": [{**DENSE, "__class__": "x"}]},
    "a layer without a width": {**RECORD, "layers": [{"layer": "Dense"}]},
    "no width": {**RECORD, "layers": [{**DENSE, "n_outputs": 0}]},
    "a negative width": {**RECORD, "layers": [{**DENSE, "n_outputs": -2}]},
    "half a width": {**RECORD, "layers": [{**DENSE, "n_outputs": 2.5}]},
    "text for a width": {**RECORD, "layers": [{**DENSE, "n_outputs": "2"}]},
    "a huge width": {**RECORD, "layers": [{**DENSE, "n_outputs": 10**12}]},
    "a huger width": {**RECORD, "layers": [{**DENSE, "n_outputs": 10**400}]},
    "huge inputs": {**RECORD, "n_inputs": 10**12},
    "huge inputs of batch norm": {**RECORD, "n_inputs": 10**12, "layers": [{"layer": "BatchNorm"}]},
    "huge embedding": {**RECORD, "layers": [{"layer": "Embedding", "categories": [10**6], "dimension": 10**6}]},
    "infinite embedding": {**RECORD, "layers": [{"layer": "Embedding", "categories": [float("inf")]}]},
    "nan embedding": {**RECORD, "layers": [{"layer": "Embedding", "categories": [float("nan")]}]},
    "text embedding": {**RECORD, "layers": [{"layer": "Embedding", "categories": "abc"}]},
    "huge inside a block": {**RECORD, "layers": [{"layer": "Residual", "layers": [{**DENSE, "n_outputs": 10**9}] * 2}]},
    "no inputs": {**RECORD, "n_inputs": 0},
    "true inputs": {**RECORD, "n_inputs": True},
    "nan inputs": {**RECORD, "n_inputs": float("nan")},
    "infinite inputs": {**RECORD, "n_inputs": float("inf")},
    "text for inputs": {**RECORD, "n_inputs": "3"},
    "more inputs": {**RECORD, "n_inputs": 4},
    "nan rate": {**RECORD, "layers": [{"layer": "Dropout", "rate": float("nan")}]},
    "text for a rate": {**RECORD, "layers": [{"layer": "Dropout", "rate": "0.5"}]},
    "nan momentum": {**RECORD, "layers": [{"layer": "BatchNorm", "momentum": float("nan")}]},
    "text for epsilon": {**RECORD, "layers": [DENSE, {"layer": "LayerNorm", "epsilon": "1"}]},
    "no activation": {**RECORD, "layers": [{**DENSE, "activation": None}]},
    "an activation of no name": {**RECORD, "layers": [{**DENSE, "activation": "os.system"}]},
    "an activation in a list": {**RECORD, "layers": [{**DENSE, "activation": ["relu"]}]},
    "a function": {**RECORD, "layers": [{**DENSE, "activation": {"function": "eval"}}]},
    "a function without a name": {**RECORD, "layers": [{**DENSE, "activation": {}}]},
    "a function of another kind": {**RECORD, "layers": [{**DENSE, "activation": {"function": ["eval"]}}]},
    "a block of nothing": {**RECORD, "layers": [{"layer": "Residual", "layers": []}]},
    "a block of numbers": {**RECORD, "layers": [{"layer": "Residual", "layers": [1]}]},
    "a deep block": {**RECORD, "layers": [nested(200)]},
    "a loss of no name": {**RECORD, "loss": "eval"},
    "a loss of another kind": {**RECORD, "loss": 5},
    "a loss in a list": {**RECORD, "loss": ["mse"]},
    "a loss with a huge parameter": {**RECORD, "loss": "huber(1e999)"},
    "a loss that is a function": {**RECORD, "loss": {"function": "eval"}},
    "no dtype": {**RECORD, "dtype": None},
    "a dtype of no name": {**RECORD, "dtype": "nonsense"},
    "a dtype that is code": {**RECORD, "dtype": "f4,(__import__('os').abort()"},
    "a dtype of objects": {**RECORD, "dtype": "O"},
    "another dtype": {**RECORD, "dtype": "float64"},
    "a dtype in a dict": {**RECORD, "dtype": {"names": ["a"], "formats": ["f4"]}},
    "no loss": {name: RECORD[name] for name in RECORD if name != "loss"},
    "no inputs at all": {name: RECORD[name] for name in RECORD if name != "n_inputs"},
}


def test_the_record_without_a_lie_is_read(tmp_path):
    storage.save(tmp_path / "file", "network", {"network": RECORD}, ARRAYS)
    assert cr.load(tmp_path / "file").predict(np.ones((1, 3))).tolist() == [[4.0, 4.0]]


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_file_that_lies_is_refused_without_taking_memory(lie, tmp_path):
    path = tmp_path / "file"
    tensors, data = {}, b""
    for name, array in ARRAYS.items():
        offsets = [len(data), len(data) + array.nbytes]
        tensors[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": offsets}
        data += array.tobytes()
    path.write_bytes(file_of({"format": 1, "kind": "network", "network": lie}, tensors, data))
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError, match="file"):
            cr.load(path)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_a_block_too_deep_for_the_stack_is_refused(tmp_path):
    head = json.dumps({"sha256": "0" * 64, "format": 1, "kind": "network"})[:-1]
    for layers in (nested_text(depth) for depth in (100, 300, 900, 5_000, 20_000)):
        content = f'{head}, "network": {{"n_inputs": 3, "loss": "mse", "dtype": "float32", "layers": [{layers}]}}}}'
        (tmp_path / "file").write_bytes(file_of(content))
        with pytest.raises(ModelFileError, match="file"):
            cr.load(tmp_path / "file")


def nested_text(depth):
    return '{"layer": "Residual", "layers": [' * depth + '{"layer": "Nonsense"}' + "]}" * depth


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {**ARRAYS, "parameters[0]['b']": np.ones(3, np.float32)},
        {**ARRAYS, "parameters[0]['b']": np.ones(2, np.float64)},
        {**ARRAYS, "parameters[0]['b']": np.ones((1, 2), np.float32)},
        {**ARRAYS, "more": np.ones(2, np.float32)},
        {"parameters[0]['W']": ARRAYS["parameters[0]['W']"].T, "parameters[0]['b']": ARRAYS["parameters[0]['b']"]},
        {"parameters[0]['W']": ARRAYS["parameters[0]['W']"], "parameters[0]['c']": ARRAYS["parameters[0]['b']"]},
        {**ARRAYS, "parameters[0]['b']": np.array([1, np.nan], np.float32)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(arrays, tmp_path):
    storage.save(tmp_path / "file", "network", {"network": RECORD}, arrays)
    with pytest.raises(ModelFileError, match=r"file.*(do not fit the stored layers|nan or infinity)"):
        cr.load(tmp_path / "file")


def test_a_newer_format_and_another_kind_are_refused(tmp_path):
    (tmp_path / "newer").write_bytes(file_of({"format": 2, "kind": "network"}))
    with pytest.raises(ModelFileError, match="has format 2, this version reads 1; update chainrule"):
        cr.load(tmp_path / "newer")
    storage.save(tmp_path / "other", "checkpoint", {}, {})
    with pytest.raises(ModelFileError, match="holds a checkpoint, not a network"):
        cr.load(tmp_path / "other")


def test_reading_runs_no_code_and_opens_nothing_else(tmp_path):
    """Under an audit hook that forbids it: every lie, and a good file."""
    for number, lie in enumerate([RECORD, *LIES.values()]):
        storage_like = file_of({"format": 1, "kind": "network", "network": lie})
        (tmp_path / f"{number:03}").write_bytes(storage_like)
    storage.save(tmp_path / "good", "network", {"network": RECORD}, ARRAYS)
    script = """
        import pathlib, sys
        import numpy as np
        import chainrule as cr
        from chainrule.errors import ModelFileError
        folder = pathlib.Path(sys.argv[1])
        cr.load(folder / "good")  # everything that is needed is imported now
        paths, opened, forbidden = sorted(folder.iterdir()), [], []
        def watch(event, arguments):
            if event == "open":
                opened.append(str(arguments[0]))
            elif event.split(".")[0] in ("exec", "compile", "import", "os", "subprocess", "socket", "ctypes", "pickle",
                                         "marshal", "shutil"):
                forbidden.append((event, arguments))
        sys.addaudithook(watch)
        for path in paths:
            opened.clear()
            try:
                cr.load(path)
                assert path.name == "good"
            except ModelFileError:
                assert path.name != "good"
            assert opened == [str(path)], opened
        assert not forbidden, forbidden
        print("clean")
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.stdout == "clean\n", process.stderr
