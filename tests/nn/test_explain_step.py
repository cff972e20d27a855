"""A step with numbers: published examples to the last digit, differences as oracles, and what may not change."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from chainrule import nn, optim, tree
from chainrule.errors import ArgumentError, GradientError
from chainrule.nn.step_report import closed_forms, local_rules
from chainrule.nn.step_report.formula import formula

RNG = np.random.default_rng(7)

BOARD = """
FORWARD   z¹₁ = 0.2·1 + (−0.4)·0.5 + 0.1 = 0.100000     a¹₁ = tanh(z¹₁) = 0.099668
          z¹₂ = 0.450000  a¹₂ = 0.421899    z² = −0.026736   a² = σ(z²) = 0.493316    ℒ = 0.128364
BACKWARD  δ² = (a²−y)·a²(1−a²) = (−0.506684)(0.249955) = −0.126648
          ∂ℒ/∂W² = δ²·a¹ᵀ = [−0.012623, −0.053433]   ∂ℒ/∂b² = −0.126648
          δ¹ = (W²ᵀδ²) ⊙ (1−a¹²) = (−0.062695, 0.031232)        W² before the update
          ∂ℒ/∂W¹ = δ¹·xᵀ = [[−0.062695, −0.031348], [0.031232, 0.015616]]
UPDATE    W² → [0.506311, −0.273284]  b² → 0.113324   W¹ → [[0.231348, −0.384326], [0.584384, 0.092192]]
          b¹ → (0.131348, −0.215616)
          ℒ: 0.128364 → 0.113826 (first-order prediction −η‖g‖² = −0.015046)
