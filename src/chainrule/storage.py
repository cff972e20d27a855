"""Arrays and a JSON header in one file: safetensors, with a digest, written whole or not at all.

A file holds numbers and text, never code, and names nothing that could be imported. The digest is the SHA-256 of the
file itself with the digest's own digits set to zero, so that a single changed bit anywhere is noticed. The header
stays below 1 MB, as readers of such files may demand: a longer description is stored as an array of its bytes.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.atomic import replacing
from chainrule.errors import ModelFileError
from chainrule.figures import counted
from chainrule.readable import require_readable
from chainrule.types import DTYPES, Array

FORMAT = 1  # raised when an older chainrule could misread a newer file
_LARGEST_HEADER = 2**20
_LONG = 2**18  # characters of a description that would leave too little of the header to the names of the arrays
_DESCRIPTION = "description"  # the name of the array that holds a long one
_NO_DIGEST = "0" * 64
_WRITERS = {
    "network": "Network.save",
    "checkpoint": "fit(…, checkpoint=…)",
    "table model": "chainrule train or TableModel.save",
}
_READERS = {
    "network": "; read it with chainrule.load",
    "checkpoint": "; continue it with fit(…, checkpoint=…)",
    "table model": "; use it with chainrule predict, or read it with chainrule.tabular.TableModel.load",
}


def save(path: str | Path, kind: str, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a file; an older one of the same name stays intact until the new one is on the disk.

    Args:
        path: of the file.
        kind: what it holds, such as "model"; `load` asks for it.
        header: JSON-able description.
        arrays: by name, of the dtypes that chainrule computes with.

    Raises:
        ModelFileError: there are too many arrays, or the file cannot be written; the old one is unchanged.
    """
    from safetensors.numpy import save as serialise

    path = Path(path)
    stored = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = json.dumps(header, allow_nan=False)
    if len(text) > _LONG:
        stored[_DESCRIPTION] = np.frombuffer(text.encode(), np.uint8)
        header = {}
    metadata = {"sha256": _NO_DIGEST, "format": FORMAT, "kind": kind, **header}
    content = serialise(stored, {"chainrule": json.dumps(metadata, allow_nan=False)})
    if int.from_bytes(content[:8], "little") > _LARGEST_HEADER:
        raise ModelFileError(
            f"{path}: the names of {counted(len(arrays), 'array')} would take more than {_LARGEST_HEADER} bytes"
        )
    digest = hashlib.sha256(content).hexdigest()
    content = content.replace(_NO_DIGEST.encode(), digest.encode(), 1)
    try:
        with replacing(path) as beside:
            beside.write_bytes(content)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise ModelFileError(f"{path} cannot be written: {_reason(error)}; nothing was changed") from error


def load(path: str | Path, kind: str, fields: Collection[str] = ()) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read a file: its header and its arrays. With `fields`, the header must have these and no others.

    Raises:
        ModelFileError: there is no such file, or it is truncated, altered, of another kind, or from a newer version.
    """
    path = Path(path)
    require_readable(path, kind, ModelFileError)
    content = path.read_bytes()
    header = _header(path, content, kind)
    _verify_digest(path, content, str(header.pop("sha256", "")))
    if header.get("format") != FORMAT:
        raise ModelFileError(f"{path} has format {header.get('format')}, this version reads {FORMAT}; update chainrule")
    if header.get("kind") != kind:
        found = str(header.get("kind"))
        raise ModelFileError(f"{path} holds a {found}, not a {kind}{_READERS.get(found, '')}")
    arrays = _arrays(path, content)
    if _DESCRIPTION in arrays:
        header |= _json(path, arrays.pop(_DESCRIPTION).tobytes())
    wrong = set(header) ^ {"format", "kind", *fields}
    if fields and wrong:
        raise ModelFileError(f"{path}: fields of its header are missing or unknown: {', '.join(sorted(wrong))}")
    return header, arrays


def _reason(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


def _header(path: Path, content: bytes, kind: str) -> dict[str, Any]:
    """The JSON that chainrule puts into the header of a safetensors file."""
    length = int.from_bytes(content[:8], "little")
    if content[8:9] not in (b"{", b""):
        writer = _WRITERS.get(kind, "chainrule")
        raise ModelFileError(f"{path} is not a chainrule file; a {kind} is what {writer} writes")
    if len(content) < 8 or length > min(_LARGEST_HEADER, len(content) - 8):
        raise ModelFileError(f"{path} is truncated or not a chainrule file: it ends within its own header")
    metadata = _json(path, content[8 : 8 + length]).get("__metadata__")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("chainrule"), str):
        raise ModelFileError(f"{path} is not a chainrule file: its header has no chainrule entry")
    return _json(path, metadata["chainrule"])


def _json(path: Path, text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is damaged or not a chainrule file: its header is no JSON") from error
    if not isinstance(value, dict):
        raise ModelFileError(f"{path} is damaged or not a chainrule file: its header is no JSON object")
    return value


def _no_number(text: str) -> float:
    """Refuse what `save` refuses to write."""
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _verify_digest(path: Path, content: bytes, digest: str) -> None:
    stored = digest.encode(errors="replace")  # JSON can hold half a surrogate pair, UTF-8 cannot
    blank = content.replace(stored, _NO_DIGEST.encode(), 1) if len(stored) == len(_NO_DIGEST) else b""
    if hashlib.sha256(blank).hexdigest() != digest:
        raise ModelFileError(f"{path} is damaged: it was truncated or changed after it was written (SHA-256 differs)")


def _arrays(path: Path, content: bytes) -> dict[str, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as deserialise

    try:
        arrays = deserialise(content)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelFileError(f"{path} is damaged: {error}") from error
    for name, array in arrays.items():
        if array.dtype not in DTYPES:
            raise ModelFileError(f"{path}: array {name!r} has dtype {array.dtype}, which chainrule does not write")
    return {name: np.array(array) for name, array in arrays.items()}
