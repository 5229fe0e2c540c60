"""What we know of someone, and that forgetting leaves no trace of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from storage import (
    attempts,
    hot,
    outbox,
    people,
    photos,
    plan_news,
    plans,
    recordings,
    supports,
)
from storage import help as help_requests
from storage.db import Database
from storage.schema import metadata
from storage.tables import people as people_rows
from storage.tables import rounds as round_rows
from storage.vote_tables import passes_used

Write = Callable[..., hot.Arrival]

ADDRESS = "whatsapp:+31612345678"
PHONE = "+31687654321"
SAID = "mijn straat is de Comeniusstraat"


class Resident:
    """Somebody who did everything that one can do."""

    def __init__(self, db: Database, write: Write, address: str, files: str) -> None:
        self.db = db
        self.files = files
        self.first = write(address, channel="whatsapp", body=f'{{"text": "{SAID}"}}')
        self.id = self.first.person_id
        db.call(lambda conn: hot.set_person(conn, self.id, "tr", True, True, 7))
        db.call(lambda conn: hot.save(conn, self.id, "menu.menu", SAID, 3, "nudge", 9, 9))
        self.loose_voice = self._record(write(address, channel="whatsapp"), "1")
        self.plan_voice = self._record(write(address, channel="whatsapp"), "2")
        self.loose_photo = self._photograph(write(address, channel="whatsapp"), "3")
        self.plan_photo = self._photograph(write(address, channel="whatsapp"), "4")
        self.number = self._submit()
        self._joins_in()
        db.call(
            lambda conn: help_requests.ask(
                conn, self.id, "call", PHONE, SAID, self.loose_voice, 9, 8
            )
        )
        for body in (f"old {SAID}", f"new {SAID}"):
            db.call(
                lambda conn, b=body: outbox.put(conn, self.id, "whatsapp", address, [b], "reply", 9)
            )
        sent = db.call(lambda conn: outbox.claim(conn, self.id, 9))
        assert sent
        db.call(lambda conn: outbox.sent(conn, sent.id, "SM9", 9))
        waiting = write(address, channel="whatsapp", body=SAID)
        db.call(lambda conn: hot.hold(conn, waiting.inbox_id, "waiting", 0, 9))
        for wrong in (True, False):
            db.call(lambda conn, w=wrong: attempts.note(conn, 1, self.id, w, 9))
        used = {"round_id": 1, "person_id": self.id, "count": 3}
        db.call(lambda conn: conn.execute(insert(passes_used), used))

    def name(self, number: str) -> str:
        return self.files * 63 + number

    def _record(self, arrival: hot.Arrival, number: str) -> int:
        new = recordings.NewRecording(
            person_id=self.id,
            inbox_id=arrival.inbox_id,
            name=self.name(number),
            mime="audio/ogg",
            bytes=1,
        )
        heard = recordings.Heard(
            transcript=SAID,
            language="nl",
            verdict="good",
            seconds=1,
            speech_seconds=1,
            avg_logprob=None,
            no_speech_prob=None,
            model="base",
        )
        row = self.db.call(lambda conn: recordings.add(conn, new, 5))
        self.db.call(lambda conn: recordings.transcribed(conn, row, heard))
        return row

    def _photograph(self, arrival: hot.Arrival, number: str) -> int:
        new = photos.NewPhoto(
            person_id=self.id,
            inbox_id=arrival.inbox_id,
            name=self.name(number),
            mime="image/jpeg",
            bytes=1,
            width=1,
            height=1,
        )
        return self.db.call(lambda conn: photos.add(conn, new, 5))

    def _submit(self) -> int:
        new = plans.NewPlan(
            initiator=self.id,
            title="Bankjes",
            text="Meer bankjes in het park",
            language="nl",
            may_call=True,
            phone=PHONE,
            recordings=[self.plan_voice],
            photos=[self.plan_photo],
        )
        number = self.db.call(lambda conn: plans.submit(conn, 1, new, 5))
        plan = self.plan(number)
        self.db.call(
            lambda conn: plans.add_text(conn, plan.id, "En een tafel", "nl", self.plan_voice, 6)
        )
        return number

    def _joins_in(self) -> None:
        """Supports and follows somebody else's plan, and was told of it."""
        other = self.plan(self.number).id
        for act in (supports.give, supports.follow):
            self.db.call(lambda conn, act=act: act(conn, other, self.id, 5))
        news = self.db.call(
            lambda conn: plan_news.add(conn, other, "word", audience="everyone", now_ms=5)
        )
        self.db.call(lambda conn: plan_news.told(conn, news, self.id, "put", 5))

    def plan(self, number: int) -> plans.Plan:
        plan = self.db.read(lambda conn: plans.by_number(conn, 1, number))
        assert plan
        return plan


