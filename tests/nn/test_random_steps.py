"""Random small networks: every check of an explanation holds, whatever activation, loss, optimiser, batch and dtype."""

import numpy as np
import pytest

from boards import label
from chainrule import nn, optim, tree
from chainrule.errors import ArgumentError
from chainrule.nn.activations import ACTIVATIONS
from chainrule.nn.losses import LOSSES

ON_PUSH, NIGHTLY = 20, 300
OPTIMIZERS = [
    lambda: optim.SGD(0.1),
    lambda: optim.SGD(0.1, momentum=0.9),
    lambda: optim.Adam(0.01),
    lambda: optim.AdamW(0.01),
    lambda: optim.RMSprop(0.01),
    lambda: optim.Adagrad(0.1),
    lambda: optim.LBFGS(),
]
SEEDS = [pytest.param(seed, marks=[pytest.mark.nightly] if seed >= ON_PUSH else []) for seed in range(NIGHTLY)]


def drawn(seed):
    """A network, examples, targets and an optimiser; the seed goes through every choice in turn."""
    random = np.random.default_rng(seed)
    widths = random.integers(1, 6, size=1 + seed % 3)
    loss = [*LOSSES, "huber(0.7)", "quantile(0.3)"][seed % (len(LOSSES) + 2)]
    activations = [str(random.choice(list(ACTIVATIONS))) for _ in widths]
    activations[0] = list(ACTIVATIONS)[seed % len(ACTIVATIONS)]
    widths[-1] = max(widths[-1], 2 if loss == "cross_entropy" else 1)
    layers = [nn.Dense(int(n), g, biases="normal") for n, g in zip(widths, activations, strict=True)]
    dtype = ("float64", "float32")[seed // 2 % 2]
    n_inputs, count, outputs = int(random.integers(1, 6)), int(random.integers(1, 5)), int(widths[-1])
    net = nn.Network(n_inputs, layers, loss, seed=seed, dtype=dtype)
    X = random.normal(size=(count, n_inputs))
    if loss == "cross_entropy":
        y = random.integers(0, outputs, count)
    else:
        y = random.choice([-1.0, 1.0] if loss == "hinge" else [0.0, 1.0], (count, outputs))
    return net, X, y, OPTIMIZERS[seed % len(OPTIMIZERS)]()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_check_holds(seed):
    net, X, y, optimizer = drawn(seed)
    exact = net.architecture.dtype == np.float64
    close = {"rtol": 1e-9, "atol": 1e-12} if exact else {"rtol": 2e-3, "atol": 2e-5}
    step = net.explain_step(X, y, optimizer)

    assert step.replay < (1e-12 if exact else 1e-4)
    for check in step.checks:
        assert check.agrees, check

    whole = net.backpropagate(X, y)
    assert step.loss == whole.loss
    for found, expected in zip(tree.leaves(step.grad.parameters), tree.leaves(whole.grad.parameters), strict=True):
        np.testing.assert_array_equal(found, expected)

    random = np.random.default_rng(seed)
    for letter, arrays in (("W", step.grad.W), ("b", step.grad.b)):
        for layer, gradient in arrays.items():
            place = tuple(int(random.integers(n)) for n in gradient.shape)
            why = step.why(f"{letter}{layer}[{','.join(str(i + 1) for i in place)}]")
            assert why.value == float(gradient[place])
            np.testing.assert_allclose(why.total, why.value, **close)
            np.testing.assert_allclose(sum(p.value for p in why.paths) + why.rest, why.value, **close)
            widths = [step.a[above].shape[-1] for above in range(layer, len(step.a))]
            assert why.path_count >= len(X) * np.prod(widths[1:], dtype=int)

    if any(layer.activation == "softmax" and layer.n_outputs == 1 < len(X) for layer in net.architecture.layers):
        with pytest.raises(ArgumentError, match=r"softmax of f64\[\d,1\] has no form in matrices"):  # it is always 1
            step.derivation()
    else:
        lines = {label(line): line.value for line in step.derivation().lines}
        for layer, gradient in step.grad.W.items():
            found = next(value for rule, value in lines.items() if rule.endswith(f"∂W{'⁰¹²³⁴'[layer]}"))
            np.testing.assert_allclose(np.reshape(found, gradient.shape), gradient, **close)

    net.fit(X, y, optimizer=optimizer, epochs=1, batch_size=None, shuffle=False, progress=False)
    for found, expected in zip(tree.leaves(step.parameters_after), tree.leaves(net.parameters), strict=True):
        np.testing.assert_allclose(found, expected, **close)
    np.testing.assert_allclose(step.loss_after, net.backpropagate(X, y).loss, **close)

    text = step.text(width=80, rule=True)
    assert max(map(len, text.splitlines())) <= 80
    assert step.text(ascii=True).isascii()
