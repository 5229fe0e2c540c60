"""A vote that can be begun at once, for conversations as data: plans, a key, and known codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from nacl.public import PrivateKey
from sqlalchemy import Connection, text

from bot import voting
from civic.plans import Status
from civic.receipts import SIGNS
from civic.rounds import BallotKind, Round, TallyRule
from civic.stempas import credential, with_check
from storage import elections, plans, rounds, stempassen

KEY = PrivateKey(b"a key for these tests only, hush")
# 482 913 075 653, 135 792 468 048 and 908 172 635 434.
CODES = tuple(map(with_check, ("4829130756", "1357924680", "9081726354")))

PLANS = (
    ("Speeltuin met waterpomp", 40_000),
    ("Moestuin voor de buurt", 12_000),
    ("Muziekles voor kinderen", 7_500),
    ("Bankjes langs het water", 9_000),
    ("Samen koken op zondag", 5_000),
    ("Verlichting in het park", 85_000),
    ("Muurschildering bij de school", 18_000),
    ("Buurtfeest in de zomer", 6_000),
    ("Voetbalkooi met kunstgras", 120_000),
    ("Bomen in de straat", 60_000),
    ("Taalcafé", 4_500),
    ("Fietsles voor vrouwen", 8_000),
)


def round_with(round_: Round, rules: str) -> Round:
    """The round with other rules, written as `ballot=points ballot_points=10`."""
    if not rules:
        return round_
    changes = dict(part.split("=", 1) for part in rules.split())
    values = {name: _value(name, value) for name, value in changes.items()}
    return replace(round_, rules=replace(round_.rules, **values))


def _value(name: str, value: str) -> Any:
    kinds = {"ballot": BallotKind, "tally": TallyRule}
    if name in kinds:
        return kinds[name](value)
    return value == "yes" if value in ("yes", "no") else int(value)


def begin(conn: Connection, count: int, pepper: bytes, now_ms: int) -> None:
    """So many plans admitted, the election open, and a pass for each of `CODES`."""
    active = rounds.active(conn)
    assert active
    areas, themes = active.round.areas, active.round.themes
    for n in range(count):
        title, cost = PLANS[n % len(PLANS)]
        new = plans.NewPlan(
            initiator=_somebody(conn),
            title=title,
            text=title,
            language="nl",
            area=areas[n % len(areas)].id,
            theme=themes[n % len(themes)].id,
            cost=Decimal(cost),
        )
        plan = plans.by_number(conn, active.id, plans.submit(conn, active.id, new, now_ms))
        assert plan
        plans.set_status(conn, plan.id, plan.status, Status.ADMITTED, "test", "", now_ms)
    elections.opened(conn, active.id, bytes(KEY.public_key).hex(), 3, 2, now_ms)
    credentials = [credential(pepper, active.round.id, code) for code in CODES]
    facts = {"kind": "resident", "channel": "internet", "digits": 12, "now_ms": now_ms}
    stempassen.issue(conn, active.id, area=areas[0].id, credentials=credentials, **facts)


@contextmanager
def no_chance() -> Iterator[None]:
    """Every voter gets the plans in one order and the same signs, as if chance had drawn them."""
    order = patch.object(voting.secrets, "randbelow", lambda most: 7)
    signs = patch.object(voting, "receipt", lambda box: tuple(SIGNS.values())[10:16])
    with order, signs:
        yield


def _somebody(conn: Connection) -> int:
    query = text(
        "INSERT INTO people (language, sound, notify, created_at, state)"
        " VALUES ('nl', false, true, 1, 'active') RETURNING id"
    )
    return int(conn.execute(query).scalar_one())
