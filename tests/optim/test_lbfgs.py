"""L-BFGS on problems whose answers are known."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import nn, ops, optim
from chainrule.errors import ArgumentError
from chainrule.optim.lbfgs import descent_direction


class Counted:
    """An objective that knows how often it was called."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, parameters):
        self.calls += 1
        return self.function(parameters)


def rosenbrock(x):
    """The valley of Rosenbrock (1960) in any even dimension, with its minimum 0 at (1, 1, …)."""
    x = x.astype(np.float64)
    a, b = x[0::2], x[1::2]
    gradient = np.empty_like(x)
    gradient[0::2] = -400 * a * (b - a**2) - 2 * (1 - a)
    gradient[1::2] = 200 * (b - a**2)
    return float(np.sum(100 * (b - a**2) ** 2 + (1 - a) ** 2)), gradient


def quadratic(A, b):
    return lambda x: (float(0.5 * x @ A @ x - b @ x), A @ x - b)


def minimise(optimizer, objective, parameters, steps=200):
    state, losses = optimizer.initialise(parameters), []
    while not state["finished"] and len(losses) < steps:
        parameters, state, loss = optimizer.step(objective, parameters, state)
        losses.append(loss)
    return parameters, state, losses


@pytest.mark.parametrize("start", [(-1.2, 1.0), (-1.2, 1.0) * 50], ids=["2", "100"])
def test_rosenbrocks_valley(start):
    objective = Counted(rosenbrock)
    x, state, losses = minimise(optim.LBFGS(), objective, np.array(start))
    np.testing.assert_allclose(x, 1.0, atol=1e-8)
    assert state["finished"]
    assert np.max(np.abs(rosenbrock(x)[1])) <= 1e-7
    assert len(losses) <= 60
    assert objective.calls <= 75  # little more than one evaluation for each step
    assert np.all(np.diff(losses) <= 0)


def test_it_needs_no_more_evaluations_than_scipy():
    minimize = pytest.importorskip("scipy.optimize").minimize
    start = np.array([-1.2, 1.0] * 10)
    theirs = minimize(rosenbrock, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-7, "ftol": 0})
    objective = Counted(rosenbrock)
    minimise(optim.LBFGS(), objective, start)
    assert objective.calls <= 1.2 * theirs.nfev


def test_a_quadratic_is_solved():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(30, 30))
    A, b = root @ root.T + np.eye(30), rng.normal(size=30)
    x, state, _ = minimise(optim.LBFGS(history=30), quadratic(A, b), np.zeros(30))
    assert state["finished"]
    np.testing.assert_allclose(x, np.linalg.solve(A, b), atol=1e-7)


def test_the_direction_is_that_of_the_bfgs_matrix():
    # H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ from γ I: Nocedal and Wright, equations 7.16 and 7.20
    rng = np.random.default_rng(1)
    steps = rng.normal(size=(4, 6))
    changes = steps @ np.diag(np.arange(1.0, 7.0))
    gradient = rng.normal(size=6)
    for count in range(5):
        H = np.eye(6)
        if count:
            H *= (steps[-1] @ changes[-1]) / (changes[-1] @ changes[-1])
        for s, y in zip(steps[4 - count :], changes[4 - count :], strict=True):
            rho = 1 / (s @ y)
            H = (np.eye(6) - rho * np.outer(s, y)) @ H @ (np.eye(6) - rho * np.outer(y, s)) + rho * np.outer(s, s)
        valid = np.arange(4) >= 4 - count
        direction = descent_direction(gradient, steps, changes, valid)
        np.testing.assert_allclose(direction, -H @ gradient, rtol=1e-12)


def test_trees_keep_their_structure_shapes_and_dtypes():
    parameters = {"W": np.ones((2, 2), np.float32), "b": [np.ones(3), np.array(1.0, np.float32)]}

    def bowl(tree):
        leaves = (tree["W"], *tree["b"])
        return sum(float(np.sum(leaf.astype(float) ** 2)) / 2 for leaf in leaves), tree

    result, state, losses = minimise(optim.LBFGS(), bowl, parameters)
    assert losses[-1] < 1e-12
    assert state["point"].dtype == np.float64
    assert (result["W"].dtype, result["W"].shape) == (np.float32, (2, 2))
    assert (result["b"][0].dtype, result["b"][0].shape) == (np.float64, (3,))
    assert (result["b"][1].dtype, result["b"][1].shape) == (np.float32, ())


