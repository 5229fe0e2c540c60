"""What one person and we said to each other, for a person who has to answer them.

What is secret is never opened here: of a message in a vote there is only that it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    bindparam,
    func,
    literal,
    select,
    union_all,
)

from storage.conditions import is_done, is_open
from storage.tables import addresses, inbox, outbox, people, photos, recordings, sessions
from storage.vault import is_sealed

OFFERED_BEFORE = 10  # messages earlier, in which what was tapped may have been offered


@dataclass(frozen=True, slots=True)
class Line:
    """One message, theirs or ours; times in milliseconds.

    kind: text | choice | voice | photo | location | unsupported, or of ours reply | notice |
    campaign. `hidden`: nothing of it was kept, or it is secret. `text` is what was written, or the
    label of the choice that was tapped; `choices` are the labels that were offered. `recording`
    and `photo` are row ids; `transcript` is None until it is heard. `state`, `status` and `reason`
    tell what became of ours.
    """

    id: int
    ours: bool
    at: int
    channel: str
    kind: str
    text: str = ""
    hidden: bool = False
    choices: tuple[str, ...] = ()
    recording: int | None = None
    transcript: str | None = None
    language: str = ""
    photo: int | None = None
    place: tuple[float, float] | None = None
    state: str = ""
    status: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom one talks to; `last_in_at` is when they last wrote from where they are now."""

    id: int
    language: str
    sound: bool
    state: str
    channel: str
    last_in_at: int | None


def contact(conn: Connection, person_id: int) -> Contact | None:
    """The person; None when there is nobody, or they are forgotten."""
    row = conn.execute(_CONTACT, {"person": person_id}).one_or_none()
    return Contact(*row) if row else None


def lines(conn: Connection, person_id: int, offset: int, limit: int) -> tuple[list[Line], int]:
    """The latest messages both ways but for the last `offset`, the oldest first; and how many
    there are in all."""
    where = {"person": person_id, "most": limit + OFFERED_BEFORE, "skip": offset}
    rows = conn.execute(_ORDER, where).all()
    total = int(conn.execute(_COUNT, {"person": person_id}).scalar_one())
    theirs = _found(conn, _THEIRS, [row.id for row in rows if not row.ours])
    ours = _found(conn, _OURS, [row.id for row in rows if row.ours])
    labels = _labels(ours.values())
    found = [
        _our_line(ours[row.id]) if row.ours else _their_line(theirs[row.id], labels)
        for row in reversed(rows[:limit])
    ]
    return found, total


def _found(conn: Connection, query: Select[Any], ids: Sequence[int]) -> dict[int, Any]:
    return {row.id: row for row in conn.execute(query, {"those": ids})}


def _labels(rows: Iterable[Any]) -> dict[str, str]:
    """The label of each choice that these messages of ours offered, by its id."""
    told = (_read(row.body) for row in rows if not row.secret)
    buttons = (button for each in told if each for button in each.get("buttons", ()))
    return {str(button["id"]): str(button["label"]) for button in buttons}


def _their_line(row: Any, labels: Mapping[str, str]) -> Line:
    line = Line(
        row.id, False, row.received_at, row.channel, row.kind,
        recording=row.recording, transcript=row.transcript, language=row.language or "",
        photo=row.photo,
    )  # fmt: skip
    told = _read(row.body)
    if told is None:
        return replace(line, hidden=True)
    place = told.get("location")
    tapped = labels.get(str(told.get("choice")), "") if row.kind == "choice" else ""
    text = tapped or str(told.get("text") or "")
    return replace(line, text=text, place=tuple(place) if place else None)


def _our_line(row: Any) -> Line:
    line = Line(
        row.id, True, row.created_at, row.channel, row.kind,
        state=row.state, status=row.status, reason=row.reason,
    )  # fmt: skip
    told = None if row.secret else _read(row.body)
    if told is None:
        return replace(line, hidden=True)
    # Numbered choices stand in the text already.
    shown = told.get("buttons", ()) if told.get("style") != "numbers" else ()
    choices = tuple(str(button["label"]) for button in shown)
    return replace(line, text=str(told.get("text") or ""), choices=choices)


def _read(body: str) -> dict[str, Any] | None:
    """The message; None when nothing of it was kept, or it must not be opened."""
    if not body or is_sealed(body):
        return None
    try:
        told = json.loads(body)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


_person: BindParameter[int] = bindparam("person")
_CONTACT = (
    select(
        people.c.id,
        people.c.language,
        people.c.sound,
        people.c.state,
        func.coalesce(addresses.c.channel, ""),
        addresses.c.last_in_at,
    )
    .select_from(
        people.outerjoin(sessions, sessions.c.person_id == people.c.id).outerjoin(
            addresses, addresses.c.id == sessions.c.address_id
        )
    )
    .where(people.c.id == _person, people.c.state != "forgotten")
)
# Both halves of the inbox, each by its own index; the outbox by the addresses of the person.
_in = [
    select(inbox.c.id, literal(False).label("ours"), inbox.c.received_at.label("at")).where(
        inbox.c.person_id == _person, part
    )
    for part in (is_done(inbox), is_open(inbox))
]
_out = [
    select(outbox.c.id, literal(True).label("ours"), outbox.c.created_at.label("at"))
    .join_from(whose, outbox, on)
    .where(whose_id == _person, outbox.c.person_id == _person)
    for whose, whose_id, on in (
        (
            addresses,
            addresses.c.person_id,
            (outbox.c.channel == addresses.c.channel) & (outbox.c.address == addresses.c.address),
        ),
        # A text message where nothing else reached them; not what the line above has found.
        (
            people,
            people.c.id,
            (outbox.c.channel == "sms")
            & (outbox.c.address == people.c.sms_number)
            & ~select(literal(1))
            .where(
                addresses.c.person_id == people.c.id,
                addresses.c.channel == "sms",
                addresses.c.address == people.c.sms_number,
            )
            .exists(),
        ),
    )
]
_all = union_all(*_in, *_out).subquery()
_ORDER = (
    select(_all.c.id, _all.c.ours, _all.c.at)
    .order_by(_all.c.at.desc(), _all.c.ours.desc(), _all.c.id.desc())
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
_COUNT = select(func.count()).select_from(_all)
_those: BindParameter[list[int]] = bindparam("those", expanding=True)
_THEIRS = (
    select(
        inbox.c.id,
        inbox.c.channel,
        inbox.c.kind,
        inbox.c.body,
        inbox.c.received_at,
        recordings.c.id.label("recording"),
        recordings.c.transcript,
        recordings.c.language,
        photos.c.id.label("photo"),
    )
    .select_from(
        inbox.outerjoin(recordings, recordings.c.inbox_id == inbox.c.id).outerjoin(
            photos, photos.c.inbox_id == inbox.c.id
        )
    )
    .where(inbox.c.id.in_(_those))
)
_OURS = select(
    outbox.c.id,
    outbox.c.channel,
    outbox.c.kind,
    outbox.c.body,
    outbox.c.secret,
    outbox.c.created_at,
    outbox.c.state,
    outbox.c.status,
    outbox.c.reason,
).where(outbox.c.id.in_(_those))
