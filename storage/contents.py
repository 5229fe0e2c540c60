"""The content templates that the messaging provider has of us, by the hash of what is in them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, update

from storage.dialects import Either
from storage.tables import content_templates

APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Row:
    """One template. `approval` is the provider's word, "" where none is needed."""

    hash: str
    sid: str
    name: str
    language: str
    kind: str
    approval: str
    created_at: int

    @property
    def usable(self) -> bool:
        return self.approval in ("", APPROVED)


def every(conn: Connection) -> list[Row]:
    """All of them, by name."""
    return [Row(*row) for row in conn.execute(_EVERY)]


def put(conn: Connection, row: Row) -> None:
    """Remembers a template; one of the same hash is replaced."""
    values = {name: getattr(row, name) for name in Row.__slots__}
    conn.execute(_PUT.on(conn), values)


def set_approval(conn: Connection, hash_: str, approval: str) -> None:
    conn.execute(_APPROVAL, {"which": hash_, "word": approval})


_table = content_templates
_this = _table.c.hash == bindparam("which")
_EVERY = select(_table).order_by(_table.c.name)
_PUT = Either(
    _table,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["hash"],
        set_={name: insert.excluded[name] for name in ("sid", "name", "approval", "created_at")},
    ),
)
_APPROVAL = update(_table).where(_this).values(approval=bindparam("word"))
