"""Sends what the outbox holds: in order for each person, within the provider's rate.

Which way a row may go is decided in `runtime.policy`; replies go before campaigns.

No transaction is open while a message is on its way. A row is `sending` from just before
its request until the answer is stored; whoever finds one there after a crash cannot tell
whether it arrived, so it becomes `unknown` and is not sent again (see `runtime.sweep`).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from bot.channels.port import ChannelError, Policy, Port
from bot.messages import Outbound
from runtime import observing
from runtime.jobs import Jobs
from runtime.policy import CLOSED, UNAPPROVED
from runtime.rates import CAMPAIGN, REPLY, Limiter
from runtime.routing import Routing, read
from runtime.shares import tell_hold
from runtime.speaking import SILENT, Heard, Make, Ready, Speaking
from storage import outbox, people, routing
from storage.db import Database
from storage.outbox import Unsent
from storage.times import now_ms
from storage.vault import SealError, Vault

log = logging.getLogger(__name__)

TASK = "deliver"

REMEMBERED = 40  # messages to a person that others may have sent just now: the longest burst

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


@dataclass(frozen=True, slots=True)
class _Next:
    """The next row; whether it is claimed already; how long ago (s) they got messages."""

    row: Unsent
    claimed: bool
    ages: tuple[float, ...] = ()


def is_idempotent(port: Port | None) -> bool:
    """Whether sending there is a no-op, which may be repeated and needs no sound."""
    return getattr(port, "idempotent", False)


class Sender:
    """Delivers outbox rows through the ports, by the names of their channels.

    `sounds` makes Ogg/Opus of a `Sound`, `ready` gives what is there already: see
    `runtime.speaking`. With `keep_bodies` the text of a sent message
    stays in the outbox (the simulator reads it there), unless the message is secret.
    `clock` is the time (UTC ms) by which windows close and nights begin. `vault` opens what is
    secret.
    """

    def __init__(
        self,
        db: Database,
        jobs: Jobs,
        ports: Mapping[str, Port],
        limiters: Mapping[str, Limiter],
        sounds: Make,
        *,
        ready: Ready | None = None,
        keep_bodies: bool = True,
        patience: Patience | None = None,
        clock: Callable[[], int] = now_ms,
        vault: Vault | None = None,
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._ports = ports
        self._limiters = limiters
        self._speaking = Speaking(db, jobs, sounds, ready, self.deliver, vault)
        self._scrub = not keep_bodies
        self._patience = patience or Patience()
        self._routing = Routing(ports, clock)
        self._vault = vault

    def register(self, at_once: int = 32) -> None:
        """Takes on the jobs of the tasks `deliver` and `speak`."""
        self._jobs.register(TASK, self.deliver, at_once)
        self._speaking.register()

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

    def told(self, conn: Connection, row: routing.Row, error: ChannelError) -> None:
        """The provider says later, of a row that it took, that it did not arrive."""
        if error.code in CLOSED or error.code in UNAPPROVED:
            self._again(conn, row, now_ms(), error.code)
        elif error.policy is Policy.RETRY:
            at = now_ms() + round(self._patience.pause(row.attempts, error.after) * 1000)
            self._again(conn, row, at, error.code)
        elif error.policy is Policy.INACTIVE:
            leave_alone(conn, row.person_id, row.channel, row.address, error.code)

    def reconsider(self, conn: Connection, row: routing.Row, code: str) -> None:
        """Has it decided again which way this row goes, after the provider's error `code`."""
        self._again(conn, row, now_ms(), code)

    def _again(self, conn: Connection, row: routing.Row, at: int, code: str) -> None:
        """Sends a row after all that did not arrive, a bounded number of times."""
        if row.person_id is None or row.attempts >= self._patience.tries:
            return
        if routing.requeue(conn, row, at, code):
            self.enqueue(conn, row.person_id, at)

    async def deliver(self, person_id: int) -> None:
        """Sends all that is due for this person, oldest first, until something has to wait."""
        settle: Settle = _nothing
        while taken := await self._take(person_id, settle):
            settle = await self._send(*taken)

    async def _take(self, person_id: int, settle: Settle) -> tuple[Unsent, Heard] | None:
        """Settles the row before, and takes the next one when it may go, with its sound."""
        while found := await self._db.run(partial(self._turn_over, person_id, settle)):
            if found.claimed:
                return found.row, SILENT
            message = read(found.row.body)
            heard = await self._speaking.of(found.row, message.sound if message else None)
            if heard.later and message and not message.text:
                settle = partial(self._speaking.put_aside, row=found.row)
                continue
            return await self._claimed(found, heard)
        return None

    async def _claimed(self, found: _Next, heard: Heard) -> tuple[Unsent, Heard] | None:
        if not await self._turn(found):
            return None
        ours = await self._db.run(partial(_claim, found.row))
        return (self._opened(ours), heard) if ours else None

    def _turn_over(self, person_id: int, settle: Settle, conn: Connection) -> _Next | None:
        """The next row, and whether it is claimed already.

        Where a crash harms nothing that is done here, which saves a transaction.
        Elsewhere it is done last, so that as few as can be end up unknown.
        """
        settle(conn)
        row = self._head(conn, person_id)
        if row is None:
            return None
        if is_idempotent(self._ports.get(row.channel)):
            ours = outbox.claim(conn, person_id, now_ms())
            return _Next(self._opened(ours), True) if ours else None
        return _Next(row, False, self._ages(conn, row))

    def _head(self, conn: Connection, person_id: int) -> Unsent | None:
        """The first row that may go now; those before it are put aside or go another way. One
        that comes back as it was is left for now: clocks that differ hold no transaction."""
        before: tuple[int, str] | None = None
        while (row := outbox.head(conn, person_id, now_ms())) and (row.id, row.channel) != before:
            before = row.id, row.channel
            row = self._opened(row)
            if self._routing.passes(conn, row):
                return row
        return None

    def _opened(self, row: Unsent) -> Unsent:
        """The row with its message readable; one that does not open any more has none."""
        if self._vault is None or not row.secret:
            return row
        try:
            return replace(row, body=self._vault.open(row.body))
        except SealError:
            return replace(row, body="")

    def _ages(self, conn: Connection, row: Unsent) -> tuple[float, ...]:
        """What others may have sent to this person: only asked when there are others."""
        limiter = self._limiters.get(row.channel)
        if limiter is None or limiter.parts == 1:
            return ()
        last = routing.last_sent(conn, row.channel, row.address, REMEMBERED)
        return tuple((now_ms() - at) / 1000 for _, at in last)

    async def _turn(self, found: _Next) -> bool:
        """Waits for the provider's rate; False when it is for later."""
        row, limiter = found.row, self._limiters.get(found.row.channel)
        if limiter is None:
            return True
        if found.ages:
            limiter.remember(row.person_id, found.ages)
        pause = limiter.pause(row.person_id)
        if pause > self._patience.wait:
            await self._db.run(partial(self._defer, row, now_ms() + round(pause * 1000)))
            return False
        await limiter.turn(row.person_id, CAMPAIGN if row.kind == "campaign" else REPLY)
        return True

    def _defer(self, row: Unsent, at: int, conn: Connection) -> None:
        """Takes this person up again then. A campaign goes on by itself: no job for each."""
        if row.kind != "campaign":
            self.enqueue(conn, row.person_id, at)

    async def _send(self, row: Unsent, heard: Heard) -> Settle:
        """Sends a row; returns what to store about it."""
        message = read(row.body)
        message = self._routing.as_sent(row, message) if message else None
        template = message is not None and message.template is not None
        try:
            with observing.sending(row, template=template):
                provider_id = await self._request(row, message, heard.data)
        except ChannelError as error:
            log.warning("%s: a message was not sent: %s", row.channel, error)
            if error.after and (limiter := self._limiters.get(row.channel)):
                limiter.hold(error.after)
            return partial(self._not_sent, row, error)
        return partial(self._sent, row, message, provider_id, heard)

    async def _request(self, row: Unsent, message: Outbound | None, sound: bytes | None) -> str:
        """The provider's id. Raises ChannelError, whatever went wrong."""
        port = self._ports.get(row.channel)
        if port is None:
            raise ChannelError(Policy.RETRY, "no_port")
        if message is None:
            raise ChannelError(Policy.GIVE_UP, "unreadable")
        if message.sound and not (message.text or sound or is_idempotent(port)):
            raise ChannelError(Policy.GIVE_UP, "no_sound")
        try:
            if limiter := self._limiters.get(row.channel):
                await limiter.gate()
            async with asyncio.timeout(self._patience.answer):
                return await port.send(row.address, message, sound)
        except ChannelError:
            raise
        except Exception as error:
            raise ChannelError(Policy.UNKNOWN, type(error).__name__) from None

    def _sent(
        self,
        row: Unsent,
        message: Outbound | None,
        provider_id: str,
        heard: Heard,
        conn: Connection,
    ) -> None:
        if message is None or message.template is None:
            outbox.sent(conn, row.id, provider_id, now_ms(), self._scrub)
            if message and heard.later:
                self._speaking.put_behind(conn, row, message)
            return
        outbox.sent(conn, row.id, provider_id, now_ms(), self._scrub, "template")
        # The template asks them to write; then they get what it stands for.
        body = json.dumps(replace(message, template=None).to_json(), ensure_ascii=False)
        routing.invited(conn, row.id, body)

    def _not_sent(self, row: Unsent, error: ChannelError, conn: Connection) -> None:
        if error.after:
            tell_hold(conn, row.channel, now_ms() + round(error.after * 1000))
        if error.code in CLOSED or (error.code in UNAPPROVED and row.reason not in UNAPPROVED):
            outbox.retry_at(conn, row.id, now_ms(), error.code)  # and it is decided again
            return
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
            leave_alone(conn, row.person_id, row.channel, row.address, error.code)

    def _later(self, conn: Connection, row: Unsent, error: ChannelError) -> None:
        at = now_ms() + round(self._patience.pause(row.attempts, error.after) * 1000)
        outbox.retry_at(conn, row.id, at, error.code)
        self._defer(row, at, conn)


def _nothing(conn: Connection) -> None:
    """There is no row before the first."""


def _message(row: Unsent) -> Outbound:
    return Outbound.from_json(json.loads(row.body))


def leave_alone(
    conn: Connection, person_id: int | None, channel: str, address: str, code: str
) -> None:
    """Whoever has this address does not want to be reached there, until they write."""
    outbox.fail_address(conn, channel, address, code)
    people.blocked(conn, channel, address)
    if person_id is not None:
        people.no_sms(conn, person_id, address)


def _claim(row: Unsent, conn: Connection) -> Unsent | None:
    """Takes this row; None when somebody else did, or when another came before it."""
    claimed = outbox.claim(conn, row.person_id, now_ms())
    if claimed and claimed.id != row.id:
        outbox.retry_at(conn, claimed.id, now_ms(), "")
        return None
    return claimed
