"""The words people answer with, in every language at once: see `bot/i18n/lexicon`.

Each language is one TOML file, read once at import; `signs.toml` holds the picture signs.
A phrase is kept as `bot.normalise.phrase` makes it, so that comparing is looking up.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Any

from bot.normalise import normalise, phrase, signs

_SIGNS = "signs"  # the one file that is not a language
MOST_ORDINAL = 20  # number words beyond this never number a choice
LONGEST = 8  # words in the longest phrase that is looked for

Sets = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Counting:
    """How one language says numbers. Keys are as `normalise` makes them, the article kept.

    values: up to 99 added, 100 and more multiplied. halves: want a larger number after them.
    after_number: multiply what must stand before them ("2k").
    pieces: finds values and joiners inside one long word.
    """

    values: Mapping[str, int]
    halves: Mapping[str, Decimal]
    after_number: Mapping[str, int]
    joiners: frozenset[str]
    units_first: bool
    pieces: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All languages together, save where a word must tell its language.

    keywords: phrase or sign -> keyword. meanings: meaning -> phrases. sign_meanings: sign ->
    meanings. ordinals: phrase -> number. around, words: kind -> phrases. common: language ->
    words that tell it. names: phrase or flag -> language. counting: language -> its numbers.
    money: kind -> folded phrases, the article kept. known: single words that mean something.
    endings: what makes a digit an ordinal ("2e"). spoken: language -> meaning -> how it is said
    aloud, as it is written.
    """

    keywords: Mapping[str, str]
    meanings: Sets
    sign_meanings: Sets
    ordinals: Mapping[str, int]
    around: Sets
    words: Sets
    common: Sets
    names: Mapping[str, str]
    counting: Mapping[str, Counting]
    money: Sets
    known: frozenset[str]
    endings: frozenset[str]
    spoken: Mapping[str, Mapping[str, tuple[str, ...]]]

    def keyword_phrases(self, name: str) -> frozenset[str]:
        return frozenset(key for key, value in self.keywords.items() if value == name)


def _read() -> dict[str, dict[str, Any]]:
    folder = files("bot.i18n").joinpath("lexicon")
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {f.name.removesuffix(".toml"): tomllib.loads(f.read_text("utf-8")) for f in found}


def _lexicon(raw: Mapping[str, dict[str, Any]]) -> Lexicon:
    spoken = {code: data for code, data in raw.items() if code != _SIGNS}
    keywords = _by_phrase(data["keywords"] for data in raw.values())
    around, words = _merged(spoken, "around"), _merged(spoken, "words")
    ordinals = _ordinals(spoken)
    return Lexicon(
        keywords=keywords,
        meanings=_meanings(spoken, keywords),
        sign_meanings=_sign_meanings(raw.get(_SIGNS, {}).get("meanings", {})),
        ordinals=ordinals,
        around=around,
        words={kind: found for kind, found in words.items() if kind != "common"},
        common=_telling({code: _keys(d["words"]["common"]) for code, d in spoken.items()}),
        names=_by_phrase(data["names"] for data in raw.values()),
        counting={code: _counting(data["numbers"]) for code, data in spoken.items()},
        money=_money(spoken),
        known=_known(spoken, words, ordinals),
        endings=frozenset(normalise(e) for d in spoken.values() for e in d["numbers"]["endings"]),
        spoken={code: _aloud(data.get("spoken", {})) for code, data in spoken.items()},
    )


def _aloud(table: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {meaning: tuple(said) for meaning, said in table.items()}


def _key(text: str) -> str:
    return phrase(text) or signs(text)


def _keys(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(key for key in map(_key, texts) if key)


def _by_phrase(tables: Iterable[Mapping[str, list[str]]]) -> dict[str, str]:
    return {key: name for table in tables for name, texts in table.items() for key in _keys(texts)}


def _merged(spoken: Mapping[str, dict[str, Any]], table: str) -> dict[str, frozenset[str]]:
    kinds = sorted({kind for data in spoken.values() for kind in data[table]})
    return {
        kind: frozenset().union(*(_keys(data[table].get(kind, ())) for data in spoken.values()))
        for kind in kinds
    }


def _meanings(
    spoken: Mapping[str, dict[str, Any]], keywords: Mapping[str, str]
) -> dict[str, frozenset[str]]:
    """A keyword is a meaning as well, for choices such as "menu"."""
    found = _merged(spoken, "meanings")
    for name in set(keywords.values()):
        said = frozenset(key for key, value in keywords.items() if value == name and _is_said(key))
        found[name] = found.get(name, frozenset()) | said
    return found


def _is_said(key: str) -> bool:
    return not signs(key)


def _sign_meanings(table: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for meaning, texts in table.items():
        for key in _keys(texts):
            found[key] = found.get(key, frozenset()) | {meaning}
    return found


def _ordinals(spoken: Mapping[str, dict[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for data in spoken.values():
        for word, value in [*data["numbers"]["values"], *data["numbers"]["ordinals"]]:
            if 1 <= value <= MOST_ORDINAL:
                found[phrase(word)] = value
    return found


def _telling(common: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """A word that two languages share tells neither."""
    return {
        code: own - frozenset().union(*(other for c, other in common.items() if c != code))
        for code, own in common.items()
    }


def _counting(table: Mapping[str, Any]) -> Counting:
    values = {normalise(word): int(value) for word, value in table["values"]}
    halves = {normalise(word): Decimal(str(value)) for word, value in table["halves"]}
    after = {normalise(word): int(value) for word, value in table["after_number"]}
    joiners = frozenset(map(normalise, table["and"]))
    pieces = _pieces([*values, *joiners])
    return Counting(values, halves, after, joiners, table["units_first"], pieces)


def _pieces(found: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(found, key=len, reverse=True))))


def _money(spoken: Mapping[str, dict[str, Any]]) -> dict[str, frozenset[str]]:
    def each(kind: str) -> frozenset[str]:
        return frozenset(normalise(t) for data in spoken.values() for t in data["money"][kind])

    polite = frozenset(
        normalise(t)
        for data in spoken.values()
        for t in [*data["around"]["polite"], *data["keywords"]["hello"]]
    )
    return {"euro": each("euro"), "around": each("around") | polite}


def _known(
    spoken: Mapping[str, dict[str, Any]],
    words: Mapping[str, frozenset[str]],
    ordinals: Mapping[str, int],
) -> frozenset[str]:
    """Single words that mean something themselves, and so are not another one misspelt."""
    meant = [*_merged(spoken, "meanings").values(), *_merged(spoken, "keywords").values()]
    said = frozenset().union(*meant, *(words[kind] for kind in ("small", "asking", "negation")))
    return frozenset(word for word in said | set(ordinals) if " " not in word)


LEXICON = _lexicon(_read())
