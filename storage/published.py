"""What a count published and may go on to others: the ballots of each area, as Pabulib has them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, delete, insert, select

from storage.export_tables import published_files


def put(conn: Connection, round_id: int, files: Mapping[str, bytes], now_ms: int) -> None:
    """Keeps what was published, in place of what an earlier count of this round published.

    The same files again change nothing, so that they keep the time of their publication.
    """
    kept = {row.name: row.content for row in conn.execute(_ALL, {"round": round_id})}
    if kept == files:
        return
    conn.execute(_DROP, {"round": round_id})
    rows = [{"round_id": round_id, "name": n, "content": c, "at": now_ms} for n, c in files.items()]
    if rows:
        conn.execute(insert(published_files), rows)


def files(conn: Connection, round_id: int, until_ms: int) -> dict[str, bytes]:
    """The content of each file by its name, if it was published by then."""
    found = conn.execute(_UNTIL, {"round": round_id, "until": until_ms})
    return {row.name: bytes(row.content) for row in found}


_of_round = published_files.c.round_id == bindparam("round")
_ALL = select(published_files).where(_of_round)
_UNTIL = _ALL.where(published_files.c.at < bindparam("until")).order_by(published_files.c.name)
_DROP = delete(published_files).where(_of_round)
