"""What is to be told about plans: one row for each step, and who has been told.

A row is put in the transaction of the step itself, and its state is the truth: open until
everybody was told. A plan's news is told in order. Each person is told once: `told` says so in
the transaction that puts the message into the outbox.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from civic.worktime import waking_hour
from storage.conditions import is_open, is_untold
from storage.dialects import Either
from storage.life_tables import follows, news_told, plan_news
from storage.tables import addresses, inbox, outbox, people, sessions
from storage.takeover_tables import takeovers
from storage.times import from_ms, to_ms

EVERYONE, INITIATOR, FOLLOWERS = "everyone", "initiator", "followers"
PUT, CALLED = "put", "called"


@dataclass(frozen=True, slots=True)
class News:
    """Something to be told. `kind` is a status, or word | contact | reminder."""

    id: int
    plan_id: int
    history_id: int | None
    kind: str
    words: Mapping[str, str]
    audience: str
    cursor: int
    due_at: int


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody to be told; without an address `channel` and `address` are ""."""

    id: int
    language: str
    sound: bool
    notify: bool
    consents: bool
    state: str
    channel: str
    address: str


def add(
    conn: Connection,
    plan_id: int,
    kind: str,
    *,
    audience: str,
    now_ms: int,
    history_id: int | None = None,
    words: Mapping[str, str] | None = None,
) -> int:
    """Puts news that is told in the next waking hour; returns its id.

    A step has news of one kind once: what is there already stays.
    """
    row = {"plan_id": plan_id, "history_id": history_id, "kind": kind, "audience": audience}
    row |= {"words": json.dumps(dict(words or {}), ensure_ascii=False)}
    row |= {"due_at": to_ms(waking_hour(from_ms(now_ms))), "created_at": now_ms}
    made: int | None = conn.execute(_ADD.on(conn), row).scalar()
    where = {"history": history_id, "of_kind": kind}
    return made if made is not None else int(conn.execute(_FIND, where).scalar_one())


def exists_of(history_id: ColumnElement[int], kind: str) -> ColumnElement[bool]:
    """Whether a step has news of this kind; for a statement on another table."""
    return exists().where(plan_news.c.history_id == history_id, plan_news.c.kind == literal(kind))


def plans_due(conn: Connection, now_ms: int, before_ms: int) -> list[int]:
    """The plans with news that is due and that nobody has touched since `before_ms`."""
    return list(dict.fromkeys(conn.scalars(_DUE, {"now": now_ms, "before": before_ms})))


def next_of(conn: Connection, plan_id: int, now_ms: int) -> News | None:
    """The plan's oldest open news if it is due, locked for this transaction."""
    row = conn.execute(_NEXT, {"plan": plan_id}).first()
    if row is None or row.due_at > now_ms:
        return None
    return News(
        row.id,
        row.plan_id,
        row.history_id,
        row.kind,
        json.loads(row.words),
        row.audience,
        row.cursor,
        row.due_at,
    )


def readers(conn: Connection, news: News, initiator: int | None, limit: int) -> list[Reader]:
    """The next people to be told, in the order of their ids, after the cursor."""
    with_initiator = initiator if news.audience != FOLLOWERS else None
    where = {"plan": news.plan_id, "after": news.cursor, "most": limit}
    where |= {"self": with_initiator or 0}
    if news.audience == INITIATOR:
        return [Reader(*row) for row in conn.execute(_INITIATOR, where)]
    # A follower's row of the initiator's own is told once: as the initiator.
    where |= {"but": initiator or 0}
    return [Reader(*row) for row in conn.execute(_READERS, where)]


def told(conn: Connection, news_id: int, person_id: int, outcome: str, now_ms: int) -> bool:
    """Notes that this person is told (or why not); False if that was noted before."""
    row = {"news_id": news_id, "person_id": person_id, "outcome": outcome, "at": now_ms}
    return conn.scalar(_TOLD.on(conn), row) is not None


