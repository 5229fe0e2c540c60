"""Who asked for a person's help, and by when they were promised an answer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from storage.tables import help_requests


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """`kind` is call, message or listen; `answer_by` in milliseconds."""

    id: int
    person_id: int
    kind: str
    phone: str
    text: str
    recording_id: int | None
    created_at: int
    answer_by: int
    state: str


def ask(
    conn: Connection,
    person_id: int,
    kind: str,
    phone: str,
    text: str,
    recording_id: int | None,
    answer_by: int,
    now_ms: int,
) -> int:
    """Stores a request for help: `kind` is call, message or listen. Returns its row id."""
    row = {"person_id": person_id, "kind": kind, "phone": phone, "text": text}
    row |= {"recording_id": recording_id, "answer_by": answer_by, "created_at": now_ms}
    return int(conn.execute(_ASK, row).scalar_one())


def open_requests(conn: Connection, limit: int) -> list[HelpRequest]:
    """What is not done yet, the most urgent first."""
    return [HelpRequest(*row) for row in conn.execute(_OPEN, {"most": limit})]


def done(conn: Connection, request_id: int) -> bool:
    """Marks a request as answered; False if it was not open."""
    return conn.execute(_DONE, {"request": request_id}).rowcount == 1


_ASK = insert(help_requests).values(state="open").returning(help_requests.c.id)
_OPEN = (
    select(*(help_requests.c[name] for name in HelpRequest.__slots__))
    .where(help_requests.c.state == "open")
    .order_by(help_requests.c.answer_by)
    .limit(bindparam("most"))
)
_DONE = (
    update(help_requests)
    .where(help_requests.c.id == bindparam("request"), help_requests.c.state == "open")
    .values(state="done")
)
