"""The memory of compiled programs: zeroed, at the beginning of a page, given back when nobody holds it."""

import gc
import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from chainrule.runtime import memory
from chainrule.runtime.memory import aligned

LARGE = 3 << 20


def check(block, size):
    assert len(block) == max(size, 64)
    assert block.ctypes.data % 4096 == 0
    assert not block.any()
    block[:] = 255


@pytest.mark.parametrize("size", [0, 1, 64, 4095, 4096, 10_000, (1 << 17) - 1, 1 << 17, LARGE])
def test_aligned_memory_begins_at_a_page_and_is_zero(size):
    check(aligned(size), size)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no large pages are asked for")
def test_much_memory_lies_in_large_pages_of_its_own():
    assert all(aligned(LARGE).ctypes.data % (2 << 20) == 0 for _ in range(3))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells how much memory is mapped")
def test_large_pages_are_given_back():
    def mapped():
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE

    before = mapped()
    for _ in range(100):
        aligned(16 << 20)[::4096] = 1
    assert mapped() < before + (64 << 20)


@pytest.mark.parametrize("broken", ["no large pages", "no memory"])
def test_small_pages_do_where_large_ones_are_refused(broken, monkeypatch):
    def refuse(*_, **__):
        raise OSError(broken)

    class NoLargePages(mmap.mmap):
        madvise = refuse

    monkeypatch.setattr(memory.mmap, "mmap", refuse if broken == "no memory" else NoLargePages)
    check(aligned(LARGE), LARGE)


def test_a_block_lives_as_long_as_a_part_of_it():
    part = aligned(LARGE)[LARGE // 2 :][:100]
    others = [np.full(LARGE, 7, np.uint8) for _ in range(5)]
    assert not part.any()
    assert len(others) == 5
