"""Whatever is wrong, the message names the argument, the first bad row and column, and the fix; nothing is changed."""

import warnings

import numpy as np
import pytest

from chainrule import nn, optim
from chainrule.errors import ArgumentError, ChainruleError, TraceError

RNG = np.random.default_rng(0)
X, Y, LABELS = RNG.normal(size=(20, 3)), RNG.normal(size=(20, 2)), RNG.integers(2, size=20)


def network(**options):
    return nn.Network(3, [nn.Dense(4, "tanh"), nn.Dense(2)], **({"dtype": "float64"} | options))


def replaced(array, row, column, value):
    array = np.array(array, np.float64)
    array[row, column] = value
    return array


INPUTS = {
    "nan": (replaced(X, 10, 1, np.nan), "X: row 10, column 1 is nan; fill it or drop the row"),
    "infinity": (replaced(X, 3, 2, -np.inf), "X: row 3, column 2 is -inf; fill it or drop the row"),
    "too large for float32": (replaced(X, 4, 0, 1e300), r"X: row 4, column 0 is 1e\+300"),
    "far down": (replaced(np.zeros((100_000, 3)), 99_990, 2, np.nan), "X: row 99990, column 2 is nan"),
    "first of several": (replaced(replaced(X, 7, 1, np.nan), 5, 2, np.nan), "X: row 5, column 2 is nan"),
    "too few columns": (X[:, :2], r"X must have shape \[N × 3\] \(or \[3\] for one example\), got \[20, 2\]"),
    "three axes": (X[None], r"X must have shape \[N × 3\] .* got \[1, 20, 3\]"),
    "a number": (3.0, r"X must have shape \[N × 3\] .* got \[\]"),
    "text": ([["a", "b", "c"]] * 20, "X: row 0, column 0 is 'a'; encode it as a number first"),
    "text among objects": (
        np.array([[1, 2, 3], [4, 5, "six"]], object),
        "X: row 1, column 2 is 'six'; encode it as a n",
    ),
    "a gap among objects": ([[1, 2, 3], [4, None, 6]], "X: row 1, column 1 is nan; fill it or drop the row"),
    "objects": (np.full((20, 3), object()), "X: row 0, column 0 is <object object .*; encode it as a number first"),
    "dates": (np.zeros((20, 3), "M8[D]"), "X: row 0, column 0 is datetime.date"),
    "nothing": (None, "X has dtype object"),
    "complex": (X + 0j, "X has dtype complex128"),
    "ragged": ([[1.0], [1.0, 2.0]], "X is ragged: its rows have different lengths"),
}


@pytest.mark.parametrize(("bad", "message"), INPUTS.values(), ids=INPUTS)
def test_inputs(bad, message):
    net = network(dtype="float32")
    for call in (
        lambda: net.fit(bad, Y),
        lambda: net.predict(bad),
        lambda: net.outputs(bad),
        lambda: net.evaluate(bad, Y),
    ):
        with pytest.raises(ArgumentError, match=message):
            call()
    for call in (lambda: net.forward(bad), lambda: net.backpropagate(bad, Y)):
        with pytest.raises(ArgumentError, match=message.replace("X", "x", 1)):
            call()


def test_inputs_far_down_are_checked_too():
    many = np.zeros((70_000, 3))
    many[68_000, 2] = np.nan
    with pytest.raises(ArgumentError, match="X: row 68000, column 2 is nan"):
        network().predict(many)


@pytest.mark.parametrize("share", [0.001, 1.5, 0.0, -0.2, np.float32(0.001), np.nan])
def test_a_share_that_leaves_nothing_is_an_argument(share):
    for loss, y in (("half_squared", Y), ("cross_entropy", LABELS)):
        with pytest.raises(ArgumentError, match=r"^validation (0.001|must lie)"):
            network(loss=loss).fit(X, y, validation=share)


def test_inputs_of_the_validation_data_are_named():
    with pytest.raises(ArgumentError, match="validation X: row 2, column 1 is nan"):
        network().fit(X, Y, validation=(replaced(X, 2, 1, np.nan), Y))


