"""The ballot's rules, against brute force, and the envelope around it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.public import PrivateKey

from civic.ballots import (
    BOX_LENGTH,
    Ballot,
    Choices,
    Item,
    Paper,
    Reason,
    open_box,
    receipt,
    refuses,
    room,
    seal,
)
from civic.receipts import LENGTH, SIGNS, signs_of
from civic.rounds import BallotKind

KEY = PrivateKey.generate()
PUBLIC, PRIVATE = bytes(KEY.public_key), bytes(KEY)

ballots = st.builds(
    Ballot,
    st.from_regex("[a-z0-9-]{1,24}", fullmatch=True),
    st.lists(
        st.tuples(st.integers(1, 9999), st.integers(1, 99)), max_size=100, unique_by=lambda c: c[0]
    ).map(tuple),
)


def amounts(most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(0, most * 100).map(lambda cents: Decimal(cents).scaleb(-2))


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    """A small paper with any rules."""
    count = draw(st.integers(1, 6))
    items = tuple(
        Item(number, f"plan {number}", draw(amounts(50)), draw(st.sampled_from(["", "a", "b"])))
        for number in range(1, count + 1)
    )
    kind = draw(st.sampled_from(BallotKind))
    least = draw(st.integers(0, 3))
    return Paper(
        "here",
        Decimal(100),
        items,
        kind,
        least,
        draw(st.none() | st.integers(least, 5)),
        draw(st.none() | amounts(150)),
        draw(st.dictionaries(st.sampled_from(["a", "b"]), amounts(80))),
        draw(st.integers(1, 12)) if kind is BallotKind.POINTS else 0,
        draw(st.none() | st.integers(1, 6)) if kind is BallotKind.POINTS else None,
    )


choices = st.lists(st.tuples(st.integers(0, 7), st.integers(-1, 7)), max_size=7)


def broken(paper: Paper, chosen: Choices, *, final: bool) -> set[Reason]:
    """All rules that are broken, each looked at by itself and written as plainly as can be."""
    found = set()
    cost = {item.number: item.cost for item in paper.items}
    theme = {item.number: item.theme for item in paper.items}
    numbers = [number for number, _ in chosen]
    if not set(numbers) <= set(cost):
        return {Reason.UNKNOWN_PLAN}
    if len(set(numbers)) != len(numbers):
        found.add(Reason.TWICE)
    if final and len(numbers) < paper.least:
        found.add(Reason.TOO_FEW)
    if paper.most is not None and len(numbers) > paper.most:
        found.add(Reason.TOO_MANY)
    if paper.most_cost is not None and sum(cost[n] for n in numbers) > paper.most_cost:
        found.add(Reason.TOO_DEAR)
    for each, most in paper.theme_most.items():
        if sum(cost[n] for n in numbers if theme[n] == each) > most:
            found.add(Reason.THEME_TOO_DEAR)
    points = [given for _, given in chosen]
    if paper.kind is BallotKind.POINTS:
        most_points = paper.points_most or paper.points
        if sum(points) > paper.points or any(not 0 < p <= most_points for p in points):
            found.add(Reason.POINTS)
    elif set(points) - {1}:
        found.add(Reason.POINTS)
    return found


@settings(max_examples=1000, deadline=None)
@given(papers(), choices, st.booleans())
def test_what_is_refused(paper: Paper, chosen: list[tuple[int, int]], final: bool):
    refusal = refuses(paper, chosen, final=final)
    wrong = broken(paper, chosen, final=final)
    if refusal is None:
        assert not wrong
        return
    assert refusal.reason == min(wrong, key=list(Reason).index)
    assert set(refusal.numbers) <= {number for number, _ in chosen}
    if refusal.reason in (Reason.TOO_MANY, Reason.TOO_DEAR, Reason.THEME_TOO_DEAR):
        without = [choice for choice in chosen if choice[0] not in refusal.numbers]
        assert refusal.numbers
        assert refusal.reason not in broken(paper, without, final=False)


@settings(deadline=None)
@given(papers(), choices)
def test_room_is_what_is_left(paper: Paper, chosen: list[tuple[int, int]]):
    left = room(paper, chosen)
    known = [number for number, _ in chosen if paper.item(number)]
    spent = sum(
        (item.cost for number in known for item in [paper.item(number)] if item), Decimal(0)
    )
    assert left.euros == (None if paper.most_cost is None else paper.most_cost - spent)
    assert left.plans == (None if paper.most is None else paper.most - len(chosen))
    assert set(left.themes) == set(paper.theme_most)
    wrong = broken(paper, chosen, final=False)
    if wrong <= {Reason.TOO_MANY, Reason.TOO_DEAR, Reason.THEME_TOO_DEAR}:
        below = [
            each for each in (left.euros, left.plans, *left.themes.values()) if each is not None
        ]
        assert (min(below, default=0) < 0) == bool(wrong)


# --- the envelope -------------------------------------------------------------------------------


@settings(deadline=None)
@given(ballots)
def test_a_sealed_ballot_opens_as_it_was(ballot: Ballot):
    box = seal(ballot, PUBLIC)
    assert len(box) == BOX_LENGTH
    assert open_box(box, PRIVATE) == ballot
    assert seal(ballot, PUBLIC) != box  # the same choices cannot be recognised


@settings(deadline=None)
@given(ballots, st.integers(0, BOX_LENGTH - 1), st.integers(1, 255))
def test_a_changed_envelope_does_not_open(ballot: Ballot, at: int, change: int):
    box = bytearray(seal(ballot, PUBLIC))
    box[at] ^= change
    with pytest.raises(ValueError):
        open_box(bytes(box), PRIVATE)


@given(st.binary(max_size=2 * BOX_LENGTH))
def test_anything_else_is_no_envelope(data: bytes):
    with pytest.raises(ValueError):
        open_box(data, PRIVATE)


def test_another_key_does_not_open_it():
    with pytest.raises(ValueError):
        open_box(seal(Ballot("here", ((1, 1),)), PUBLIC), bytes(PrivateKey.generate()))


@pytest.mark.parametrize("key", [b"", b"short", bytes(32), b"x" * 33])
def test_a_key_that_is_none(key: bytes):
    with pytest.raises(ValueError):
        seal(Ballot("here", ()), key)


@pytest.mark.parametrize(
    "inside",
    [
        b"", b"{}", b"[]", b'["here"]', b'["here",3]', b'["here",[[1]]]', b'["here",[[1,2,3]]]',
        b'[1,[]]', b'["here",["1"]]', b'["here",[true]]', b'["here",[1.5]]', b'["here",{}]',
        b'["here","12"]', b"[" * 1500, b'["here",[1]] 2', b"\xff", b'["here",null]',
    ],
)  # fmt: skip
def test_what_is_inside_is_not_believed(inside: bytes):
    from nacl.public import SealedBox

    with pytest.raises(ValueError, match="no ballot"):
        open_box(SealedBox(KEY.public_key).encrypt(inside), PRIVATE)


def test_a_ballot_that_is_too_large_is_not_cut():
    many: Sequence[tuple[int, int]] = [(number, 1) for number in range(1000, 1400)]
    with pytest.raises(ValueError, match="more than"):
        seal(Ballot("here", tuple(many)), PUBLIC)
    assert len(seal(Ballot("a" * 24, tuple(many[:290])), PUBLIC)) == BOX_LENGTH


# --- the receipt --------------------------------------------------------------------------------


def test_the_signs_are_64_different_ones():
    assert len(SIGNS) == len(set(SIGNS.values())) == 64
    assert all(len(sign) == 1 for sign in SIGNS.values())  # no joined or varied signs


def test_a_receipt_is_of_the_box():
    assert receipt(b"") == signs_of(bytes.fromhex("e3b0c442" + "98fc1c14" + "00" * 24))
    assert len(receipt(b"a")) == LENGTH
    assert receipt(b"a") != receipt(b"b")


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_receipts_are_in_the_order_of_the_hashes(one: bytes, other: bytes):
    """So that a printed list can be searched by the first sign."""
    places = [[list(SIGNS.values()).index(sign) for sign in signs_of(d)] for d in (one, other)]
    assert (places[0] <= places[1]) or one > other
    assert (places[0] >= places[1]) or one < other
