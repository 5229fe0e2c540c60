"""Plans: numbers, money, history, and what is linked to whom."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import insert

from storage import hot, photos, plans, recordings
from storage.db import Database
from storage.tables import rounds as round_rows

Write = Callable[..., hot.Arrival]


@pytest.fixture
def round_id(db: Database) -> int:
    return new_round(db, "one")


def new_round(db: Database, slug: str) -> int:
    row = {"slug": slug, "data": "{}", "active": True, "loaded_at": 0, "next_number": 1}
    made = insert(round_rows).returning(round_rows.c.id)
    return db.call(lambda conn: conn.execute(made, row).scalar_one())


def submit(db: Database, round_id: int, initiator: int, **fields: object) -> int:
    plan = plans.NewPlan(
        initiator=initiator,
        **{"title": "Bankjes", "text": "Meer bankjes in het park", "language": "nl", **fields},  # type: ignore[arg-type]
    )
    return db.call(lambda conn: plans.submit(conn, round_id, plan, 1_000))


def found(db: Database, round_id: int, number: int) -> plans.Plan:
    plan = db.read(lambda conn: plans.by_number(conn, round_id, number))
    assert plan
    return plan


def record(db: Database, arrival: hot.Arrival, name: str = "a.ogg") -> int:
    new = recordings.NewRecording(
        person_id=arrival.person_id,
        inbox_id=arrival.inbox_id,
        name=name,
        mime="audio/ogg",
        bytes=9,
    )
    return db.call(lambda conn: recordings.add(conn, new, 5))


def photograph(db: Database, arrival: hot.Arrival) -> int:
    new = photos.NewPhoto(
        person_id=arrival.person_id,
        inbox_id=arrival.inbox_id,
        name="a.jpg",
        mime="image/jpeg",
        bytes=9,
        width=4,
        height=3,
    )
    return db.call(lambda conn: photos.add(conn, new, 5))


def test_all_that_was_sent_in_is_kept(db: Database, round_id: int, write: Write) -> None:
    anna = write("anna").person_id
    number = submit(
        db,
        round_id,
        anna,
        area="noord",
        theme="groen",
        address="Rembrandtpark",
        lat=52.366,
        lng=4.846,
        cost=Decimal("1249.995"),
        who="together",
        may_call=True,
        phone="+31612345678",
        channel="whatsapp",
        by_voice=True,
    )
    plan = found(db, round_id, number)
    assert plan == plans.Plan(
        id=plan.id,
        round_id=round_id,
        number=1,
        initiator=anna,
        area="noord",
        theme="groen",
        title="Bankjes",
        text="Meer bankjes in het park",
        language="nl",
        address="Rembrandtpark",
        lat=52.366,
        lng=4.846,
        cost=Decimal("1250.00"),
        who="together",
        may_call=True,
        phone="+31612345678",
        channel="whatsapp",
        by_voice=True,
        status="submitted",
        created_at=1_000,
        updated_at=1_000,
    )
    assert db.read(lambda conn: plans.by_number(conn, round_id, 2)) is None
    assert db.read(lambda conn: plans.by_number(conn, round_id + 1, 1)) is None


def test_what_is_not_known_stays_unknown(db: Database, round_id: int, write: Write) -> None:
    plan = found(db, round_id, submit(db, round_id, write().person_id))
    assert (plan.area, plan.theme, plan.lat, plan.lng, plan.cost) == (None,) * 5


def test_each_round_counts_from_one(db: Database, round_id: int, write: Write) -> None:
    anna = write().person_id
    other = new_round(db, "two")
    assert [submit(db, round_id, anna) for _ in range(3)] == [1, 2, 3]
    assert submit(db, other, anna) == 1
    assert submit(db, round_id, anna) == 4


def test_numbers_have_no_gaps_or_doubles_at_once(db: Database, round_id: int, write: Write) -> None:
    anna = write().person_id

    def broken(conn: hot.Connection) -> None:
        new = plans.NewPlan(initiator=anna, title="", text="", language="nl")
        plans.submit(conn, round_id, new, 0)
        raise ZeroDivisionError

    with ThreadPoolExecutor(8) as threads:
        given = threads.map(lambda _: submit(db, round_id, anna), range(20))
        assert isinstance(db.submit(broken).exception(10), ZeroDivisionError)
        assert sorted(given) == list(range(1, 21))
    everything = db.read(lambda conn: plans.of_round(conn, round_id))
    assert [plan.number for plan in everything] == list(range(1, 21))


def test_a_round_that_is_not_there_takes_no_plan(db: Database, round_id: int, write: Write) -> None:
    with pytest.raises(LookupError):
        submit(db, round_id + 1, write().person_id)


def test_each_sees_their_own(db: Database, round_id: int, write: Write) -> None:
    anna, bert = write("anna").person_id, write("bert").person_id
    submit(db, round_id, anna)
    submit(db, round_id, bert)
    third = found(db, round_id, submit(db, round_id, anna))
    mine = db.read(lambda conn: plans.of_person(conn, round_id, anna))
    assert [plan.number for plan in mine] == [1, 3]
    assert db.read(lambda conn: plans.count_of_person(conn, round_id, anna)) == 2
    db.call(
        lambda conn: plans.set_status(conn, third.id, "submitted", "withdrawn", "initiator", "", 9)
    )
    assert db.read(lambda conn: plans.count_of_person(conn, round_id, anna)) == 1
    assert len(db.read(lambda conn: plans.of_person(conn, round_id, anna))) == 2
    assert db.read(lambda conn: plans.count_of_person(conn, round_id + 1, anna)) == 0


def test_a_status_changes_only_from_what_it_was(db: Database, round_id: int, write: Write) -> None:
    plan = found(db, round_id, submit(db, round_id, write().person_id))

    def move(before: str, after: str, at: int) -> bool:
        return db.call(
            lambda conn: plans.set_status(conn, plan.id, before, after, "coordinator", "goed", at)
        )

    assert move("submitted", "assessing", 2_000)
    assert not move("submitted", "declined", 3_000)
    assert move("assessing", "admitted", 4_000)
    after = found(db, round_id, plan.number)
    assert (after.status, after.created_at, after.updated_at) == ("admitted", 1_000, 4_000)
    assert db.read(lambda conn: plans.history(conn, plan.id)) == [
        plans.Change(1_000, "initiator", "", "submitted", ""),
        plans.Change(2_000, "coordinator", "submitted", "assessing", "goed"),
        plans.Change(4_000, "coordinator", "assessing", "admitted", "goed"),
    ]


def test_of_many_who_change_a_status_at_once_one_does(
    db: Database, round_id: int, write: Write
) -> None:
    plan = found(db, round_id, submit(db, round_id, write().person_id))
    futures = [
        db.submit(
            lambda conn, n=n: plans.set_status(
                conn, plan.id, "submitted", "assessing", f"c{n}", "", n
            )
        )
        for n in range(8)
    ]
    assert [f.result(10) for f in futures].count(True) == 1
    assert len(db.read(lambda conn: plans.history(conn, plan.id))) == 2


def test_recordings_and_photos_go_with_the_plan(db: Database, round_id: int, write: Write) -> None:
    voices = [record(db, write("anna", kind="voice")) for _ in range(2)]
    picture = photograph(db, write("anna", kind="photo"))
    anna = write("anna").person_id
    number = submit(db, round_id, anna, recordings=voices, photos=[picture])
    plan = found(db, round_id, number)
    kept = db.read(lambda conn: recordings.of_plan(conn, plan.id))
    assert [recording.id for recording in kept] == voices
    assert [photo.id for photo in db.read(lambda conn: photos.of_plan(conn, plan.id))] == [picture]


def test_nobody_takes_somebody_elses_recording_or_photo(
    db: Database, round_id: int, write: Write
) -> None:
    voice, picture = record(db, write("bert")), photograph(db, write("bert"))
    anna = write("anna").person_id
    plan = found(db, round_id, submit(db, round_id, anna, recordings=[voice], photos=[picture]))
    db.call(lambda conn: plans.add_photo(conn, plan.id, picture, 9))
    assert db.read(lambda conn: recordings.of_plan(conn, plan.id)) == []
    assert db.read(lambda conn: photos.of_plan(conn, plan.id)) == []


def test_a_recording_stays_with_its_first_plan(db: Database, round_id: int, write: Write) -> None:
    arrival = write("anna")
    voice = record(db, arrival)
    first, second = (
        found(db, round_id, submit(db, round_id, arrival.person_id, recordings=[voice]))
        for _ in range(2)
    )
    assert len(db.read(lambda conn: recordings.of_plan(conn, first.id))) == 1
    assert db.read(lambda conn: recordings.of_plan(conn, second.id)) == []


def test_words_and_photos_can_be_added(db: Database, round_id: int, write: Write) -> None:
    arrival = write("anna", kind="voice")
    voice, picture = record(db, arrival), photograph(db, write("anna"))
    plan = found(db, round_id, submit(db, round_id, arrival.person_id))
    db.call(lambda conn: plans.add_text(conn, plan.id, "En een tafel", "nl", None, 2_000))
    db.call(lambda conn: plans.add_text(conn, plan.id, "ve bir masa", "tr", voice, 3_000))
    db.call(lambda conn: plans.add_photo(conn, plan.id, picture, 4_000))
    assert db.read(lambda conn: plans.additions(conn, plan.id)) == [
        plans.Addition(2_000, "En een tafel", "nl", None),
        plans.Addition(3_000, "ve bir masa", "tr", voice),
    ]
    assert [r.id for r in db.read(lambda conn: recordings.of_plan(conn, plan.id))] == [voice]
    assert [p.id for p in db.read(lambda conn: photos.of_plan(conn, plan.id))] == [picture]
    assert found(db, round_id, plan.number).updated_at == 4_000
    assert found(db, round_id, plan.number).text == "Meer bankjes in het park"
