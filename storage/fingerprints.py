"""What each secret of this database looks like, without the secret itself."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from storage.dialects import Either
from storage.fingerprint_tables import fingerprints


def keep(conn: Connection, values: Mapping[str, str]) -> dict[str, str]:
    """Keeps those that are not known yet; returns all that are, by name."""
    for name, value in values.items():
        conn.execute(_KEEP.on(conn), {"name": name, "value": value})
    return {row.name: row.value for row in conn.execute(select(fingerprints))}


def forget(conn: Connection) -> None:
    """From now on other secrets may be kept."""
    conn.execute(delete(fingerprints))


_KEEP = Either(fingerprints, lambda insert: insert.on_conflict_do_nothing())
