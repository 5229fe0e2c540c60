"""Codes and phone numbers: digits in whatever script they were typed."""

from __future__ import annotations

import re
import unicodedata

from bot.lexicon import LEXICON
from bot.normalise import fold, words

MOST_LETTERS = 200
SHORTEST_PHONE = 6  # digits; anything shorter is not even looked at

_RUN = re.compile(r"\+?\(?\+?[0-9](?:[0-9 ().\-–/]*[0-9])?\+?")
# What may follow a country's code. The Netherlands: mobile 06, geographic 01-05 and 07, 085,
# 087, 088 and 091 (national numbering plan, Telecommunicatiewet); not the paid or short ones.
_NATIONAL = {
    "31": re.compile(r"6[1-58][0-9]{7}|[1-57][0-9]{8}|8[578][0-9]{7}|91[0-9]{7}"),
    "32": re.compile(r"4[0-9]{8}|[1-9][0-9]{7}"),
    "90": re.compile(r"[2-5][0-9]{9}"),
    "212": re.compile(r"[5-8][0-9]{8}"),
}
_HOME = "31"
_ELSEWHERE = re.compile(r"[1-9][0-9]{7,14}")  # E.164: at most 15 digits, country code included


def digits(text: str) -> str:
    """Only the digits of a text, in the order people read them, as 0-9.

    That is the order in which they are stored: a bidi mark changes only where they stand.
    """
    found = (unicodedata.digit(char, None) for char in text.replace("🔟", "10"))
    return "".join(str(each) for each in found if each is not None)


def phone(text: str) -> str | None:
    """The one phone number in a text as E.164 (`+31612345678`), else None.

    Without a country's code it is Dutch. None as well when it cannot be a number of its country.
    """
    if len(text) > MOST_LETTERS or LEXICON.words["negation"].intersection(words(text)):
        return None
    plain = " ".join(fold(text).split()).replace("(0)", " ")
    runs = _RUN.findall(plain)
    if len(runs) != 1 or len(digits(runs[0])) < SHORTEST_PHONE:
        return None
    return _international(digits(runs[0]), has_plus="+" in runs[0])


def _international(number: str, *, has_plus: bool) -> str | None:
    if has_plus or number.startswith("00"):
        return _checked(number.removeprefix("00"))
    if number.startswith("0"):
        return _checked(_HOME + number[1:])
    own = _checked(_HOME + number) if len(number) == 9 else None
    return own or (_checked(number) if _country(number) else None)


def _checked(number: str) -> str | None:
    country = _country(number)
    if country:
        national = number.removeprefix(country).removeprefix("0")
        return f"+{country}{national}" if _NATIONAL[country].fullmatch(national) else None
    return f"+{number}" if _ELSEWHERE.fullmatch(number) else None


def _country(number: str) -> str:
    return next((code for code in _NATIONAL if number.startswith(code)), "")
