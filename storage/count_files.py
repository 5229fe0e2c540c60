"""The published count as the results page uses it: stored by the count itself, or uploaded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select

from storage import chain, published
from storage.dialects import Either
from storage.plan_work_tables import count_files

TALLY = "tally.json"


@dataclass(frozen=True, slots=True)
class CountFile:
    """A `tally.json`; `actor` uploaded it, "" when the count itself put it here."""

    content: str
    actor: str
    at: int | None


def of_round(conn: Connection, round_id: int, now_ms: int) -> CountFile | None:
    """What was counted: the count's own file before one that was uploaded."""
    own = published.files(conn, round_id, now_ms + 1).get(TALLY)
    if own is not None:
        return CountFile(own.decode(), "", None)
    row = conn.execute(_OF_ROUND, {"round": round_id}).one_or_none()
    return CountFile(*row) if row else None


def put(conn: Connection, round_id: int, content: str, actor: str, now_ms: int) -> None:
    """Keeps an uploaded file, in place of an earlier one."""
    row = {"round_id": round_id, "content": content, "actor": actor, "at": now_ms}
    conn.execute(_PUT.on(conn), row)


def remove(conn: Connection, round_id: int) -> None:
    """Takes an uploaded file away."""
    conn.execute(_REMOVE, {"round": round_id})


def counted_hash(conn: Connection, round_id: int) -> str | None:
    """SHA-256 of the `tally.json` of the last count here, as the chain has it; None without."""
    counted = [link for link in chain.links(conn, round_id) if link.kind == "counted"]
    files = counted[-1].facts.get("files", {}) if counted else {}
    return str(files[TALLY]) if TALLY in files else None


def is_counted_one(conn: Connection, round_id: int, content: str) -> bool | None:
    """Whether this is the file of the last count; None where nothing was counted here."""
    wanted = counted_hash(conn, round_id)
    return None if wanted is None else hashlib.sha256(content.encode()).hexdigest() == wanted


_PUT = Either(
    count_files,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["round_id"],
        set_={name: insert.excluded[name] for name in ("content", "actor", "at")},
    ),
)
_OF_ROUND = select(count_files.c.content, count_files.c.actor, count_files.c.at).where(
    count_files.c.round_id == bindparam("round")
)
_REMOVE = delete(count_files).where(count_files.c.round_id == bindparam("round"))
