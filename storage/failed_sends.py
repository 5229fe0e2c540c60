"""Messages that will never arrive: why, and to whom, so that somebody can do something about it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, bindparam, func, select

from storage.conditions import is_failed
from storage.tables import outbox

# What was called off on purpose is no fault.
ON_PURPOSE = ("cancelled", "expired", "stopped")


@dataclass(frozen=True, slots=True)
class Group:
    """Failed messages on one channel for one reason; `last` is the latest, in milliseconds."""

    channel: str
    reason: str
    many: int
    people: int
    last: int


@dataclass(frozen=True, slots=True)
class Failed:
    """One message that failed; `kind` is reply | notice | campaign. What it said is not here."""

    id: int
    person_id: int | None
    channel: str
    reason: str
    kind: str
    created_at: int


def groups(conn: Connection, since_ms: int) -> list[Group]:
    """What failed since then, most first."""
    return [Group(*row) for row in conn.execute(_GROUPS, {"since": since_ms})]


def find(
    conn: Connection, since_ms: int, channel: str, reason: str | None, offset: int, limit: int
) -> tuple[list[Failed], int]:
    """The messages, the latest first, and how many; "" is any channel, None any reason."""
    some = [outbox.c.channel == channel] if channel else []
    some += [] if reason is None else [outbox.c.reason == reason]
    where = {"since": since_ms}
    page = _FIND.where(*some).limit(limit).offset(offset)
    return [Failed(*row) for row in conn.execute(page, where)], _total(conn, some, where)


def _total(conn: Connection, some: list[ColumnElement[bool]], where: dict[str, int]) -> int:
    return conn.scalar(_COUNT.where(*some), where) or 0


_lately = (
    is_failed(outbox),
    outbox.c.created_at > bindparam("since"),
    outbox.c.reason.not_in(ON_PURPOSE),
)
_GROUPS = (
    select(
        outbox.c.channel,
        outbox.c.reason,
        func.count(),
        func.count(func.distinct(outbox.c.person_id)),
        func.max(outbox.c.created_at),
    )
    .where(*_lately)
    .group_by(outbox.c.channel, outbox.c.reason)
    .order_by(func.count().desc(), outbox.c.channel, outbox.c.reason)
)
_FIND = (
    select(*(outbox.c[name] for name in Failed.__slots__))
    .where(*_lately)
    .order_by(outbox.c.id.desc())
)
_COUNT = select(func.count()).select_from(outbox).where(*_lately)
