"""The memory that compiled programs work in: zeroed, from the beginning of a page, in large pages where it is much."""

from __future__ import annotations

import mmap
import sys

import numpy as np

from chainrule.types import Array

_PAGE, _LARGE_PAGE = 4096, 2 << 20
_LEAST = 64  # bytes of a block, and of what may be read behind it: a vector may begin at its last element
_MUCH = 1 << 17  # bytes from which on a large page pays


def aligned(size: int) -> Array:
    """Zeroed bytes that begin at a page; a vector may be read at the last of them.

    Pages of 4 kB lie anywhere in physical memory. So some sets of the second cache get more of them than they hold, in
    every run others. A large page fills the cache evenly: steps whose weights just fit then vary by 10 % less.
    """
    size = max(size, _LEAST)
    mapped = _in_large_pages(size + _LEAST + _LARGE_PAGE) if size >= _MUCH else None
    if mapped is None:
        memory, page = np.zeros(size + _LEAST + _PAGE, np.uint8), _PAGE
    else:
        memory, page = np.frombuffer(mapped, np.uint8), _LARGE_PAGE
    start = -memory.ctypes.data % page
    return memory[start : start + size]


def _in_large_pages(size: int) -> mmap.mmap | None:
    """Zeroed memory of the system; None if it has no large pages, or no memory."""
    if sys.platform != "linux" or not hasattr(mmap, "MADV_HUGEPAGE"):
        return None
    try:
        mapped = mmap.mmap(-1, -(-size // _LARGE_PAGE) * _LARGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        mapped.madvise(mmap.MADV_HUGEPAGE)
    except OSError:
        return None
    return mapped