"""
WHY = (
    "why W¹[1,2]?  (−0.506684)(0.249955)(0.5)(0.990066)(0.5) = −0.031348    one factor per edge of the path, each named"
)


def words(text):
    return " ".join(text.split())


def small(dtype="float64"):
    net = nn.Network(2, [nn.Dense(2, "tanh"), nn.Dense(1, "sigmoid")], dtype=dtype)
    net.set_parameters([[[0.2, -0.4], [0.6, 0.1]], [[0.5, -0.3]]], [[0.1, -0.2], [0.05]])
    return net


@pytest.fixture(scope="module")
def step():
    return small().explain_step([1, 0.5], 1, 0.5)


@pytest.fixture(scope="module")
def mixed():
    layers = [
        nn.Embedding(5, 2, 0),
        nn.Dense(6, "relu"),
        nn.BatchNorm(),
        nn.Dropout(0.3),
        nn.Residual([nn.Dense(6, "gelu"), nn.LayerNorm()]),
        nn.LayerNorm(),
        nn.Dense(3, "softmax"),
        nn.Dense(2),
    ]
    return nn.Network(3, layers, "cross_entropy", seed=1, dtype="float64")


def examples(n=4):
    X = RNG.normal(size=(n, 3))
    X[:, 0] = RNG.integers(0, 5, n)
    return X, RNG.integers(0, 2, n)


# The board


def test_the_published_example_to_the_last_digit(step):
    text = str(step)
    assert words(BOARD) in words(text)
    assert max(map(len, text.splitlines())) <= 80
    assert words(str(step.why("W1[1,2]"))).startswith(words(WHY))
    assert "float64" in text.split("CHECK")[1]


def test_float32_shows_the_same_digits_and_says_its_dtype():
    text = str(small("float32").explain_step([1, 0.5], 1, 0.5))
    assert words(BOARD) in words(text)
    assert "all numbers are float32" in text


def test_two_outputs_with_frozen_biases():
    net = nn.Network(2, [nn.Dense(2, "sigmoid"), nn.Dense(2, "sigmoid")], dtype="float64")
    net.set_parameters([[[0.15, 0.2], [0.25, 0.3]], [[0.4, 0.45], [0.5, 0.55]]], [[0.35] * 2, [0.6] * 2])

    def frozen(gradient):
        return [{"W": layer["W"], "b": 0 * layer["b"]} for layer in gradient]

    step = net.explain_step([0.05, 0.1], [0.01, 0.99], 0.5, transform_gradients=frozen)
    close = {"rtol": 0, "atol": 6e-10}
    np.testing.assert_allclose(step.loss, 0.298371109, **close)
    np.testing.assert_allclose(step.delta[2], [0.138498562, -0.038098236], **close)
    np.testing.assert_allclose(step.delta[1], [0.008771355, 0.009954255], **close)
    after = step.parameters_after
    np.testing.assert_allclose(after[1]["W"].ravel(), [0.358916480, 0.408666186, 0.511301270, 0.561370121], **close)
    np.testing.assert_allclose(after[0]["W"].ravel(), [0.149780716, 0.199561432, 0.249751144, 0.299502287], **close)
    np.testing.assert_array_equal(after[0]["b"], 0.35)
    np.testing.assert_allclose(step.loss_after, 0.291027774, **close)
    np.testing.assert_allclose(step.predicted_change, -0.5 * sum((g**2).sum() for g in step.grad.W.values()))
    text = words(str(step))
    assert "b² unchanged" in text
    assert "δ² = (a²−y) ⊙ a²(1−a²) = (0.138499, −0.038098)" in text
    assert "⟨g, Δ⟩" in text
    assert "‖g‖" not in text


def linear(gradient):
    """A network whose loss has this gradient with respect to its weights, whatever they are."""
    weights = RNG.normal(size=(1, len(gradient)))
    layer = nn.Dense(1, use_bias=False, weights=weights)
    return nn.Network(len(gradient), [layer], lambda outputs, y: outputs[:, 0], dtype="float64")


def test_adams_first_step():
    net = linear([0.3, -0.002])
    step = net.explain_step([0.3, -0.002], [0.0], optim.Adam(1e-3))
    moved = step.parameters_after[0]["W"] - net.parameters[0]["W"]
    np.testing.assert_allclose(moved, [[-0.001000000, 0.000999995]], rtol=0, atol=5e-10)
    asked = words(step.text(rule=True))
    assert "m of W¹ = [0.030000, −0.000200]" in asked
    assert "m̂ of W¹ = [0.300000, −0.002000]" in asked
    assert "v̂ of W¹ = [0.090000, 4.00000e−06]" in asked
    assert "m̂" not in step.text()
    np.testing.assert_allclose(step.predicted_change, step.actual_change)


def test_momentum_is_shown_and_changes_the_second_order_only(step):
    other = small().explain_step([1, 0.5], 1, optim.SGD(0.5, momentum=0.9))
    assert "v of W² = [−0.012623, −0.053433]" in words(other.text(rule=True))
    assert "SGD(learning_rate=0.5, momentum=0.9)" in str(other)
    np.testing.assert_allclose(other.predicted_change, step.predicted_change)


def test_ascii_and_width(step):
    text = step.text(ascii=True, width=60)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 60
    assert "delta2 = (a2-y)*a2(1-a2) = (-0.506684)(0.249955) = -0.126648" in words(text)
    assert "delta1 = (W2^T*delta2) * (1-a1^2)" in words(text)
    assert "prediction -eta||g||^2 = -0.015046" in words(text)
    assert step.why("W1[1,2]").text(ascii=True).isascii()


# Numbers


def test_numbers_are_those_of_backpropagate_and_of_fit(mixed):
    X, y = examples()
    step, numbers = mixed.explain_step(X, y, optim.Adam(0.01)), mixed.backpropagate(X, y)
    assert step.loss == numbers.loss
    for ours, theirs in ((step.z, numbers.z), (step.a, numbers.a), (step.delta, numbers.delta)):
        assert list(ours) == list(theirs)
        for layer in ours:
            np.testing.assert_array_equal(ours[layer], theirs[layer])
    np.testing.assert_array_equal(step.grad.W[2], numbers.grad.W[2])

    plain = nn.Network(3, [nn.Dense(4, "tanh"), nn.Dense(2)], "cross_entropy", dtype="float64")
    step = plain.explain_step(X, y, optim.Adam(0.01))
    plain.fit(X, y, optimizer=optim.Adam(0.01), epochs=1, batch_size=None, shuffle=False, progress=False)
    for ours, theirs in zip(tree.leaves(step.parameters_after), tree.leaves(plain.parameters), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    np.testing.assert_allclose(step.loss_after, plain.backpropagate(X, y).loss, rtol=1e-12)


def test_the_prediction_becomes_exact_for_small_steps(mixed):
    X, y = examples()
    for optimizer in (optim.SGD(1e-6), optim.RMSprop(1e-6), optim.AdamW(1e-6)):
        step = mixed.explain_step(X, y, optimizer)
        np.testing.assert_allclose(step.actual_change, step.predicted_change, rtol=1e-3)


@pytest.mark.parametrize("optimizer", [0.1, optim.Adam(0.01), optim.LBFGS()], ids=["sgd", "adam", "lbfgs"])
def test_the_network_is_not_changed(mixed, optimizer):
    before = [array.tobytes() for _, array in mixed.named_arrays()]
    X, y = examples()
    step = mixed.explain_step(X, y, optimizer)
    str(step), step.html(), step.why("W2[1,1]")
    assert [array.tobytes() for _, array in mixed.named_arrays()] == before
    assert step.loss_after < step.loss


def test_every_kind_of_layer_and_any_loss_is_written(mixed):
    text = str(mixed.explain_step(*examples(), 0.1))
    for said in (
        "Embedding(x)",
        "BatchNorm(a²)",
        "a³ (dropout drops nothing",
        "Residual(a⁴)",
        "LayerNorm(a⁵)",
        "W⁵⁽¹⁾",
        "scale⁶",
    ):
        assert said in text
    assert "batch normalisation uses its running averages" in words(text)
    assert "✗" not in text

    def log_cosh(outputs, y):
        return np.sum(np.log(np.cosh(outputs - y)), axis=-1)

    own = nn.Network(3, [nn.Dense(2, lambda z: z * z)], log_cosh, dtype="float64")
    text = str(own.explain_step(RNG.normal(size=3), [0.0, 1.0], 0.1))
    assert "δ¹ = ∂ℒ/∂a¹ ⊙ g′(z¹)" in text
    assert "✗" not in text


@pytest.mark.parametrize("loss", ["half_squared", "mse", "mae", "binary_cross_entropy", "huber(0.5)", "quantile(0.9)"])
@pytest.mark.parametrize("activation", ["linear", "sigmoid", "softplus", "relu", "elu", "mish"])
def test_written_forms_are_accepted_because_they_give_the_numbers(loss, activation):
    net = nn.Network(3, [nn.Dense(5, activation), nn.Dense(1, activation)], loss, dtype="float64", seed=3)
    step = net.explain_step(RNG.normal(size=(2, 3)), np.array([0.0, 1.0]), 0.1)
    assert "BACKWARD" in str(step)
    step.why("W1[2,3]")


def test_a_form_that_is_wrong_is_refused(step, monkeypatch):
    wrong = closed_forms.ClosedForm(lambda z, a: formula(1, "−", a), lambda z, a: 1 - a)
    monkeypatch.setitem(closed_forms._SLOPES, "tanh", wrong)
    with pytest.raises(GradientError, match="g′ of tanh is written 1−a,"):
        str(step)


def test_large_targets_are_rounded_as_the_network_rounds_them():
    net = nn.Network(1, [nn.Dense(1, weights=np.array([[1e6]]))], "half_squared", dtype="float32")
    assert "δ¹ = a¹−y" in str(net.explain_step([1.0], [1e6 + 0.3], 1e-9))


def test_the_rules_are_applied_at_the_engines_own_sums():
    X = np.random.default_rng(0).normal(size=(50, 784)).astype(np.float32)
    net = nn.Network(784, [nn.Dense(60, "relu"), nn.Dense(60, "relu"), nn.Dense(1)], "mse", seed=5)
    W, b = net.weights, net.biases
    b[0] = -(X[0] @ W[0].T)  # sums of example 0 that are 0 up to rounding, on either side
    net.set_parameters(biases=b)
    step = net.explain_step(X, np.ones(50), 0.1)
    np.testing.assert_array_equal(step.rules[0].slope, step.z[1] > 0)
    assert step.replay < 1e-5


def test_a_kink_is_named_where_differences_fail():
    net = nn.Network(1, [nn.Dense(1, "relu", weights=np.ones((1, 1)))], "half_squared", dtype="float64")
    text = words(str(net.explain_step([0.0], [1.0], 0.1)))
    assert "✗, a kink or rounding" in text
    assert "relu′(0) = 0" in text
    dead = nn.Network(2, [nn.Dense(1, "relu", weights=np.array([[-1, -0.5]]), biases=np.array([0.5]))], dtype="float64")
    step = dead.explain_step([1, 2], [1.0], 0.1)
    assert step.z[1] == -1.5
    assert not np.any(step.grad.W[1])
    assert "[z¹ > 0]" in str(step)
    assert "the path is cut here" in str(step.why("W1[1,1]"))
    assert "relu′" not in str(step)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("activation", "output", "loss", "target"),
    [
        ("sigmoid", "linear", "cross_entropy", 1),
        ("tanh", "linear", "cross_entropy", 0),
        ("relu", "softmax", "mse", [1.0, 0.0]),
        ("tanh", "sigmoid", "half_squared", [1.0, 0.0]),
        ("sigmoid", "tanh", "mse", [1.0, -1.0]),
        ("softplus", "linear", "binary_cross_entropy", [1.0, 0.0]),
        ("gelu", "linear", "poisson", [3.0, 0.0]),
        ("elu", "linear", "hinge", [1.0, -1.0]),
    ],
)
@pytest.mark.parametrize("size", [4.0, 50.0, -50.0])
def test_saturated_networks_are_explained(activation, output, loss, target, dtype, size):
    """p is 1 or 0, σ and tanh are flat, relu is dead: δ is 0 or the rounding of p − 1, and no digit is asked of it."""
    weights = np.array([[1.0, -1.0], [0.5, 1.0], [-1.0, 0.3]]) * size
    above = np.array([[0.3, -0.7, 1.1], [-1.2, 0.4, 0.9]]) * abs(size)
    layers = [nn.Dense(3, activation, weights=weights), nn.Dense(2, output, weights=above)]
    net = nn.Network(2, layers, loss, dtype=dtype)
    step = net.explain_step([1.0, 0.3], target if isinstance(target, int) else np.array(target), 0.1)
    assert "BACKWARD" in step.text(rule=True)
    for asked in ("W1[1,2]", "b2[1]", "x[2]"):
        step.why(asked)
    assert "class=" in step.derivation().html()


@pytest.mark.parametrize(("dtype", "wrong"), [("float32", 1e-3), ("float64", 1e-9)])
@pytest.mark.parametrize("sure", [0.1, 1.0, 2.0])
def test_a_rule_that_is_a_little_wrong_is_found(monkeypatch, dtype, wrong, sure):
    random = np.random.default_rng(4)
    weights = [random.normal(size=shape) * sure for shape in ((6, 3), (4, 6), (3, 4))]
    layers = [nn.Dense(len(W), "tanh" if len(W) > 3 else "linear", weights=W) for W in weights]
    net = nn.Network(3, layers, "cross_entropy", dtype=dtype)
    x = random.normal(size=(5, 3))
    assert net.explain_step(x, np.arange(5) % 3).replay < wrong
    right = local_rules.activation_function
    monkeypatch.setattr(local_rules, "activation_function", lambda name: lambda z: right(name)(z) * (1 + wrong))
    with pytest.raises(GradientError, match="layer 3: its own rules give another δ than the engine, they differ by"):
        net.explain_step(x, np.arange(5) % 3)


# Why


@pytest.mark.parametrize("asked", ["W1[1,2]", "W¹[1,2]", "b1[2]", "W2[1,1]", "b2[1]", "x[2]"])
def test_paths_add_up_to_the_difference_quotient(asked):
    net, h = small(), 1e-6
    y, x = np.array([1.0]), np.array([1.0, 0.5])
    why = net.explain_step(x, y, 0.5).why(asked)

    def loss(sign):
        moved, at = small(), np.array(x)
        weights, biases = moved.weights, moved.biases
        place = tuple(int(i) - 1 for i in re.findall(r"\d+", asked.split("[")[1]))
        layer = {"1": 0, "¹": 0, "2": 1}.get(asked[1], 0)
        {"W": weights, "b": biases, "x": [at]}[asked[0]][layer][place] += sign * h
        moved.set_parameters(weights, biases)
        return moved.backpropagate(at, y).loss

    np.testing.assert_allclose(why.value, (loss(1) - loss(-1)) / (2 * h), rtol=1e-6)
    np.testing.assert_allclose(why.total, why.value, rtol=1e-12)
    for path in why.paths:
        np.testing.assert_allclose(np.prod([factor.value for factor in path.factors]), path.value, rtol=1e-12)
        assert len(path.factors) == len(path.nodes) - 1


def test_ten_sigmoids_in_a_chain():
    layers = [nn.Dense(1, "sigmoid", weights=np.ones((1, 1))) for _ in range(10)]
    why = nn.Network(1, layers, dtype="float64").explain_step([0.0], [0.0], 1.0).why("b1[1]")
    (path,) = why.paths
    slopes = [factor.value for factor in path.factors if "(1−a" in factor.form]
    np.testing.assert_allclose(slopes[:-4:-1], [0.25, 0.235004, 0.227266], atol=5e-7)
    np.testing.assert_allclose(slopes[0], 0.224704, atol=5e-7)
    np.testing.assert_allclose(np.prod(slopes), 3.875220232e-7, rtol=1e-9)


def test_numbers_that_are_not_finite_are_shown():
    def log_of_zero(outputs, y):
        return np.log(outputs[:, 0] - outputs[:, 0])

    step = nn.Network(2, [nn.Dense(2, "tanh"), nn.Dense(1)], log_of_zero).explain_step([1.0, 2.0], 1.0, 0.1)
    assert "ℒ = −∞" in str(step)
    assert "NaN (not compared)" in str(step)
    assert "= NaN" in str(step.why("W1[1,1]"))


def test_paths_are_all_of_them_and_the_largest_first():
    net = nn.Network(2, [nn.Dense(3, "tanh"), nn.Dense(4, "tanh"), nn.Dense(2)], dtype="float64", seed=2)
    step = net.explain_step([0.3, -0.7], [0.0, 1.0], 0.1)
    why = step.why("W1[2,1]")
    slopes = {layer: 1 - step.a[layer] ** 2 for layer in (1, 2)}
    W2, W3 = net.weights[1:]
    products = [
        (step.a[3] - [0.0, 1.0])[k] * W3[k, j] * slopes[2][j] * W2[j, 1] * slopes[1][1] * 0.3
        for k in range(2)
        for j in range(4)
    ]
    products.sort(key=abs, reverse=True)
    assert why.path_count == 8
    np.testing.assert_allclose([path.value for path in why.paths], products[:3], rtol=1e-12)
    np.testing.assert_allclose(why.rest, sum(products[3:]), rtol=1e-9)
    assert "the sum over 8 paths" in str(why)
    assert "the other 5 together" in str(why)


def test_a_batch_adds_up_over_examples(mixed):
    X, y = examples(3)
    step = mixed.explain_step(X, y, 0.1)
    why = step.why("W7[2,3]")
    assert why.value == step.grad.W[7][1, 2]
    alone = [mixed.explain_step(x, label, 0.1).why("W7[2,3]") for x, label in zip(X, y, strict=True)]
    np.testing.assert_allclose(why.total, np.mean([one.total for one in alone]), rtol=1e-9)
    assert why.path_count == sum(one.path_count for one in alone)
    with pytest.raises(ArgumentError, match="single example"):
        step.why("x[1]")


def test_paths_through_layers_that_mix_units(mixed):
    (x,), (label,) = examples(1)
    step = mixed.explain_step(x, label, 0.1)
    for asked in ("W2[2,1]", "b2[6]", "x[2]"):
        why = step.why(asked)
        np.testing.assert_allclose(why.total, why.value, rtol=1e-9, atol=1e-15)
    edges = {factor.form for factor in why.paths[0].factors}
    assert {"LayerNorm", "Residual", "BatchNorm", "Dropout"} <= edges


@pytest.mark.parametrize("asked", ["scale3[2]", "γ6[5]", "shift3[4]", "β6[1]", "tables1(1)[2,1]", "tables¹⁽¹⁾[3,2]"])
@pytest.mark.parametrize("count", [1, 4])
def test_paths_to_normalisations_and_embeddings(mixed, asked, count):
    X, y = examples(count)
    X[:, 0] = [1, 2, 1, 4][:count]
    step = mixed.explain_step(X, y, 0.1)
    why = step.why(asked)
    layer, *places = map(int, re.findall(r"\d+", asked.replace("(1)", "").replace("¹⁽¹⁾", "1")))
    kind = {"γ": "scale", "s": "scale", "β": "shift", "t": "tables"}[asked[0]] if asked[:2] != "sh" else "shift"
    place, h = tuple(place - 1 for place in places), 1e-6

    def loss(sign):
        before = mixed.parameters
        parameters = tree.map_leaves(np.array, before)
        leaf = parameters[layer - 1][kind]
        (leaf[0] if kind == "tables" else leaf)[place] += sign * h
        mixed.parameters = parameters
        found = mixed.backpropagate(X, y).loss
        mixed.parameters = before
        return found

    np.testing.assert_allclose(why.value, (loss(1) - loss(-1)) / (2 * h), rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(why.total, why.value, rtol=1e-9, atol=1e-15)
    for path in why.paths:
        np.testing.assert_allclose(np.prod([factor.value for factor in path.factors]), path.value, rtol=1e-9)
    assert asked[-3:] in why.name or asked[-5:] in why.name


def test_a_code_that_no_example_has(mixed):
    (x,), (label,) = examples(1)
    x[0] = 1
    why = mixed.explain_step(x, label, 0.1).why("tables1[5,1]")
    assert (why.value, why.path_count, why.paths) == (0, 0, ())
    assert "no path leads from it to ℒ" in str(why)
    with pytest.raises(ArgumentError, match=r"there is: tables1\(1\)"):
        mixed.explain_step(x, label, 0.1).why("tables1(2)[1,1]")


@pytest.mark.parametrize("asked", ["W3[1,1]", "W1[3,1]", "W1[0,1]", "b1[1,2]", "scale1[1]", "W1", "x[9]", ""])
def test_what_there_is_not_is_refused(step, asked):
    with pytest.raises(ArgumentError):
        step.why(asked)


# Wide layers, differences, pages


def test_wide_layers_are_summarised_and_can_be_asked():
    net = nn.Network(20, [nn.Dense(64, "relu"), nn.Dense(1)], "mse", seed=1, dtype="float64")
    step = net.explain_step(RNG.normal(size=20), 1.0, 0.01)
    text = step.text()
    assert len(text.splitlines()) < 45
    z = step.z[1]
    first = int(np.argmax(np.abs(z)))
    assert f"[64], norm {np.linalg.norm(z):.6f}".replace("-", "−") in words(text)
    assert f"largest [{first + 1}]" in words(text)
    layer = str(step.layer(1))
    assert len(re.findall(r"^ +\d+ ", layer, re.M)) == 40
    assert "and 24 units of smaller |δ|" in layer
    asked = int(np.flatnonzero(z > 0)[0])
    why = step.why(f"W1[{asked + 1},17]")
    np.testing.assert_allclose(why.value, step.delta[1][asked] * step.a[0][16], rtol=1e-12)


def test_layers_and_examples_that_there_are_not(step):
    for wrong in ((0,), (3,), (1, 1)):
        with pytest.raises(ArgumentError):
            step.layer(*wrong)


def test_a_difference_lists_what_changed(step):
    assert step.diff(small().explain_step([1, 0.5], 1, 0.5)).changes == ()
    other = small()
    other.set_parameters(biases=[[0.1, -0.2], [1.05]])
    changes = step.diff(other.explain_step([1, 0.5], 1, 0.5))
    sizes = [abs(change.difference) for change in changes.changes]
    assert sizes == sorted(sizes, reverse=True)
    by_name = {change.name: change for change in changes.changes}
    np.testing.assert_allclose(by_name["z²[1]"].difference, 1.0)
    assert "W¹[1,1]" not in by_name
    assert "numbers differ" in str(changes)
    with pytest.raises(ArgumentError, match="same shapes"):
        step.diff(nn.Network(2, [nn.Dense(3), nn.Dense(1)]).explain_step([1, 0.5], 1, 0.5))


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.said = [], set(), ""

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said += data


def test_a_notebook_gets_tables_without_scripts(step):
    bundle = step._repr_mimebundle_()
    assert bundle["text/plain"] == str(step)
    tags = Tags()
    tags.feed(bundle["text/html"])
    assert tags.open == []
    assert {"table", "th", "caption"} <= tags.seen
    assert "script" not in tags.seen
    assert "−0.126648" in tags.said


def test_a_wrong_optimizer_is_named():
    for wrong in ("adam", True, None):
        with pytest.raises(ArgumentError, match="optimizer must be"):
            small().explain_step([1, 0.5], 1, wrong)
    with pytest.raises(ArgumentError, match="transform_gradients"):
        small().explain_step([1, 0.5], 1, optim.LBFGS(), transform_gradients=lambda g: g)
