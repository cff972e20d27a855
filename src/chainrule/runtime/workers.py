"""A pool of worker threads that wait in machine code, so that dispatching work is one call that nothing can interrupt.

The caller and its workers wait for each other at barriers, so all of them must run, and none may be left running when
the caller goes on and frees the memory they work on. In Python, Ctrl-C could come between any two steps of handing over
and waiting; in one native call it cannot. Nor is the interpreter's lock needed to wake a worker, or to see that it is
done.

Workers are threads of the system that know nothing of Python: `threading.Thread.start` takes locks and waits in Python,
so Ctrl-C in the middle of it can leave a lock taken or released twice. One native call starts a worker.

A pool is memory that these threads share: one slot for each worker. A call of `run` claims free slots by
compare-and-swap, so that calls from several Python threads each have workers of their own. It fills them in, sets them
going, does its own part, and waits. A worker spins for a while after its work, then sleeps on a semaphore.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from typing import Any

from chainrule.codegen.target import host
from chainrule.errors import ChainruleError
from chainrule.runtime.code import load

CAPACITY = 1024
"""The most workers of a process."""

_SLOT = 128  # two cache lines: processors fetch neighbours in pairs
_SEMAPHORE = 64  # where in its slot a semaphore has room
_SPINS = 200  # pauses of 25-45 ns: 5-9 µs, less than it takes to wake a thread, and little lost where cores are few
_STACK = 8 << 20  # bytes, as Linux gives; some systems give a few kilobytes, and tiles are packed on the stack
_FOREVER = -1
_FREE = 1

_IR = f"""
; state, asleep, function, context, thread, threads, semaphore, and the function that waits for it
%slot = type {{ i64, i64, ptr, ptr, i64, i64, ptr, ptr }}
%pool = type {{ i64, ptr, ptr }}  ; workers, and the functions yield and post

; States: 0 no worker yet, 1 free, 2 claimed, 3 at work, 4 done.

define void @work(ptr %slot) nounwind {{
entry:
  %wait.place = getelementptr %slot, ptr %slot, i64 0, i32 7
  %wait = load ptr, ptr %wait.place
  %asleep = getelementptr %slot, ptr %slot, i64 0, i32 1
  %function.place = getelementptr %slot, ptr %slot, i64 0, i32 2
  %context.place = getelementptr %slot, ptr %slot, i64 0, i32 3
  %thread.place = getelementptr %slot, ptr %slot, i64 0, i32 4
  %threads.place = getelementptr %slot, ptr %slot, i64 0, i32 5
  %semaphore.place = getelementptr %slot, ptr %slot, i64 0, i32 6
  %semaphore = load ptr, ptr %semaphore.place
  br label %spin
spin:
  %round = phi i64 [ 0, %entry ], [ 0, %go ], [ %round.next, %pause ]
  %seen = load atomic i64, ptr %slot acquire, align 8
  %called = icmp eq i64 %seen, 3
  br i1 %called, label %go, label %patience
patience:
  %more = icmp ult i64 %round, {_SPINS}
  br i1 %more, label %pause, label %doze
pause:
  PAUSE
  %round.next = add i64 %round, 1
  br label %spin
doze:  ; say that it sleeps, then look once more: the caller does the same two steps the other way round
  store atomic i64 1, ptr %asleep seq_cst, align 8
  %again = load atomic i64, ptr %slot seq_cst, align 8
  %called.now = icmp eq i64 %again, 3
  br i1 %called.now, label %go, label %sleep
sleep:
  %ignored = call i32 %wait(ptr %semaphore, i64 {_FOREVER})
  br label %doze
go:
  store atomic i64 0, ptr %asleep seq_cst, align 8
  %function = load ptr, ptr %function.place
  %context = load ptr, ptr %context.place
  %thread = load i64, ptr %thread.place
  %threads = load i64, ptr %threads.place
  call void %function(ptr %context, i64 %thread, i64 %threads)
  store atomic i64 4, ptr %slot release, align 8
  br label %spin
}}

