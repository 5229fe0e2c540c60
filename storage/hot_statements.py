"""The statements of `storage.hot`, built once."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)

from storage.conditions import is_open, is_taking
from storage.dialects import Either
from storage.quick import Quick
from storage.tables import addresses, inbox, people, sessions
from storage.takeover_tables import takeovers
from storage.vault import SEALED

KNOWN = Quick(
    select(
        sessions.c.person_id,
        sessions.c.data,
        sessions.c.revision,
        people.c.state,
        addresses.c.id.label("address_id"),
        addresses.c.last_in_at,
        sessions.c.address_id.label("last_address_id"),
    )
    .select_from(
        addresses.join(sessions, sessions.c.person_id == addresses.c.person_id).join(
            people, people.c.id == addresses.c.person_id
        )
    )
    .where(addresses.c.channel == bindparam("on"), addresses.c.address == bindparam("who"))
    .with_for_update(of=sessions)
)
# Two first messages of one address at once make one person.
ONE_WELCOME = text("SELECT pg_advisory_xact_lock(hashtextextended(:who, 8207143))")
NEW_PERSON = (
    insert(people)
    .values(language="", sound=False, notify=True, state="active")
    .returning(people.c.id)
)
NEW_ADDRESS = insert(addresses).returning(addresses.c.id)
NEW_SESSION = insert(sessions).values(state="", data="", revision=0)

# Reads what is committed now, while KNOWN may have waited for its lock with an older view.
# Written out, because in RETURNING the names of SQLite's tables would get lost.
_BUSY: ColumnElement[bool] = literal_column(
    "EXISTS (SELECT 1 FROM inbox AS other"
    " WHERE other.person_id = inbox.person_id AND other.state != 'done')"
)
# Whether something waits for this person to write. In the words of ix_outbox_unsent.
_AWAITED: ColumnElement[bool] = literal_column(
    "EXISTS (SELECT 1 FROM outbox WHERE outbox.person_id = inbox.person_id"
    " AND outbox.state IN ('queued', 'sending', 'waiting') AND outbox.state = 'waiting')"
)
# Whether a person answers this one instead of the bot.
_TAKEN_OVER: ColumnElement[bool] = literal_column(
    "EXISTS (SELECT 1 FROM takeovers WHERE takeovers.person_id = inbox.person_id)"
)
TAKE_IN = Quick(
    Either(
        inbox,
        lambda insert: (
            insert.values(state="done", revision=0, attempts=0)
            .on_conflict_do_nothing(index_elements=["channel", "provider_id"])
            .returning(inbox.c.id, _BUSY, _AWAITED, _TAKEN_OVER)
        ),
    )
)
LAST_IN = Quick(
    update(addresses)
    .where(addresses.c.id == bindparam("at_address"))
    .values(last_in_at=bindparam("now"))
)
LAST_FROM = Quick(
    update(sessions)
    .where(sessions.c.person_id == bindparam("person"))
    .values(address_id=bindparam("at_address"))
)
ACTIVE = update(people).where(people.c.id == bindparam("person")).values(state="active")

_message = update(inbox).where(inbox.c.id == bindparam("message"))
HOLD = _message.values(
    state=bindparam("to"),
    revision=bindparam("at_revision"),
    due_at=bindparam("due"),
    body=func.coalesce(bindparam("sealed", type_=Text), inbox.c.body),
)
AGAIN = _message.values(attempts=inbox.c.attempts + 1, due_at=bindparam("due")).returning(
    inbox.c.attempts
)
FINISH = _message.values(
    state="done",
    body=case((inbox.c.body.startswith(SEALED, autoescape=True), ""), else_=inbox.c.body),
)
BLANK = _message.values(body="")
ORIGIN = (
    select(inbox.c.channel, addresses.c.address, inbox.c.provider_id)
    .select_from(
        inbox.join(
            addresses,
            (addresses.c.person_id == inbox.c.person_id) & (addresses.c.channel == inbox.c.channel),
        )
    )
    .where(inbox.c.id == bindparam("message"))
    .order_by(addresses.c.last_in_at.desc())
)

_open = select(
    inbox.c.id,
    inbox.c.person_id,
    inbox.c.channel,
    inbox.c.kind,
    inbox.c.body,
    inbox.c.state,
    inbox.c.revision,
    inbox.c.attempts,
    inbox.c.received_at,
).where(is_open(inbox))
HELD = Quick(_open.where(inbox.c.id == bindparam("message")))
# "taking" comes before "waiting", whichever came first.
FIRST_OPEN = Quick(
    _open.where(inbox.c.person_id == bindparam("person"))
    .order_by(inbox.c.state, inbox.c.id)
    .limit(1)
)
STALE = _open.where(is_taking(inbox), inbox.c.due_at < bindparam("before"))
_other = inbox.alias("other")
_taking = exists().where(_other.c.person_id == inbox.c.person_id, is_taking(_other))
STUCK = (
    select(inbox.c.person_id)
    .where(is_open(inbox), inbox.c.due_at < bindparam("before"), ~_taking)
    .distinct()
)

LOAD = Quick(
    select(
        sessions.c.person_id,
        sessions.c.data,
        sessions.c.revision,
        addresses.c.channel,
        addresses.c.address,
        people.c.state,
        sessions.c.timer_at,
        exists().where(takeovers.c.person_id == sessions.c.person_id),
    )
    .select_from(
        sessions.join(addresses, addresses.c.id == sessions.c.address_id).join(
            people, people.c.id == sessions.c.person_id
        )
    )
    .where(sessions.c.person_id == bindparam("person"))
    .with_for_update(of=sessions)
)
SAVE = Quick(
    update(sessions)
    .where(sessions.c.person_id == bindparam("person"))
    .values(
        state=bindparam("to"),
        data=bindparam("json"),
        revision=bindparam("new_revision"),
        timer=bindparam("new_timer"),
        timer_at=bindparam("rings_at"),
        updated_at=bindparam("now"),
    )
)
SET_PERSON = Quick(
    update(people)
    .where(people.c.id == bindparam("person"), people.c.state != "forgotten")
    .values(
        language=bindparam("to_language"),
        sound=bindparam("to_sound"),
        notify=bindparam("to_notify"),
        consent_at=func.coalesce(bindparam("consented", type_=BigInteger), people.c.consent_at),
    )
)
TIMERS = (
    select(sessions.c.person_id, sessions.c.timer, sessions.c.revision)
    .where(sessions.c.timer_at <= bindparam("now"))
    .order_by(sessions.c.timer_at)
    .limit(bindparam("most"))
)