def test_float32_parameters_reach_the_minimum():
    x, state, _ = minimise(optim.LBFGS(), rosenbrock, np.array([-1.2, 1.0], np.float32))
    assert state["finished"]
    np.testing.assert_allclose(x, 1.0, atol=1e-3)


def test_logistic_regression_reaches_a_stationary_point():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(200, 5)), rng.integers(0, 2, 200)

    def loss(w):
        z = X @ w
        value = np.mean(np.logaddexp(0, z) - y * z) + 0.005 * w @ w
        return float(value), X.T @ (1 / (1 + np.exp(-z)) - y) / 200 + 0.01 * w

    w, state, losses = minimise(optim.LBFGS(), loss, np.zeros(5))
    assert state["finished"]
    assert len(losses) < 20
    assert np.max(np.abs(loss(w)[1])) <= 1e-7


def test_a_known_point_is_not_evaluated_again_but_a_moved_one_is():
    objective = Counted(rosenbrock)
    optimizer, x = optim.LBFGS(), np.array([-1.2, 1.0])
    x, state, loss = optimizer.step(objective, x, optimizer.initialise(x))
    assert loss == rosenbrock(x)[0]
    before = objective.calls
    optimizer.step(objective, x, state)
    evaluations_from_known = objective.calls - before
    _, _, moved = optimizer.step(objective, x + 0.5, state)
    assert objective.calls - before > 2 * evaluations_from_known - 1
    assert moved <= rosenbrock(x + 0.5)[0]


def test_a_stationary_start_is_finished_at_once():
    x, state, losses = minimise(optim.LBFGS(), rosenbrock, np.ones(2))
    np.testing.assert_array_equal(x, 1.0)
    assert losses == [0.0]
    assert state["finished"]


def test_a_wrong_gradient_finishes_without_raising_the_loss():
    x, state, losses = minimise(optim.LBFGS(), lambda x: (float(x @ x), -2 * x), np.array([1.0, 2.0]))
    np.testing.assert_array_equal(x, [1.0, 2.0])
    assert losses == [5.0]
    assert state["finished"]


def test_a_loss_that_is_not_a_number_is_returned_and_finishes():
    x, state, losses = minimise(optim.LBFGS(), lambda x: (np.nan, np.full(2, np.nan)), np.ones(2))
    np.testing.assert_array_equal(x, 1.0)
    assert np.isnan(losses).all()
    assert state["finished"]


def test_a_step_off_the_edge_of_the_domain_is_taken_back():
    # The first step tried is 1, where the logarithm has no value.
    def barrier(x):
        room = 0.5 - x[0]
        if room <= 0:
            return np.nan, np.array([np.nan])
        return float(-np.log(room) - 10 * x[0]), np.array([1 / room - 10])

    x, state, _ = minimise(optim.LBFGS(), barrier, np.array([0.0]))
    assert state["finished"]
    np.testing.assert_allclose(x, 0.4, atol=1e-7)


def test_a_misleading_memory_is_given_up_for_the_steepest_descent():
    optimizer, x = optim.LBFGS(history=1), np.array([1.0, 1.0])
    state = optimizer.initialise(x)
    # a remembered negative curvature turns the direction uphill
    state |= {"steps": np.array([[1.0, 0.0]]), "changes": np.array([[-1.0, 0.0]]), "valid": np.array([True])}
    x, state, loss = optimizer.step(lambda x: (float(x @ x), 2 * x), x, state)
    assert loss < 2.0
    assert not state["finished"]


def test_a_resumed_run_takes_the_same_steps():
    optimizer, x = optim.LBFGS(), np.array([-1.2, 1.0])
    state = optimizer.initialise(x)
    for _ in range(5):
        x, state, _ = optimizer.step(rosenbrock, x, state)
    copy = {name: array.copy() for name, array in state.items()}
    assert all(isinstance(array, np.ndarray) for array in state.values())
    one = optimizer.step(rosenbrock, x, state)
    two = optimizer.step(rosenbrock, x.copy(), copy)
    assert one[0].tobytes() == two[0].tobytes()
    assert all(one[1][name].tobytes() == two[1][name].tobytes() for name in state)


def test_the_memory_forgets_the_oldest_step_first():
    optimizer, x = optim.LBFGS(history=2), np.array([-1.2, 1.0])
    state, points = optimizer.initialise(x), [x]
    for _ in range(4):
        x, state, _ = optimizer.step(rosenbrock, x, state)
        points.append(x)
    np.testing.assert_array_equal(state["steps"], np.diff(points, axis=0)[-2:])
    assert state["valid"].all()


