"""Random programs and random trainings: the engine computes what the reference computes, whatever it runs on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule import nn, optim, reference
from chainrule.codegen.target import LEVELS, host, runs_here, target
from engine_runs import assert_agree, compiled, run, same_bits, traced
from random_programs import programs

TARGETS = [host(), *(target(level) for level in LEVELS if runs_here(level))]
TOLERANCES = {"float64": 1e-9, "float32": 1e-2}  # of weights and losses
ULPS = {"float32": 64, "float64": 1e-12 / np.finfo(np.float64).eps}
RATE = 0.01
MOST_LINES = 20_000  # of a program: five times the longest that was seen
NIGHTLY = settings.get_current_profile_name() == "nightly"


def value_and_gradients(program):
    """A program and the gradients of its sum."""

    def compute(*arguments):
        value, pullback = cr.vjp(program, *arguments)
        return (value, *pullback(np.ones(value.shape, value.dtype)))

    return compute


@settings(max_examples=10_000 if NIGHTLY else 500)
@given(
    programs(),
    st.booleans(),
    st.sampled_from(["float32", "float64"]),
    st.sampled_from(TARGETS),
    st.sampled_from([2, 3, 4]),
)
def test_random_programs_give_what_the_reference_gives_on_any_number_of_threads(
    program, with_gradients, dtype, machine, threads
):
    arguments = [x.astype(dtype) for x in program.arguments()]
    graph = traced(value_and_gradients(program) if with_gradients else program, *arguments)
    executable = compiled(graph, threads, target=machine)
    assert executable.ir.count("\n") < MOST_LINES
    result = run(executable, arguments)
    for actual, wanted in zip(result, reference.as_function(graph)(arguments), strict=True):
        assert_agree(actual, wanted, ULPS[wanted.dtype.name])
    for count in executable.candidates[1:]:
        assert same_bits(run(executable, arguments, count), result)


# Networks

TASKS = {
    "half_squared": lambda rng, n: (3, rng.normal(size=(n, 3))),
    "mse": lambda rng, n: (2, rng.normal(size=(n, 2))),
    "mae": lambda rng, n: (1, rng.normal(size=n)),
    "huber(0.5)": lambda rng, n: (1, rng.normal(size=n)),
    "quantile(0.3)": lambda rng, n: (1, rng.normal(size=n)),
    "poisson": lambda rng, n: (1, rng.poisson(2.0, n)),
    "hinge": lambda rng, n: (1, rng.integers(0, 2, n)),
    "binary_cross_entropy": lambda rng, n: (1, rng.integers(0, 2, n)),
    "cross_entropy": lambda rng, n: (4, rng.integers(0, 4, n)),
}


@st.composite
def layers(draw, outputs):
    width = st.integers(1, 24)
    activation = st.sampled_from(sorted(nn.ACTIVATIONS))
    chosen = []
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["dense", "dense", "dropout", "batch norm", "layer norm", "residual"]))
        units = draw(width)
        if kind == "dense":
            chosen.append(nn.Dense(units, draw(activation)))
        elif kind == "dropout":
            chosen.append(nn.Dropout(draw(st.sampled_from([0.1, 0.5]))))
        elif kind == "batch norm":
            chosen.append(nn.BatchNorm())
        elif kind == "layer norm":
            chosen += [nn.Dense(max(units, 2), draw(activation)), nn.LayerNorm()]  # one feature is refused
        else:
            chosen += [nn.Dense(units, draw(activation)), nn.Residual([nn.Dense(units, draw(activation))])]
    return [*chosen, nn.Dense(outputs)]


@st.composite
def optimizers(draw):
    rate = draw(st.sampled_from([RATE, optim.Cosine(2 * RATE), optim.WarmUp(3, RATE)]))
    clip = draw(st.sampled_from([{}, {"clip_norm": 0.5}, {"clip_value": 0.1}]))
    kind = draw(st.sampled_from([optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad]))
    if kind is optim.SGD:
        return kind(rate, momentum=draw(st.sampled_from([0.0, 0.9])), **clip)
    # Before a normalisation gradients are 0 but for rounding: a tiny ε would blow that up to whole steps.
    return kind(rate, epsilon=1e-3, **clip)


@st.composite
def trainings(draw):
    """A function of a dtype that makes a network, and the arguments of its `fit`."""
    seed = draw(st.integers(0, 2**31))
    rng = np.random.default_rng(seed)
    loss = draw(st.sampled_from(sorted(TASKS)))
    batch_size = draw(st.sampled_from([1, 3, 8, 17, 32]))
    rows, columns = 5 * batch_size - draw(st.integers(0, min(batch_size - 1, 3))), draw(st.integers(1, 20))
    outputs, y = TASKS[loss](rng, rows)
    architecture = draw(layers(outputs))
    assume(batch_size > 1 or not any(isinstance(layer, nn.BatchNorm) for layer in architecture))  # refused
    options = {
        "optimizer": draw(optimizers()),
        "epochs": 1,
        "batch_size": batch_size,
        "accumulate": draw(st.sampled_from([1, 1, 3])),
        "l1": draw(st.sampled_from([0.0, 0.01])),
        "l2": draw(st.sampled_from([0.0, 0.1])),
        "sample_weight": rng.uniform(0.5, 2, rows) if draw(st.booleans()) else None,
        "seed": seed,
        "progress": False,
    }
    X = rng.normal(size=(rows, columns))

    def network(dtype):
        return nn.Network(columns, architecture, loss=loss, seed=seed, dtype=dtype)

    return network, (X, y), options


def trained(network, data, options, executor, threads=1):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_EXECUTOR", executor)
        patch.setenv("CHAINRULE_THREADS", str(threads))
        network.fit(*data, **options)
    return [array for _, array in network.named_arrays()], np.array(network.history["loss"])


@settings(max_examples=300 if NIGHTLY else 30)
@given(trainings(), st.sampled_from(["float64", "float32"]), st.sampled_from([1, 2]))
def test_random_trainings_give_what_the_reference_gives(training, dtype, threads):
    make, data, options = training
    assert_trained_alike(make(dtype), make(dtype), data, options, TOLERANCES[dtype], threads)


@pytest.mark.parametrize("optimizer", [optim.SGD(0.1, momentum=0.9), optim.Adam(0.01, clip_norm=1.0)], ids=str)
def test_a_hundred_steps_in_float64_stay_together(optimizer):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(80, 7)), rng.integers(0, 3, 80)
    hidden = (nn.Dense(17, "tanh"), nn.LayerNorm(), nn.Dropout(0.2), nn.Dense(9, "gelu"), nn.Dense(3))
    options = {"optimizer": optimizer, "epochs": 10, "batch_size": 8, "progress": False}
    networks = [nn.Network(7, hidden, loss="cross_entropy", dtype="float64") for _ in range(2)]
    assert_trained_alike(*networks, data, options, 1e-12, threads=2)


def assert_trained_alike(engine, reference_, data, options, tolerance, threads):
    expected, expected_losses = trained(reference_, data, options, "reference")
    result, losses = trained(engine, data, options, "engine", threads)
    np.testing.assert_allclose(losses, expected_losses, rtol=tolerance)
    for actual, wanted in zip(result, expected, strict=True):
        largest = np.max(np.abs(wanted), initial=RATE)  # what has a gradient of 0 but for rounding stays near 0
        np.testing.assert_allclose(actual, wanted, rtol=0, atol=tolerance * largest)
