"""Results are told to everybody at the same instant, and nobody is missed unnoticed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from civic.plans import Role, Status
from storage import outcomes, people, plan_news, plans, reached
from storage.db import Database
from storage.life_tables import plan_news as news_rows
from storage.plan_news import PUT

from .living import DAY, HOUR, NOON, WHY, Living

S = Status
AT = NOON + DAY


@pytest.fixture
def town(db: Database) -> Living:
    return Living(db)


def announce(town: Living, found: dict[int, Status], at: int = AT, **more: object) -> list[int]:
    values = {"actor": "anna", "role": Role.COUNT, "publish_at_ms": at, **more}
    return town.db.call(lambda c: outcomes.announce(c, town.round_id, found, **values))  # type: ignore[arg-type]


def publish(town: Living, at: int) -> int:
    return town.db.call(lambda c: outcomes.publish_due(c, at))


def test_nobody_sees_anything_before_the_instant(town: Living) -> None:
    good, other, third = (town.plan(town.person(), S.ADMITTED) for _ in range(3))
    left_out = announce(town, {good.number: S.CHOSEN, other.number: S.NOT_CHOSEN})
    assert left_out == [third.number]
    assert announce(town, {third.number: S.NOT_CHOSEN}, AT + HOUR) == []
    due = town.db.read(lambda c: outcomes.announced(c, town.round_id))
    assert {each.publish_at for each in due} == {AT + HOUR}  # one instant for all
    assert publish(town, AT + HOUR - 1) == 0
    assert {town.status(p) for p in (good, other, third)} == {"admitted"}
    assert publish(town, AT + HOUR) == 3
    assert [town.status(p) for p in (good, other, third)] == ["chosen", *["not_chosen"] * 2]
    dues = select(news_rows.c.kind, news_rows.c.due_at).order_by(news_rows.c.id)
    told = town.db.read(lambda c: c.execute(dues).all())
    assert {row.due_at for row in told} == {AT + HOUR}
    assert sorted(row.kind for row in told) == ["chosen", "not_chosen", "not_chosen"]
    assert publish(town, AT + DAY) == 0


def test_twice_at_once_publishes_once(town: Living) -> None:
    found = [town.plan(town.person(), S.ADMITTED) for _ in range(6)]
    announce(town, {plan.number: S.CHOSEN for plan in found})
    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(lambda _: publish(town, AT), range(4))) == 6
    for plan in found:
        assert len(town.db.read(lambda c, p=plan: plans.history(c, p.id))) == 3


def test_what_is_set_can_be_changed_and_taken_back(town: Living) -> None:
    plan = town.plan(town.person(), S.ADMITTED)
    announce(town, {plan.number: S.CHOSEN})
    announce(town, {plan.number: S.NOT_CHOSEN})
    assert town.db.call(lambda c: outcomes.recall(c, town.round_id)) == 1
    assert publish(town, AT) == 0
    assert town.status(plan) == "admitted"


def test_who_withdrew_meanwhile_stays_so(town: Living) -> None:
    plan = town.plan(town.person(), S.ADMITTED)
    announce(town, {plan.number: S.CHOSEN})
    town.change(plan, S.WITHDRAWN, Role.INITIATOR)
    assert publish(town, AT) == 0
    assert town.status(plan) == "withdrawn"
    assert town.db.read(lambda c: outcomes.announced(c, town.round_id)) == []


def test_what_cannot_be_announced_changes_nothing(town: Living) -> None:
    plan, early = town.plan(town.person(), S.ADMITTED), town.plan(town.person())
    for found, more in (
        ({early.number: S.CHOSEN}, {}),
        ({99: S.CHOSEN}, {}),
        ({plan.number: S.DECLINED}, {}),
        ({plan.number: S.NOT_CHOSEN}, {"role": Role.COMMITTEE}),
    ):
        with pytest.raises(ValueError, match="plan "):
            announce(town, found, **more)
    assert town.db.read(lambda c: outcomes.announced(c, town.round_id)) == []
    why = {plan.number: WHY}
    announce(town, {plan.number: S.NOT_CHOSEN}, role=Role.COMMITTEE, reasons=why)
    assert publish(town, AT) == 1


# --- who has not heard ---------------------------------------------------------------------------


def tell(town: Living, person: int, outcome: str = PUT) -> int:
    """The news that waits for this initiator, told like the runtime does; its id."""

    def work(conn: plan_news.Connection) -> int:
        row = conn.execute(
            select(news_rows).join(plans.plans, plans.plans.c.id == news_rows.c.plan_id)
            .where(plans.plans.c.initiator == person)
        ).one()  # fmt: skip
        news = plan_news.next_of(conn, row.plan_id, AT)
        assert news
        (reader,) = plan_news.readers(conn, news, person, 9)
        assert plan_news.told(conn, news.id, person, outcome, AT)
        assert not plan_news.told(conn, news.id, person, outcome, AT)
        if outcome == PUT:
            plan_news.put(conn, news.id, reader, ["{}", "{}"], AT)
        return news.id

    return town.db.call(work)


def outbox_is(town: Living, person: int, **values: object) -> None:
    sets = ", ".join(f"{name} = :{name}" for name in values)
    where = {**values, "person": person}
    town.db.call(
        lambda c: c.execute(text(f"UPDATE outbox SET {sets} WHERE person_id = :person"), where)
    )


def whys(town: Living) -> dict[int, tuple[str, str]]:
    found = town.db.read(lambda c: reached.not_reached(c, town.round_id))
    return {each.number: (each.why, each.code) for each in found}


def test_who_has_not_heard_and_why(town: Living) -> None:
    names = (
        "heard", "waits", "queued", "failed", "unknown", "stopped", "gone", "untold", "called",
    )  # fmt: skip
    people_of = {name: town.person() for name in names}
    found = {name: town.plan(who, S.ADMITTED) for name, who in people_of.items()}
    announce(town, {plan.number: S.NOT_CHOSEN for plan in found.values()})
    publish(town, AT)
    for name in ("heard", "waits", "queued", "failed", "unknown"):
        tell(town, people_of[name])
    outbox_is(town, people_of["heard"], state="sent", reason="")
    outbox_is(town, people_of["waits"], state="waiting", reason="window")
    outbox_is(town, people_of["failed"], state="failed", reason="63003")
    outbox_is(town, people_of["unknown"], state="unknown", reason="timeout")
    tell(town, people_of["stopped"], "stopped")
    news = tell(town, people_of["called"], "inactive")
    town.db.call(lambda c: plan_news.called(c, news, people_of["called"], AT))
    town.db.call(lambda c: people.forget(c, people_of["gone"]))
    assert whys(town) == {
        found["waits"].number: ("window", ""),
        found["queued"].number: ("on_its_way", ""),
        found["failed"].number: ("failed", "63003"),
        found["unknown"].number: ("unknown", ""),
        found["stopped"].number: ("stopped", ""),
        found["gone"].number: ("forgotten", ""),
        found["untold"].number: ("not_yet", ""),
    }


def test_an_invitation_is_not_yet_the_news(town: Living) -> None:
    person = town.person(channel="whatsapp")
    plan = town.plan(person, S.ADMITTED)
    announce(town, {plan.number: S.CHOSEN})
    publish(town, AT)
    tell(town, person)
    outbox_is(town, person, state="sent", reason="template")
    assert whys(town) == {}
    names = "person_id, channel, address, body, kind, secret, due_at, created_at"
    copy = text(
        f"INSERT INTO outbox ({names}, state, reason, status, attempts)"
        f" SELECT {names}, 'waiting', 'invited', '', 0 FROM outbox ORDER BY id LIMIT 1"
    )
    town.db.call(lambda c: c.execute(copy))
    assert whys(town) == {plan.number: ("invited", "")}
    outbox_is(town, person, state="sent", reason="")
    assert whys(town) == {}


def test_other_rounds_are_not_listed(town: Living) -> None:
    plan = town.plan(town.person(), S.ADMITTED)
    announce(town, {plan.number: S.CHOSEN})
    publish(town, AT)
    assert whys(town) == {plan.number: ("not_yet", "")}
    assert town.db.read(lambda c: reached.not_reached(c, town.round_id + 1)) == []
    assert town.db.read(lambda c: reached.not_reached(c, town.round_id, ["adjust"])) == []
