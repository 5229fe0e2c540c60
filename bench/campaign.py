"""A campaign through a port that answers at once, by a clock that runs faster than ours.

`python -m bench.campaign [people] [times as fast]`. Every row is stored durably (WAL,
synchronous=FULL), as in a round. While it runs, residents write, and their replies go out in
between. The bare limiter, with nothing to do but wait for its turn, is the baseline for the
rate. Rates and latencies are by the fast clock; at five times as fast a stall of this machine
costs five times as much of the rate as it would in a round. Prints one line a figure.
"""

from __future__ import annotations

import asyncio
import json
import selectors
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection, insert

from bot.messages import Media, Outbound, Sound
from civic.campaigns import State, vote_reminders
from runtime.campaigns import Campaigns
from runtime.jobs import EmbeddedJobs
from runtime.rates import RATES, Limiter
from runtime.round_file import load_round
from runtime.sender import Sender
from storage import campaigns, outbox, rounds
from storage.db import Database
from storage.tables import addresses, people, sessions
from storage.times import now_ms, to_ms

PEOPLE, FAST = 12_000, 5
LIMIT = 80  # WhatsApp's, in any second
REPLY_EVERY = 0.5  # seconds of the fast clock
ROUND = Path(__file__).resolve().parent.parent / "examples" / "slotermeer.toml"
NOON = datetime(2019, 10, 7, 10, tzinfo=UTC)  # in that round's vote


def say(name: str, value: str) -> None:
    print(f"{name}: {value}", flush=True)


class _Hasty(selectors.SelectSelector):
    """Waits a part of the time that it is asked to wait."""

    fast = 1.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout if timeout is None else timeout / self.fast)


class FastLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock runs `fast` times as fast."""

    def __init__(self, fast: float) -> None:
        selector = _Hasty()
        selector.fast = fast
        self._fast = fast
        super().__init__(selector)

    def time(self) -> float:
        return time.monotonic() * self._fast


def fast_now() -> int:
    return round(asyncio.get_running_loop().time() * 1e9)


class Instant:
    """A port that answers at once, and notes when (ns of the fast clock) and to whom."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, str, str]] = []
        self.waiting: dict[str, asyncio.Event] = {}

    async def send(self, address: str, message: Outbound, sound: bytes | None) -> str:
        self.sent.append((fast_now(), address, message.text))
        if message.text in self.waiting:
            self.waiting[message.text].set()
        return f"id-{len(self.sent)}"

    async def fetch(self, media: Media, limit: int) -> bytes:
        raise NotImplementedError

    async def release(self, media: Media) -> None:
        raise NotImplementedError


def most_in_a_second(times: list[int]) -> int:
    most = start = 0
    for end, at in enumerate(times):
        while times[start] < at - 1_000_000_000:
            start += 1
        most = max(most, end - start + 1)
    return most


def fill(conn: Connection, number: int) -> None:
    """So many people who said yes, and wrote on WhatsApp within the day."""
    round_ = load_round(ROUND)
    round_id = rounds.save_round(conn, round_, now_ms())
    now = to_ms(NOON)
    ids = range(1, number + 1)
    common: dict[str, object] = {
        "language": "nl",
        "sound": False,
        "notify": True,
        "state": "active",
    }
    conn.execute(
        insert(people), [{**common, "id": n, "consent_at": 1, "created_at": 1} for n in ids]
    )
    address = {"channel": "whatsapp", "hint": "", "created_at": 1, "last_in_at": now}
    conn.execute(
        insert(addresses),
        [{**address, "id": n, "person_id": n, "address": f"whatsapp:+{n}"} for n in ids],
    )
    session = {"state": "", "data": "", "revision": 0, "updated_at": 1}
    conn.execute(insert(sessions), [{**session, "person_id": n, "address_id": n} for n in ids])
    campaigns.save(conn, round_id, vote_reminders(round_)[0], State.SCHEDULED, now)


