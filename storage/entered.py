"""What a coordinator entered for somebody: a plan, or supports on a sheet of paper.

It is nobody's until somebody sends the code of its line; then it is theirs, once. A support on
paper counts as one as long as it is nobody's; when it is somebody's it is their one 👍, however
often they gave it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, select, update

from civic.link_codes import Codes
from civic.plans import OPEN_TO_SUPPORT, Role, Status
from storage import plan_life, plans, supports
from storage.dialects import Either
from storage.entered_tables import entered
from storage.plans import NewPlan, Plan
from storage.tables import plans as plan_rows

LASTS_MS = 60 * 24 * 60 * 60_000  # a code; it can be made to last again
CHANNEL = "paper"
PLAN, SUPPORT = "plan", "support"
_TURNS = 20  # that many codes in a row are never all taken

Linked = Literal["linked", "already", "own", "gone"]


class AlreadyEntered(Exception):
    """This very form was entered meanwhile."""


class SheetTaken(ValueError):
    """The sheet is one of another plan, whose number is `number`."""

    def __init__(self, number: int) -> None:
        super().__init__("the sheet is another plan's")
        self.number = number


class SupportClosed(ValueError):
    """The plan takes no support any more."""


@dataclass(frozen=True, slots=True)
class At:
    """In which round, when, and what makes the codes."""

    round_id: int
    slug: str
    codes: Codes
    now_ms: int


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was entered; its code is made by `code_of`. Times in milliseconds."""

    id: int
    plan_id: int
    number: int
    title: str
    kind: str
    sheet: str
    line: int
    turn: int
    person_id: int | None
    expires_at: int
    linked_at: int | None


@dataclass(frozen=True, slots=True)
class Counted:
    """A sheet of support: how many lines are new, and how many people support the plan now."""

    new: int
    support: plan_life.Support


def plan(conn: Connection, at: At, new: NewPlan, form: str) -> tuple[int, bool]:
    """Stores a plan that is nobody's yet; returns the row of `entered`, and whether it is new.

    `form` is one form's own name: the same one again gives the same row. Raises LookupError for
    an unknown round, `AlreadyEntered` when the same form comes twice at once.
    """
    known = _line_id(conn, at, form, 0)
    if known is not None:
        return known, False
    number = plans.submit(conn, at.round_id, new, at.now_ms, actor=Role.COORDINATOR.value)
    stored = plans.by_number(conn, at.round_id, number)
    row = _add(conn, at, stored.id, PLAN, form, 0) if stored else None
    if row is None:
        raise AlreadyEntered
    return row, True


def sheet(conn: Connection, at: At, plan_id: int, name: str, lines: int) -> Counted:
    """Counts the lines of one sheet of support, from 1; lines that are there already stay.

    Raises LookupError, `SheetTaken`, `SupportClosed`.
    """
    found = plans.locked(conn, plan_id)
    if found is None or found.round_id != at.round_id:
        raise LookupError("no such plan")
    if Status(found.status) not in OPEN_TO_SUPPORT:
        raise SupportClosed
    of_others = {"round": at.round_id, "name": name, "plan": plan_id}
    other = conn.execute(_OTHERS, of_others).first()
    if other is not None:
        raise SheetTaken(other.number)
    made = [_add(conn, at, plan_id, SUPPORT, name, number) for number in range(1, lines + 1)]
    new = sum(row is not None for row in made)
    return Counted(new, plan_life.count_again(conn, plan_id, at.now_ms))


def line(conn: Connection, round_id: int, row_id: int) -> Line | None:
    """One thing that was entered."""
    row = conn.execute(_BY_ID, {"round": round_id, "row": row_id}).one_or_none()
    return Line(*row) if row else None


def of_sheet(conn: Connection, round_id: int, name: str) -> list[Line]:
    """All lines of a sheet, in order."""
    return [Line(*row) for row in conn.execute(_OF_SHEET, {"round": round_id, "name": name})]


def by_code(conn: Connection, round_id: int, credential: str) -> Line | None:
    """What has this code, also when it is somebody's or too old."""
    where = {"round": round_id, "credential": credential}
    row = conn.execute(_BY_CODE, where).one_or_none()
    return Line(*row) if row else None


