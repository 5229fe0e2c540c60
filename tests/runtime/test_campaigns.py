"""Campaigns on both databases, through a real sender, at a clock that the test moves."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from bot.channels.port import ChannelError, Policy
from bot.conversation import Conversation
from bot.messages import Inbound, Outbound, Template
from bot.session import Session
from civic.campaigns import Audience, Role, State
from runtime import campaigns as runtime
from runtime.fitting import fit
from storage import campaigns, hot, outbox, plans, rounds
from storage.plans import NewPlan
from storage.times import now_ms

from .campaigning import Clock, load, person, progress, running, schedule, stored, until_idle
from .sending import Provider


def run(db, port, clock=None, ticks=1, before=None, **more):
    """Ticks, and waits until everything is sent."""
    clock = clock or Clock()

    async def scene():
        async with running(db, port, clock, **more) as ours:
            for _ in range(ticks):
                await ours.tick()
                await until_idle(db)
                if before:
                    before(clock)

    asyncio.run(scene())


def people(db, number, **more):
    return db.call(lambda c: [person(c, f"to{n}", **more) for n in range(number)])


def test_everybody_gets_it_once_and_progress_says_so(db):
    people(db, 35)
    db.call(schedule)
    port = Provider()
    run(db, port, ticks=3)
    assert sorted(to for to, _ in port.sent) == sorted(f"to{n}" for n in range(35))
    assert port.sent[0][1].split("\n")[:2] == ["📰 Nieuws van Buurtbudget Slotermeer.", "nieuws"]
    assert stored(db).state is State.DONE
    assert progress(db).states == {"sent": 35}
    assert progress(db).skipped == {}


def test_no_job_for_each_person(db):
    people(db, 100)
    db.call(schedule)
    db.call(lambda c: c.execute(text("DELETE FROM jobs")))
    run(db, Provider(), chunk=20)
    made = "SELECT seq FROM sqlite_sequence WHERE name = 'jobs'"
    if db.dialect == "postgresql":
        made = "SELECT last_value FROM jobs_id_seq"
    assert db.read(lambda c: c.scalar(text(made))) <= 8
    assert progress(db).states == {"sent": 100}


def test_only_those_who_want_it_and_why_not_the_others(db):
    def make(conn):
        person(conn, "yes")
        person(conn, "unasked", consent_at=None)
        person(conn, "stopped", notify=False)
        person(conn, "gone", state="inactive")
        person(conn, "rings", channel="phone")

    db.call(make)
    db.call(schedule)
    port = Provider()
    run(db, port)
    assert [to for to, _ in port.sent] == ["yes"]
    assert progress(db).skipped == {
        "no_consent": 1, "stopped": 1, "inactive": 1, "no_channel": 1,
    }  # fmt: skip


def plan(conn, initiator, area, status="submitted"):
    made = NewPlan(initiator=initiator, title="Een bank", text="Een bank", language="nl", area=area)
    number = plans.submit(conn, rounds.active(conn).id, made, now_ms())
    conn.execute(
        text("UPDATE plans SET status = :s WHERE initiator = :i"), {"s": status, "i": initiator}
    )
    return number


@pytest.mark.parametrize(
    ("audience", "who"),
    [
        (Audience(), {"none", "here", "there", "withdrew", "turk"}),
        (Audience(role=Role.INITIATOR), {"here", "there"}),
        (Audience(area="slotermeer-no"), {"here"}),
        (Audience(language="tr"), {"turk"}),
        (Audience(area="slotermeer-no", language="tr"), set()),
    ],
)
def test_the_audience(db, audience, who):
    def make(conn):
        load(conn)
        person(conn, "none")
        plan(conn, person(conn, "here"), "slotermeer-no")
        plan(conn, person(conn, "there"), "elsewhere")
        plan(conn, person(conn, "withdrew"), "slotermeer-no", "withdrawn")
        person(conn, "turk", language="tr")
        schedule(conn, audience=audience)

    db.call(make)
    port = Provider()
    run(db, port)
    assert {to for to, _ in port.sent} == who


def test_in_their_own_language_and_by_sound_if_they_like(db):
    def make(conn):
        person(conn, "nl", sound=True)
        person(conn, "ar", language="ar")
        person(conn, "wa", channel="whatsapp", language="en", sound=True)

    db.call(make)
    db.call(schedule)
    port, whatsapp = Provider(), Provider()
    run(db, {"telegram": port, "whatsapp": whatsapp})
    said = dict(port.sent)
    assert "nieuws" in said["nl"]
    assert "خبر" in said["ar"]
    sounds = dict(zip((to for to, _ in port.sent), port.sounds, strict=True))
    assert sounds["nl"].startswith(b"Ogg nl: Nieuws van Buurtbudget")
    assert sounds["ar"] is None
    assert [bool(s) for s in whatsapp.sounds] == [False, True]
    bodies = db.read(lambda c: c.execute(text("SELECT body FROM outbox")).scalars().all())
    messages = [Outbound.from_json(json.loads(body)) for body in bodies]
    assert [m.template for m in messages if m.template] == [Template("outside.news", "en")]
    assert progress(db).states == {"sent": 3}  # people, not messages


def test_nobody_is_woken(db):
    people(db, 25)
    evening = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)  # half past nine
    db.call(lambda c: schedule(c, wall=datetime(2026, 11, 23, 21, 30)))
    clock, port = Clock(evening), Provider()

    async def scene():
        async with running(db, port, clock) as ours:
            await ours.tick()
            await asyncio.sleep(0.3)
            assert port.sent == []
            due = db.read(lambda c: c.execute(text("SELECT due_at FROM jobs")).scalars().all())
            assert due == [round(datetime(2026, 11, 24, 8, tzinfo=UTC).timestamp() * 1000)]
            clock.now = datetime(2026, 11, 24, 8, tzinfo=UTC)
            db.call(lambda c: c.execute(text("UPDATE jobs SET due_at = 1")))
            await ours.tick()
            await until_idle(db)

    asyncio.run(scene())
    assert len(port.sent) == 25


@pytest.mark.parametrize(
    ("wall", "first"),
    [
        (datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (datetime(2027, 3, 28, 2, 30), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
    ],
)
def test_the_nights_in_which_the_clock_is_moved_send_once(db, wall, first):
    """At 02:30, an hour later (02:30 again in autumn), and in the morning."""
    people(db, 12)
    db.call(lambda c: schedule(c, wall=wall))
    clock, port = Clock(first), Provider()
    after = [first + timedelta(hours=1), first + timedelta(hours=9)]

    async def scene():
        async with running(db, port, clock) as ours:
            await ours.tick()
            for moment in after:
                # As if the calendar had fired again for the same time on the wall.
                found = stored(db)
                db.call(lambda c, f=found: campaigns.set_state(c, f.id, State.SCHEDULED, State))
                clock.now = moment
                db.call(lambda c: c.execute(text("UPDATE jobs SET due_at = 1")))
                await ours.tick()
                await asyncio.sleep(0.1)
                db.call(lambda c: c.execute(text("UPDATE jobs SET due_at = 1")))
            await until_idle(db)

    asyncio.run(scene())
    assert sorted(to for to, _ in port.sent) == sorted(f"to{n}" for n in range(12))
    runs = text("SELECT day FROM campaign_runs")
    assert db.read(lambda c: c.execute(runs).scalars().all()) == [wall.date().isoformat()]


def test_what_is_put_twice_is_there_once(db):
    """The key is (campaign, local day, person), whatever the code does."""
    people(db, 3)
    found = db.call(schedule)

    def twice(conn):
        run_id = campaigns.begin(conn, found.id, "2026-11-23", 0)
        assert campaigns.begin(conn, found.id, "2026-11-23", 0) is None
        everyone = campaigns.next_people(conn, found.round_id, Audience(), 0, 9)
        for _ in range(2):
            campaigns.put(conn, run_id, [(who, ["{}", "{}"]) for who in everyone], now_ms())

    db.call(twice)
    assert db.read(lambda c: c.scalar(text("SELECT count(*) FROM outbox"))) == 6


def test_whoever_is_blocked_is_inactive_after_one_try_and_the_rest_goes_on(db):
    people(db, 25)
    db.call(schedule)

    class Blocked(Provider):
        async def send(self, address, message, sound):
            if address in ("to3", "to17"):
                self.asked.append(address)
                raise ChannelError(Policy.INACTIVE, "21610")
            return await super().send(address, message, sound)

    port = Blocked()
    run(db, port)
    assert len(port.sent) == 23
    assert port.asked.count("to3") == 1
    assert progress(db).states == {"sent": 23, "failed": 2}
    assert progress(db).failed == {"21610": 2}
    inactive = text("SELECT count(*) FROM people WHERE state = 'inactive'")
    assert db.read(lambda c: c.scalar(inactive)) == 2
    db.call(lambda c: schedule(c, "second"))
    run(db, port)
    assert port.asked.count("to3") == 1
    assert progress(db, "second").skipped == {"inactive": 2}


def test_pause_resume_and_cancel(db):
    people(db, 40)
    db.call(schedule)

    class Pauses(Provider):
        async def send(self, address, message, sound):
            id_ = await super().send(address, message, sound)
            if len(self.sent) == 12:
                assert await db.run(lambda c: runtime.pause(c, stored(db)))
            return id_

    port = Pauses(pause=0.01)
    run(db, port)
    stopped_at = len(port.sent)
    assert 12 <= stopped_at < 40
    assert stored(db).state is State.PAUSED
    run(db, port)
    assert len(port.sent) == stopped_at
    assert db.call(lambda c: runtime.resume(c, stored(db)))
    assert not db.call(lambda c: runtime.resume(c, stored(db)))
    run(db, port)
    rest = db.read(lambda c: outbox.persons_due(c, now_ms(), 99))  # what the sweep delivers

    async def sweep():
        async with running(db, port, Clock()) as ours:
            await ours._deliver(rest)

    asyncio.run(sweep())
    assert sorted(to for to, _ in port.sent) == sorted(f"to{n}" for n in range(40))
    assert db.call(lambda c: runtime.cancel(c, stored(db)))
    assert not db.call(lambda c: runtime.cancel(c, stored(db)))


def test_cancelled_nothing_more_is_sent(db):
    people(db, 40)
    db.call(schedule)

    class Cancels(Provider):
        async def send(self, address, message, sound):
            id_ = await super().send(address, message, sound)
            if len(self.sent) == 1:
                await db.run(lambda c: runtime.cancel(c, stored(db)))
            return id_

    port = Cancels(pause=0.01)
    run(db, port, ticks=2)
    found = progress(db)
    assert len(port.sent) < 40
    assert found.failed["cancelled"] == sum(found.states.values()) - len(port.sent)


def test_stop_in_the_middle_and_start_again(db):
    who = people(db, 3)[1]
    found = db.call(schedule)

    def put(conn):
        run_id = campaigns.begin(conn, found.id, "2026-11-23", 0)
        everyone = campaigns.next_people(conn, found.round_id, Audience(), 0, 9)
        campaigns.put(conn, run_id, [(each, ["{}"]) for each in everyone], now_ms())
        campaigns.stop_for(conn, who)

    db.call(put)
    assert progress(db).failed == {"stopped": 1}
    assert progress(db).states == {"queued": 2, "failed": 1}


def test_a_provider_that_is_down_costs_tries_and_nobody_is_lost(db):
    people(db, 20)
    db.call(schedule)
    down = ChannelError(Policy.RETRY, "503")

    class Down(Provider):
        async def send(self, address, message, sound):
            self.asked.append(address)
            if self.asked.count(address) == 1:
                raise down
            return await super().send(address, message, sound)

    port = Down()
    run(db, port)
    assert progress(db).states == {"sent": 20}
    jobs = text("SELECT count(*) FROM jobs WHERE task = 'deliver'")
    assert db.read(lambda c: c.scalar(jobs)) == 0


def test_what_is_missed_does_not_begin(db):
    people(db, 3)
    db.call(lambda c: schedule(c, wall=datetime(2026, 11, 22, 11, 30)))
    run(db, port := Provider())
    assert port.sent == []
    assert stored(db).state is State.MISSED


def test_what_expired_is_not_sent(db):
    people(db, 3, channel="whatsapp")
    db.call(schedule)
    db.call(lambda c: c.execute(text("UPDATE addresses SET last_in_at = 0")))
    clock, whatsapp = Clock(), Provider()

    def later(clock):
        clock.now += timedelta(days=8)

    run(db, whatsapp, clock, ticks=2, before=later, channel="whatsapp")
    assert len(whatsapp.sent) == 3  # the invitations; the text waited too long
    waits = text("SELECT reason FROM outbox WHERE state = 'failed'")
    assert db.read(lambda c: c.execute(waits).scalars().all()) == ["expired"] * 3


def test_a_lost_job_is_made_again(db):
    people(db, 25)
    found = db.call(schedule)
    db.call(lambda c: campaigns.set_state(c, found.id, State.RUNNING, State))
    db.call(lambda c: campaigns.begin(c, found.id, "2026-11-23", 0))
    port = Provider()
    run(db, port)
    assert len(port.sent) == 25


def test_one_that_has_begun_cannot_be_changed(db):
    people(db, 1)
    db.call(schedule)
    db.call(schedule)
    run(db, Provider())
    with pytest.raises(ValueError, match="has begun"):
        db.call(schedule)


def test_writing_lets_go_what_waited(db):
    who = people(db, 1)[0]
    db.call(lambda c: outbox.put(c, who, "telegram", "to0", ["{}"], "notice", now_ms()))
    row = db.call(lambda c: outbox.claim(c, who, now_ms()))
    db.call(lambda c: outbox.waiting(c, row.id, "window"))
    new = {"hint": "", "kind": "text", "body_json": "{}", "now_ms": now_ms()}

    def write(conn, address):
        return hot.arrive(conn, channel="telegram", provider_id=address, address=address, **new)

    assert db.call(lambda c: write(c, "to0")).awaited
    assert not db.call(lambda c: write(c, "other")).awaited


def test_stop_anywhere_stops_and_start_resumes(db):
    """Through the conversation itself: what waits is not sent, and the next one leaves them out."""
    people(db, 2)
    found = db.call(schedule)
    session = Session("submit_plan.idea", language="nl", consent=True).to_json()
    db.call(lambda c: c.execute(text("UPDATE sessions SET data = :d"), {"d": session}))
    talk = Conversation(
        render=fit,
        enqueue=lambda *job, **more: None,
        languages={"nl": "Nederlands"},
        erase=lambda names: None,
        pepper=b"pepper",
    )

    def put(conn):
        run_id = campaigns.begin(conn, found.id, "2026-11-23", 0)
        everyone = campaigns.next_people(conn, found.round_id, Audience(), 0, 9)
        campaigns.put(conn, run_id, [(each, ["{}"]) for each in everyone], now_ms())

    def say(words):
        db.call(lambda c: talk.take(c, Inbound(words, "telegram", "to0", text=words)))

    db.call(put)
    say("stop")
    assert progress(db).failed == {"stopped": 1}
    db.call(lambda c: schedule(c, "second"))
    run(db, Provider())
    assert progress(db, "second").skipped == {"stopped": 1}
    say("start")
    db.call(lambda c: schedule(c, "third"))
    run(db, Provider())
    assert progress(db, "third").skipped == {}
    states = progress(db, "third").states
    assert sum(states.values()) == 2
