"""Which steps are measured: those that matter most, and so few that it costs little."""

import numpy as np
import pytest

from chainrule.doctor.measuring import Detail
from chainrule.doctor.recorder import Recorder, Rhythm


def details(diagnose, rhythm, steps, at_once=7):
    """What is measured of every step, in calls of at most so many steps."""
    recorder, found = Recorder(diagnose, [], rhythm=rhythm), []
    while len(found) < steps:
        step = len(found)
        detail, count = recorder.next(step)
        assert detail in recorder.details
        assert count >= 1
        made = min(count, at_once, steps - step)
        if detail:
            recorder.take(step, np.zeros(made), [])
        found += [detail] * made
    return np.array(found)


def test_every_detail_at_powers_of_two_and_then_at_equal_distances():
    found = details("cheap", Rhythm(farthest=16), 100)
    assert (np.flatnonzero(found == Detail.EVERYTHING) + 1).tolist() == [1, 2, 4, 8, 16, 32, 48, 64, 80, 96]
    assert set(found) == {Detail.EVERYTHING, Detail.NOTHING}


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_a_full_diagnosis_measures_all_layers_at_first_and_then_a_share(at_once):
    found = details("full", Rhythm(farthest=16, share=0.25), 80, at_once)
    assert not (found[:16] == Detail.NOTHING).any()
    for start in range(16, 80, 16):
        expected = [Detail.LAYERS] * 4 + [Detail.NOTHING] * 11 + [Detail.EVERYTHING]
        assert found[start : start + 16].tolist() == expected


def test_a_full_diagnosis_of_a_large_network_measures_all_layers():
    rhythm = Rhythm.of(weights=784 * 128 + 128 * 64, units=202, examples=64)
    assert rhythm == Rhythm(512, 1.0)
    recorder = Recorder("full", [], rhythm=rhythm)
    assert recorder.details == (Detail.EVERYTHING, Detail.LAYERS)
    assert (details("full", rhythm, 2000) != Detail.NOTHING).all()


def test_the_smaller_the_network_the_farther_apart():
    sizes = [(30, 5), (500, 30), (4800, 129), (20_000, 200), (10**6, 2000)]
    rhythms = [Rhythm.of(weights, units, 32) for weights, units in sizes]
    apart = [rhythm.farthest for rhythm in rhythms]
    assert apart == sorted(apart, reverse=True)
    assert apart[0] == 1 << 16
    assert apart[-1] == 512
    assert [rhythm.share for rhythm in rhythms] == sorted(rhythm.share for rhythm in rhythms)
    for (weights, _), rhythm in zip(sizes[1:4], rhythms[1:4], strict=True):
        assert 2e9 <= 6 * weights * 32 * rhythm.farthest < 4e9


def test_a_network_without_weights():
    assert Rhythm.of(0, 0, 0).farthest == 1 << 16
