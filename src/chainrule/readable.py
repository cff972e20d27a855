"""A file that a user names can be read or written, or an error says in one way what is wrong with it."""

from __future__ import annotations

import errno
import os
import re
import stat
from difflib import get_close_matches
from pathlib import Path

from chainrule.errors import ChainruleError
from chainrule.printable import printable

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""How a system says that there is no room."""
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(?=.)")


def require_readable(path: Path, what: str, error: type[ChainruleError]) -> None:
    """Raise `error` unless `path` is a regular file that may be opened.

    Args:
        path: what the user named.
        what: what the file should be, in a word, such as "table".
        error: the class of the error.
    """
    complaint = _complaint(path, what)
    if complaint is not None:
        raise error(complaint)


def unwritable(error: OSError) -> str:
    """Why a file could not be written, and what to do."""
    fix = "free some space, or name another place" if error.errno in FULL else "name another place"
    return f"cannot be written: {error.strerror or error}; {fix}"


def _complaint(path: Path, what: str) -> str | None:
    name = printable(str(path))
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return f"{name} is a directory; name the {what} inside it"
        if not stat.S_ISREG(mode):
            return f"{name} is not a regular file; copy the {what} to a file first"
        if not os.access(path, os.R_OK):
            raise PermissionError
    except (FileNotFoundError, NotADirectoryError):
        return _missing(path, name)
    except PermissionError:
        return f"{name} cannot be read: permission denied; allow yourself to read it, or name a copy"
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        return f"{name} cannot be read: {getattr(error, 'strerror', None) or error}; name another file"
    return None


def _missing(path: Path, name: str) -> str:
    """Why there is no such file, as far as can be told."""
    address = _ADDRESS.match(name)
    if address:
        whole = f"{address[1]}://{name[address.end() :]}"
        return f"{whole} is an address, but nothing is loaded from a network; download it and name the file"
    if not path.parent.is_dir():
        return f"{name} does not exist, nor does the directory {printable(str(path.parent))}; check the path"
    close = _alike(path)
    return f"{name} does not exist; " + (f"did you mean {printable(close)!r}?" if close else "check the path")


def _alike(path: Path) -> str | None:
    """The name of a file beside it that differs little, and not in its suffix."""
    try:
        files = [other for other in path.parent.iterdir() if other.suffix.lower() == path.suffix.lower()]
    except OSError:
        return None
    stems = {other.stem.casefold(): other.name for other in files}
    close = get_close_matches(path.stem.casefold(), stems, n=1)
    return stems[close[0]] if close else None