; Run a function in so many threads; returns how many workers are missing, and has done nothing if there are any.
define i64 @run(ptr %pool, ptr %function, ptr %context, i64 %threads) nounwind {{
entry:
  %workers = load atomic i64, ptr %pool acquire, align 8
  %needed = sub i64 %threads, 1
  %claimed = alloca ptr, i64 %needed
  %slots = getelementptr i8, ptr %pool, i64 {_SLOT}
  %yield.place = getelementptr %pool, ptr %pool, i64 0, i32 1
  %post.place = getelementptr %pool, ptr %pool, i64 0, i32 2
  %yield = load ptr, ptr %yield.place
  %post = load ptr, ptr %post.place
  br label %claim

claim:
  %i = phi i64 [ 0, %entry ], [ %i.next, %claim.next ]
  %n = phi i64 [ 0, %entry ], [ %n.next, %claim.next ]
  %enough = icmp eq i64 %n, %needed
  br i1 %enough, label %start, label %look
look:
  %any = icmp ult i64 %i, %workers
  br i1 %any, label %try, label %give.up
try:
  %distance = mul i64 %i, {_SLOT}
  %candidate = getelementptr i8, ptr %slots, i64 %distance
  %exchange = cmpxchg ptr %candidate, i64 1, i64 2 acq_rel acquire
  %free = extractvalue {{ i64, i1 }} %exchange, 1
  br i1 %free, label %take, label %claim.next
take:
  %n.one = add i64 %n, 1
  %taken.place = getelementptr ptr, ptr %claimed, i64 %n
  store ptr %candidate, ptr %taken.place
  %function.place = getelementptr %slot, ptr %candidate, i64 0, i32 2
  %context.place = getelementptr %slot, ptr %candidate, i64 0, i32 3
  %thread.place = getelementptr %slot, ptr %candidate, i64 0, i32 4
  %threads.place = getelementptr %slot, ptr %candidate, i64 0, i32 5
  store ptr %function, ptr %function.place
  store ptr %context, ptr %context.place
  store i64 %n.one, ptr %thread.place
  store i64 %threads, ptr %threads.place
  br label %claim.next
claim.next:
  %n.next = phi i64 [ %n, %try ], [ %n.one, %take ]
  %i.next = add i64 %i, 1
  br label %claim

give.up:
  %undo = phi i64 [ %n, %look ], [ %undo.next, %undo.one ]
  %undone = icmp eq i64 %undo, 0
  br i1 %undone, label %missing, label %undo.one
undo.one:
  %undo.next = sub i64 %undo, 1
  %undo.place = getelementptr ptr, ptr %claimed, i64 %undo.next
  %undo.slot = load ptr, ptr %undo.place
  store atomic i64 1, ptr %undo.slot release, align 8
  br label %give.up
missing:
  %short = sub i64 %needed, %n
  ret i64 %short

start:
  %s = phi i64 [ 0, %claim ], [ %s.next, %start.next ]
  %started = icmp eq i64 %s, %needed
  br i1 %started, label %own, label %start.one
start.one:
  %start.place = getelementptr ptr, ptr %claimed, i64 %s
  %start.slot = load ptr, ptr %start.place
  store atomic i64 3, ptr %start.slot seq_cst, align 8
  %asleep.place = getelementptr %slot, ptr %start.slot, i64 0, i32 1
  %asleep = load atomic i64, ptr %asleep.place seq_cst, align 8
  %sleeps = icmp ne i64 %asleep, 0
  br i1 %sleeps, label %wake, label %start.next
wake:
  %semaphore.place = getelementptr %slot, ptr %start.slot, i64 0, i32 6
  %semaphore = load ptr, ptr %semaphore.place
  %ignored = call i32 %post(ptr %semaphore, i64 1, ptr null)
  br label %start.next
start.next:
  %s.next = add i64 %s, 1
  br label %start

own:
  call void %function(ptr %context, i64 0, i64 %threads)
  br label %join
join:
  %j = phi i64 [ 0, %own ], [ %j.next, %joined.one ]
  %joined = icmp eq i64 %j, %needed
  br i1 %joined, label %finish, label %join.one
join.one:
  %join.place = getelementptr ptr, ptr %claimed, i64 %j
  %join.slot = load ptr, ptr %join.place
  br label %await
await:
  %round = phi i64 [ 0, %join.one ], [ %round.next, %pause ], [ %round, %give.way ]
  %seen = load atomic i64, ptr %join.slot acquire, align 8
  %done = icmp eq i64 %seen, 4
  br i1 %done, label %joined.one, label %patience
patience:
  %more = icmp ult i64 %round, {_SPINS}
  br i1 %more, label %pause, label %give.way
pause:
  PAUSE
  %round.next = add i64 %round, 1
  br label %await
give.way:
  %nothing = call i32 %yield()
  br label %await
joined.one:
  store atomic i64 1, ptr %join.slot release, align 8
  %j.next = add i64 %j, 1
  br label %join
finish:
  ret i64 0
}}
"""

_PAUSES = {"x86": ("llvm.x86.sse2.pause", "", ""), "arm": ("llvm.aarch64.isb", "i32", "i32 15")}


def native_code(level: str) -> str:
    """The functions above for a target of this level."""
    name, parameters, arguments = _PAUSES["arm" if level == "neon" else "x86"]
    return _IR.replace("PAUSE", f"call void @{name}({arguments})") + f"declare void @{name}({parameters})\n"


def yield_address() -> int:
    """The address of a function without arguments that lets another thread run; for barriers in machine code."""
    return _address(_system().SwitchToThread if sys.platform == "win32" else _system().sched_yield)


class Pool:
    """Workers of this process, and the memory through which they are called."""

    def __init__(self) -> None:
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        self._code = load(native_code(host().level), host(), ["work", "run"])
        self._run = self._code.function("run", pointer, pointer, pointer, number, result=number)
        self._memory = ctypes.create_string_buffer(_SLOT * (CAPACITY + 2))
        for used in (self._code, self._memory):  # by workers, also while the interpreter ends and frees what it can
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(used))
        self._start = ctypes.addressof(self._memory) + -ctypes.addressof(self._memory) % _SLOT
        self._slots, self._growing = 0, threading.Lock()
        self._wait, post = _semaphore_functions()
        _write(self._start, 0, yield_address(), post)

    def run(self, address: int, context: int, threads: int) -> None:
        """Call a native function in so many threads, one of them this one; all have returned when it returns."""
        while missing := self._run(self._start, address, context, threads):
            self._grow(missing)

    def _grow(self, count: int) -> None:
        """Start more workers; one that an interrupt keeps from being declared free is never called."""
        with self._growing:
            for _ in range(count):
                if self._slots == CAPACITY:
                    raise ChainruleError(f"{CAPACITY} threads are at work; set CHAINRULE_THREADS to a smaller number")
                self._slots += 1
                slot = self._start + _SLOT * self._slots
                _write(slot + 48, _new_semaphore(slot + _SEMAPHORE), self._wait)
                _start_thread(self._code.address("work"), slot)
                _write(slot, _FREE)
                _write(self._start, self._slots)


def _write(address: int, *numbers: int) -> None:
    (ctypes.c_int64 * len(numbers)).from_address(address)[:] = list(numbers)


def _system() -> Any:
    return ctypes.CDLL("kernel32" if sys.platform == "win32" else None)


def _address(function: Any) -> int:
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


def _start_thread(function: int, argument: int) -> None:
    """Let a new thread of the system call a native function of one pointer."""
    system, size = _system(), ctypes.c_size_t(_STACK)
    function_, argument_ = ctypes.c_void_p(function), ctypes.c_void_p(argument)
    if sys.platform == "win32":
        system.CreateThread.restype = ctypes.c_void_p
        thread = system.CreateThread(None, size, function_, argument_, 0, None)
        error = "" if thread else str(ctypes.WinError())
    else:
        attributes, thread = ctypes.create_string_buffer(128), ctypes.c_void_p()
        system.pthread_attr_init(attributes)
        system.pthread_attr_setstacksize(attributes, size)
        status = system.pthread_create(ctypes.byref(thread), attributes, function_, argument_)
        error = os.strerror(status) if status else ""
    if error:
        raise ChainruleError(f"the system gives no more threads ({error}); set CHAINRULE_THREADS=1")


def _semaphore_functions() -> tuple[int, int]:
    """wait(semaphore, −1) and post(semaphore, 1, null); a function that takes fewer arguments ignores the others."""
    system = _system()
    if sys.platform == "win32":
        return _address(system.WaitForSingleObject), _address(system.ReleaseSemaphore)
    if sys.platform == "darwin":
        return _address(system.dispatch_semaphore_wait), _address(system.dispatch_semaphore_signal)
    return _address(system.sem_wait), _address(system.sem_post)


def _new_semaphore(place: int) -> int:
    """Make a semaphore that counts from 0, at a place if the system wants one; the handle for the functions above."""
    system = _system()
    if sys.platform == "win32":
        system.CreateSemaphoreW.restype = ctypes.c_void_p
        return int(system.CreateSemaphoreW(None, 0, 2**31 - 1, None))
    if sys.platform == "darwin":
        system.dispatch_semaphore_create.restype = ctypes.c_void_p
        return int(system.dispatch_semaphore_create(ctypes.c_long(0)))
    if system.sem_init(ctypes.c_void_p(place), 0, 0) != 0:
        raise ChainruleError("the system gives no semaphore; set CHAINRULE_THREADS=1")
    return place
