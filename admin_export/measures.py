"""How long a text is for another system, which is not always how long it looks.

OpenStad (apps/api-server/src/util/sanitize.js and models/Resource.js) takes away emoji and the
marks on letters, then escapes or drops what looks like HTML, and only then counts, in JavaScript's
way: UTF-16 units, without white space at the ends. Older versions counted the text as it came.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from html import escape

from civic.rounds import label_length

# What JavaScript's trim() takes away.
_BLANK = "\t\n\v\f\r \xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))
_BLANK += "\u2028\u2029\u202f\u205f\u3000\ufeff"
_BEYOND = re.compile("[\U00010000-\U0010ffff\ud800-\udfff]")
_MARKS = re.compile("[\u0300-\u036f\ufe20-\ufe2f\u20d0-\u20ff]")
_DOUBLE = re.compile("[ÆæÞþßŒœ]")  # one letter that becomes two
_TAG = re.compile(r"<[a-zA-Z/!?]")

Span = tuple[int, int]
Measure = Callable[[str], Span]


def trimmed(text: str) -> str:
    """The text without white space at its ends, as JavaScript trims it."""
    return text.strip(_BLANK)


def characters(text: str) -> Span:
    """The number of characters, as databases and Python count them."""
    return len(text), len(text)


def openstad(text: str) -> Span:
    """The least and the most that any version of OpenStad may count."""
    plain = _plain(trimmed(text))
    tag = _TAG.search(plain)
    kept = trimmed(plain[: tag.start()] if tag else plain)
    counts = [label_length(each) for each in (trimmed(text), kept, trimmed(escape(plain, False)))]
    return min(counts), max(counts)


def _plain(text: str) -> str:
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", _BEYOND.sub("", text))
    return _MARKS.sub("", _DOUBLE.sub("xx", apart))