def test_one_input_without_an_axis_says_how_to_make_one():
    with pytest.raises(ArgumentError, match=r"reshape\(-1, 1\) makes one column"):
        nn.Network(1, [nn.Dense(1)]).predict(np.arange(5.0))


def test_no_rows():
    with pytest.raises(ArgumentError, match="X has no rows; there is nothing to learn from"):
        network().fit(X[:0], Y[:0])
    with pytest.raises(ArgumentError, match="X has no rows"):
        network().evaluate(X[:0], Y[:0])


TARGETS = {
    "fewer rows": ({}, Y[:5], "X has 20 rows, but its targets have 5"),
    "columns": ({}, LABELS, r"targets must have shape \[N × 2\], one column for each output, got \[20\]"),
    "nan": ({}, replaced(Y, 6, 1, np.nan), r"targets: row 6 is \[.*, nan\], but targets must be finite; drop the row"),
    "text": ({}, np.full((20, 2), "a"), "targets: row 0(, column 0)? is 'a'; encode it as a n"),
    "fractions": ({"loss": "cross_entropy"}, LABELS + 0.5, r"targets: row 0 is 1\.5, but class labels must be whole"),
    "too high": (
        {"loss": "cross_entropy"},
        LABELS + 1,
        r"row 0 is 2, but class labels must lie in 0 … 1, as the network",
    ),
    "negative": ({"loss": "cross_entropy"}, LABELS - 1, r"row \d+ is -1, but class labels must lie in 0 … 1"),
    "nan label": (
        {"loss": "cross_entropy"},
        np.full(20, np.nan),
        "row 0 is nan, but targets must be finite",
    ),
    "names": (
        {"loss": "cross_entropy"},
        ["a", "b"] * 10,
        "targets: row 0(, column 0)? is 'a'; encode it as a n",
    ),
    "probabilities": (
        {"loss": "cross_entropy"},
        np.full((20, 2), 0.7),
        r"row 0 is \[0.7, 0.7\], but a row of class prob",
    ),
    "three columns": ({"loss": "cross_entropy"}, np.eye(3)[LABELS], r"labels \[N\] or probabilities \[N × 2\]"),
    "not 0 or 1": ({"loss": "binary_cross_entropy"}, Y + 5, "but binary cross-entropy needs 0, 1 or a probability"),
    "no sign": (
        {"loss": "hinge"},
        np.full((20, 2), 2),
        r"row 0 is \[2, 2\], but the hinge loss needs classes −1 and 1",
    ),
    "far down": ({}, replaced(np.zeros((200_000, 2)), 199_990, 0, np.inf), r"targets: row 199990 is \[inf, 0.0\]"),
    "mixed signs": ({"loss": "hinge"}, np.array([[0, -1]] * 20), "targets mix −1 and 0"),
    "negative count": ({"loss": "poisson"}, -np.ones((20, 2)), "but the Poisson loss needs counts of at least 0"),
}


