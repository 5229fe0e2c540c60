"""The sender on both databases, against a provider that says what is wrong."""

import asyncio
import json
import logging
from asyncio import timeout
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from bot.channels.port import ChannelError, Policy
from bot.messages import Outbound, Sound
from runtime.rates import Limiter, Rate
from runtime.sender import Patience
from storage import outbox
from storage.times import now_ms, to_ms

from .jobs_contract import until
from .sending import PATIENCE, Provider, Simulator, person, put, rows, sending, states

RETRY = ChannelError(Policy.RETRY, "503")


@pytest.fixture
def who(db):
    return db.call(person)


def open_rows(db):
    query = text("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')")
    return db.read(lambda conn: conn.scalar(query))


def deliver(db, provider, *people, limiters=None, **options):
    """Sends all there is to these people, as jobs."""

    async def scene():
        async with sending(db, {"telegram": provider}, limiters, **options) as sender:
            await db.run(lambda conn: [sender.enqueue(conn, one) for one in people])
            await until(lambda: open_rows(db) == 0)

    asyncio.run(scene())


def alone(db, provider, body, **options):
    """Runs `body(sender)` while nothing else delivers."""

    async def scene():
        async with sending(db, {"telegram": provider}, **options) as sender:
            return await body(sender)

    return asyncio.run(scene())


def test_each_person_gets_all_in_order(db):
    provider = Provider(pause=0.001)
    people = [db.call(lambda conn, n=n: person(conn, f"to{n}")) for n in range(6)]
    for part in range(4):
        for n, who in enumerate(people):
            db.call(lambda conn, n=n, who=who, part=part: put(conn, who, [f"{n}.{part}"], f"to{n}"))
    deliver(db, provider, *people)
    for n in range(6):
        assert provider.texts(f"to{n}") == [f"{n}.{part}" for part in range(4)]
    assert set(states(db).values()) == {"sent"}
    ids = db.read(lambda c: c.execute(text("SELECT provider_id, sent_at FROM outbox")).all())
    assert {i.provider_id for i in ids} == {f"id-{n}" for n in range(1, 25)}
    assert all(i.sent_at for i in ids)


def test_no_transaction_is_open_while_a_message_is_on_its_way(db, who):
    class Busy(Provider):
        async def send(self, address, message, sound):
            # With a transaction open this would wait for ever.
            await db.run(lambda conn: conn.execute(text("UPDATE outbox SET status = status")))
            return await super().send(address, message, sound)

    provider = Busy()
    db.call(lambda conn: put(conn, who, ["one", "two"]))
    deliver(db, provider, who)
    assert provider.texts() == ["one", "two"]


def test_what_waits_for_a_retry_holds_up_its_person_and_nobody_else(db, who):
    provider = Provider({"one": [ChannelError(Policy.RETRY, "429", after=0.5), None]})
    other = db.call(lambda conn: person(conn, "other"))
    db.call(lambda conn: put(conn, who, ["one", "two"]))
    db.call(lambda conn: put(conn, other, ["to other"], "other"))
    deliver(db, provider, who, other)
    assert provider.texts() == ["to other", "one", "two"]
    assert provider.asked.count("one") == 2
    assert provider.asked.count("two") == 1


def test_a_retry_never_comes_before_what_the_provider_asked_for(db, who):
    provider = Provider({"one": [ChannelError(Policy.RETRY, "429", after=120)]})
    db.call(lambda conn: put(conn, who, ["one", "two"]))
    before = now_ms()
    alone(db, provider, lambda sender: sender.deliver(who))
    due = db.read(lambda conn: conn.scalar(text("SELECT due_at FROM outbox ORDER BY id LIMIT 1")))
    job = db.read(lambda conn: conn.execute(text("SELECT task, ref, due_at FROM jobs")).one())
    assert due >= before + 120_000
    assert tuple(job) == ("deliver", who, due)
    assert states(db) == {"one": "queued", "two": "queued"}
    assert provider.asked == ["one"]


def test_after_too_many_tries_it_has_failed_and_the_next_goes_on(db, who):
    provider = Provider({"one": RETRY})
    db.call(lambda conn: put(conn, who, ["one", "two"]))
    deliver(db, provider, who)
    assert provider.asked == ["one"] * PATIENCE.tries + ["two"]
    assert rows(db) == {"one": ("failed", "503"), "two": ("sent", "")}


def test_pauses_grow_up_to_the_longest():
    patience = Patience(first_pause=2, longest_pause=900)
    pauses = [patience.pause(tried, None) for tried in range(1, patience.tries)]
    assert pauses[:4] == [2, 4, 8, 16]
    assert max(pauses) == 900
    assert patience.pause(1, after=30) == 30
    assert patience.pause(9, after=30) == 512


