"""A vote that goes on in a world: passes, a turnout, wrong codes, a chain."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Connection, insert, select

from civic import campaigns as civic
from civic.campaigns import State
from civic.rounds import today
from storage import campaigns, chain, elections, exports_made, rounds, stempassen
from storage.exports_made import File
from storage.tables import outbox, people
from storage.times import from_ms
from storage.vote_tables import code_checks, passes_used, turnout

DAY = 24 * 3600 * 1000


def vote(conn: Connection, now: int) -> None:
    """Four days of voting; on one of them hardly anybody in the second area."""
    active = rounds.active(conn)
    assert active
    areas = [area.id for area in active.round.areas]
    elections.opened(conn, active.id, "ab" * 32, 5, 3, now - 9 * DAY)
    for n, (area, kind, channel) in enumerate(
        ((areas[0], "resident", "internet"), (areas[-1], "resident", "internet"),
         (areas[0], "resident", "paper"))
    ):  # fmt: skip
        credentials = [f"{n}{c:04}" for c in range(40)]
        batch = stempassen.issue(
            conn, active.id, area=area, kind=kind, channel=channel, credentials=credentials,
            digits=12, now_ms=now - 8 * DAY,
        )  # fmt: skip
        facts = {"batch": batch, "area": area, "count": 40, "kind": kind, "channel": channel}
        chain.append(conn, active.id, "issued", facts, now - 8 * DAY)
    stempassen.void(conn, active.id, "00003")
    chain.append(conn, active.id, "voided", {"batch": 1, "count": 1}, now - 2 * DAY)
    first = today(from_ms(now))
    _turnout(conn, active.id, areas, first)
    common = {"round_id": active.id, "person_id": 1}
    conn.execute(insert(passes_used), {**common, "count": 7})
    tries = [{**common, "wrong": True, "at": now - n * 60_000} for n in range(4)]
    conn.execute(insert(code_checks), tries)


def _turnout(conn: Connection, round_id: int, areas: list[str], last: date) -> None:
    """Today's is the last of each row."""
    for area, counts in ((areas[0], (7, 9, 6, 3)), (areas[-1], (8, 2, 11, 4))):
        for ago, count in zip(range(3, -1, -1), counts, strict=True):
            day = (last - timedelta(days=ago)).isoformat()
            row = {"round_id": round_id, "area": area, "day": day, "count": count}
            conn.execute(insert(turnout), row)


def campaign(conn: Connection, now: int) -> int:
    """A reminder that has begun to go out; its row id."""
    active = rounds.active(conn)
    assert active
    reminder = civic.vote_reminders(active.round)[0]
    made = campaigns.save(conn, active.id, reminder, State.RUNNING, now)
    run = campaigns.begin(conn, made, "2027-01-11", now)
    assert run
    locked = campaigns.lock_run(conn, run)
    assert locked
    campaigns.move_on(conn, locked[0], 4, {"no_consent": 3, "stopped": 1}, now)
    common = {"channel": "telegram", "address": "", "body": "{}", "kind": "campaign", "part": 0}
    common |= {"secret": False, "attempts": 1, "due_at": now, "created_at": now, "run_id": run}
    states = (("sent", "read", ""), ("sent", "", ""), ("queued", "", ""), ("failed", "", "403"))
    ids = conn.scalars(select(people.c.id).order_by(people.c.id).limit(4))
    for person, (state, status, reason) in zip(ids, states, strict=True):
        row = {**common, "person_id": person, "state": state, "status": status, "reason": reason}
        conn.execute(insert(outbox), row)
    return made


def export(conn: Connection, now: int) -> None:
    """One export that is made, one that failed, and one that is wanted."""
    active = rounds.active(conn)
    assert active
    for n, week in enumerate(("2027-W01", "2027-W02")):
        made = exports_made.want_week(conn, active.id, week, None, now - (9 - 7 * n) * DAY, now)
        assert made
        exports_made.begin(conn, made, now + DAY, now)
        if n:
            exports_made.fail(conn, made, "unreachable", now + DAY, now)
            continue
        files = [File("plannen.xlsx", 12_345, "ab" * 32), File("manifest.json", 400, "cd" * 32)]
        exports_made.finish(conn, made, "demo-2027-W01", files, {"plans": 4, "photos": 2}, now)
    exports_made.ask(conn, active.id, now)
