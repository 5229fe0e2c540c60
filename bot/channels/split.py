"""Cuts a text into messages where a reader would: a paragraph, a line, a sentence, a word."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator

from bot.i18n.script import FSI, PDI, isolates, sentence_breaks, whole_characters

Fits = Callable[[str], bool]

_SPACE = re.compile("\\s")


def split(text: str, fits: Fits) -> list[str]:
    """The text in parts that each fit, in order; [] when there is nothing but white space.

    Only white space at the cuts is lost. An isolate (UAX 9) stays whole if it fits in a message,
    and is else closed and opened again. `fits` must hold for the start of a text that fits, and
    for any single character.
    """
    parts = _split(text.strip(), fits, 0)
    return [part.strip() for part in parts if part.strip()]


def _split(text: str, fits: Fits, level: int) -> list[str]:
    if fits(text.strip()) or level == len(_LEVELS):
        return [text]
    if text.startswith(FSI) and isolates(text) == [(0, len(text))]:
        return _split_inside(text[1:-1], fits)
    parts, current, at = [], "", 0
    pieces = list(_pieces(text, _LEVELS[level](text)))
    while at < len(pieces):
        count = _most(pieces[at:], current, fits)
        current += "".join(pieces[at : at + count])
        at += count
        if at < len(pieces):
            *full, rest = _split(pieces[at], fits, level + 1)
            parts += [current, *full]
            current = rest
            at += 1
    return [*parts, current]


def _most(pieces: list[str], start: str, fits: Fits) -> int:
    """How many of the pieces fit after `start`: found by doubling, then by halving."""

    def is_too_much(count: int) -> bool:
        return not fits((start + "".join(pieces[:count])).strip())

    most = 1
    while most <= len(pieces) and not is_too_much(most):
        most *= 2
    return bisect_left(range(min(most, len(pieces) + 1)), True, lo=most // 2, key=is_too_much) - 1


def _split_inside(text: str, fits: Fits) -> list[str]:
    inner = split(text, lambda part: fits(f"{FSI}{part}{PDI}"))
    return [f"{FSI}{part}{PDI}" for part in inner]


def _pieces(text: str, starts: Iterator[int]) -> Iterator[str]:
    last = 0
    for start in starts:
        yield text[last:start]
        last = start
    yield text[last:]


def _after(pattern: str) -> Callable[[str], Iterator[int]]:
    """Offsets past each match of a pattern of white space."""
    compiled = re.compile(pattern)
    return lambda text: (m.end() for m in compiled.finditer(_closed(text)) if m.end() < len(text))


def _sentences(text: str) -> Iterator[int]:
    return iter(sentence_breaks(_closed(text)))


def _around_isolates(text: str) -> Iterator[int]:
    edges = {edge for span in isolates(text) for edge in span}
    return iter(sorted(edges - {0, len(text)}))


def _characters(text: str) -> Iterator[int]:
    at = 0
    for character in whole_characters(text)[:-1]:
        at += len(character)
        yield at


def _code_points(text: str) -> Iterator[int]:
    return iter(range(1, len(text)))


def _closed(text: str) -> str:
    """The text, equally long, with isolates that have no white space to cut at."""
    for start, end in isolates(text):
        text = text[:start] + _SPACE.sub("\ufffc", text[start:end]) + text[end:]
    return text


_LEVELS: tuple[Callable[[str], Iterator[int]], ...] = (
    _after("\n{2,}"),
    _after("\n+"),
    _sentences,
    _after("[ \t\n]+"),
    _around_isolates,
    _characters,
    _code_points,  # a letter under a tower of accents
)
