"""What was used last is kept, and nothing else."""

import os
import signal
import threading
import time

import pytest

from chainrule.lru_cache import LruCache
from patience import PATIENCE


def test_a_result_is_made_once():
    kept, made = LruCache(2), []
    for _ in range(3):
        assert kept.get("a", lambda: made.append("a") or "made") == "made"
    assert made == ["a"]


def test_what_was_used_least_recently_is_forgotten():
    kept, made = LruCache(2), []

    def get(key):
        kept.get(key, lambda: made.append(key))

    for key in "abacab":
        get(key)
    assert made == ["a", "b", "c", "b"]
    assert len(kept) == 2
    kept.clear()
    get("a")
    assert made[-1] == "a"
    assert len(kept) == 1


def test_a_failure_is_not_kept():
    kept = LruCache(2)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 / 0)
    assert kept.get("a", lambda: 1) == 1


def test_making_one_result_keeps_nobody_else_waiting():
    kept, begun, go_on = LruCache(4), threading.Event(), threading.Event()

    def slow():
        begun.set()
        assert go_on.wait(PATIENCE)
        return "slow"

    thread = threading.Thread(target=lambda: kept.get("slow", slow))
    thread.start()
    assert begun.wait(PATIENCE)
    assert kept.get("other", lambda: "other") == "other"
    go_on.set()
    thread.join(PATIENCE)
    assert kept.get("slow", lambda: "again") == "slow"


class Slow:
    """A key that takes its time: whoever looks for it is inside for long."""

    def __init__(self):
        self.inside = threading.Event()

    def __hash__(self):
        self.inside.set()
        time.sleep(0.2)
        return 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # JAX says so where another test has loaded it
def test_a_child_forked_while_another_thread_is_inside_is_not_stuck():
    kept, slow = LruCache(2), Slow()
    thread = threading.Thread(target=lambda: kept.get(slow, lambda: 1))
    thread.start()
    assert slow.inside.wait(PATIENCE)
    child = os.fork()
    if child == 0:
        signal.alarm(300)
        os._exit(kept.get("a", lambda: 7))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    thread.join(PATIENCE)
    assert kept.get("b", lambda: 8) == 8
