"""The same seed gives the same bits, in any process; another seed gives others."""

import hashlib
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from chainrule import nn, optim

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 5)), RNG.integers(3, size=60)
LAYERS = (nn.Dense(8, "gelu"), nn.Dropout(0.3), nn.BatchNorm(), nn.Residual([nn.Dense(8, "silu")]), nn.Dense(3))


def trained(network_seed=0, seed=0, **options):
    net = nn.Network(5, LAYERS, loss="cross_entropy", seed=network_seed)
    options = {"epochs": 3, "validation": 0.2, "optimizer": optim.AdamW(0.01), "progress": False} | options
    return net.fit(X, Y, seed=seed, **options)


def bits(net):
    return b"".join(array.tobytes() for _, array in net.named_arrays())


def test_the_same_seed_gives_the_same_bits():
    first, second = trained(), trained()
    assert bits(first) == bits(second)
    assert first.history["loss"] == second.history["loss"]
    assert first.history["valid_accuracy"] == second.history["valid_accuracy"]


@pytest.mark.parametrize("other", [{"network_seed": 1}, {"seed": 1}])
def test_another_seed_gives_other_bits(other):
    assert bits(trained()) != bits(trained(**other))


def test_numpys_global_generator_has_no_influence_and_is_left_alone():
    np.random.seed(1)
    first = bits(trained())
    state = np.random.get_state()[1]
    np.random.seed(2)
    assert bits(trained()) == first
    np.random.seed(1)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_the_progress_bar_and_callbacks_change_no_bit(capfd):
    assert bits(trained(progress=True, callbacks=[lambda training: None])) == bits(trained())


SCRIPT = """
    import hashlib, sys
    {before}
    import numpy as np
    from chainrule import nn, optim
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(60, 5)), rng.integers(3, size=60)
    layers = [nn.Dense(8, "gelu"), nn.Dropout(0.3), nn.BatchNorm(), nn.Residual([nn.Dense(8, "silu")]), nn.Dense(3)]
    net = nn.Network(5, layers, loss="cross_entropy", seed=0)
    net.fit(X, Y, seed=0, epochs=3, validation=0.2, optimizer=optim.AdamW(0.01), progress=False)
    print(hashlib.sha256(b"".join(array.tobytes() for _, array in net.named_arrays())).hexdigest())
"""


@pytest.mark.parametrize(
    ("hash_seed", "before"),
    [
        ("0", ""),
        ("1", "import chainrule.storage, chainrule.data"),
        ("12345", "import chainrule.optim.lbfgs, json, rich"),
    ],
)
def test_hash_seed_import_order_and_process_change_no_bit(hash_seed, before):
    process = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT).format(before=before)],
        env={"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert process.stdout.strip() == hashlib.sha256(bits(trained())).hexdigest()
