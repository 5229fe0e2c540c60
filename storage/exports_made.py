"""Exports that were made, or are to be: the rows are the truth, jobs only point at them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from storage.dialects import Either
from storage.export_tables import exports_made, published_files
from storage.life_tables import assessments, follows, plan_translations, supports
from storage.tables import photos, plan_history, plan_texts, plans, recordings


class State(StrEnum):
    WANTED = "wanted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class File:
    """One file of an export, by its name in the export's folder."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Export:
    """One export. Times are UTC milliseconds; `week` is None for what was asked for by hand.

    `reason` is a code of `admin_export.destinations.Why`.
    """

    id: int
    round_id: int
    week: str | None
    since: int | None
    until: int | None
    state: State
    reason: str
    attempts: int
    due_at: int
    folder: str
    files: tuple[File, ...]
    counts: Mapping[str, int]
    created_at: int
    failed_at: int | None
    done_at: int | None
    told_at: int | None

    def file(self, name: str) -> File | None:
        """The file of this name, None when the export has no such file."""
        return next((each for each in self.files if each.name == name), None)


def ask(conn: Connection, round_id: int, now_ms: int, asked_by: int | None = None) -> int:
    """Wants an export of the round as it is now; the row's id.

    While one is wanted that nobody has begun, it is that one.
    """
    waiting = conn.scalar(_WAITING, {"round": round_id})
    if waiting is not None:
        return int(waiting)
    row = {"round_id": round_id, "week": None, "asked_by": asked_by}
    row |= {"since": None, "until": None}
    return int(conn.execute(_ASK, _new(row, now_ms)).scalar_one())


def want_week(
    conn: Connection, round_id: int, week: str, since_ms: int | None, until_ms: int, now_ms: int
) -> int | None:
    """Wants the export of a week, with what changed in it; the row's id, None if there is one."""
    row = {"round_id": round_id, "week": week, "asked_by": None}
    row |= {"since": since_ms, "until": until_ms}
    made: int | None = conn.scalar(_WANT_WEEK.on(conn), _new(row, now_ms))
    return made


def last_week(conn: Connection, round_id: int) -> int | None:
    """Until when the latest week was wanted; None when there is none."""
    until: int | None = conn.scalar(_LAST_WEEK, {"round": round_id})
    return until


def begin(conn: Connection, export_id: int, again_ms: int, now_ms: int) -> Export | None:
    """Takes an export on; None when it is done, or not to be tried yet.

    One that runs already is taken over: its process is gone, since its jobs run one at a time.
    `again_ms` is when to look again if nothing is heard.
    """
    where = {"export": export_id, "again": again_ms, "now": now_ms}
    return by_id(conn, export_id) if conn.execute(_BEGIN, where).rowcount else None


def set_until(conn: Connection, export_id: int, until_ms: int) -> None:
    """From then on this export is of that moment, however often it is tried."""
    conn.execute(_SET_UNTIL, {"export": export_id, "moment": until_ms})


def finish(
    conn: Connection,
    export_id: int,
    folder: str,
    files: Sequence[File],
    counts: Mapping[str, int],
    now_ms: int,
) -> None:
    """The export is where it should be, whole."""
    listed = [{"name": f.name, "bytes": f.bytes, "sha256": f.sha256} for f in files]
    row = {"export": export_id, "in": folder, "listed": json.dumps(listed), "now": now_ms}
    conn.execute(_FINISH, row | {"counted": json.dumps(dict(counts))})


def fail(conn: Connection, export_id: int, reason: str, again_ms: int, now_ms: int) -> None:
    """It did not work, and will be tried again at `again_ms`."""
    conn.execute(_FAIL, {"export": export_id, "why": reason, "again": again_ms, "now": now_ms})


def told(conn: Connection, export_id: int, now_ms: int) -> None:
    """Coordinators were told of this export."""
    conn.execute(_TOLD, {"export": export_id, "now": now_ms})


def due(conn: Connection, now_ms: int) -> list[int]:
    """The ids of exports to be made now, or begun and never heard of since, the oldest first."""
    return list(conn.scalars(_DUE, {"now": now_ms}))


def untold(conn: Connection, since_ms: int) -> list[int]:
    """Weeks that were made after `since_ms` and that nobody has been told of."""
    return list(conn.scalars(_UNTOLD, {"since": since_ms}))


def by_id(conn: Connection, export_id: int) -> Export | None:
    """One export."""
    row = conn.execute(_BY_ID, {"export": export_id}).one_or_none()
    return _export(row) if row else None


def page(conn: Connection, round_id: int, offset: int, limit: int) -> tuple[list[Export], int]:
    """The round's exports, the latest first, and how many there are."""
    where = {"round": round_id}
    rows = conn.execute(_PAGE, {**where, "skip": offset, "most": limit})
    return [_export(row) for row in rows], conn.scalar(_COUNT, where) or 0


