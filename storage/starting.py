"""The start of a chosen plan: the official to turn to, and what each side has to do first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from storage import plan_news
from storage.dialects import Either
from storage.life_tables import contacts, start_checklist


class Who(StrEnum):
    RESIDENT = "resident"
    MUNICIPALITY = "municipality"
    THIRD_PARTY = "third_party"


@dataclass(frozen=True, slots=True)
class Contact:
    """The named official for a plan."""

    name: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be done before the start; `done_at` in milliseconds, None while it is not."""

    id: int
    who: Who
    what: str
    done_at: int | None


def set_contact(conn: Connection, plan_id: int, contact: Contact, now_ms: int) -> None:
    """Names the official; the initiator hears it, unless it is the same as before.

    Raises ValueError without a name.
    """
    if not contact.name.strip():
        raise ValueError("a contact needs a name")
    before = contact_of(conn, plan_id)
    row = {"plan_id": plan_id, "name": contact.name.strip(), "at": now_ms}
    conn.execute(_SET.on(conn), row | {"phone": contact.phone, "email": contact.email})
    if before != contact_of(conn, plan_id):
        plan_news.add(conn, plan_id, "contact", audience=plan_news.INITIATOR, now_ms=now_ms)


def contact_of(conn: Connection, plan_id: int) -> Contact | None:
    row = conn.execute(_CONTACT, {"plan": plan_id}).one_or_none()
    return Contact(*row) if row else None


def add_item(conn: Connection, plan_id: int, who: Who, what: str, now_ms: int) -> int:
    """Adds something to be done first; returns its row id."""
    row = {"plan_id": plan_id, "who": who.value, "what": what, "created_at": now_ms}
    return int(conn.execute(_ADD, row).scalar_one())


def set_done(conn: Connection, item_id: int, at_ms: int | None) -> bool:
    """Ticks an item, or with None takes the tick away; False for an unknown one."""
    return conn.execute(_DONE, {"item": item_id, "at": at_ms}).rowcount == 1


def remove_item(conn: Connection, item_id: int) -> None:
    conn.execute(_REMOVE, {"item": item_id})


def checklist(conn: Connection, plan_id: int) -> list[Item]:
    """What has to be done before the start, in the order in which it was added."""
    return [
        Item(row.id, Who(row.who), row.what, row.done_at)
        for row in conn.execute(_LIST, {"plan": plan_id})
    ]


_SET = Either(
    contacts,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["plan_id"],
        set_={name: insert.excluded[name] for name in ("name", "phone", "email", "at")},
    ),
)
_CONTACT = select(contacts.c.name, contacts.c.phone, contacts.c.email).where(
    contacts.c.plan_id == bindparam("plan")
)
_ADD = insert(start_checklist).returning(start_checklist.c.id)
_item = start_checklist.c.id == bindparam("item")
_DONE = update(start_checklist).where(_item).values(done_at=bindparam("at"))
_REMOVE = delete(start_checklist).where(_item)
_LIST = (
    select(start_checklist)
    .where(start_checklist.c.plan_id == bindparam("plan"))
    .order_by(start_checklist.c.id)
)
