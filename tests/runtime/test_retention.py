"""What is kept how long, by a clock of our own; and that being forgotten leaves the vote whole."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection, func, insert, select, update

from bot.session import RESTING, Session
from civic.plans import Status
from civic.rounds import AMSTERDAM, Round
from runtime.config import Settings
from runtime.jobs import EmbeddedJobs
from runtime.retention import DAY_MS, PEOPLE, Retention, end_ms
from storage import help as help_requests
from storage import hot, outbox, photos, plans, recordings, retention
from storage.call_tables import calls
from storage.console_tables import console_audit, console_sessions, console_users
from storage.db import Database
from storage.export_tables import exports_made
from storage.life_tables import contacts
from storage.media import MediaStore
from storage.plan_work_tables import plan_edits, transcript_versions
from storage.schema import metadata
from storage.tables import addresses, jobs
from storage.tables import help_requests as help_rows
from storage.tables import inbox as inbox_rows
from storage.tables import outbox as outbox_rows
from storage.tables import people as people_rows
from storage.tables import photos as photo_rows
from storage.tables import plans as plan_rows
from storage.tables import recordings as recording_rows
from storage.tables import sessions as session_rows
from storage.vote_tables import passes_used
from tests.storage.living import NOON, Living
from tests.storage.living import ROUND as LONG_AGO

PEPPER = b"a pepper that only these tests know"
SAID = "mijn oma woont op nummer drie"


def moved(round_: Round, days: int) -> Round:
    """The round so many days later."""
    by = timedelta(days=days)
    phases = (replace(p, start=p.start + by, end=p.end + by) for p in round_.phases)
    return replace(round_, phases=tuple(phases))


ROUND = moved(LONG_AGO, 1826)  # ends some months after NOON
assert end_ms(ROUND) > NOON + 200 * DAY_MS


@dataclass
class World:
    """A round with people in it, and the clock."""

    db: Database
    living: Living
    store: MediaStore
    retention: Retention
    now: int = NOON

    def run(self, at: int) -> dict[str, int]:
        self.now = at
        return asyncio.run(self.retention.run())

    def rows(self, query: object) -> list[tuple[object, ...]]:
        return [tuple(row) for row in self.db.read(lambda conn: conn.execute(query).all())]  # type: ignore[call-overload]

    def count(self, table: object) -> int:
        return int(self.rows(select(func.count()).select_from(table))[0][0])  # type: ignore[arg-type, call-overload]

    def wrote(self, person: int, at: int, body: str = SAID) -> None:
        """A message of theirs at that moment, and an answer to it."""

        def work(conn: Connection) -> None:
            known = conn.execute(select(addresses).where(addresses.c.person_id == person)).one()
            arrived = hot.arrive(
                conn,
                channel=known.channel,
                provider_id=f"{person}-{at}",
                address=known.address,
                hint="",
                kind="text",
                body_json=json.dumps({"text": body}),
                now_ms=at,
            )
            assert arrived
            outbox.put(conn, person, known.channel, known.address, [f"wij: {body}"], "reply", at)

        self.db.call(work)

    def sent(self, person: int, at: int) -> None:
        row = self.db.call(lambda conn: outbox.claim(conn, person, at))
        assert row
        self.db.call(lambda conn: outbox.sent(conn, row.id, f"SM{row.id}", at))

    def voice(self, person: int, plan: int | None, at: int) -> str:
        """A recording of theirs, corrected once; its file's name."""
        name = self.store.put(f"voice {person} {plan} {at}".encode(), ".ogg")
        new = recordings.NewRecording(
            person_id=person, inbox_id=None, name=name, mime="audio/ogg", bytes=9
        )

        def work(conn: Connection) -> None:
            row = recordings.add(conn, new, at)
            mine = update(recording_rows).where(recording_rows.c.id == row)
            conn.execute(mine.values(plan_id=plan, transcript=SAID))
            version = {"recording_id": row, "at": at, "actor": "anna", "text": SAID}
            conn.execute(insert(transcript_versions), version)

        self.db.call(work)
        return name

    def photo(self, person: int, plan: int | None, at: int) -> str:
        name = self.store.put(f"photo {person} {plan} {at}".encode(), ".jpg")
        new = photos.NewPhoto(
            person_id=person,
            inbox_id=None,
            name=name,
            mime="image/jpeg",
            bytes=9,
            width=1,
            height=1,
        )
        self.db.call(lambda conn: photos.add(conn, new, at, plan_id=plan))
        return name

    def state(self, person: int) -> str:
        query = select(people_rows.c.state).where(people_rows.c.id == person)
        return str(self.rows(query)[0][0])


