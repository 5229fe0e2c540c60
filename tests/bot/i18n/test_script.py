from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n.script import (
    FSI,
    PDI,
    RLM,
    cleaned,
    isolates,
    marked,
    sentence_breaks,
    sentences,
    whole_characters,
    without_signs,
)


def test_cleaning_keeps_words_and_drops_what_reaches_beyond_them() -> None:
    assert cleaned("gewoon, met é en 👍🏽") == "gewoon, met é en 👍🏽"
    assert cleaned("a\u202eb\u2069c\x00d") == "abcd"
    assert cleaned("a\r\nb\u2029c\x85d") == "a\nb\nc\nd"
    assert cleaned("half \ud83d") == "half \ufffd"
    assert cleaned("مي\u200cخواهم \u200f!") == "مي\u200cخواهم \u200f!"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Een zin. Nog een! En nu? Ja", ["Een zin.", "Nog een!", "En nu?", "Ja"]),
        ("ما موضوع خطتك؟ اكتبه هنا.", ["ما موضوع خطتك؟", "اكتبه هنا."]),
        ("یہ ایک جملہ ہے۔ یہ دوسرا ہے۔", ["یہ ایک جملہ ہے۔", "یہ دوسرا ہے۔"]),
        ("1. Groen\n2. Spelen", ["1. Groen", "2. Spelen"]),
        (f"{RLM}{FSI}1{PDI}. أخضر", [f"{RLM}{FSI}1{PDI}. أخضر"]),
        ("Dat kost 1.500 euro per jaar.", ["Dat kost 1.500 euro per jaar."]),
        ("Iets kleins, bijv. een bankje.", ["Iets kleins, bijv. een bankje."]),
        ("Een lijst\n\nEn een zin", ["Een lijst", "En een zin"]),
        ('Zij zei: "Kom!" Hij kwam.', ['Zij zei: "Kom!"', "Hij kwam."]),
        ("Wat…  Echt?", ["Wat…", "Echt?"]),
        ("  \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet="ab. ?\n؟1A"))
def test_sentence_breaks_rise_within_the_text(text: str) -> None:
    breaks = sentence_breaks(text)
    assert breaks == sorted(set(breaks))
    assert all(0 < each < len(text) for each in breaks)
    assert all(text[each - 1].isspace() for each in breaks)


def test_marked_lines_begin_right_to_left() -> None:
    text = "أهلا\n\n1. أخضر\n🌳 أخضر\nWhatsApp"
    assert marked(text) == f"أهلا\n\n{RLM}1. أخضر\n{RLM}🌳 أخضر\n{RLM}WhatsApp"


def test_isolates_are_found_at_their_outermost() -> None:
    text = f"a{FSI}b{FSI}c{PDI}{PDI}d{FSI}e{PDI}"
    assert [text[a:b] for a, b in isolates(text)] == [f"{FSI}b{FSI}c{PDI}{PDI}", f"{FSI}e{PDI}"]


def test_a_voice_reads_no_signs() -> None:
    said = without_signs(f"🌳 Groen\n1️⃣ 👨‍👩‍👧 Samen ❤️ {FSI}Oost{PDI}\n👍🏽")
    assert said == "Groen\nSamen Oost"
    assert without_signs("20 °C, 3 × 4 – dat is 50 %") == "20 °C, 3 × 4 – dat is 50 %"


@pytest.mark.parametrize(
    "whole",
    ["👨‍👩‍👧‍👦", "👍🏽", "🏳️‍🌈", "🇳🇱", "1️⃣", "e\u0301", "بِّ", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "\u1112\u1161\u11ab"],
)
def test_what_a_reader_sees_as_one_character_is_one(whole: str) -> None:
    assert whole_characters(f"a{whole}b") == ["a", whole, "b"]


def test_two_flags_are_two() -> None:
    assert whole_characters("🇳🇱🇹🇷") == ["🇳🇱", "🇹🇷"]
