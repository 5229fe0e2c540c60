"""Campaigns, their runs, and how far each has come."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    case,
    exists,
    func,
    select,
    update,
)

from civic.campaigns import Audience, Campaign, Kind, Role, State
from civic.rounds import Localised
from storage.conditions import is_unsent
from storage.dialects import Either
from storage.outbox import PAUSED
from storage.tables import addresses, campaign_runs, campaigns, outbox, people, plans, sessions
from storage.times import from_ms, to_ms


@dataclass(frozen=True, slots=True)
class Stored:
    """A campaign with its row."""

    id: int
    round_id: int
    state: State
    campaign: Campaign


@dataclass(frozen=True, slots=True)
class Run:
    """One local day of a campaign. `cursor`: the last person whose rows were put."""

    id: int
    campaign_id: int
    cursor: int
    skipped: Mapping[str, int]
    touched_at: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the audience; without an address `channel` and `address` are ""."""

    id: int
    language: str
    sound: bool
    notify: bool
    consents: bool
    state: str
    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How many people, by what became of what they were to get.

    `states`: queued | sending | waiting | sent | delivered | read | unknown | failed.
    `failed` and `skipped`: how many for each reason. Who is forgotten is counted nowhere.
    """

    states: Mapping[str, int]
    failed: Mapping[str, int]
    skipped: Mapping[str, int]


def save(conn: Connection, round_id: int, campaign: Campaign, state: State, now_ms: int) -> int:
    """Stores a campaign; one of the same name that has not begun is changed. Returns its id.

    Raises ValueError when that has begun already.
    """
    audience = campaign.audience
    row = {
        "round_id": round_id,
        "name": campaign.name,
        "text": campaign.kind.value,
        "words": json.dumps(dict(campaign.words.texts), ensure_ascii=False),
        "area": audience.area,
        "language": audience.language,
        "role": audience.role.value,
        "begins": campaign.begins.isoformat(timespec="minutes"),
        "expires_at": to_ms(campaign.expires),
        "state": state.value,
        "created_at": now_ms,
    }
    saved = conn.execute(_SAVE.on(conn), row).scalar()
    if saved is None:
        raise ValueError(f"{campaign.name}: has begun already")
    return int(saved)


def listed(conn: Connection, round_id: int) -> list[Stored]:
    """The campaigns of a round, by when they begin."""
    return [_stored(row) for row in conn.execute(_LISTED, {"round": round_id})]


def named(conn: Connection, round_id: int, name: str) -> Stored | None:
    return next((c for c in listed(conn, round_id) if c.campaign.name == name), None)


def in_state(conn: Connection, state: State) -> list[Stored]:
    return [_stored(row) for row in conn.execute(_IN_STATE, {"is": state.value})]


def set_state(conn: Connection, campaign_id: int, to: State, only: Collection[State]) -> bool:
    """Changes the state if it is one of `only`; False, and no change, when it is not."""
    values = {"campaign": campaign_id, "to": to.value, "only": [each.value for each in only]}
    return conn.execute(_SET_STATE, values).rowcount == 1


def begin(conn: Connection, campaign_id: int, day: str, now_ms: int) -> int | None:
    """Makes the run of this day; its id, or None when there is one already."""
    row = {"campaign_id": campaign_id, "day": day, "touched_at": now_ms}
    run: int | None = conn.execute(_BEGIN.on(conn), row).scalar()
    return run


def lock_run(conn: Connection, run_id: int) -> tuple[Run, Stored] | None:
    """A run, with its campaign, that nobody else moves on in this transaction."""
    row = conn.execute(_RUN, {"run": run_id}).one_or_none()
    if row is None:
        return None
    run = Run(row.id, row.campaign_id, row.cursor, json.loads(row.skipped), row.touched_at)
    return run, _stored(conn.execute(_BY_ID, {"campaign": row.campaign_id}).one())


def move_on(
    conn: Connection, run: Run, cursor: int, skipped: Mapping[str, int], now_ms: int
) -> None:
    """The run has come to this person; `skipped` are those since the last time."""
    total = Counter(run.skipped) + Counter(skipped)
    values = {"run": run.id, "at": cursor, "left_out": json.dumps(total), "now": now_ms}
    conn.execute(_MOVE_ON, values)


def runs_of(conn: Connection, campaign_id: int) -> list[int]:
    return list(conn.scalars(_RUNS_OF, {"campaign": campaign_id}))


def stalled(conn: Connection, before_ms: int) -> list[int]:
    """The runs that should be going on and did not since this moment."""
    return list(conn.scalars(_STALLED, {"before": before_ms}))


def next_people(
    conn: Connection, round_id: int, audience: Audience, after: int, limit: int
) -> list[Person]:
    """The next people of the audience, in the order of their ids."""
    where: dict[str, Any] = {"after": after, "most": limit, "round": round_id}
    where |= {"in_area": audience.area, "in_language": audience.language}
    planners = audience.role is Role.INITIATOR or audience.area is not None
    query = _AUDIENCES[planners, audience.area is not None, audience.language is not None]
    return [Person(*row) for row in conn.execute(query, where)]


def put(
    conn: Connection, run_id: int, rows: Iterable[tuple[Person, list[str]]], now_ms: int
) -> None:
    """Puts what each person is to get (JSON) into the outbox; what is there already stays."""
    common = {"run_id": run_id, "due_at": now_ms, "created_at": now_ms}
    values = [
        {**common, "person_id": who.id, "channel": who.channel, "address": who.address}
        | {"body": body, "part": part}
        for who, bodies in rows
        for part, body in enumerate(bodies)
    ]
    if values:
        conn.execute(_PUT.on(conn), values)


def open_among(conn: Connection, person_ids: Collection[int], before_ms: int) -> list[int]:
    """Those of these people to whom a campaign's row is due before this moment, or on its way."""
    where = {"people": list(person_ids), "before": before_ms}
    return list(conn.scalars(_OPEN_AMONG, where)) if person_ids else []


