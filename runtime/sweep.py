"""What is overdue is taken up again: so a job may be lost, and a process killed, at any moment."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from runtime.sender import Sender
from storage import hot, outbox, spoken
from storage.db import Database
from storage.hot import Held, Timer
from storage.times import now_ms

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What to do about what is overdue; each may be called again until its row has changed.

    `on_taking(inbox_id)`: a message that is still being taken after its deadline.
    `on_waiting(person_id)`: messages of this person wait, though nothing is before them.
    `on_timer(person_id, timer, revision)`: a session's timer rang.
    """

    on_taking: Callable[[int], Awaitable[None]]
    on_waiting: Callable[[int], Awaitable[None]]
    on_timer: Callable[[int, str, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ages:
    """How old something must be before it is overdue, in seconds.

    `queued`: a row to send that should have gone at once. `repeatable`: a row on its
    way through a port where sending again harms nothing. `sending`: on its way through
    any other; well over `Patience.answer`. `waiting`: a message of a resident. `shown`: a
    secret that the simulator may show for that long. `campaign`: a campaign's row that whoever
    delivers the campaign should have sent; longer than `runtime.campaigns` takes for a chunk.
    `speaking`: a row whose sound nobody makes; well over what making one takes.
    """

    queued: float = 3.0
    repeatable: float = 5.0
    sending: float = 60.0
    waiting: float = 5.0
    shown: float = 15.0
    campaign: float = 120.0
    speaking: float = 30.0


class Sweep:
    """`once` looks at everything that can be overdue. Run it every few seconds under the lease."""

    def __init__(
        self,
        db: Database,
        sender: Sender,
        callbacks: Callbacks,
        ages: Ages | None = None,
        most: int = 500,
    ) -> None:
        self._db = db
        self._sender = sender
        self._callbacks = callbacks
        self._ages = ages or Ages()
        self._most = most

    async def once(self) -> None:
        """Each part by itself: one that fails is logged and keeps nobody from the next."""
        for part in (self._outbox, self._taking, self._waiting, self._timers):
            try:
                await part()
            except Exception as error:
                _log(part.__name__.strip("_"), error)

    async def _outbox(self) -> None:
        await self._db.run(self._unsent)

    def _unsent(self, conn: Connection) -> None:
        """What was on its way when a process died, then whose rows nobody delivers."""
        outbox.requeue_lost(conn, self._before(self._ages.repeatable), self._sender.repeatable)
        spoken.overdue(conn, self._before(self._ages.speaking))
        outbox.blank_shown(conn, self._before(self._ages.shown))
        if lost := outbox.lost(conn, self._before(self._ages.sending)):
            log.warning("%d messages may or may not have been sent", lost)
        queued, campaign = self._before(self._ages.queued), self._before(self._ages.campaign)
        for person in outbox.persons_due(conn, queued, self._most, campaign):
            self._sender.enqueue(conn, person, once=True)

    async def _taking(self) -> None:
        late = await self._db.aread(partial(hot.stale_taking, before_ms=now_ms()))
        await _each("taking", late, self._take_again)

    async def _take_again(self, message: Held) -> None:
        await self._callbacks.on_taking(message.id)

    async def _waiting(self) -> None:
        before = self._before(self._ages.waiting)
        late = await self._db.aread(partial(hot.stale_waiting, before_ms=before))
        await _each("waiting", late, self._callbacks.on_waiting)

    async def _timers(self) -> None:
        rang = await self._db.aread(partial(hot.due_timers, now_ms=now_ms(), limit=self._most))
        await _each("timers", rang, self._ring)

    async def _ring(self, timer: Timer) -> None:
        await self._callbacks.on_timer(timer.person_id, timer.timer, timer.revision)

    def _before(self, seconds: float) -> int:
        return now_ms() - round(seconds * 1000)


async def _each(what: str, rows: Iterable[T], act: Callable[[T], Awaitable[None]]) -> None:
    """Acts on each; one that fails keeps nobody from the next."""
    for row in rows:
        try:
            await act(row)
        except Exception as error:
            _log(what, error)


def _log(what: str, error: Exception) -> None:
    log.error("the sweep of %s failed: %s", what, type(error).__name__)
