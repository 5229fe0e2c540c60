"""The lock among processes: two databases open at one server stand for two processes."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from runtime.alone import AT_ONCE, Alone, lock_key
from storage.db import Database


def test_one_at_a_time_with_a_key_and_others_meanwhile(postgres_url: str) -> None:
    trail: list[str] = []

    async def enter(alone: Alone, key: int, name: str, leave: asyncio.Event) -> None:
        async with alone.with_key(key):
            trail.append(f"{name} in")
            await leave.wait()
            trail.append(f"{name} out")

    async def scene(one: Database, other: Database) -> None:
        leave = asyncio.Event()
        key = lock_key("telegram", "anna")
        first = asyncio.create_task(enter(Alone(one), key, "first", leave))
        while not trail:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(enter(Alone(other), key, "second", leave))
        await enter(Alone(other), lock_key("telegram", "bert"), "else", leave_now())
        leave.set()
        await asyncio.gather(first, second)

    one, other = Database.open(postgres_url), Database.open(postgres_url)
    try:
        asyncio.run(scene(one, other))
        held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        assert one.read(lambda conn: conn.scalar(text(held))) == 0
    finally:
        one.close()
        other.close()
    assert trail[:3] == ["first in", "else in", "else out"]
    assert trail[3:] == ["first out", "second in", "second out"]


def leave_now() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


def test_many_at_once_never_use_up_the_connections(postgres_url: str) -> None:
    db = Database.open(postgres_url, pool=AT_ONCE + 1)
    alone_at: list[int] = []

    async def enter(alone: Alone, n: int) -> None:
        async with alone.with_key(lock_key("sms", str(n % 5))):
            await db.run(lambda conn: alone_at.append(n))

    async def scene() -> None:
        alone = Alone(db)
        await asyncio.gather(*(enter(alone, n) for n in range(40)))

    try:
        asyncio.run(scene())
    finally:
        db.close()
    assert sorted(alone_at) == list(range(40))


def test_on_sqlite_it_is_nothing(sqlite_url: str) -> None:
    db = Database.open(sqlite_url)

    async def scene() -> None:
        async with Alone(db).with_key(1):
            pass

    asyncio.run(scene())
    db.close()


def test_what_the_body_raises_is_raised_and_lets_go(db: Database) -> None:
    async def scene() -> None:
        alone = Alone(db)
        for _ in range(2 * AT_ONCE):
            with pytest.raises(KeyError):
                async with alone.with_key(7):
                    raise KeyError

    asyncio.run(scene())
