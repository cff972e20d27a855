"""The scores, on cases that can be worked out by hand."""

import numpy as np
import pytest

from chainrule.tabular.metrics import area_under_curve, class_scores, number_scores


def test_area_under_the_curve_counts_pairs_and_half_of_ties():
    random = np.random.default_rng(0)
    positive, score = random.random(60) < 0.4, random.integers(0, 8, 60)
    pairs = [(p > n) + 0.5 * (p == n) for p in score[positive] for n in score[~positive]]
    assert area_under_curve(positive, score) == pytest.approx(np.mean(pairs), abs=1e-15)
    assert area_under_curve(np.array([True, False]), np.array([0.9, 0.1])) == 1
    assert area_under_curve(np.array([True, False]), np.array([0.5, 0.5])) == 0.5


def test_scores_of_two_classes():
    scores = class_scores(np.array([0, 1, 1, 0]), np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8], [0.4, 0.6]]))
    assert scores["accuracy"] == 0.5  # the tie goes to the first class, and the last row is wrong
    assert scores["log_loss"] == pytest.approx(-np.log([0.9, 0.5, 0.8, 0.4]).mean())
    assert scores["auc"] == 0.75


def test_one_class_or_three_have_no_area_under_the_curve():
    assert "auc" not in class_scores(np.array([1, 1]), np.array([[0.5, 0.5], [0.2, 0.8]]))
    assert "auc" not in class_scores(np.array([0, 1]), np.full((2, 3), 1 / 3))


def test_a_wrong_certainty_costs_much_but_not_infinitely_much():
    assert class_scores(np.array([0]), np.array([[0.0, 1.0]], np.float32))["log_loss"] == pytest.approx(15.94, abs=0.01)


def test_scores_of_numbers():
    scores = number_scores(np.array([1.0, 2.0, 6.0]), np.array([1.0, 4.0, 5.0]))
    assert scores["rmse"] == pytest.approx(np.sqrt(5 / 3))
    assert scores["mae"] == 1.0
    assert scores["r2"] == pytest.approx(1 - 5 / 14)
