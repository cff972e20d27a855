"""Model files made by hand, with a right digest: what an attacker can write, and a disk cannot."""

import hashlib
import json

NO_DIGEST = "0" * 64


def sealed(header, data=b""):
    """The bytes of a file whose safetensors header is this JSON-able dict or text."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text + data
    return content.replace(NO_DIGEST.encode(), hashlib.sha256(content).hexdigest().encode(), 1)


def file_of(description, tensors=None, data=b"", **metadata):
    """A file with chainrule's own description in the metadata, and a table of tensors."""
    text = description if isinstance(description, str) else json.dumps({"sha256": NO_DIGEST, **description})
    return sealed({"__metadata__": {"chainrule": text, **metadata}, **(tensors or {})}, data)
