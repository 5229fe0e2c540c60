"""The voice notes, with what was heard in them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, select, update

from storage.dialects import Either
from storage.tables import recordings


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecording:
    """A voice note as it came: `name` in the media store, size in bytes."""

    person_id: int
    inbox_id: int | None
    name: str
    mime: str
    bytes: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the transcriber made of it; `seconds` is the length and `speech_seconds` of speech."""

    transcript: str
    language: str
    verdict: str
    seconds: float
    speech_seconds: float
    avg_logprob: float | None
    no_speech_prob: float | None
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A voice note; `transcript` is None until it is transcribed."""

    id: int
    person_id: int | None
    plan_id: int | None
    inbox_id: int | None
    name: str
    mime: str
    bytes: int
    seconds: float | None
    speech_seconds: float | None
    transcript: str | None
    language: str
    verdict: str
    avg_logprob: float | None
    no_speech_prob: float | None
    model: str
    created_at: int


def add(conn: Connection, recording: NewRecording, now_ms: int) -> int:
    """Stores a voice note; the same message again gives the same row id."""
    row = asdict(recording) | {"created_at": now_ms}
    new: int | None = conn.execute(_ADD.on(conn), row).scalar()
    if new is not None:
        return new
    again: int = conn.execute(_ID_OF_INBOX, {"message": recording.inbox_id}).scalar_one()
    return again


def transcribed(conn: Connection, recording_id: int, heard: Heard) -> None:
    """Stores what was heard."""
    values = {f"new_{name}": value for name, value in asdict(heard).items()}
    conn.execute(_TRANSCRIBED, {"recording": recording_id, **values})


def get(conn: Connection, recording_id: int) -> Recording | None:
    """The recording with this row id."""
    row = conn.execute(_GET, {"recording": recording_id}).one_or_none()
    return Recording(**row._mapping) if row else None


def of_inbox(conn: Connection, inbox_id: int) -> Recording | None:
    """The recording of a message."""
    row = conn.execute(_OF_INBOX, {"message": inbox_id}).one_or_none()
    return Recording(**row._mapping) if row else None


def of_plan(conn: Connection, plan_id: int) -> list[Recording]:
    """The recordings of a plan, in order."""
    return [Recording(**row._mapping) for row in conn.execute(_OF_PLAN, {"plan": plan_id})]


_ADD = Either(
    recordings,
    lambda insert: (
        insert.values(language="", verdict="", model="")
        .on_conflict_do_nothing(index_elements=["inbox_id"])
        .returning(recordings.c.id)
    ),
)
_TRANSCRIBED = (
    update(recordings)
    .where(recordings.c.id == bindparam("recording"))
    .values({name: bindparam(f"new_{name}") for name in Heard.__slots__})
)
_all = select(*(recordings.c[name] for name in Recording.__slots__))
_GET = _all.where(recordings.c.id == bindparam("recording"))
_OF_INBOX = _all.where(recordings.c.inbox_id == bindparam("message"))
_OF_PLAN = _all.where(recordings.c.plan_id == bindparam("plan")).order_by(recordings.c.id)
_ID_OF_INBOX = select(recordings.c.id).where(recordings.c.inbox_id == bindparam("message"))
