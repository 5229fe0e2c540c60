"""The plans, what was added to them, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, insert, select, update

from civic.plans import Status
from storage.money import to_cents, to_euros
from storage.tables import photos, plan_history, plan_texts, plans, recordings, rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlan:
    """A plan as a resident sends it in.

    `initiator` is None when a coordinator enters it for somebody: see `storage.entered`.
    `cost` is in euros; `lat` and `lng` in degrees; `who` carries it out; `channel` and
    `by_voice` tell how it came; `recordings` and `photos` are row ids of the initiator's.
    """

    initiator: int | None
    title: str
    text: str
    language: str
    area: str | None = None
    theme: str | None = None
    address: str = ""
    lat: float | None = None
    lng: float | None = None
    cost: Decimal | None = None
    who: str = ""
    may_call: bool = False
    phone: str = ""
    channel: str = ""
    by_voice: bool = False
    recordings: Sequence[int] = ()
    photos: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it is kept; `initiator` is None when that person is forgotten."""

    id: int
    round_id: int
    number: int
    initiator: int | None
    area: str | None
    theme: str | None
    title: str
    text: str
    language: str
    address: str
    lat: float | None
    lng: float | None
    cost: Decimal | None
    who: str
    may_call: bool
    phone: str
    channel: str
    by_voice: bool
    status: str
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Change:
    """One step in the life of a plan: who took it, and why."""

    at: int
    actor: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class Addition:
    """What the initiator added later, with the recording if it was spoken."""

    at: int
    text: str
    language: str
    recording_id: int | None


def submit(
    conn: Connection, round_id: int, plan: NewPlan, now_ms: int, *, actor: str = "initiator"
) -> int:
    """Stores a plan as submitted; returns its number in the round, which never changes.

    Recordings and photos become the plan's if they are the initiator's own.
    Raises LookupError for an unknown round.
    """
    number: int | None = conn.scalar(_NEXT_NUMBER, {"round": round_id})
    if number is None:
        raise LookupError("no such round")
    row = asdict(plan) | {"round_id": round_id, "number": number, "cost": to_cents(plan.cost)}
    row |= {"created_at": now_ms, "updated_at": now_ms}
    links = {recordings: row.pop("recordings"), photos: row.pop("photos")}
    plan_id: int = conn.execute(_SUBMIT, row).scalar_one()
    for table, ids in links.items():
        _link(conn, table, ids, plan_id)
    _log(conn, plan_id, "", Status.SUBMITTED, actor, "", now_ms)
    return number


def by_number(conn: Connection, round_id: int, number: int) -> Plan | None:
    """The plan with this number in the round."""
    row = conn.execute(_BY_NUMBER, {"round": round_id, "number": number}).one_or_none()
    return _plan(row) if row else None


def by_id(conn: Connection, plan_id: int) -> Plan | None:
    """The plan of this row."""
    row = conn.execute(_BY_ID, {"plan": plan_id}).one_or_none()
    return _plan(row) if row else None


def locked(conn: Connection, plan_id: int) -> Plan | None:
    """Like `by_id`; nobody else changes it until this transaction ends."""
    row = conn.execute(_LOCKED, {"plan": plan_id}).one_or_none()
    return _plan(row) if row else None


def of_person(conn: Connection, round_id: int, person_id: int) -> list[Plan]:
    """The person's plans in the round, by number, also those withdrawn."""
    where = {"round": round_id, "person": person_id}
    return [_plan(row) for row in conn.execute(_OF_PERSON, where)]


def of_round(conn: Connection, round_id: int) -> list[Plan]:
    """All plans of the round, by number."""
    return [_plan(row) for row in conn.execute(_OF_ROUND, {"round": round_id})]


def count_of_person(conn: Connection, round_id: int, person_id: int) -> int:
    """How many plans the person has in the round, without those withdrawn."""
    count: int | None = conn.scalar(_COUNT, {"round": round_id, "person": person_id})
    return count or 0


def add_text(
    conn: Connection,
    plan_id: int,
    text: str,
    language: str,
    recording_id: int | None,
    now_ms: int,
) -> None:
    """Adds words to a plan; the recording, if it is the initiator's own, becomes the plan's."""
    conn.execute(_TOUCH, {"plan": plan_id, "now": now_ms})
    row = {"plan_id": plan_id, "at": now_ms, "text": text, "language": language}
    conn.execute(_ADD_TEXT, {**row, "recording_id": recording_id})
    if recording_id is not None:
        _link(conn, recordings, [recording_id], plan_id)


