from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.split import split
from bot.i18n.script import FSI, PDI


def _split(text: str, most: int) -> list[str]:
    return split(text, lambda part: len(part) <= most)


def test_what_fits_is_one_message() -> None:
    assert _split("  Een zin.\n\nNog een. ", 40) == ["Een zin.\n\nNog een."]
    assert _split(" \n ", 40) == []


def test_it_splits_between_paragraphs_first() -> None:
    text = "Een. Twee.\n\nDrie. Vier.\n\nVijf."
    assert _split(text, 24) == ["Een. Twee.\n\nDrie. Vier.", "Vijf."]
    assert _split(text, 12) == ["Een. Twee.", "Drie. Vier.", "Vijf."]


def test_then_between_lines_sentences_and_words() -> None:
    assert _split("eerste regel\ntweede regel", 14) == ["eerste regel", "tweede regel"]
    assert _split("Dit is een zin. Dit ook.", 18) == ["Dit is een zin.", "Dit ook."]
    assert _split("een twee drie vier", 9) == ["een twee", "drie vier"]


def test_a_number_stays_with_its_label() -> None:
    assert _split("1. Groen\n2. Spelen\n3. Veilig", 20) == ["1. Groen\n2. Spelen", "3. Veilig"]
    assert _split("Kies:\n1. Iets met meer groen. Ja.", 26) == [
        "Kies:",
        "1. Iets met meer groen.",
        "Ja.",
    ]


def test_an_amount_stays_together() -> None:
    assert _split("dat kost €\u00a01.500 ja", 10) == ["dat kost", "€\u00a01.500 ja"]


def test_a_word_that_is_too_long_is_cut_between_whole_characters() -> None:
    family = "👨‍👩‍👧‍👦"
    assert _split(family * 3, 15) == [family * 2, family]
    assert _split("e\u0301" * 4, 5) == ["e\u0301e\u0301"] * 2
    tower = "e" + "\u0301" * 9  # one character that no message could hold
    assert "".join(_split(tower, 4)) == tower


def test_an_isolate_stays_whole_when_it_fits() -> None:
    text = f"جملة {FSI}een twee drie{PDI} أخرى"
    assert _split(text, 19) == ["جملة", f"{FSI}een twee drie{PDI}", "أخرى"]


def test_an_isolate_that_is_too_long_is_closed_and_opened_again() -> None:
    text = f"نص {FSI}een twee. Drie vier{PDI} نص"
    assert _split(text, 13) == [
        "نص",
        f"{FSI}een twee.{PDI}",
        f"{FSI}Drie vier{PDI}",
        "نص",
    ]


_WORDS = st.sampled_from(
    [
        "een",
        "zin.",
        "مرحبا؟",
        "👨‍👩‍👧‍👦",
        "👍🏽",
        "🇳🇱🇹🇷",
        "x" * 40,
        f"{FSI}a b. C{PDI}",
        f"{FSI}{'y ' * 30}{PDI}",
    ]
)
_TEXTS = st.lists(st.tuples(_WORDS, st.sampled_from([" ", "\n", "\n\n", "", "\u00a0"]))).map(
    lambda pairs: "".join(word + space for word, space in pairs)
)


@given(_TEXTS, st.integers(13, 80))
def test_every_part_fits_and_nothing_is_lost(text: str, most: int) -> None:
    parts = _split(text, most)
    assert all(0 < len(part) <= most for part in parts)
    assert _bare("".join(parts)) == _bare(text)
    assert all(part == part.strip() for part in parts)


@given(_TEXTS, st.integers(13, 80))
def test_isolates_are_closed_in_every_part(text: str, most: int) -> None:
    for part in _split(text, most):
        depth = 0
        for char in part:
            depth += (char == FSI) - (char == PDI)
            assert depth in (0, 1)
        assert depth == 0


@given(_TEXTS, st.integers(13, 80))
def test_no_picture_is_cut(text: str, most: int) -> None:
    parts = _split(text, most)
    for picture in ("👨‍👩‍👧‍👦", "👍🏽", "🇳🇱", "🇹🇷"):
        assert sum(part.count(picture) for part in parts) == text.count(picture)


def _bare(text: str) -> str:
    return "".join(char for char in text if not char.isspace() and char not in (FSI, PDI))
