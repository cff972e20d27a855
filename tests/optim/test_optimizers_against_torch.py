"""Twenty steps of every optimiser, with every option, beside PyTorch; where PyTorch is installed."""

import numpy as np
import pytest

from chainrule import optim

torch = pytest.importorskip("torch")

PAIRS = [
    (optim.SGD(0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    (optim.SGD(0.1, momentum=0.8), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8)),
    (
        optim.SGD(0.1, momentum=0.8, nesterov=True),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True),
    ),
    (optim.Adam(), lambda p: torch.optim.Adam(p)),
    (
        optim.Adam(0.1, beta1=0.8, beta2=0.95, epsilon=1e-3),
        lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.8, 0.95), eps=1e-3),
    ),
    (optim.AdamW(decayed=None), lambda p: torch.optim.AdamW(p)),
    (
        optim.AdamW(0.1, weight_decay=0.3, decayed=None),
        lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.3),
    ),
    (optim.RMSprop(decay=0.99), lambda p: torch.optim.RMSprop(p, lr=1e-3)),
    (
        optim.RMSprop(0.01, decay=0.9, epsilon=1e-3, momentum=0.7),
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-3, momentum=0.7),
    ),
    (optim.Adagrad(), lambda p: torch.optim.Adagrad(p)),
    (
        optim.Adagrad(0.1, initial_sum=2.0, epsilon=1e-3),
        lambda p: torch.optim.Adagrad(p, lr=0.1, initial_accumulator_value=2.0, eps=1e-3),
    ),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=[repr(optimizer) for optimizer, _ in PAIRS])
def test_twenty_steps(ours, theirs, dtype):
    rng = np.random.default_rng(0)
    start = [rng.normal(size=shape).astype(dtype) for shape in ((4, 3), (3,), ())]
    parameters, state = start, ours.initialise(start)
    tensors = [torch.tensor(leaf, requires_grad=True) for leaf in start]
    optimizer = theirs(tensors)
    for step in range(20):
        gradients = [rng.normal(size=leaf.shape).astype(dtype) for leaf in start]
        parameters, state = ours.update(parameters, gradients, state, step, 20)
        for tensor, g in zip(tensors, gradients, strict=True):
            tensor.grad = torch.tensor(g)
        optimizer.step()
        for W, tensor in zip(parameters, tensors, strict=True):
            tolerance = 1e-5 if dtype == np.float32 else 1e-13
            np.testing.assert_allclose(W, tensor.detach().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("limit", [0.5, 100.0])
def test_clipping(limit):
    g = np.random.default_rng(0).normal(size=(4, 3))
    by_value, by_norm = (torch.zeros(4, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    by_value.grad, by_norm.grad = torch.tensor(g), torch.tensor(g)
    torch.nn.utils.clip_grad_value_([by_value], limit)
    norm = torch.nn.utils.clip_grad_norm_([by_norm], limit)
    np.testing.assert_array_equal(optim.clip_by_value(g, limit), by_value.grad)
    np.testing.assert_allclose(optim.clip_by_global_norm(g, limit), by_norm.grad, rtol=3e-6)  # theirs has + 1e-6
    np.testing.assert_allclose(optim.global_norm(g), norm.item(), rtol=1e-14)


@pytest.mark.parametrize("total_steps", [7, 10, 100])
@pytest.mark.parametrize(
    ("schedule", "theirs"),
    [
        (
            optim.OneCycle(0.1, warm_up=0.4, initial_divisor=10.0, final_divisor=100.0),
            lambda o, total: torch.optim.lr_scheduler.OneCycleLR(
                o, max_lr=0.1, total_steps=total, pct_start=0.4, div_factor=10.0, final_div_factor=100.0
            ),
        ),
        (
            optim.Cosine(0.1, final=0.02),
            lambda o, total: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=total, eta_min=0.02),
        ),
        (
            optim.StepDecay(0.1, every=3, factor=0.5),
            lambda o, total: torch.optim.lr_scheduler.StepLR(o, step_size=3, gamma=0.5),
        ),
        (
            optim.Exponential(0.1, decay=0.9),
            lambda o, total: torch.optim.lr_scheduler.ExponentialLR(o, gamma=0.9),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_schedules(schedule, theirs, total_steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = theirs(optimizer, total_steps)
    for step in range(total_steps):
        ours = schedule(np.float64(step), np.float64(total_steps))
        np.testing.assert_allclose(ours, optimizer.param_groups[0]["lr"], rtol=1e-9)
        optimizer.step()
        if step < total_steps - 1:
            scheduler.step()
