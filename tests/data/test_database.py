"""Ctrl-C while DuckDB is busy is a KeyboardInterrupt, as everywhere in Python."""

import os
import signal
import threading

import pytest

from chainrule.data.database import database, interrupts_held_back

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends signals as Unix does")

ENDLESS = "SELECT sum(sin(a.range) * b.range) FROM range(10000000) a, range(10000000) b"


def query_until_interrupted():
    with database() as connection:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        connection.execute(ENDLESS).fetchall()


def fail_otherwise():
    with database():
        raise RuntimeError("something else")


def interrupt_what_holds_back(reached):
    with interrupts_held_back():
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        reached.append("the end")
    signal.getsignal(signal.SIGINT)


def test_a_query_is_interrupted():
    with pytest.raises(KeyboardInterrupt):
        query_until_interrupted()


def test_no_query_waits_for_other_threads():
    """On two or more threads DuckDB 2.0.1 now and then never comes back from an interrupt."""
    with database() as connection:
        assert connection.execute("SELECT current_setting('threads')").fetchall() == [(1,)]


def test_another_fault_stays_what_it_is():
    with pytest.raises(RuntimeError, match="something else"):
        fail_otherwise()


def test_an_interrupt_waits_until_it_is_let_through():
    reached = []
    with pytest.raises(KeyboardInterrupt):
        interrupt_what_holds_back(reached)
    assert reached == ["the end"]
