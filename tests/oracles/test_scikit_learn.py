"""Networks beside scikit-learn's on its own digits, with equal settings; where scikit-learn is installed."""

import numpy as np
import pytest

from chainrule import nn, optim

sklearn = pytest.importorskip("sklearn")


def test_digits():
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    X, y = load_digits(return_X_y=True)
    X = X / 16
    order = np.random.default_rng(0).permutation(len(X))
    train, test = order[:1200], order[1200:]
    ours, theirs = [], []
    for seed in range(3):
        net = nn.Network(64, [nn.Dense(64, "relu"), nn.Dense(10)], loss="cross_entropy", seed=seed)
        net.fit(X[train], y[train], optimizer=optim.Adam(1e-3), epochs=40, batch_size=50, seed=seed, progress=False)
        ours.append(np.mean(net.predict(X[test]) == y[test]))
        theirs.append(their_accuracy(MLPClassifier, X[train], y[train], X[test], y[test], seed))
    assert np.mean(ours) >= np.mean(theirs) - 0.01
    assert np.mean(ours) > 0.95


def their_accuracy(classifier, X, y, test_X, test_y, seed):
    import warnings

    model = classifier((64,), solver="adam", alpha=0, batch_size=50, max_iter=40, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # forty epochs are meant
        model.fit(X, y)
    return model.score(test_X, test_y)
