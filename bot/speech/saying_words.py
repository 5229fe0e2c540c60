"""A text as it should be said: numbers, money, dates, codes and short forms in words.

A voice reads digits and signs by rules of its own, which differ from voice to voice. Here they
become words in the language of the text, so that every voice says the same, and a code is said
slowly. What is not recognised stays as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from babel.dates import get_month_names

from bot.speech.number_words import MOST, in_words, ordinal
from bot.speech.saying_terms import TERMS, Terms

_LATIN_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٪", "01234567890123456789%")
_SPACE: Final = "[ \u00a0\u202f]"
_UNSEEN = re.compile("[\u200e\u200f\u061c\u2066-\u2069]")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:nl|com|org|me|eu)/\S+")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_CODE = re.compile(rf"(?<![\d.,])\d{{3}}(?:{_SPACE}\d{{3}}){{2,}}(?![\d.,]\d|\d)")
_PHONE = re.compile(
    rf"(?<![\d.,-])(?:\+\d{{1,3}}(?:{_SPACE}|-)?[1-9]|0\d|14{_SPACE}?0)"
    rf"(?:[ \u00a0-]?\d){{1,12}}(?!\d)"
)
_POSTCODE = re.compile(rf"\b([1-9]\d)(\d\d){_SPACE}?([A-Z])([A-Z])\b")
_DAY = r"(0?[1-9]|[12]\d|3[01])"
_MONTH = r"(0?[1-9]|1[0-2])"
_DATE = re.compile(rf"\b{_DAY}([-/.]){_MONTH}\2(\d{{4}})\b")
_ISO_DATE = re.compile(r"\b(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b")
_TIME = re.compile(rf"\b([01]?\d|2[0-3])[:.]([0-5]\d)(?:{_SPACE}?(uur|u)\b)?(?![\d.,:]*\d)")
_CLOCK = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)\b")
_NUMBER: Final = r"\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d{1,2})?(?!\d)"
_EURO: Final = "(?:€|EUR\\b|[Ee]uro['’]?s?\\b|يورو)"
_MONEY = re.compile(rf"€{_SPACE}?({_NUMBER})(?:,-)?(?!\w)|({_NUMBER})(?:,-)?{_SPACE}?{_EURO}")
_PERCENT = re.compile(rf"%{_SPACE}?({_NUMBER})|({_NUMBER}){_SPACE}?%")
_RANGE = re.compile(r"(?<![\d-])(\d{1,4})[-–](\d{1,4})(?![\d-])")
_PLAIN = re.compile(rf"(?<![\w.,])[-−]?(?:{_NUMBER})")
_LONG_DIGITS = re.compile(r"(?<![\d.,])(?:\d{7,}|0\d+)(?![\d.,]?\d)")
_TURKISH_ENDING = re.compile(r"(?<=\d)['’](?=[a-zçğıöşü])")
_WORD_END: Final = r"(?!\w)"


def in_speech(text: str, language: str) -> str:
    """The text with everything in words that a voice would stumble over.

    language: ISO 639-1; one without terms of its own only loses its addresses' spelling.
    """
    text = _UNSEEN.sub("", text).translate(_LATIN_DIGITS)
    terms = TERMS.get(language)
    if terms is None:
        return text
    for step in _STEPS:
        text = step(text, language, terms)
    return re.sub(" {2,}", " ", text)


def digits(number: str, language: str) -> str:
    """Digit by digit in groups of three, with a pause after each group."""
    plain = re.sub(r"\D", "", number)
    groups = [plain[at : at + 3] for at in range(0, len(plain), 3)]
    if len(groups) > 1 and len(groups[-1]) == 1:  # nobody says one digit by itself
        groups[-2:] = [groups[-2] + groups[-1]]
    return ", ".join(" ".join(in_words(int(d), language) for d in group) for group in groups)


# --- the steps, in order: what is longer and surer first --------------------------------------


def _addresses(text: str, language: str, terms: Terms) -> str:
    text = _ADDRESS.sub(lambda m: terms.link + _stop(m[0]), text)
    return _MAIL.sub(terms.mail, text)


def _stop(address: str) -> str:
    """The punctuation behind an address is the sentence's."""
    end = re.search(r"[.,!?;:)]+$", address)
    return end[0] if end else ""


def _codes(text: str, language: str, terms: Terms) -> str:
    text = _CODE.sub(lambda m: digits(m[0], language), text)
    return _PHONE.sub(lambda m: _phone(m[0], language, terms), text)


def _phone(number: str, language: str, terms: Terms) -> str:
    plus = terms.plus + " " if number.startswith("+") else ""
    told = re.split(r"[^\d]+", number.lstrip("+"))
    groups = [digits(group, language) for group in told if group]
    return plus + ", ".join(groups)


def _postcodes(text: str, language: str, terms: Terms) -> str:
    def said(m: re.Match[str]) -> str:
        return f"{_whole(m[1], language)} {_whole(m[2], language)}, {m[3]}, {m[4]}"

    return _POSTCODE.sub(said, text)


def _dates(text: str, language: str, terms: Terms) -> str:
    text = _ISO_DATE.sub(lambda m: _date(m[3], m[2], m[1], language, terms), text)
    return _DATE.sub(lambda m: _date(m[1], m[3], m[4], language, terms), text)


def _date(day: str, month: str, year: str, language: str, terms: Terms) -> str:
    name = get_month_names("wide", locale=language)[int(month)]
    return terms.date.format(
        day=_whole(day, language),
        nth=ordinal(int(day), language),
        month=name,
        year=_year(int(year), language),
    )


