"""Whole networks beside PyTorch, where it is installed: outputs, derivatives, running averages and training."""

import numpy as np
import pytest

from chainrule import nn, optim

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 5))

ACTIVATIONS = {
    "sigmoid": torch.nn.Sigmoid(),
    "tanh": torch.nn.Tanh(),
    "relu": torch.nn.ReLU(),
    "leaky_relu": torch.nn.LeakyReLU(),
    "elu": torch.nn.ELU(),
    "selu": torch.nn.SELU(),
    "gelu": torch.nn.GELU(),
    "silu": torch.nn.SiLU(),
    "mish": torch.nn.Mish(),
    "softplus": torch.nn.Softplus(),
    "softmax": torch.nn.Softmax(dim=-1),
}
LABELS = RNG.integers(3, size=12)
Y = RNG.normal(size=(12, 3))
P = RNG.uniform(size=(12, 3))
LOSSES = {
    "mse": (Y, torch.nn.MSELoss()),
    "mae": (Y, torch.nn.L1Loss()),
    "huber(0.7)": (Y, torch.nn.HuberLoss(delta=0.7)),
    "cross_entropy": (LABELS, torch.nn.CrossEntropyLoss()),
    "binary_cross_entropy": (P, torch.nn.BCEWithLogitsLoss()),
    "poisson": (RNG.poisson(2, size=(12, 3)).astype(float), torch.nn.PoissonNLLLoss()),
}


def pair(activation, loss="mse", norm=None):
    """The same network twice: ours, and PyTorch's with copies of our numbers."""
    layers = [nn.Dense(7, activation), *([norm] if norm else []), nn.Dense(3)]
    ours = nn.Network(5, layers, loss=loss, dtype="float64", seed=4)
    norms = {nn.BatchNorm: torch.nn.BatchNorm1d, nn.LayerNorm: torch.nn.LayerNorm}
    middle = [norms[type(norm)](7)] if norm else []
    theirs = torch.nn.Sequential(
        torch.nn.Linear(5, 7), ACTIVATIONS[activation], *middle, torch.nn.Linear(7, 3)
    ).double()
    with torch.no_grad():
        linear = [module for module in theirs if isinstance(module, torch.nn.Linear)]
        for module, W, b in zip(linear, ours.weights, ours.biases, strict=True):
            module.weight.copy_(torch.tensor(W))
            module.bias.copy_(torch.tensor(b))
    return ours, theirs, linear


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_loss_and_all_derivatives(activation, loss):
    ours, theirs, linear = pair(activation, loss)
    y, criterion = LOSSES[loss]
    x = torch.tensor(X, requires_grad=True)
    value = criterion(theirs(x), torch.tensor(y))
    value.backward()
    t = ours.backpropagate(X, y)
    np.testing.assert_allclose(t.loss, value.item(), rtol=1e-12)
    np.testing.assert_allclose(t.grad.x, x.grad.numpy(), rtol=1e-9, atol=1e-14)
    for layer, module in enumerate(linear, 1):
        np.testing.assert_allclose(t.grad.W[layer], module.weight.grad.numpy(), rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(t.grad.b[layer], module.bias.grad.numpy(), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("norm", [None, nn.BatchNorm(), nn.LayerNorm()], ids=["plain", "batch norm", "layer norm"])
def test_three_epochs_of_adam(norm):
    ours, theirs, linear = pair("gelu", "cross_entropy", norm)
    order = [RNG.permutation(12) for _ in range(3)]
    ours.fit(X, LABELS, optimizer=optim.Adam(0.01), epochs=3, batch_size=4, order=order, progress=False)
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.01)
    for batch in np.concatenate(order).reshape(9, 4):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(theirs(torch.tensor(X[batch])), torch.tensor(LABELS[batch])).backward()
        optimizer.step()
    for module, W, b in zip(linear, ours.weights, ours.biases, strict=True):
        np.testing.assert_allclose(W, module.weight.detach().numpy(), rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(b, module.bias.detach().numpy(), rtol=1e-7, atol=1e-8)
    if isinstance(norm, nn.BatchNorm):
        np.testing.assert_allclose(ours.state[1]["mean"], theirs[2].running_mean.numpy(), rtol=1e-9)
        np.testing.assert_allclose(ours.state[1]["variance"], theirs[2].running_var.numpy(), rtol=1e-9)
    theirs.eval()
    np.testing.assert_allclose(ours.outputs(X), theirs(torch.tensor(X)).detach().numpy(), rtol=1e-6, atol=1e-8)