def test_what_will_never_arrive_has_failed_with_the_code(db, who):
    provider = Provider({"one": ChannelError(Policy.GIVE_UP, "63013")})
    db.call(lambda conn: put(conn, who, ["one", "two"]))
    deliver(db, provider, who)
    assert rows(db) == {"one": ("failed", "63013"), "two": ("sent", "")}
    assert provider.asked == ["one", "two"]


def test_who_cannot_be_reached_is_left_in_peace(db, who):
    provider = Provider({"one": ChannelError(Policy.INACTIVE, "21610")})
    other = db.call(lambda conn: person(conn, "other"))
    db.call(lambda conn: put(conn, who, ["one", "two", "three"]))
    db.call(lambda conn: put(conn, other, ["to other"], "other"))
    deliver(db, provider, who, other)
    assert provider.texts() == ["to other"]
    assert provider.asked.count("two") == 0
    failed = ("failed", "21610")
    assert rows(db) == {"one": failed, "two": failed, "three": failed, "to other": ("sent", "")}
    people = db.read(
        lambda c: c.execute(text("SELECT state FROM people ORDER BY id")).scalars().all()
    )
    assert people == ["inactive", "active"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (ChannelError(Policy.UNKNOWN, "read_timeout"), "read_timeout"),
        (RuntimeError("31612345678"), "RuntimeError"),
    ],
)
def test_what_may_have_arrived_is_unknown_and_never_sent_again(db, who, wrong, reason):
    provider = Provider({"one": wrong})
    db.call(lambda conn: put(conn, who, ["one", "two"]))
    deliver(db, provider, who)
    assert provider.asked == ["one", "two"]
    assert rows(db) == {"one": ("unknown", reason), "two": ("sent", "")}


def test_no_answer_in_time_is_unknown(db, who):
    provider = Provider(pause=30)
    db.call(lambda conn: put(conn, who, ["one"]))
    deliver(db, provider, who, patience=Patience(answer=0.05))
    assert rows(db) == {"one": ("unknown", "TimeoutError")}


def test_where_sending_is_repeatable_it_is_repeated(db, who):
    simulator = Simulator({"one": [ChannelError(Policy.UNKNOWN, "lost"), None]})
    db.call(lambda conn: put(conn, who, ["one", "two"]))
    deliver(db, simulator, who)
    assert simulator.texts() == ["one", "two"]
    assert simulator.asked == ["one", "one", "two"]


def test_sound_goes_along_for_those_who_want_it(db, who):
    provider = Provider()
    db.call(lambda conn: put(conn, who, ["one"], sound=Sound("een", "nl")))
    db.call(lambda conn: put(conn, who, ["two"]))
    deliver(db, provider, who)
    assert provider.sounds == [b"Ogg nl: een", None]


def test_without_its_sound_the_text_goes_alone(db, who):
    async def broken(sound):
        raise OSError("no voice")

    provider = Provider()
    db.call(lambda conn: put(conn, who, ["one"], sound=Sound("een", "nl")))
    deliver(db, provider, who, sounds=broken)
    assert provider.sent == [("31612345678", "one")]
    assert provider.sounds == [None]


@pytest.mark.parametrize("port", [Provider, Simulator])
def test_secrets_are_blanked_and_other_texts_by_choice(db, who, port):
    db.call(lambda conn: put(conn, who, ["secret"], secret=True))
    db.call(lambda conn: put(conn, who, ["plain"]))
    deliver(db, port(), who)
    bodies = text("SELECT body FROM outbox ORDER BY id")
    kept = db.read(lambda conn: conn.execute(bodies).scalars().all())
    assert kept[0] == ""
    assert "plain" in kept[1]
    db.call(lambda conn: put(conn, who, ["later"]))
    deliver(db, port(), who, keep_bodies=False)
    assert db.read(lambda conn: conn.execute(bodies).scalars().all())[2] == ""


def test_a_body_that_cannot_be_read_has_failed_and_the_next_goes_on(db, who):
    provider = Provider()
    db.call(
        lambda conn: outbox.put(
            conn, who, "telegram", "31612345678", ["{not json", '{"words": 1}'], "reply", 1
        )
    )
    db.call(lambda conn: put(conn, who, ["good"]))
    deliver(db, provider, who)
    found = text("SELECT state, reason FROM outbox ORDER BY id LIMIT 2")
    broken = db.read(lambda conn: conn.execute(found).all())
    assert [tuple(row) for row in broken] == [("failed", "unreadable")] * 2
    assert provider.texts() == ["good"]


