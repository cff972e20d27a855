"""Arrays between two pages that nobody may touch: code that reads or writes beyond an array ends in a signal."""

from __future__ import annotations

import ctypes
import mmap
import weakref

import numpy as np

from chainrule.runtime import executable

PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None)


def guarded(shape, dtype, at_end=True):
    """An array full of 0xAB that ends at a page of which nothing may be read, or begins after one."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    pages = -(-size // PAGE)
    memory = mmap.mmap(-1, (pages + 2) * PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for guard in (start, start + (pages + 1) * PAGE):
        if _libc.mprotect(ctypes.c_void_p(guard), ctypes.c_size_t(PAGE), 0):
            raise OSError("mprotect failed")
    offset = PAGE + (pages * PAGE - size if at_end else 0)
    array = np.frombuffer(memory, np.uint8, size, offset)
    array[:] = 0xAB
    result = array.view(dtype).reshape(shape)
    weakref.finalize(array, lambda: memory)  # it is unmapped when the last array is gone
    return result


def guard_executables(patch, at_end):
    """Give every executable such memory, for constants too, and every call copies of what it reads and writes."""
    run, held = executable.Executable.run, executable.constant_memory

    def aligned(size):
        rounded = -(-max(size, 64) // 64) * 64
        memory = guarded(rounded, np.uint8, at_end)
        memory[:] = 0  # flags and states begin so
        return memory

    def copied(array):
        copy = guarded(array.shape, array.dtype, at_end)
        copy[...] = array
        return copy

    def guarded_run(self, arguments, results, steps=1, threads=1):
        inside = [guarded(result.shape, result.dtype, at_end) for result in results]
        done = run(self, [x if x is None else copied(x) for x in arguments], inside, steps, threads)
        for result, computed in zip(results, inside, strict=True):
            result[...] = computed
        return done

    def constant_memory(array, buffer):
        return held(array, buffer) if buffer.padded else copied(array)

    patch.setattr(executable, "aligned", aligned)
    patch.setattr(executable, "constant_memory", constant_memory)
    patch.setattr(executable.Executable, "run", guarded_run)
