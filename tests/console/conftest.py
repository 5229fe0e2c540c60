"""A world with a console, on SQLite; `both` runs a test on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from console import keys
from storage.db import Database
from storage.media import MediaStore
from tests.console.world import World


@pytest.fixture(autouse=True)
def _quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with small parameters, except where those are what is looked at."""
    if "rfc_9106" not in request.node.name:
        monkeypatch.setattr(keys, "_hasher", PasswordHasher(1, 8, 1))
        monkeypatch.setattr(keys, "_nobody", [])


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    database = Database.open(sqlite_url)
    yield World(database, MediaStore(f"file://{tmp_path}/media"))
    database.close()


@pytest.fixture
def town(world: World) -> World:
    """A world with plans and questions in it."""
    world.fill()
    return world


@pytest.fixture
def both(db: Database, tmp_path: Path) -> World:
    return World(db, MediaStore(f"file://{tmp_path}/media"))
