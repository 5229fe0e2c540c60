"""A file carried from one form to the next in a hidden field, so that nothing is kept meanwhile."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64decode, b64encode
from binascii import Error

MOST = 240_000  # characters: what one field of a form may hold


def packed(content: bytes) -> str:
    """The file as one line of text; it may be longer than `MOST`."""
    return b64encode(zlib.compress(content, 9)).decode("ascii")


def unpacked(text: str, most: int) -> bytes | None:
    """What was packed; None when it is none of ours, or larger than `most` bytes."""
    opened = zlib.decompressobj()
    try:
        content = opened.decompress(b64decode(text, validate=True), most)
    except (Error, ValueError, zlib.error):
        return None
    return content if opened.eof else None


def digest(content: bytes) -> str:
    """Enough to tell one from another."""
    return hashlib.sha256(content).hexdigest()[:32]
