"""The tree over the box, against RFC 6962 as it is written there: by recursion."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic import merkle


def by_the_book(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    left, right = by_the_book(leaves[:k]), by_the_book(leaves[k:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@given(st.lists(st.binary(max_size=4), max_size=40))
def test_the_root(boxes: list[bytes]):
    leaves = merkle.hashes(boxes)
    assert leaves == sorted(leaves)
    assert merkle.root(leaves) == by_the_book(leaves).hex()
    assert merkle.root(merkle.hashes(boxes[::-1])) == merkle.root(leaves)


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9])
def test_each_box_counts(count: int):
    boxes = [bytes([n]) for n in range(count)]
    root = merkle.root(merkle.hashes(boxes))
    assert root != merkle.root(merkle.hashes([*boxes, b"more"]))
    assert root != merkle.root(merkle.hashes(boxes[1:]))
    assert root != merkle.root(merkle.hashes([*boxes[1:], b"other"]))