def add_photo(conn: Connection, plan_id: int, photo_id: int, now_ms: int) -> None:
    """Adds a photo to a plan if it is the initiator's own."""
    conn.execute(_TOUCH, {"plan": plan_id, "now": now_ms})
    _link(conn, photos, [photo_id], plan_id)


def additions(conn: Connection, plan_id: int) -> list[Addition]:
    """The words that were added to a plan, in order."""
    return [Addition(*row) for row in conn.execute(_ADDITIONS, {"plan": plan_id})]


def set_status(
    conn: Connection,
    plan_id: int,
    before: str,
    after: str,
    actor: str,
    reason: str,
    now_ms: int,
) -> bool:
    """Moves a plan from one status to the next; False if it was not `before` any more.

    `actor` is a role or a coordinator's id, never a resident's.
    """
    values = {"plan": plan_id, "old": before, "new": after, "now": now_ms}
    if conn.execute(_SET_STATUS, values).rowcount != 1:
        return False
    _log(conn, plan_id, before, after, actor, reason, now_ms)
    return True


def history(conn: Connection, plan_id: int) -> list[Change]:
    """The plan's life so far, in order."""
    return [Change(*row) for row in conn.execute(_HISTORY, {"plan": plan_id})]


def _plan(row: Any) -> Plan:
    return Plan(**{**row._mapping, "cost": to_euros(row.cost)})


def _link(conn: Connection, table: Table, ids: Sequence[int], plan_id: int) -> None:
    """Makes rows the plan's that are its initiator's and not yet another plan's."""
    if ids:
        conn.execute(_LINK[table], {"ids": list(ids), "plan": plan_id})


def _log(
    conn: Connection, plan_id: int, before: str, after: str, actor: str, reason: str, now_ms: int
) -> None:
    row = {"plan_id": plan_id, "at": now_ms, "actor": actor, "before": before}
    conn.execute(_LOG, {**row, "after": after, "reason": reason})


_NEXT_NUMBER = (
    update(rounds)
    .where(rounds.c.id == bindparam("round"))
    .values(next_number=rounds.c.next_number + 1)
    .returning(rounds.c.next_number - 1)
)
_SUBMIT = insert(plans).values(status=Status.SUBMITTED.value).returning(plans.c.id)
_initiator = select(plans.c.initiator).where(plans.c.id == bindparam("plan")).scalar_subquery()
_LINK = {
    table: update(table)
    .where(
        table.c.id.in_(bindparam("ids", expanding=True)),
        table.c.person_id == _initiator,
        table.c.plan_id.is_(None),
    )
    .values(plan_id=bindparam("plan"))
    for table in (recordings, photos)
}
_BY_ID = select(plans).where(plans.c.id == bindparam("plan"))
_LOCKED = _BY_ID.with_for_update()
_of_round = select(plans).where(plans.c.round_id == bindparam("round"))
_BY_NUMBER = _of_round.where(plans.c.number == bindparam("number"))
_OF_ROUND = _of_round.order_by(plans.c.number)
_OF_PERSON = _OF_ROUND.where(plans.c.initiator == bindparam("person"))
_COUNT = (
    select(func.count())
    .select_from(plans)
    .where(
        plans.c.round_id == bindparam("round"),
        plans.c.initiator == bindparam("person"),
        plans.c.status != Status.WITHDRAWN.value,
    )
)
_the_plan = update(plans).where(plans.c.id == bindparam("plan"))
_TOUCH = _the_plan.values(updated_at=bindparam("now"))
_SET_STATUS = _the_plan.where(plans.c.status == bindparam("old")).values(
    status=bindparam("new"), updated_at=bindparam("now")
)
_LOG = insert(plan_history)
_ADD_TEXT = insert(plan_texts)
_ADDITIONS = (
    select(plan_texts.c.at, plan_texts.c.text, plan_texts.c.language, plan_texts.c.recording_id)
    .where(plan_texts.c.plan_id == bindparam("plan"))
    .order_by(plan_texts.c.id)
)
_HISTORY = (
    select(
        plan_history.c.at,
        plan_history.c.actor,
        plan_history.c.before,
        plan_history.c.after,
        plan_history.c.reason,
    )
    .where(plan_history.c.plan_id == bindparam("plan"))
    .order_by(plan_history.c.id)
)
