"""The feasibility test of plans: who looks at which field, by when, and what they find."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from civic.assessments import Verdict, needs_reason, proposal
from civic.plans import Status
from storage.life_tables import assessments
from storage.money import to_cents, to_euros
from storage.tables import plans


@dataclass(frozen=True, slots=True)
class Assessment:
    """One field of the test. Money in euros: `cost` once, `upkeep` each year."""

    id: int
    plan_id: int
    field: str
    assessor: str
    verdict: Verdict
    reasons: Mapping[str, str]
    deadline: int
    related: str
    permits: str
    cost: Decimal | None
    upkeep: Decimal | None
    created_at: int
    judged_at: int | None


@dataclass(frozen=True, slots=True)
class Queued:
    """A test that waits for an assessor, with the plan it is about."""

    assessment: Assessment
    number: int
    title: str


def begin(
    conn: Connection, plan_id: int, field: str, *, assessor: str = "", deadline_ms: int, now_ms: int
) -> int:
    """Has a field of the plan looked at; returns the row's id."""
    row = {"plan_id": plan_id, "field": field, "assessor": assessor, "deadline": deadline_ms}
    return int(conn.execute(_BEGIN, row | {"created_at": now_ms}).scalar_one())


def assign(conn: Connection, assessment_id: int, assessor: str, deadline_ms: int) -> bool:
    """Gives an open test to somebody, with a deadline; False if it is not open."""
    values = {"row": assessment_id, "to": assessor, "until": deadline_ms}
    return conn.execute(_ASSIGN, values).rowcount == 1


def note(
    conn: Connection,
    assessment_id: int,
    *,
    related: str,
    permits: str,
    cost: Decimal | None,
    upkeep: Decimal | None,
) -> bool:
    """What the assessor has found so far; False for an unknown row."""
    values = {"row": assessment_id, "projects": related, "licences": permits}
    values |= {"once": to_cents(cost), "yearly": to_cents(upkeep)}
    return conn.execute(_NOTE, values).rowcount == 1


def judge(
    conn: Connection,
    assessment_id: int,
    verdict: Verdict,
    reasons: Mapping[str, str],
    *,
    assessor: str,
    now_ms: int,
) -> bool:
    """The assessor's verdict, by language, Dutch among them where one is needed.

    It changes nothing about the plan: `plan_life.change` does. False for an unknown row.
    Raises ValueError without a reason in Dutch for a verdict that needs one.
    """
    said = {language: text.strip() for language, text in reasons.items() if text.strip()}
    if needs_reason(verdict) and "nl" not in said:
        raise ValueError("a reason in Dutch is needed")
    values = {"row": assessment_id, "found": verdict.value, "by": assessor, "now": now_ms}
    values |= {"why": json.dumps(said, ensure_ascii=False)}
    return conn.execute(_JUDGE, values).rowcount == 1


def again(conn: Connection, plan_id: int, deadline_ms: int, now_ms: int) -> int:
    """The initiator has answered: whoever had a question looks again. Returns how many do."""
    asked = [a for a in _newest(of_plan(conn, plan_id)) if a.verdict is Verdict.ADJUST]
    for each in asked:
        begin(
            conn,
            plan_id,
            each.field,
            assessor=each.assessor,
            deadline_ms=deadline_ms,
            now_ms=now_ms,
        )
    return len(asked)


def of_plan(conn: Connection, plan_id: int) -> list[Assessment]:
    """Every test of the plan, in the order in which they were begun."""
    return [_assessment(row) for row in conn.execute(_OF_PLAN, {"plan": plan_id})]


def proposed(conn: Connection, plan_id: int) -> Status | None:
    """What the newest verdicts of all fields make of the plan; None while one is missing."""
    return proposal(each.verdict for each in _newest(of_plan(conn, plan_id)))


def queue(
    conn: Connection, round_id: int, *, field: str | None = None, assessor: str | None = None
) -> list[Queued]:
    """The tests that wait, by deadline; of one field or one assessor, or all."""
    where = {"round": round_id, "of_field": field, "of": assessor}
    return [Queued(_assessment(row), row.number, row.title) for row in conn.execute(_QUEUE, where)]


def fields(conn: Connection, round_id: int) -> dict[str, int]:
    """How many tests wait in each field of the round."""
    return {row.field: row.many for row in conn.execute(_FIELDS, {"round": round_id})}


def _newest(found: list[Assessment]) -> list[Assessment]:
    return list({each.field: each for each in found}.values())


def _assessment(row: Any) -> Assessment:
    values = {name: getattr(row, name) for name in Assessment.__slots__}
    values |= {"verdict": Verdict(row.verdict), "reasons": json.loads(row.reasons)}
    return Assessment(**values | {"cost": to_euros(row.cost), "upkeep": to_euros(row.upkeep)})


_BEGIN = (
    insert(assessments)
    .values(verdict="open", reasons="{}", related="", permits="", cost=None, upkeep=None)
    .returning(assessments.c.id)
)
_row = update(assessments).where(assessments.c.id == bindparam("row"))
_ASSIGN = _row.where(assessments.c.verdict == "open").values(
    assessor=bindparam("to"), deadline=bindparam("until")
)
_NOTE = _row.values(
    related=bindparam("projects"),
    permits=bindparam("licences"),
    cost=bindparam("once"),
    upkeep=bindparam("yearly"),
)
_JUDGE = _row.values(
    verdict=bindparam("found"),
    assessor=bindparam("by"),
    reasons=bindparam("why"),
    judged_at=bindparam("now"),
)
_OF_PLAN = (
    select(assessments).where(assessments.c.plan_id == bindparam("plan")).order_by(assessments.c.id)
)
_waiting = (
    assessments.c.verdict == "open",
    plans.c.round_id == bindparam("round"),
    plans.c.status == Status.ASSESSING.value,
)
_with_plan = assessments.join(plans, plans.c.id == assessments.c.plan_id)
_QUEUE = (
    select(assessments, plans.c.number, plans.c.title)
    .select_from(_with_plan)
    .where(
        *_waiting,
        func.coalesce(bindparam("of_field", type_=plans.c.title.type), assessments.c.field)
        == assessments.c.field,
        func.coalesce(bindparam("of", type_=plans.c.title.type), assessments.c.assessor)
        == assessments.c.assessor,
    )
    .order_by(assessments.c.deadline, assessments.c.id)
)
_FIELDS = (
    select(assessments.c.field, func.count().label("many"))
    .select_from(_with_plan)
    .where(*_waiting)
    .group_by(assessments.c.field)
    .order_by(assessments.c.field)
)
