"""Where a point or an address lies: outlines on the map, and place names in a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

Outline = tuple[tuple[float, float], ...]
"""The corners of an area as (latitude, longitude) in degrees; the last joins the first."""

_POSTCODE = re.compile(r"\b(\d{4})\s?([a-z]{2})\b")
_POSTCODE_START = re.compile(r"\d{4}[a-z]{0,2}")


def contains(outline: Outline, lat: float, lng: float) -> bool:
    """Whether the point lies in the outline, by counting the borders east of it.

    A neighbourhood is small enough to be flat. A border counts half open, so a point on the
    border of two neighbours belongs to one of them only.
    """
    inside = False
    for border in zip(outline, (*outline[1:], outline[0]), strict=True):
        # From south to north, so that two neighbours reckon their border to the same last bit.
        (lat1, lng1), (lat2, lng2) = sorted(border)
        if (lat1 > lat) != (lat2 > lat):
            inside ^= lng < lng1 + (lat - lat1) / (lat2 - lat1) * (lng2 - lng1)
    return inside


def words_of(text: str) -> list[str]:
    """The words of a text, without accents, capitals and signs; a postcode is one word."""
    plain = "".join(map(_plain, unicodedata.normalize("NFKD", text))).casefold()
    return re.findall(r"\w+", _POSTCODE.sub(r"\1\2", plain))


def found_in(words: Sequence[str], places: Mapping[str, Sequence[str]]) -> set[str]:
    """The keys of which a place stands in the words.

    A place inside a longer one does not count: "Tuindorp Noord" is not "Noord".
    """
    spans = {
        (key, start, end)
        for key, names in places.items()
        for name in names
        for start, end in _spans(words, words_of(name))
    }
    return {key for key, start, end in spans if not _covered(start, end, spans)}


def _plain(letter: str) -> str:
    if unicodedata.combining(letter):
        return ""
    if letter == "ı":  # a Turkish phone writes it for "i"
        return "i"
    return str(unicodedata.digit(letter)) if letter.isdigit() else letter


def _spans(words: Sequence[str], name: Sequence[str]) -> list[tuple[int, int]]:
    size = len(name)
    starts = range(len(words) - size + 1) if size else ()
    return [(at, at + size) for at in starts if _same(words[at : at + size], name)]


def _same(words: Sequence[str], name: Sequence[str]) -> bool:
    if len(name) == 1 and _POSTCODE_START.fullmatch(name[0]):
        return words[0].startswith(name[0]) and bool(_POSTCODE_START.fullmatch(words[0]))
    return list(words) == list(name)


def _covered(start: int, end: int, spans: set[tuple[str, int, int]]) -> bool:
    return any(s <= start and end <= e and e - s > end - start for _, s, e in spans)
