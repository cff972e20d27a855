"""Each optimiser against its formula, against published numbers, and in what all of them promise."""

import numpy as np
import pytest

from chainrule import optim
from chainrule.errors import ArgumentError

W0 = (0.5, -1.0, 2.0)
GRADIENTS = ((0.3, -0.002, 1.0), (-0.1, 0.05, 2.0), (0.2, 0.0, -4.0))

ALL = [
    optim.SGD(0.1),
    optim.SGD(0.1, momentum=0.9),
    optim.SGD(0.1, momentum=0.9, nesterov=True),
    optim.Adam(0.1),
    optim.AdamW(0.1),
    optim.RMSprop(0.1),
    optim.RMSprop(0.1, momentum=0.9),
    optim.Adagrad(0.1),
]
each_optimizer = pytest.mark.parametrize("optimizer", ALL, ids=repr)


def run(optimizer, parameters, gradients, total_steps=100):
    state = optimizer.initialise(parameters)
    for step, g in enumerate(gradients):
        parameters, state = optimizer.update(parameters, g, state, step, total_steps)
    return parameters, state


# W after three steps from W0 with GRADIENTS, printed by PyTorch 2.13.0 in float64: its optimisers of these
# names with lr=0.1 (AdamW: weight_decay=0.01; RMSprop: alpha=0.9, eps=1e-8) and otherwise their defaults.
PYTORCH = [
    (optim.SGD(0.1), (0.45999999999999996, -1.0048, 2.1)),
    (optim.SGD(0.1, momentum=0.9), (0.41769999999999996, -1.008958, 1.7489999999999999)),
    (optim.SGD(0.1, momentum=0.9, nesterov=True), (0.38593, -1.0128622, 1.8741)),
    (optim.Adam(0.1), (0.2996695015761391, -1.0270849254268513, 1.8228612444556138)),
    (optim.AdamW(0.1), (0.2984109229248811, -1.0242161459196244, 1.8171636606555865)),
    (optim.RMSprop(0.1), (0.10745500904176555, -0.9997773618211281, 1.6780453612411215)),
    (optim.RMSprop(0.1, momentum=0.9), (-0.3389487884321695, -0.7434365469224692, 0.8801530449829398)),
    (optim.Adagrad(0.1), (0.37817052825681796, -0.9999201006724983, 1.8978444370065004)),
]


@pytest.mark.parametrize(("optimizer", "expected"), PYTORCH, ids=lambda value: repr(value))
def test_three_steps_are_those_of_pytorch(optimizer, expected):
    parameters, _ = run(optimizer, {"W": np.array(W0)}, [{"W": np.array(g)} for g in GRADIENTS])
    np.testing.assert_allclose(parameters["W"], expected, rtol=1e-14)


def test_adams_first_step_is_the_published_one():
    parameters, _ = run(optim.Adam(1e-3), np.zeros(2), [np.array([0.3, -0.002])])
    np.testing.assert_array_equal(np.round(parameters, 9), [-0.001000000, 0.000999995])


def test_adam_follows_algorithm_1_of_the_paper():
    rng = np.random.default_rng(0)
    W = rng.normal(size=(3, 4))
    gradients = rng.normal(size=(10, 3, 4))
    expected, m, v = W, 0.0, 0.0
    for t, g in enumerate(gradients, start=1):
        m = 0.8 * m + 0.2 * g
        v = 0.95 * v + 0.05 * g**2
        m_hat, v_hat = m / (1 - 0.8**t), v / (1 - 0.95**t)
        expected = expected - 0.01 * m_hat / (np.sqrt(v_hat) + 1e-3)
    result, state = run(optim.Adam(0.01, beta1=0.8, beta2=0.95, epsilon=1e-3), W, gradients)
    np.testing.assert_allclose(result, expected, rtol=1e-13)
    np.testing.assert_allclose(state["mean"], m, rtol=1e-14)
    np.testing.assert_allclose(state["mean_square"], v, rtol=1e-14)


def test_sgd_is_the_update_of_the_lecture_to_the_last_bit():
    W, g = np.array([[0.1, -0.7]]), np.array([[0.3, 0.9]])
    result, state = run(optim.SGD(0.25), W, [g])
    np.testing.assert_array_equal(result, W - 0.25 * g)
    assert state == {}


def test_momentum_adds_up_a_steady_gradient():
    steady = [np.ones(1)] * 200
    result, state = run(optim.SGD(0.1, momentum=0.5), np.zeros(1), steady)
    np.testing.assert_allclose(state["velocity"], 2.0)  # 1 / (1 − μ)
    np.testing.assert_allclose(result, -0.1 * (2 * 200 - 2))


def test_adagrad_starts_from_its_initial_sum():
    _, state = run(optim.Adagrad(0.1, initial_sum=4.0), np.zeros(1), [np.array([3.0])])
    np.testing.assert_array_equal(state["square_sum"], [13.0])
    result, _ = run(optim.Adagrad(1.0, initial_sum=16.0, epsilon=1.0), np.zeros(1), [np.array([3.0])])
    np.testing.assert_array_equal(result, [-3 / (5 + 1)])


