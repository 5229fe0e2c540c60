"""Numbers, money and days as people of a language write them, and as they are read aloud."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

# Digits 0-9 in every language: they are the ones on keypads, buttons and the stempas.
_DIGITS = "latn"


@lru_cache(2048)
def money(amount: Decimal, locale: str, spoken: bool) -> str:
    """An amount in euro: `€ 1.500` or `€ 1.500,50`; spoken `1500 euro`, without cents if whole."""
    whole = amount == amount.to_integral_value()
    if spoken:
        return format_currency(
            amount.to_integral_value() if whole else amount,
            "EUR",
            locale=locale,
            format_type="name",
            group_separator=False,
            currency_digits=not whole,
            numbering_system=_DIGITS,
        )
    return format_currency(
        amount,
        "EUR",
        _money_pattern(locale, whole),
        locale=locale,
        currency_digits=False,
        numbering_system=_DIGITS,
    )


def _money_pattern(locale: str, whole: bool) -> str:
    pattern: str = Locale.parse(locale).currency_formats["standard"].pattern
    return pattern.replace("0.00", "0") if whole else pattern


@lru_cache(2048)
def number(value: int, locale: str, spoken: bool) -> str:
    """A count: `12.345`; spoken without the separator, which a voice would read as a comma."""
    return format_decimal(
        value, locale=locale, group_separator=not spoken, numbering_system=_DIGITS
    )


@lru_cache(2048)
def day(value: date, locale: str) -> str:
    """A day with its name and month, without the year: `maandag 3 mei`."""
    return format_date(value, _day_pattern(locale), locale=locale)


@lru_cache
def _day_pattern(locale: str) -> str:
    # CLDR's order of weekday, day and month, each written in full.
    pattern: str = Locale.parse(locale).datetime_skeletons["MMMEd"].pattern
    return re.sub("M+|L+", "MMMM", re.sub("E+|c+", "EEEE", pattern))
