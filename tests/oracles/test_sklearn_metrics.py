"""scikit-learn as oracle for the scores."""

import numpy as np
import pytest

from chainrule.tabular.metrics import class_scores, number_scores

metrics = pytest.importorskip("sklearn.metrics")


@pytest.mark.parametrize("seed", range(5))
def test_class_scores(seed):
    random = np.random.default_rng(seed)
    for classes in (2, 3, 7):
        labels = random.integers(0, classes, 200)
        logits = random.normal(0, 1.5, (200, classes)).round(1)
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        scores = class_scores(labels, p)
        assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(labels, p.argmax(axis=1)))
        assert scores["log_loss"] == pytest.approx(metrics.log_loss(labels, p, labels=range(classes)), rel=1e-12)
        if classes == 2:
            assert scores["auc"] == pytest.approx(metrics.roc_auc_score(labels, p[:, 1]), rel=1e-12)


def test_number_scores():
    random = np.random.default_rng(0)
    truth, predicted = random.normal(5, 3, 300), random.normal(5, 3, 300)
    scores = number_scores(truth, predicted)
    assert scores["rmse"] == pytest.approx(metrics.root_mean_squared_error(truth, predicted))
    assert scores["mae"] == pytest.approx(metrics.mean_absolute_error(truth, predicted))
    assert scores["r2"] == pytest.approx(metrics.r2_score(truth, predicted))
