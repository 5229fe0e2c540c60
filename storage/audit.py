"""Who saw or changed what in the console: kinds and row ids, never what is in the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, insert, select

from storage.console_tables import console_audit, console_users


@dataclass(frozen=True, slots=True)
class Entry:
    """One act or view; `name` is None for the command line, `ref` for what has no row."""

    id: int
    at: int
    name: str | None
    kind: str
    ref: int | None


def note(
    conn: Connection, user_id: int | None, kind: str, refs: Sequence[int | None], now_ms: int
) -> None:
    """Notes that somebody did or saw `kind`, one entry for each row id."""
    common = {"at": now_ms, "user_id": user_id, "kind": kind}
    if refs:
        conn.execute(insert(console_audit), [{**common, "ref": ref} for ref in refs])


def entries(
    conn: Connection, name: str, kind: str, offset: int, limit: int
) -> tuple[list[Entry], int]:
    """What was noted, the latest first, and how much there is; "" is everybody, or all kinds."""
    where = _where(name, kind)
    total = conn.scalar(_COUNT.where(*where)) or 0
    page = _ENTRIES.where(*where).limit(limit).offset(offset)
    return [Entry(*row) for row in conn.execute(page)], total


def kinds(conn: Connection) -> list[str]:
    """The kinds there are."""
    return list(conn.scalars(_KINDS))


def _where(name: str, kind: str) -> list[ColumnElement[bool]]:
    found = []
    if name:
        whose = select(console_users.c.id).where(console_users.c.name == name)
        found.append(console_audit.c.user_id == whose.scalar_subquery())
    if kind:
        found.append(console_audit.c.kind == kind)
    return found


_ENTRIES = (
    select(
        console_audit.c.id,
        console_audit.c.at,
        console_users.c.name,
        console_audit.c.kind,
        console_audit.c.ref,
    )
    .select_from(
        console_audit.outerjoin(console_users, console_users.c.id == console_audit.c.user_id)
    )
    .order_by(console_audit.c.id.desc())
)
_COUNT = select(func.count()).select_from(console_audit)
_KINDS = select(console_audit.c.kind).distinct().order_by(console_audit.c.kind)
