"""Where results go: refused before the work begins if it is clear that they cannot be written there."""

from __future__ import annotations

from pathlib import Path

from chainrule.atomic import try_place
from chainrule.errors import ArgumentError


def require_writable(output: Path, suffixes: tuple[str, ...], *inputs: Path, option: str = "-o") -> None:
    """Raise ArgumentError unless a file of this name can be made, and would replace neither an input nor a device.

    `option` is the one that named the file.
    """
    if output.suffix.lower() not in suffixes:
        raise ArgumentError(f"{option} {output}: the file must end in {' or '.join(suffixes)}")
    if output.is_dir():
        raise ArgumentError(f"{option} {output} is a directory; name a file in it")
    if output.exists() and not output.is_file():
        raise ArgumentError(f"{option} {output} is not a regular file; name another one")
    if any(output.exists() and given.exists() and output.samefile(given) for given in inputs):
        raise ArgumentError(f"{option} {output} would replace an input; name another file")
    if not output.parent.is_dir():
        raise ArgumentError(f"{option} {output}: there is no directory {output.parent}; make it first")
    try:
        try_place(output)
    except OSError as error:
        raise ArgumentError(
            f"{option} {output} cannot be written: {error.strerror or error}; name another place"
        ) from error
