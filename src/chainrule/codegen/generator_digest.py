"""A digest of the code generator's sources, so that cached code of another version is never used."""

from __future__ import annotations

import hashlib
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
_SOURCES = ("types.py", "graph/**/*.py", "ops/**/*.py", "plan/**/*.py", "codegen/**/*.py")


def digest_of(package: Path) -> str:
    """A digest of the sources from which, for a plan, the text of its program follows."""
    digest = hashlib.sha256()
    for path in (path for pattern in _SOURCES for path in sorted(package.glob(pattern))):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


GENERATOR_DIGEST = digest_of(_PACKAGE)
"""Made when the sources are loaded, and not later: a process may outlive them, when they are replaced by newer ones."""
