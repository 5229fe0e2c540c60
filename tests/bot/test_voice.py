"""What somebody's voice is compared with, and what it may decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.engine import prompt_of, step
from bot.engine.voice import expected
from bot.events import Event
from bot.flows import FLOWS
from bot.lexicon import LEXICON
from bot.prompts import Choice, Text, World, accepts, by_hand, choices_of
from bot.session import Session
from bot.understand.spoken import MOST_WORDINGS, aloud, others
from runtime.round_file import load_round
from tests.dialogue import REPO

DAY = date(2019, 6, 12)
LANGUAGES = {"nl": "Nederlands", "en": "English", "tr": "Türkçe", "ar": "العربية"}
ROUND = load_round(REPO / "examples" / "slotermeer.toml")
WORLD = World(ROUND, DAY, DAY, "telegram", languages=LANGUAGES)
STATES = [f"{flow}.{name}" for flow, states in FLOWS.items() for name in states]


def at(state: str, language: str = "nl", **answers: object) -> Session:
    return Session(state=state, language=language, answers=answers, consent=True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_every_state_says_what_it_expects(state: str, language: str) -> None:
    found = expected(at(state, language), WORLD).answers
    said = [wording for wordings in found.values() for wording in wordings]
    assert len(said) == len(set(said)), "two answers share a wording"
    assert all(1 <= len(wordings) <= MOST_WORDINGS for wordings in found.values())
    assert all("{" not in wording and wording.strip() == wording for wording in said)


def test_before_a_language_is_chosen_nothing_is_expected() -> None:
    assert not expected(Session(), WORLD).answers
    assert not expected(at("no.such_state"), WORLD).answers


def test_a_question_expects_its_choices_their_words_and_the_words_that_always_work() -> None:
    found = expected(at("plan_details.call"), WORLD).answers
    assert found["yes"][0] == "ja"
    assert found["no"][0] == "nee"
    assert found["word:back"] == ("terug",)
    assert "word:forget" not in found
    theme = expected(at("submit_plan.theme"), WORLD).answers
    assert "één" in theme["samen"]
    assert "Samen doen" in theme["samen"]
    assert set(others("nl")) >= {"nul", "ja", "straat"}


def test_a_language_without_spoken_words_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.understand.spoken.LEXICON", replace(LEXICON, spoken={}))
    assert aloud((Choice("yes", Text("common.yes.label"), "yes"),), "nl") == {}
    assert others("nl") == ()


WEIGHTY = {
    "welcome.privacy": {"yes", "no"},
    "link.is_it_yours": {"yes", "no"},
    "vote.age": {"yes", "no"},
    "vote.heard": {"yes", "no"},
    "vote.overview": {"cast"},
    "submit_plan.summary": {"send"},
    "my_plans.withdraw": {"withdraw"},
    "my_plans.add_check": {"right"},
    "settings.forget": {"forget"},
}


@pytest.mark.parametrize("state", STATES)
def test_what_has_weight_is_never_decided_by_voice(state: str) -> None:
    """Whatever was picked, and however sure: the step neither moves nor asks for anything."""
    session = at(state, vote={}, shown={"number": 1, "title": "Bank"})
    try:
        prompt = prompt_of(session, WORLD)
    except Exception:  # a state that needs more than this; the walks reach it
        return
    by_voice = {c.id for c in choices_of(prompt) if by_hand(prompt, c)}
    assert by_voice >= WEIGHTY.get(state, set()) & {c.id for c in choices_of(prompt)}
    for id_ in by_voice:
        heard = Event("heard", WORLD, text=id_, media=1, picked=id_)
        done = step(session, heard)
        assert done.command is None
        assert done.session.state == state
        assert not done.mended


def test_one_word_that_whisper_takes_for_silence_still_counts() -> None:
    heard = Event("heard", WORLD, verdict="no_speech", picked="no")
    assert step(at("plan_details.call", draft={}), heard).session.state != "plan_details.call"
    open_ = at("submit_plan.idea", draft={})
    assert accepts(prompt_of(open_, WORLD), "voice")
    assert step(open_, replace(heard, picked="word:back")).session.misses == 1
