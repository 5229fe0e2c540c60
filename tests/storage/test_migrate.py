"""The migrations make exactly the tables that the code has."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from storage.db import Database
from storage.schema import metadata


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = Database.open(empty_url)
    yield database
    database.close()


def differences(conn: Connection) -> list[Any]:
    opts = {"compare_type": True, "compare_server_default": True, "include_object": is_ours}
    context = MigrationContext.configure(conn, opts=opts)
    return compare_metadata(context, metadata)


def is_ours(_: Any, name: str | None, *__: Any) -> bool:
    """Procrastinate's tables are as Procrastinate made them."""
    return not (name or "").startswith(("procrastinate_", "ix_procrastinate_"))


def conditions(conn: Connection) -> dict[str, str]:
    """The partial indexes with their conditions, which Alembic does not compare."""
    return {
        index["name"] or "": "".join(str(where).split())
        for table in metadata.tables
        for index in inspect(conn).get_indexes(table)
        if (where := index["dialect_options"].get(f"{conn.dialect.name}_where")) is not None
    }


def test_migrated_tables_are_those_of_the_code(empty: Database, tmp_path: Path) -> None:
    assert empty.read(differences) != []
    empty.migrate()
    assert empty.call(differences) == []
    migrated = empty.call(conditions)
    assert len(migrated) == 17

    empty.call(lambda conn: metadata.drop_all(conn))
    empty.call(lambda conn: metadata.create_all(conn))
    assert migrated == empty.call(conditions)


def test_autoincrement_is_as_the_code_says(tmp_path: Path) -> None:
    """Alembic does not compare it, and without it a forgotten person's id is given out again."""
    tables = "SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"
    ways = []
    for name in ("migrated", "created"):
        db = Database.open(f"sqlite:///{tmp_path / name}.db")
        if name == "migrated":
            db.migrate()
        else:
            db.call(metadata.create_all)
        ways.append(set(db.read(lambda conn: conn.exec_driver_sql(tables).scalars().all())))
        db.close()
    assert ways[0] == ways[1]
    assert {"people", "plans", "inbox", "outbox", "recordings", "photos"} <= ways[0]


def test_migrating_again_changes_nothing(empty: Database) -> None:
    empty.migrate()
    empty.migrate()
    assert empty.call(differences) == []


def test_several_processes_migrate_at_once(empty_url: str, tmp_path: Path) -> None:
    """From another folder too: nothing is looked for in the current one."""
    code = (
        "import sys; from storage.db import Database;"
        "db = Database.open(sys.argv[1]); sys.stdin.readline(); db.migrate(); db.close()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, empty_url],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write(b"go\n")
        process.stdin.close()
    assert [process.wait(60) for process in processes] == [0, 0]
    db = Database.open(empty_url)
    assert db.call(differences) == []
    db.close()


def test_only_one_at_a_time_looks_and_changes(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_inside = threading.Barrier(2)
    met: list[bool] = []

    def upgrade(*args: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            both_inside.wait(0.5)
            met.append(True)
        command.upgrade(*args)

    monkeypatch.setattr("storage.migrate.command", SimpleNamespace(upgrade=upgrade))
    databases = [Database.open(empty_url) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda database: database.migrate(), databases))
    assert met == []
    assert databases[0].call(differences) == []
    for database in databases:
        database.close()


def test_a_migration_that_fails_leaves_nothing(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("the disk broke")

    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.create_index", fail)
        with pytest.raises(OSError, match="the disk broke"):
            empty.migrate()
    assert empty.call(lambda conn: inspect(conn).get_table_names()) == []
    empty.migrate()
    assert empty.call(differences) == []
