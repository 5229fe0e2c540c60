"""What may not go unnoticed in a round: see `civic.alarms` for when it is one."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, bindparam, exists, func, select

from civic.alarms import (
    FAILED,
    NEAR,
    NO_CONTACT,
    REACH,
    SILENCE,
    UNTESTED,
    WAITING,
    Alarm,
    Kind,
    is_over,
    ms,
    of_deadline,
    oldest_first,
)
from civic.plans import Status
from storage import exports_made, reached
from storage.conditions import is_failed
from storage.life_tables import adjustments, assessments, contacts, plan_news
from storage.tables import help_requests, outbox, plan_history, plans

_STARTED = (Status.CHOSEN.value, Status.STARTING.value, Status.RUNNING.value)
_TO_TEST = (Status.SUPPORTED.value, Status.ASSESSING.value)


def alarms(conn: Connection, round_id: int, now_ms: int) -> list[Alarm]:
    """Everything in this round that needs a person, the oldest first; times in milliseconds."""
    parts = (
        _deadlines, _answers, _untested, _waiting, _silent, _no_contact, _unreached, _failed,
        _exports,
    )  # fmt: skip
    return oldest_first(alarm for part in parts for alarm in part(conn, round_id, now_ms))


def _deadlines(conn: Connection, round_id: int, now: int) -> Iterator[Alarm]:
    """An alarm begins three days before the deadline, and again when it has passed."""
    for row in conn.execute(_OPEN_TESTS, {"round": round_id}):
        kind = of_deadline(row.deadline, now)
        if kind:
            since = row.deadline if kind is Kind.DEADLINE_PAST else row.deadline - ms(NEAR)
            yield Alarm(kind=kind, since=since, number=row.number, assessment=row.id)


def _answers(conn: Connection, round_id: int, now: int) -> Iterator[Alarm]:
    for row in conn.execute(_UNANSWERED, {"round": round_id, "now": now}):
        yield Alarm(kind=Kind.ANSWER_PAST, since=row.deadline, number=row.number)


def _untested(conn: Connection, round_id: int, now: int) -> Iterator[Alarm]:
    for row in conn.execute(_UNTESTED, {"round": round_id}):
        if is_over(row.since, UNTESTED, now):
            yield Alarm(kind=Kind.UNTESTED, since=row.since, number=row.number)


def _waiting(conn: Connection, round_id: int, now: int) -> Iterator[Alarm]:
    """Whoever asks for help asks the round that runs: requests belong to no other."""
    for row in conn.execute(_ASKED, {"round": round_id, "before": now - ms(WAITING)}):
        since, number = row.created_at, row.number
        yield Alarm(kind=Kind.WAITING, since=since, number=number, help_request=row.id)


def _silent(conn: Connection, round_id: int, now: int) -> Iterator[Alarm]:
    """A word is any news that the initiator was to hear."""
    for row in conn.execute(_LAST_WORD, {"round": round_id}):
        since = max(row.since, row.word or 0)
        if is_over(since, SILENCE, now):
            yield Alarm(kind=Kind.SILENT, since=since, number=row.number)


def _no_contact(conn: Connection, round_id: int, now: int) -> Iterator[Alarm]:
    for row in conn.execute(_NO_CONTACT, {"round": round_id}):
        if is_over(row.since, NO_CONTACT, now):
            yield Alarm(kind=Kind.NO_CONTACT, since=row.since, number=row.number)


def _unreached(conn: Connection, round_id: int, now: int) -> Iterator[Alarm]:
    """Results that did not come through; a forgotten initiator cannot be reached by anybody."""
    for each in reached.not_reached(conn, round_id):
        if each.why != "forgotten" and is_over(each.since, REACH, now):
            yield Alarm(kind=Kind.NOT_REACHED, since=each.since, number=each.number)


def _failed(conn: Connection, round_id: int, now: int) -> Iterator[Alarm]:
    """Together, since a provider that is down fails many at once."""
    row = conn.execute(_FAILED, {"after": now - ms(FAILED)}).one()
    if row.many:
        yield Alarm(kind=Kind.FAILED, since=row.since, count=row.many)


def _exports(conn: Connection, round_id: int, now: int) -> Iterator[Alarm]:
    """Together: a destination that is down fails every week that is to be caught up."""
    failing = exports_made.failing(conn, round_id)
    if failing:
        since, last = failing[0].failed_at or now, failing[-1]
        yield Alarm(kind=Kind.EXPORT_FAILED, since=since, count=len(failing), reason=last.reason)


_of_round = plans.c.round_id == bindparam("round")
_tested = assessments.join(plans, plans.c.id == assessments.c.plan_id)
_OPEN_TESTS = (
    select(assessments.c.id, assessments.c.deadline, plans.c.number)
    .select_from(_tested)
    .where(_of_round, assessments.c.verdict == "open", plans.c.status == Status.ASSESSING.value)
)
_UNANSWERED = (
    select(adjustments.c.deadline, plans.c.number)
    .select_from(adjustments.join(plans, plans.c.id == adjustments.c.plan_id))
    .where(_of_round, adjustments.c.closed_at.is_(None), adjustments.c.deadline <= bindparam("now"))
)
# When a plan came into the status that it is in.
_since = (
    select(func.max(plan_history.c.at))
    .where(plan_history.c.plan_id == plans.c.id)
    .scalar_subquery()
)
_open_test = exists().where(assessments.c.plan_id == plans.c.id, assessments.c.verdict == "open")
_UNTESTED = select(plans.c.number, _since.label("since")).where(
    _of_round, plans.c.status.in_(_TO_TEST), ~_open_test
)
_ASKED = (
    select(help_requests.c.id, help_requests.c.created_at, plans.c.number)
    .select_from(
        help_requests.outerjoin(
            plans,
            (plans.c.id == help_requests.c.plan_id) & (plans.c.round_id == bindparam("round")),
        )
    )
    .where(help_requests.c.state == "open", help_requests.c.created_at < bindparam("before"))
)
_chosen_at = (
    select(func.min(plan_history.c.at))
    .where(plan_history.c.plan_id == plans.c.id, plan_history.c.after == Status.CHOSEN.value)
    .scalar_subquery()
)
_word = (
    select(func.max(plan_news.c.due_at))
    .where(plan_news.c.plan_id == plans.c.id, plan_news.c.audience != "followers")
    .scalar_subquery()
)
_LAST_WORD = select(
    plans.c.number,
    func.coalesce(_chosen_at, plans.c.updated_at).label("since"),
    _word.label("word"),
).where(_of_round, plans.c.status.in_(_STARTED))
_NO_CONTACT = select(
    plans.c.number, func.coalesce(_chosen_at, plans.c.updated_at).label("since")
).where(
    _of_round,
    plans.c.status.in_(_STARTED),
    ~exists().where(contacts.c.plan_id == plans.c.id),
)
_FAILED = select(func.count().label("many"), func.min(outbox.c.created_at).label("since")).where(
    is_failed(outbox),
    outbox.c.kind != "campaign",
    outbox.c.created_at >= bindparam("after"),
)
