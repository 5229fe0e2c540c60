"""The way of one message through the tables."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import Connection, func, select

from storage import hot, people
from storage.db import Database
from storage.tables import addresses, inbox, sessions
from storage.tables import people as people_rows

Write = Callable[..., hot.Arrival]


def arrive(conn: Connection, provider_id: str, address: str, at: int) -> hot.Arrival | None:
    return hot.arrive(
        conn,
        channel="whatsapp",
        provider_id=provider_id,
        address=address,
        hint="tr",
        kind="text",
        body_json="{}",
        now_ms=at,
    )


def count(db: Database, table: object) -> int | None:
    return db.read(lambda conn: conn.scalar(select(func.count()).select_from(table)))


def test_a_first_message_makes_a_person(db: Database, write: Write, now: int) -> None:
    first = write("anna", channel="sms")
    assert (first.new, first.busy, first.session_json, first.revision) == (True, False, "", 0)
    assert (first.channel, first.address, first.person_state) == ("sms", "anna", "active")
    second = write("anna", channel="sms")
    assert (second.new, second.person_id) == (False, first.person_id)
    assert second.inbox_id > first.inbox_id
    assert write("bert", channel="sms").person_id != first.person_id
    assert write("anna", channel="telegram").person_id != first.person_id


def test_a_repeat_is_no_arrival_and_does_not_count_as_writing(db: Database, now: int) -> None:
    assert db.call(lambda conn: arrive(conn, "SM1", "anna", now))
    assert db.call(lambda conn: arrive(conn, "SM1", "anna", now + 10 * hot.MINUTE_MS)) is None
    assert count(db, inbox) == 1
    assert db.read(lambda conn: conn.scalar(select(addresses.c.last_in_at))) == now


def test_the_same_id_on_another_channel_is_another_message(write: Write, db: Database) -> None:
    def take(channel: str) -> hot.Arrival | None:
        return db.call(
            lambda conn: hot.arrive(
                conn,
                channel=channel,
                provider_id="1",
                address="anna",
                hint="",
                kind="text",
                body_json="{}",
                now_ms=1,
            )
        )

    assert take("sms")
    assert take("telegram")
    assert take("sms") is None


@pytest.mark.parametrize("known", [True, False])
def test_the_same_message_five_times_at_once_arrives_once(
    db: Database, known: bool, now: int
) -> None:
    if known:
        db.call(lambda conn: arrive(conn, "SM0", "anna", now))
    futures = [db.submit(lambda conn: arrive(conn, "SM1", "anna", now)) for _ in range(5)]
    arrivals = [future.result(20) for future in futures]
    assert len([a for a in arrivals if a]) == 1
    assert count(db, people_rows) == count(db, sessions) == count(db, addresses) == 1


def test_the_first_messages_of_one_person_at_once_make_one_person(db: Database, now: int) -> None:
    futures = [
        db.submit(lambda conn, n=n: arrive(conn, f"SM{n}", f"person {n % 3}", now))
        for n in range(48)
    ]
    arrivals = [future.result(20) for future in futures]
    assert all(arrivals)
    assert sum(a.new for a in arrivals if a) == 3
    assert count(db, people_rows) == count(db, addresses) == 3


def test_one_persons_messages_are_taken_one_at_a_time(db: Database, now: int) -> None:
    """Each reads the revision and writes one more; with two at once, one would be lost."""

    def step(n: int) -> None:
        def work(conn: Connection) -> None:
            arrival = arrive(conn, f"SM{n}", f"person {n % 5}", now)
            assert arrival
            revision = arrival.revision + 1
            hot.save(conn, arrival.person_id, "menu.menu", "{}", revision, None, None, now)

        db.call(work)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(step, range(200)))
    assert db.read(lambda conn: conn.scalars(select(sessions.c.revision)).all()) == [40] * 5


def test_busy_is_judged_after_the_wait_for_the_lock(db: Database, now: int) -> None:
    """Of two messages at once, the second must see that the first is still being taken."""

    def take(n: int) -> bool:
        def work(conn: Connection) -> bool:
            arrival = arrive(conn, f"SM{n}", "anna", now)
            assert arrival
            state = "waiting" if arrival.busy else "taking"
            hot.hold(conn, arrival.inbox_id, state, 0, now)
            return arrival.busy

        return db.call(work)

    db.call(lambda conn: arrive(conn, "first", "anna", now))
    with ThreadPoolExecutor(8) as threads:
        busy = list(threads.map(take, range(40)))
    assert busy.count(False) == 1


def test_what_is_held_has_its_turn_in_order(db: Database, write: Write, now: int) -> None:
    voice = write(kind="voice", body='{"n": 1}')
    db.call(lambda conn: hot.hold(conn, voice.inbox_id, "taking", 7, now + 60_000))
    text = write(body='{"n": 2}')
    assert text.busy
    db.call(lambda conn: hot.hold(conn, text.inbox_id, "waiting", 7, now))
    other = write(kind="voice", body='{"n": 3}')
    db.call(lambda conn: hot.hold(conn, other.inbox_id, "waiting", 7, now))
    person = voice.person_id

    assert db.call(lambda conn: hot.next_waiting(conn, person)) is None  # one is being taken
    held = db.call(lambda conn: hot.held(conn, voice.inbox_id))
    assert held
    assert (held.state, held.revision, held.kind, held.body) == ("taking", 7, "voice", '{"n": 1}')

    db.call(lambda conn: hot.finish(conn, voice.inbox_id))
    assert db.call(lambda conn: hot.held(conn, voice.inbox_id)) is None
    turn = db.call(lambda conn: hot.next_waiting(conn, person))
    assert turn
    assert (turn.id, turn.body, turn.received_at) == (text.inbox_id, '{"n": 2}', now)
    db.call(lambda conn: hot.finish(conn, text.inbox_id))
    assert write().busy
    db.call(lambda conn: hot.hold(conn, other.inbox_id, "taking", 8, now))
    db.call(lambda conn: hot.finish(conn, other.inbox_id))
    assert not write().busy


def test_somebody_elses_held_message_keeps_nobody_waiting(db: Database, write: Write) -> None:
    anna = write("anna", kind="voice")
    db.call(lambda conn: hot.hold(conn, anna.inbox_id, "taking", 0, 0))
    assert not write("bert").busy


def test_attempts_are_counted(db: Database, write: Write) -> None:
    voice = write(kind="voice")
    db.call(lambda conn: hot.hold(conn, voice.inbox_id, "taking", 0, 5))
    assert db.call(lambda conn: hot.again(conn, voice.inbox_id, 10)) == 1
    assert db.call(lambda conn: hot.again(conn, voice.inbox_id, 20)) == 2
    assert db.read(partial(hot.stale_taking, before_ms=20)) == []


def test_what_hangs_is_found(db: Database, write: Write, now: int) -> None:
    voice, alone, behind = write("anna", kind="voice"), write("bert"), write("anna")
    db.call(lambda conn: hot.hold(conn, voice.inbox_id, "taking", 0, now + 10))
    db.call(lambda conn: hot.hold(conn, behind.inbox_id, "waiting", 0, now + 10))
    db.call(lambda conn: hot.hold(conn, alone.inbox_id, "waiting", 0, now + 10))
    assert db.read(partial(hot.stale_taking, before_ms=now + 10)) == []
    assert db.read(partial(hot.stale_waiting, before_ms=now + 10)) == []
    stale = db.read(partial(hot.stale_taking, before_ms=now + 11))
    assert [held.id for held in stale] == [voice.inbox_id]
    assert db.read(partial(hot.stale_waiting, before_ms=now + 11)) == [alone.person_id]


def test_a_session_is_saved_and_loaded(db: Database, write: Write, now: int) -> None:
    anna = write("anna", channel="sms")
    person = anna.person_id
    data = '{"state":"menu.menu","answers":{"text":"şöğüı — حديقة 🌳"}}'
    db.call(lambda conn: hot.save(conn, person, "menu.menu", data, 3, None, None, now))
    loaded = db.call(lambda conn: hot.load(conn, person))
    assert loaded == hot.Loaded(person, data, 3, "sms", "anna", "active")
    assert write("anna", channel="sms").session_json == data
    assert db.call(lambda conn: hot.load(conn, person + 1)) is None


def test_timers_ring_in_order_until_the_session_moves_on(
    db: Database, write: Write, now: int
) -> None:
    ids = [write(name).person_id for name in ("anna", "bert", "cem", "dina")]
    settings = (("nudge", 20), ("rest", 10), ("nudge", 99), (None, None))
    for person, (timer, at) in zip(ids, settings, strict=True):
        db.call(
            lambda conn, p=person, t=timer, a=at: hot.save(conn, p, "menu.menu", "", 4, t, a, now)
        )
    rang = db.read(partial(hot.due_timers, now_ms=20, limit=9))
    assert rang == [hot.Timer(ids[1], "rest", 4), hot.Timer(ids[0], "nudge", 4)]
    assert len(db.read(partial(hot.due_timers, now_ms=20, limit=1))) == 1
    db.call(lambda conn: hot.save(conn, ids[1], "menu.menu", "", 5, None, None, now))
    assert db.read(partial(hot.due_timers, now_ms=20, limit=9)) == rang[1:]


def test_settings_are_kept_and_consent_is_not_lost(db: Database, write: Write, now: int) -> None:
    person = write().person_id
    db.call(lambda conn: hot.set_person(conn, person, "tr", True, False, now))
    db.call(lambda conn: hot.set_person(conn, person, "ar", False, True, None))
    row = db.read(lambda conn: conn.execute(select(people_rows)).one())
    assert (row.language, row.sound, row.notify, row.consent_at) == ("ar", False, True, now)


def test_last_in_is_known_to_the_minute(db: Database, write: Write, now: int) -> None:
    def last_in() -> int | None:
        return db.read(lambda conn: conn.scalar(select(addresses.c.last_in_at)))

    write(at=now)
    write(at=now + hot.MINUTE_MS - 1)
    assert last_in() == now
    write(at=now + hot.MINUTE_MS)
    assert last_in() == now + hot.MINUTE_MS


def test_whoever_writes_is_active_again(db: Database, write: Write) -> None:
    person = write("anna", channel="telegram").person_id
    db.call(partial(people.blocked, channel="telegram", address="anna"))
    assert write("anna", channel="telegram").person_state == "inactive"
    assert write("anna", channel="telegram").person_state == "active"
    db.call(lambda conn: people.set_state(conn, person, "inactive"))
    assert write("anna", channel="telegram").person_state == "inactive"


def test_a_blanked_message_is_still_a_repeat(db: Database, now: int) -> None:
    arrival = db.call(lambda conn: arrive(conn, "SM1", "anna", now))
    assert arrival
    db.call(lambda conn: hot.blank(conn, arrival.inbox_id))
    assert db.read(lambda conn: conn.scalar(select(inbox.c.body))) == ""
    assert db.call(lambda conn: arrive(conn, "SM1", "anna", now)) is None
