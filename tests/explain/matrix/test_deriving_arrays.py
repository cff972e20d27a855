"""Networks in matrices: the lecture's formulas, published numbers, and faults that must be found."""

from itertools import pairwise

import numpy as np
import pytest

import chainrule as cr
from boards import label
from chainrule import ops
from chainrule.errors import ArgumentError, DerivationError
from chainrule.explain.algebra.composite import SIGMOID
from chainrule.explain.matrix import deriving as deriving_arrays
from chainrule.explain.matrix import expressions as matrix
from chainrule.explain.notation.infix import write
from chainrule.explain.record import Rule
from python_calls import calls_in

RANDOM = np.random.default_rng(3)
W = [np.array([[0.2, -0.4], [0.6, 0.1]]), np.array([[0.5, -0.3]])]
B = [np.array([0.1, -0.2]), np.array([0.05])]
STEP = (W, B, np.array([1, 0.5]), np.array([1.0]))


def one_example(W, b, x, y):
    z = W[0] @ x + b[0]
    a = np.tanh(z)
    z = W[1] @ a + b[1]
    a = ops.sigmoid(z)
    L = 0.5 * np.sum((a - y) ** 2)
    return L  # noqa: RET504 (a name on the board)


def batch(parameters, x, y):
    a = x
    for layer in parameters:
        z = a @ layer["W"].T + layer["b"]
        a = ops.sigmoid(z)
    loss = 0.5 * np.sum((a - y) ** 2)
    return loss  # noqa: RET504 (a name on the board)


def network(*widths):
    pairs = pairwise(widths)
    return [{"W": RANDOM.standard_normal((m, n)) / n**0.5, "b": RANDOM.standard_normal(m)} for n, m in pairs]


def lines_of(derivation):
    return {label(line): line for line in derivation.lines[1:]}


def test_one_step_of_a_network_has_the_published_numbers():
    lines = lines_of(cr.derive(one_example, at=STEP))
    assert {rule: write(line.expression) for rule, line in lines.items()} == {
        "δ²": "(a²−y)·a²(1−a²)",
        "δ¹": "(W²ᵀ δ²) ⊙ (1−(a¹)²)",
        "∂L/∂W¹": "δ¹ xᵀ",
        "∂L/∂W²": "δ² a¹ᵀ",
        "∂L/∂b¹": "δ¹",
        "∂L/∂b²": "δ²",
        "∂L/∂x": "W¹ᵀ δ¹",
        "∂L/∂y": "−(a²−y)",
    }
    published = {
        "δ²": [-0.126648],
        "δ¹": [-0.062695, 0.031232],
        "∂L/∂W²": [[-0.012623, -0.053433]],
        "∂L/∂W¹": [[-0.062695, -0.031348], [0.031232, 0.015616]],
    }
    for rule, numbers in published.items():
        np.testing.assert_allclose(lines[rule].value, numbers, atol=6e-7)


def test_a_2_2_2_network_has_the_published_numbers():
    parameters = [
        {"W": np.array([[0.15, 0.20], [0.25, 0.30]]), "b": np.full(2, 0.35)},
        {"W": np.array([[0.40, 0.45], [0.50, 0.55]]), "b": np.full(2, 0.60)},
    ]
    lines = lines_of(cr.derive(batch, 0, (parameters, np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]]))))
    np.testing.assert_allclose(lines["δ²"].value, [[0.138498562, -0.038098236]], atol=1e-9)
    np.testing.assert_allclose(lines["δ¹"].value, [[0.008771355, 0.009954255]], atol=1e-9)
    stepped = parameters[1]["W"] - 0.5 * lines["∂loss/∂W²"].value
    np.testing.assert_allclose(stepped, [[0.358916480, 0.408666186], [0.511301270, 0.561370121]], atol=1e-9)


