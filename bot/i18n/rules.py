"""What holds for every text that residents read, whatever the language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter
from unicodedata import normalize

from bot.i18n.keys import LABELS
from bot.i18n.script import SIGNS, sentences
from civic.rounds import label_length

MOST_WORDS = 15  # in a sentence; plain language at CEFR A2/B1

# Nobody wins or loses in a neighbourhood budget, and a resident behind a plan is an
# "initiatiefnemer": see docs/glossary.md. These are the starts of the words.
FORBIDDEN = (
    *("winnaar", "winnares", "winnend", "verliezer", "verliezend", "planindiener"),
    *("winner", "winning", "loser", "losing"),
    *("kazanan", "kaybeden", "galip", "mağlup"),
    *("فائز", "رابح", "خاسر"),
)
# "and", "for", "the" and their like are written onto the front of an Arabic word.
_ARABIC_FRONT = "(?:[وفبكل]{0,2}(?:ال|ل)?)?"

_DIRECTION_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SIMPLE_NAME = re.compile("[a-z][a-z_]*")


def folded(text: str) -> str:
    """Small letters without accents, for comparing words: İ, I and ı are one letter here."""
    bare = normalize("NFKD", text.casefold().replace("ı", "i").replace("\u0640", ""))
    return "".join(char for char in bare if not "\u0300" <= char <= "\u036f" and not _is_mark(char))


def _is_mark(char: str) -> bool:
    return "\u064b" <= char <= "\u065f" or char == "\u0670"


_FORBIDDEN = re.compile(
    f"(?<!\\w){_ARABIC_FRONT}({'|'.join(re.escape(folded(word)) for word in FORBIDDEN)})"
)


def placeholders(text: str) -> frozenset[str]:
    """The names between braces; raises ValueError for a loose brace or more than a name."""
    names = set()
    for _, name, shape, conversion in Formatter().parse(text):
        if name is not None and (shape or conversion or not _SIMPLE_NAME.fullmatch(name)):
            raise ValueError("more than a name between braces")
        names.add(name or "")
    return frozenset(names - {""})


def faults(key: str, text: str) -> Iterator[str]:
    """What is wrong with one text, each in a few words."""
    yield from _braces(text)
    yield from _length(key, text)
    yield from (f'the word "{m[1]}" is not used here' for m in _FORBIDDEN.finditer(folded(text)))
    yield from _long_sentences(text)
    if _DIRECTION_CONTROLS.search(text):
        yield "has a direction control, which the program puts in by itself"
    if text != text.strip():
        yield "begins or ends with white space"


def _braces(text: str) -> Iterator[str]:
    try:
        placeholders(text)
    except ValueError:
        yield "has a brace that is not around a name"


def _length(key: str, text: str) -> Iterator[str]:
    for ending, most in LABELS.items():
        length = label_length(re.sub(r"{\w*}", "", text))
        if key.endswith(ending) and length > most:
            yield f"is {length} long; a label has at most {most}"


def _long_sentences(text: str) -> Iterator[str]:
    for sentence in sentences(text):
        for between_signs in SIGNS.split(sentence):
            count = sum(any(map(str.isalnum, word)) for word in between_signs.split())
            if count > MOST_WORDS:
                yield f"has a sentence of {count} words; at most {MOST_WORDS}"
