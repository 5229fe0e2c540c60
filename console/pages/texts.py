"""Every text of the bot, in every language of the round, and what has been recorded of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from starlette.responses import Response

from console.bot_texts import BotText, Kind, State, Texts, state
from console.forms import ROWS, Filters, Paging
from console.roles import EVERYONE
from console.routes import View
from console.visit import Visit
from storage import prompts, rounds
from storage.prompts import Prompt

Recordings = Mapping[tuple[str, str], Prompt]


class TextFilters(Filters):
    """What the address of the page may ask for. `open`: still to be recorded, or anew."""

    q: str = ""
    flow: str = ""
    language: str = ""
    sound: Literal["open", "outdated", "recorded"] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A text in the list: its words in the language that is shown, how it stands in each."""

    text: BotText
    words: str
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True)
class Progress:
    """Of the texts that can be recorded in a language: how many are, and how many were."""

    recorded: int
    outdated: int
    total: int
    reader: str


async def show(visit: Visit) -> Response:
    filters = visit.filters(TextFilters)
    texts, codes = visit.deps.texts(), await languages(visit)
    recordings = await recorded(visit)
    found = [text for text in texts.by_key.values() if _fits(text, filters, codes, recordings)]
    first = Paging.offset(filters.page)
    shown = shown_in(filters.language, codes, visit.texts.language)
    return visit.page(
        "texts.html",
        filters=filters,
        codes=codes,
        shown=shown,
        flows=list(dict.fromkeys(text.flow for text in texts.by_key.values())),
        progress={code: _progress(texts, code, recordings) for code in codes},
        lines=[_line(text, shown, codes, recordings) for text in found[first : first + ROWS]],
        paging=Paging(filters.page, len(found)),
    )


async def languages(visit: Visit) -> list[str]:
    """The round's languages; all there are while there is no round."""
    active = await visit.read(rounds.active)
    return list(active.round.languages if active else visit.deps.languages)


async def recorded(visit: Visit) -> Recordings:
    """Every recording by key and language."""
    found = await visit.read(prompts.everything)
    return {(each.key, each.language): each for each in found}


def shown_in(wanted: str, codes: Sequence[str], own: str) -> str:
    """The language whose words a list shows: the one asked for, the reader's, or the first."""
    return next((code for code in (wanted, own) if code in codes), codes[0])


def states(text: BotText, codes: Iterable[str], recordings: Recordings) -> dict[str, State]:
    """How a text stands in each of these languages."""
    return {code: state(text, code, recordings.get((text.key, code))) for code in codes}


def is_open(each: Iterable[State]) -> bool:
    """Whether there is something to record."""
    return bool({State.MISSING, State.OUTDATED} & set(each))


def _fits(
    text: BotText, filters: TextFilters, codes: Sequence[str], recordings: Recordings
) -> bool:
    if filters.flow and text.flow != filters.flow:
        return False
    asked = [filters.language] if filters.language in codes else codes
    found = set(states(text, asked, recordings).values())
    if filters.sound == "open" and not is_open(found):
        return False
    if filters.sound in ("outdated", "recorded") and State(filters.sound) not in found:
        return False
    return all(word in _words(text, codes) for word in folded(filters.q).split()[:10])


def _words(text: BotText, codes: Sequence[str]) -> str:
    own = (form for code in codes if code in text.wordings for form in text.wordings[code].forms)
    return folded("\n".join((text.key, *own)))


@lru_cache(4096)
def folded(text: str) -> str:
    """Small letters without their marks, for finding words: İ, I, ı and i are one letter here."""
    apart = unicodedata.normalize("NFKD", text.casefold().replace("ı", "i"))
    return "".join(char for char in apart if not unicodedata.combining(char))


def _line(text: BotText, shown: str, codes: Sequence[str], recordings: Recordings) -> Line:
    wording = text.wordings.get(shown)
    words = " ".join(" / ".join(wording.forms).split()) if wording else ""
    return Line(text, words, states(text, codes, recordings))


def _progress(texts: Texts, code: str, recordings: Recordings) -> Progress:
    found = [
        state(text, code, recordings.get((text.key, code)))
        for text in texts.by_key.values()
        if text.kind is Kind.SPOKEN
    ]
    reader = texts.readers.get(code, "")
    return Progress(found.count(State.RECORDED), found.count(State.OUTDATED), len(found), reader)


ROUTES = [View("texts", "/texts", show, EVERYONE, nav=True)]
