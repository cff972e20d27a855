"""All threads of a run work at once and have all left when it returns, whatever happens."""

import gc
import os
import sys
import weakref

import pytest

from chainrule.codegen.target import target
from chainrule.errors import ArgumentError, ChainruleError
from chainrule.runtime import threads, workers
from chainrule.runtime.code import assembly

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX does")

PREPARE = """
    import ctypes, os, signal, sys, threading, time
    from native_functions import FUNCTIONS
    from chainrule.codegen.target import host
    from chainrule.runtime import threads
    from chainrule.runtime.code import load
    native = load(FUNCTIONS, host(), ["visit", "barrier", "stay"])
    def memory(*values):
        return (ctypes.c_int64 * 64)(*values)
    def run(name, memory, count):
        threads.run(native.address(name), ctypes.addressof(memory), count)
    def arrivals(count):
        numbers = memory(0, 0, threads.yield_address())
        run("barrier", numbers, count)
        return numbers[0]
"""


@pytest.mark.parametrize("count", [1, 2, 3, 8, 16])
def test_each_thread_is_called_once_with_its_number(native, numbers, count):
    memory, address = numbers
    threads.run(native.address("visit"), address, count)
    assert list(memory) == [1] * count + [0] * (32 - count) + [count] * count + [0] * (32 - count)


@pytest.mark.parametrize("count", [2, 7, 40])
def test_all_threads_of_a_run_are_there_at_once(native, numbers, count):
    memory, address = numbers
    memory[2] = threads.yield_address()
    threads.run(native.address("barrier"), address, count)
    assert memory[0] == count


def test_workers_are_used_again(native, numbers):
    memory, address = numbers
    threads.run(native.address("visit"), address, 4)
    before = threads._pool._slots
    for _ in range(200):
        threads.run(native.address("visit"), address, 4)
        threads.run(native.address("visit"), address, 2)
    assert threads._pool._slots == before
    assert list(memory[:5]) == [401, 401, 201, 201, 0]


def test_sixteen_python_threads_run_at_the_same_time(script):
    printed = script(
        PREPARE
        + """
    results = []
    def repeat():
        results.extend(arrivals(3) for _ in range(100))
    together = [threading.Thread(target=repeat) for _ in range(16)]
    [thread.start() for thread in together]
    [thread.join() for thread in together]
    print(len(results), set(results), threads._pool._slots <= 16 * 2)
    """
    )
    assert printed == "1600 {3} True\n"


@pytest.mark.parametrize("count", [0, -1, 1.0, "2", None])
def test_a_number_of_threads_that_makes_no_sense(native, numbers, count):
    with pytest.raises(ArgumentError, match="threads must be a whole number"):
        threads.run(native.address("visit"), numbers[1], count)
    assert list(numbers[0]) == [0] * 64


def test_too_many_threads_are_refused_before_anything_runs(native, numbers, monkeypatch):
    monkeypatch.setattr(workers, "CAPACITY", 3)
    pool = workers.Pool()
    pool.run(native.address("visit"), numbers[1], 4)
    with pytest.raises(ChainruleError, match="CHAINRULE_THREADS"):
        pool.run(native.address("visit"), numbers[1], 5)
    pool.run(native.address("visit"), numbers[1], 4)
    assert list(numbers[0][:5]) == [2, 2, 2, 2, 0]


def test_a_system_without_more_threads_is_named_and_a_later_run_works(native, numbers, monkeypatch):
    pool = workers.Pool()

    with monkeypatch.context() as patch:
        patch.setattr(workers, "_STACK", 1 << 60)
        with pytest.raises(ChainruleError, match=r"the system gives no more threads.*CHAINRULE_THREADS=1"):
            pool.run(native.address("visit"), numbers[1], 3)
    assert list(numbers[0]) == [0] * 64
    pool.run(native.address("visit"), numbers[1], 3)
    assert list(numbers[0][:4]) == [1, 1, 1, 0]


def test_memory_and_code_of_sleeping_workers_outlive_their_pool(native, numbers):
    pool = workers.Pool()
    pool.run(native.address("visit"), numbers[1], 2)
    memory, code = weakref.ref(pool._memory), weakref.ref(pool._code)
    del pool
    gc.collect()
    assert memory() is not None
    assert code() is not None


