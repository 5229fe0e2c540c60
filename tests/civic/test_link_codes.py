"""The code that links what a coordinator entered to somebody's phone."""

from __future__ import annotations

import itertools
import random

import pytest

from civic import stempas
from civic.link_codes import Codes, Told, check_digit, in_fours, is_right, told

CODES = Codes(b"a synthetic pepper")
MADE = [CODES.made("ronde", "blad", n) for n in range(2000)]


def test_codes_are_eight_digits_with_a_right_one_at_the_end() -> None:
    assert all(len(code) == 8 and is_right(code) and code[0] != "0" for code in MADE)
    assert len(set(MADE)) >= len(MADE) - 2  # nine million: two may meet, see `turn`


def test_the_digits_are_spread_evenly() -> None:
    for place in range(1, 8):
        counts = [sum(code[place] == str(digit) for code in MADE) for digit in range(10)]
        assert min(counts) > 120 < max(counts) < 280


def test_the_same_line_has_the_same_code_and_another_one_has_not() -> None:
    assert CODES.made("ronde", "blad", 3) == CODES.made("ronde", "blad", 3)
    others = {
        CODES.made("ronde", "blad", 3, 1),
        CODES.made("andere", "blad", 3),
        CODES.made("ronde", "blad 2", 3),
        Codes(b"another pepper").made("ronde", "blad", 3),
    }
    assert CODES.made("ronde", "blad", 3) not in others
    assert len(others) == 4


def test_what_is_kept_tells_nothing_without_the_pepper() -> None:
    kept = CODES.kept("ronde", MADE[0])
    assert MADE[0] not in kept
    assert kept != Codes(b"another pepper").kept("ronde", MADE[0])
    assert kept != stempas.credential(b"a synthetic pepper", "ronde", MADE[0])


@pytest.mark.parametrize("code", MADE[:60])
def test_every_wrong_digit_is_noticed(code: str) -> None:
    for place, digit in itertools.product(range(8), "0123456789"):
        wrong = code[:place] + digit + code[place + 1 :]
        assert is_right(wrong) == (wrong == code)


@pytest.mark.parametrize("code", MADE[:200])
def test_every_swap_of_neighbours_is_noticed(code: str) -> None:
    for place in range(7):
        wrong = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert is_right(wrong) == (wrong == code)


def test_the_check_digit_is_damms() -> None:
    assert check_digit("572") == "4"  # the example in his thesis
    assert not is_right("5724")  # too short


def test_a_code_on_a_stempas_is_never_one_of_these() -> None:
    drawn = random.Random(4)
    for length in range(10, 15):
        code = stempas.with_check(f"{drawn.randrange(10**length):0{length}d}")
        assert told(code) is None
        assert told(stempas.in_threes(code)) is None
    for code in MADE[:200]:
        assert stempas.code_in(code) is None
        assert stempas.code_in(in_fours(code)) is None
        assert not stempas.looks_like_code(code)


CODE = MADE[0]
SPACED = in_fours(CODE)
ARABIC = "".join(chr(0x0660 + int(digit)) for digit in CODE)


@pytest.mark.parametrize(
    "text",
    [
        CODE,
        SPACED,
        f"mijn code is {SPACED}.",
        f"Kodum: {CODE[:2]}-{CODE[2:4]}-{CODE[4:6]}-{CODE[6:]}",
        ARABIC,
        f"رمزي {ARABIC[:4]} {ARABIC[4:]}",
        f"\u200e{CODE}\u200f",
        "\n".join((CODE[:4], CODE[4:])),
        "".join(f"{digit}\ufe0f\u20e3" for digit in CODE),
    ],
)
def test_codes_as_people_write_them(text: str) -> None:
    assert told(text) == Told(CODE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hallo",
        "12",
        "0612345678",
        "+31 6 12345678",
        f"plan 3: {SPACED}",  # another number stands beside it
        f"{CODE} {CODE}",
        "€ 10000000",
        "een plan van 12345678 euro voor een speeltuin bij de school in de straat",
        "06" + CODE,
    ],
)
def test_what_is_no_code(text: str) -> None:
    assert told(text) in (None, Told(""))
    assert told(text) is None or text.strip().isdigit()


def test_a_mistyped_code_alone_is_told_as_such() -> None:
    wrong = CODE[:-1] + str((int(CODE[-1]) + 1) % 10)
    assert told(wrong) == told(in_fours(wrong)) == Told("")
    assert told(f"mijn code is {wrong}") is None
