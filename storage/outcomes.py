"""What was decided about plans, told to everybody at the same instant.

Until then nothing of it can be seen: the plan keeps its status.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from civic.plans import RESULTS, Role, Status, needs_reason
from storage import plan_life
from storage.dialects import Either
from storage.life_tables import plan_outcomes
from storage.tables import plans

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a plan will become at `publish_at` (milliseconds)."""

    number: int
    title: str
    outcome: Status
    publish_at: int


def announce(
    conn: Connection,
    round_id: int,
    outcomes: Mapping[int, Status],
    *,
    actor: str,
    role: Role,
    publish_at_ms: int,
    reasons: Mapping[int, Mapping[str, str]] | None = None,
) -> list[int]:
    """Sets what becomes of these plans (by number) at `publish_at_ms`, all at once.

    What was set for them before is replaced. Returns the numbers of admitted plans of the round
    for which nothing is set. Raises ValueError, and changes nothing, for a plan that is not
    admitted, another outcome than chosen or not chosen, or a committee without a reason.
    """
    ids = dict(conn.execute(_ADMITTED, {"round": round_id}).all())
    said = reasons or {}
    for number, outcome in outcomes.items():
        if number not in ids or outcome not in RESULTS:
            raise ValueError(f"plan {number}: not admitted, or not an outcome")
        if needs_reason(outcome, role) and not said.get(number, {}).get("nl", "").strip():
            raise ValueError(f"plan {number}: a reason in Dutch is needed")
    common = {"round_id": round_id, "actor": actor, "role": role.value}
    common |= {"publish_at": publish_at_ms}
    rows = [
        {**common, "plan_id": ids[number], "outcome": outcome.value}
        | {"reasons": json.dumps(dict(said.get(number, {})), ensure_ascii=False)}
        for number, outcome in outcomes.items()
    ]
    if rows:
        conn.execute(_ANNOUNCE.on(conn), rows)
        conn.execute(_SAME_TIME, {"round": round_id, "at": publish_at_ms})
    return sorted(ids.keys() - {each.number for each in announced(conn, round_id)})


def announced(conn: Connection, round_id: int) -> list[Outcome]:
    """What is set and not told yet, by number."""
    return [
        Outcome(row.number, row.title, Status(row.outcome), row.publish_at)
        for row in conn.execute(_ANNOUNCED, {"round": round_id})
    ]


def recall(conn: Connection, round_id: int) -> int:
    """Takes back what is set and not told yet; returns how many."""
    return conn.execute(_RECALL, {"round": round_id}).rowcount


def publish_due(conn: Connection, now_ms: int) -> int:
    """Takes every step whose instant has come, with its news; returns how many.

    A plan that was withdrawn meanwhile stays so.
    """
    due = conn.execute(_DUE, {"now": now_ms}).all()
    return sum(_publish(conn, row, now_ms) for row in due)


def _publish(conn: Connection, row: Any, now_ms: int) -> bool:
    plan_id, outcome, actor, role, reasons = row
    if conn.execute(_TAKE, {"plan": plan_id}).rowcount != 1:
        return False
    try:
        plan_life.change(
            conn,
            plan_id,
            Status(outcome),
            actor=actor,
            role=Role(role),
            reasons=json.loads(reasons),
            now_ms=now_ms,
        )
    except plan_life.NotAllowed as error:
        log.warning("an outcome could not be told: %s", error.refusal)
        return False
    return True


_ADMITTED = select(plans.c.number, plans.c.id).where(
    plans.c.round_id == bindparam("round"), plans.c.status == Status.ADMITTED.value
)
_ANNOUNCE = Either(
    plan_outcomes,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["plan_id"],
        set_={
            name: insert.excluded[name]
            for name in ("outcome", "actor", "role", "reasons", "publish_at")
        },
    ),
)
# One instant for the whole round: nobody hears before anybody else.
_of_round = plan_outcomes.c.round_id == bindparam("round")
_SAME_TIME = plan_outcomes.update().where(_of_round).values(publish_at=bindparam("at"))
_ANNOUNCED = (
    select(plans.c.number, plans.c.title, plan_outcomes.c.outcome, plan_outcomes.c.publish_at)
    .join(plans, plans.c.id == plan_outcomes.c.plan_id)
    .where(_of_round)
    .order_by(plans.c.number)
)
_RECALL = delete(plan_outcomes).where(_of_round)
_DUE = (
    select(
        plan_outcomes.c.plan_id,
        plan_outcomes.c.outcome,
        plan_outcomes.c.actor,
        plan_outcomes.c.role,
        plan_outcomes.c.reasons,
    )
    .where(plan_outcomes.c.publish_at <= bindparam("now"))
    .order_by(plan_outcomes.c.plan_id)
)
_TAKE = delete(plan_outcomes).where(plan_outcomes.c.plan_id == bindparam("plan"))
