"""The assessors' work: which tests wait for whom, and which plans wait for a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, bindparam, case, exists, func, select

from civic.plans import Status
from storage import assessments
from storage.assessments import Assessment
from storage.life_tables import assessments as rows
from storage.tables import plans

Whose = Literal["all", "mine", "nobody", "overdue"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A test that waits for a verdict. `again`: the plan was tested in this field before."""

    id: int
    field: str
    assessor: str
    deadline: int
    number: int
    title: str
    language: str
    again: bool


@dataclass(frozen=True, slots=True)
class Undecided:
    """A plan whose tests are all done, or that has none; `since` when it last changed."""

    number: int
    title: str
    language: str
    since: int


def waiting(
    conn: Connection,
    round_id: int,
    *,
    whose: Whose,
    me: str,
    field: str | None,
    now_ms: int,
    offset: int,
    limit: int,
) -> tuple[list[Waiting], int]:
    """The tests that wait, the nearest deadline first, and how many there are."""
    where = [*_waits(round_id), _whose(me, now_ms)[whose]]
    where += [rows.c.field == field] if field else []
    total = conn.scalar(select(func.count()).select_from(_with_plan).where(*where)) or 0
    page = _WAITING.where(*where).limit(limit).offset(offset)
    return [Waiting(*row) for row in conn.execute(page)], total


def counts(conn: Connection, round_id: int, me: str, now_ms: int) -> dict[Whose, int]:
    """How many tests wait, by whose they are."""
    parts = _whose(me, now_ms)
    sums = [func.coalesce(func.sum(case((part, 1), else_=0)), 0) for part in parts.values()]
    found = conn.execute(select(*sums).select_from(_with_plan).where(*_waits(round_id))).one()
    return dict(zip(parts, (int(many) for many in found), strict=True))


def undecided(
    conn: Connection, round_id: int, *, tested: bool, offset: int, limit: int
) -> tuple[list[Undecided], int]:
    """Plans that nobody tests now: `tested` and ready for a decision, or not begun at all."""
    been = exists().where(rows.c.plan_id == plans.c.id)
    still = exists().where(rows.c.plan_id == plans.c.id, rows.c.verdict == "open")
    statuses = [Status.ASSESSING.value] + ([] if tested else [Status.SUPPORTED.value])
    where = [plans.c.round_id == round_id, plans.c.status.in_(statuses), ~still]
    where.append(been if tested else ~been)
    total = conn.scalar(select(func.count()).select_from(plans).where(*where)) or 0
    page = _UNDECIDED.where(*where).limit(limit).offset(offset)
    return [Undecided(*row) for row in conn.execute(page)], total


def get(conn: Connection, assessment_id: int) -> Assessment | None:
    """The test with this row id."""
    plan_id = conn.scalar(_PLAN_OF, {"row": assessment_id})
    found = assessments.of_plan(conn, plan_id) if plan_id else []
    return next((each for each in found if each.id == assessment_id), None)


def newest(found: Sequence[Assessment]) -> list[Assessment]:
    """The last test of each field."""
    return list({each.field: each for each in found}.values())


def is_assessor_of(conn: Connection, plan_id: int, name: str) -> bool:
    """Whether one of the plan's tests is this person's."""
    return any(each.assessor == name for each in assessments.of_plan(conn, plan_id))


def all_fields(conn: Connection, round_id: int) -> list[str]:
    """Every field in which a plan of the round was ever tested."""
    return list(conn.scalars(_ALL_FIELDS, {"round": round_id}))


def _waits(round_id: int) -> list[ColumnElement[bool]]:
    is_tested = plans.c.status == Status.ASSESSING.value
    return [rows.c.verdict == "open", plans.c.round_id == round_id, is_tested]


def _whose(me: str, now_ms: int) -> dict[Whose, ColumnElement[bool]]:
    return {
        "all": rows.c.id.is_not(None),
        "mine": rows.c.assessor == me,
        "nobody": rows.c.assessor == "",
        "overdue": rows.c.deadline <= now_ms,
    }


_with_plan = rows.join(plans, plans.c.id == rows.c.plan_id)
_before = rows.alias("before")
_WAITING = (
    select(
        rows.c.id,
        rows.c.field,
        rows.c.assessor,
        rows.c.deadline,
        plans.c.number,
        plans.c.title,
        plans.c.language,
        exists().where(
            _before.c.plan_id == rows.c.plan_id,
            _before.c.field == rows.c.field,
            _before.c.id < rows.c.id,
        ),
    )
    .select_from(_with_plan)
    .order_by(rows.c.deadline, rows.c.id)
)
_UNDECIDED = select(plans.c.number, plans.c.title, plans.c.language, plans.c.updated_at).order_by(
    plans.c.updated_at, plans.c.id
)
_PLAN_OF = select(rows.c.plan_id).where(rows.c.id == bindparam("row"))
_ALL_FIELDS = (
    select(rows.c.field)
    .distinct()
    .select_from(_with_plan)
    .where(plans.c.round_id == bindparam("round"))
    .order_by(rows.c.field)
)
