"""The languages that residents can choose. A new one is one line here and one catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Direction = Literal["ltr", "rtl"]


@dataclass(frozen=True, slots=True)
class Language:
    """One language: `code` as in a session, and its name in the language itself.

    `locale` is a CLDR locale by which Babel writes numbers, money and days.
    """

    code: str
    own_name: str
    direction: Direction
    locale: str


LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        Language("nl", "Nederlands", "ltr", "nl_NL"),
        Language("en", "English", "ltr", "en_GB"),
        Language("tr", "Türkçe", "ltr", "tr_TR"),
        Language("ar", "العربية", "rtl", "ar"),
    )
}

# What a text falls back to, and what somebody reads who did not choose yet.
FALLBACK = "nl"


def language(code: str, among: Mapping[str, Language] = LANGUAGES) -> Language:
    """The language with this code, or the fallback when there is none."""
    return among.get(code) or among[FALLBACK]