@pytest.mark.parametrize(("options", "bad", "message"), TARGETS.values(), ids=TARGETS)
def test_targets(options, bad, message):
    net = network(**options)
    for call in (net.fit, net.evaluate):
        with pytest.raises(ArgumentError, match=message):
            call(X, bad)
    with pytest.raises(
        ArgumentError, match=message.replace("X has 20 rows, but its targets have", "x has 20 rows, but y has")
    ):
        net.backpropagate(X, bad)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"l1": -1}, "l1 must be a finite number of at least 0, got -1"),
        ({"l2": float("nan")}, "l2 must be a finite number of at least 0, got nan"),
        ({"l2": "a"}, "l2 must be a finite number of at least 0, got 'a'"),
        ({"optimizer": "adam"}, r"optimizer must be .* such as optim.Adam\(1e-3\), got 'adam'"),
        ({"optimizer": optim.Adam}, r"optimizer must be .* such as optim.Adam\(1e-3\)"),
        ({"sample_weight": [1]}, "sample weights of X must be 20 finite numbers"),
        ({"class_weight": "balanced"}, "class_weight needs one label for each example; the loss half_squared has none"),
        ({"validation": 5}, r"validation must be \(X, y\), \(X, y, sample_weight\), or the share of the rows"),
        ({"validation": 1.5}, "validation must lie between 0 and 1"),
        ({"validation": 0.001}, "validation 0.001 of .* rows would set 0 aside"),
        ({"validation": (X,)}, r"validation must be \(X, y\)"),
        ({"early_stopping": 2}, "early_stopping needs a validation set; give validation"),
        ({"callbacks": [5]}, "callbacks must be functions of the training or Callback objects, got 5"),
        ({"order": [[20]], "epochs": 1}, "order, epoch 1: positions must lie in 0 … 19"),
    ],
)
def test_options_of_fit(options, message):
    with pytest.raises(ChainruleError, match=message):
        network().fit(X, Y, progress=False, **options)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ({0: 1}, r"class_weight has no weight for label 1; the labels are \[0, 1\]"),
        ({0: 1, 1: None}, r"class_weight gives label 1 the weight None; write \{0: 1.0, 1: 2.5\}"),
        ({0: 1, "1": 2}, "class_weight gives label '1' the weight 2"),
        ({0: 1, 1: -2.0}, "class_weight gives label 1 the weight -2.0"),
        ("bal", "class_weight must be a dict or \"balanced\", got 'bal'"),
        ({0: 0, 1: 0}, "sample weights of X must be 20 finite numbers of at least 0, not all 0"),
    ],
)
def test_class_weights(weight, message):
    with pytest.raises(ArgumentError, match=message):
        network(loss="cross_entropy").fit(X, LABELS, class_weight=weight)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Network(0, [nn.Dense(1)]), "n_inputs must be a whole number above 0, got 0"),
        (lambda: nn.Network(2.0, [nn.Dense(1)]), "n_inputs must be a whole number above 0, got 2.0"),
        (lambda: nn.Network(3, []), "a network needs at least one layer"),
        (lambda: nn.Network(3, nn.Dense(2)), r"layers must be a list of layers such as \[nn.Dense\(10\)\], got Dense"),
        (lambda: nn.Network(3, None), "layers must be a list of layers .* got None"),
        (
            lambda: nn.Network(3, "relu"),
            "layer 1 must be a layer such as nn.Dense(10), got 'r'".replace("(", r"\(").replace(")", r"\)"),
        ),
        (lambda: nn.Network(3, [nn.Dense(2), "relu"]), r"layer 2 must be a layer such as nn.Dense\(10\), got 'relu'"),
        (lambda: nn.Network(3, [nn.Dense]), "layer 1 must be a layer such as"),
        (lambda: nn.Network(3, [nn.Dense(1)], seed=-1), "seed must be a whole number in 0 … 2⁶⁴−1, got -1"),
        (lambda: nn.Network(3, [nn.Dense(1)], seed=None), "seed must be a whole number in 0 … 2⁶⁴−1, got None"),
        (lambda: nn.Network(3, [nn.Dense(1)], dtype="float16"), "dtype float16 is not supported"),
        (lambda: nn.Network(3, [nn.Dense(1)], dtype="nonsense"), "dtype .*nonsense"),
        (lambda: nn.Network(3, [nn.Dense(1)], dtype=int), "dtype must be float32 or float64, got int64"),
        (lambda: nn.Network(3, [nn.Dense(1)], loss="nope"), "there is no loss 'nope'; use one of half_squared, mse"),
        (lambda: nn.Network(3, [nn.Dense(1)], loss=5), "there is no loss 5; use one of half_squared, mse"),
        (lambda: nn.Network(3, [nn.Dense(1)], loss=None), "there is no loss None; use one of"),
        (lambda: nn.Network(3, [nn.Dense(1)], loss="huber(-1)"), "huber: delta must be .* above 0, got -1.0"),
        (
            lambda: nn.Network(3, [nn.Dense(1)], loss="quantile(2)"),
            "quantile: q must lie between 0 and 1, both excluded, got 2.0",
        ),
        (
            lambda: nn.Network(3, [nn.Dense(1)], loss="huber(a)"),
            r"the loss 'huber\(a\)' needs a number, as in 'huber\(",
        ),
        (lambda: nn.Network(3, [nn.Dense(1)], loss=["mse"]), r"there is no loss \['mse'\]"),
        (lambda: nn.Network(3, [nn.Dense(1)], loss="crossentropy"), r"\(did you mean 'cross_entropy'\?\); use one of"),
        (lambda: nn.Dense(2, "ReLU"), r"there is no activation 'ReLU' \(did you mean 'relu'\?\)"),
        (lambda: nn.Network(3, [nn.Dense(2, weights="glorott")]), r"'glorott' \(did you mean 'glorot'\?\)"),
        (lambda: nn.huber(0), "huber: delta must be a finite number above 0, got 0"),
        (lambda: nn.quantile(1), "quantile: q must lie between 0 and 1, both excluded, got 1"),
        (lambda: nn.Dense(0), "Dense: n_outputs must be a whole number above 0, got 0"),
        (lambda: nn.Dense("relu"), "Dense: n_outputs must be a whole number above 0, got 'relu'"),
        (lambda: nn.Dense(2, "nope"), "there is no activation 'nope'; use one of linear, sigmoid"),
        (lambda: nn.Dense(2, None), "there is no activation None"),
        (lambda: nn.Dense(2, ["relu"]), r"there is no activation \['relu'\]"),
        (lambda: nn.Network(3, [nn.Dense(2, weights="nope")]), "layer 1: weights: there is no initialiser 'nope'"),
        (lambda: nn.Network(3, [nn.Dense(2, weights=np.ones((3, 2)))]), r"layer 1: weights must have shape \[2, 3\]"),
        (lambda: nn.Network(3, [nn.Dense(2, weights=[[1], [1, 2]])]), "layer 1: weights is ragged"),
        (lambda: nn.Network(3, [nn.Dense(2, biases=["a", "b"])]), "layer 1: biases has dtype <U1"),
        (lambda: nn.Network(3, [nn.Dense(2, biases=[1, np.nan])]), "layer 1: biases contains nan or infinity"),
        (lambda: nn.Dropout(1), "Dropout: rate must be a number of at least 0 and below 1, got 1"),
        (lambda: nn.Dropout("a"), "Dropout: rate must be a number of at least 0 and below 1, got 'a'"),
        (lambda: nn.BatchNorm(momentum=0), "BatchNorm: momentum must be a number above 0 and at most 1, got 0"),
        (lambda: nn.BatchNorm(epsilon=-1), "BatchNorm: epsilon must be a finite number of at least 0, got -1"),
        (lambda: nn.LayerNorm(epsilon="a"), "LayerNorm: epsilon must be a finite number of at least 0, got 'a'"),
        (lambda: nn.Residual([]), "Residual needs at least one layer"),
        (lambda: nn.Residual(nn.Dense(3)), "layers must be a list of layers"),
        (lambda: nn.Residual(["relu"]), "layer 1 must be a layer such as"),
        (
            lambda: nn.Network(3, [nn.Residual([nn.Dense(2)])]),
            "layer 1: a Residual block adds 3 inputs to 2 outputs; make",
        ),
        (lambda: nn.Network(3, [nn.Residual([nn.Dense(3, weights="no")])]), "layer 1: layer 1: weights: there is no"),
        (lambda: nn.Embedding([0]), "Embedding: categories and dimension must be a whole number above 0, got 0"),
        (lambda: nn.Embedding(0, 5, 3), "Embedding: categories and dimension must be a whole number above 0, got 0"),
        (lambda: nn.Embedding([2, 2], columns=[1]), "must name each embedded column once"),
        (lambda: nn.Embedding([2, 2], columns=[1, 1]), "must name each embedded column once"),
        (
            lambda: nn.Network(1, [nn.Embedding([2], columns=[1])]),
            r"layer 1: Embedding: columns \[1\] do not all exist",
        ),
    ],
)
def test_networks_that_cannot_be_made(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


PARAMETERS = {
    "number": ({"weights": [np.ones((4, 3))]}, "this network has 2 W, got 1"),
    "shape": ({"weights": [np.ones((4, 3)), np.ones((4, 2))]}, r"W2 must have shape \[2, 4\], got \[4, 2\]"),
    "nan": ({"biases": [np.ones(4), [1, np.nan]]}, "b2 contains nan or infinity"),
    "ragged": ({"weights": [[[1], [1, 2]], np.ones((2, 4))]}, "W1 is ragged"),
    "text": ({"biases": [list("abcd"), list("ab")]}, "b1 has dtype <U1"),
    "second argument": (
        {"weights": [np.ones((4, 3)), np.ones((2, 4))], "biases": [np.ones(4)]},
        "this network has 2 b, got 1",
    ),
}


@pytest.mark.parametrize(("given", "message"), PARAMETERS.values(), ids=PARAMETERS)
def test_parameters_that_do_not_fit_change_nothing(given, message):
    net = network()
    before = [array.tobytes() for _, array in net.named_arrays()]
    with pytest.raises(ArgumentError, match=message):
        net.set_parameters(**given)
    assert [array.tobytes() for _, array in net.named_arrays()] == before


def test_a_fit_that_is_refused_changes_nothing():
    net = network()
    before, history = [array.tobytes() for _, array in net.named_arrays()], net.history
    for bad in ({"l2": -1}, {"order": [[99]], "epochs": 1}, {"early_stopping": 3}):
        with pytest.raises(ArgumentError):
            net.fit(X, Y, **bad)
    assert [array.tobytes() for _, array in net.named_arrays()] == before
    assert net.history is history


def test_probabilities_of_a_loss_without_them():
    with pytest.raises(ArgumentError, match="half_squared does not give probabilities; train with a cross-entropy"):
        network().predict_proba(X)


def test_a_loss_of_ones_own_must_say_the_loss_of_each_example():
    net = network(loss=lambda outputs, y: np.mean((outputs - y) ** 2))
    for call in (net.evaluate, net.fit):
        with pytest.raises(ArgumentError, match=r"returned shape \[\].*one loss for each example, \[20\]"):
            call(X, Y, **({"progress": False} if call == net.fit else {}))


def test_an_activation_that_changes_the_shape_is_named_with_its_layer():
    def total(z):
        return np.sum(z)

    net = nn.Network(3, [nn.Dense(4), nn.Residual([nn.Dense(4, total)]), nn.Dense(2)])
    with pytest.raises(ArgumentError, match=r"layer 2: layer 1: the activation total .* \[\], expected \[20, 4\]"):
        net.evaluate(X, Y)


def test_an_activation_that_cannot_be_recorded_is_named_with_its_layer_and_line():
    net = nn.Network(3, [nn.Dense(4), nn.Dense(2, lambda z: z if np.sum(z) > 0 else -z)])
    for call in (lambda: net.predict(X), lambda: net.fit(X, Y, progress=False)):
        with pytest.raises(TraceError, match=r"layer 2: .*test_bad_input\.py:\d+"):
            call()


def test_numbers_that_overflow_warn_of_nothing():
    net = nn.Network(1, [nn.Dense(1, weights=[[1.0]])], loss="poisson")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert net.predict([[1e4]]) == np.inf
        assert net.evaluate([[1e4]], [1.0])["loss"] == np.inf


def test_a_code_far_down_that_no_category_has():
    net = nn.Network(1, [nn.Embedding(2, 2), nn.Dense(2)])
    X = np.zeros((200_000, 1))
    X[199_990] = 2
    with pytest.raises(
        ArgumentError, match=r"X: row 199990, column 0 is 2\.0, but the Embedding takes whole numbers 0 … 1"
    ):
        net.predict(X)
