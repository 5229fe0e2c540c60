from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.gsm7 import economical, is_gsm, segments


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("a", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 159 + "€", 2),
        # An escape cannot be the last septet of a part: 152 + (2 x 76) + the rest.
        ("a" * 152 + "€" * 77, 3),
        ("a" * 153 + "€" * 76, 2),
        ("ş" * 70, 1),
        ("ş" * 71, 2),
        ("ş" * 134, 2),
        ("ş" * 135, 3),
        ("👍" * 35, 1),
        ("👍" * 36, 2),
        # Nor can half of a pair: 66 units in a part of 67.
        ("👍" * 66, 2),
        ("👍" * 67, 3),
        ("ş" + "👍" * 66, 2),
    ],
)
def test_segments(text: str, count: int) -> None:
    assert segments(text) == count


def test_the_alphabet() -> None:
    assert is_gsm("Één plan? Ja: ñ, à, ü, é & € [ok] ~ {x} \\ |")
    assert not is_gsm("ideeën")
    assert not is_gsm("ışık")
    assert not is_gsm("`")


def test_economical_writes_plainer_only_when_that_is_enough() -> None:
    assert economical("‘Ja’ – “nee” … €\u00a01.500") == "'Ja' - \"nee\" ... € 1.500"
    assert economical("‘ideeën’\u00a0…") == "‘ideeën’ …"


def _naive(text: str) -> int:
    """Characters put one by one into parts, as TS 23.040 has it."""
    gsm = is_gsm(text)
    single, part = (160, 153) if gsm else (70, 67)
    sizes = [_size(char, gsm) for char in text]
    if sum(sizes) <= single:
        return 1 if sizes else 0
    count, room = 1, part
    for size in sizes:
        if size > room:
            count, room = count + 1, part
        room -= size
    return count


def _size(char: str, gsm: bool) -> int:
    return 1 + (char in "\f^{}\\[~]|€") if gsm else len(char.encode("utf-16-be")) // 2


_TEXTS = st.one_of(
    st.text(alphabet="a€[é\n", max_size=700),
    st.text(alphabet="aş👍€", max_size=700),
)


@given(_TEXTS)
def test_segments_agree_with_counting_one_by_one(text: str) -> None:
    assert segments(text) == _naive(text)


@given(_TEXTS, st.integers(0, 700))
def test_the_start_of_a_text_never_takes_more(text: str, end: int) -> None:
    assert segments(text[:end]) <= segments(text)
