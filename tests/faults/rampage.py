"""Processes that are killed again and again while residents write, and what came of it.

The messages keep pace with the kills, so that both are spread over the whole.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import httpx
from sqlalchemy import Connection, text

from storage.db import Database
from tests.faults.town import LINES, NO_TLS, Crowd, Found, Process, Town, examine

AHEAD = 1.5  # kills: how far the messages may be ahead of them


@dataclass
class Recovery:
    """Seconds from each kill until that web process answered again (if it was not killed before),
    and until everything that was to be said before the kill had been said, except to those whose
    message was on its way just then."""

    web: list[float] = field(default_factory=list)
    said: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    found: Found
    messages: int
    kills: int
    seconds: float
    repeated: int
    recovery: Recovery


def shown(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none"
    return f"median {statistics.median(seconds):.1f} s, longest {max(seconds):.1f} s"


class _Paced(Crowd):
    """Writes no faster than the kills come."""

    total = kills = 0
    done = 0

    async def post(self, client: httpx.AsyncClient, what: dict[str, object]) -> None:
        while len(self.acknowledged) * self.kills > (self.done + AHEAD) * self.total:
            await asyncio.sleep(0.05)
        await super().post(client, what)


class _Watch:
    """Looks all the time what is yet to be said."""

    def __init__(self, db: Database, recovery: Recovery) -> None:
        self._db, self._recovery = db, recovery
        self._open: list[tuple[float, int]] = []  # when, and the last row before the kill
        self._stuck: set[int] = set()
        self._newest = 0

    async def killed(self) -> None:
        """What is unsent now is to be said by others; whose message is on its way must wait."""
        rows = await self._rows()
        self._stuck |= {person for _, person, state in rows if state == "sending"}
        self._open.append((time.monotonic(), self._newest))

    async def look(self) -> None:
        while True:
            rows = await self._rows()
            first = min((row for row, person, _ in rows if person not in self._stuck), default=None)
            now = time.monotonic()
            for at, last in list(self._open):
                if first is None or first > last:
                    self._recovery.said.append(now - at)
                    self._open.remove((at, last))
            await asyncio.sleep(0.1)

    async def _rows(self) -> list[tuple[int, int, str]]:
        try:
            self._newest, rows = await self._db.aread(_unsent)
        except Exception:  # the database may be down, too
            return []
        return rows


def _unsent(conn: Connection) -> tuple[int, list[tuple[int, int, str]]]:
    unsent = "SELECT id, person_id, state FROM outbox WHERE state IN ('queued', 'sending')"
    newest = conn.scalar(text("SELECT coalesce(max(id), 0) FROM outbox"))
    return int(newest or 0), [(r[0], r[1], r[2]) for r in conn.execute(text(unsent))]


async def _answers(process: Process) -> None:
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        while True:
            try:
                if (await client.get(process.url + "/healthz", timeout=5)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


class _Victims:
    """Who may be killed next: mostly those who are at work again, now and then one that starts.

    A worker answers nobody; it is taken to start as fast as a web process does, and to need a
    moment for its part of the provider's rate.
    """

    def __init__(self, town: Town, chance: random.Random, recovery: Recovery) -> None:
        self._town, self._chance, self._recovery = town, chance, recovery
        self._starting: dict[int, asyncio.Task[None]] = {}

    async def next(self) -> Process:
        while True:
            up = [p for p in self._town.processes if self._is_up(p)]
            if up and self._chance.random() < 0.9:
                return self._chance.choice(up)
            if self._chance.random() < 0.1:
                return self._chance.choice(self._town.processes)
            await asyncio.sleep(0.1)

    def _is_up(self, process: Process) -> bool:
        task = self._starting.get(id(process))
        return task is None or task.done()

    def started(self, process: Process, killed_at: float) -> None:
        if task := self._starting.get(id(process)):
            task.cancel()
        work = self._back(process, killed_at)
        self._starting[id(process)] = asyncio.create_task(work)

    async def _back(self, process: Process, at: float) -> None:
        if not process.port:
            known = self._recovery.web
            await asyncio.sleep(3 + (statistics.median(known) if known else 3))
            return
        await _answers(process)
        self._recovery.web.append(time.monotonic() - at)

    async def all_up(self) -> None:
        await asyncio.gather(*self._starting.values(), return_exceptions=True)


async def rampage(
    town: Town, people: int, kills: int, pauses: tuple[float, float], seed: int = 1
) -> Report:
    """Kills the town's processes, which run, in any order, until there were so many kills."""
    chance, recovery, begun = random.Random(seed), Recovery(), time.monotonic()
    webs = [process for process in town.processes if process.port]
    crowd = _Paced(webs, chance)
    crowd.total, crowd.kills = people * len(LINES), kills
    victims = _Victims(town, chance, recovery)
    with town.database() as db:
        watch = _Watch(db, recovery)
        looking = asyncio.create_task(watch.look())
        writing = asyncio.create_task(crowd.write(people))
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(*pauses))
            process = await victims.next()
            process.kill()
            at = time.monotonic()
            await watch.killed()
            await asyncio.sleep(chance.uniform(0, 0.2))
            process.start()
            victims.started(process, at)
            crowd.done += 1
        await writing
        await victims.all_up()
        while not await asyncio.to_thread(town.settled):
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.3)  # one more look
        looking.cancel()
    for process in town.processes:
        process.stop()
    found = await asyncio.to_thread(partial(examine, town, people))
    took = time.monotonic() - begun
    return Report(found, len(crowd.acknowledged), kills, took, crowd.repeated, recovery)