def pause_rows(conn: Connection, run_id: int) -> None:
    conn.execute(_PAUSE_ROWS, {"run": run_id})


def resume_rows(conn: Connection, run_id: int, now_ms: int) -> None:
    conn.execute(_RESUME_ROWS, {"run": run_id, "now": now_ms})


def end_rows(conn: Connection, run_id: int, reason: str) -> int:
    """What this run has not sent will not be sent; returns how many."""
    return conn.execute(_END_ROWS, {"run": run_id, "why": reason}).rowcount


def stop_for(conn: Connection, person_id: int) -> None:
    """This person wants no more of this: what waits for them is not sent."""
    conn.execute(_STOP_FOR, {"person": person_id})


def expire(conn: Connection, now_ms: int) -> int:
    """What is not worth sending any more is not sent; returns how many rows."""
    over = list(conn.scalars(_OVER, {"now": now_ms}))
    return sum(end_rows(conn, run, "expired") for run in over)


def progress(conn: Connection, campaign_id: int) -> Progress:
    """What became of a campaign so far."""
    states: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for row in conn.execute(_PROGRESS, {"campaign": campaign_id}):
        states[row.what] += row.many
        if row.what == "failed":
            failed[row.why] += row.many
    skipped: Counter[str] = Counter()
    for text in conn.scalars(_SKIPPED, {"campaign": campaign_id}):
        skipped.update(json.loads(text))
    return Progress(states, failed, skipped)


def _stored(row: Row[Any]) -> Stored:
    campaign = Campaign(
        row.name,
        Kind(row.text),
        datetime.fromisoformat(row.begins),
        from_ms(row.expires_at),
        Audience(row.area, row.language, Role(row.role)),
        Localised(json.loads(row.words)),
    )
    return Stored(row.id, row.round_id, State(row.state), campaign)


