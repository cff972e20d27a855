"""How many threads to use: from the environment, the cores the process is bound to, and the quota of its group."""

import multiprocessing
import os

import pytest

from chainrule.errors import ArgumentError
from chainrule.runtime import cores
from chainrule.runtime.cores import available, quota

OTHERS = ("CHAINRULE_THREADS", "OMP_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch):
    """A machine with 8 cores, no quota, and an environment that asks for nothing."""
    for name in OTHERS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.setattr(cores, "quota", lambda: None)


@pytest.mark.parametrize(
    ("variables", "share", "expected"),
    [
        ({}, None, 8),
        ({}, 3, 3),
        ({}, 12, 8),
        ({"CHAINRULE_THREADS": "5"}, 3, 5),
        ({"CHAINRULE_THREADS": "16", "OMP_NUM_THREADS": "2"}, None, 16),
        ({"OMP_NUM_THREADS": "2"}, None, 2),
        ({"OMP_NUM_THREADS": "4,2", "LOKY_MAX_CPU_COUNT": "3"}, None, 3),
        ({"OMP_NUM_THREADS": "0", "LOKY_MAX_CPU_COUNT": "all"}, None, 8),
        ({"OMP_NUM_THREADS": "100"}, None, 8),
    ],
)
def test_the_least_limit_counts_unless_a_number_is_asked_for(variables, share, expected, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(cores, "quota", lambda: share)
    assert available() == expected


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "٣", "99999999999999999999"])
def test_a_number_that_makes_no_sense_is_named(value, monkeypatch):
    monkeypatch.setenv("CHAINRULE_THREADS", value)
    with pytest.raises(ArgumentError, match=rf"CHAINRULE_THREADS is '{value}'; expected a number of threads"):
        available()


def test_workers_of_a_pool_use_one_thread(monkeypatch):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(available) == 1
    monkeypatch.setenv("CHAINRULE_THREADS", "3")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(available) == 3


def groups(root, lines, files):
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(lines)
    for path, content in files.items():
        file = root / "sys/fs/cgroup" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return quota(root)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "250000 100000\n"}, 2),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"a/b/cpu.max": "max 100000\n", "a/cpu.max": "400000 100000\n"}, 4),
        ({"a/b/cpu.max": "300000 100000\n", "a/cpu.max": "400000 100000\n", "cpu.max": "max 100000\n"}, 3),
        ({"a/b/cpu.max": "nonsense\n"}, None),
        ({}, None),
    ],
)
def test_quotas_of_version_2_count_from_the_group_up(tmp_path, files, expected):
    assert groups(tmp_path, "0::/a/b\n", files) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu,cpuacct/a/cpu.cfs_quota_us": "-1\n", "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu,cpuacct/a/cpu.cfs_quota_us": "350000\n", "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n"}, 3),
        # a container sees its own group as the root, though the kernel names the path outside
        ({"cpu,cpuacct/cpu.cfs_quota_us": "20000\n", "cpu,cpuacct/cpu.cfs_period_us": "10000\n"}, 2),
    ],
)
def test_quotas_of_version_1(tmp_path, files, expected):
    assert groups(tmp_path, "5:memory:/a\n4:cpu,cpuacct:/a\n3:cpuset:/a\n0::/\n", files) == expected


def test_a_system_without_control_groups(tmp_path):
    assert quota(tmp_path) is None
