"""Weekly exports, of a round with plans, on a clock that a test moves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from admin_export.weekly import Calendar
from civic.rounds import Round
from runtime.export import Maker
from runtime.weekly_export import Exports
from storage import exports_made, supports
from storage.db import Database
from tests.storage.living import DAY, NOON, ROUND, Living

MONDAY = datetime(2026, 6, 22, 5, tzinfo=UTC)  # seven in Amsterdam, a week after `NOON`
WEEK = timedelta(weeks=1)


class Jobs:
    """Takes down what is enqueued, once a key as the real ones do; `work` runs it."""

    def __init__(self):
        self.waiting = []

    def register(self, task, handler, at_once=8):
        self.handler = handler

    def enqueue(self, conn, task, ref, key, at=None, *, once=False):
        if ref not in self.waiting:
            self.waiting.append(ref)

    async def work(self):
        while self.waiting:
            await self.handler(self.waiting.pop(0))


class Desk:
    """One process that exports. Several of them may share a database."""

    def __init__(self, db: Database, folder: Path, url: str = "", mail=None, calendar=None):
        self.now = MONDAY
        self.jobs = Jobs()
        self.out = folder / "out"
        maker = Maker(db, b"key", lambda kind, row: f"https://x.nl/{kind}/{row}", folder / "work")
        self.exports = Exports(
            maker, self.jobs, url or str(self.out), calendar or Calendar(), mail, lambda: self.now
        )
        self.exports.register()

    def tick(self, *, work=True):
        async def both():
            await self.exports.tick()
            if work:
                await self.jobs.work()

        asyncio.run(both())


def now_running() -> Round:
    """The sample round, of these days."""
    later = timedelta(days=7 * 365)
    phases = (replace(p, start=p.start + later, end=p.end + later) for p in ROUND.phases)
    return replace(ROUND, phases=tuple(phases))


def filled(db: Database, round_: Round | None = None) -> Living:
    """Two plans, and a neighbour who supports one of them two weeks later."""
    town = Living(db, round_ or now_running())
    first, _ = town.plan(town.person()), town.plan(town.person(), title="Een picknicktafel")
    neighbour = town.person("whatsapp:+31612345678")
    db.call(lambda c: supports.give(c, first.id, neighbour, NOON + 13 * DAY))
    return town


def rows(db: Database, town: Living):
    return db.read(lambda c: exports_made.page(c, town.round_id, 0, 100))[0][::-1]


def files(folder: Path) -> dict[str, bytes]:
    """Everything below, hidden files too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
