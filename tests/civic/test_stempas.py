"""The codes on the passes: check digits, and finding a code in what people write."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic import stempas
from civic.stempas import code_in, in_threes, is_right, looks_like_code, with_check

CODE = "482913075653"
THREES = "482 913 075 653"
LENGTHS = range(stempas.LEAST - stempas.CHECK, stempas.MOST - stempas.CHECK + 1)


def in_digits_from(zero: str, code: str) -> str:
    return "".join(chr(ord(zero) + int(digit)) for digit in code)


def wrong_digits(code: str) -> Iterator[str]:
    """The code with one digit wrong: each digit at each place."""
    for at, right in enumerate(code):
        for digit in "0123456789":
            if digit != right:
                yield f"{code[:at]}{digit}{code[at + 1 :]}"


def swaps(code: str) -> Iterator[str]:
    """The code with two neighbours in each other's place, where that makes a difference."""
    for at in range(len(code) - 1):
        if code[at] != code[at + 1]:
            yield f"{code[:at]}{code[at + 1]}{code[at]}{code[at + 2 :]}"


# --- check digits -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("digits", "whole"),
    [("794", "79444"), ("4829130756", CODE), ("0000000000", "000000000098"), ("96", "9604")],
)
def test_known_check_digits(digits: str, whole: str) -> None:
    """The first is the example of ISO 7064."""
    assert with_check(digits) == whole
    assert is_right(whole)


@pytest.mark.parametrize("length", LENGTHS)
def test_every_single_fault_is_caught(length: int) -> None:
    for code in stempas.new_codes(400, length):
        assert is_right(code)
        assert not any(map(is_right, wrong_digits(code)))
        assert not any(map(is_right, swaps(code)))


def test_every_single_fault_in_every_code_of_six_digits() -> None:
    for number in range(10**4):
        code = with_check(f"{number:04d}")
        assert is_right(code)
        assert not any(map(is_right, wrong_digits(code)))
        assert not any(map(is_right, swaps(code)))


def test_why_no_single_fault_can_pass() -> None:
    """A wrong digit changes the number by d 10^k, a swap by 9 d 10^k: 97 divides neither."""
    for place in range(stempas.MOST):
        for difference in range(1, 10):
            assert difference * 10**place % 97 != 0
            assert 9 * difference * 10**place % 97 != 0


@pytest.mark.parametrize("text", ["", " ", "x", "٤٨٢٩١٣٠٧٥٦٥٣", "4829130756.3", "-1", "1_0"])
def test_what_is_not_digits_is_not_right(text: str) -> None:
    assert not is_right(text)


# --- making them --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issued", "length"),
    [(0, 10), (1, 10), (10_000, 10), (10_001, 11), (100_000, 11), (100_001, 12), (10**8, 14)],
)
def test_a_guess_is_right_once_in_a_million_at_most(issued: int, length: int) -> None:
    assert stempas.length_for(issued) == length
    assert issued * 10**6 <= 10**length


def test_more_codes_than_sixteen_digits_can_tell_apart() -> None:
    with pytest.raises(ValueError, match="sixteen"):
        stempas.length_for(10**8 + 1)


def test_new_codes_are_right_and_all_different() -> None:
    codes = stempas.new_codes(5000, 11)
    assert len(set(codes)) == 5000
    assert {len(code) for code in codes} == {13}
    assert all(map(is_right, codes))
    assert any(code.startswith("0") for code in codes)


def test_all_codes_there_are_can_be_drawn() -> None:
    codes = stempas.new_codes(100, 2)
    assert sorted(codes) == [with_check(f"{number:02d}") for number in range(100)]


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("482913075653", "482 913 075 653"),
        ("4829130756531", "482 913 075 6531"),
        ("48291307565312", "482 913 075 653 12"),
        ("4829130756531234", "482 913 075 653 1234"),
        ("1234", "1234"),
        ("1", "1"),
        ("", ""),
    ],
)
def test_printed_in_threes(code: str, printed: str) -> None:
    assert in_threes(code) == printed


def test_a_credential_depends_on_pepper_round_and_code() -> None:
    """The first is what `openssl dgst -sha256 -hmac` says."""
    known = "82c23c111ea0465f7c4eb258bac71f479f1436dd6a27b352db75dd606e979474"
    assert stempas.credential(b"pepper", "noord", CODE) == known
    others = {
        stempas.credential(b"Pepper", "noord", CODE),
        stempas.credential(b"pepper", "zuid", CODE),
        stempas.credential(b"pepper", "noord", with_check("4829130757")),
    }
    assert len(others | {known}) == 4


# --- finding one in a message -------------------------------------------------------------------

