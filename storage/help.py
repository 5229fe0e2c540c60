"""Who asked for a person's help, and by when they were promised an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, insert, select, update

from storage.tables import help_requests
from storage.takeover_tables import help_calls


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """`kind` is call, message or listen; `answer_by` in milliseconds.

    `plan_id` is the plan that it is about, None when it is about something else.
    """

    id: int
    person_id: int
    kind: str
    phone: str
    text: str
    recording_id: int | None
    created_at: int
    answer_by: int
    state: str
    plan_id: int | None = None


@dataclass(frozen=True, slots=True)
class Calls:
    """How often somebody was called, how the last time went (called | not_reached), and when."""

    many: int
    outcome: str
    at: int


def ask(
    conn: Connection,
    person_id: int,
    kind: str,
    phone: str,
    text: str,
    recording_id: int | None,
    answer_by: int,
    now_ms: int,
    plan_id: int | None = None,
) -> int:
    """Stores a request for help: `kind` is call, message or listen. Returns its row id.

    `plan_id` is the plan that it is about, if it is about one.
    """
    row = {"person_id": person_id, "kind": kind, "phone": phone, "text": text}
    row |= {"recording_id": recording_id, "answer_by": answer_by, "created_at": now_ms}
    row |= {"plan_id": plan_id}
    return int(conn.execute(_ASK, row).scalar_one())


def open_requests(conn: Connection, limit: int) -> list[HelpRequest]:
    """What is not done yet, the most urgent first."""
    return [HelpRequest(*row) for row in conn.execute(_OPEN, {"most": limit})]


def find(
    conn: Connection, state: str, offset: int, limit: int, kind: str = ""
) -> tuple[list[HelpRequest], int]:
    """The requests that are open (the most urgent first) or done (the latest), and how many.

    `kind` is one of theirs, or "" for all.
    """
    some = [help_requests.c.kind == kind] if kind else []
    where = {"is": state}
    query = _FIND.where(*some).order_by(_BY[state]).limit(limit).offset(offset)
    found = [HelpRequest(*row) for row in conn.execute(query, where)]
    return found, conn.scalar(_COUNT.where(*some), where) or 0


def done(conn: Connection, request_id: int) -> bool:
    """Marks a request as answered; False if it was not open."""
    return conn.execute(_DONE, {"request": request_id}).rowcount == 1


def called(conn: Connection, request_id: int, outcome: str, now_ms: int) -> bool:
    """Notes that somebody was called back: `called`, and the request is done, or `not_reached`.

    False if it was not open.
    """
    where = {"request": request_id}
    if not conn.scalar(_IS_OPEN, where):
        return False
    row = {"request_id": request_id, "outcome": outcome, "at": now_ms}
    conn.execute(insert(help_calls), row)
    return done(conn, request_id) if outcome == "called" else True


def calls(conn: Connection, request_ids: Sequence[int]) -> dict[int, Calls]:
    """What became of calling these people back, by request; those never called are not in it."""
    found: dict[int, Calls] = {}
    for row in conn.execute(_CALLS, {"those": list(request_ids)}):
        before = found.get(row.request_id)
        found[row.request_id] = Calls(before.many + 1 if before else 1, row.outcome, row.at)
    return found


_ASK = insert(help_requests).values(state="open").returning(help_requests.c.id)
_OPEN = (
    select(*(help_requests.c[name] for name in HelpRequest.__slots__))
    .where(help_requests.c.state == "open")
    .order_by(help_requests.c.answer_by)
    .limit(bindparam("most"))
)
_FIND = select(*(help_requests.c[name] for name in HelpRequest.__slots__)).where(
    help_requests.c.state == bindparam("is")
)
_COUNT = (
    select(func.count()).select_from(help_requests).where(help_requests.c.state == bindparam("is"))
)
_BY = {"open": help_requests.c.answer_by, "done": help_requests.c.answer_by.desc()}
_IS_OPEN = select(help_requests.c.id).where(
    help_requests.c.id == bindparam("request"), help_requests.c.state == "open"
)
_CALLS = (
    select(help_calls)
    .where(help_calls.c.request_id.in_(bindparam("those", expanding=True)))
    .order_by(help_calls.c.id)
)
_DONE = (
    update(help_requests)
    .where(help_requests.c.id == bindparam("request"), help_requests.c.state == "open")
    .values(state="done")
)
