"""The words that always work, in every language, whatever is being asked."""

from __future__ import annotations

import re

from bot.lexicon import LEXICON, LONGEST
from bot.normalise import phrase, signs, words

MOST_LETTERS = 80  # of a keyword with politeness around it

_ASKING = re.compile(r"[?؟\s]+")
# Telegram: `/start@name payload`; the payload is of a deep link and no word of a person.
_SLASH = re.compile(r"/(\w+)(?:@\w+)?(\s+[\w-]{1,64})?\s*", re.ASCII)
_THANKS = LEXICON.around["polite"]
POLITE = _THANKS | LEXICON.keyword_phrases("hello")
ASKED_FOR = POLITE | LEXICON.around["want"]


def keyword(text: str) -> str | None:
    """One of "back", "menu", "help", "language", "stop", "start", "hello" and "forget", else None.

    Only when the whole message is that, in any language, politeness aside. "hello" is a
    greeting and nothing more.
    """
    if len(text) > MOST_LETTERS:
        return None
    if _ASKING.fullmatch(text) and not text.isspace():
        return "help"
    slash = _SLASH.fullmatch(text)
    if slash and (not slash[2] or slash[1].lower() == "start"):
        return LEXICON.keywords.get(phrase(slash[1]))
    return _keyword_in(words(text), signs(text))


def _keyword_in(said: list[str], shown: str) -> str | None:
    found = LEXICON.keywords.get(" ".join(said)) if said else LEXICON.keywords.get(shown)
    for around in (POLITE, ASKED_FOR):
        found = found or LEXICON.keywords.get(" ".join(stripped(said, around)))
    return found or ("hello" if _only_greets(said) else None)


def _only_greets(said: list[str]) -> bool:
    """Greetings and thanks, but not thanks alone."""
    return not stripped(said, POLITE) and bool(stripped(said, _THANKS))


def stripped(said: list[str], around: frozenset[str]) -> list[str]:
    """The words without the phrases of `around` before and after them."""
    start, end = 0, len(said)
    while size := _covered(said[start:end], around, at_start=True):
        start += size
    while size := _covered(said[start:end], around, at_start=False):
        end -= size
    return said[start:end]


def _covered(said: list[str], around: frozenset[str], *, at_start: bool) -> int:
    sizes = range(min(len(said), LONGEST), 0, -1)
    ends = ((size, said[:size] if at_start else said[-size:]) for size in sizes)
    return next((size for size, part in ends if " ".join(part) in around), 0)