def _year(year: int, language: str) -> str:
    if language == "en" and (2010 <= year < 2100 or 1100 <= year < 2000) and year % 100 >= 10:
        return f"{in_words(year // 100, language)} {in_words(year % 100, language)}"
    return in_words(year, language)


def _days(text: str, language: str, terms: Terms) -> str:
    """English says a day of the month as an ordinal, wherever it stands."""
    if language != "en":
        return text
    text = _english_day_first().sub(lambda m: f"the {ordinal(int(m[1]), 'en')} of {m[2]}", text)
    return _english_month_first().sub(lambda m: f"{m[1]} {ordinal(int(m[2]), 'en')}", text)


@cache
def _english_day_first() -> re.Pattern[str]:
    return re.compile(rf"\b(?:the )?{_DAY} ({_months()})\b")


@cache
def _english_month_first() -> re.Pattern[str]:
    return re.compile(rf"\b({_months()}) {_DAY}\b(?!:)")


def _months() -> str:
    return "|".join(get_month_names("wide", locale="en").values())


def _times(text: str, language: str, terms: Terms) -> str:
    # "9.30" is a time only where "uur" follows it.
    text = _TIME.sub(lambda m: _time(m, language, terms) if m[3] or ":" in m[0] else m[0], text)
    return _CLOCK.sub(lambda m: _time(m, language, terms), text)


def _time(m: re.Match[str], language: str, terms: Terms) -> str:
    hour, minute = int(m[1]), int(m[2])
    form = terms.minutes if minute else terms.hour
    half = hour % 12 or 12
    return form.format(
        hour=in_words(hour, language),
        half=in_words(half, language),
        minute=("oh " if language == "en" and minute < 10 else "") + in_words(minute, language),
        part="a m" if hour < 12 else "p m",
    )


def _money(text: str, language: str, terms: Terms) -> str:
    def said(m: re.Match[str]) -> str:
        whole, cents = _amount(m[1] or m[2])
        euros = f"{_whole(whole, language)} {terms.euro if int(whole) == 1 else terms.euros}"
        if not int(cents or 0):
            return euros
        cent = terms.cent if int(cents) == 1 else terms.cents
        return f"{euros} {terms.and_cents}{_whole(cents, language)} {cent}"

    return _MONEY.sub(said, text)


def _amount(number: str) -> tuple[str, str]:
    """A number as people write it: its whole part, and two digits of cents or "".

    A separator before exactly three digits groups; before one or two it begins the fraction.
    """
    found = re.fullmatch(r"(.*?)(?:[.,](\d{1,2}))?", number)
    assert found
    return re.sub(r"\D", "", found[1]), (found[2] or "").ljust(2, "0") if found[2] else ""


def _percents(text: str, language: str, terms: Terms) -> str:
    def said(m: re.Match[str]) -> str:
        return terms.percent.format(_decimal(m[1] or m[2], language, terms))

    return _PERCENT.sub(said, text)


def _short_forms(text: str, language: str, terms: Terms) -> str:
    for pattern, words in _patterns(language):
        text = pattern.sub(words, text)
    return text


@cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    terms = TERMS[language]
    # The longest first: "m²" before "m". A unit only counts after a number.
    units = sorted(terms.units.items(), key=lambda item: -len(item[0]))
    found = [
        (re.compile(rf"(?<=\d){_SPACE}?{re.escape(unit)}{_WORD_END}"), f" {words}")
        for unit, words in units
    ]
    shorts = sorted(terms.shorts.items(), key=lambda item: -len(item[0]))
    found += [
        (re.compile(rf"(?<!\w){re.escape(short)}(?!\w)", re.IGNORECASE), words)
        for short, words in shorts
    ]
    return [*found, *((re.compile(sign), f" {words} ") for sign, words in terms.signs.items())]


def _ordinals(text: str, language: str, terms: Terms) -> str:
    if not terms.ordinal:
        return text
    return re.sub(terms.ordinal, lambda m: ordinal(int(m[1]), language), text)


def _ranges(text: str, language: str, terms: Terms) -> str:
    return _RANGE.sub(rf"\1{terms.range}\2", text)


def _numbers(text: str, language: str, terms: Terms) -> str:
    text = _TURKISH_ENDING.sub("", text)  # "12'ye" is said as one word
    text = _LONG_DIGITS.sub(lambda m: digits(m[0], language), text)
    return _PLAIN.sub(lambda m: _decimal(m[0], language, terms), text)


def _decimal(number: str, language: str, terms: Terms) -> str:
    minus = f"{terms.minus} " if number[0] in "-−" else ""
    whole, fraction = _amount(number.lstrip("-−"))
    found = re.search(r"[.,](\d{1,2})$", number)
    if not fraction or not found:
        return minus + _whole(whole, language)
    after = found[1]
    said = digits(after, language) if after.startswith("0") else _whole(after, language)
    return f"{minus}{_whole(whole, language)} {terms.point} {said}"


def _whole(number: str, language: str) -> str:
    return in_words(int(number), language) if int(number) <= MOST else digits(number, language)


_Step = Callable[[str, str, Terms], str]
_STEPS: tuple[_Step, ...] = (
    _addresses,
    _codes,
    _dates,
    _times,
    _money,
    _percents,
    _short_forms,
    _postcodes,
    _days,
    _ordinals,
    _ranges,
    _numbers,
)
