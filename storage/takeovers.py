"""Whom a coordinator answers in the bot's place. While there is a row, the bot is silent."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select, update

from storage.console_tables import console_users
from storage.dialects import Either
from storage.takeover_tables import takeovers


@dataclass(frozen=True, slots=True)
class Takeover:
    """Who has this person. `name` is told to them, "" is the team; times in milliseconds."""

    person_id: int
    user_id: int
    user: str
    name: str
    since: int
    touched_at: int


def begin(
    conn: Connection, person_id: int, user_id: int, name: str, instead_of: int | None, now_ms: int
) -> bool:
    """This user has the person from now on; False when somebody else was first.

    `instead_of` is the user from whom it is taken, knowingly; None: from the bot.
    """
    row = {"person_id": person_id, "user_id": user_id, "name": name}
    row |= {"since": now_ms, "touched_at": now_ms}
    if instead_of is None:
        return conn.execute(_BEGIN.on(conn), row).first() is not None
    values = {"person": person_id, "before": instead_of, "to": user_id, "as": name, "now": now_ms}
    return conn.execute(_INSTEAD, values).rowcount == 1


def touch(conn: Connection, person_id: int, user_id: int, now_ms: int) -> Takeover | None:
    """Notes that this user did something; None when it is not theirs (any more)."""
    found = of_person(conn, person_id)
    if found is None or found.user_id != user_id:
        return None
    conn.execute(_TOUCH, {"person": person_id, "now": now_ms})
    return found


def end(conn: Connection, person_id: int) -> bool:
    """The bot answers this person again; False if it did already."""
    return conn.execute(_END, {"person": person_id}).rowcount == 1


def of_person(conn: Connection, person_id: int) -> Takeover | None:
    """Who has this person; None when the bot does."""
    row = conn.execute(_OF_PERSON, {"person": person_id}).one_or_none()
    return Takeover(*row) if row else None


def listed(conn: Connection) -> list[Takeover]:
    """All of them, the longest first."""
    return [Takeover(*row) for row in conn.execute(_LISTED)]


def untouched(conn: Connection, before_ms: int) -> list[int]:
    """The people for whom no coordinator did anything since this moment."""
    return list(conn.scalars(_UNTOUCHED, {"before": before_ms}))


_mine = takeovers.c.person_id == bindparam("person")
_BEGIN = Either(
    takeovers,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["person_id"]).returning(
        takeovers.c.person_id
    ),
)
_INSTEAD = (
    update(takeovers)
    .where(_mine, takeovers.c.user_id == bindparam("before"))
    .values(user_id=bindparam("to"), name=bindparam("as"), touched_at=bindparam("now"))
)
_TOUCH = update(takeovers).where(_mine).values(touched_at=bindparam("now"))
_END = delete(takeovers).where(_mine)
_all = select(
    takeovers.c.person_id,
    takeovers.c.user_id,
    console_users.c.name,
    takeovers.c.name,
    takeovers.c.since,
    takeovers.c.touched_at,
).join_from(takeovers, console_users, console_users.c.id == takeovers.c.user_id)
_OF_PERSON = _all.where(_mine)
_LISTED = _all.order_by(takeovers.c.since, takeovers.c.person_id)
_UNTOUCHED = select(takeovers.c.person_id).where(takeovers.c.touched_at < bindparam("before"))