@pytest.mark.parametrize("leaf", [np.zeros(2, int), 1.0])
def test_parameters_that_are_not_floating_point_arrays_are_refused_by_name(leaf):
    with pytest.raises(ArgumentError, match=r"\['b'\]"):
        optim.LBFGS().initialise({"b": leaf})


def test_gradients_in_another_order_are_refused():
    parameters = {"a": np.ones(1), "b": np.ones(1)}
    optimizer = optim.LBFGS()
    with pytest.raises(ArgumentError, match=r"\['a'\]"):
        optimizer.step(lambda p: (0.0, {"b": p["b"], "a": p["a"]}), parameters, optimizer.initialise(parameters))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_without_a_tolerance_it_still_finishes(dtype):
    def offset(x):
        loss, gradient = rosenbrock(x)
        return loss + 1e3, gradient.astype(dtype)

    x, state, losses = minimise(optim.LBFGS(tolerance=0.0), offset, np.array([-1.2, 1.0], dtype))
    assert state["finished"]
    assert len(losses) < 100
    np.testing.assert_allclose(x, 1.0, atol=1e-2)


def test_a_step_over_a_hilltop_is_taken_but_not_remembered():
    optimizer, x = optim.LBFGS(max_line_search=1), np.array([1.0])
    x, state, loss = optimizer.step(lambda x: (float(-(x @ x)), -2 * x), x, optimizer.initialise(x))
    assert loss < -1.0
    assert not state["valid"].any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e7, 1e15])
def test_targets_of_any_size_are_fitted(scale, dtype):
    """The answer of least squares, from NumPy; a first step of length 1 would not change a loss of 1e31."""
    random = np.random.default_rng(0)
    X, y = random.normal(size=(300, 5)), random.normal(size=300)
    y = scale * (X @ np.arange(1, 6) + 0.1 * y)
    expected = np.linalg.lstsq(X, y, rcond=None)[0]
    net = nn.Network(5, [nn.Dense(1, use_bias=False)], "mse", dtype=dtype)
    net.fit(X, y, optimizer=optim.LBFGS(), epochs=200, progress=False)
    np.testing.assert_allclose(net.weights[0][0], expected, rtol=1e-3)
    assert net.history.stopped == "converged"
    assert net.history.reason


def test_a_search_that_finds_no_lower_loss_says_that_it_stalled():
    optimizer = optim.LBFGS()
    x, state, _ = minimise(optimizer, lambda x: (float(x @ x), -2 * x), np.array([1.0, 2.0]))
    outcome, reason = optimizer.ending(x, state)
    assert outcome == "stalled"
    assert "found no loss below 5 in 25 tries" in reason
    assert "or a wrong gradient" in reason


def test_a_stationary_point_is_told_from_a_loss_that_is_as_low_as_rounding_lets_one_tell():
    optimizer = optim.LBFGS()
    x, state, _ = minimise(optimizer, rosenbrock, np.ones(2))
    assert optimizer.ending(x, state) == ("converged", "no element of the gradient is above the tolerance 1e-07")
    optimizer = optim.LBFGS(tolerance=0.0)
    x, state, _ = minimise(optimizer, lambda x: (float((x[0] ** 2 - 2) ** 2) + 1e3, 4 * x * (x**2 - 2)), np.ones(1))
    np.testing.assert_allclose(x, np.sqrt(2), rtol=1e-7)
    assert optimizer.ending(x, state).outcome == "converged"
    assert "as low as its rounding" in optimizer.ending(x, state).reason
    assert optimizer.ending(x, optimizer.initialise(x)) is None


def test_a_training_that_stalled_is_not_called_converged(tmp_path):
    """Most of the loss is hidden from its gradient, which leads uphill."""

    def loss(p, x):
        return 1e9 * ops.stop_gradient(p - x) ** 2 - 3 * p

    history = []
    for _ in range(2):  # the second time from the checkpoint
        fitted = cr.fit(loss, np.array(5.0), np.zeros(8), optimizer=optim.LBFGS(), epochs=9, checkpoint=tmp_path / "ck")
        history.append((fitted.history.stopped, fitted.history.reason))
    assert history[0] == history[1]
    assert history[0][0] == "stalled"
