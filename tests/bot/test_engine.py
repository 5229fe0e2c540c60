"""The engine under every kind of walk: it never raises, always answers, and *back* returns."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine import HELP, prompt_of, step
from bot.events import Event, Step
from bot.flows import FLOWS
from bot.i18n.languages import LANGUAGES
from bot.prompts import Ask, Choose, Command, Do, Outcome, World
from bot.session import MENU, Session
from civic.plans import Status
from runtime.round_file import load_round
from tests.dialogue import REPO

NAMES = {code: known.own_name for code, known in LANGUAGES.items()}
ROUND = load_round(REPO / "examples" / "slotermeer.toml")
AREAS = load_round(REPO / "examples" / "noord.toml")
OPEN = ROUND.phases[0].start
WORLD = World(ROUND, OPEN, OPEN, languages=NAMES)
WORLDS = [
    WORLD,
    World(AREAS, AREAS.phases[0].start, AREAS.phases[0].start, knows_number=True, languages=NAMES),
    World(ROUND, date(2030, 1, 1), date(2030, 1, 1), languages=NAMES),
    World(None, OPEN, OPEN, languages=NAMES),
]
ENOUGH = {"reason": "enough", "most": 3}


def outcome(command: Command, draw: Any) -> Outcome:
    """Any outcome that `bot.actions` may give for a command."""
    status = draw(st.sampled_from(list(Status))).value
    plan = {"number": 7, "title": "Bank", "status": status}
    good: dict[str, list[dict[str, Any]]] = {
        "count_plans": [{"count": n} for n in (0, 1, 99)],
        "submit_plan": [{"number": 12}],
        "list_plans": [{"plans": [{**plan, "number": n} for n in range(k)]} for k in (0, 1, 9, 40)],
        "show_plan": [{**plan, "text": "Een bank in het park"}],
        "what_we_know": [{"plans": 1, "channels": "sms"}],
        **_of_neighbours(plan, draw),
    }
    refused = draw(st.sampled_from([{"reason": "phase"}, ENOUGH, {"reason": "too_late"}]))
    never_fails = ("count_plans", "list_plans", "what_we_know", "browse_plans")
    may_fail = command.name not in never_fails and command.name.endswith(("_plan", "_asked"))
    if may_fail and draw(st.booleans()):
        return Outcome(False, refused)
    return Outcome(True, draw(st.sampled_from(good.get(command.name, [{}]))))


def _of_neighbours(plan: dict[str, Any], draw: Any) -> dict[str, list[dict[str, Any]]]:
    """What may come back when somebody looks at plans of others, or is asked for a change."""
    shown = [{**plan, "number": n, "count": n} for n in range(1, draw(st.integers(1, 8)))]
    yes_or_no = {name: draw(st.booleans()) for name in ("own", "supported", "following", "machine")}
    reason = {"reason": draw(st.sampled_from(["", "Het mag niet"])), "note": "dutch"}
    view = {"text": "Een bank", "area": None, "theme": "groen", "count": 29, "language": "tr"}
    gave = {"count": 30, "needed": 30, "enough": True, "following": False}
    return {
        "browse_plans": [{"plans": shown, "more": draw(st.booleans())}],
        "look_plan": [{**plan, **view, **yes_or_no, **reason}],
        "support_plan": [{**gave, "what": what} for what in ("given", "already")],
        "follow_plan": [{"on": True}, {"on": False}],
        "adapt_asked": [{"number": 7, "until": "2026-07-01", **reason}],
    }


def run(session: Session, event: Event, draw: Any) -> tuple[Step, list[Any]]:
    """One event with all the commands that it leads to, as the conversation does it."""
    done = step(session, event)
    replies = list(done.replies)
    for _ in range(5):
        if done.command is None or done.command.name == "take_in":
            return done, replies
        result = outcome(done.command, draw)
        done = step(done.session, Event("outcome", event.world, outcome=result))
        replies.extend(done.replies)
    raise AssertionError("a loop of commands")


WORDS = (
    *("ja", "nee", "1", "2", "٣", "menu", "vergeet mij", "terug", "help", "taal", "stop"),
    *("START", "hoi", "500 euro", "0612345678", "evet", "türkçe", "مرحبا", "لا"),
    *("Ik wil een bankje bij de speeltuin voor de buurt", "Burgemeester de Vlugtlaan 12"),
)
words = st.one_of(st.text(max_size=60), st.sampled_from(WORDS))
verdicts = st.sampled_from(["ok", "unsure", "no_speech", "rejected", "too_long", "unreadable"])


SAID = ("word:back", "word:menu", "word:help", "word:stop", "word:language", "nothing known")


def any_event(draw: Any, session: Session, world: World) -> Event:
    kinds = ["tap", "tap", "tap", "text", "heard", "seen", "voice", "photo", "location"]
    kind = draw(st.sampled_from([*kinds, "unsupported", "nudge", "rest", "old"]))
    prompt = prompt_of(session, world)
    choices = prompt.choices if isinstance(prompt, Ask | Choose) else ()
    if kind == "tap" and choices:
        choice = draw(st.sampled_from(choices))
        return Event("choice", world, choice=f"{session.state}:{choice.id}")
    if kind == "old":
        return Event("choice", world, choice=draw(st.sampled_from(["menu.menu:help", "x:y", ":"])))
    if kind in ("heard", "seen"):
        revision = session.revision if draw(st.integers(0, 4)) else session.revision - 1
        return Event(
            kind,
            world,
            text=draw(words) if kind == "heard" else "",
            media=draw(st.integers(1, 9)),
            verdict=draw(verdicts) if kind == "heard" else "ok",
            picked=draw(st.sampled_from(["", "", *(c.id for c in choices), *SAID])),
            language=draw(st.sampled_from(["", "nl", "tr"])),
            sounds_like=draw(st.sampled_from(["", "", "tr", "en", "xx"])),
            revision=revision,
            more=draw(st.booleans()),
        )
    if kind == "location":
        place = draw(st.sampled_from([(52.379, 4.826), (52.4, 4.92), (0.0, 0.0)]))
        return Event("location", world, location=place)
    if kind in ("voice", "photo", "unsupported"):
        return Event(kind, world)
    if kind in ("nudge", "rest"):
        return Event(kind, world, revision=session.revision)
    return Event("text", world, text=draw(words))


# Where somebody can be who has not said yes to the privacy notice.
BEFORE_A_YES = {
    *(f"welcome.{name}" for name in FLOWS["welcome"]),
    *("help.offer", "settings.language", "settings.forget", "menu.resting"),
}
MAY_BE_SILENT = {"heard", "seen", "photo", "nudge", "rest"}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_walks(data: st.DataObject) -> None:
    draw = data.draw
    world = draw(st.sampled_from(WORLDS))
    session = Session()
    for _ in range(draw(st.integers(1, 25))):
        event = any_event(draw, session, world)
        before = session
        done, replies = run(session, event, draw)
        assert not done.mended, (before, event, done.mended)
        assert replies or event.kind in MAY_BE_SILENT
        session = Session.from_json(done.session.to_json())
        assert session == done.session
        assert session.consent or session.state in BEFORE_A_YES
        assert len(session.trail) <= 30
        assert not isinstance(prompt_of(session, world), Do)
        for reply in replies:
            assert all(len(id_.encode()) <= 64 for id_, _ in reply.choices)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_back_returns(data: st.DataObject) -> None:
    """After a step from one question to the next, *back* asks the first one again."""
    draw = data.draw
    session = Session()
    world = draw(st.sampled_from(WORLDS[:2]))
    for _ in range(draw(st.integers(1, 20))):
        before = session
        done, _ = run(session, any_event(draw, session, world), draw)
        session = done.session
        went_on = len(session.trail) == len(before.trail) + 1
        if went_on and session.trail[-1] == before.state:
            back = step(session, Event("text", world, text="terug"))
            assert back.session.state == before.state
            assert back.replies
            assert back.session.answers == session.answers


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.text(max_size=40))
def test_any_session_text_is_survived(stored: str, said: str) -> None:
    done = step(Session.from_json(stored), Event("text", WORLD, text=said))
    assert done.replies


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
STATES = [f"{flow}.{name}" for flow, states in FLOWS.items() for name in states]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([*STATES, "gone.gone"]),
    st.dictionaries(
        st.sampled_from(["draft", "plans", "page", "shown", "first", "guess", "known"]), json_values
    ),
    words,
)
def test_answers_of_another_version_are_survived(
    state: str, answers: dict[str, Any], said: str
) -> None:
    stored = json.dumps({"state": state, "language": "nl", "consent": True, "answers": answers})
    session = Session.from_json(stored)
    done = step(session, Event("text", WORLD, text=said))
    assert done.replies or done.command
    if state == "gone.gone":
        assert done.mended == "unknown_state"
        assert done.session.answers == session.answers


def ready(state: str, **more: Any) -> Session:
    return Session(state=state, language="nl", consent=True, **more)


def test_three_misses_bring_a_person_and_go_on_returns() -> None:
    session = ready("plan_details.who", answers={"draft": {"parts": []}})
    first = step(session, Event("text", WORLD, text="paars"))
    assert first.session.misses == 1
    second = step(first.session, Event("text", WORLD, text="paars"))
    assert second.replies[0].numbered
    third = step(second.session, Event("text", WORLD, text="paars"))
    assert third.session.state == HELP
    on = step(third.session, Event("choice", WORLD, choice=f"{HELP}:on"))
    assert on.session.state == "plan_details.who"


@pytest.mark.parametrize("state", STATES)
def test_keywords_work_in_every_state(state: str) -> None:
    answers = {
        "draft": {"parts": [{"text": "een bank in het park"}], "title": "Bank", "who": "me"},
        "shown": {"number": 1, "title": "Bank", "text": "", "status": "submitted"},
        "plans": [{"number": 1, "title": "Bank", "status": "submitted"}],
        "plan": 1,
    }
    session = ready(state, answers=answers)
    wanted = {"menu": MENU, "help": HELP, "taal": "settings.language", "stop": "menu.resting"}
    for word, where in wanted.items():
        done = step(session, Event("text", WORLD, text=word))
        assert done.session.state == where
        assert done.replies
        assert not done.mended
        assert done.session.answers == answers
    assert step(session, Event("text", WORLD, text="back")).replies


def test_nothing_is_kept_before_a_yes() -> None:
    """Menu, help and the like lead nowhere past the question for consent."""
    for word in ("menu", "help", "taal", "back", "start", "stop", "vergeet mij"):
        done = step(
            Session(state="welcome.privacy", language="nl"), Event("text", WORLD, text=word)
        )
        assert not done.session.consent
        assert done.session.state in BEFORE_A_YES


def test_an_old_button_changes_nothing() -> None:
    session = ready("plan_details.call", answers={"draft": {"parts": []}})
    done = step(session, Event("choice", WORLD, choice="submit_plan.is_it_a_plan:yes"))
    assert done.session.state == session.state
    assert done.session.answers == session.answers
    assert done.session.misses == 0


def test_a_late_transcript_does_nothing() -> None:
    session = ready("submit_plan.idea", revision=9)
    late = Event("heard", WORLD, text="een bank in het park", media=1, revision=8)
    assert step(session, late) == Step(session)


def test_silence_is_broken_once() -> None:
    session = ready("submit_plan.idea", revision=3)
    nudge = Event("nudge", WORLD, revision=3)
    once = step(session, nudge)
    assert once.replies
    assert not step(once.session, nudge).replies
    rested = step(once.session, Event("rest", WORLD, revision=3)).session
    assert rested.state == "menu.resting"
    assert rested.answers == session.answers


def test_who_wants_no_messages_is_not_reminded() -> None:
    quiet = ready("submit_plan.idea", notify=False)
    done = step(quiet, Event("nudge", WORLD, revision=0))
    assert not done.replies
    assert done.session.nudged
