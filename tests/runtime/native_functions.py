"""Native functions for tests, written by hand; `context` points to integers of 64 bits."""

from __future__ import annotations

FUNCTIONS = """
; context[thread] += 1; context[32 + thread] = threads
define void @visit(ptr %context, i64 %thread, i64 %threads) nounwind {
  %place = getelementptr i64, ptr %context, i64 %thread
  %old = load i64, ptr %place
  %new = add i64 %old, 1
  store i64 %new, ptr %place
  %after = getelementptr i64, ptr %place, i64 32
  store i64 %threads, ptr %after
  ret void
}

; Wait until all threads are here, and count those that arrived in context[0]; context[2] is the address of yield.
; A thread that is alone for millions of rounds gives up, so that a test fails and does not hang.
define void @barrier(ptr %context, i64 %thread, i64 %threads) nounwind {
entry:
  %here.place = getelementptr i64, ptr %context, i64 1
  %yield.place = getelementptr i64, ptr %context, i64 2
  %yield = load ptr, ptr %yield.place
  %before = atomicrmw add ptr %here.place, i64 1 seq_cst
  br label %wait
wait:
  %round = phi i64 [ 0, %entry ], [ %next, %again ]
  %here = load atomic i64, ptr %here.place seq_cst, align 8
  %all = icmp sge i64 %here, %threads
  br i1 %all, label %arrived, label %again
again:
  %ignored = call i32 %yield()
  %next = add i64 %round, 1
  %patient = icmp ult i64 %next, 20000000
  br i1 %patient, label %wait, label %alone
arrived:
  %one = atomicrmw add ptr %context, i64 1 seq_cst
  ret void
alone:
  ret void
}

; Enter (context[0] += 1), count to context[2], which may change meanwhile, leave (context[1] += 1).
define void @stay(ptr %context, i64 %thread, i64 %threads) nounwind {
entry:
  %left.place = getelementptr i64, ptr %context, i64 1
  %rounds.place = getelementptr i64, ptr %context, i64 2
  %entered = atomicrmw add ptr %context, i64 1 seq_cst
  br label %tick
tick:
  %i = phi i64 [ 0, %entry ], [ %next, %tick ]
  %rounds = load atomic volatile i64, ptr %rounds.place seq_cst, align 8
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %rounds
  br i1 %more, label %tick, label %leave
leave:
  %left = atomicrmw add ptr %left.place, i64 1 seq_cst
  ret void
}

define double @twice(double %x) nounwind {
  %y = fmul double %x, 2.0
  ret double %y
}
"""
