"""Words that fit a length: always whole sentences or words, and only as a proposal."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable

from admin_export.measures import Measure

_SENTENCE = re.compile(r"(?<=[.!?؟…])\s+")
_JOINS = "\u200d"  # between the parts of one emoji
_ENDS = " ,;:-–"


def sentences(text: str, most: int, measure: Measure) -> str:
    """The first whole sentences of `text` of at most `most`, else its first words."""
    plain = " ".join(text.split())
    if measure(plain)[1] <= most:
        return plain
    kept = ""
    for sentence in _SENTENCE.split(plain):
        longer = f"{kept} {sentence}".strip()
        if measure(longer)[1] > most:
            break
        kept = longer
    return kept or words(plain, most, measure)


def words(text: str, most: int, measure: Measure) -> str:
    """The first whole words of `text` of at most `most`, with an ellipsis; "" if that is none.

    Of a single word that is too long as many letters as fit.
    """
    plain = " ".join(text.split())
    if measure(plain)[1] <= most:
        return plain
    fits = bisect_right(range(most), most, key=lambda end: measure(f"{plain[:end]}…")[1])
    start = plain[: fits + 1]
    while start:
        start = _shorter(start)
        kept = start.rstrip(_ENDS)
        if kept and measure(f"{kept}…")[1] <= most:
            return f"{kept}…"
    return ""


def lengthened(start: str, more: Iterable[str], span: tuple[int, int], measure: Measure) -> str:
    """`start` and as many of `more` as it takes to be long enough; "" if that cannot be.

    `span`: the least and the most. What would make it too long is left out.
    """
    least, most = span
    text = start
    for each in more:
        if measure(text)[0] >= least:
            break
        longer = f"{text} {each}".strip()
        if measure(longer)[1] <= most and _goes_on(longer, measure):
            text = longer
    shortest, longest = measure(text)
    return text if least <= shortest and longest <= most else ""


def _goes_on(text: str, measure: Measure) -> bool:
    """Whether what follows counts: not behind what that system takes for the start of a tag."""
    return measure(f"{text} x")[0] > measure(text)[0]


def _shorter(text: str) -> str:
    """One word less, or of the last word one letter less, with all the marks that belong to it."""
    if " " in text:
        return text.rsplit(" ", 1)[0]
    end = len(text) - 1
    while end > 0 and _belongs(text, end):
        end -= 1
    return text[:end]


def _belongs(text: str, at: int) -> bool:
    """Whether the character at `at` cannot be parted from the one before it."""
    is_mark = unicodedata.category(text[at]).startswith("M") or text[at] == _JOINS
    return is_mark or text[at - 1] == _JOINS