async def bare(seconds: float) -> None:
    """The limiter alone, with fifty that ask."""
    limiter, times = Limiter(*RATES["whatsapp"], clock=fast_now), list[int]()
    until = fast_now() + round(seconds * 1e9)

    async def ask(persons: Iterator[int]) -> None:
        while fast_now() < until:
            await limiter.turn(next(persons))
            await limiter.gate()
            times.append(fast_now())

    persons = iter(range(1_000_000))
    await asyncio.gather(*(ask(persons) for _ in range(50)))
    _rates("limiter alone", times)


def _rates(name: str, times: list[int]) -> None:
    rate = (len(times) - 1) / ((times[-1] - times[0]) / 1e9)
    say(f"{name}, messages/s", f"{rate:.1f}")
    say(f"{name}, % of {LIMIT}/s", f"{100 * rate / LIMIT:.1f}")
    say(f"{name}, most in any second (at most {LIMIT})", str(most_in_a_second(times)))


async def reply(db: Database, sender: Sender, port: Instant, number: int, person: int) -> float:
    """Seconds of the fast clock from a reply's transaction to its request."""
    text = f"reply {number}"
    port.waiting[text] = asyncio.Event()
    begun = fast_now()

    def put(conn: Connection) -> None:
        body = json.dumps(Outbound(text).to_json())
        outbox.put(conn, person, "whatsapp", f"whatsapp:+{person}", [body], "reply", now_ms())
        sender.enqueue(conn, person)

    await db.run(put)
    await port.waiting[text].wait()
    return (fast_now() - begun) / 1e9


async def whole(db: Database, number: int) -> None:
    """The campaign from its beginning to its end, with replies in between."""
    scheduler = AsyncIOScheduler()
    scheduler.start()
    jobs, port = EmbeddedJobs(db, scheduler), Instant()
    limiter = Limiter(*RATES["whatsapp"], clock=fast_now)
    sender = Sender(
        db, jobs, {"whatsapp": port}, {"whatsapp": limiter}, _silent, clock=lambda: to_ms(NOON)
    )
    sender.register()
    ours = Campaigns(db, jobs, sender, lambda: NOON)
    ours.register()
    await jobs.start()
    waits, over = list[float](), asyncio.Event()

    async def residents() -> None:
        n = 0
        while not over.is_set():
            await asyncio.sleep(REPLY_EVERY)
            n += 1
            waits.append(await reply(db, sender, port, n, 1 + n * 37 % number))

    talking = asyncio.create_task(residents())
    await ours.tick()
    while len(port.sent) - len(waits) < number:
        await asyncio.sleep(1)
    over.set()
    await talking
    await asyncio.sleep(1)
    await jobs.stop()
    scheduler.shutdown(wait=False)
    _tell(db, port, waits, number)


def _tell(db: Database, port: Instant, waits: list[float], number: int) -> None:
    heard = Counter(to for _, to, text in port.sent if not text.startswith("reply"))
    _rates("campaign and replies", [at for at, _, _ in port.sent])
    say("campaign, people", str(number))
    say("campaign, lost", str(number - len(heard)))
    say("campaign, doubled", str(sum(times - 1 for times in heard.values())))
    say("replies meanwhile", str(len(waits)))
    say("replies, p50 s", f"{statistics.median(waits):.3f}")
    say("replies, p99 s", f"{statistics.quantiles(waits, n=100)[98]:.3f}")
    found = db.read(lambda conn: campaigns.progress(conn, 1))
    say("progress", ", ".join(f"{state} {many}" for state, many in found.states.items()))


async def _silent(sound: Sound) -> bytes:
    return b""


def main(number: int = PEOPLE, fast: float = FAST) -> None:
    say("times as fast", f"{fast:g}")
    with tempfile.TemporaryDirectory() as folder:
        db = Database.open(f"sqlite:///{folder}/bench.db")
        db.migrate()
        db.call(partial(fill, number=number))
        for part in (bare(30.0), whole(db, number)):
            with asyncio.Runner(loop_factory=partial(FastLoop, fast)) as runner:
                runner.run(part)
        db.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
