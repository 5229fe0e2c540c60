"""One hash over everything that is in the box, so that nothing can be added or taken unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def hashes(boxes: Iterable[bytes]) -> list[bytes]:
    """The SHA-256 of each box, sorted: in no order of casting."""
    return sorted(hashlib.sha256(box).digest() for box in boxes)


def root(leaves: Iterable[bytes]) -> str:
    """The Merkle tree hash of RFC 6962 (section 2.1) over these, in hex."""
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    if not level:
        return hashlib.sha256(b"").hexdigest()
    while len(level) > 1:
        level = _above(level)
    return level[0].hex()


def _above(level: list[bytes]) -> list[bytes]:
    """Each pair becomes one; one without a partner goes up as it is."""
    pairs = zip(level[::2], level[1::2], strict=False)
    above = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return above + level[len(above) * 2 :]