def code_of(codes: Codes, round_slug: str, found: Line) -> str:
    """The code of a line, in ASCII digits."""
    return codes.made(round_slug, found.sheet, found.line, found.turn)


def link(conn: Connection, found: Line, person_id: int, now_ms: int) -> Linked:
    """Makes this person's what was nobody's.

    `already`: it was theirs. `own`: support of the plan that is their own, which does not count.
    `gone`: it is somebody else's, or too old.
    """
    plan = plans.locked(conn, found.plan_id)
    mine = {"row": found.id, "person": person_id, "now": now_ms}
    if plan is None or conn.execute(_LINK, mine).rowcount != 1:
        now = line(conn, plan.round_id, found.id) if plan else None
        return "already" if now and now.person_id == person_id else "gone"
    if found.kind == PLAN:
        return _own(conn, plan, person_id)
    if plan.initiator == person_id:
        return "own"
    return "linked" if supports.give(conn, plan.id, person_id, now_ms) else "already"


def _own(conn: Connection, plan: Plan, person_id: int) -> Linked:
    """The plan is this person's from now on: who supported it or followed it needs not any more."""
    if conn.execute(_INITIATOR, {"plan": plan.id, "person": person_id}).rowcount != 1:
        return "gone"
    supports.take_back(conn, plan.id, person_id)
    supports.unfollow(conn, plan.id, person_id)
    return "linked"


def renew(conn: Connection, round_id: int, name: str, now_ms: int) -> int:
    """Codes of this sheet that nobody used last from now on again; returns how many."""
    until = now_ms + LASTS_MS
    return conn.execute(_RENEW, {"round": round_id, "name": name, "until": until}).rowcount


def _line_id(conn: Connection, at: At, name: str, number: int) -> int | None:
    where = {"round": at.round_id, "name": name, "number": number}
    found: int | None = conn.scalar(_FIND, where)
    return found


def _add(conn: Connection, at: At, plan_id: int, kind: str, name: str, number: int) -> int | None:
    """The new row; None when this line is there already."""
    row = {"round_id": at.round_id, "plan_id": plan_id, "kind": kind, "sheet": name}
    row |= {"line": number, "expires_at": at.now_ms + LASTS_MS, "created_at": at.now_ms}
    for turn in range(_TURNS):
        code = at.codes.kept(at.slug, at.codes.made(at.slug, name, number, turn))
        made: int | None = conn.scalar(_ADD.on(conn), {**row, "turn": turn, "credential": code})
        if made is not None:
            return made
        if _line_id(conn, at, name, number) is not None:
            return None
    raise AssertionError("no code is free")


def _lines(*where: Any) -> Any:
    columns = (
        entered.c.id,
        entered.c.plan_id,
        plan_rows.c.number,
        plan_rows.c.title,
        *(entered.c[name] for name in Line.__slots__[4:]),
    )
    joined = entered.join(plan_rows, plan_rows.c.id == entered.c.plan_id)
    round_ = entered.c.round_id == bindparam("round")
    return select(*columns).select_from(joined).where(round_, *where).order_by(entered.c.line)


_named = entered.c.sheet == bindparam("name")
_BY_ID = _lines(entered.c.id == bindparam("row"))
_OF_SHEET = _lines(_named)
_OTHERS = _lines(_named, entered.c.plan_id != bindparam("plan")).limit(1)
_BY_CODE = _lines(entered.c.credential == bindparam("credential"))
_FIND = select(entered.c.id).where(
    entered.c.round_id == bindparam("round"), _named, entered.c.line == bindparam("number")
)
_ADD = Either(entered, lambda insert: insert.on_conflict_do_nothing().returning(entered.c.id))
_LINK = (
    update(entered)
    .where(
        entered.c.id == bindparam("row"),
        entered.c.linked_at.is_(None),
        entered.c.expires_at > bindparam("now"),
    )
    .values(person_id=bindparam("person"), linked_at=bindparam("now"))
)
_INITIATOR = (
    update(plan_rows)
    .where(plan_rows.c.id == bindparam("plan"), plan_rows.c.initiator.is_(None))
    .values(initiator=bindparam("person"))
)
_RENEW = (
    update(entered)
    .where(entered.c.round_id == bindparam("round"), _named, entered.c.linked_at.is_(None))
    .values(expires_at=bindparam("until"))
)