def test_the_formulas_of_a_batch():
    at = (network(3, 4, 2), RANDOM.standard_normal((5, 3)), RANDOM.standard_normal((5, 2)))
    derivation = cr.derive(batch, 0, at)
    assert {label(line): write(line.expression) for line in derivation.lines[1:]} == {
        "δ²": "(a²−y) ⊙ a² ⊙ (1−a²)",
        "δ¹": "(δ² W²) ⊙ a¹ ⊙ (1−a¹)",
        "∂loss/∂W¹": "δ¹ᵀ x",
        "∂loss/∂b¹": "δ¹ᵀ 1₅",
        "∂loss/∂W²": "δ²ᵀ a¹",
        "∂loss/∂b²": "δ²ᵀ 1₅",
    }
    gradient = cr.grad(batch)(*at)
    for layer, digit in zip(gradient, "¹²", strict=True):
        for name, numbers in layer.items():
            np.testing.assert_allclose(lines_of(derivation)[f"∂loss/∂{name}{digit}"].value, numbers, rtol=1e-12)


def test_why_the_transpose():
    at = (network(3, 4, 2), RANDOM.standard_normal((5, 3)), RANDOM.standard_normal((5, 2)))
    reason = lines_of(cr.derive(batch, 0, at))["∂loss/∂W²"].reason
    assert [f"{label(line)} = {write(line.expression)}" for line in reason] == [
        "z²ᵢⱼ = Σₖ a¹ᵢₖ·W²ⱼₖ",
        "(∂loss/∂W²)ⱼₖ = Σᵢ δ²ᵢⱼ·a¹ᵢₖ",
        "(∂loss/∂W²)ⱼₖ = (δ²ᵀ a¹)ⱼₖ",
    ]


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("widths", [(1, 1, 1), (1, 3, 1), (2, 3, 1), (2, 1, 2), (1, 3, 2), (2, 1, 1)])
def test_layers_and_batches_of_one(rows, widths):
    parameters = network(*widths)
    x, y = RANDOM.standard_normal((rows, widths[0])), RANDOM.standard_normal((rows, widths[-1]))
    lines = lines_of(cr.derive(batch, 0, (parameters, x, y)))
    assert widths[1] == 1 or write(lines["∂loss/∂W²"].expression) == "δ²ᵀ a¹"
    for layer, digit in zip(cr.grad(batch)(parameters, x, y), "¹²", strict=True):
        for name, numbers in layer.items():
            np.testing.assert_allclose(lines[f"∂loss/∂{name}{digit}"].value, numbers, rtol=1e-12)
    weights, biases = [layer["W"] for layer in parameters], [layer["b"] for layer in parameters]
    lines = lines_of(cr.derive(one_example, at=(weights, biases, x[0], y[0])))
    assert [label(line) for line in lines["∂L/∂W¹"].reason] == ["z¹ᵢ", "(∂L/∂W¹)ᵢₖ", "(∂L/∂W¹)ᵢₖ"]


def test_a_product_of_vectors():
    def f(w, x):
        z = x @ w
        return np.tanh(z)

    lines = lines_of(cr.derive(f, "w", (np.array([0.5, -0.3]), np.array([1.0, 2.0]))))
    np.testing.assert_allclose(lines["∂f/∂w"].value, np.array([1, 2]) * (1 - np.tanh(-0.1) ** 2), rtol=1e-12)
    product, *_ = lines["∂f/∂w"].reason
    assert f"{label(product)} = {write(product.expression)}" == "z = Σₖ xₖwₖ"


def test_a_product_of_vectors_takes_the_name_of_the_number():
    def f(w, x):
        z = w @ x
        return z * z

    w, x = np.array([0.5, -0.3]), np.array([1.0, 2.0])
    derivation = cr.derive(f, at=(w, x))
    assert {name: write(e) for name, e in derivation.definitions.items()} == {"z": "wᵀ x", "f": "z·z"}
    assert [(label(line), write(line.expression)) for line in derivation.lines[1:]] == [
        ("δ", "z + z"),
        ("collect", "2z"),
        ("∂f/∂w", "δx"),
        ("∂f/∂x", "δw"),
    ]
    np.testing.assert_allclose(lines_of(derivation)["∂f/∂w"].value, 2 * (w @ x) * x)