def test_a_channel_that_is_off_is_tried_again_later(db, who):
    db.call(lambda conn: put(conn, who, ["one"], channel="whatsapp"))
    alone(db, Provider(), lambda sender: sender.deliver(who))
    assert rows(db) == {"one": ("queued", "no_port")}


def test_a_crash_on_the_way_leaves_it_to_the_sweep(db, who):
    provider = Provider(pause=60)
    db.call(lambda conn: put(conn, who, ["one", "two"]))

    async def crash(sender):
        sending_it = asyncio.create_task(sender.deliver(who))
        await until(lambda: bool(provider.asked))
        sending_it.cancel()
        await asyncio.gather(sending_it, return_exceptions=True)
        provider.pause = 0
        await sender.deliver(who)

    alone(db, provider, crash)
    assert provider.asked == ["one"]
    assert states(db) == {"one": "sending", "two": "queued"}


def test_a_crash_before_the_request_leaves_it_queued(db, who):
    """What waits for its sound or its turn has not been sent, and we know it."""

    async def slow(sound):
        started.set()
        await asyncio.sleep(60)

    started = asyncio.Event()
    db.call(lambda conn: put(conn, who, ["one"], sound=Sound("een", "nl")))

    async def crash(sender):
        sending_it = asyncio.create_task(sender.deliver(who))
        await started.wait()
        sending_it.cancel()
        await asyncio.gather(sending_it, return_exceptions=True)

    alone(db, Provider(), crash, sounds=slow)
    assert states(db) == {"one": "queued"}


def test_two_at_once_for_one_person_send_nothing_twice_and_keep_the_order(db, who):
    provider = Provider(pause=0.005)
    db.call(lambda conn: put(conn, who, [str(n) for n in range(20)]))

    async def both(sender):
        while open_rows(db):
            await asyncio.gather(*(sender.deliver(who) for _ in range(4)))

    alone(db, provider, both)
    assert provider.texts() == [str(n) for n in range(20)]


def test_the_rate_is_kept(db, who):
    times = []

    class Watch(Provider):
        async def send(self, address, message, sound):
            times.append(asyncio.get_running_loop().time())
            return await super().send(address, message, sound)

    def limiter():
        return {"telegram": Limiter(Rate(20, 1), Rate(1000, 1))}

    db.call(lambda conn: put(conn, who, [str(n) for n in range(5)]))

    async def scene():
        async with sending(db, {"telegram": Watch()}, limiter()) as sender:
            await sender.deliver(who)

    asyncio.run(scene())
    assert len(times) == 5
    # From turn to turn it is exact; from turn to send the loop may add a little.
    assert times[-1] - times[0] >= 4 * 0.05 * 0.8


def test_who_has_to_wait_long_takes_nobodys_place(db, who):
    provider = Provider()
    limiter = Limiter(Rate(1000, 1), Rate(1, 1))
    db.call(lambda conn: put(conn, who, ["one", "two", "three"]))

    async def scene():
        async with sending(db, {"telegram": provider}, {"telegram": limiter}) as sender:
            await sender.deliver(who)
            assert provider.texts() == ["one"]
            assert states(db)["two"] == "queued"
            await until(lambda: open_rows(db) == 0)

    asyncio.run(scene())
    assert provider.texts() == ["one", "two", "three"]


def test_the_log_says_nothing_of_a_person(db, who, caplog):
    caplog.set_level(logging.DEBUG)
    provider = Provider({"secret plan": [RETRY, ValueError("31612345678: secret plan")]})
    db.call(lambda conn: put(conn, who, ["secret plan"], sound=Sound("x", "nl")))
    deliver(db, provider, who)
    assert "503" in caplog.text
    assert "secret plan" not in caplog.text
    assert "31612345678" not in caplog.text


def test_a_clock_that_differs_holds_no_transaction(db):
    """By it the quiet hours end at a moment that is past already, time and again."""
    night = to_ms(datetime(2025, 10, 25, 23, tzinfo=UTC))

    def write(conn):
        who = person(conn)
        body = json.dumps(Outbound("news").to_json())
        outbox.put(conn, who, "telegram", "31612345678", [body], "campaign", night)
        return who

    async def scene():
        port = Provider()
        async with sending(db, {"telegram": port}, clock=lambda: night) as sender, timeout(20):
            await sender.deliver(await db.run(write))
        return port.sent

    assert asyncio.run(scene()) == []
    assert rows(db) == {"news": ("queued", "quiet_hours")}