@pytest.fixture
def resident(db: Database, write: Write) -> Resident:
    row = {"slug": "x", "data": "{}", "active": True, "loaded_at": 0, "next_number": 1}
    db.call(lambda conn: conn.execute(insert(round_rows), row))
    return Resident(db, write, ADDRESS, "a")


def forget(db: Database, person_id: int) -> list[str]:
    return db.call(lambda conn: people.forget(conn, person_id))


def everything(db: Database) -> dict[str, list[tuple[object, ...]]]:
    return {
        table.name: [
            tuple(row) for row in db.read(lambda conn, t=table: conn.execute(select(t)).all())
        ]
        for table in metadata.sorted_tables
    }


TIES = {
    "addresses.person_id",
    "follows.person_id",
    "code_checks.person_id",
    "help_requests.person_id",
    "inbox.person_id",
    "news_told.person_id",
    "outbox.person_id",
    "passes_used.person_id",
    "photos.person_id",
    "plans.initiator",
    "recordings.person_id",
    "sessions.person_id",
    "supports.person_id",
}


def ties(db: Database, person_id: int) -> set[str]:
    """The columns in which a row points to this person."""
    found = set()
    for table in metadata.sorted_tables:
        for column in table.columns:
            if any(key.column is people_rows.c.id for key in column.foreign_keys):
                query = select(column).where(column == person_id)
                if db.read(lambda conn, q=query: conn.execute(q).first()):
                    found.add(f"{table.name}.{column.name}")
    return found


def test_facts_count_what_there_is(db: Database, resident: Resident) -> None:
    facts = db.read(lambda conn: people.facts(conn, resident.id))
    assert facts
    assert (facts.language, facts.consent_at, facts.channels) == ("tr", 7, ("whatsapp",))
    assert facts.since == facts.last_in_at == 1_790_000_000_000
    counts = (
        facts.messages,
        facts.plans,
        facts.recordings,
        facts.photos,
        facts.help_requests,
    )
    assert counts == (6, 1, 2, 2, 1)


def test_forgetting_leaves_no_trace(db: Database, resident: Resident) -> None:
    assert ties(db, resident.id) == TIES
    forget(db, resident.id)
    assert ties(db, resident.id) == set()
    left = repr(everything(db))
    for trace in (ADDRESS, "612345678", PHONE, SAID, resident.name("1"), resident.name("2")):
        assert trace not in left
    assert db.read(lambda conn: people.facts(conn, resident.id)) is None
    person = db.read(lambda conn: conn.execute(select(people_rows)).one())
    assert (person.state, person.language, person.consent_at) == ("forgotten", "", None)


def test_nothing_of_it_stays_in_the_files_of_sqlite(sqlite_url: str, tmp_path: Path) -> None:
    db = Database.open(sqlite_url)
    said = "een zin die nergens anders staat"
    arrival = db.call(
        lambda conn: hot.arrive(
            conn,
            channel="sms",
            provider_id="1",
            address=PHONE,
            hint="",
            kind="text",
            body_json=said * 200,
            now_ms=1,
        )
    )
    assert arrival
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    log = path.with_name(f"{path.name}-wal")
    assert said.encode() in path.read_bytes() + log.read_bytes()
    forget(db, arrival.person_id)
    for trace in (said.encode(), PHONE.encode()):
        assert trace not in path.read_bytes() + log.read_bytes()
    db.close()


