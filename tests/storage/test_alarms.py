"""What may not go unnoticed, found in the tables."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from civic.alarms import Alarm, Kind
from civic.plans import Role, Status
from storage import alarms, assessments, outbox, outcomes, plan_life, starting
from storage import help as help_requests
from storage.db import Database
from storage.starting import Contact

from .living import DAY, HOUR, NOON, WHY, Living

S = Status


@pytest.fixture
def town(db: Database) -> Living:
    return Living(db)


def found(town: Living, days: float) -> list[Alarm]:
    now = NOON + int(days * DAY)
    return town.db.read(lambda c: alarms.alarms(c, town.round_id, now))


def kinds(town: Living, days: float) -> list[Kind]:
    return [alarm.kind for alarm in found(town, days)]


def test_a_quiet_round_has_none(town: Living) -> None:
    town.plan(town.person())
    assert found(town, 400) == []


def test_a_deadline_near_and_past(town: Living) -> None:
    plan = town.plan(town.person(), S.ASSESSING)
    row = town.db.call(
        lambda c: assessments.begin(c, plan.id, "green", deadline_ms=NOON + 10 * DAY, now_ms=NOON)
    )
    assert found(town, 6) == []
    near = Alarm(kind=Kind.DEADLINE_NEAR, since=NOON + 7 * DAY, number=plan.number, assessment=row)
    assert found(town, 8) == [near]
    past = Alarm(kind=Kind.DEADLINE_PAST, since=NOON + 10 * DAY, number=plan.number, assessment=row)
    assert found(town, 11) == [past]
    town.change(plan, S.ADMITTED, Role.COMMITTEE)
    assert found(town, 11) == []


def test_a_plan_that_nobody_tests(town: Living) -> None:
    plan = town.plan(town.person(), S.SUPPORTED)
    assert kinds(town, 7) == []
    assert found(town, 8) == [Alarm(kind=Kind.UNTESTED, since=NOON, number=plan.number)]
    town.db.call(
        lambda c: assessments.begin(c, plan.id, "green", deadline_ms=NOON + 90 * DAY, now_ms=NOON)
    )
    assert kinds(town, 8) == []


def test_an_answer_that_does_not_come(town: Living) -> None:
    plan = town.plan(town.person(), S.ASSESSING)
    town.change(plan, S.ADJUST, Role.ASSESSOR, WHY)
    assert kinds(town, 13) == []
    assert found(town, 14) == [
        Alarm(kind=Kind.ANSWER_PAST, since=NOON + 14 * DAY, number=plan.number)
    ]


def test_who_waits_for_help(town: Living) -> None:
    person = town.person()
    plan = town.plan(person)

    def ask(at: int, plan_id: int | None) -> int:
        return town.db.call(
            lambda c: help_requests.ask(c, person, "call", "", "", None, at, at, plan_id)
        )

    second, first = ask(NOON + HOUR, plan.id), ask(NOON, None)
    assert kinds(town, 2) == []
    assert found(town, 3) == [
        Alarm(kind=Kind.WAITING, since=NOON, help_request=first),
        Alarm(kind=Kind.WAITING, since=NOON + HOUR, help_request=second, number=plan.number),
    ]
    town.db.call(lambda c: help_requests.done(c, first))
    assert [alarm.help_request for alarm in found(town, 3)] == [second]


def test_a_chosen_plan_without_a_word_or_a_contact(town: Living) -> None:
    plan = town.plan(town.person(), S.ADMITTED)
    announced = {plan.number: S.CHOSEN}
    town.db.call(
        lambda c: outcomes.announce(
            c, town.round_id, announced, actor="a", role=Role.COUNT, publish_at_ms=NOON
        )
    )
    town.db.call(lambda c: outcomes.publish_due(c, NOON))
    reached = "UPDATE plan_news SET state = 'done'"
    town.db.call(lambda c: c.execute(text(reached)))
    mark = text(
        "INSERT INTO news_told (news_id, person_id, outcome, at)"
        " SELECT plan_news.id, plans.initiator, 'called', 1 FROM plan_news, plans"
    )
    town.db.call(lambda c: c.execute(mark))
    assert kinds(town, 7) == []
    assert kinds(town, 8) == [Kind.NO_CONTACT]
    official = Contact("Sanne", "", "")
    town.db.call(lambda c: starting.set_contact(c, plan.id, official, NOON + 8 * DAY))
    assert kinds(town, 28) == []  # the contact was a word
    assert found(town, 30) == [Alarm(kind=Kind.SILENT, since=NOON + 8 * DAY, number=plan.number)]
    town.db.call(lambda c: plan_life.say(c, plan.id, {"nl": "Hoi"}, now_ms=NOON + 30 * DAY))
    assert kinds(town, 30) == []
    town.change(plan, S.STARTING, at=NOON + 31 * DAY)
    town.change(plan, S.RUNNING, at=NOON + 32 * DAY)
    assert kinds(town, 52) == []
    assert kinds(town, 54) == [Kind.SILENT]
    town.change(plan, S.DONE, at=NOON + 54 * DAY)
    assert kinds(town, 90) == []


def test_a_result_that_did_not_arrive(town: Living) -> None:
    plan = town.plan(town.person(), S.ADMITTED)
    outcome = {plan.number: S.NOT_CHOSEN}
    town.db.call(
        lambda c: outcomes.announce(
            c, town.round_id, outcome, actor="a", role=Role.COUNT, publish_at_ms=NOON
        )
    )
    town.db.call(lambda c: outcomes.publish_due(c, NOON))
    assert kinds(town, 1) == []
    assert found(town, 2) == [Alarm(kind=Kind.NOT_REACHED, since=NOON, number=plan.number)]


def test_messages_that_failed_are_one_alarm_for_a_week(town: Living) -> None:
    person = town.person("x")
    for n in range(3):
        town.db.call(
            lambda c, n=n: outbox.put(c, person, "telegram", "x", ["{}"], "reply", NOON + n)
        )
    town.db.call(lambda c: outbox.put(c, person, "telegram", "x", ["{}"], "campaign", NOON))
    fail = text("UPDATE outbox SET state = 'failed' WHERE due_at < :last")
    town.db.call(lambda c: c.execute(fail, {"last": NOON + 2}))
    assert found(town, 1) == [Alarm(kind=Kind.FAILED, since=NOON, count=2)]
    assert found(town, 8) == []
