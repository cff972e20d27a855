"""Tilings: every element is in exactly one tile, every tile fits the registers, and none is needlessly slow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.plan.tiles import choose_tiles, cut

MACHINES = {"avx512": (16, 32), "avx2": (8, 16), "sse2": (4, 16), "neon": (4, 32), "avx2 in double": (4, 16)}
machines = st.sampled_from(sorted(MACHINES.values()))
sizes = st.integers(1, 3000)


def choose(machine, M, N, K):
    lanes, registers = MACHINES[machine]
    return choose_tiles(M, N, K, lanes=lanes, registers=registers)


@given(st.integers(0, 10_000), st.integers(1, 100))
def test_pieces_fill_the_whole_and_differ_by_one_at_most(total, largest):
    groups = cut(total, largest)
    sizes = [size for size, pieces in groups for _ in range(pieces)]
    assert sum(sizes) == total
    assert len(sizes) == -(-total // largest)
    assert all(0 < size <= largest for size in sizes)
    assert sizes == sorted(sizes, reverse=True)
    assert len(groups) <= 2
    assert max(sizes, default=0) - min(sizes, default=0) <= 1


def test_a_remainder_is_shared_out():
    assert cut(32, 6) == ((6, 2), (5, 4))
    assert cut(12, 6) == ((6, 2),)
    assert cut(5, 6) == ((5, 1),)
    assert cut(0, 6) == ()


@given(machines, sizes, sizes, sizes)
def test_tiles_cover_the_columns_and_fit_the_registers(machine, M, N, K):
    lanes, registers = machine
    tiling = choose_tiles(M, N, K, lanes=lanes, registers=registers)
    covered = sum(group.vectors * group.panels for group in tiling.column_groups)
    assert covered == -(-N // lanes)
    for rows, vectors in tiling.kernels(M):
        # the sums, a row of B, and an element of A; B need not be kept for a single row
        assert rows * vectors + 1 + (vectors if rows > 1 else 0) <= registers
        assert rows <= M


@given(machines, sizes, sizes, sizes)
def test_few_kernels_are_needed(machine, M, N, K):
    lanes, registers = machine
    tiling = choose_tiles(M, N, K, lanes=lanes, registers=registers)
    assert len(tiling.kernels(M)) <= 4
    assert len({vectors for _, vectors in tiling.kernels(M)}) <= 2


def test_kernels_are_those_of_the_row_groups():
    tiling = choose("avx2", 32, 64, 64)
    assert tiling.kernels(32) == ((6, 2), (5, 2))
    assert tiling.kernels(6) == ((6, 2),)


@pytest.mark.parametrize(
    ("machine", "kernels"),
    [
        ("avx2", {(6, 2)}),
        ("sse2", {(6, 2)}),
        ("avx512", {(8, 3), (10, 2), (9, 2)}),
        ("neon", {(8, 3), (10, 2), (9, 2)}),
    ],
)
def test_large_products_take_the_tiles_that_were_measured_to_be_best(machine, kernels):
    lanes, _ = MACHINES[machine]
    for M, N, K in ((180, 24 * lanes, 256), (900, 96 * lanes, 784)):
        assert set(choose(machine, M, N, K).kernels(M)) <= kernels


def test_a_single_row_has_enough_sums_to_hide_the_latency():
    assert choose("avx2", 1, 128, 784).kernels(1) == ((1, 8),)
    assert choose("avx512", 1, 128, 784).kernels(1) == ((1, 8),)


def test_two_rows_take_wide_tiles():
    """Narrow ones would divide the vectors evenly, but wait for their own sums."""
    assert choose("avx2", 2, 168, 439).kernels(2) == ((2, 5), (2, 4))


@given(machines, st.integers(16, 3000), sizes, sizes)
def test_no_tile_waits_for_its_own_sums_where_rows_can_help(machine, M, N, K):
    """With two FMAs a cycle and a latency of 4, fewer than 8 sums leave the units idle; a few tiles may have 7."""
    lanes, registers = machine
    tiling = choose_tiles(M, N, K, lanes=lanes, registers=registers)
    assert all(rows * vectors >= 7 for rows, vectors in tiling.kernels(M))


def test_far_apart_rows_of_b_are_packed_where_they_are_used_again():
    assert choose("avx2", 256, 2048, 784).pack
    assert not choose("avx2", 32, 2048, 784).pack
    assert not choose("avx2", 256, 128, 256).pack
    assert not choose("avx2", 256, 16, 20_000).pack, "one panel is packed as it is"


def test_empty_products_have_a_tiling():
    for M, N, K in ((0, 5, 5), (5, 0, 5), (5, 5, 0)):
        tiling = choose("avx2", M, N, K)
        assert tiling.column_groups
    assert choose("avx2", 0, 5, 5).kernels(0) == ()
