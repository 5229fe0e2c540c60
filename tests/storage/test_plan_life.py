"""The steps of a plan in the tables: history, reasons, questions, and support."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from civic.plans import Refusal, Role, Status
from storage import people, plan_life, plan_news, plans, supports
from storage.db import Database
from storage.life_tables import plan_news as news_rows
from storage.plan_life import NotAllowed, Reason
from storage.vote_tables import envelopes

from .living import DAY, HOUR, NOON, WHY, Living

S = Status


@pytest.fixture
def town(db: Database) -> Living:
    return Living(db)


def news(town: Living) -> list[tuple[str, str]]:
    rows = select(news_rows.c.kind, news_rows.c.audience).order_by(news_rows.c.id)
    return [tuple(row) for row in town.db.read(lambda c: c.execute(rows).all())]


# --- support --------------------------------------------------------------------------------------


def test_twenty_nine_is_not_enough_and_thirty_is(town: Living) -> None:
    plan = town.plan(town.person())
    neighbours = town.people(31)
    for n, person in enumerate(neighbours[:29], 1):
        assert town.support(plan, person) == plan_life.Support("given", n, 30)
    assert town.status(plan) == "submitted"
    assert news(town) == []
    assert town.support(plan, neighbours[29]) == plan_life.Support("given", 30, 30, enough=True)
    assert town.status(plan) == "supported"
    assert town.support(plan, neighbours[30]) == plan_life.Support("given", 31, 30)
    assert news(town) == [("supported", "everyone")]
    last = town.db.read(lambda c: plans.history(c, plan.id))[-1]
    assert (last.before, last.after, last.actor) == ("submitted", "supported", "supporters")


def test_once_a_person_and_not_for_ones_own(town: Living) -> None:
    initiator, anna = town.people(2)
    plan = town.plan(initiator)
    assert town.support(plan, initiator) == plan_life.Support("own", 0, 30)
    assert town.support(plan, anna).what == "given"
    assert town.support(plan, anna) == plan_life.Support("already", 1, 30)
    assert town.db.call(lambda c: supports.take_back(c, plan.id, anna))
    assert not town.db.call(lambda c: supports.take_back(c, plan.id, anna))
    assert town.db.read(lambda c: supports.count(c, plan.id)) == 0
    assert town.support(plan, anna).what == "given"


@pytest.mark.parametrize("status", [s for s in Status if s not in (S.SUBMITTED, S.SUPPORTED)])
def test_only_a_plan_that_looks_for_support_gets_it(town: Living, status: Status) -> None:
    plan = town.plan(town.person(), status)
    assert town.support(plan, town.person()).what == "closed"
    assert town.db.read(lambda c: supports.count(c, plan.id)) == 0


def test_forty_at_once_make_one_step_and_one_message(town: Living) -> None:
    plan, neighbours = town.plan(town.person()), town.people(40)
    with ThreadPoolExecutor(40) as threads:
        found = list(threads.map(lambda who: town.support(plan, who), neighbours * 2))
    assert sum(each.what == "given" for each in found) == 40
    assert [each.count for each in found if each.enough] == [30]
    assert town.db.read(lambda c: supports.count(c, plan.id)) == 40
    assert news(town) == [("supported", "everyone")]
    steps = town.db.read(lambda c: plans.history(c, plan.id))
    assert [step.after for step in steps] == ["submitted", "supported"]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 33), st.booleans()), max_size=90))
def test_whatever_the_order_the_count_is_that_of_the_people(
    sqlite_town: Living, acts: list[tuple[int, bool]]
) -> None:
    """`True` is a 👍, `False` takes it back: the thirtieth makes the step, nothing undoes it."""
    town = sqlite_town
    plan, now, reached = town.plan(town.person()), set[int](), False
    for who, gives in acts:
        person = NEIGHBOURS[who]
        if gives:
            enough = town.support(plan, person).enough
            now.add(who)
            assert enough is (len(now) == 30 and not reached)
            reached = reached or enough
        else:
            town.db.call(lambda c, p=person: supports.take_back(c, plan.id, p))
            now.discard(who)
    assert town.db.read(lambda c: supports.count(c, plan.id)) == len(now)
    assert town.status(plan) == ("supported" if reached else "submitted")


NEIGHBOURS: list[int] = []


@pytest.fixture
def sqlite_town(sqlite_url: str) -> Living:
    town = Living(Database.open(sqlite_url))
    NEIGHBOURS[:] = town.people(34)
    return town


def test_who_is_forgotten_is_not_counted_any_more(town: Living) -> None:
    plan, anna = town.plan(town.person()), town.person()
    town.support(plan, anna)
    town.follow(plan, anna)
    town.db.call(lambda c: people.forget(c, anna))
    assert town.db.read(lambda c: supports.count(c, plan.id)) == 0
    assert town.db.read(lambda c: supports.followers(c, plan.id)) == 0


# --- steps --------------------------------------------------------------------------------------


def test_a_step_that_may_not_be_taken_changes_nothing(town: Living) -> None:
    plan = town.plan(town.person())
    for to, role, why in (
        (S.CHOSEN, Role.COORDINATOR, Refusal.NO_SUCH_STEP),
        (S.ASSESSING, Role.INITIATOR, Refusal.NOT_YOURS),
        (S.ASSESSING, Role.COORDINATOR, Refusal.NO_SUPPORT),
        (S.WITHDRAWN, Role.COORDINATOR, Refusal.NO_REASON),
    ):
        with pytest.raises(NotAllowed) as raised:
            town.change(plan, to, role)
        assert raised.value.refusal is why
    assert len(town.db.read(lambda c: plan_life.steps(c, plan.id))) == 1
    assert news(town) == []
    with pytest.raises(LookupError):
        town.db.call(
            lambda c: plan_life.change(
                c, 999, S.ASSESSING, actor="a", role=Role.COORDINATOR, now_ms=NOON
            )
        )


def test_a_plan_that_ballots_name_stays_on_the_paper(town: Living) -> None:
    anna = town.person()
    plan = town.plan(anna, Status.ADMITTED)

    def take_back() -> None:
        town.db.call(
            lambda c: plan_life.change(
                c, plan.id, Status.WITHDRAWN, actor="initiator", role=Role.INITIATOR, now_ms=NOON
            )
        )

    row = {"round_id": town.round_id, "credential": "00", "box": b"sealed"}
    town.db.call(lambda c: c.execute(insert(envelopes), row))
    with pytest.raises(NotAllowed, match="vote_begun"):
        take_back()
    late = town.plan(anna, Status.ASSESSING)
    with pytest.raises(NotAllowed, match="vote_begun"):
        town.db.call(
            lambda c: plan_life.change(
                c, late.id, Status.ADMITTED, actor="a", role=Role.ASSESSOR, now_ms=NOON
            )
        )
    town.db.call(lambda c: c.execute(delete(envelopes)))
    take_back()


def test_a_reason_needs_dutch(town: Living) -> None:
    plan = town.plan(town.person(), S.ASSESSING)
    for reasons in (None, {}, {"tr": "Olmaz"}, {"nl": "  "}):
        with pytest.raises(NotAllowed, match="no_reason"):
            town.change(plan, S.DECLINED, Role.ASSESSOR, reasons)


def test_the_reason_is_had_in_every_language(town: Living) -> None:
    plan = town.plan(town.person(), S.ASSESSING)
    step = town.change(plan, S.DECLINED, Role.ASSESSOR, WHY)
    read = town.db.read

    def why(language: str) -> Reason | None:
        return read(lambda c: plan_life.last_reason(c, plan.id, language))

    assert why("nl") == Reason(WHY["nl"], "nl")
    assert why("tr") == Reason(WHY["tr"], "tr")
    assert why("ar") == Reason(WHY["nl"], "nl")
    put = town.db.call
    assert put(lambda c: plan_life.put_reason(c, step.history_id, "ar", "آلة", machine=True))
    assert why("ar") == Reason("آلة", "ar", machine=True)
    assert put(lambda c: plan_life.put_reason(c, step.history_id, "ar", "إنسان"))
    assert not put(lambda c: plan_life.put_reason(c, step.history_id, "ar", "آلة", machine=True))
    assert why("ar") == Reason("إنسان", "ar")
    (last,) = [s for s in read(lambda c: plan_life.steps(c, plan.id)) if s.after == "declined"]
    assert (last.actor, last.before, last.reasons) == (
        "anna",
        "assessing",
        {**WHY, "ar": "إنسان"},
    )


def test_a_question_is_open_until_it_is_answered(town: Living) -> None:
    plan = town.plan(town.person(), S.ASSESSING)
    asked = lambda: town.db.read(lambda c: plan_life.adjustment(c, plan.id))  # noqa: E731
    assert asked() is None
    step = town.change(plan, S.ADJUST, Role.ASSESSOR, WHY)
    assert asked() == plan_life.Adjustment(step.history_id, plan.id, NOON + 14 * DAY)
    town.change(plan, S.ASSESSING, Role.INITIATOR, at=NOON + HOUR)
    assert asked() is None
    again = town.change(plan, S.ADJUST, Role.ASSESSOR, WHY, deadline_ms=NOON + DAY)
    assert asked() == plan_life.Adjustment(again.history_id, plan.id, NOON + DAY)
    town.change(plan, S.WITHDRAWN, Role.INITIATOR)
    assert asked() is None


def test_news_is_for_those_who_did_not_take_the_step(town: Living) -> None:
    plan = town.plan(town.person(), S.ASSESSING)
    town.change(plan, S.ADJUST, Role.ASSESSOR, WHY)
    town.change(plan, S.ASSESSING, Role.INITIATOR)
    assert news(town) == [("adjust", "everyone"), ("assessing", "followers")]


def test_news_waits_for_the_morning(town: Living) -> None:
    plan = town.plan(town.person(), S.ASSESSING)
    night = NOON + 11 * HOUR
    town.change(plan, S.ADMITTED, Role.COMMITTEE, at=night)
    due = lambda at: town.db.read(lambda c: plan_news.plans_due(c, at, at))  # noqa: E731
    assert due(night) == []
    assert due(NOON + 21 * HOUR - 1) == []
    assert due(NOON + 21 * HOUR) == [plan.id]


def test_reminders_come_once_and_not_too_late(town: Living) -> None:
    plan, late = (town.plan(town.person(), S.ASSESSING) for _ in range(2))
    town.change(plan, S.ADJUST, Role.ASSESSOR, WHY)
    town.change(late, S.ADJUST, Role.ASSESSOR, WHY, deadline_ms=NOON + DAY)

    def remind(day: int) -> int:
        now = NOON + day * DAY
        return town.db.call(lambda c: plan_life.remind(c, now + 3 * DAY, now))

    assert [remind(day) for day in (5, 10, 11, 11, 13, 15)] == [0, 0, 1, 0, 0, 0]


def test_a_word_needs_dutch(town: Living) -> None:
    plan = town.plan(town.person())
    with pytest.raises(ValueError, match="Dutch"):
        town.db.call(lambda c: plan_life.say(c, plan.id, {"tr": "Merhaba"}, now_ms=NOON))
    town.db.call(lambda c: plan_life.say(c, plan.id, {"nl": "Hoi"}, now_ms=NOON, everyone=False))
    assert news(town) == [("word", "initiator")]