def failing(conn: Connection, round_id: int) -> list[Export]:
    """Exports of the round that failed and have not worked since, the oldest first."""
    return [_export(row) for row in conn.execute(_FAILING, {"round": round_id})]


def first_plan(conn: Connection, round_id: int) -> int | None:
    """When the round's first plan was sent in; None while there is none."""
    first: int | None = conn.scalar(_FIRST_PLAN, {"round": round_id})
    return first


def last_change(conn: Connection, round_id: int) -> int:
    """The latest instant at which anything that leaves with an export came to be; 0 without any.

    An export by hand is of the moment after it: the same rows, the same files.
    """
    found = [conn.scalar(query, {"round": round_id}) for query in _LAST]
    return max((at for at in found if at is not None), default=0)


def _new(row: dict[str, Any], now_ms: int) -> dict[str, Any]:
    blank = {"reason": "", "attempts": 0, "folder": "", "files": "[]", "counts": "{}"}
    return {**row, **blank, "state": State.WANTED.value, "due_at": now_ms, "created_at": now_ms}


def _export(row: Any) -> Export:
    files = tuple(File(**each) for each in json.loads(row.files))
    return Export(
        row.id, row.round_id, row.week, row.since, row.until, State(row.state), row.reason,
        row.attempts, row.due_at, row.folder, files, json.loads(row.counts), row.created_at,
        row.failed_at, row.done_at, row.told_at,
    )  # fmt: skip


_one = exports_made.c.id == bindparam("export")
_of_round = exports_made.c.round_id == bindparam("round")
_is_due = exports_made.c.due_at <= bindparam("now")
_WAITING = (
    select(exports_made.c.id)
    .where(
        _of_round, exports_made.c.week.is_(None), exports_made.c.state == State.WANTED.value
    )
    .limit(1)
)  # fmt: skip
_ASK = insert(exports_made).returning(exports_made.c.id)
_WANT_WEEK = Either(
    exports_made,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["round_id", "week"]).returning(
        exports_made.c.id
    ),
)
_LAST_WEEK = select(func.max(exports_made.c.until)).where(
    _of_round, exports_made.c.week.is_not(None)
)
_BEGIN = (
    update(exports_made)
    .where(
        _one,
        exports_made.c.state != State.DONE.value,
        (exports_made.c.state == State.RUNNING.value) | _is_due,
    )
    .values(
        state=State.RUNNING.value,
        attempts=exports_made.c.attempts + 1,
        due_at=bindparam("again"),
    )
)
_SET_UNTIL = update(exports_made).where(_one).values(until=bindparam("moment"))
_FINISH = (
    update(exports_made)
    .where(_one)
    .values(
        state=State.DONE.value,
        reason="",
        folder=bindparam("in"),
        files=bindparam("listed"),
        counts=bindparam("counted"),
        failed_at=None,
        done_at=bindparam("now"),
    )
)
_FAIL = (
    update(exports_made)
    .where(_one, exports_made.c.state != State.DONE.value)
    .values(
        state=State.FAILED.value,
        reason=bindparam("why"),
        due_at=bindparam("again"),
        failed_at=func.coalesce(exports_made.c.failed_at, bindparam("now")),
    )
)
_TOLD = update(exports_made).where(_one).values(told_at=bindparam("now"))
_DUE = (
    select(exports_made.c.id)
    .where(exports_made.c.state != State.DONE.value, _is_due)
    .order_by(exports_made.c.id)
)
_UNTOLD = (
    select(exports_made.c.id)
    .where(
        exports_made.c.state == State.DONE.value,
        exports_made.c.week.is_not(None),
        exports_made.c.told_at.is_(None),
        exports_made.c.done_at > bindparam("since"),
    )
    .order_by(exports_made.c.id)
)
_BY_ID = select(exports_made).where(_one)
_PAGE = (
    select(exports_made)
    .where(_of_round)
    .order_by(exports_made.c.id.desc())
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
_COUNT = select(func.count()).select_from(exports_made).where(_of_round)
_FAILING = (
    select(exports_made)
    .where(
        _of_round,
        exports_made.c.failed_at.is_not(None),
        exports_made.c.state != State.DONE.value,
    )
    .order_by(exports_made.c.id)
)
_FIRST_PLAN = select(func.min(plans.c.created_at)).where(plans.c.round_id == bindparam("round"))
_LAST = [
    select(func.max(column)).where(column.table.c.round_id == bindparam("round"))
    for column in (plans.c.updated_at, plans.c.created_at, published_files.c.at)
] + [
    select(func.max(column))
    .select_from(column.table.join(plans, plans.c.id == column.table.c.plan_id))
    .where(plans.c.round_id == bindparam("round"))
    for column in (
        plan_history.c.at,
        plan_texts.c.at,
        plan_translations.c.at,
        supports.c.at,
        follows.c.at,
        assessments.c.created_at,
        assessments.c.judged_at,
        recordings.c.created_at,
        photos.c.created_at,
    )
]
