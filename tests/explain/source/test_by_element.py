"""Functions of arrays differentiated with respect to one element; the engine's derivatives are the oracle."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import ops
from chainrule.errors import ArgumentError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=4)
CUBE = RANDOM.normal(size=(2, 3, 2))


def differences(x):
    d = x[1:] - x[:-1]
    return np.sum(d**2)


FUNCTIONS = {
    "slices": differences,
    "every other": lambda x: np.sum(ops.relu(x[::2]) * ops.sigmoid(x[1::2])),
    "chosen twice": lambda x: np.sum(np.take(x, [0, 2, 2]) ** 2 * x[1]),
    "the largest": lambda x: np.max(x) * np.min(x),
    "logsumexp": lambda x: ops.logsumexp(x) * x[0],
    "softmax": lambda x: np.sum(ops.softmax(x) * np.array([1.0, 2, 3, 4])),
    "reshaped": lambda x: np.sum(x.reshape(2, 2) @ x.reshape(2, 2)),
    "put together": lambda x: np.sum(np.concatenate([x, x[:1]]) ** 3),
    "spread": lambda x: np.std(x),
    "functions": lambda x: np.mean(np.tanh(x) * np.exp(-(x**2))),
}


@pytest.mark.parametrize("style", ["paths", "reverse", "forward"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_element_against_the_engine(name, style):
    f = FUNCTIONS[name]
    expected = cr.grad(f)(X)
    for place in range(4):
        board = cr.derive(f, f"x[{place + 1}]", {"x": X}, style=style)
        np.testing.assert_allclose(board.value, expected[place], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"the largest", "every other"}))
def test_second_derivatives_against_the_engine(name):
    f = FUNCTIONS[name]
    expected = cr.hessian(f)(X)
    np.testing.assert_allclose(cr.derive(f, "x[1]", {"x": X}, order=2).value, expected[0, 0], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(cr.derive(f, "x[1], x[3]", {"x": X}).value, expected[0, 2], rtol=1e-8, atol=1e-10)


def test_arrays_of_three_axes_and_several_inputs():
    def f(cube, w, scale):
        return scale * np.sum(np.tanh(cube[:, 1:] * w)[1])

    at = {"cube": CUBE, "w": np.array([0.5, -1.0]), "scale": 2.0}
    slopes = cr.grad(f, argnums=(0, 1))(*at.values())
    np.testing.assert_allclose(cr.derive(f, "cube[2,3,1]", at).value, slopes[0][1, 2, 0], rtol=1e-9)
    np.testing.assert_allclose(cr.derive(f, "w[2]", at).value, slopes[1][1], rtol=1e-9)


def test_labels_are_no_variables():
    def loss(W, x, label):
        u = W @ x
        return -ops.log_softmax(u)[label]

    at = {"W": RANDOM.normal(size=(3, 2)), "x": np.array([1.0, 2.0]), "label": 1}
    board = cr.derive(loss, "W[2,1]", at)
    np.testing.assert_allclose(board.value, cr.grad(loss)(*at.values())[1, 0], rtol=1e-9)
    assert "label" not in str(board)


def test_the_board():
    assert str(cr.derive(differences, "x[2]", {"x": np.array([1.0, 2, 4, 8])})).splitlines() == [
        "∂differences/∂x₂   where differences = d₁² + d₂² + d₃²,  d₁ = x₂ − x₁,",
        "                   d₂ = x₃ − x₂,  d₃ = x₄ − x₃",
        "  paths from x₂ to differences:  x₂→d₁→differences,  x₂→d₂→differences",
        "  (x₂ does not reach d₃: ∂d₃/∂x₂ = 0)",
        "  chain rule           = (∂differences/∂d₁)(∂d₁/∂x₂)",
        "                         + (∂differences/∂d₂)(∂d₂/∂x₂)",
        "                         + (∂differences/∂d₃)(∂d₃/∂x₂)",
        "  local derivatives    = (2d₁)(1) + (2d₂)(−1) + (2d₃)(0)",
        "  eliminate d₁, d₂, d₃ = (2(x₂−x₁))(1) + (2(x₃−x₂))(−1) + (2(x₄−x₃))(0)",
        "  drop zero terms      = 2x₂ − 2x₁ − 2x₃ + 2x₂",
        "  collect              = 4x₂ − 2x₁ − 2x₃",
        "  at x₁ = 1,  x₂ = 2,  x₃ = 4,  x₄ = 8",
        "                       = −2       check: central difference −2.00000 ✓",
    ]


@pytest.mark.parametrize(
    ("f", "wrt", "x", "message"),
    [
        (differences, "x[5]", X, "wrt must be one of x₁, x₂, x₃, x₄"),
        (differences, "y[1]", X, "wrt must be one of x₁"),
        (differences, "x[1]", np.zeros(65), r"x has shape \[65\]; a board by elements takes at most 64"),
        (lambda x: np.sum(x), "x[1,1]", np.zeros((2, 10)), "9 along each of several axes"),
        (differences, None, X, r'slice of f64\[3\] has no form in matrices; .* as in wrt="x\[2\]"'),
    ],
)
def test_what_is_refused(f, wrt, x, message):
    with pytest.raises(ArgumentError, match=message):
        cr.derive(f, wrt, {"x": x})


@pytest.mark.parametrize(
    ("f", "at", "message"),
    [
        (lambda x, y: np.sum(x * y), [X, X, X], "at has 3 arguments, but f takes 2 inputs, x, y"),
        (lambda *x: np.sum(x[0]), [X], "at has 1 argument, but it names no inputs"),
        (lambda x: np.sum(x["w"]), [{"w": X}], "x is a dict; .* give each of its arrays as an argument of its own"),
    ],
    ids=["too many", "no names", "nested"],
)
def test_elements_are_of_arrays_that_have_names(f, at, message):
    with pytest.raises(ArgumentError, match=message):
        cr.derive(f, "x[1]", at)
