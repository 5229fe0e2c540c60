"""Sums in the database are those of counting one by one."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import defaultdict
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from civic.rounds import AMSTERDAM
from storage import participation
from storage.db import Database
from storage.entered_tables import entered
from storage.life_tables import supports
from storage.participation import Sum
from storage.tables import plans
from storage.times import to_ms
from tests.storage.living import Living

# The clocks go back on 25 October: that week has 169 hours.
MONDAYS = [to_ms(datetime(2026, 10, day, tzinfo=AMSTERDAM)) for day in (12, 19, 26)]
LAST = to_ms(datetime(2026, 10, 30, tzinfo=AMSTERDAM))


def fill(conn: Connection, round_id: int, people: list[int]) -> tuple[list[Any], list[Any]]:
    chance, rows = random.Random(3), []
    for n in range(120):
        at = chance.choice([MONDAYS[0], MONDAYS[1] - 1, MONDAYS[2] - 1, MONDAYS[2], LAST])
        rows.append(
            {
                "round_id": round_id, "number": 500 + n, "title": "Bankje", "text": "",
                "initiator": chance.choice([*people, None]), "who": "me", "may_call": False,
                "language": chance.choice(["nl", "tr"]), "address": "", "phone": "",
                "channel": chance.choice(["sms", "paper"]), "by_voice": chance.random() < 0.3,
                "area": chance.choice(["noord", None]), "status": "submitted",
                "created_at": at, "updated_at": at,
            }
        )  # fmt: skip
    ids = [
        conn.execute(insert(plans).values(row).returning(plans.c.id)).scalar_one() for row in rows
    ]
    given = [
        {"plan_id": plan, "person_id": person, "at": chance.randrange(MONDAYS[0], LAST)}
        for plan in ids
        for person in chance.sample(people, 4)
    ]
    conn.execute(insert(supports), given)
    return rows, given


def summed(rows: list[Any], value: Any, person: str) -> dict[Any, Sum]:
    count: dict[Any, int] = defaultdict(int)
    people: dict[Any, set[Any]] = defaultdict(set)
    for n, row in enumerate(rows):
        count[value(row)] += 1
        people[value(row)].add(row[person] if row[person] is not None else f"nobody {n}")
    return {key: Sum(count[key], len(people[key])) for key in count}


@pytest.fixture
def filled(db: Database) -> tuple[Living, list[Any], list[Any]]:
    living = Living(db)
    people = [living.person() for _ in range(12)]
    other = Living(db, living_round("other"))
    db.call(lambda c: fill(c, other.round_id, people[:4]))
    rows, given = db.call(lambda c: fill(c, living.round_id, people))
    return living, rows, given


def living_round(slug: str) -> Any:
    from dataclasses import replace

    from tests.storage.living import ROUND

    return replace(ROUND, id=slug)


def test_by_what_plans_tell(filled: Any) -> None:
    living, rows, _ = filled
    asked = {
        "area": lambda row: row["area"] or "",
        "language": lambda row: row["language"],
        "channel": lambda row: row["channel"],
        "way": lambda row: "voice" if row["by_voice"] else "text",
    }
    for by, value in asked.items():
        found = living.db.read(lambda c, by=by: participation.plans_by(c, living.round_id, by))
        assert found == summed(rows, value, "initiator"), by
    total = living.db.read(lambda c: participation.plans_in_all(c, living.round_id))
    assert total == summed(rows, lambda row: "", "initiator")[""]


def test_by_week_across_the_change_of_clocks(filled: Any) -> None:
    living, rows, given = filled
    plans_found, supports_found = living.db.read(
        lambda c: (
            participation.plans_by_week(c, living.round_id, MONDAYS),
            participation.supports_by_week(c, living.round_id, MONDAYS),
        )
    )
    by_plan = summed(rows, lambda row: bisect_right(MONDAYS, row["created_at"]) - 1, "initiator")
    by_support = summed(given, lambda row: bisect_right(MONDAYS, row["at"]) - 1, "person_id")
    assert plans_found == [by_plan[n] for n in range(3)]
    assert supports_found == [by_support[n] for n in range(3)]
    first = living.db.read(lambda c: participation.first_ms(c, living.round_id))
    assert first == min(row["created_at"] for row in rows)


def test_support_on_paper_counts_until_it_is_somebodys(filled: Any) -> None:
    living, _, given = filled
    row = {
        "round_id": living.round_id, "plan_id": given[0]["plan_id"], "kind": "support",
        "sheet": "A", "turn": 0, "expires_at": LAST, "created_at": MONDAYS[1],
    }  # fmt: skip
    before = living.db.read(lambda c: participation.supports_by_week(c, living.round_id, MONDAYS))
    living.db.call(
        lambda c: c.execute(
            insert(entered),
            [
                {**row, "line": 1, "linked_at": None},
                {**row, "line": 2, "linked_at": None},
                {**row, "line": 3, "linked_at": LAST},
            ],
        )
    )
    after = living.db.read(lambda c: participation.supports_by_week(c, living.round_id, MONDAYS))
    assert after == [before[0], before[1] + Sum(2, 2), before[2]]


def test_nobody_yet(db: Database) -> None:
    living = Living(db)
    assert db.read(lambda c: participation.first_ms(c, living.round_id)) is None
    assert (
        db.read(lambda c: participation.plans_by_week(c, living.round_id, MONDAYS)) == [Sum()] * 3
    )
    assert db.read(lambda c: participation.plans_in_all(c, living.round_id)) == Sum()
