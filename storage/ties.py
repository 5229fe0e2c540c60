"""Ties that people settled: the order in which plans with as many votes come."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select

from storage import chain
from storage.vote_tables import tie_decisions


@dataclass(frozen=True, slots=True)
class Decision:
    """Plans with as many votes in the order that people decided, and how they did."""

    order: tuple[int, ...]
    reason: str


def settle(
    conn: Connection, round_id: int, area: str, order: Sequence[int], reason: str, now_ms: int
) -> None:
    """Records the decision, in the chain too. Raises ValueError when this tie was settled before:
    a decision of people is not replaced."""
    decided = of_round(conn, round_id).get(area, ())
    if any(set(order) == set(before.order) for before in decided):
        raise ValueError("this tie was settled already; the decision is not replaced")
    row = {"round_id": round_id, "area": area, "numbers": json.dumps(list(order)), "reason": reason}
    conn.execute(_SETTLE, row)
    chain.append(
        conn, round_id, "tie", {"area": area, "order": list(order), "reason": reason}, now_ms
    )


def of_round(conn: Connection, round_id: int) -> dict[str, tuple[Decision, ...]]:
    """The decisions by area, the first one first."""
    found: dict[str, tuple[Decision, ...]] = defaultdict(tuple)
    for row in conn.execute(_OF_ROUND, {"round": round_id}):
        found[row.area] += (Decision(tuple(json.loads(row.numbers)), row.reason),)
    return dict(found)


_SETTLE = insert(tie_decisions)
_OF_ROUND = (
    select(tie_decisions.c.area, tie_decisions.c.numbers, tie_decisions.c.reason)
    .where(tie_decisions.c.round_id == bindparam("round"))
    .order_by(tie_decisions.c.id)
)