_NOT_BEGUN = [State.DRAFT.value, State.SCHEDULED.value]
_SAVE = Either(
    campaigns,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["round_id", "name"],
        set_={
            name: insert.excluded[name]
            for name in (
                *("text", "words", "area", "language", "role"),
                *("begins", "expires_at", "state"),
            )
        },
        where=campaigns.c.state.in_(_NOT_BEGUN),
    ).returning(campaigns.c.id),
)
_LISTED = (
    select(campaigns)
    .where(campaigns.c.round_id == bindparam("round"))
    .order_by(campaigns.c.begins, campaigns.c.id)
)
_IN_STATE = select(campaigns).where(campaigns.c.state == bindparam("is"))
_BY_ID = select(campaigns).where(campaigns.c.id == bindparam("campaign"))
_SET_STATE = (
    update(campaigns)
    .where(
        campaigns.c.id == bindparam("campaign"),
        campaigns.c.state.in_(bindparam("only", expanding=True)),
    )
    .values(state=bindparam("to"))
)
_BEGIN = Either(
    campaign_runs,
    lambda insert: (
        insert.values(cursor=0, skipped="{}")
        .on_conflict_do_nothing(index_elements=["campaign_id", "day"])
        .returning(campaign_runs.c.id)
    ),
)
_RUN = select(campaign_runs).where(campaign_runs.c.id == bindparam("run")).with_for_update()
_MOVE_ON = (
    update(campaign_runs)
    .where(campaign_runs.c.id == bindparam("run"))
    .values(cursor=bindparam("at"), skipped=bindparam("left_out"), touched_at=bindparam("now"))
)
_RUNS_OF = select(campaign_runs.c.id).where(campaign_runs.c.campaign_id == bindparam("campaign"))
_running = campaign_runs.join(campaigns, campaigns.c.id == campaign_runs.c.campaign_id)
_STALLED = (
    select(campaign_runs.c.id)
    .select_from(_running)
    .where(campaigns.c.state == "running", campaign_runs.c.touched_at < bindparam("before"))
)
_OVER = (
    select(campaign_runs.c.id)
    .select_from(_running)
    .where(
        campaigns.c.expires_at <= bindparam("now"),
        exists().where(
            outbox.c.run_id == campaign_runs.c.id, outbox.c.state.in_(["queued", "waiting"])
        ),
    )
)

_plan = exists().where(
    plans.c.initiator == people.c.id,
    plans.c.round_id == bindparam("round"),
    plans.c.status.not_in(["draft", "withdrawn"]),
)
_plan_there = _plan.where(plans.c.area == bindparam("in_area"))
_EVERYONE = (
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
    .where(
        people.c.id > bindparam("after"),
        people.c.state != "forgotten",
    )
    .order_by(people.c.id)
    .limit(bindparam("most"))
)


def _audience(with_plan: bool, there: bool, reads: bool) -> Select[Any]:
    query = _EVERYONE.where(_plan_there if there else _plan) if with_plan else _EVERYONE
    return query.where(people.c.language == bindparam("in_language")) if reads else query


_AUDIENCES = {key: _audience(*key) for key in product((False, True), repeat=3)}

_PUT = Either(
    outbox,
    lambda insert: insert.values(
        kind="campaign", secret=False, state="queued", reason="", status="", attempts=0
    ).on_conflict_do_nothing(
        index_elements=["run_id", "person_id", "part"], index_where=outbox.c.run_id.is_not(None)
    ),
)
_OPEN_AMONG = (
    select(outbox.c.person_id)
    .where(
        outbox.c.person_id.in_(bindparam("people", expanding=True)),
        is_unsent(outbox),
        outbox.c.kind == "campaign",
        outbox.c.state.in_(["queued", "sending"]),
        outbox.c.due_at < bindparam("before"),
    )
    .distinct()
)
_of_run = update(outbox).where(outbox.c.run_id == bindparam("run"))
_PAUSE_ROWS = _of_run.where(outbox.c.state == "queued").values(state="waiting", reason=PAUSED)
_RESUME_ROWS = _of_run.where(outbox.c.state == "waiting", outbox.c.reason == PAUSED).values(
    state="queued", reason="", due_at=bindparam("now")
)
_END_ROWS = _of_run.where(outbox.c.state.in_(["queued", "waiting"])).values(
    state="failed", reason=bindparam("why")
)
_STOP_FOR = (
    update(outbox)
    .where(
        outbox.c.person_id == bindparam("person"),
        is_unsent(outbox),
        outbox.c.kind == "campaign",
        outbox.c.state.in_(["queued", "waiting"]),
    )
    .values(state="failed", reason="stopped")
)
_what = case(
    (
        (outbox.c.state == "sent") & outbox.c.status.in_(["delivered", "read"]),
        outbox.c.status,
    ),
    else_=outbox.c.state,
)
_my_runs = select(campaign_runs.c.id).where(campaign_runs.c.campaign_id == bindparam("campaign"))
_PROGRESS = (
    select(_what.label("what"), outbox.c.reason.label("why"), func.count().label("many"))
    .where(outbox.c.run_id.in_(_my_runs), outbox.c.part == 0)
    .group_by(_what, outbox.c.reason)
)
_SKIPPED = select(campaign_runs.c.skipped).where(
    campaign_runs.c.campaign_id == bindparam("campaign")
)
