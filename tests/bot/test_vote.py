"""The vote's dialogue under every kind of walk, and what must hold of it whatever happens.

What `bot.voting` does is stood in for by any outcome it may give; the golden conversations in
tests/dialogues have the real thing.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.limits import LIMITS
from bot.channels.render import render
from bot.engine import prompt_of, step
from bot.events import Event, Step
from bot.flows import FLOWS
from bot.flows.vote_draft import shuffled
from bot.flows.vote_texts import bar
from bot.i18n.languages import LANGUAGES
from bot.prompts import Ask, Choose, Command, Do, Outcome, World, choices_of
from bot.session import MENU, RESTING, Session
from civic.ballots import Item, Paper, refuses
from civic.receipts import SIGNS
from civic.rounds import BallotKind, Model, Phase, Rules, TallyRule
from civic.stempas import with_check
from runtime.round_file import load_round
from tests.dialogue import REPO

NAMES = {code: known.own_name for code, known in LANGUAGES.items()}
ROUND = load_round(REPO / "examples" / "slotermeer.toml")
VOTE = next(dates for dates in ROUND.phases if dates.name is Phase.VOTE)
AREA = ROUND.areas[0].id
THEMES = [theme.id for theme in ROUND.themes]
CODE, OTHER = with_check("4829130756"), with_check("1357924680")
# A command is done before anything else comes: nobody rests in these.
COMMANDS = ("vote.check", "vote.cast")
VOTE_STATES = [f"vote.{name}" for name in FLOWS["vote"] if f"vote.{name}" not in COMMANDS]


def paper(count: int = 12, **rules: Any) -> Paper:
    items = tuple(
        Item(n, f"Plan met een naam {n}", Decimal(1000 * n), THEMES[n % len(THEMES)])
        for n in range(1, count + 1)
    )
    return Paper(**{"area": AREA, "budget": Decimal(30_000), "items": items, **rules})


PAPERS = [
    paper(),
    paper(3, least=3, most=3, tally=TallyRule.STOP),
    paper(most_cost=Decimal(30_000), kind=BallotKind.WITHIN_BUDGET, least=2, most=5),
    paper(theme_most={THEMES[0]: Decimal(9_000)}, tally=TallyRule.STOP_PART_FUND),
    paper(30, kind=BallotKind.POINTS, points=10, points_most=4, tally=TallyRule.EQUAL_SHARES),
    paper(kind=BallotKind.POINTS, points=12, most=3),
    paper(0),
    paper(200, theme_caps={THEMES[1]: Decimal(100_000)}),
]


def world(ballot: Paper, ways: frozenset[str] | None = None) -> World:
    found = World(ROUND, VOTE.start, VOTE.start, languages=NAMES, papers={AREA: ballot})
    return replace(found, ways=ways) if ways else found


WORLD = world(PAPERS[0])
REASONS = ("unknown", "wait", "help", "not_ready", "closed", "phase")


def ready(state: str = MENU, **vote: Any) -> Session:
    answers = {"vote": vote} if vote else {}
    return Session(state=state, language="nl", consent=True, answers=answers)


def begun(state: str = "vote.choose", **vote: Any) -> Session:
    return ready(state, **{"code": CODE, "area": AREA, "seed": 7, "aged": True, **vote})


def said(session: Session, text: str, world: World = WORLD) -> Step:
    return step(session, Event("text", world, text=text))


def tapped(session: Session, choice: str, world: World = WORLD) -> Step:
    return step(session, Event("choice", world, choice=f"{session.state}:{choice}"))


def heard(session: Session, text: str, world: World = WORLD) -> Step:
    return step(session, Event("heard", world, text=text, revision=session.revision, media=1))


def outcome(session: Session, world: World = WORLD, ok: bool = True, **data: Any) -> Step:
    return step(session, Event("outcome", world, outcome=Outcome(ok, data)))


def keys(done: Step) -> list[str]:
    """Of every text that was said, also inside another."""

    def each(what: Any) -> list[str]:
        if isinstance(what, tuple):
            return [key for part in what for key in each(part)]
        if not hasattr(what, "key"):
            return []
        return [what.key, *(key for part in what.params.values() for key in each(part))]

    return [key for reply in done.replies for line in reply.lines for key in each(line)]


# --- walks ------------------------------------------------------------------------------------

WORDS = (
    *("ja", "nee", "0", "1", "2", "3", "7", "12", "٣ و ٧", "3, 7 en 12", "plan 2", "haal 3 weg"),
    *("undo", "ongedaan maken", "klaar", "mijn keuze", "terug", "menu", "help", "taal", "stop"),
    *("stemmen", "oy ver", "هذه", "volgende", "3 punten", "alles", "hoi", "vergeet mij"),
    *(CODE, OTHER, f"/start {CODE}", f"Stem {OTHER}", "111111111112", "een voor een", "START"),
)
words = st.one_of(st.sampled_from(WORDS), st.text(max_size=30))
RECEIPT = list(SIGNS.values())[:6]


def any_outcome(command: Command, draw: Any) -> Outcome:
    if command.name not in ("check_code", "cast_vote"):
        found = command.name != "look_plan"  # of other flows: there is nothing to see
        return Outcome(found, {"plans": []} if command.name == "list_plans" else {})
    kind = draw(st.sampled_from(["ok", "ok", "ok", "ok", "refused", *REASONS]))
    if kind == "refused" and command.name == "cast_vote":
        return Outcome(False, {"reason": "refused", "why": None})
    if kind not in ("ok", "refused"):
        return Outcome(False, {"reason": kind, "minutes": 12})
    seed, again = draw(st.integers(0, 2**31)), draw(st.booleans())
    return Outcome(True, {"area": AREA, "seed": seed, "again": again, "receipt": RECEIPT})


def any_event(draw: Any, session: Session, world: World) -> Event:
    kind = draw(st.sampled_from(["tap"] * 6 + ["text"] * 4 + ["heard", "voice", "photo", "rest"]))
    choices = choices_of(prompt_of(session, world))
    if kind == "tap" and choices:
        choice = draw(st.sampled_from(choices))
        return Event("choice", world, choice=f"{session.state}:{choice.id}")
    if kind == "heard":
        return Event("heard", world, text=draw(words), media=1, revision=session.revision)
    if kind in ("voice", "photo"):
        return Event(kind, world)
    if kind == "rest":
        return Event("rest", world, revision=session.revision)
    return Event("text", world, text=draw(words))


def run(session: Session, event: Event, draw: Any) -> tuple[Step, list[Any], list[Command]]:
    done = discreetly(session, event)
    replies, commands = list(done.replies), []
    while done.command is not None and done.command.name != "take_in":
        assert len(commands) < 4, "a loop of commands"
        commands.append(done.command)
        told = any_outcome(done.command, draw)
        done = discreetly(done.session, Event("outcome", event.world, outcome=told))
        replies.extend(done.replies)
    return done, replies, commands


def discreetly(before: Session, event: Event) -> Step:
    """One step, of which all that is said is secret if it is of a vote."""
    done = step(before, event)
    votes = any(
        s.state.startswith("vote.") or s.answers.get("vote") for s in (before, done.session)
    )
    assert all(reply.secret for reply in done.replies) or not votes
    return done


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_walks(data: st.DataObject) -> None:
    """It never raises, always answers, never breaks a rule of the ballot, and keeps its secret."""
    draw = data.draw
    ballot = draw(st.sampled_from(PAPERS))
    here = world(ballot, draw(st.sampled_from([None, frozenset({"text"}), frozenset({"voice"})])))
    session = draw(st.sampled_from([ready(), begun(), Session()]))
    for _ in range(draw(st.integers(1, 25))):
        event, before = any_event(draw, session, here), session
        if before.state.startswith(("support.", "submit_plan.", "my_plans.")):
            session = ready()  # other flows have walks of their own
            continue
        done, replies, commands = run(session, event, draw)
        assert not done.mended, (before, event, done.mended)
        assert replies or event.kind in ("rest", "photo", "heard")
        session = Session.from_json(done.session.to_json())
        assert session == done.session
        assert not isinstance(prompt_of(session, here), Do)
        _is_allowed(ballot, session)
        _is_secret(session)
        if any(command.name == "cast_vote" for command in commands):
            assert before.state == "vote.overview"
            assert event.kind in ("choice", "text")


def _is_allowed(ballot: Paper, session: Session) -> None:
    choices = [tuple(pair) for pair in (session.answers.get("vote") or {}).get("choices") or ()]
    assert refuses(ballot, choices, final=False) is None


def _is_secret(after: Session) -> None:
    """A code, or what was chosen, is nowhere else in the session."""
    elsewhere = {name: value for name, value in after.answers.items() if name != "vote"}
    kept = json.dumps([elsewhere, after.state, after.trail])
    assert CODE not in kept
    assert OTHER not in kept


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_back_returns(data: st.DataObject) -> None:
    draw = data.draw
    here, session = world(draw(st.sampled_from(PAPERS))), begun()
    for _ in range(draw(st.integers(1, 15))):
        before = session
        done, _, _ = run(session, any_event(draw, session, here), draw)
        session = done.session
        if not session.state.startswith("vote."):
            session = begun()
        elif len(session.trail) == len(before.trail) + 1 and session.trail[-1] == before.state:
            back = said(session, "terug", here)
            assert back.replies
            assert back.session.state == before.state or session.state in TURNING


TURNING = ("vote.browse", "vote.theme")  # where *back* first turns to the plan before


@pytest.mark.parametrize("state", VOTE_STATES)
@pytest.mark.parametrize("vote", [{}, {"code": CODE}, {"receipt": RECEIPT}, {"area": "gone"}])
def test_a_vote_that_is_gone_is_survived(state: str, vote: dict[str, Any]) -> None:
    for ballot, text in itertools.product(PAPERS[:2], ("7", "ja", "terug", "menu")):
        done = said(ready(state, **vote), text, world(ballot))
        assert done.replies or done.command
        assert not done.mended


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*VOTE_STATES, MENU, RESTING]), json_values, words)
def test_a_vote_of_another_version_is_survived(state: str, vote: Any, text: str) -> None:
    session = Session(state=state, language="nl", consent=True, answers={"vote": vote})
    assert said(session, text).replies or said(session, text).command


# --- the code ---------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [MENU, RESTING, "menu.about", "vote.code", "settings.settings"])
def test_a_code_leads_to_the_vote_from_anywhere(state: str) -> None:
    for text in (CODE, f"Stem {CODE}", f"/start {CODE}", "٤٨٢ ٩١٣ ٠٧٥ ٦٥٣", "482-913-075-653"):
        done = said(ready(state), text)
        assert done.command == Command("check_code", {"code": CODE})
        assert done.session.answers["vote"] == {"code": CODE}


@pytest.mark.parametrize("state", ["submit_plan.phone", "settings.sms_phone", "help.phone"])
def test_where_a_number_is_asked_it_is_no_code(state: str) -> None:
    done = said(ready(state), CODE)
    assert done.command is None
    assert not done.session.answers.get("vote")


def test_a_telephone_number_in_a_message_is_no_code() -> None:
    for number in ("0031612345678", "bel mij op 0031 6 12345678"):
        done = said(ready("help.message"), number)
        assert done.command is not None
        assert (done.command.name, done.command.args["text"]) == ("ask_help", number)


def test_a_code_before_a_yes_waits_for_it() -> None:
    session = said(Session(), f"/start {CODE}").session
    assert session.state == "welcome.language"
    session = tapped(session, "tr").session
    done = tapped(session, "yes")
    assert done.command == Command("check_code", {"code": CODE})
    refused = tapped(session, "no")
    assert refused.command == Command("forget")
    assert "vote" not in refused.session.answers


def test_what_came_before_a_yes_is_never_kept_as_a_plan() -> None:
    for text in (f"Stem {CODE} ik wil graag stemmen", "Stem 482 913 075 654"):
        for day in (VOTE.start, date(2019, 6, 12), date(2030, 1, 1)):
            here = replace(WORLD, today=day, round_day=day)
            done = said(Session(), text, here)
            assert not done.session.answers.get("first")
            assert all(reply.secret for reply in done.replies)


def test_a_mistyped_code_is_told_so_and_is_no_guess() -> None:
    for state in (MENU, "vote.code", "vote.basket"):
        done = said(begun(state) if state == "vote.basket" else ready(state), "482 913 075 654")
        assert done.command is None
        assert done.session.state == "vote.code"
        assert "vote.typo" in keys(done)
        assert all(reply.secret for reply in done.replies)


def test_a_code_said_aloud_is_repeated_and_only_a_hand_confirms_it() -> None:
    spoken = "vier acht twee, negen een drie, nul zeven vijf, zes vijf drie"
    for state, text in ((MENU, CODE), ("vote.code", spoken), ("vote.code", f"de code is {CODE}")):
        done = heard(ready(state), text)
        assert done.session.state == "vote.heard"
        assert done.command is None
        for yes in ("ja", "evet", "dat klopt", "1"):
            assert heard(done.session, yes).command is None
        assert said(done.session, "ja").command == Command("check_code", {"code": CODE})
        assert tapped(done.session, "no").session.state == "vote.code"


def test_outside_the_phase_is_told_the_date() -> None:
    for day, key in ((date(2019, 9, 1), "vote.from"), (date(2020, 1, 1), "vote.over")):
        here = replace(WORLD, today=day, round_day=day)
        for text in (CODE, "482 913 075 654", "ik wil stemmen"):
            done = said(ready(), text, here)
            assert done.session.state == MENU
            assert key in keys(done)
            assert not done.session.answers.get("vote")
        assert "vote" not in {choice.id for choice in choices_of(prompt_of(ready(), here))}


@pytest.mark.parametrize("reason", REASONS)
def test_each_refusal_has_a_sentence_and_a_way_on(reason: str) -> None:
    for state in ("vote.check", "vote.cast"):
        done = outcome(begun(state), ok=False, reason=reason, minutes=12)
        assert not done.session.answers.get("vote")
        assert choices_of(prompt_of(done.session, WORLD))
        assert any(key.startswith("vote.") for key in keys(done))


def test_another_code_in_the_middle_begins_a_fresh_vote() -> None:
    done = said(begun("vote.basket", choices=[[3, 1]]), OTHER)
    assert done.session.answers["vote"] == {"code": OTHER}
    assert "vote.other_not_cast" in keys(done)
    same = said(begun("vote.basket", choices=[[3, 1]]), CODE)
    assert same.session.state == "vote.go_on"
    assert same.session.answers["vote"]["choices"] == [[3, 1]]


# --- choosing ---------------------------------------------------------------------------------


def test_numbers_are_plans_where_numbers_are_asked() -> None:
    for text in ("2", "plan 2", "twee", "٢", "iki"):
        done = said(begun("vote.numbers"), text)
        assert done.session.answers["vote"]["choices"] == [[2, 1]]
    done = said(begun("vote.numbers", choices=[[2, 1]]), "0")
    assert done.session.state == "vote.basket"


def test_a_limit_is_told_the_moment_it_is_broken() -> None:
    here = world(PAPERS[2])  # at most 30,000 euros and five plans
    done = said(begun("vote.numbers"), "12, 11, 10 en 1", here)
    assert done.session.answers["vote"]["choices"] == [[12, 1], [11, 1], [1, 1]]
    assert "vote.too_dear" in keys(done)
    many = said(begun("vote.numbers"), "1 2 3 4 5 6", here)
    assert "vote.too_many" in keys(many)
    themed = said(begun("vote.numbers"), "3 6 9", world(PAPERS[3]))
    assert "vote.theme_too_dear" in keys(themed)
    assert "vote.unknown_plan" in keys(said(begun("vote.numbers"), "99"))
    few = tapped(begun("vote.basket", choices=[[1, 1]]), "done", here)
    assert few.session.state == "vote.basket"
    assert "vote.too_few" in keys(few)


def test_undo_takes_back_one_change_at_a_time() -> None:
    session = said(begun("vote.numbers"), "3").session
    session = said(session, "7 en 9").session
    session = said(session, "haal 3 weg").session
    for left in ([[3, 1], [7, 1], [9, 1]], [[3, 1]], []):
        session = said(session, "undo").session
        assert session.answers["vote"]["choices"] == left
    assert "vote.nothing_to_undo" in keys(said(session, "geri al"))


def test_points_are_asked_plan_by_plan() -> None:
    here = world(PAPERS[4])
    session = said(begun("vote.numbers"), "3, 7 en 99", here).session
    assert session.state == "vote.points"
    session = said(session, "4", here).session
    session = said(session, "twee punten", here).session
    assert session.answers["vote"]["choices"] == [[3, 4], [7, 2]]
    assert session.state == "vote.numbers"
    too_many = said(said(session, "8", here).session, "9", here)
    assert too_many.session.state == "vote.points"
    assert too_many.session.misses == 1


def test_a_voice_never_casts_and_never_says_an_age() -> None:
    for state in ("vote.overview", "vote.age", "vote.heard"):
        session = begun(state, choices=[[3, 1]], heard=OTHER)
        for word in ("ja", "nee", "stem zo", "1", "evet", "نعم", "yes", "de eerste"):
            done = heard(session, word)
            assert done.command is None
            assert done.session.state == state


def test_the_order_is_each_voter_s_own_and_fair() -> None:
    items = paper(6).items
    assert shuffled(items, 7) == shuffled(reversed(items), 7)
    # sorted by hashlib.sha256(b"7|<number>"): no other Python or machine gives another order
    assert [item.number for item in shuffled(items, 7)] == [5, 4, 3, 1, 2, 6]
    firsts = [shuffled(items, seed)[0].number for seed in range(6000)]
    assert all(850 < firsts.count(number) < 1150 for number in range(1, 7))
    pairs = [[i.number for i in shuffled(items, seed)] for seed in range(6000)]
    before = sum(order.index(1) < order.index(2) for order in pairs)
    assert 2850 < before < 3150


def test_each_plan_comes_by_once_and_back_turns_back() -> None:
    here, session = world(PAPERS[7]), tapped(begun(), "browse", world(PAPERS[7])).session
    seen = []
    while session.state == "vote.browse":
        seen.append(session.answers["vote"].get("at") or 0)
        session = tapped(session, "next", here).session
    assert seen == list(range(200))
    session = begun("vote.browse")
    third = tapped(tapped(session, "next").session, "next").session
    assert said(third, "terug").session.answers["vote"]["at"] == 1


# --- leaving ----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["menu", "help", "stop", "terug"])
def test_leaving_casts_nothing_and_says_so_once(word: str) -> None:
    session = begun("vote.choose", choices=[[3, 1]])
    done = said(session, word)
    assert not done.session.state.startswith("vote.")
    assert keys(done).count("vote.not_cast") == 1
    assert done.command is None
    assert "vote.not_cast" not in keys(said(done.session, "menu"))
    back = said(said(done.session, "menu").session, "stemmen")
    assert back.session.state == "vote.go_on"
    assert tapped(back.session, "go_on").session.state == "vote.basket"
    fresh = tapped(back.session, "new").session
    assert fresh.state == "vote.choose"
    assert "choices" not in fresh.answers["vote"]


def test_silence_takes_the_vote_away_and_says_so() -> None:
    session = begun("vote.basket", choices=[[3, 1]])
    done = step(session, Event("rest", WORLD, revision=session.revision))
    assert done.session.state == RESTING
    assert "vote" not in done.session.answers
    assert keys(done) == ["vote.lapsed"]
    cast = ready("vote.receipt", receipt=RECEIPT)
    assert step(cast, Event("rest", WORLD, revision=0)).replies == ()


def test_after_the_vote_only_the_receipt_is_left() -> None:
    session = begun("vote.cast", choices=[[3, 1]])
    done = outcome(session, receipt=RECEIPT, again=True, area=AREA)
    assert done.session.answers["vote"] == {"receipt": RECEIPT, "again": True}
    assert done.session.trail == ()
    assert "vote.replaced" in keys(done)
    for choice in ("menu", "another"):
        assert not tapped(done.session, choice).session.answers.get("vote")


def test_who_is_too_young_leaves_nothing() -> None:
    done = tapped(begun("vote.age"), "no")
    assert done.session.state == "vote.young"
    assert not done.session.answers.get("vote")
    assert done.session.trail == ()


def test_without_a_minimum_age_nobody_is_asked() -> None:
    ageless = replace(WORLD, round=replace(ROUND, rules=Rules(minimum_age=0)))
    done = outcome(ready("vote.check", code=CODE), ageless, area=AREA, seed=1, again=False)
    assert done.session.state == "vote.choose"
    assert "vote.about" in keys(done)


def test_where_a_platform_decides_there_is_no_vote() -> None:
    areas = tuple(replace(area, model=Model.PLATFORM_DECIDES) for area in ROUND.areas)
    closed = replace(WORLD, round=replace(ROUND, areas=areas))
    assert "vote.never" in keys(said(ready(), CODE, closed))


# --- what is shown -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("channel", ["telegram", "whatsapp", "sms", "phone", "simulator"])
def test_every_question_fits_every_channel(language: str, channel: str) -> None:
    limits = LIMITS[channel]
    whatsapp = replace(LIMITS["whatsapp"], interactive=True)
    for ballot in PAPERS:
        choices = [[item.number, 1] for item in ballot.items[:3]]
        if refuses(ballot, [(n, p) for n, p in choices], final=False):
            choices = []
        for state in VOTE_STATES:
            session = begun(state, choices=choices, queue=[1], theme=None, heard=CODE, before=[[]])
            here = world(ballot)
            assert isinstance(prompt_of(session, here), Ask | Choose)
            for reply in said(session, "hoi", here).replies:
                assert render(reply, language, limits, sound=True)
                shown = render(reply, language, whatsapp, sound=False)[-1]
                assert shown.style in ("buttons", "list", "plain")
                assert len(shown.buttons) <= 10


@pytest.mark.parametrize(
    ("left", "whole", "shown"),
    [
        (30, 30, "▰▰▰▰▰▰▰▰▰▰"),
        (15, 30, "▰▰▰▰▰▱▱▱▱▱"),
        (Decimal("0.01"), 30, "▰▱▱▱▱▱▱▱▱▱"),
        (0, 30, "▱▱▱▱▱▱▱▱▱▱"),
        (-5, 30, "▱▱▱▱▱▱▱▱▱▱"),
        (Decimal("29.99"), 30, "▰▰▰▰▰▰▰▰▰▱"),
        (20, 30, "▰▰▰▰▰▰▰▱▱▱"),
        (5, 0, "▱▱▱▱▱▱▱▱▱▱"),
    ],
)
def test_the_bar_shows_what_is_left(left: Decimal | int, whole: int, shown: str) -> None:
    assert bar(left, whole) == shown
