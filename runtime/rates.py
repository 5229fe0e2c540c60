"""How fast we may send: never faster than the provider allows, replies before campaigns.

Two token buckets guard every message: one for the whole sender (our number, our bot) and
one for the person who gets it. Both are taken at the same moment, just before the send.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

REPLY, CAMPAIGN = 0, 1
"""Priorities: somebody waits for a reply, nobody waits for a campaign."""

_SECOND = 1_000_000_000
_REMEMBERED = 10_000  # persons; above it, those whose bucket is full again are forgotten


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` messages at once, then `per_second`: at most burst + per_second * t in t seconds.

    And at most `most` in any one second, if the provider is stricter than that (0: it is not).
    """

    per_second: float
    burst: int
    most: int = 0

    @property
    def pause(self) -> int:
        """Nanoseconds in which one token comes back; rounded up, so never too fast."""
        return -int(-_SECOND // self.per_second)

    @property
    def in_a_second(self) -> int:
        """The most messages in any one second."""
        return self.most or int(self.burst + self.per_second)

    def part(self, parts: int) -> Rate:
        """One of so many equal parts, which together never exceed the whole in any second.

        Each part sends at least one: so no more parts than `in_a_second`.
        """
        most = max(1, self.in_a_second // parts)
        return Rate(self.per_second / parts, max(1, self.burst // parts), most)


@dataclass(slots=True)
class Bucket:
    """A token bucket as one number, the moment at which it is full again (GCRA).

    Times are nanoseconds of a monotonic clock: whole numbers, so that nothing is
    lost in rounding however long we run.
    """

    rate: Rate
    full_at: int = 0

    def wait(self, now: int) -> int:
        """Nanoseconds until a token is there; 0 when one is there now."""
        return max(0, self.full_at - now - (self.rate.burst - 1) * self.rate.pause)

    def take(self, now: int) -> None:
        self.full_at = max(self.full_at, now) + self.rate.pause


@dataclass(order=True, slots=True)
class _Waiting:
    priority: int
    number: int
    person: int = field(compare=False)
    turn: asyncio.Future[None] = field(compare=False)


class Limiter:
    """The turns of one sender, in one process and one event loop.

    `clock` gives monotonic nanoseconds. Several processes that share a sender each
    need their `share` of its rate: see `runtime.shares`.
    """

    def __init__(
        self, sender: Rate, person: Rate, clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._whole = sender
        self._sender = Bucket(sender, full_at=clock())
        self._passed: deque[int] = deque(maxlen=sender.in_a_second)
        self._gate = asyncio.Lock()
        self._person = person
        self._opens_at = 0
        self._shuts_at: int | None = None
        self.parts = 1
        self._clock = clock
        self._persons: dict[int, Bucket] = {}
        self._queue: list[_Waiting] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, person: int, priority: int = REPLY) -> None:
        """Returns when one message may go to this person; send it right after.

        Lower priorities go first, equal ones in order of asking. Whoever waits for
        their own bucket holds up nobody else.
        """
        turn = asyncio.get_running_loop().create_future()
        self._join(_Waiting(priority, next(self._numbers), person, turn))
        await turn

    async def gate(self) -> None:
        """The last moment before the request: what bunched up since its turn is spread again.

        Between a turn and its request the row is claimed, which takes a little more or less
        time; without this the provider could see more in a second than it allows.
        """
        async with self._gate:
            while (wait := self._until_passing()) > 0:  # noqa: ASYNC110, time tells nobody
                await asyncio.sleep(wait / _SECOND)
            self._passed.append(self._clock())

    def _until_passing(self) -> int:
        """Nanoseconds until as many as may pass in a second have passed a second ago."""
        if len(self._passed) < (self._passed.maxlen or 0):
            return 0
        return self._passed[0] + _SECOND + 1 - self._clock()

    def pause(self, person: int) -> float:
        """Seconds for which this person's own rate, or the provider, asks us to wait."""
        bucket, now = self._persons.get(person), self._clock()
        return max(bucket.wait(now) if bucket else 0, self._opens_at - now, 0) / _SECOND

    def hold(self, seconds: float) -> None:
        """Nothing goes out for so long: the provider said so, of the whole sender."""
        self._opens_at = max(self._opens_at, self._clock() + round(seconds * _SECOND))
        self._serve()

    def share(self, parts: int, seconds: float | None = None) -> None:
        """From now on ours is one of `parts` parts, for so many seconds (None: for good)."""
        if parts != self.parts:
            self.parts = parts
            self._sender.rate = self._whole.part(parts)
            self._passed = deque(self._passed, maxlen=self._sender.rate.in_a_second)
        until = None if seconds is None else self._clock() + round(seconds * _SECOND)
        self._shuts_at = until
        self._serve()

    def remember(self, person: int, ages: Iterable[float]) -> None:
        """This person got messages so many seconds ago, also from other processes."""
        now = self._clock()
        bucket = Bucket(self._person, full_at=0)
        for age in sorted(ages, reverse=True):
            bucket.take(now - round(age * _SECOND))
        ours = self._bucket(person, now)
        ours.full_at = max(ours.full_at, bucket.full_at)

    def _join(self, waiting: _Waiting) -> None:
        heapq.heappush(self._queue, waiting)
        self._serve()

    def _serve(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while self._queue:
            now = self._clock()
            if self._shuts_at is not None and now >= self._shuts_at:
                return  # until `share` comes again
            if wait := max(self._sender.wait(now), self._opens_at - now):
                self._timer = _after(wait, self._serve)
                return
            self._admit(heapq.heappop(self._queue), now)

    def _admit(self, first: _Waiting, now: int) -> None:
        if first.turn.done():  # whoever asked was cancelled
            return
        bucket = self._bucket(first.person, now)
        if wait := bucket.wait(now):
            _after(wait, self._join, first)
            return
        self._sender.take(now)
        bucket.take(now)
        first.turn.set_result(None)

    def _bucket(self, person: int, now: int) -> Bucket:
        if len(self._persons) > _REMEMBERED:
            self._persons = {p: b for p, b in self._persons.items() if b.full_at > now}
        return self._persons.setdefault(person, Bucket(self._person, full_at=now))


def _after(wait: int, call: Callable[..., None], *args: object) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(wait / _SECOND, call, *args)


RATES: dict[str, tuple[Rate, Rate]] = {
    "telegram": (Rate(25, burst=5), Rate(1, burst=3)),
    "whatsapp": (Rate(78, burst=10, most=79), Rate(1 / 6, burst=40)),
    "sms": (Rate(8, burst=2), Rate(1, burst=3)),
}
"""Rate of the sender and of one person, for each channel that has limits.

In any one second at most what the provider allows: Telegram 30 (core.telegram.org/bots/faq),
WhatsApp 80 (Twilio and Meta, default throughput; one less here, for what bunches up on the
way), SMS 10 (Twilio, international long codes).
The burst makes up for moments in which this process did something else.

To one person Telegram allows 1 a second and short bursts; a reply is up to three messages,
which go out together. WhatsApp allows 1 in 6 seconds, and up to 45 ahead of that
(Meta's pair rate limit). Somebody who listens gets two messages for each question, thirty for
a plan: with less than forty they would wait six seconds for every sound. Beyond it the
provider's own "too fast" is retried.
"""


def limiters() -> dict[str, Limiter]:
    """A limiter for each channel that has limits; other channels have none."""
    return {name: Limiter(sender, person) for name, (sender, person) in RATES.items()}
