"""The plans of others, as a resident may see them: never who is behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Select, Text, and_, bindparam, func, literal, select

from civic.plans import SHOWN, Status
from storage.life_tables import plan_translations
from storage.supports import counted
from storage.tables import plans

Order = Literal["newest", "nearest"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan in a list. `title` in the reader's language if there is a translation.

    `machine`: it is one that nobody has looked at.
    """

    id: int
    number: int
    title: str
    status: str
    supporters: int
    machine: bool


@dataclass(frozen=True, slots=True)
class View:
    """A plan as a neighbour sees it.

    `language` is that of title and text; `machine`: translated, and nobody has looked at it.
    """

    id: int
    number: int
    title: str
    text: str
    language: str
    machine: bool
    area: str | None
    theme: str | None
    status: str
    supporters: int
    own: bool


def browse(
    conn: Connection,
    round_id: int,
    language: str,
    *,
    order: Order = "newest",
    area: str | None = None,
    theme: str | None = None,
    limit: int,
    offset: int = 0,
) -> list[Shown]:
    """Plans of the round; `nearest` only those that still look for support, most of it first."""
    where = {"round": round_id, "reads": language, "there": area, "about": theme}
    where |= {"most": limit, "skip": offset}
    found = conn.execute(_ORDERS[order], where)
    return [Shown(*row) for row in found]


def view(
    conn: Connection, round_id: int, number: int, language: str, person_id: int
) -> View | None:
    """The plan with this number, for one reader; None for one that nobody may see."""
    where = {"round": round_id, "number": number, "reads": language}
    row = conn.execute(_VIEW, where).one_or_none()
    if row is None or (Status(row.status) not in SHOWN and row.initiator != person_id):
        return None
    return View(
        row.id,
        row.number,
        row.title,
        row.text,
        row.language,
        bool(row.machine),
        row.area,
        row.theme,
        row.status,
        row.supporters,
        row.initiator == person_id,
    )


_count = counted(plans.c.id)
_read = plans.outerjoin(
    plan_translations,
    and_(
        plan_translations.c.plan_id == plans.c.id,
        plan_translations.c.language == bindparam("reads"),
    ),
)
_title = func.coalesce(plan_translations.c.title, plans.c.title)
_machine = func.coalesce(plan_translations.c.machine, literal(False)).label("machine")
_browsed = (
    select(
        plans.c.id,
        plans.c.number,
        _title,
        plans.c.status,
        _count.label("supporters"),
        _machine,
    )
    .select_from(_read)
    .where(
        plans.c.round_id == bindparam("round"),
        (bindparam("there", type_=Text).is_(None)) | (plans.c.area == bindparam("there")),
        (bindparam("about", type_=Text).is_(None)) | (plans.c.theme == bindparam("about")),
    )
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
_ORDERS: dict[Order, Select[Any]] = {
    "newest": _browsed.where(plans.c.status.in_(sorted(SHOWN))).order_by(plans.c.number.desc()),
    "nearest": _browsed.where(plans.c.status == literal(Status.SUBMITTED.value)).order_by(
        _count.desc(), plans.c.number
    ),
}
_VIEW = (
    select(
        plans.c.id,
        plans.c.number,
        _title.label("title"),
        func.coalesce(plan_translations.c.text, plans.c.text).label("text"),
        func.coalesce(plan_translations.c.language, plans.c.language).label("language"),
        _machine,
        plans.c.area,
        plans.c.theme,
        plans.c.status,
        plans.c.initiator,
        _count.label("supporters"),
    )
    .select_from(_read)
    .where(plans.c.round_id == bindparam("round"), plans.c.number == bindparam("number"))
)
