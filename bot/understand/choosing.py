"""Which of a question's choices a typed answer means, or none when that is not clear.

A message is read as a row of phrases. Each phrase that tells something names choices: an
ordinal, a label in any language, an everyday word for what a choice means, a picture sign.
They must all name the same one, and nothing may be left over but politeness. So "ja nee",
"1 of 2" and "niet 2" mean nothing. Only when no phrase fits, a typing error is considered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from bot.i18n.catalogue import everywhere
from bot.lexicon import LEXICON, LONGEST
from bot.normalise import phrase, signs, words
from bot.prompts import Choice
from bot.understand.keywords import stripped
from bot.understand.typos import Candidate, Candidates, by_start, nearest, negatives

MOST_LETTERS, MOST_WORDS = 160, 14  # a longer message is more than an answer
SHORTEST_PART = 3  # letters; a shorter part of a label is not told apart safely

Ids = frozenset[str]
NONE: Ids = frozenset()
# Id, meaning, key, the label in every language.
_Keyed = tuple[str, str, str, tuple[str, ...]]

# Who wants it sent says yes, and so on: a choice also takes the words of another meaning, if no
# choice means just that. (meaning, takes, only when this one is offered next to it)
_ALSO = (
    ("right", "yes", ""),
    ("send", "yes", ""),
    ("cast", "yes", ""),
    ("withdraw", "yes", "no"),
    ("forget", "yes", "no"),
    ("again", "no", "yes"),
    ("again", "no", "right"),
    ("skip", "no", ""),
    ("skip", "unknown", ""),
    ("unknown", "skip", ""),
)
# In a menu these words only lead up to the answer: "ja, plan insturen".
_LEADING = LEXICON.meanings["yes"]
_AROUND: frozenset[str] = frozenset().union(
    LEXICON.keyword_phrases("hello"),
    *(LEXICON.around[kind] for kind in ("polite", "want", "pick")),
)
_SMALL = LEXICON.words["small"]
# These tell nothing by themselves. Unlike the small ones they cannot be left out either.
_NEVER_TELLING = _SMALL | LEXICON.words["asking"] | LEXICON.words["negation"]
_NUMBER = re.compile("(?P<before>[^0-9]*)(?P<number>0|[1-9][0-9]{0,3})(?P<after>[^0-9]*)")
_NO_NUMBER = "-1"  # the key of a choice that nobody can name by number
_SCOPED = re.compile(r"[\w.]+:(\S+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Label:
    """One label in one language, for recognising a part of it."""

    id: str
    words: tuple[str, ...]
    negatives: int


@dataclass(slots=True)
class _Index:
    """All that a question's choices can be called. Built once for the same labels."""

    ids: tuple[str, ...]
    numbers: dict[int, str]
    phrases: dict[str, Ids] = field(default_factory=dict)
    unspaced: dict[str, Ids] = field(default_factory=dict)
    signs: dict[str, Ids] = field(default_factory=dict)
    labels: list[_Label] = field(default_factory=list)
    telling: dict[str, str] = field(default_factory=dict)
    candidates: Candidates = field(default_factory=dict)
    around: frozenset[str] = _AROUND
    deciding: Ids = NONE


def choose(text: str, choices: Sequence[Choice]) -> str | None:
    """The id of the one choice that the text clearly means, else None. Never guesses."""
    if not choices or len(text) > MOST_LETTERS:
        return None
    index = _index(tuple((c.id, c.means, c.key, everywhere(c.label)) for c in choices))
    return _by_id(text.strip(), index) or _meant(text, index)


def meaning(text: str, among: Sequence[str]) -> str | None:
    """Which of these meanings of the lexicon the text has, else None: without choices on screen."""
    if len(text) > MOST_LETTERS:
        return None
    return _meant(text, _index(tuple((each, each, _NO_NUMBER, ()) for each in among)))


def _by_id(text: str, index: _Index) -> str | None:
    """A choice's own id, as it is or with the state before it: `menu.menu:help`."""
    scoped = _SCOPED.fullmatch(text)
    wanted = (text, scoped[1] if scoped else text)
    return next((i for i in index.ids if i in wanted and not i.isdecimal()), None)


def _meant(text: str, index: _Index) -> str | None:
    said = words(text)
    shown = _shown(index, text)
    if shown is None or len(said) > MOST_WORDS:
        return None
    meant = _said(index, said) if said else shown
    if "?" in text or "؟" in text:  # "ja?" and "mag dat?" ask rather than answer
        meant -= index.deciding
    return _only(meant & shown if shown and meant else meant)