def test_a_reader_does_not_keep_forgetting_from_working(sqlite_url: str) -> None:
    db = Database.open(sqlite_url)
    reader = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM people").fetchall()
    assert forget(db, 1) == []
    assert db.call(lambda c: c.exec_driver_sql("PRAGMA busy_timeout").scalar()) == 10_000
    reader.close()
    db.close()


def test_the_plan_stays_without_the_person(db: Database, resident: Resident) -> None:
    forget(db, resident.id)
    plan = resident.plan(resident.number)
    assert (plan.initiator, plan.phone, plan.may_call) == (None, "", False)
    assert (plan.title, plan.text) == ("Bankjes", "Meer bankjes in het park")
    (added,) = db.read(lambda conn: plans.additions(conn, plan.id))
    assert (added.text, added.recording_id) == ("En een tafel", None)
    (photo,) = db.read(lambda conn: photos.of_plan(conn, plan.id))
    assert (photo.id, photo.person_id, photo.inbox_id) == (resident.plan_photo, None, None)
    assert db.read(lambda conn: recordings.of_plan(conn, plan.id)) == []


def test_the_files_to_delete_are_those_that_nobody_needs(
    db: Database, resident: Resident, write: Write
) -> None:
    same = Resident(db, write, "whatsapp:+31600000001", "a")  # sent the very same files
    other = Resident(db, write, "whatsapp:+31600000002", "b")
    assert forget(db, resident.id) == []
    assert forget(db, other.id) == [other.name(n) for n in "123"]
    assert forget(db, same.id) == [resident.name(n) for n in "123"]


def test_others_are_left_alone(db: Database, resident: Resident, write: Write) -> None:
    other = Resident(db, write, "whatsapp:+31600000002", "b")
    before = db.read(lambda conn: people.facts(conn, other.id))
    tied = ties(db, other.id)
    forget(db, resident.id)
    assert db.read(lambda conn: people.facts(conn, other.id)) == before
    assert ties(db, other.id) == tied
    assert other.plan(other.number).phone == PHONE


def test_a_repeat_does_not_bring_the_person_back(
    db: Database, resident: Resident, now: int
) -> None:
    forget(db, resident.id)
    repeat = db.call(
        lambda conn: hot.arrive(
            conn,
            channel="whatsapp",
            provider_id="m1",
            address=ADDRESS,
            hint="",
            kind="text",
            body_json=SAID,
            now_ms=now,
        )
    )
    assert repeat is None


def test_who_writes_again_is_somebody_new(db: Database, resident: Resident, write: Write) -> None:
    forget(db, resident.id)
    again = write(ADDRESS, channel="whatsapp")
    assert again.new
    assert again.session_json == ""
    assert again.person_id > resident.id


def test_what_comes_after_does_not_bring_the_person_back(
    db: Database, resident: Resident, now: int
) -> None:
    """The step that forgot somebody still saves their session and settings."""

    def act(conn: hot.Connection) -> None:
        people.forget(conn, resident.id)
        hot.save(conn, resident.id, "menu.menu", SAID, 4, None, None, now)
        hot.set_person(conn, resident.id, "tr", True, True, now)
        people.set_state(conn, resident.id, "inactive")

    db.call(act)
    assert ties(db, resident.id) == set()
    person = db.read(lambda conn: conn.execute(select(people_rows)).one())
    assert (person.state, person.language) == ("forgotten", "")


def test_forgetting_twice_or_nobody_is_fine(db: Database, resident: Resident) -> None:
    forget(db, resident.id)
    assert forget(db, resident.id) == []
    assert forget(db, 404) == []


def test_a_repeat_from_two_sides_at_once(db: Database, resident: Resident, write: Write) -> None:
    """Somebody is forgotten while their next message comes in: it is a new person's, or gone."""
    futures = [db.submit(lambda conn: people.forget(conn, resident.id))]
    arrivals = [
        db.submit(
            lambda conn, n=n: hot.arrive(
                conn,
                channel="whatsapp",
                provider_id=f"late{n}",
                address=ADDRESS,
                hint="",
                kind="text",
                body_json=SAID,
                now_ms=1,
            )
        )
        for n in range(8)
    ]
    for future in (*futures, *arrivals):
        future.result(20)
    assert ties(db, resident.id) == set()
