"""What tests of the command line share: the example tables, options for a quick training, and how commands end."""

from __future__ import annotations

from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
QUICK = ("--hidden", "16", "--epochs", "3")


def shown(result) -> str:
    """What a command printed that ended well, and warned of nothing."""
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def refused(result, *fragments, status=2) -> None:
    """Assert that the command ended with one line on stderr that contains all fragments, and printed nothing else."""
    assert result.returncode == status, result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("chainrule: ")
    assert result.stderr.count("\n") == 1, result.stderr
    for fragment in fragments:
        assert fragment in result.stderr
