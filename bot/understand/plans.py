"""Numbers of plans in what somebody wrote or said, in digits or words of any of the languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.lexicon import LEXICON, LONGEST
from bot.normalise import fold, phrase
from bot.understand.amounts import whole

MOST_LETTERS = 200
MOST_DIGITS = 4  # of the number of a plan
MOST_PLANS = 60  # in one message
MOST_IN_NUMBER = 6  # words that say one number

_TOKEN = re.compile("[0-9]+|[^\\W\\d_]+(?:['’][^\\W\\d_]+)?")
_NOUNS = LEXICON.around["plans"]
_AROUND: frozenset[str] = frozenset().union(
    *(LEXICON.around[kind] for kind in ("plans", "and", "points", "polite", "want", "pick"))
)
_REMOVING = LEXICON.meanings["remove"]
_WA = "و"  # "and", which Arabic writes onto the next word
Said = list[int | str]  # numbers, and what stands around them


def plans(text: str) -> tuple[int, ...]:
    """The numbers that the text names, in order: "3, 7 en 12", "plan ٣ و ٧". () when not clear.

    Only when nothing else is left but words that stand around a choice.
    """
    said = _said(text, _AROUND)
    return _numbers(said) if said else ()


def plans_removed(text: str) -> tuple[int, ...]:
    """Likewise, when the words around them say to take them out: "haal 7 weg"."""
    said = _said(text, _AROUND | _REMOVING)
    is_removing = said and any(each in _REMOVING for each in said if isinstance(each, str))
    return _numbers(said) if said and is_removing else ()


def spoken_digits(text: str) -> str:
    """The text with each number word as digits: "vier acht twee" is "4 8 2"."""
    return " ".join(_as_digits(token) for token in _TOKEN.findall(fold(text)[:MOST_LETTERS]))


def _as_digits(token: str) -> str:
    value = None if token.isdecimal() else whole([token])
    return token if value is None else str(value)


def _numbers(said: Said) -> tuple[int, ...]:
    """Each number once."""
    found = [each for each in said if isinstance(each, int)]
    return tuple(dict.fromkeys(found)) if len(found) <= MOST_PLANS else ()


def _said(text: str, around: frozenset[str]) -> Said | None:
    """The text as numbers and phrases of `around`; None when it holds anything else."""
    if len(text) > MOST_LETTERS:
        return None
    tokens = _TOKEN.findall(fold(text))
    said: Said = []
    at = 0
    while at < len(tokens):
        size, meant = _next(tokens[at:], around)
        if not size:
            return None
        said.extend(meant)
        at += size
    return said


def _next(tokens: Sequence[str], around: frozenset[str]) -> tuple[int, Said]:
    """What the first tokens mean, and how many those are; 0 when they mean nothing here."""
    first = tokens[0]
    if first.isdecimal():
        return (1, [int(first)]) if len(first) <= MOST_DIGITS else (0, [])
    phrase_size, found = _phrase(tokens, around)
    number_size, value = _number(tokens)
    if number_size and number_size >= phrase_size and value is not None:
        any_one = value == 1 and _phrase(tokens[number_size:], _NOUNS)[0]
        return (0, []) if any_one else (number_size, [value])  # "een plan" is any plan
    if phrase_size:
        return phrase_size, [found]
    if first.startswith(_WA) and len(first) > len(_WA):  # "و٧" is two tokens already
        size, meant = _next([first.removeprefix(_WA), *tokens[1:]], around)
        return size, meant
    return 0, []


def _phrase(tokens: Sequence[str], around: frozenset[str]) -> tuple[int, str]:
    for size in _sizes(tokens, LONGEST):
        found = phrase(" ".join(tokens[:size]))
        if found in around:
            return size, found
    return 0, ""


def _number(tokens: Sequence[str]) -> tuple[int, int | None]:
    """The longest number in words at the start."""
    for size in _sizes(tokens, MOST_IN_NUMBER):
        value = None if any(map(str.isdecimal, tokens[:size])) else whole(tokens[:size])
        if value is not None and 0 <= value < 10**MOST_DIGITS:
            return size, value
    return 0, None


def _sizes(tokens: Sequence[str], most: int) -> Iterator[int]:
    return iter(range(min(len(tokens), most), 0, -1))
