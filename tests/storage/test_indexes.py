"""What is asked all the time is answered from an index, however much there is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from sqlalchemy import event

from civic.campaigns import Audience
from storage import (
    alarms,
    campaigns,
    hot,
    jobs,
    outbox,
    people,
    plan_news,
    quick,
    reached,
    routing,
    today,
)
from storage.db import Database

numbers = count(1)
NEWS = plan_news.News(1, 1, None, "word", {}, plan_news.EVERYONE, 0, 0)
ASKED = {
    "arrive": (
        lambda conn: hot.arrive(
            conn,
            channel="sms",
            provider_id=str(next(numbers)),
            address="anna",
            hint="",
            kind="text",
            body_json="",
            now_ms=0,
        ),
        {"addresses_1", "ix_inbox_open"},
    ),
    "next_waiting": (lambda conn: hot.next_waiting(conn, 1), {"ix_inbox_open"}),
    "stale_taking": (lambda conn: hot.stale_taking(conn, 1), {"ix_inbox_open"}),
    "stale_waiting": (lambda conn: hot.stale_waiting(conn, 1), {"ix_inbox_open"}),
    "due_timers": (lambda conn: hot.due_timers(conn, 1, 1), {"ix_sessions_timer_at"}),
    "claim a row": (lambda conn: outbox.claim(conn, 1, 1), {"ix_outbox_unsent"}),
    "resume": (lambda conn: outbox.resume(conn, 1, 1), {"ix_outbox_unsent"}),
    "forget": (lambda conn: people.forget(conn, 1), {"ix_inbox_open", "ix_inbox_done"}),
    "facts": (lambda conn: people.facts(conn, 1), {"ix_inbox_open", "ix_inbox_done"}),
    "lost": (lambda conn: outbox.lost(conn, 1), {"ix_outbox_sending"}),
    "persons_due": (lambda conn: outbox.persons_due(conn, 1, 1), {"ix_outbox_due"}),
    "after": (lambda conn: outbox.after(conn, "sms", "anna", 0, 1), {"ix_outbox_address"}),
    "stop_for": (lambda conn: campaigns.stop_for(conn, 1), {"ix_outbox_unsent"}),
    "open_among": (lambda conn: campaigns.open_among(conn, [1, 2], 1), {"ix_outbox_unsent"}),
    "end_rows": (lambda conn: campaigns.end_rows(conn, 1, ""), {"uq_outbox_run"}),
    "expire": (lambda conn: campaigns.expire(conn, 1), {"uq_outbox_run"}),
    "progress": (lambda conn: campaigns.progress(conn, 1), {"uq_outbox_run"}),
    "next_people": (lambda conn: campaigns.next_people(conn, 1, Audience(), 0, 1), set()),
    "unknowns": (lambda conn: routing.unknowns(conn, ["sms"], 1, 1), {"ix_outbox_unknown"}),
    "unanswered": (lambda conn: routing.unanswered(conn, "sms", "a"), {"ix_outbox_address"}),
    "last_sent": (lambda conn: routing.last_sent(conn, "sms", "a", 9), {"ix_outbox_address"}),
    "status": (lambda conn: outbox.status(conn, "sms", "P", "sent"), {"ix_outbox_provider_id"}),
    "idle": (lambda conn: outbox.idle(conn, 1, 1), {"ix_inbox_open", "ix_outbox_unsent"}),
    "plans_due": (lambda conn: plan_news.plans_due(conn, 1, 1), {"ix_plan_news_open"}),
    "next_of": (lambda conn: plan_news.next_of(conn, 1, 1), {"ix_plan_news_plan_id"}),
    "readers": (lambda conn: plan_news.readers(conn, NEWS, 1, 1), set()),
    "is_busy": (lambda conn: plan_news.is_busy(conn, 1), {"ix_inbox_open"}),
    "not_reached": (lambda conn: reached.not_reached(conn, 1), {"ix_outbox_unsent"}),
    "alarms": (lambda conn: alarms.alarms(conn, 1, 1), {"ix_outbox_failed"}),
    "claim a job": (
        lambda conn: jobs.claim(conn, "w", 1, 1, ["t"], 1),
        {"ix_jobs_due", "ix_jobs_key"},
    ),
    "failed sends": (lambda conn: today.failed(conn, 1), {"ix_outbox_failed"}),
    "next_due": (lambda conn: jobs.next_due(conn, ["t"]), {"ix_jobs_due", "ix_jobs_key"}),
}
# Whoever leaves a table out of this may have it read from end to end.
LARGE = ("addresses", "inbox", "jobs", "outbox", "people", "sessions")


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    database = Database.open(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def _known(sqlite: Database) -> None:
    """Anna is there already: for a first message, SQLite lists what it would look at if keys that
    others point to had been missing, which they never are."""
    sqlite.call(ASKED["arrive"][0])


def steps(conn: hot.Connection, ask: Any) -> list[str]:
    """How SQLite answers each statement of `ask`."""
    statements: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, ____: Any) -> None:
        statements.append((statement, parameters))

    def noted(of: Any, statement: str, parameters: Any) -> Any:
        statements.append((statement, parameters))
        return execute(of, statement, parameters)

    execute = quick._execute
    event.listen(conn, "before_cursor_execute", note)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quick, "_execute", noted)
        ask(conn)
    event.remove(conn, "before_cursor_execute", note)
    return [
        row[3]
        for statement, parameters in statements
        for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    ]


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.usefixtures("_known")
def test_no_large_table_is_read_from_end_to_end(sqlite: Database, name: str) -> None:
    ask, indexes = ASKED[name]
    plan = sqlite.call(lambda conn: steps(conn, ask))
    assert {index for index in indexes if any(index in step for step in plan)} == indexes
    scans = [s for s in plan if s.startswith("SCAN") and " INDEX ix_" not in s]
    assert [s for s in scans if s.split()[1] in LARGE] == []