def test_a_column_of_a_layer_takes_the_name_of_its_author():
    def loss(W, x, y):
        z = W @ x
        a = np.tanh(z)
        return 0.5 * np.sum((a - y) ** 2)

    derivation = cr.derive(loss, "W", (W[0], np.array([1, 0.5]), np.array([1.0, 0.0])))
    assert {name: write(e) for name, e in derivation.definitions.items() if name != "loss"} == {
        "z": "W x",
        "a": "tanh(z)",
    }
    lines = lines_of(derivation)
    assert {rule: write(line.expression) for rule, line in lines.items()} == {
        "δ": "(a−y) ⊙ (1−a²)",
        "∂loss/∂W": "δ xᵀ",
    }
    assert [write(line.expression) for line in lines["∂loss/∂W"].reason] == ["Σₖ Wᵢₖxₖ", "δᵢxₖ", "(δ xᵀ)ᵢₖ"]


@pytest.mark.parametrize(
    ("loss", "written"),
    [
        (lambda a, y: np.sum((a - y) ** 2) / 2, ["a − y"]),
        (lambda a, y: np.sum((a - y) ** 2 / 2), ["a − y"]),
        (lambda a, y: np.sum((a - y) ** 2) / 10, ["⅕(a−y)"]),
        (lambda a, y: np.sum(y * (a / 3) * 6), ["2y"]),
        (lambda a, y: np.mean((np.eye(3) @ a - y) ** 2), ["⅔(c₁ᵀ (c₁ a−y))"]),
        (lambda a, y: 0.5 * np.sum((a - y) * (a - y)), ["½(a−y) + ½(a−y)", "a − y"]),
        (lambda a, y: np.sum(a * a) + np.sum(y * a), ["y + a + a", "y + 2a"]),
        (lambda a, y: np.sum(y * a) - np.sum(a * y), ["−y + y", "0"]),
    ],
)
def test_numbers_become_one_and_equal_terms_are_collected(loss, written):
    derivation = cr.derive(loss, "a", (np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.0, 1.0])))
    assert [write(line.expression) for line in derivation.lines[1:]] == written
    assert [line.rule for line in derivation.lines[2:]] == ["collect"] * (len(written) - 1)


def test_a_number_below_a_fraction_becomes_one_with_those_before():
    derivation = cr.derive(lambda x: np.sum(np.exp(-(x**2) / 2)), at=np.array([3.0, 4.0]))
    assert write(derivation.lines[-1].expression) == "−(∂f/∂u¹) ⊙ x"


def test_softmax_and_cross_entropy():
    def loss(z, y):
        return -np.sum(y * ops.log_softmax(z))

    lines = lines_of(cr.derive(loss, "z", (np.array([2, 1, 0.1]), np.array([1.0, 0, 0]))))
    np.testing.assert_allclose(lines["δ"].value, [-0.340998861, 0.242432971, 0.098565890], atol=1e-9)


def cross_entropy(W, x, y):
    u = x @ W.T
    return np.sum(-y * ops.log_softmax(u))


def logistic_regression(y, wrt="W"):
    at = {"W": RANDOM.standard_normal((3, 2)), "x": RANDOM.standard_normal((4, 2)), "y": y}
    return cr.derive(cross_entropy, wrt, at=at)


def test_softmax_minus_y_where_the_rows_of_y_add_up_to_1():
    derivation = logistic_regression(RANDOM.dirichlet(np.ones(3), 4))
    (line,) = [line for line in derivation.lines if line.action == "rows of y add up to 1"]
    assert write(line.expression) == "softmax(u) − y"
    assert line.check.points == 1
    assert line.check.worst < 1e-12
    assert "checked at this point, and one nearby if it holds there; largest" in derivation.html()
    assert r" & = \operatorname{softmax}\left(u\right) - y && \text{rows of y add up to 1}" in derivation.latex()


@pytest.mark.parametrize(("y", "wrt"), [(np.full((4, 3), 0.5), "W"), (np.full((4, 3), 1 / 3), "W, y")])
def test_other_targets_stay_as_they_are(y, wrt):
    derivation = logistic_regression(y, wrt)
    assert not any(line.rule is Rule.ROWS_ADD_UP for line in derivation.lines)
    assert "checked at this point and one nearby; largest" in derivation.html()


