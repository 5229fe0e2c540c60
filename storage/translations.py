"""A plan's words in other languages than its own. What a person wrote always wins."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from storage.dialects import Either
from storage.life_tables import plan_translations


@dataclass(frozen=True, slots=True)
class Translation:
    """`machine`: nobody has looked at it."""

    language: str
    title: str
    text: str
    machine: bool


def put(conn: Connection, plan_id: int, what: Translation, now_ms: int) -> bool:
    """Stores a translation; False when a person's is there and this one is a machine's."""
    row = {"plan_id": plan_id, "language": what.language, "title": what.title, "at": now_ms}
    row |= {"text": what.text, "machine": what.machine}
    return conn.scalar(_PUT.on(conn), row) is not None


def of_plan(conn: Connection, plan_id: int) -> dict[str, Translation]:
    """Every translation of a plan, by language."""
    rows = conn.execute(_OF_PLAN, {"plan": plan_id})
    return {row.language: Translation(*row) for row in rows}


_PUT = Either(
    plan_translations,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["plan_id", "language"],
        set_={name: insert.excluded[name] for name in ("title", "text", "machine", "at")},
        where=plan_translations.c.machine | ~insert.excluded.machine,
    ).returning(plan_translations.c.plan_id),
)
_OF_PLAN = select(
    plan_translations.c.language,
    plan_translations.c.title,
    plan_translations.c.text,
    plan_translations.c.machine,
).where(plan_translations.c.plan_id == bindparam("plan"))
