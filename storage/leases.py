"""What only one process at a time may do, such as driving the calendar."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, case, delete, select, text

from storage.dialects import Either
from storage.tables import leases


def take(conn: Connection, name: str, holder: str, until_ms: int, now_ms: int) -> bool:
    """Takes or prolongs a lease; False while somebody else holds it."""
    row = {"name": name, "holder": holder, "until": until_ms, "now": now_ms}
    return conn.execute(_TAKE.on(conn), row).first() is not None


def release(conn: Connection, name: str, holder: str) -> None:
    """Gives a lease back; of somebody else it has no effect."""
    conn.execute(_RELEASE, {"lease": name, "by": holder})


def held(conn: Connection, prefix: str, now_ms: int) -> dict[str, int]:
    """The leases that somebody has now whose names begin so, with when they end."""
    where = {"begins": f"{prefix}%", "now": now_ms}
    return {row.name: row.until for row in conn.execute(_HELD, where)}


def prolong(conn: Connection, name: str, until_ms: int) -> None:
    """A lease that is nobody's in particular lasts at least until then."""
    conn.execute(_PROLONG.on(conn), {"name": name, "holder": "", "until": until_ms})


def forget_old(conn: Connection, prefix: str, now_ms: int) -> None:
    """Removes those whose names begin so and that ended."""
    conn.execute(_FORGET_OLD, {"begins": f"{prefix}%", "now": now_ms})


def one_at_a_time(conn: Connection) -> None:
    """Has whoever calls this see all that others wrote who did so before."""
    if conn.dialect.name == "postgresql":
        conn.execute(_ONE_AT_A_TIME)


_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(8207144)")
_begins = leases.c.name.like(bindparam("begins"))
_HELD = select(leases.c.name, leases.c.until).where(_begins, leases.c.until > bindparam("now"))
_FORGET_OLD = delete(leases).where(_begins, leases.c.until <= bindparam("now"))
_PROLONG = Either(
    leases,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["name"],
        set_={
            "until": case(
                (leases.c.until > insert.excluded.until, leases.c.until),
                else_=insert.excluded.until,
            )
        },
    ),
)
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