@pytest.fixture
def world(db: Database, tmp_path: Path) -> World:
    store = MediaStore(f"file://{tmp_path}/media")
    settings = Settings(database_url="sqlite:///unused.db")
    made = World(db, Living(db, ROUND), store, None)  # type: ignore[arg-type]
    queue = EmbeddedJobs(db, AsyncIOScheduler())
    made.retention = Retention(db, store, queue, settings, PEPPER, lambda: made.now)
    return made


def day(n: float) -> int:
    return round(n * DAY_MS)


# --- messages -----------------------------------------------------------------------------------


def test_messages_are_blanked_after_ninety_days(world: World) -> None:
    anna = world.living.person()
    for at in (NOON, NOON + day(10), NOON + day(89)):
        world.wrote(anna, at)
    world.sent(anna, NOON)
    world.run(NOON + day(89.5))
    assert all(row[0] for row in world.rows(select(inbox_rows.c.body)))
    world.run(NOON + day(90) + 1)
    bodies = [row[0] for row in world.rows(select(inbox_rows.c.body).order_by(inbox_rows.c.id))]
    assert [bool(body) for body in bodies] == [False, False, True, True]  # the first: who they are
    found = world.rows(
        select(outbox_rows.c.body, outbox_rows.c.address, outbox_rows.c.state).order_by(
            outbox_rows.c.id
        )
    )
    assert found[0] == ("", "", "sent")
    assert found[1][0]
    assert found[1][2] == "queued"
    world.run(NOON + day(200))
    found = world.rows(select(outbox_rows.c.body, outbox_rows.c.state, outbox_rows.c.reason))
    assert found[1:] == [("", "failed", retention.EXPIRED)] * 2
    assert {row[0] for row in world.rows(select(inbox_rows.c.body))} == {""}
    assert world.count(inbox_rows) == 4  # that they wrote stays, so that a repeat is known


def test_a_second_run_finds_nothing_to_do(world: World) -> None:
    anna = world.living.person()
    world.wrote(anna, NOON)
    assert world.run(NOON + day(100))["messages"] > 0
    assert set(world.run(NOON + day(100)).values()) == {0}


def test_more_than_one_part_is_done_in_one_night(world: World) -> None:
    anna = world.living.person()
    for n in range(1100):
        world.wrote(anna, NOON + n)
    assert world.run(NOON + day(100))["messages"] == 2 * 1100 + 1


def test_what_was_interrupted_is_done_the_next_time(world: World) -> None:
    anna = world.living.person()
    for n in range(30):
        world.wrote(anna, NOON + n)
    before = NOON + day(1)
    assert world.db.call(lambda conn: retention.blank_inbox(conn, before, 7)) == 7
    with pytest.raises(RuntimeError):
        world.db.call(lambda conn: (retention.blank_inbox(conn, before, 7), _break()))
    assert len([1 for row in world.rows(select(inbox_rows.c.body)) if row[0]]) == 31 - 7
    world.run(NOON + day(100))
    assert {row[0] for row in world.rows(select(inbox_rows.c.body))} == {""}


def _break() -> None:
    raise RuntimeError


def test_a_draft_of_who_was_silent_is_gone_and_their_choices_are_not(world: World) -> None:
    anna, bob = world.living.person(), world.living.person()
    session = Session(
        state="submit_plan.text", language="tr", sound=True, consent=True, revision=4,
        answers={"text": SAID}, trail=("submit_plan.begin",),
    )  # fmt: skip
    for person, at in ((anna, NOON), (bob, NOON + day(50))):
        data = session.to_json()
        world.db.call(lambda c, p=person, d=data, t=at: hot.save(c, p, "x", d, 4, "rest", t + 9, t))
    assert world.run(NOON + day(100))["sessions"] == 1
    loaded = {p: world.db.call(lambda c, p=p: hot.load(c, p)) for p in (anna, bob)}
    assert loaded[anna]
    assert loaded[bob]
    kept = Session.from_json(loaded[anna].session_json)
    assert kept == Session(state=RESTING, language="tr", sound=True, consent=True, revision=5)
    assert loaded[anna].timer_at is None
    assert Session.from_json(loaded[bob].session_json) == session
    assert SAID not in repr(
        world.rows(select(session_rows).where(session_rows.c.person_id == anna))
    )


# --- people -------------------------------------------------------------------------------------


