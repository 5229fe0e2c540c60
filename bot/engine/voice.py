"""What somebody's voice may decide, and what it did: pure.

A recording is compared with the few answers that are `expected` where somebody is; what came of it
is `Event.picked`. An open transcript never decides: it is the text of an answer, and nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot import understand
from bot.engine.moves import prompt_of
from bot.events import Event
from bot.flows.common import YES_NO
from bot.prompts import Prompt, Text, World, accepts, by_hand, choices_of
from bot.session import Session
from bot.understand import spoken

WORD = "word:"  # what a word that always works is picked as; no id of a choice has a colon
WORDS = ("back", "menu", "help", "stop", "language")
PLACE = "plan_details.place"
MOST_NAMES = 30  # Whisper takes in 220 tokens of what came before
MOST_CHOICES = 12
MOST_WORDS = 2  # of a transcript that may be an answer misheard


@dataclass(frozen=True, slots=True)
class Expected:
    """What may be said here: id -> wordings, words that are no answer to anything, and names.

    `hotwords` are there only where a place is asked: elsewhere they do more harm than good.
    """

    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    hotwords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """A `word` that always works, or the id of a `choice`; or why neither counts."""

    word: str = ""
    choice: str = ""
    why: Text | None = None


def expected(session: Session, world: World) -> Expected:
    """What a recording is compared with; nothing before a language is chosen. Never raises."""
    try:
        choices = choices_of(prompt_of(session, world))
    except Exception:  # the step itself mends it
        return Expected()
    if not session.language or len(choices) > MOST_CHOICES:
        return Expected()
    meant = {choice.means for choice in choices} | {choice.id for choice in choices}
    words = spoken.always(session.language, [word for word in WORDS if word not in meant])
    always = {WORD + word: wordings for word, wordings in words.items()}
    answers = {**spoken.aloud(choices, session.language), **always}
    names = _names(session, world) if session.state == PLACE else ()
    return Expected(_told_apart(answers), spoken.others(session.language), names)


def _names(session: Session, world: World) -> tuple[str, ...]:
    """The names of the round's areas and of what lies in them."""
    areas = world.round.areas if world.round else ()
    named = (name for a in areas for name in (a.name.get(session.language), *a.places))
    spoken_ = (name for name in named if name[:1].isalpha())
    return tuple(dict.fromkeys(spoken_))[:MOST_NAMES]


def _told_apart(answers: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Without the wordings that two answers share."""
    keys = [understand.normalise(said) for wordings in answers.values() for said in wordings]
    own = {
        id_: tuple(said for said in wordings if keys.count(understand.normalise(said)) == 1)
        for id_, wordings in answers.items()
    }
    return {id_: wordings for id_, wordings in own.items() if wordings}


def decided(session: Session, event: Event, prompt: Prompt, word: str | None) -> Decided | None:
    """What the voice decided here; None when it is an answer in open words.

    word: the keyword that the transcript is. Where open words are an answer, one of the few answers
    counts only when the transcript says the same: a story is not cut short by a sound in it. A word
    or two that the transcript does not know are asked for by hand.
    """
    picked = event.picked
    if accepts(prompt, "voice"):
        named = WORD + word if word else _named(event.text, prompt)
        if not named and not (picked and len(event.text.split()) <= MOST_WORDS):
            return None
        picked = picked if named == picked else ""
    if not session.language:
        return _by_transcript(event, prompt, word)
    if not picked:
        return Decided(why=Text("engine.unsure"))
    if picked.startswith(WORD):
        return Decided(word=picked.removeprefix(WORD))
    choice = next((c for c in choices_of(prompt) if c.id == picked), None)
    if choice is None or by_hand(prompt, choice):
        return Decided(why=Text("engine.by_hand"))
    return Decided(choice=choice.id)


def _named(text: str, prompt: Prompt) -> str:
    """The choice that a transcript names; a bare yes or no names one too, if only to be asked."""
    id_ = understand.choose(text, choices_of(prompt))
    bare = accepts(prompt, "text") and understand.choose(text, YES_NO)
    return id_ or bare or ""


def _by_transcript(event: Event, prompt: Prompt, word: str | None) -> Decided | None:
    """Before a language is chosen there is nothing to compare with: a language may be named."""
    id_ = understand.choose(event.text, choices_of(prompt))
    if event.verdict == "ok" and (word or id_):
        return Decided(word=word or "", choice="" if word else id_ or "")
    return Decided(why=Text("engine.not_understood"))
