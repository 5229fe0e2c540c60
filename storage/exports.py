"""What an export reads of a round, in whole sets: a statement a table, never one a plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Table, bindparam, func, literal, or_, select

from storage.entered_tables import entered
from storage.life_tables import (
    assessments,
    follows,
    plan_reasons,
    plan_translations,
    supports,
)
from storage.plan_work_tables import plan_edits
from storage.tables import addresses, people, photos, plan_history, plan_texts, plans, recordings

Rows = Sequence[Any]


def plans_of(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """The round's plans that had been sent in by then, by number."""
    return conn.execute(_PLANS, {"round": round_id, "until": until_ms}).all()


def steps(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """Every step of every plan by then: id, plan_id, at, actor, before, after, reason."""
    return conn.execute(_STEPS, {"round": round_id, "until": until_ms}).all()


def reasons(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """Why steps were taken, in other languages than Dutch: history_id, language, text, machine."""
    return conn.execute(_REASONS, {"round": round_id, "until": until_ms}).all()


def recorded(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """The recordings of plans, in order."""
    return conn.execute(_RECORDINGS, {"round": round_id, "until": until_ms}).all()


def pictured(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """The photos of plans, in order."""
    return conn.execute(_PHOTOS, {"round": round_id, "until": until_ms}).all()


def added(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """What was added to plans: plan_id, at, text, language."""
    return conn.execute(_ADDED, {"round": round_id, "until": until_ms}).all()


def translated(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """Plans in other languages: plan_id, language, title, text, machine, at."""
    return conn.execute(_TRANSLATED, {"round": round_id, "until": until_ms}).all()


def judged(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """The assessments of plans that were made by then."""
    return conn.execute(_JUDGED, {"round": round_id, "until": until_ms}).all()


def supported(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """How many people supported each plan by then: plan_id, count, at (the last of them)."""
    return conn.execute(_SUPPORTED, {"round": round_id, "until": until_ms}).all()


def followed(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """Likewise of those who follow a plan."""
    return conn.execute(_FOLLOWED, {"round": round_id, "until": until_ms}).all()


def on_paper(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """Likewise of support on paper that nobody had made their own by then."""
    return conn.execute(_ON_PAPER, {"round": round_id, "until": until_ms}).all()


def supporters(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """Every support by then: person_id, area (of the plan), language (of the person), at.

    On paper each is of a person of their own, of whom nothing is known.
    """
    where = {"round": round_id, "until": until_ms}
    return [row for query in (_SUPPORTERS, _SIGNERS) for row in conn.execute(query, where)]


def corrected(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """What the municipality corrected in plans: plan_id, at, field, reason; not what was there."""
    return conn.execute(_CORRECTED, {"round": round_id, "until": until_ms}).all()


def reachable(conn: Connection, round_id: int, until_ms: int) -> Rows:
    """Who may be called about a plan: id, number, title, initiator, phone, address, language.

    `phone` is "" where `address`, on a channel that has numbers, tells it. Personal data: see
    `admin_export.contacts`.
    """
    return conn.execute(_REACHABLE, {"round": round_id, "until": until_ms}).all()


def _of_round(*columns: Any, table: Table) -> Any:
    joined = table.join(plans, plans.c.id == table.c.plan_id)
    return select(*columns).select_from(joined).where(plans.c.round_id == bindparam("round"))


def _counts(table: Table) -> Any:
    return (
        _of_round(
            table.c.plan_id,
            func.count().label("count"),
            func.max(table.c.at).label("at"),
            table=table,
        )
        .where(table.c.at < _until)
        .group_by(table.c.plan_id)
    )


_until: BindParameter[int] = bindparam("until")
_PLANS = (
    select(plans)
    .where(plans.c.round_id == bindparam("round"), plans.c.created_at < _until)
    .order_by(plans.c.number)
)
_STEPS = (
    _of_round(plan_history, table=plan_history)
    .where(plan_history.c.at < _until)
    .order_by(plan_history.c.id)
)
_REASONS = (
    select(plan_reasons)
    .select_from(
        plan_reasons.join(plan_history, plan_history.c.id == plan_reasons.c.history_id).join(
            plans, plans.c.id == plan_history.c.plan_id
        )
    )
    .where(plans.c.round_id == bindparam("round"), plan_history.c.at < _until)
    .order_by(plan_reasons.c.history_id, plan_reasons.c.language)
)
_RECORDINGS = (
    _of_round(recordings, recordings.c.created_at.label("at"), table=recordings)
    .where(recordings.c.created_at < _until)
    .order_by(recordings.c.id)
)
_PHOTOS = (
    _of_round(photos, photos.c.created_at.label("at"), table=photos)
    .where(photos.c.created_at < _until)
    .order_by(photos.c.id)
)
_ADDED = (
    _of_round(
        plan_texts.c.plan_id, plan_texts.c.at, plan_texts.c.text, plan_texts.c.language,
        table=plan_texts,
    )
    .where(plan_texts.c.at < _until)
    .order_by(plan_texts.c.id)
)  # fmt: skip
_TRANSLATED = (
    _of_round(plan_translations, table=plan_translations)
    .where(plan_translations.c.at < _until)
    .order_by(plan_translations.c.plan_id, plan_translations.c.language)
)
_JUDGED = (
    _of_round(assessments, assessments.c.created_at.label("at"), table=assessments)
    .where(assessments.c.created_at < _until)
    .order_by(assessments.c.id)
)
_SUPPORTED, _FOLLOWED = _counts(supports), _counts(follows)
_SUPPORTERS = (
    select(supports.c.person_id, plans.c.area, people.c.language, supports.c.at)
    .select_from(
        supports.join(plans, plans.c.id == supports.c.plan_id).join(
            people, people.c.id == supports.c.person_id
        )
    )
    .where(plans.c.round_id == bindparam("round"), supports.c.at < _until)
)
_paper = (
    entered.c.kind == "support",
    entered.c.created_at < _until,
    or_(entered.c.linked_at.is_(None), entered.c.linked_at >= _until),
)
_ON_PAPER = (
    _of_round(
        entered.c.plan_id,
        func.count().label("count"),
        func.max(entered.c.created_at).label("at"),
        table=entered,
    )
    .where(*_paper)
    .group_by(entered.c.plan_id)
)
_SIGNERS = _of_round(
    (-entered.c.id).label("person_id"),
    plans.c.area,
    literal("").label("language"),
    entered.c.created_at.label("at"),
    table=entered,
).where(*_paper)
_CORRECTED = (
    _of_round(
        plan_edits.c.plan_id, plan_edits.c.at, plan_edits.c.field, plan_edits.c.reason,
        table=plan_edits,
    )
    .where(plan_edits.c.at < _until)
    .order_by(plan_edits.c.id)
)  # fmt: skip
# Where they say yes to a call on a channel that has their number, that number is not asked again.
_number = (
    select(addresses.c.address)
    .where(
        addresses.c.person_id == plans.c.initiator,
        addresses.c.channel == plans.c.channel,
        addresses.c.channel.in_(("whatsapp", "sms", "phone")),
    )
    .order_by(addresses.c.id)
    .limit(1)
    .scalar_subquery()
)
_REACHABLE = (
    select(
        plans.c.id,
        plans.c.number,
        plans.c.title,
        plans.c.initiator,
        plans.c.phone,
        _number.label("address"),
        people.c.language,
    )
    .select_from(plans.join(people, people.c.id == plans.c.initiator))
    .where(
        plans.c.round_id == bindparam("round"),
        plans.c.created_at < _until,
        plans.c.may_call,
        people.c.state != "forgotten",
    )
    .order_by(plans.c.number)
)
