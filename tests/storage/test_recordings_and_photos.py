"""Rows of voice notes and photos: once for each message, with what was heard."""

from __future__ import annotations

from collections.abc import Callable

from storage import hot, photos, recordings
from storage.db import Database

Write = Callable[..., hot.Arrival]


def new_recording(arrival: hot.Arrival) -> recordings.NewRecording:
    return recordings.NewRecording(
        person_id=arrival.person_id,
        inbox_id=arrival.inbox_id,
        name="0f.ogg",
        mime="audio/ogg",
        bytes=12_000,
        seconds=4.5,
    )


def new_photo(arrival: hot.Arrival) -> photos.NewPhoto:
    return photos.NewPhoto(
        person_id=arrival.person_id,
        inbox_id=arrival.inbox_id,
        name="0f.jpg",
        mime="image/jpeg",
        bytes=70_000,
        width=1600,
        height=1200,
    )


def test_a_recording_is_kept_with_what_was_heard(db: Database, write: Write, now: int) -> None:
    arrival = write(kind="voice")
    new = db.call(lambda conn: recordings.add(conn, new_recording(arrival), now))
    before = db.read(lambda conn: recordings.get(conn, new))
    assert before
    assert (before.transcript, before.seconds, before.bytes) == (None, 4.5, 12_000)

    heard = recordings.Heard(
        transcript="Bahçeye bank konsun",
        language="tr",
        verdict="unsure",
        seconds=4.61,
        speech_seconds=3.2,
        avg_logprob=-0.82,
        no_speech_prob=0.1,
        model="base",
    )
    db.call(lambda conn: recordings.transcribed(conn, new, heard))
    after = db.read(lambda conn: recordings.of_inbox(conn, arrival.inbox_id))
    assert after == recordings.Recording(
        id=new,
        person_id=arrival.person_id,
        plan_id=None,
        inbox_id=arrival.inbox_id,
        name="0f.ogg",
        mime="audio/ogg",
        bytes=12_000,
        seconds=4.61,
        speech_seconds=3.2,
        transcript="Bahçeye bank konsun",
        language="tr",
        verdict="unsure",
        avg_logprob=-0.82,
        no_speech_prob=0.1,
        model="base",
        created_at=now,
    )


def test_a_message_has_one_recording_and_one_photo(db: Database, write: Write, now: int) -> None:
    one, two = write(), write()
    for add, new in ((recordings.add, new_recording), (photos.add, new_photo)):
        ids = [db.call(lambda conn, a=a: add(conn, new(a), now)) for a in (one, one, two)]  # type: ignore[operator]  # noqa: B023
        assert ids[0] == ids[1] != ids[2]


def test_a_photo_comes_back_as_it_was(db: Database, write: Write, now: int) -> None:
    arrival = write(kind="photo")
    new = db.call(lambda conn: photos.add(conn, new_photo(arrival), now))
    assert db.read(lambda conn: photos.get(conn, new)) == photos.Photo(
        id=new,
        person_id=arrival.person_id,
        plan_id=None,
        inbox_id=arrival.inbox_id,
        name="0f.jpg",
        mime="image/jpeg",
        bytes=70_000,
        width=1600,
        height=1200,
        created_at=now,
    )


def test_what_is_not_there_is_none(db: Database) -> None:
    assert db.read(lambda conn: recordings.get(conn, 1)) is None
    assert db.read(lambda conn: recordings.of_inbox(conn, 1)) is None
    assert db.read(lambda conn: photos.get(conn, 1)) is None
