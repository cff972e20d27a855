"""Ctrl-C and SIGTERM at any moment: one line, the status that shells give, and no half-written file."""

import os
import signal
import subprocess
import sys

import pytest
from expectations import QUICK

from patience import PATIENCE

PROGRAM = """
import os, signal, sys

moment, number = int(sys.argv[1]), int(sys.argv[2])
del sys.argv[1:3]
seen = 0

def at_the_moment(event, arguments):
    # files opened, modules imported, functions compiled: Python tells of some thousand events
    global seen
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        seen += 1
        if seen == moment:
            os.kill(os.getpid(), number)

sys.addaudithook(at_the_moment)
from chainrule.cli import main
main()
"""
NIGHTLY = (2, 40, 1000, 2500, 6000, 20_000)
MOMENTS = (1, 300, 4000, 12_000, *(pytest.param(moment, marks=pytest.mark.nightly) for moment in NIGHTLY))


@pytest.fixture
def interrupted(tmp_path, unmeasured):
    """Run a command to which a signal is sent at its n-th event."""

    def run(moment, number, *arguments):
        process = [sys.executable, "-c", PROGRAM, str(moment), str(int(number)), *map(str, arguments)]
        return subprocess.run(process, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, env=unmeasured)

    return run


@pytest.mark.skipif(os.name != "posix", reason="signals are sent on POSIX")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_training_that_is_interrupted(interrupted, flowers, tmp_path, moment):
    number = (signal.SIGINT, signal.SIGTERM)[moment % 3 == 1]
    result = interrupted(moment, number, "train", flowers, "--target", "kind", *QUICK, "--quiet")
    written = "; the model so far is in model.safetensors" * (tmp_path / "model.safetensors").exists()
    assert (result.returncode, result.stdout) == (128 + number, "")
    assert result.stderr == f"chainrule: interrupted{written}\n"
    left = {path.name for path in tmp_path.iterdir()} - {"flowers.csv", "model.safetensors"}
    assert not left


@pytest.mark.skipif(os.name != "posix", reason="signals are sent on POSIX")
@pytest.mark.parametrize("moment", MOMENTS)
def test_other_commands_that_are_interrupted(interrupted, flowers, model, tmp_path, moment):
    for arguments in (["predict", model, flowers, "-o", "out.csv"], ["explain", model, flowers, "--row", 1]):
        result = interrupted(moment, signal.SIGINT, *arguments)
        if result.returncode:
            assert result.returncode == 130
            assert result.stderr.endswith("chainrule: interrupted\n")
            assert "Traceback" not in result.stderr
        assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(os.name != "posix", reason="signals are sent on POSIX")
def test_the_first_signal_waits_for_the_end_of_an_import_and_the_second_does_not(tmp_path):
    (tmp_path / "slow.py").write_text(
        "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\nwhole = True\nprint('whole', flush=True)\n"
    )
    (tmp_path / "endless.py").write_text(
        "import os, signal, time\n"
        "os.kill(os.getpid(), signal.SIGINT)\nprint('first', flush=True)\nos.kill(os.getpid(), signal.SIGINT)\n"
    )
    program = """
import sys, time
from chainrule.interrupt import handle_signals
interrupt = handle_signals()
for name in ("slow", "endless"):
    try:
        __import__(name)
        time.sleep(60)
    except KeyboardInterrupt:
        print(name in sys.modules, interrupt.raised == 2, flush=True)
"""
    process = [sys.executable, "-c", program]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    result = subprocess.run(process, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, env=environment)
    assert result.stdout.split("\n") == ["whole", "True True", "first", "False True", ""], result.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals are sent on POSIX")
def test_a_signal_that_comes_while_llvm_releases_something_waits(tmp_path):
    """KeyboardInterrupt inside of its `close` let its `__del__` free the same memory once more."""
    program = """
import os, signal
from llvmlite.binding.ffi import OutputString, lib
from chainrule.interrupt import handle_signals

freed = 0

def free(pointer):
    global freed
    freed += 1
    os.kill(os.getpid(), signal.SIGINT)

lib._fntab["LLVMPY_DisposeString"] = free
interrupt = handle_signals()
text = OutputString()
try:
    text.close()
    signal.pause()
except KeyboardInterrupt:
    del text
    print(freed, interrupt.raised == signal.SIGINT)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE)
    assert (result.stdout, result.stderr) == ("1 True\n", "")


@pytest.mark.skipif(os.name != "posix", reason="signals are sent on POSIX")
def test_ignored_signals_stay_ignored(tmp_path, flowers):
    """As in the background of a script."""
    program = """
import signal
from chainrule.interrupt import catching_interrupts, handle_signals
signal.signal(signal.SIGINT, signal.SIG_IGN)
handle_signals()
with catching_interrupts() as interrupt:
    signal.raise_signal(signal.SIGINT)
assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
print(interrupt.requested)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE)
    assert (result.stdout, result.stderr) == ("0\n", "")


@pytest.mark.parametrize("columns", ["0", pytest.param("abc", marks=pytest.mark.nightly)])
def test_a_terminal_that_does_not_say_how_wide_it_is(command, flowers, model, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    for arguments in (
        ["train", flowers, "--target", "kind", *QUICK, "--diagnose"],
        ["inspect", model],
        ["explain", model, flowers, "--row", 1],
        ["doctor", "model.diagnosis.json"],
        ["derive", "y = sin(x^2)"],
        ["--help"],
    ):
        result = command(*arguments)
        assert (result.returncode, result.stderr) == (0, "")
        lines = [line for line in result.stdout.splitlines() if line.strip()]
        assert len(lines) > 2
        assert max(map(len, lines)) > 20
