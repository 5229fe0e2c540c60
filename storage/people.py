"""People: what we know of someone, and how to forget it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    bindparam,
    delete,
    func,
    select,
    tuple_,
    update,
)

from storage import attempts
from storage.conditions import is_done, is_open
from storage.entered_tables import entered
from storage.life_tables import follows, news_told, supports
from storage.plan_work_tables import plan_edits
from storage.sqlite import truncate_log
from storage.tables import (
    addresses,
    help_requests,
    inbox,
    outbox,
    people,
    photos,
    plan_texts,
    plans,
    recordings,
    sessions,
)
from storage.takeover_tables import help_calls, takeovers
from storage.vote_tables import code_checks, passes_used


@dataclass(frozen=True, slots=True)
class Facts:
    """What is kept about one person, in numbers; times in milliseconds."""

    language: str
    since: int
    consent_at: int | None
    last_in_at: int
    channels: tuple[str, ...]
    messages: int
    plans: int
    recordings: int
    photos: int
    help_requests: int


def facts(conn: Connection, person_id: int) -> Facts | None:
    """What we know of someone; None when they are forgotten."""
    me = {"person": person_id}
    person = conn.execute(_PERSON, me).one_or_none()
    if person is None:
        return None
    contacts = conn.execute(_CONTACTS, me).all()
    return Facts(
        person.language,
        person.created_at,
        person.consent_at,
        max((row.last_in_at for row in contacts), default=0),
        tuple(row.channel for row in contacts),
        *conn.execute(_COUNTS, me).one(),
    )


def set_state(conn: Connection, person_id: int, state: str) -> None:
    """`active`, or `inactive` for who cannot or does not want to be reached.

    Whoever writes to us becomes active again by that: see `hot.arrive`.
    """
    conn.execute(_SET_STATE, {"person": person_id, "to": state})


def blocked(conn: Connection, channel: str, address: str) -> None:
    """Whoever has this address does not want to be reached: they are inactive from now on."""
    conn.execute(_BLOCKED, {"on": channel, "who": address})


def allow_sms(conn: Connection, person_id: int, number: str | None) -> None:
    """Where we may send a text message (`+31…`) when nothing else reaches them; None: nowhere."""
    conn.execute(_ALLOW_SMS, {"person": person_id, "to": number})


def sms_number(conn: Connection, person_id: int) -> str | None:
    """What was allowed by `allow_sms`."""
    number: str | None = conn.scalar(_SMS_NUMBER, {"person": person_id})
    return number


def no_sms(conn: Connection, person_id: int, number: str) -> None:
    """This number takes no text messages from us any more."""
    conn.execute(_NO_SMS, {"person": person_id, "gone": number})


def forget(conn: Connection, person_id: int, key: bytes = b"") -> list[str]:
    """Removes all that ties to the person; returns the media to delete after the commit.

    Their plans stay, without initiator, phone and recordings, with the photos. That a message
    came is kept without what it said, so that a repeat does not bring the person back. A later
    message of the same address is a new person's.
    A goodbye that is put into the outbox afterwards is blanked when it is sent.
    `key` is the pepper: with it, wrong codes count on against the address until their day is over.
    """
    me = {"person": person_id}
    conn.execute(_LOCK, me)
    if key:
        whos = [address_hash(key, *row) for row in conn.execute(_my_addresses, me)]
        attempts.keep_wrong(conn, person_id, whos)
    names = set(conn.scalars(_MEDIA, me))
    for statement in _FORGET:
        conn.execute(statement, me)
    truncate_log(conn)
    return sorted(names - set(conn.scalars(_STILL_USED, {"names": list(names)})))


def address_hash(key: bytes, channel: str, address: str) -> str:
    """By what wrong codes are known whose person is forgotten; says nothing without the key."""
    what = "\0".join(("forgotten", channel, address)).encode("utf-8", "replace")
    return hmac.digest(key, what, "sha256").hex()


def _count(table: Table, *where: ColumnElement[bool], column: str = "person_id") -> Any:
    mine = table.c[column] == bindparam("person")
    return select(func.count()).select_from(table).where(mine, *where).scalar_subquery()


_PERSON = select(people).where(people.c.id == bindparam("person"), people.c.state != "forgotten")
_CONTACTS = (
    select(addresses.c.channel, addresses.c.last_in_at)
    .where(addresses.c.person_id == bindparam("person"))
    .order_by(addresses.c.id)
)
_COUNTS = select(
    _count(inbox, is_done(inbox)) + _count(inbox, is_open(inbox)),
    _count(plans, column="initiator"),
    _count(recordings),
    _count(photos),
    _count(help_requests),
)
_SET_STATE = (
    update(people)
    .where(people.c.id == bindparam("person"), people.c.state != "forgotten")
    .values(state=bindparam("to"))
)
_ALLOW_SMS = (
    update(people)
    .where(people.c.id == bindparam("person"), people.c.state != "forgotten")
    .values(sms_number=bindparam("to"))
)
_SMS_NUMBER = select(people.c.sms_number).where(people.c.id == bindparam("person"))
_NO_SMS = (
    update(people)
    .where(people.c.id == bindparam("person"), people.c.sms_number == bindparam("gone"))
    .values(sms_number=None)
)
_BLOCKED = (
    update(people)
    .where(
        people.c.state == "active",
        people.c.id
        == select(addresses.c.person_id)
        .where(addresses.c.channel == bindparam("on"), addresses.c.address == bindparam("who"))
        .scalar_subquery(),
    )
    .values(state="inactive")
)

_LOCK = (
    select(sessions.c.person_id)
    .where(sessions.c.person_id == bindparam("person"))
    .with_for_update()
)
_mine = {table: table.c.person_id == bindparam("person") for table in (recordings, photos)}
_loose_photo = _mine[photos] & photos.c.plan_id.is_(None)
_my_requests = select(help_requests.c.id).where(help_requests.c.person_id == bindparam("person"))
_my_plans = select(plans.c.id).where(plans.c.initiator == bindparam("person"))
_my_recordings = select(recordings.c.id).where(_mine[recordings])
_my_addresses = select(addresses.c.channel, addresses.c.address).where(
    addresses.c.person_id == bindparam("person")
)
_MEDIA = (
    select(recordings.c.name)
    .where(_mine[recordings])
    .union(select(photos.c.name).where(_loose_photo))
)
# The same file may have been sent by somebody else.
_STILL_USED = (
    select(recordings.c.name)
    .where(recordings.c.name.in_(bindparam("names", expanding=True)))
    .union(select(photos.c.name).where(photos.c.name.in_(bindparam("names", expanding=True))))
)
_FORGET = (
    delete(help_calls).where(help_calls.c.request_id.in_(_my_requests)),
    *(
        delete(table).where(table.c.person_id == bindparam("person"))
        for table in (takeovers, help_requests, supports, follows, news_told)
    ),
    update(plan_texts)
    .where(plan_texts.c.recording_id.in_(_my_recordings))
    .values(recording_id=None),
    delete(recordings).where(_mine[recordings]),
    delete(photos).where(_loose_photo),
    update(photos).where(_mine[photos]).values(person_id=None, inbox_id=None),
    # A support that was theirs does not become a stranger's on paper again.
    update(entered)
    .where(entered.c.person_id == bindparam("person"))
    .values(person_id=None, credential=None),
    # what was put right may have been what told who they are
    update(plan_edits)
    .where(plan_edits.c.plan_id.in_(_my_plans))
    .values(before="", after="", reason=""),
    update(plans)
    .where(plans.c.initiator == bindparam("person"))
    .values(initiator=None, may_call=False, phone=""),
    delete(outbox).where(tuple_(outbox.c.channel, outbox.c.address).in_(_my_addresses)),
    delete(outbox).where(outbox.c.channel == "sms", outbox.c.address.in_(_SMS_NUMBER)),
    *(
        update(inbox)
        .where(inbox.c.person_id == bindparam("person"), part)
        .values(person_id=None, body="", state="done")
        for part in (is_done(inbox), is_open(inbox))
    ),
    delete(code_checks).where(code_checks.c.person_id == bindparam("person")),
    delete(passes_used).where(passes_used.c.person_id == bindparam("person")),
    delete(sessions).where(sessions.c.person_id == bindparam("person")),
    delete(addresses).where(addresses.c.person_id == bindparam("person")),
    update(people)
    .where(people.c.id == bindparam("person"))
    .values(state="forgotten", language="", consent_at=None, sms_number=None),
)
