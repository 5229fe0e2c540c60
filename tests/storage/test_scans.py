"""With many residents, PostgreSQL reads no large table from end to end for what is asked often."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import psycopg
import pytest

from bench._residents import fill, scanned
from bench.postgres import REPO, conversation
from bench.scale import OTHER, PAGE, SWEEP
from bot.messages import Inbound
from runtime.round_file import load_round
from storage import outbox, people, rounds
from storage.db import Database
from tests.conftest import PostgresServer

RESIDENTS = 20_000
NOW = 1_790_000_000_000
SUMS = {"export: supporters"}  # it counts them all, once a week


@pytest.fixture(scope="module")
def many(postgres: PostgresServer, _migrated_postgres: str) -> Iterator[Database]:
    with postgres.database(_migrated_postgres) as url:
        db = Database.open(url, pool=2)
        round_ = load_round(REPO / "examples" / "demo.toml")
        db.call(lambda conn: rounds.save_round(conn, round_, NOW))
        db.call(lambda conn: fill(conn, 1, RESIDENTS, NOW))
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("VACUUM (ANALYZE)")
        yield db
        db.close()


@pytest.mark.parametrize("name", [name for name in SWEEP | PAGE | OTHER if name not in SUMS])
def test_what_is_asked_often_reads_no_large_table(many: Database, name: str) -> None:
    assert many.call(partial(scanned, ask=(SWEEP | PAGE | OTHER)[name])) == []


@pytest.mark.parametrize("who", ["r4", "new"])
def test_a_message_reads_no_large_table(many: Database, who: str) -> None:
    inbound = Inbound(f"m-{who}", "telegram", who, text="help")
    take = partial(conversation().take, inbound=inbound)
    assert many.call(partial(scanned, ask=take)) == []


def test_sending_reads_no_large_table(many: Database) -> None:
    for ask in (outbox.head, outbox.claim, outbox.idle):
        assert many.call(partial(scanned, ask=partial(ask, person_id=4, now_ms=NOW + 1))) == []
    for ask in (people.facts, people.forget):
        assert many.call(partial(scanned, ask=partial(ask, person_id=7))) == []


def test_a_scan_would_be_seen(many: Database) -> None:
    assert many.call(
        partial(scanned, ask=lambda conn: conn.exec_driver_sql("SELECT count(body) FROM outbox"))
    ) == ["outbox"]
