"""How the answers to a question are said aloud, for comparing a recording with them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.i18n.catalogue import default
from bot.i18n.script import SIGNS
from bot.lexicon import LEXICON
from bot.normalise import words
from bot.prompts import Choice

MOST_WORDINGS = 4  # of one answer; each takes its share of a second
MOST_WORDS = 5  # of one wording; more is not said as an answer
LEAST_NUMBERED = 4  # choices; fewer are not called by their number


def aloud(choices: Sequence[Choice], language: str) -> dict[str, tuple[str, ...]]:
    """Choice id -> its wordings in this language: everyday words, its number, its label.

    Empty for a language of which the lexicon does not say how its words sound.
    """
    spoken = LEXICON.spoken.get(language)
    if not spoken:
        return {}
    keyed = any(choice.key for choice in choices)
    found = {}
    for place, choice in enumerate(choices, 1):
        place_ = str(place) if len(choices) >= LEAST_NUMBERED else ""
        numbered = _number(choice.key if keyed else place_, spoken["numbers"])
        said = (*spoken.get(choice.means, ()), *numbered, _label(choice, language))
        found[choice.id] = _few(said)
    return {id_: wordings for id_, wordings in found.items() if wordings}


def always(language: str, meanings: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Meaning -> its wordings, for the words that always work."""
    spoken = LEXICON.spoken.get(language, {})
    return {meaning: spoken[meaning] for meaning in meanings if meaning in spoken}


def others(language: str) -> tuple[str, ...]:
    """Words that are no answer to anything, and common answers to what may not be asked here."""
    spoken = LEXICON.spoken.get(language, {})
    common = (spoken.get("numbers", ())[:10], spoken.get("yes", ())[:1], spoken.get("no", ())[:1])
    return (*spoken.get("others", ()), *(word for words_ in common for word in words_))


def everyday(language: str) -> tuple[str, ...]:
    """The wordings that are expected again and again, whatever is asked."""
    spoken = LEXICON.spoken.get(language, {})
    said = (wordings for meaning, wordings in spoken.items() if meaning != "others")
    return tuple(dict.fromkeys(wording for each in said for wording in each))


def _number(number: str, names: Sequence[str]) -> tuple[str, ...]:
    if not number.isdecimal() or int(number) >= len(names):
        return ()
    return (names[int(number)],)


def _label(choice: Choice, language: str) -> str:
    label = SIGNS.sub(" ", default().translate(choice.label, language, spoken=True))
    said = "".join(letter if letter.isalnum() or letter in "'’-" else " " for letter in label)
    return " ".join(said.split()) if len(said.split()) <= MOST_WORDS else ""


def _few(wordings: Sequence[str]) -> tuple[str, ...]:
    """Each once: marks and capitals do not count."""
    once: dict[str, str] = {}
    for wording in wordings:
        once.setdefault(" ".join(words(wording)), wording)
    once.pop("", None)
    return tuple(once.values())[:MOST_WORDINGS]
