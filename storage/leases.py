"""What only one process at a time may do, such as driving the calendar."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete

from storage.dialects import Either
from storage.tables import leases


def take(conn: Connection, name: str, holder: str, until_ms: int, now_ms: int) -> bool:
    """Takes or prolongs a lease; False while somebody else holds it."""
    row = {"name": name, "holder": holder, "until": until_ms, "now": now_ms}
    return conn.execute(_TAKE.on(conn), row).first() is not None


def release(conn: Connection, name: str, holder: str) -> None:
    """Gives a lease back; of somebody else it has no effect."""
    conn.execute(_RELEASE, {"lease": name, "by": holder})


_TAKE = Either(
    leases,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": insert.excluded.holder, "until": insert.excluded.until},
        where=(leases.c.until <= bindparam("now")) | (leases.c.holder == insert.excluded.holder),
    ).returning(leases.c.name),
)
_RELEASE = delete(leases).where(
    leases.c.name == bindparam("lease"), leases.c.holder == bindparam("by")
)