def test_adamw_decays_weights_and_nothing_else():
    parameters = {"hidden": [{"W": np.ones(2), "b": np.ones(2)}], "scale": np.ones(2)}
    zeros = {"hidden": [{"W": np.zeros(2), "b": np.zeros(2)}], "scale": np.zeros(2)}
    result, _ = run(optim.AdamW(0.5, weight_decay=0.1), parameters, [zeros])
    np.testing.assert_array_equal(result["hidden"][0]["W"], 0.95)
    np.testing.assert_array_equal(result["hidden"][0]["b"], 1.0)
    np.testing.assert_array_equal(result["scale"], 1.0)
    everything, _ = run(optim.AdamW(0.5, weight_decay=0.1, decayed=None), parameters, [zeros])
    np.testing.assert_array_equal(everything["scale"], 0.95)
    named, _ = run(optim.AdamW(0.5, weight_decay=0.1, decayed=("scale",)), parameters, [zeros])
    np.testing.assert_array_equal(named["scale"], 0.95)
    np.testing.assert_array_equal(named["hidden"][0]["W"], 1.0)


def test_adamw_that_would_decay_nothing_says_so():
    with pytest.raises(ArgumentError, match="decayed=None"):
        optim.AdamW().initialise((np.zeros(2), np.zeros(1)))
    optim.AdamW(weight_decay=0.0).initialise((np.zeros(2), np.zeros(1)))


def test_weight_decay_follows_the_schedule():
    half = optim.StepDecay(0.5, every=1, factor=0.5)
    result, _ = run(optim.AdamW(half, weight_decay=0.1), {"W": np.ones(1)}, [{"W": np.zeros(1)}] * 2)
    np.testing.assert_allclose(result["W"], (1 - 0.05) * (1 - 0.025))


@each_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scalar", [float, np.float64, np.asarray, np.int64])
def test_dtype_and_shape_are_kept(optimizer, dtype, scalar):
    parameters = {"W": np.ones((2, 3), dtype), "b": [np.array(1, dtype), np.zeros((0, 3), dtype)]}
    state = optimizer.initialise(parameters)
    for step in range(3):
        parameters, state = optimizer.update(parameters, parameters, state, scalar(step), scalar(10))
    for tree in (parameters, *state.values()):
        assert [leaf.dtype for leaf in (tree["W"], *tree["b"])] == [dtype] * 3
        assert [leaf.shape for leaf in (tree["W"], *tree["b"])] == [(2, 3), (), (0, 3)]


@each_optimizer
def test_numpy_hyperparameters_do_not_promote_float32(optimizer):
    rate = np.logspace(-3, -1, 3)[1]
    given = type(optimizer)(rate, clip_norm=np.float64(1.0), clip_value=np.float64(1.0))
    result, _ = run(given, {"W": np.ones(2, np.float32)}, [{"W": np.ones(2, np.float32)}])
    assert result["W"].dtype == np.float32


@each_optimizer
def test_float32_agrees_with_float64(optimizer):
    rng = np.random.default_rng(1)
    W, gradients = rng.normal(size=5), rng.normal(size=(20, 5))
    exact, _ = run(optimizer, {"W": W}, [{"W": g} for g in gradients])
    single, _ = run(optimizer, {"W": W.astype("f4")}, [{"W": g.astype("f4")} for g in gradients])
    np.testing.assert_allclose(single["W"], exact["W"], rtol=1e-5, atol=1e-5)


@each_optimizer
def test_the_same_run_gives_the_same_bits_and_writes_into_no_argument(optimizer):
    rng = np.random.default_rng(2)
    W, gradients = rng.normal(size=(7, 3)), rng.normal(size=(5, 7, 3))
    W.flags.writeable = gradients.flags.writeable = False
    one, two = (run(optimizer, {"W": W}, [{"W": g} for g in gradients])[0]["W"] for _ in range(2))
    assert one.tobytes() == two.tobytes()


@each_optimizer
def test_every_optimizer_finds_the_bottom_of_a_bowl(optimizer):
    curvature = np.array([1.0, 10.0])
    W, state = {"W": np.array([1.0, 1.0])}, optimizer.initialise({"W": np.zeros(2)})
    for step in range(600):
        W, state = optimizer.update(W, {"W": curvature * W["W"]}, state, step, 600)
    assert np.all(np.abs(W["W"]) < 0.1)


@each_optimizer
def test_a_nan_in_the_gradient_is_not_hidden(optimizer):
    result, _ = run(optimizer, {"W": np.ones(2)}, [{"W": np.array([np.nan, 1.0])}])
    assert np.isnan(result["W"][0])


def test_the_rate_comes_from_the_schedule():
    optimizer = optim.SGD(lambda step, total_steps: step / total_steps)
    result, _ = run(optimizer, np.zeros(1), [np.ones(1)] * 3, total_steps=4)
    np.testing.assert_allclose(result, -(0 + 1 / 4 + 2 / 4))


def test_gradients_are_clipped_by_value_before_they_are_clipped_by_norm():
    optimizer = optim.SGD(1.0, clip_value=3.0, clip_norm=1.0)
    result, _ = run(optimizer, np.zeros(2), [np.array([300.0, -4.0])])
    np.testing.assert_allclose(result, [-(0.5**0.5), 0.5**0.5])


def test_gradients_of_another_structure_are_refused_by_name():
    optimizer = optim.SGD(0.1)
    with pytest.raises(ArgumentError, match="b"):
        optimizer.update({"W": np.zeros(1), "b": np.zeros(1)}, {"W": np.zeros(1)}, {}, 0, 1)


@pytest.mark.parametrize("leaf", [np.zeros(2, int), np.zeros(2, complex), 1.0])
def test_parameters_that_are_not_floating_point_arrays_are_refused_by_name(leaf):
    with pytest.raises(ArgumentError, match=r"\['hidden'\]\[0\].*np\.asarray"):
        optim.Adam().initialise({"hidden": [leaf]})


def test_first_order_methods_do_not_need_the_full_batch():
    assert not any(optimizer.full_batch for optimizer in ALL)
    assert optim.LBFGS.full_batch