def test_who_never_said_yes_is_forgotten_after_thirty_days(world: World) -> None:
    silent = world.living.person("+31611111111", "sms", consent_at=None)
    writing = world.living.person(consent_at=None)
    waiting = world.living.person(consent_at=None)
    said_yes = world.living.person()
    world.wrote(writing, NOON + day(20))
    world.db.call(lambda c: help_requests.ask(c, waiting, "call", "+31", "", None, NOON, NOON))
    world.run(NOON + day(29))
    assert world.state(silent) == "active"
    assert world.run(NOON + day(31))["people"] == 1
    assert world.state(silent) == "forgotten"
    assert {world.state(p) for p in (writing, waiting, said_yes)} == {"active"}
    assert "611111111" not in repr(world.rows(select(addresses)))


def test_many_are_forgotten_in_one_night(world: World) -> None:
    for _ in range(PEOPLE * 2 + 3):
        world.living.person(consent_at=None)
    assert world.run(NOON + day(31))["people"] == PEOPLE * 2 + 3


def test_when_a_round_is_long_over_its_people_are_forgotten(world: World) -> None:
    """And not before; nor who still takes part in a round that is not over."""
    months = ROUND.keeper.months_plans
    over = end_ms(ROUND, months)
    anna, bob, carla = world.living.people(3)
    old = world.living.plan(anna, phone="+31612345678", may_call=True)
    later = replace(moved(ROUND, 3650), id="later")
    living = Living(world.db, later)
    living.plan(bob)
    world.wrote(carla, over - day(1))
    world.run(over - 1)
    assert world.state(anna) == "active"
    did = world.run(over)
    assert [world.state(p) for p in (anna, bob, carla)] == ["forgotten", "active", "active"]
    assert did["people"] == 1
    plan = world.db.read(lambda c: plans.by_id(c, old.id))
    assert plan
    assert (plan.number, plan.title, plan.text) == (old.number, old.title, old.text)
    assert (plan.initiator, plan.phone, plan.may_call) == (None, "", False)


# --- recordings, photos, plans ------------------------------------------------------------------


def test_recordings_and_photos_go_when_the_round_file_says(world: World) -> None:
    anna = world.living.person()
    plan = world.living.plan(anna, Status.CHOSEN)
    voice, photo = world.voice(anna, plan.id, NOON), world.photo(anna, plan.id, NOON)
    voices, all_ = (ROUND.keeper.months_recordings, ROUND.keeper.months_plans)
    assert 0 < voices <= all_
    world.run(end_ms(ROUND, voices) - 1)
    assert world.store.exists(voice)
    assert world.count(transcript_versions) == 1
    world.run(end_ms(ROUND, voices))
    assert not world.store.exists(voice)
    assert (world.count(recording_rows), world.count(transcript_versions)) == (0, 0)
    if voices < all_:
        assert world.store.exists(photo)
    world.run(end_ms(ROUND, all_))
    assert not world.store.exists(photo)
    assert world.count(photo_rows) == 0


