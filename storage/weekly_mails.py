"""One mail a week: whoever claims the week sends it."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, update

from storage.dialects import Either
from storage.life_tables import weekly_mails


def claim(conn: Connection, week: str, now_ms: int, stale_ms: int, most: int) -> bool:
    """Whether this week's mail (`2026-W48`) is ours to send now.

    False when it was sent, when somebody claimed it after `stale_ms`, or after `most` attempts.
    """
    row = {"week": week, "claimed_at": now_ms, "stale": stale_ms, "most": most}
    return conn.scalar(_CLAIM.on(conn), row) is not None


def sent(conn: Connection, week: str, now_ms: int) -> None:
    """The mail server took it."""
    conn.execute(_SENT, {"of": week, "now": now_ms})


_CLAIM = Either(
    weekly_mails,
    lambda insert: (
        insert.values(attempts=1)
        .on_conflict_do_update(
            index_elements=["week"],
            set_={
                "claimed_at": insert.excluded.claimed_at,
                "attempts": weekly_mails.c.attempts + 1,
            },
            where=weekly_mails.c.sent_at.is_(None)
            & (weekly_mails.c.claimed_at < bindparam("stale"))
            & (weekly_mails.c.attempts < bindparam("most")),
        )
        .returning(weekly_mails.c.week)
    ),
)
_SENT = (
    update(weekly_mails)
    .where(weekly_mails.c.week == bindparam("of"))
    .values(sent_at=bindparam("now"))
)
