"""The sweep on both databases: whatever was lost on the way comes back."""

import asyncio
import logging
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from bot.messages import Sound
from runtime.sweep import Ages, Callbacks, Sweep
from storage import hot, outbox
from storage.times import now_ms

from .jobs_contract import until
from .sending import Provider, Simulator, person, put, rows, sending, states

AT_ONCE = Ages(queued=-1, repeatable=-1, sending=-1, waiting=-1)


class Heard:
    """What the sweep handed over; `broken` are those that fail."""

    def __init__(self, broken=()):
        self.taking, self.waiting, self.timers = [], [], []
        self.broken = broken

    def callbacks(self):
        return Callbacks(self.on_taking, self.on_waiting, self.on_timer)

    async def on_taking(self, inbox_id):
        self._note(self.taking, inbox_id)

    async def on_waiting(self, person_id):
        self._note(self.waiting, person_id)

    async def on_timer(self, person_id, timer, revision):
        self._note(self.timers, (person_id, timer, revision))

    def _note(self, notes, what):
        notes.append(what)
        if what in self.broken:
            raise ValueError("31612345678 wrote")


@asynccontextmanager
async def sweeping(db, ports, heard=None, ages=AT_ONCE, **options):
    async with sending(db, ports, **options) as sender:
        yield Sweep(db, sender, (heard or Heard()).callbacks(), ages)


def sweep_once(db, heard, ages=AT_ONCE):
    async def scene():
        async with sweeping(db, {}, heard, ages) as sweep:
            await sweep.once()

    asyncio.run(scene())


def inbox_row(conn, who, number, state, due_ms, kind="voice"):
    arrival = hot.arrive(
        conn,
        channel="telegram",
        provider_id=f"in-{number}",
        address="31612345678",
        hint="",
        kind=kind,
        body_json="{}",
        now_ms=now_ms(),
    )
    hot.hold(conn, arrival.inbox_id, state, 0, due_ms)
    return arrival.inbox_id


def test_all_jobs_deleted_and_everything_comes_back(db):
    provider = Provider()
    people = [db.call(lambda conn, n=n: person(conn, f"to{n}")) for n in range(8)]

    async def scene():
        async with sweeping(db, {"telegram": provider}) as sweep:
            for n, who in enumerate(people):
                await db.run(lambda c, n=n, who=who: put(c, who, ["one", "two"], f"to{n}"))
            await sweep.once()
            await until(lambda: set(states(db).values()) == {"sent"})

    async def with_jobs_that_are_lost():
        async with sending(db, {"telegram": provider}) as sender:
            soon = now_ms() + 60_000
            await db.run(lambda c: [sender.enqueue(c, who, soon) for who in people])
            await db.run(lambda c: c.execute(text("DELETE FROM jobs")))

    asyncio.run(with_jobs_that_are_lost())
    asyncio.run(scene())
    assert all(provider.texts(f"to{n}") == ["one", "two"] for n in range(8))


def test_who_is_being_served_gets_no_second_job(db):
    who = db.call(person)
    db.call(lambda conn: put(conn, who, ["one"]))

    async def scene():
        async with sweeping(db, {}) as sweep:
            # Not run here: the task waits for its time.
            later = now_ms() + 60_000
            await db.run(lambda conn: sweep._sender.enqueue(conn, who, later))
            for _ in range(5):
                await sweep.once()

    asyncio.run(scene())
    assert db.read(lambda conn: conn.scalar(text("SELECT count(*) FROM jobs"))) == 1


def test_what_is_young_is_left_alone(db):
    who = db.call(person)
    db.call(lambda conn: put(conn, who, ["one", "two"]))
    db.call(lambda conn: outbox.claim(conn, who, now_ms()))
    db.call(lambda conn: inbox_row(conn, who, 1, "taking", now_ms() + 60_000))
    heard = Heard()
    sweep_once(db, heard, Ages())
    assert states(db) == {"one": "sending", "two": "queued"}
    assert db.read(lambda conn: conn.scalar(text("SELECT count(*) FROM jobs"))) == 0
    assert heard.taking == heard.waiting == []