def put(conn: Connection, news_id: int, reader: Reader, bodies: Sequence[str], now_ms: int) -> None:
    """Puts the messages (JSON) of this news to one person into the outbox, in order."""
    common = {"person_id": reader.id, "channel": reader.channel, "address": reader.address}
    common |= {"due_at": now_ms, "created_at": now_ms}
    ids = [int(conn.execute(_PUT, {**common, "body": each}).scalar_one()) for each in bodies]
    if ids:
        conn.execute(_SENT_AS, {"news": news_id, "person": reader.id, "row": ids[0]})


def is_busy(conn: Connection, person_id: int) -> bool:
    """Whether something that this person sent is still being taken, or waits; or whether
    somebody answers them in the bot's place, so that no question of the bot is answered."""
    return bool(conn.scalar(_BUSY, {"person": person_id}))


def move_on(conn: Connection, news_id: int, cursor: int, now_ms: int, *, done: bool) -> None:
    """The news has come to this person; `done`: there are no more."""
    values = {"news": news_id, "at": cursor, "now": now_ms, "to": "done" if done else "open"}
    conn.execute(_MOVE_ON, values)


def called(conn: Connection, news_id: int, person_id: int, now_ms: int) -> None:
    """A coordinator told this person themselves."""
    row = {"news_id": news_id, "person_id": person_id, "outcome": CALLED, "at": now_ms}
    conn.execute(_CALLED.on(conn), row)


_ADD = Either(
    plan_news,
    lambda insert: (
        insert.values(state="open", cursor=0, touched_at=0)
        .on_conflict_do_nothing(index_elements=["history_id", "kind"])
        .returning(plan_news.c.id)
    ),
)
_FIND = select(plan_news.c.id).where(
    plan_news.c.history_id == bindparam("history"), plan_news.c.kind == bindparam("of_kind")
)
_DUE = (
    select(plan_news.c.plan_id)
    .where(
        is_untold(plan_news),
        plan_news.c.due_at <= bindparam("now"),
        plan_news.c.touched_at <= bindparam("before"),
    )
    .order_by(plan_news.c.due_at, plan_news.c.id)
)
_NEXT = (
    select(plan_news)
    .where(plan_news.c.plan_id == bindparam("plan"), is_untold(plan_news))
    .order_by(plan_news.c.id)
    .limit(1)
    .with_for_update()
)
_reader = (
    select(
        people.c.id,
        people.c.language,
        people.c.sound,
        people.c.notify,
        people.c.consent_at.is_not(None),
        people.c.state,
        func.coalesce(addresses.c.channel, ""),
        func.coalesce(addresses.c.address, ""),
    )
    .select_from(
        people.outerjoin(sessions, sessions.c.person_id == people.c.id).outerjoin(
            addresses, addresses.c.id == sessions.c.address_id
        )
    )
    .where(people.c.id > bindparam("after"), people.c.state != "forgotten")
    .order_by(people.c.id)
    .limit(bindparam("most"))
)
_self = people.c.id == bindparam("self")
_INITIATOR = _reader.where(_self)
_following = select(follows.c.person_id).where(
    follows.c.plan_id == bindparam("plan"), follows.c.person_id != bindparam("but")
)
_also = select(people.c.id).where(_self)
_READERS = _reader.where(people.c.id.in_(_following.union_all(_also)))
_TOLD = Either(
    news_told,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["news_id", "person_id"]).returning(
        news_told.c.person_id
    ),
)
_CALLED = Either(
    news_told,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["news_id", "person_id"],
        set_={"outcome": insert.excluded.outcome, "at": insert.excluded.at},
    ),
)
_PUT = (
    insert(outbox)
    .values(kind="notice", secret=False, state="queued", reason="", status="", attempts=0)
    .returning(outbox.c.id)
)
_SENT_AS = (
    update(news_told)
    .where(news_told.c.news_id == bindparam("news"), news_told.c.person_id == bindparam("person"))
    .values(outbox_id=bindparam("row"))
)
_BUSY = select(
    exists().where(inbox.c.person_id == bindparam("person"), is_open(inbox))
    | exists().where(takeovers.c.person_id == bindparam("person"))
)
_MOVE_ON = (
    update(plan_news)
    .where(plan_news.c.id == bindparam("news"))
    .values(cursor=bindparam("at"), touched_at=bindparam("now"), state=bindparam("to"))
)
