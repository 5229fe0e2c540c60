"""What runs in a large round, for `bench.pages`: a talk, a campaign, a vote."""

from __future__ import annotations

import json

from sqlalchemy import Connection, insert

from civic.campaigns import State, vote_reminders
from storage import campaigns, elections, rounds, stempassen
from storage.tables import addresses, inbox, outbox, sessions
from storage.vote_tables import turnout

TALK = 2_000  # messages between person 1 and us
DAY = 24 * 3600 * 1000


def fill(conn: Connection, n_people: int, now: int) -> None:
    """A long talk, a campaign to everybody, and as many passes as people."""
    active = rounds.active(conn)
    assert active
    _talk(conn, now)
    _campaign(conn, active, n_people, now)
    elections.opened(conn, active.id, "ab" * 32, 5, 3, now)
    for n, area in enumerate(active.round.areas):
        credentials = [f"{n}-{c:08}" for c in range(n_people // 2)]
        stempassen.issue(
            conn, active.id, area=area.id, kind="resident", channel="internet",
            credentials=credentials, digits=14, now_ms=now,
        )  # fmt: skip
        days = [f"2026-10-{day:02}" for day in range(1, 22)]
        row = {"round_id": active.id, "area": area.id, "count": 40}
        conn.execute(insert(turnout), [{**row, "day": day} for day in days])


def _talk(conn: Connection, now: int) -> None:
    where = {"person_id": 1, "channel": "telegram", "address": "1"}
    at = conn.execute(
        insert(addresses)
        .values({**where, "hint": "", "created_at": now, "last_in_at": now})
        .returning(addresses.c.id)
    ).scalar_one()
    session = {"person_id": 1, "address_id": at, "state": "", "data": "", "revision": 0}
    conn.execute(insert(sessions).values({**session, "updated_at": now}))
    body = json.dumps({"text": "Een bericht van gewone lengte, zoals mensen ze sturen."})
    theirs = {"channel": "telegram", "person_id": 1, "kind": "text", "body": body, "state": "done"}
    theirs |= {"revision": 0, "attempts": 0, "due_at": now}
    ours = {**where, "body": body, "kind": "reply", "secret": False, "state": "sent", "reason": ""}
    ours |= {"status": "read", "attempts": 1, "due_at": now}
    times = range(TALK // 2)
    conn.execute(
        insert(inbox), [{**theirs, "provider_id": f"t{n}", "received_at": now + n} for n in times]
    )
    conn.execute(insert(outbox), [{**ours, "created_at": now + n} for n in times])


def _campaign(conn: Connection, active: rounds.ActiveRound, n_people: int, now: int) -> None:
    for n, reminder in enumerate(vote_reminders(active.round)):
        made = campaigns.save(conn, active.id, reminder, State.DONE, now)
        run = campaigns.begin(conn, made, f"2026-10-{n + 1:02}", now)
        common = {"channel": "telegram", "address": "", "body": "", "kind": "campaign", "part": 0}
        common |= {"secret": False, "state": "sent", "status": "read", "reason": "", "attempts": 1}
        common |= {"due_at": now, "created_at": now, "run_id": run}
        conn.execute(insert(outbox), [{**common, "person_id": p + 1} for p in range(n_people)])
