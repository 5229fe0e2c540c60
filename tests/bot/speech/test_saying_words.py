"""What a voice is given to say: numbers, money, dates and codes as words, in four languages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from bot.speech.number_words import MOST, in_words, ordinal
from bot.speech.saying_words import digits, in_speech

LANGUAGES = ("nl", "en", "tr", "ar")
TABLE = tomllib.loads(Path(__file__).with_name("saying_words.toml").read_text("utf-8"))
CASES = [(code, said, words) for code in LANGUAGES for said, words in TABLE[code].items()]


@pytest.mark.parametrize(("language", "text", "words"), CASES)
def test_a_text_as_it_is_said(language: str, text: str, words: str) -> None:
    assert in_speech(text, language) == words


def test_every_language_has_cases_of_each_kind() -> None:
    assert all(len(TABLE[code]) >= 12 for code in LANGUAGES)


def joined(words: str) -> str:
    """Another hand writes numbers with other spaces and accents."""
    return words.replace("é", "e").translate(str.maketrans("", "", " ,-"))


@pytest.mark.parametrize("language", ["nl", "en", "tr"])
def test_numbers_by_another_hand(language: str) -> None:
    some = [*range(1100), *range(2000, 10_000, 37), *range(10_000, 10**9, 99_999_787)]
    for n in some:
        assert joined(in_words(n, language)) == joined(num2words(n, lang=language)), n
    for n in range(1, 100):
        other = num2words(n, lang=language, to="ordinal")
        assert joined(ordinal(n, language)) == joined(other), n


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (2, "اثنان"),
        (11, "أحد عشر"),
        (25, "خمسة وعشرون"),
        (101, "مئة وواحد"),
        (200, "مئتان"),
        (1_250, "ألف ومئتان وخمسون"),
        (2_000, "ألفان"),
        (3_000, "ثلاثة آلاف"),
        (11_000, "أحد عشر ألفًا"),
        (100_000, "مئة ألف"),
        (200_000, "مئتا ألف"),
        (3_000_000, "ثلاثة ملايين"),
    ],
)
def test_numbers_in_arabic(n: int, words: str) -> None:
    """num2words has مئتا and ألفا where nothing follows, so these are written out."""
    assert in_words(n, "ar") == words


@given(st.integers(0, MOST), st.sampled_from(LANGUAGES))
def test_every_number_has_words(n: int, language: str) -> None:
    words = in_words(n, language)
    assert words.strip() == words
    assert "  " not in words
    assert not any(letter.isdigit() for letter in words)


@given(st.text(), st.sampled_from((*LANGUAGES, "xx")))
def test_nothing_breaks_it(text: str, language: str) -> None:
    in_speech(text, language)


@given(st.text("0123456789", min_size=7, max_size=40), st.sampled_from(LANGUAGES))
def test_a_code_is_said_digit_by_digit(code: str, language: str) -> None:
    said = digits(code, language)
    assert said.replace(",", "").split() == [in_words(int(d), language) for d in code]
    groups = said.split(", ")
    assert all(2 <= len(group.split()) <= 4 for group in groups) or len(code) < 2


def test_what_is_said_holds_no_digits() -> None:
    """Whatever the case, no digit is left to the voice."""
    for code in LANGUAGES:
        for text in TABLE[code]:
            assert not any(letter.isdecimal() for letter in in_speech(text, code)), text