def test_an_interrupt_while_a_worker_is_started_leaves_no_slot_to_two_workers(native, numbers, monkeypatch):
    pool = workers.Pool()
    start = workers._start_thread

    def interrupted(function, argument):
        start(function, argument)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(workers, "_start_thread", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pool.run(native.address("visit"), numbers[1], 3)
    for _ in range(50):
        pool.run(native.address("visit"), numbers[1], 3)
    assert list(numbers[0][:4]) == [50, 50, 50, 0]


@needs_signals
def test_an_interrupt_takes_effect_when_all_threads_have_left(script):
    printed = script(
        PREPARE
        + """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells let what runs in the background ignore it
    arrived, arrives = os.pipe()
    os.set_blocking(arrives, False)
    signal.set_wakeup_fd(arrives)
    numbers = memory(0, 0, 10**15)
    def interrupt():
        while numbers[0] < 3:
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)
        os.read(arrived, 1)
        numbers[2] = 0  # all may leave
    threading.Thread(target=interrupt).start()
    try:
        run("stay", numbers, 3)
        print("not interrupted")
    except KeyboardInterrupt:
        print(numbers[0], numbers[1])
    """
    )
    assert printed == "3 3\n"


@needs_signals
def test_interrupts_at_random_moments_leave_no_thread_inside(script):
    printed = script(
        PREPARE
        + """
    import random
    random.seed(0)
    def interrupt(number, frame):
        raise KeyboardInterrupt
    signal.signal(signal.SIGALRM, interrupt)
    interrupted = inside = 0
    for i in range(1500):
        if i % 100 == 0:
            threads._pool = None  # so that workers are started again
            threads._make_pool()  # loaded before, since an interrupt that meets a destructor of llvmlite is printed
        numbers = memory(0, 0, 100)
        try:
            # again after 0.1 s, since an interrupt that meets a destructor is ignored by Python
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 4e-4), 0.1)
            while True:
                run("stay", numbers, 3 + i % 2)
        except KeyboardInterrupt:
            signal.setitimer(signal.ITIMER_REAL, 0)
            interrupted += 1
            inside += numbers[0] - numbers[1]
    print(interrupted, inside, arrivals(4))
    """
    )
    assert printed == "1500 0 4\n"


@needs_fork
def test_a_forked_child_has_workers_of_its_own(script):
    printed = script(
        PREPARE
        + """
    print(arrivals(3), flush=True)
    child = os.fork()
    if child == 0:
        signal.alarm(300)
        print(arrivals(3), arrivals(4), threads._pool._slots, flush=True)
        os._exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), arrivals(5))
    """
    )
    assert printed == "3\n3 4 3\n7 5\n"


@needs_fork
def test_children_forked_while_other_threads_run_and_compile(script):
    printed = script(
        PREPARE
        + """
    stop = threading.Event()
    def compile(name):
        i = 0
        while not stop.is_set():
            i += 1
            text = FUNCTIONS + f"define i64 @{name}() {{ ret i64 {i} }}"
            load(text, host(), [name])
    def wait():
        while not stop.is_set():
            arrivals(2)
    busy = [threading.Thread(target=compile, args=(name,)) for name in ("a", "b")] + [threading.Thread(target=wait)]
    [thread.start() for thread in busy]
    codes = []
    for i in range(25):
        time.sleep(0.003)
        child = os.fork()
        if child == 0:
            signal.alarm(300)
            answer = load(f"define i64 @answer() {{ ret i64 {i} }}", host(), ["answer"])
            right = answer.function("answer", result=ctypes.c_int64)() == i and arrivals(2) == 2
            os._exit(0 if right else 1)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    stop.set()
    [thread.join() for thread in busy]
    print(set(codes))
    """
    )
    assert printed == "{0}\n"


@pytest.mark.parametrize("last", ["", "threading.Thread(target=run, args=('stay', forever, 3), daemon=True).start()"])
def test_the_interpreter_ends_though_workers_wait_or_work(script, last):
    inside = 3 if last else 0
    text = f"{PREPARE}\n    arrivals(4)\n    forever = memory(0, 0, 2**62)\n    {last}\n"
    text += f"    while forever[0] < {inside}:\n        time.sleep(0.001)\n"
    assert script(text + "    print(forever[0])\n") == f"{inside}\n"


@pytest.mark.parametrize(("level", "pause"), [("avx2", "pause"), ("neon", "isb")])
def test_who_waits_lets_its_sibling_work(level, pause):
    assert assembly(workers.native_code(level), target(level)).count(f"\t{pause}\n") == 2


def test_counting_cores_loads_no_compiler(script):
    printed = script("""
        import sys
        from chainrule.runtime import threads
        threads.available()
        print("llvmlite" in sys.modules, "numpy" in sys.modules)
    """)
    assert printed == "False False\n"
