"""What people type and what it must mean: the tables of `understanding/`, and what always holds."""

from __future__ import annotations

import random
import sys
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.understand import (
    amount,
    choose,
    digits,
    guess_language,
    keyword,
    language_named,
    normalise,
    phone,
)
from bot.prompts import Choice
from civic.rounds import Localised

TABLES = {
    path.stem: tomllib.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parent / "understanding").glob("*.toml"))
}
OFFERED = ("nl", "en", "tr", "ar")


def _choice(id_: str, sign: str, *labels: str, means: str = "") -> Choice:
    texts = {code: f"{sign} {label}" for code, label in zip(OFFERED, labels, strict=True)}
    return Choice(id_, Localised(texts), means)


CHOICES = {
    "menu": (
        _choice("submit", "💡", "Plan insturen", "Send a plan", "Plan gönder", "أرسل خطة", means="plan"),
        _choice("my_plans", "📋", "Mijn plannen", "My plans", "Planlarım", "خططي", means="my_plans"),
        _choice(
            "about", "ℹ️", "Hoe werkt het?", "How does it work?", "Nasıl işliyor?", "كيف يعمل؟",
            means="about",
        ),
        _choice("settings", "⚙️", "Instellingen", "Settings", "Ayarlar", "الإعدادات", means="settings"),
        _choice("help", "🙋", "Hulp", "Help", "Yardım", "مساعدة", means="help"),
    ),
    "themes": (
        _choice("together", "🤝", "Samen leven", "Living together", "Birlikte yaşam", "نعيش معًا"),
        _choice("culture", "🎭", "Kunst en cultuur", "Arts and culture", "Sanat ve kültür", "فن وثقافة"),
        _choice("green", "🌳", "Groen in de buurt", "Green neighbourhood", "Yeşil mahalle", "حي أخضر"),
    ),
    "answers": (
        _choice("yes", "✅", "Ja", "Yes", "Evet", "نعم", means="yes"),
        _choice("no", "❌", "Nee", "No", "Hayır", "لا", means="no"),
    ),
}  # fmt: skip


def _rows(section: str) -> Iterator[tuple[str, str, str]]:
    """(language, what it must mean, what was said) of each table."""
    for language, table in TABLES.items():
        for meaning, texts in table[section].items():
            yield from ((language, meaning, text) for text in texts)


def _pairs(section: str, row: str) -> list[tuple[str, str]]:
    return [tuple(pair) for table in TABLES.values() for pair in table[section][row]]


def _each(section: str, row: str) -> list[str]:
    return [text for table in TABLES.values() for text in table[section][row]]


# --- the tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["menu", "themes", "answers"])
def test_answers_are_understood(asked: str) -> None:
    said = [(language, choice, text, choose(text, CHOICES[asked])) for language, choice, text in _rows(asked)]
    assert [row for row in said if row[1] != row[3]] == []


@pytest.mark.parametrize("asked", ["menu", "themes", "answers"])
def test_what_is_unclear_is_never_guessed(asked: str) -> None:
    said = [(text, choose(text, CHOICES[asked])) for text in _each("unclear", "everywhere")]
    assert [row for row in said if row[1]] == []