def test_loose_ones_go_with_the_messages_unless_somebody_is_to_listen(world: World) -> None:
    anna = world.living.person()
    loose, asked, same = (world.voice(anna, None, NOON + n) for n in range(3))
    photo = world.photo(anna, None, NOON)
    shared = world.voice(anna, world.living.plan(anna).id, NOON + 2)
    world.db.call(
        lambda c: c.execute(
            update(recording_rows).where(recording_rows.c.name == shared).values(name=same)
        )
    )
    row = world.rows(select(recording_rows.c.id).where(recording_rows.c.name == asked))[0][0]
    world.db.call(lambda c: help_requests.ask(c, anna, "listen", "", "", int(str(row)), NOON, NOON))
    assert world.run(NOON + day(91))["files"] == 3
    assert [world.store.exists(name) for name in (loose, asked, same, photo)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_what_is_public_of_a_plan_and_all_of_the_vote_stay(world: World) -> None:
    """Every rule at once, years later: the tables that nobody may touch are as they were."""
    anna = world.living.person()
    plan = world.living.plan(anna, Status.CHOSEN)
    edit = {"plan_id": plan.id, "at": NOON, "actor": "b", "field": "text", "before": SAID,
            "after": "x", "reason": "r"}  # fmt: skip
    official = {"plan_id": plan.id, "name": "N", "phone": "1", "email": "e", "at": NOON}
    world.db.call(lambda c: c.execute(insert(plan_edits), edit))
    world.db.call(lambda c: c.execute(insert(contacts), official))
    used = {"round_id": world.living.round_id, "person_id": anna, "count": 2}
    world.db.call(lambda c: c.execute(insert(passes_used), used))
    public = select(plan_rows.c.number, plan_rows.c.title, plan_rows.c.text, plan_rows.c.status)
    untouched = ("envelopes", "stempassen", "stempas_batches", "turnout", "elections", "chain",
                 "tie_decisions", "count_files", "published_files", "plan_history")  # fmt: skip
    before = {name: world.rows(select(metadata.tables[name])) for name in untouched}
    told = world.rows(public)
    world.run(end_ms(ROUND, ROUND.keeper.months_plans) + day(4000))
    assert world.rows(public) == told
    assert {name: world.rows(select(metadata.tables[name])) for name in untouched} == before
    assert (world.count(contacts), world.count(passes_used)) == (0, 0)
    assert SAID not in repr([world.rows(select(table)) for table in metadata.sorted_tables])


# --- what else there is -------------------------------------------------------------------------


def test_old_rows_of_the_console_go(world: World) -> None:
    def work(conn: Connection) -> None:
        user = {"name": "anna", "role": "coordinator", "must_change": False, "language": "nl",
                "demo": False, "active": True, "created_at": NOON}  # fmt: skip
        conn.execute(insert(console_users), user)
        old = {"hash": "h", "user_id": 1, "complete": True, "browser": "", "created_at": NOON,
               "seen_at": NOON}  # fmt: skip
        conn.execute(insert(console_sessions), old)
        seen = [{"at": NOON + day(n), "user_id": 1, "kind": "plan", "ref": 1} for n in (0, 500)]
        conn.execute(insert(console_audit), seen)
        made = {"round_id": world.living.round_id, "state": "done", "reason": "", "attempts": 1,
                "due_at": NOON, "folder": "f", "files": "[]", "counts": "{}"}  # fmt: skip
        conn.execute(insert(exports_made), [{**made, "created_at": NOON + n} for n in range(3)])
        conn.execute(insert(calls), {"sid": "CA1", "n": 3, "kept": "", "at": NOON})
        dead = {"task": "deliver", "ref": 1, "key": "k", "due_at": NOON, "state": "dead",
                "attempts": 9, "worker": "", "reason": "X", "created_at": NOON}  # fmt: skip
        conn.execute(insert(jobs), dead)

    world.db.call(work)
    anna = world.living.person()
    world.db.call(lambda c: help_requests.ask(c, anna, "message", "", SAID, None, NOON, NOON))
    world.db.call(lambda c: help_requests.done(c, 1))
    world.run(NOON + day(0.6))
    assert world.count(console_sessions) == 0  # nobody signed in meanwhile
    assert world.count(help_rows) == 1
    world.run(NOON + day(91))
    assert [world.count(t) for t in (help_rows, calls, jobs)] == [0, 0, 0]
    assert (world.count(console_audit), world.count(exports_made)) == (2, 3)
    world.run(NOON + day(731))
    assert world.rows(select(console_audit.c.at)) == [(NOON + day(500),)]
    assert world.rows(select(exports_made.c.id)) == [(3,)]  # the next one asks what it had


def test_it_runs_once_a_day_and_in_the_night(world: World) -> None:
    ran = []

    async def noted() -> dict[str, int]:
        ran.append(world.now)
        return {}

    world.retention.run = noted  # type: ignore[method-assign]
    begin = round(datetime(2026, 10, 24, 12, tzinfo=AMSTERDAM).timestamp() * 1000)
    for half_hour in range(4 * 48):  # the clocks go back in the second night
        world.now = begin + half_hour * 1_800_000
        asyncio.run(world.retention.once_a_day())
    hours = [datetime.fromtimestamp(at / 1000, AMSTERDAM).hour for at in ran]
    assert hours == [12, 3, 3, 3, 3]


def test_the_end_of_a_round_by_months() -> None:
    """After the last day, in Amsterdam, also over the end of a year and of a short month."""
    last = replace(ROUND.phases[-1], end=datetime(2026, 8, 30).date())
    round_ = replace(ROUND, phases=(last,))
    at = [datetime.fromtimestamp(end_ms(round_, n) / 1000, AMSTERDAM) for n in (0, 1, 5, 6)]
    assert [each.isoformat()[:16] for each in at] == [
        "2026-08-31T00:00", "2026-09-30T00:00", "2027-01-31T00:00", "2027-02-28T00:00",
    ]  # fmt: skip
