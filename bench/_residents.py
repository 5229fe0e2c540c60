"""A database with many residents, and how PostgreSQL answers what is asked of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

# Each resident has an address, a session, two messages and two answers; each fiftieth a plan, of
# which twenty are still to be looked at, however many there are.
FILL = (
    """INSERT INTO people (id, language, sound, notify, consent_at, created_at, state)
    SELECT n, (ARRAY['nl','en','tr','ar'])[1 + n % 4], n % 3 = 0, true, {now}, {now},
    CASE WHEN n % 500 = 0 THEN 'forgotten' ELSE 'active' END FROM {some}""",
    """INSERT INTO addresses (id, person_id, channel, address, hint, created_at, last_in_at)
    SELECT n, n, (ARRAY['whatsapp','telegram','sms'])[1 + n % 3], 'r' || n, 'nl', {now}, {now}
    FROM {some}""",
    """INSERT INTO sessions (person_id, address_id, state, data, revision, timer, timer_at,
    updated_at) SELECT n, n, 'menu.menu', '{{"state":"menu.menu","language":"nl","consent":true}}',
    9, CASE WHEN n % 20 = 0 THEN 'nudge' END, CASE WHEN n % 20 = 0 THEN {now} + 9000000000 END,
    {now} FROM {some}""",
    """INSERT INTO inbox (channel, provider_id, person_id, kind, body, state, revision, attempts,
    due_at, received_at) SELECT 'telegram', 'p' || n || '-' || k, n, 'text',
    '{{"text":"' || repeat('Meer bankjes graag. ', 8) || '"}}', 'done', 0, 0, {now}, {now}
    FROM {some}, generate_series(1, 2) AS k""",
    """INSERT INTO outbox (person_id, channel, address, body, kind, secret, state, reason, status,
    attempts, due_at, provider_id, created_at, sent_at) SELECT n, 'telegram', 'r' || n,
    '{{"text":"' || repeat('Waar gaat uw plan over? ', 12) || '"}}', 'reply', false,
    CASE WHEN n % 900 = 0 THEN 'waiting' WHEN n % 1000 = 0 THEN 'failed' ELSE 'sent' END, '',
    'delivered', 1, {now}, 'o' || n || '-' || k, {now} - 700000000, {now}
    FROM {some}, generate_series(1, 2) AS k""",
    """INSERT INTO plans (round_id, number, initiator, area, theme, title, text, language, address,
    cost, who, may_call, phone, channel, by_voice, status, created_at, updated_at)
    SELECT 1, n / 50 + 1000, n, 'lindebuurt', 'groen', 'Bankje ' || n,
    repeat('Een bankje bij het plein. ', 10), 'nl', 'Lindeplein 1', 50000, 'me', true, '',
    'telegram', false, CASE WHEN n <= 1000 THEN 'submitted' ELSE 'declined' END, {now}, {now}
    FROM {some} WHERE n % 50 = 0""",
    """INSERT INTO plan_history (plan_id, at, actor, before, after, reason)
    SELECT plans.id, {now}, 'initiator', '', plans.status, '' FROM plans
    JOIN {some} ON n = plans.initiator""",
    """INSERT INTO supports (plan_id, person_id, at) SELECT (SELECT min(id) FROM plans), n, {now}
    FROM {some} WHERE n % 10 = 0""",
)
NUMBERED = ("people", "addresses")
LARGE = ("people", "addresses", "sessions", "inbox", "outbox", "jobs", "plan_news_told")


def fill(conn: Connection, first: int, last: int, now: int) -> None:
    """Adds the residents `first` to `last`, by their ids."""
    some = f"generate_series({first}, {last}) AS n"
    for statement in FILL:
        conn.exec_driver_sql(statement.format(some=some, now=now).replace("%", "%%"))
    for table in NUMBERED:
        conn.exec_driver_sql(f"SELECT setval('{table}_id_seq', {last})")


@contextmanager
def plans(conn: Connection) -> Iterator[list[str]]:
    """Within, the plan of every statement on this connection is noted."""
    found: list[str] = []

    def note(notice: Any) -> None:
        found.append(str(notice.message_primary))

    raw: Any = conn.connection.dbapi_connection
    raw.execute("LOAD 'auto_explain'")
    raw.execute("SET LOCAL auto_explain.log_min_duration = 0")
    raw.execute("SET LOCAL auto_explain.log_level = notice")
    raw.add_notice_handler(note)
    try:
        yield found
    finally:
        # The plan of a statement is told when the next one begins.
        raw.execute("SET LOCAL auto_explain.log_min_duration = -1")
        raw.remove_notice_handler(note)


def scans(plan: str) -> list[str]:
    """The large tables that a plan reads from end to end."""
    read = re.findall(r"Seq Scan on (\w+)", plan)
    return [table for table in read if table in LARGE]


def scanned(conn: Connection, ask: Callable[[Connection], object]) -> list[str]:
    """The large tables that PostgreSQL reads from end to end to answer this."""
    with plans(conn) as found:
        ask(conn)
    assert found, "auto_explain told nothing"
    return [table for plan in found for table in scans(plan)]