WRITTEN = {
    "bare": CODE,
    "as printed": THREES,
    "by dots": "482.913.075.653",
    "by dashes": "482-913-075-653",
    "by long dashes": "482–913–075–653",
    "by a minus and spaces": "482 − 913 − 075 − 653",
    "by commas": "482,913,075,653",
    "by lines": "482\n913\n075\n653",
    "by lines of Windows": "482\r\n913\r\n075\r\n653\r\n",
    "digit by digit": "4 8 2 9 1 3 0 7 5 6 5 3",
    "by two": "48 29 13 07 56 53",
    "by spaces that do not break": "482\u00a0913\u202f075\u2009653",
    "by tabs": "482\t913\t075\t653",
    "by dots in the middle": "482·913·075·653",
    "Arabic digits": in_digits_from("٠", CODE),
    "Arabic digits in threes": in_digits_from("٠", "482 913 075 653".replace(" ", "")),
    "Persian digits": in_digits_from("۰", CODE),
    "Bengali digits": in_digits_from("০", CODE),
    "full-width digits": in_digits_from("０", CODE),
    "two scripts": in_digits_from("٠", "482913") + " 075653",
    "keycaps": "".join(f"{digit}\ufe0f\u20e3" for digit in CODE),
    "keycaps without variation": " ".join(f"{digit}\u20e3" for digit in CODE),
    "circled": "④⑧②⑨①③⓪⑦⑤⑥⑤③",
    "marks of direction": f"\u2067{THREES}\u2069",
    "a mark in between": "482\u200f913\u200e075\u200b653",
    "a full stop behind": f"{THREES}.",
    "bold": f"*{THREES}*",
    "in quotes": f"«{THREES}»",
    "Dutch": f"mijn code is {THREES}",
    "Dutch, polite": f"Goedemiddag, ik wil graag stemmen. De code is: {THREES} mvg Anna",
    "English": f"My code: {THREES} thanks!",
    "Turkish": f"Oy kodum {THREES} teşekkürler",
    "Arabic": f"الرمز هو {in_digits_from('٠', CODE)}",
    "Telegram's start": f"/start {CODE}",
    "Telegram's start in a group": f"/start@buurtstem_bot {CODE}",
    "WhatsApp's text filled in": f"Stem {THREES}",
    "WhatsApp's text in two lines": f"Ik wil stemmen 🗳️\nMijn code: {THREES}",
    "letters against it": f"code{CODE}nl",
    "a house number in front": f"Ik woon op 12, mijn code is {THREES}",
    "another number on its line": f"12\n{THREES}",
    "a phone number before it": f"0612345678 {THREES}",
    "two codes": f"{THREES} {in_threes(with_check('1112223334'))}",
    "a link": f"https://wa.me/31612345678?text=Stem%20{CODE}",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_the_code_in_what_people_write(text: str) -> None:
    assert code_in(text) == CODE


@pytest.mark.parametrize("length", LENGTHS)
def test_a_code_of_every_length(length: int) -> None:
    for code in stempas.new_codes(50, length):
        assert code_in(f"Stem {in_threes(code)}") == code
        assert looks_like_code(in_threes(code))


NO_CODE = [
    "", "hallo", "1", "06 12345678", "0612345678", "+31 6 12345678", "(020) 123 45 67",
    "NL91 ABNA 0417 1643 00", "12-11-2026 om 20:00", "1063 AB", "€ 1.500", "1.500.000,00",
    "plan 12 en 13", "482 913 075 654", "482 913 075", "482 913 075 653 1", "482 en 913 en 075 653",
    f"+{CODE}", f"+ {CODE}", f"bel {'1' * 40}", "²³ m²", "10 20 30 40",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_CODE)
def test_what_is_no_code(text: str) -> None:
    assert code_in(text) is None


def test_dutch_numbers_are_too_short_and_a_plus_is_a_telephone() -> None:
    for number in random.Random(1).sample(range(10**8), 2000):
        for written in (f"06{number:08d}", f"+316{number:08d}", f"+31 6 {number:08d}"):
            assert code_in(written) is None
            assert not looks_like_code(written)


@pytest.mark.parametrize("first", [905320000000, 31612345600000, 491512345000])
def test_a_number_of_another_kind_passes_once_in_97(first: int) -> None:
    """Of Turkish mobile numbers with 90 before them, or others as long, without a +."""
    passed = [number for number in range(first, first + 9700) if code_in(f"bel {number}")]
    assert len(passed) == 100


LIKE = [
    "482 913 075 654", "Stem 482 913 075 654", "mijn code is: 482913075654!", "/start 482913075654",
    "٤٨٢ ٩١٣ ٠٧٥ ٦٥٤", "4829130756530", "4829130756530123", "1️⃣" * 12, THREES,
]  # fmt: skip
UNLIKE = [
    "", "hallo", "482 913 075 65", "48291307565301234", f"+{CODE}", "06 12345678",
    f"12\n{'x' * 10}\n{CODE}", f"{CODE} {CODE}",
    "Ik heb een plan voor een groot feest op ons mooie plein 482913075654",
]  # fmt: skip


@pytest.mark.parametrize("text", LIKE)
def test_what_looks_like_a_code_be_it_right_or_not(text: str) -> None:
    assert looks_like_code(text)


@pytest.mark.parametrize("text", UNLIKE)
def test_what_does_not_look_like_a_code(text: str) -> None:
    assert not looks_like_code(text)


DIGITS = "0123456789٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹²④"
BETWEEN = " .,-+\n\u200f\ufe0f\u20e3/xم"


@given(st.one_of(st.text(), st.text(st.sampled_from(DIGITS + BETWEEN), max_size=60)))
def test_no_text_is_too_strange(text: str) -> None:
    code = code_in(text)
    assert isinstance(looks_like_code(text), bool)
    if code is not None:
        assert is_right(code)
        assert stempas.LEAST <= len(code) <= stempas.MOST
        assert code_in(code) == code


@given(
    st.integers(0, 10**14 - 1),
    st.lists(st.sampled_from(["", " ", "-", ".", "\n", " - ", "\u00a0"]), min_size=15, max_size=15),
    st.sampled_from("0٠۰०০０"),
)
def test_any_script_and_spacing(number: int, between: list[str], zero: str) -> None:
    code = with_check(f"{number:010d}")
    written = "".join(map("".join, zip(in_digits_from(zero, code), [*between, ""], strict=False)))
    assert code_in(f"Stem {written} !") == code
