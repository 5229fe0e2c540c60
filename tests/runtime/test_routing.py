"""What the sender does at the edge of WhatsApp's window, and after an answer that got lost."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from bot.channels.port import ChannelError, Policy
from bot.messages import Button, Outbound, Sound, Template
from runtime.deliveries import Deliveries
from runtime.rates import Limiter, Rate
from storage import hot, leases, outbox, people, routing
from storage.times import now_ms, to_ms

from .sending import Provider, person, sending

DAY = 24 * 3600 * 1000
ADDRESS = "whatsapp:+31612345678"
TEMPLATE = Template("outside.vote_open", "nl", ("maandag 4 november",))


class Twilio(Provider):
    """Keeps what came as which: (address, text or template's key)."""

    def __init__(self, script=None, has=None):
        super().__init__(script)
        self.has = has
        self.looked = 0

    async def send(self, address, message, sound):
        id_ = await super().send(address, message, sound)
        if message.template:
            self.sent[-1] = (address, message.template.key)
        return id_

    async def settle(self, address, message, since, known=()):
        self.looked += 1
        if isinstance(self.has, ChannelError):
            raise self.has
        return self.has


@pytest.fixture
def who(db):
    return db.call(lambda conn: person(conn, ADDRESS, "whatsapp"))


def last_in(db, ago_ms):
    at = {"at": now_ms() - ago_ms}
    db.call(lambda conn: conn.execute(text("UPDATE addresses SET last_in_at = :at"), at))


def put(db, who, *messages, kind="notice"):
    bodies = [json.dumps(m.to_json()) for m in messages]
    db.call(lambda c: outbox.put(c, who, "whatsapp", ADDRESS, bodies, kind, now_ms()))


def rows(db):
    query = text("SELECT channel, state, reason FROM outbox ORDER BY id")
    return [tuple(row) for row in db.read(lambda conn: conn.execute(query).all())]


def deliver(db, who, ports, body=None, limiters=None):
    async def scene():
        async with sending(db, ports, limiters) as sender:
            await sender.deliver(who)
            if body:
                await body(sender)

    asyncio.run(scene())


def resume(db, who):
    """They write."""
    arrival = db.call(
        lambda conn: hot.arrive(
            conn,
            channel="whatsapp",
            provider_id="again",
            address=ADDRESS,
            hint="",
            kind="text",
            body_json="{}",
            now_ms=now_ms(),
        )
    )
    assert arrival.awaited
    db.call(lambda conn: outbox.resume(conn, who, now_ms()))


NOTICE = Outbound("the whole text", template=TEMPLATE)


def test_within_the_window_the_text_goes_itself(db, who):
    last_in(db, DAY - 60_000)
    put(db, who, NOTICE)
    port = Twilio()
    deliver(db, who, {"whatsapp": port})
    assert port.sent == [(ADDRESS, "the whole text")]
    assert rows(db) == [("whatsapp", "sent", "")]


def test_closed_by_one_second_the_template_goes_and_the_text_when_they_answer(db, who):
    last_in(db, DAY + 1000)
    put(db, who, NOTICE)
    port = Twilio()
    deliver(db, who, {"whatsapp": port})
    assert port.sent == [(ADDRESS, "outside.vote_open")]
    assert rows(db) == [("whatsapp", "sent", "template"), ("whatsapp", "waiting", "invited")]
    resume(db, who)
    deliver(db, who, {"whatsapp": port})
    assert port.sent[1:] == [(ADDRESS, "the whole text")]
    assert {state for _, state, _ in rows(db)} == {"sent"}


def test_without_a_template_it_waits_and_nothing_behind_it_is_held_up(db, who):
    last_in(db, 2 * DAY)
    put(db, who, Outbound("first"), Outbound("second"), NOTICE)
    port = Twilio()
    deliver(db, who, {"whatsapp": port})
    assert port.sent == [(ADDRESS, "outside.vote_open")]
    assert rows(db)[:2] == [("whatsapp", "waiting", "window")] * 2
    resume(db, who)
    deliver(db, who, {"whatsapp": port})
    assert [what for _, what in port.sent[1:]] == ["first", "second", "the whole text"]


def test_as_a_text_message_if_they_allowed_it(db, who):
    last_in(db, 2 * DAY)
    db.call(lambda conn: people.allow_sms(conn, who, "+31612345678"))
    put(db, who, Outbound("come\u2026", sound=Sound("come", "nl")))
    whatsapp, sms = Twilio(), Twilio()
    deliver(db, who, {"whatsapp": whatsapp, "sms": sms})
    assert (whatsapp.sent, sms.sent, sms.sounds) == ([], [("+31612345678", "come...")], [None])
    assert rows(db) == [("sms", "sent", "window_sms")]


@pytest.mark.parametrize(
    "message",
    [
        Outbound("choose", buttons=(Button("a", "A"),), style="buttons"),
        Outbound("", sound=Sound("heard", "nl")),
        Outbound("too long " * 200),
    ],
)
def test_what_suits_no_text_message_waits(db, who, message):
    last_in(db, 2 * DAY)
    db.call(lambda conn: people.allow_sms(conn, who, "+31612345678"))
    put(db, who, message)
    deliver(db, who, {"whatsapp": Twilio(), "sms": Twilio()})
    assert rows(db) == [("whatsapp", "waiting", "window")]


def test_a_number_that_says_stop_gets_no_more_and_the_person_stays(db, who):
    last_in(db, 2 * DAY)
    db.call(lambda conn: people.allow_sms(conn, who, "+31612345678"))
    put(db, who, Outbound("one"), Outbound("two"))
    sms = Twilio({"one": ChannelError(Policy.INACTIVE, "21610")})
    deliver(db, who, {"whatsapp": Twilio(), "sms": sms})
    assert sms.asked == ["one"]
    assert rows(db) == [("sms", "failed", "21610"), ("whatsapp", "waiting", "window")]
    state = db.read(lambda c: c.scalar(text("SELECT state FROM people")))
    assert state == "active"


def test_a_goodbye_goes_though_the_address_is_forgotten(db, who):
    def forget(conn):
        people.forget(conn, who)
        body = json.dumps(Outbound("dag").to_json())
        outbox.put(conn, who, "whatsapp", ADDRESS, [body], "reply", now_ms())

    db.call(forget)
    port = Twilio()
    deliver(db, who, {"whatsapp": port})
    assert port.texts() == ["dag"]


def told(db, who, ports, code, policy):
    """The provider took it, and says later that it did not arrive; twice, as it may."""

    async def body(sender):
        deliveries = Deliveries(db, sender, ports)

        def failed(conn):
            outbox.status(conn, "whatsapp", "id-1", "failed", code)
            deliveries.failed(conn, "whatsapp", "id-1", ADDRESS, ChannelError(policy, code))

        await db.run(failed)
        await db.run(failed)
        await sender.deliver(who)

    deliver(db, who, ports, body)


def test_63016_later_by_callback_is_decided_again(db, who):
    put(db, who, NOTICE)
    port = Twilio()
    told(db, who, {"whatsapp": port}, "63016", Policy.GIVE_UP)
    assert port.sent == [(ADDRESS, "the whole text"), (ADDRESS, "outside.vote_open")]
    assert rows(db)[0] == ("whatsapp", "sent", "template")


def test_63016_without_a_template_waits_for_them(db, who):
    put(db, who, Outbound("hello"))
    port = Twilio()
    told(db, who, {"whatsapp": port}, "63016", Policy.GIVE_UP)
    assert port.texts() == ["hello"]
    assert rows(db) == [("whatsapp", "waiting", "window")]
    resume(db, who)
    deliver(db, who, {"whatsapp": port})
    assert port.texts() == ["hello", "hello"]


@pytest.mark.parametrize("code", ["no_template", "63041"])
def test_a_template_that_is_not_approved_leaves_it_waiting(db, who, code):
    last_in(db, 2 * DAY)
    put(db, who, NOTICE)
    port = Twilio({"the whole text": [ChannelError(Policy.GIVE_UP, code), None]})
    deliver(db, who, {"whatsapp": port})
    assert port.sent == []
    assert rows(db) == [("whatsapp", "waiting", "window")]


def test_blocked_by_callback_is_inactive_and_writing_brings_them_back(db, who):
    put(db, who, Outbound("one"))
    port = Twilio()
    told(db, who, {"whatsapp": port}, "21610", Policy.INACTIVE)
    states = text("SELECT state FROM people")
    assert db.read(lambda c: c.scalar(states)) == "inactive"
    assert rows(db) == [("whatsapp", "failed", "21610")]
    person_again = db.call(
        lambda c: hot.arrive(
            c,
            channel="whatsapp",
            provider_id="start",
            address=ADDRESS,
            hint="",
            kind="text",
            body_json="{}",
            now_ms=now_ms(),
        )
    )
    assert person_again.person_id == who
    assert db.read(lambda c: c.scalar(states)) == "active"


@pytest.mark.parametrize(
    ("has", "state", "sent"),
    [
        ("SM1", ("sent", "TimeoutError"), 1),
        (None, ("sent", "not_taken"), 2),
        (ChannelError(Policy.RETRY, "503"), ("unknown", "TimeoutError"), 1),
    ],
)
def test_an_answer_that_got_lost_is_looked_up(db, who, has, state, sent):
    class Drops(Twilio):
        async def send(self, address, message, sound):
            id_ = await super().send(address, message, sound)
            if len(self.sent) == 1:
                raise TimeoutError
            return id_

    put(db, who, Outbound("one"))
    port = Drops(has=has)

    async def body(sender):
        deliveries = Deliveries(db, sender, {"whatsapp": port}, look_after=-1)
        await deliveries.settle()
        db.call(lambda c: c.execute(text("UPDATE outbox SET due_at = 0 WHERE state = 'queued'")))
        await sender.deliver(who)

    deliver(db, who, {"whatsapp": port}, body)
    assert port.looked == 1
    assert len(port.sent) == sent
    assert rows(db) == [("whatsapp", *state)]


def test_a_callback_that_comes_before_the_lookup_wins(db, who):
    put(db, who, Outbound("one"))
    port = Twilio({"one": TimeoutError()}, has=None)

    async def body(sender):
        row = db.call(lambda c: routing.unanswered(c, "whatsapp", ADDRESS))[0]
        db.call(lambda c: routing.found(c, row.id, "SM7", now_ms()))
        await db.run(lambda c: sender.reconsider(c, row, "not_taken"))
        await sender.deliver(who)

    deliver(db, who, {"whatsapp": port}, body)
    assert port.asked == ["one"]
    assert rows(db) == [("whatsapp", "sent", "TimeoutError")]


def test_lost_with_a_callback_is_sent(db, who):
    put(db, who, Outbound("one"))
    db.call(lambda c: outbox.claim(c, who, now_ms()))
    row = db.call(lambda c: routing.unanswered(c, "whatsapp", ADDRESS))[0]
    db.call(lambda c: routing.found(c, row.id, "SM7", now_ms()))
    assert rows(db) == [("whatsapp", "sending", "")]
    db.call(lambda c: outbox.lost(c, now_ms() + 1))
    assert rows(db) == [("whatsapp", "sent", "lost")]


def test_retry_after_holds_the_whole_sender_in_every_process(db, who):
    other = db.call(lambda c: person(c, "whatsapp:+31600000000", "whatsapp"))
    put(db, who, Outbound("one"))
    body = json.dumps(Outbound("two").to_json())
    db.call(lambda c: outbox.put(c, other, "whatsapp", "whatsapp:+31600000000", [body], "reply", 1))
    port = Twilio({"one": ChannelError(Policy.RETRY, "20429", after=60)})
    limiter = Limiter(Rate(100, 5), Rate(100, 5))
    deliver(
        db, who, {"whatsapp": port}, lambda sender: sender.deliver(other), {"whatsapp": limiter}
    )
    assert port.asked == ["one"]
    held = db.read(lambda c: leases.held(c, "rate:hold:", now_ms()))
    assert 55_000 < held["rate:hold:whatsapp"] - now_ms() <= 60_000
    assert limiter.pause(other) > 55


def test_replies_go_before_a_campaign_that_was_there_first(db, who):
    put(db, who, Outbound("campaign"), kind="campaign")
    put(db, who, Outbound("reply"), kind="reply")
    db.call(lambda c: c.execute(text("UPDATE outbox SET channel = 'telegram'")))
    first = db.call(lambda c: outbox.claim(c, who, now_ms()))
    assert replace(first, last_in_at=None).kind == "reply"


def test_asked_twice_to_write_the_text_comes_once(db, who):
    """The invitation failed later, for a reason that may pass, and is sent again."""
    last_in(db, 2 * DAY)
    put(db, who, NOTICE, kind="campaign")
    db.call(lambda c: c.execute(text("UPDATE outbox SET run_id = 1, part = 0")))
    port = Twilio()
    noon = to_ms(datetime.now(UTC).replace(hour=11))

    async def scene():
        async with sending(db, {"whatsapp": port}, clock=lambda: noon) as sender:
            await sender.deliver(who)
            row = db.call(lambda c: routing.by_provider(c, "whatsapp", "id-1"))
            await db.run(lambda c: sender.told(c, row, ChannelError(Policy.RETRY, "63018")))
            db.call(lambda c: c.execute(text("UPDATE outbox SET due_at = 1")))
            await sender.deliver(who)

    asyncio.run(scene())
    assert port.sent == [(ADDRESS, "outside.vote_open")] * 2
    assert rows(db) == [("whatsapp", "sent", "template"), ("whatsapp", "waiting", "invited")]


def test_what_they_asked_for_comes_also_at_night(db, who):
    last_in(db, 0)
    put(db, who, Outbound("campaign"), kind="campaign")
    row = db.call(lambda c: outbox.claim(c, who, now_ms()))
    db.call(lambda c: outbox.waiting(c, row.id, "invited"))
    resume(db, who)
    port = Twilio()
    night = to_ms(datetime.now(UTC).replace(hour=23)) - DAY

    async def scene():
        async with sending(db, {"whatsapp": port}, clock=lambda: night) as sender:
            await sender.deliver(who)

    asyncio.run(scene())
    assert port.texts() == ["campaign"]