def test_lost_on_the_way_is_unknown_and_the_next_goes_on(db):
    who, provider = db.call(person), Provider()
    db.call(lambda conn: put(conn, who, ["one", "two"]))
    db.call(lambda conn: outbox.claim(conn, who, now_ms()))

    async def scene():
        async with sweeping(db, {"telegram": provider}) as sweep:
            await sweep.once()
            await until(lambda: states(db)["two"] == "sent")

    asyncio.run(scene())
    assert provider.asked == ["two"]
    assert rows(db)["one"] == ("unknown", "lost")


def test_lost_where_it_is_repeatable_goes_again_in_order(db):
    who, simulator = db.call(person), Simulator()
    db.call(lambda conn: put(conn, who, ["one", "two"], sound=Sound("x", "nl")))
    db.call(lambda conn: outbox.claim(conn, who, now_ms()))

    async def scene():
        async with sweeping(db, {"telegram": simulator}) as sweep:
            await sweep.once()
            await until(lambda: set(states(db).values()) == {"sent"})

    asyncio.run(scene())
    assert simulator.asked == ["one", "two"]
    assert simulator.sounds == [None, None]


def test_messages_and_timers_that_are_overdue_are_handed_over(db):
    who = db.call(person)
    other = db.call(lambda conn: person(conn, "other"))
    past = now_ms() - 1000
    message = db.call(lambda conn: inbox_row(conn, who, 1, "taking", past))
    db.call(lambda conn: inbox_row(conn, who, 2, "waiting", past, "text"))
    db.call(lambda conn: hot.save(conn, who, "a.b", "{}", 7, "nudge", past, past))
    db.call(lambda conn: hot.save(conn, other, "a.b", "{}", 8, "rest", now_ms() + 60_000, past))
    heard = Heard()
    sweep_once(db, heard)
    assert heard.taking == [message]
    assert heard.waiting == []  # behind one that is being taken
    assert heard.timers == [(who, "nudge", 7)]
    db.call(lambda conn: hot.finish(conn, message))
    sweep_once(db, heard)
    assert heard.waiting == [who]


def test_what_fails_keeps_nobody_from_the_next(db, caplog):
    caplog.set_level(logging.DEBUG)
    past, people = now_ms() - 1000, []
    for n in range(3):
        who = db.call(lambda conn, n=n: person(conn, f"to{n}"))
        people.append(who)
        db.call(lambda conn, who=who: hot.save(conn, who, "a.b", "{}", 1, "nudge", past, past))
    heard = Heard(broken=[(people[0], "nudge", 1)])
    sweep_once(db, heard)
    assert sorted(who for who, _, _ in heard.timers) == people
    assert "ValueError" in caplog.text
    assert "316" not in caplog.text


def test_a_part_that_fails_keeps_the_others_going(db, monkeypatch, caplog):
    def broken(*args, **more):
        raise OSError("31612345678")

    who = db.call(person)
    past = now_ms() - 1000
    db.call(lambda conn: hot.save(conn, who, "a.b", "{}", 1, "nudge", past, past))
    monkeypatch.setattr(outbox, "persons_due", broken)
    heard = Heard()
    sweep_once(db, heard)
    assert heard.timers == [(who, "nudge", 1)]
    assert "the sweep of outbox failed: OSError" in caplog.text


@pytest.mark.parametrize("number", [1, 7])
def test_much_is_worked_off_in_parts(db, number):
    people = [db.call(lambda conn, n=n: person(conn, f"to{n}")) for n in range(7)]
    for n, who in enumerate(people):
        db.call(lambda conn, n=n, who=who: put(conn, who, ["one"], f"to{n}"))

    async def scene():
        async with sending(db, {"telegram": Simulator()}) as sender:
            sweep = Sweep(db, sender, Heard().callbacks(), AT_ONCE, most=number)
            while "queued" in (left := [s.state for s in all_states(db)]):
                await sweep.once()
                await asyncio.sleep(0.01)
            return left

    assert set(asyncio.run(scene())) <= {"sending", "sent"}


def all_states(db):
    return db.read(lambda conn: conn.execute(text("SELECT state FROM outbox")).all())
