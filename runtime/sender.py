"""Sends what the outbox holds: in order for each person, within the provider's rate.

No transaction is open while a message is on its way. A row is `sending` from just before
its request until the answer is stored; whoever finds one there after a crash cannot tell
whether it arrived, so it becomes `unknown` and is not sent again (see `runtime.sweep`).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from bot.channels.port import ChannelError, Policy, Port
from bot.messages import Outbound, Sound
from runtime.jobs import Jobs
from runtime.rates import REPLY, Limiter
from storage import outbox, people
from storage.db import Database
from storage.outbox import Unsent
from storage.times import now_ms

log = logging.getLogger(__name__)

TASK = "deliver"

Sounds = Callable[[Sound], Awaitable[bytes]]
Settle = Callable[[Connection], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long we try, in seconds.

    After `tries` a message is given up: with these pauses, after about an hour. A
    request without an answer within `answer` is unknown. Whoever's own rate makes them
    wait longer than `wait` waits without keeping others from being served.
    """

    tries: int = 12
    first_pause: float = 2.0
    longest_pause: float = 900.0
    answer: float = 45.0
    wait: float = 2.0

    def pause(self, tried: int, after: float | None) -> float:
        """Seconds before the next try; never less than the provider asked for."""
        return max(after or 0.0, min(self.longest_pause, self.first_pause * 2.0 ** (tried - 1)))


def is_idempotent(port: Port | None) -> bool:
    """Whether sending there is a no-op, which may be repeated and needs no sound."""
    return getattr(port, "idempotent", False)


class Sender:
    """Delivers outbox rows through the ports, by the names of their channels.

    `sounds` makes Ogg/Opus of a `Sound`. With `keep_bodies` the text of a sent message
    stays in the outbox (the simulator reads it there), unless the message is secret.
    """

    def __init__(
        self,
        db: Database,
        jobs: Jobs,
        ports: Mapping[str, Port],
        limiters: Mapping[str, Limiter],
        sounds: Sounds,
        *,
        keep_bodies: bool = True,
        patience: Patience | None = None,
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._ports = ports
        self._limiters = limiters
        self._sounds = sounds
        self._scrub = not keep_bodies
        self._patience = patience or Patience()

    def register(self, at_once: int = 32) -> None:
        """Takes on the jobs of the task `deliver`."""
        self._jobs.register(TASK, self.deliver, at_once)

    @property
    def repeatable(self) -> list[str]:
        """The channels where sending again harms nothing."""
        return [name for name, port in self._ports.items() if is_idempotent(port)]

    def enqueue(
        self, conn: Connection, person_id: int, at_ms: int | None = None, *, once: bool = False
    ) -> None:
        """Has this person's rows sent, once this transaction is stored.

        With `once` not if that is about to happen anyway.
        """
        self._jobs.enqueue(conn, TASK, person_id, f"{TASK}:{person_id}", at_ms, once=once)

    async def deliver(self, person_id: int, priority: int = REPLY) -> None:
        """Sends all that is due for this person, oldest first, until something has to wait."""
        settle: Settle = _nothing
        while taken := await self._take(person_id, settle, priority):
            settle = await self._send(*taken)

    async def _take(
        self, person_id: int, settle: Settle, priority: int
    ) -> tuple[Unsent, bytes | None] | None:
        """Settles the row before, and takes the next one when it may go, with its sound."""
        row, ready = await self._db.run(partial(self._turn_over, person_id, settle))
        if row is None or ready:
            return (row, None) if row else None
        sound = await self._sound(row)
        if not await self._turn(row, priority):
            return None
        ours = await self._db.run(partial(_claim, row))
        return (ours, sound) if ours else None

    def _turn_over(
        self, person_id: int, settle: Settle, conn: Connection
    ) -> tuple[Unsent | None, bool]:
        """The next row, and whether it is claimed already.

        Where a crash harms nothing that is done here, which saves a transaction.
        Elsewhere it is done last, so that as few as can be end up unknown.
        """
        settle(conn)
        row = outbox.head(conn, person_id, now_ms())
        if row is None or not is_idempotent(self._ports.get(row.channel)):
            return row, False
        return outbox.claim(conn, person_id, now_ms()), True

    async def _sound(self, row: Unsent) -> bytes | None:
        """The sound of a message; without one its text goes alone."""
        try:
            sound = _message(row).sound
            return await self._sounds(sound) if sound else None
        except Exception as error:
            log.error("no sound for a message: %s", type(error).__name__)
            return None

    async def _turn(self, row: Unsent, priority: int) -> bool:
        """Waits for the provider's rate; False when a later job has to take over."""
        limiter = self._limiters.get(row.channel)
        if limiter is None:
            return True
        pause = limiter.pause(row.person_id)
        if pause > self._patience.wait:
            at = now_ms() + round(pause * 1000)
            await self._db.run(partial(self.enqueue, person_id=row.person_id, at_ms=at))
            return False
        await limiter.turn(row.person_id, priority)
        return True

    async def _send(self, row: Unsent, sound: bytes | None) -> Settle:
        """Sends a row; returns what to store about it."""
        try:
            provider_id = await self._request(row, sound)
        except ChannelError as error:
            log.warning("%s: a message was not sent: %s", row.channel, error)
            return partial(self._not_sent, row, error)
        return partial(self._sent, row, provider_id)

    async def _request(self, row: Unsent, sound: bytes | None) -> str:
        """The provider's id. Raises ChannelError, whatever went wrong."""
        port = self._ports.get(row.channel)
        if port is None:
            raise ChannelError(Policy.RETRY, "no_port")
        try:
            message = _message(row)
        except (ValueError, TypeError, KeyError):
            raise ChannelError(Policy.GIVE_UP, "unreadable") from None
        try:
            async with asyncio.timeout(self._patience.answer):
                return await port.send(row.address, message, sound)
        except ChannelError:
            raise
        except Exception as error:
            raise ChannelError(Policy.UNKNOWN, type(error).__name__) from None

    def _sent(self, row: Unsent, provider_id: str, conn: Connection) -> None:
        outbox.sent(conn, row.id, provider_id, now_ms(), self._scrub)

    def _not_sent(self, row: Unsent, error: ChannelError, conn: Connection) -> None:
        policy = error.policy
        if policy is Policy.UNKNOWN and is_idempotent(self._ports.get(row.channel)):
            policy = Policy.RETRY
        if policy is Policy.RETRY and row.attempts < self._patience.tries:
            self._later(conn, row, error)
        elif policy is Policy.UNKNOWN:
            outbox.unknown(conn, row.id, error.code)
        else:
            outbox.failed(conn, row.id, error.code)
        if policy is Policy.INACTIVE:
            outbox.fail_address(conn, row.channel, row.address, error.code)
            people.set_state(conn, row.person_id, "inactive")

    def _later(self, conn: Connection, row: Unsent, error: ChannelError) -> None:
        at = now_ms() + round(self._patience.pause(row.attempts, error.after) * 1000)
        outbox.retry_at(conn, row.id, at, error.code)
        self.enqueue(conn, row.person_id, at)


def _nothing(conn: Connection) -> None:
    """There is no row before the first."""


def _message(row: Unsent) -> Outbound:
    return Outbound.from_json(json.loads(row.body))


def _claim(row: Unsent, conn: Connection) -> Unsent | None:
    """Takes this row; None when somebody else did, or when another came before it."""
    claimed = outbox.claim(conn, row.person_id, now_ms())
    if claimed and claimed.id != row.id:
        outbox.retry_at(conn, claimed.id, now_ms(), "")
        return None
    return claimed
