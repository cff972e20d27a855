"""How hard the tests look: a quick, repeatable run on every push, a long and random one every night.

Whatever a test compiles, its plan is verified. Machine code is kept between runs, as it is for users: its name is a
digest of all that it follows from, the code generator included, so only what changed is compiled again. `--cache-clear`
makes all of it anew.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from chainrule.plan import Plan

# NumPy reads these when it is imported, which is later. The matrices of the tests are small: threads would only wait.
for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(variable, "1")

# Tests start many processes; each would compile what it imports, were it forbidden to keep that.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile("push", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("nightly", deadline=None, max_examples=2000, print_blob=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh-golden",
        action="store_true",
        help="write the expected texts in tests/golden and the pictures in docs anew",
    )
    parser.addoption("--nightly", action="store_true", help="run the slow tests too, and try many more random examples")
    parser.addoption(
        "--missing-oracles",
        metavar="NAMES",
        help="the libraries that may be missing, with commas between; a test that wants another one fails instead of "
        "being skipped (by default all may be)",
    )


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("nightly" if config.getoption("--nightly") else "push")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is told to ignore it
    missing = config.getoption("--missing-oracles")
    if missing is not None:
        patch = pytest.MonkeyPatch()
        config.add_cleanup(patch.undo)
        patch.setattr(pytest, "importorskip", _import_unless(missing.split(",")))


def _import_unless(missing: list[str]) -> Callable[..., Any]:
    """`pytest.importorskip` which skips only for the libraries that may be missing."""
    import_or_skip = pytest.importorskip

    def importorskip(name: str, *arguments: Any, **keywords: Any) -> Any:
        try:
            return import_or_skip(name, *arguments, **keywords)
        except pytest.skip.Exception as skipped:
            if name.partition(".")[0] in missing:
                raise
            pytest.fail(f"{skipped} (--missing-oracles does not name it; the dependency group oracles should)")

    return importorskip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--nightly"):
        return
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(pytest.mark.skip(reason="slow: run with --nightly"))


def pytest_collection_finish() -> None:
    """Thousands of tests stay until the end: the garbage collector need not look through them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What people have in their own cache has no influence, and nothing of the tests gets there."""
    kept = pytestconfig.pluginmanager.hasplugin("cacheprovider")
    directory = pytestconfig.cache.mkdir("machine_code") if kept else tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHAINRULE_CACHE", str(directory / "code"))
        patch.setenv("CHAINRULE_CACHE_MB", "1024")
        yield


@pytest.fixture
def unmeasured(cache_of_the_tests: None) -> dict[str, str]:
    """The environment of a process whose coverage is not measured.

    Where a process may write no file, what measures it cannot write either; and an interrupt there would leave its lock
    taken, and so a hang.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}


_FIRST_NUMBERS: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def same_numbers_whatever_ran_before(request: pytest.FixtureRequest) -> None:
    """A test gets the same numbers from its module's RNG in any order, and on any number of processes."""
    generator = getattr(getattr(request, "module", None), "RNG", None)
    if generator is not None:
        bits = generator.bit_generator
        bits.state = _FIRST_NUMBERS.setdefault(request.module.__name__, bits.state)


@pytest.fixture(scope="session", autouse=True)
def verified_plans() -> Iterator[None]:
    """Every plan is checked where it is made, whoever asked for it."""
    from chainrule.plan import build
    from chainrule.plan.verify import verify

    made = build.Plan

    def verified(*parts: Any) -> Plan:
        plan = made(*parts)
        verify(plan)
        return plan

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "Plan", verified)
        yield
