"""Which language a person names, and which one a first message is in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.lexicon import LEXICON
from bot.normalise import phrase, signs, words
from bot.understand.keywords import ASKED_FOR, stripped
from bot.understand.typos import Candidate, by_start, nearest

MOST_LETTERS = 80  # of the name of a language with politeness around it
READ_FOR_GUESS = 400  # letters from which a language is guessed

_SPOKEN = ASKED_FOR | LEXICON.around["speak"]


def language_named(text: str, offered: Sequence[str]) -> str | None:
    """The offered language that a text names: in any language, by its code or by a flag."""
    if len(text) > MOST_LETTERS:
        return None
    flags, said = _by_flag(signs(text)), words(text)
    named = _by_name(said, offered) if said else flags
    if not named or (flags and flags != named):
        return None
    return named if named in offered else None


def _by_flag(shown: str) -> str | None:
    return LEXICON.names.get(shown) if shown else None


def _by_name(said: list[str], offered: Sequence[str]) -> str | None:
    for core in (said, stripped(said, _SPOKEN)):
        name = " ".join(core)
        found = LEXICON.names.get(name) or (name if name in offered else None)
        if found:
            return found
    return nearest(core, _NAMES)


_NAMES = by_start(
    Candidate(tuple(name.split()), code) for name, code in LEXICON.names.items() if phrase(name)
)


def guess_language(text: str, offered: Sequence[str]) -> str | None:
    """The offered language that a first message is in, by its script and its small words.

    None when that is not clear: a greeting that many languages share, or words of two.
    """
    read = text[:READ_FOR_GUESS]
    counts = dict.fromkeys(offered, 0)
    if _ARABIC.search(read):
        only_arabic = not _LATIN.search(read) and not _PERSIAN_URDU.search(read)
        return "ar" if only_arabic and "ar" in counts else None
    for word in words(read):
        for code in counts:
            counts[code] += word in LEXICON.common.get(code, ())
    return _clearly_most(counts)


_ARABIC = re.compile("[\u0621-\u064a]")
_LATIN = re.compile("[A-Za-z]{3}")
_PERSIAN_URDU = re.compile("[پچژگٹڈڑںےکی]")


def _clearly_most(counts: dict[str, int]) -> str | None:
    """One word tells when no other language has any; else it takes three times as many."""
    if not counts:
        return None
    first, *others = sorted(counts, key=lambda code: -counts[code])
    second = max((counts[code] for code in others), default=0)
    return first if counts[first] > 0 and counts[first] >= 3 * second else None