def test_names_that_the_author_did_not_give():
    def f(p, x):
        return np.sum(np.tanh(x @ p) ** 2)

    derivation = cr.derive(f, "p", (RANDOM.standard_normal((3, 2)), RANDOM.standard_normal((4, 3))))
    assert write(derivation.definitions["u¹"]) == "x p"
    assert write(lines_of(derivation)["∂f/∂p"].expression) == "xᵀ (∂f/∂u¹)"


def test_float32_is_derived_in_float64():
    at = tuple(np.float32(RANDOM.standard_normal(shape)) for shape in ((3, 2), (4, 3)))
    lines = lines_of(cr.derive(lambda p, x: np.sum(np.sin(x @ p)), "p", at))
    assert lines["∂f/∂p"].value.dtype == np.float64


def test_a_wide_network_takes_as_much_python_as_a_narrow_one():
    counts = []
    for width, hidden in ((784, 128), (98, 16)):
        at = (network(width, hidden, 10), RANDOM.standard_normal((8, width)), RANDOM.standard_normal((8, 10)))
        count, text = calls_in(lambda at=at: str(cr.derive(batch, 0, at)))
        counts.append(count)
        assert f"{hidden}×{width}, norm" in text
        assert " =\n" not in text
        assert max(map(len, text.splitlines())) <= 80
    wide, narrow = counts
    assert wide < 2 * narrow


def test_a_missing_transpose_is_found(monkeypatch):
    monkeypatch.setattr(matrix, "transposed", lambda e: e)
    with pytest.raises(DerivationError, match=r"do not fit|is not what the engine computes"):
        cr.derive(one_example, at=STEP)


def test_a_missing_transpose_of_a_square_matrix_is_found(monkeypatch):
    square = RANDOM.standard_normal((3, 3))
    at = (square, RANDOM.standard_normal((3, 3)))
    monkeypatch.setattr(matrix, "transposed", lambda e: e)
    with pytest.raises(DerivationError, match="is not what the engine computes"):
        cr.derive(lambda p, x: np.sum((x @ p) ** 2), "p", at)


def test_a_wrong_rule_of_a_composite_is_found():
    rule = SIGMOID.rules[0]
    object.__setattr__(SIGMOID, "rules", (lambda g, y, x: -rule(g, y, x),))
    try:
        with pytest.raises(DerivationError, match="δ² = "):
            cr.derive(one_example, at=STEP)
    finally:
        object.__setattr__(SIGMOID, "rules", (rule,))


def test_a_wrong_derivative_of_the_engine_is_found(monkeypatch):
    adjoints = deriving_arrays._adjoints

    def doubled(output, nodes):
        return {node: cr.ops.Value(adjoint) * 2.0 for node, adjoint in adjoints(output, nodes).items()}

    monkeypatch.setattr(
        deriving_arrays, "_adjoints", lambda output, nodes: {n: v.node for n, v in doubled(output, nodes).items()}
    )
    with pytest.raises(DerivationError, match="central difference"):
        cr.derive(one_example, at=STEP)


@pytest.mark.parametrize(
    ("function", "at", "options", "message"),
    [
        (lambda x: x, np.ones(3), {}, "one float number"),
        (lambda x: np.sum(x), np.ones(3), {"wrt": "q"}, "wrt must be some of x"),
        (lambda x: np.sum(x), np.ones(3), {"order": 2}, "derived once"),
        (lambda x: np.sum(x), {"y": np.ones(3)}, {}, "at needs a value for each of x"),
        (lambda x: np.sum(x[1:] ** 2), np.ones(3), {}, r"test_deriving_arrays.py:\d+: slice"),
    ],
)
def test_mistakes_are_named(function, at, options, message):
    with pytest.raises(ArgumentError, match=message):
        cr.derive(function, at=at, **options)


@pytest.mark.parametrize("x", [np.array([1.0, 2.0]), np.zeros(2)])
def test_a_layer_with_maximum_compares_with_zero(x):
    def loss(W, x):
        z = W @ x
        a = np.maximum(z, 0)
        return np.sum(a)

    lines = lines_of(cr.derive(loss, "W", (W[0], x)))
    assert write(lines["δ"].expression) == "1 if z > 0 else ½ if z = 0 else 0"
    z = W[0] @ x
    np.testing.assert_allclose(lines["δ"].value, np.where(z > 0, 1, np.where(z == 0, 0.5, 0)))