def _only(ids: Iterable[str]) -> str | None:
    one = tuple(ids)
    return one[0] if len(one) == 1 else None


# --- picture signs ------------------------------------------------------------------------


def _shown(index: _Index, text: str) -> Ids | None:
    """The choices that the picture signs name: empty if none, None if they contradict."""
    found = signs(text)
    if not found:
        return NONE
    named = [ids for ids in _each_sign(index, found) if ids is not None]
    if not named:
        return NONE
    agreed = named[0].intersection(*named[1:])
    return agreed or None


def _each_sign(index: _Index, found: str) -> list[Ids | None]:
    if found in index.signs:
        return [index.signs[found]]
    return [_of_sign(index, sign) for sign in found]


def _of_sign(index: _Index, sign: str) -> Ids | None:
    """None for a sign that says nothing here, nobody for a "no" that is not asked for."""
    if sign in index.signs:
        return index.signs[sign]
    return NONE if "no" in LEXICON.sign_meanings.get(sign, NONE) else None


# --- words ----------------------------------------------------------------------------------


def _said(index: _Index, said: list[str]) -> Ids:
    """The choices that the words name, also when letters were drawn out ("jaaaa")."""
    found: Ids = NONE
    for variant in _drawn_in(said):
        found |= _named(index, variant)
    return found or _misspelt(index, said)


def _drawn_in(said: list[str]) -> list[list[str]]:
    whole = " ".join(said)
    if not _DRAWN_OUT.search(whole):
        return [said]
    return [said, *(_DRAWN_OUT.sub(less, whole).split() for less in (r"\1", r"\1\1"))]


_DRAWN_OUT = re.compile(r"([^\W\d_])\1\1+")


def _named(index: _Index, said: list[str]) -> Ids:
    whole = index.phrases.get(" ".join(said), NONE)
    return whole | _row(index, said) | _ordinal(index, said) | _part_of_label(index, said)


def _row(index: _Index, said: list[str]) -> Ids:
    """What a row of phrases names when all of them name the same choice.

    `reached[n]` holds what the first n words may name: "" for nothing yet.
    """
    reached: list[set[str]] = [{""}, *(set() for _ in said)]
    for start in range(len(said)):
        if reached[start]:
            for end in range(start + 1, min(len(said), start + LONGEST) + 1):
                _extend(index, reached, start, end, said)
    return frozenset(reached[-1] - {""})


def _extend(index: _Index, reached: list[set[str]], start: int, end: int, said: list[str]) -> None:
    part = " ".join(said[start:end])
    if part in index.around:
        reached[end] |= reached[start]
    named = index.phrases.get(part, NONE)
    if end == start + 1:
        named |= _digit(index, part)
    for before in reached[start]:
        reached[end] |= named if not before else named & {before}


def _digit(index: _Index, word: str) -> Ids:
    """The choice that a number in digits stands for: "2", "nr2", "2e"."""
    found = _NUMBER.fullmatch(word)
    if not found or (found["before"] and found["before"] not in _AROUND):
        return NONE
    if found["after"] and found["after"] not in LEXICON.endings:
        return NONE
    return _at(index, int(found["number"]))


def _at(index: _Index, number: int) -> Ids:
    return frozenset({index.numbers[number]}) if number in index.numbers else NONE


def _ordinal(index: _Index, said: list[str]) -> Ids:
    """A number in words counts only when it is the whole answer: "de tweede", "doe maar twee"."""
    core = [word for word in stripped(said, _AROUND) if word not in _ARTICLES]
    if len(core) == 1 and core[0].isdecimal():
        return _digit(index, core[0])
    return _at(index, LEXICON.ordinals.get(" ".join(core), -2))


# "Een" is left: it is a number as well.
_ARTICLES = _SMALL - LEXICON.ordinals.keys()


def _part_of_label(index: _Index, said: list[str]) -> Ids:
    """The choice of which the label has all these words, at least one of them its own alone."""
    core = stripped(said, index.around)
    telling = {index.telling[word] for word in core if word in index.telling}
    if len(telling) != 1:
        return NONE
    against = negatives(said)
    return frozenset(
        label.id
        for label in index.labels
        if label.id in telling
        and label.negatives == against
        and all(word in label.words or word in _SMALL for word in core)
        and _numbers_agree(index, label.id, core)
    )


def _numbers_agree(index: _Index, id_: str, core: list[str]) -> bool:
    """A digit in a label tells it only together with a word, and not against its place."""
    digits = [word for word in core if word.isdecimal()]
    if not digits:
        return True
    places = [_digit(index, word) for word in digits]
    return len(core) > len(digits) and all(place <= {id_} for place in places)


