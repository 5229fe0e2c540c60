"""The one answer that a misspelt text was meant to be, when no other comes near."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from bot.lexicon import LEXICON

MARGIN = 2  # mistakes more that any other choice must need
MOST_MISTAKES = 2
MOST_WORDS = 5
SHORT = 6  # letters
# Letters that people write for one another.
_LATIN_SOUNDS = ("aeiouy", "dt", "bp", "fvw", "szc", "ckq", "gh", "gy", "mn", "ij")
_ARABIC_SOUNDS = ("اويع", "دذض", "تطث", "سصث", "قكغ", "هحخ", "زذ")
_SOUNDS = tuple(map(frozenset, _LATIN_SOUNDS + _ARABIC_SOUNDS))
# Turkish says "not" inside the verb: istiyorum, istemiyorum.
_NOT_INSIDE = re.compile("[a-z]m[iu]?yor|[a-z]m[ae]z$")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Words that somebody may have meant, and which choice that would be.

    strict: everyday words, which resemble other words sooner than a label does.
    rival: not an answer by itself, but something too near to it makes the answer unclear.
    """

    words: tuple[str, ...]
    id: str
    strict: bool = False
    rival: bool = False


Candidates = Mapping[tuple[int, str], Sequence[Candidate]]  # by number of words and first letter


def by_start(candidates: Iterable[Candidate]) -> Candidates:
    found: dict[tuple[int, str], list[Candidate]] = {}
    for each in candidates:
        found.setdefault((len(each.words), each.words[0][0]), []).append(each)
    return found


def negatives(said: Iterable[str]) -> int:
    """How many words say "not"; what differs in this never means the same."""
    negation = LEXICON.words["negation"]
    return sum(word in negation or _is_turned(word) for word in said)


def _is_turned(word: str) -> bool:
    return bool(_NOT_INSIDE.search(word))


def nearest(said: Sequence[str], candidates: Candidates) -> str | None:
    """The id of the candidate with the fewest mistakes, if it stands clear of all other ids."""
    if not 0 < len(said) <= MOST_WORDS:
        return None
    fewest: dict[str, int] = {}
    within: dict[str, int] = {}
    for each in _alike(said, candidates):
        mistakes, allowed = _mistakes(said, each)
        if mistakes is not None:
            fewest[each.id] = min(mistakes, fewest.get(each.id, mistakes))
            if allowed and not each.rival:
                within[each.id] = min(mistakes, within.get(each.id, mistakes))
    return _clear(fewest, within)


def _alike(said: Sequence[str], candidates: Candidates) -> Iterator[Candidate]:
    """Those that begin with the first letter, or with the second in case the two were swapped."""
    for letter in dict.fromkeys(said[0][:2]):
        yield from candidates.get((len(said), letter), ())


def _clear(fewest: Mapping[str, int], within: Mapping[str, int]) -> str | None:
    if not within:
        return None
    best = min(within, key=lambda id_: within[id_])
    others = (mistakes for id_, mistakes in fewest.items() if id_ != best)
    return best if all(mistakes >= within[best] + MARGIN for mistakes in others) else None


def _mistakes(said: Sequence[str], candidate: Candidate) -> tuple[int | None, bool]:
    """The mistakes in all words together and whether so many are allowed; None if far more.

    They are counted one further than allowed, to see who else comes near.
    """
    total, within = 0, True
    for word, meant in zip(said, candidate.words, strict=True):
        if word == meant:
            continue
        allowed = _allowed(word, meant, candidate.strict)
        found = OSA.distance(word, meant, score_cutoff=allowed + 1) if allowed else 2
        if found > allowed + 1:
            return None, False
        total += found
        within = within and found <= allowed and _is_slip(word, meant, found, candidate.strict)
    return total, within and total <= MOST_MISTAKES


def _allowed(word: str, meant: str, strict: bool) -> int:
    """How many mistakes a word may have: none in a short word, a number, or another real word.

    Arabic leaves its vowels out, so that words are shorter and nearer to one another.
    """
    if not _begins_alike(word, meant) or abs(len(word) - len(meant)) > MOST_MISTAKES + 1:
        return 0
    if word in LEXICON.known or not (word.isalpha() and meant.isalpha()):
        return 0
    if _is_turned(word) != _is_turned(meant):
        return 0
    letters = len(meant) - (not meant.isascii()) - strict
    most = 0 if letters <= 3 else 1 if letters <= SHORT else 2
    return min(most, 1) if strict else most


def _begins_alike(word: str, meant: str) -> bool:
    """People rarely err in the first letter, and "un", "on", "in" before a word turns it around."""
    return word[0] == meant[0] or word[:2] == meant[1::-1] or _sounds_alike(word, meant)


def _sounds_alike(word: str, meant: str) -> bool:
    """Only another first letter, of the same sound: "kultuur" for "cultuur"."""
    return len(word) > 4 and word[1:] == meant[1:] and _is_respelt(word[0], meant[0])


def _is_slip(word: str, meant: str, mistakes: int, strict: bool) -> bool:
    """Whether it looks like a mistake rather than another word, such as "groep" for "groen".

    In a short word: a letter too many or too few, two swapped, or another spelling of a sound.
    """
    if mistakes > 1:
        return word[:2] == meant[:2]
    if len(word) != len(meant) or (len(meant) > SHORT and not strict):
        return True
    changed = [(a, b) for a, b in zip(word, meant, strict=True) if a != b]
    return len(changed) > 1 or (not strict and _is_respelt(*changed[0]))


def _is_respelt(letter: str, meant: str) -> bool:
    return any({letter, meant} <= sounds for sounds in _SOUNDS)
