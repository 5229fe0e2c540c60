"""Kill -9 while writing: what was acknowledged is there, whole, and writing goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sqlalchemy import Connection, select

from storage.db import Database
from storage.tables import inbox, outbox

WRITER = Path(__file__).with_name("crashing_writer.py")
ENOUGH = 150


def write_and_be_killed(url: str, first: int) -> set[str]:
    """The messages that were acknowledged before the end."""
    writer = subprocess.Popen(
        [sys.executable, str(WRITER), url, str(first)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout
    seen = [writer.stdout.readline() for _ in range(ENOUGH)]
    writer.kill()
    rest = writer.stdout.read().splitlines(keepends=True)
    writer.wait()
    writer.stdout.close()
    return {line.strip() for line in seen + rest if line.endswith("\n")}


def stored(conn: Connection) -> tuple[set[str], int]:
    """The messages taken in, and how many replies there are."""
    replies = len(conn.execute(select(outbox.c.id)).all())
    return set(conn.scalars(select(inbox.c.provider_id))), replies


def test_nothing_acknowledged_is_lost(database_url: str) -> None:
    acknowledged: set[str] = set()
    for attempt in range(2):
        acknowledged |= write_and_be_killed(database_url, attempt * 1_000_000)
        db = Database.open(database_url)
        messages, replies = db.call(stored)
        if db.dialect == "sqlite":
            assert db.call(lambda c: c.exec_driver_sql("PRAGMA integrity_check").scalar()) == "ok"
        db.close()
        assert len(acknowledged) >= ENOUGH * (attempt + 1)
        assert acknowledged <= messages
        assert replies == len(messages)  # each message whole or not at all