def _misspelt(index: _Index, said: list[str]) -> Ids:
    core = stripped(said, index.around) or said
    unspaced = index.unspaced.get("".join(core), NONE)
    if unspaced:
        return unspaced
    found = nearest(core, index.candidates)
    return frozenset({found}) if found else NONE


# --- the index ---------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _index(keyed: tuple[_Keyed, ...]) -> _Index:
    index = _Index(tuple(id_ for id_, _, _, _ in keyed), _numbers(keyed))
    taken = {means for _, means, _, _ in keyed}
    for id_, means, _, labels in keyed:
        _add_label(index, id_, labels)
        for meaning in _meanings(means, taken):
            _add_meaning(index, id_, meaning)
            if meaning in ("yes", "no"):
                index.deciding |= {id_}
    index.around = _around(index)
    index.telling = _telling(keyed)
    index.candidates = by_start(_candidates(index))
    index.unspaced = _unspaced(index)
    return index


def _numbers(keyed: tuple[_Keyed, ...]) -> dict[int, str]:
    """The number of each choice: its own, if any choice has one, else its place."""
    own = {int(key): id_ for id_, _, key, _ in keyed if key}
    return own or {place: id_ for place, (id_, _, _, _) in enumerate(keyed, 1)}


def _around(index: _Index) -> frozenset[str]:
    """What tells nothing here: "graag" is polite in a menu, but a yes where that is asked for."""
    leading = NONE if _LEADING & index.phrases.keys() else _LEADING
    return (_AROUND - index.phrases.keys()) | leading


def _meanings(means: str, taken: set[str]) -> list[str]:
    also = [
        takes
        for meaning, takes, beside in _ALSO
        if meaning == means
        and takes not in taken
        and (not beside or (beside in taken and len(taken) == 2))
    ]
    return [means, *also]


def _add_label(index: _Index, id_: str, labels: tuple[str, ...]) -> None:
    if not id_.isdecimal():
        _add(index.phrases, phrase(id_), id_)
    for label in labels:
        said, sign = words(label), signs(label)
        _add(index.phrases, " ".join(said), id_)
        _add(index.signs, sign, id_)
        if said:
            index.labels.append(_Label(id_, tuple(said), negatives(said)))


def _add_meaning(index: _Index, id_: str, meaning: str) -> None:
    said = LEXICON.meanings.get(meaning)
    if said is None:  # a choice may also mean one word of its own, such as a plan's number
        said = frozenset({phrase(meaning)})
    for each in said:
        _add(index.phrases, each, id_)
    for sign, meanings in LEXICON.sign_meanings.items():
        if meaning in meanings:
            _add(index.signs, sign, id_)


def _add(table: dict[str, Ids], key: str, id_: str) -> None:
    if key:
        table[key] = table.get(key, NONE) | {id_}


def _telling(keyed: tuple[_Keyed, ...]) -> dict[str, str]:
    """The words that only one choice has, in whatever language.

    A word that begins another choice's word does not tell: "plan" next to "plannen".
    """
    owners = {id_: {w for label in labels for w in words(label)} for id_, _, _, labels in keyed}
    return {
        word: id_
        for id_, own in owners.items()
        for word in own
        if _may_tell(word)
        and not any(w.startswith(word) for other, ws in owners.items() if other != id_ for w in ws)
    }


def _may_tell(word: str) -> bool:
    if word.isdecimal():
        return True
    long_enough = len(word) >= SHORTEST_PART or not word.isascii()
    return long_enough and word not in _NEVER_TELLING


def _candidates(index: _Index) -> Iterator[Candidate]:
    """Labels, their telling words, and everyday words; other words of labels are rivals."""
    for label in index.labels:
        yield Candidate(label.words, label.id)
        for word in label.words:
            if word not in _SMALL:
                tells = index.telling.get(word) == label.id and not label.negatives
                yield Candidate((word,), label.id, rival=not tells)
    own = {" ".join(label.words) for label in index.labels}
    for said, ids in index.phrases.items():
        if said not in own:
            yield from (Candidate(tuple(said.split()), id_, strict=True) for id_ in ids)


def _unspaced(index: _Index) -> dict[str, Ids]:
    found: dict[str, Ids] = {}
    for key, ids in index.phrases.items():
        joined = key.replace(" ", "")
        if len(joined) > SHORTEST_PART:
            found[joined] = found.get(joined, NONE) | ids
    return found
