"""The photos that people send with their plans."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, select

from storage.dialects import Either
from storage.tables import photos


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPhoto:
    """A photo, already turned upright and without its metadata; sizes in bytes and pixels."""

    person_id: int | None
    inbox_id: int | None
    name: str
    mime: str
    bytes: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo as it is kept; person and message are None once forgotten."""

    id: int
    person_id: int | None
    plan_id: int | None
    inbox_id: int | None
    name: str
    mime: str
    bytes: int
    width: int
    height: int
    created_at: int


def add(conn: Connection, photo: NewPhoto, now_ms: int, *, plan_id: int | None = None) -> int:
    """Stores a photo; the same message again gives the same row id.

    `plan_id`: of a plan that a coordinator enters, whose photos are nobody's.
    """
    row = asdict(photo) | {"created_at": now_ms, "plan_id": plan_id}
    new: int | None = conn.execute(_ADD.on(conn), row).scalar()
    if new is not None:
        return new
    again: int = conn.execute(_ID_OF_INBOX, {"message": photo.inbox_id}).scalar_one()
    return again


def get(conn: Connection, photo_id: int) -> Photo | None:
    """The photo with this row id."""
    row = conn.execute(_GET, {"photo": photo_id}).one_or_none()
    return Photo(**row._mapping) if row else None


def of_plan(conn: Connection, plan_id: int) -> list[Photo]:
    """The photos of a plan, in order."""
    return [Photo(**row._mapping) for row in conn.execute(_OF_PLAN, {"plan": plan_id})]


_ADD = Either(
    photos,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["inbox_id"]).returning(
        photos.c.id
    ),
)
_all = select(*(photos.c[name] for name in Photo.__slots__))
_GET = _all.where(photos.c.id == bindparam("photo"))
_OF_PLAN = _all.where(photos.c.plan_id == bindparam("plan")).order_by(photos.c.id)
_ID_OF_INBOX = select(photos.c.id).where(photos.c.inbox_id == bindparam("message"))
