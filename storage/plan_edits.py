"""What people in the console correct of a plan: each field with who, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from storage import plans
from storage.money import to_cents
from storage.plan_work_tables import plan_edits
from storage.plans import Plan
from storage.tables import plans as plan_rows

FIELDS = ("title", "text", "area", "theme", "address", "lat", "lng", "cost")


@dataclass(frozen=True, slots=True)
class Edit:
    """A correction of one field; empty values are "". A cost is in euros."""

    at: int
    actor: str
    field: str
    before: str
    after: str
    reason: str


def edit(
    conn: Connection,
    plan_id: int,
    values: Mapping[str, Any],
    *,
    actor: str,
    reason: str,
    now_ms: int,
) -> list[str]:
    """Sets these fields (of `FIELDS`) of a plan; returns the names of those that were different.

    Raises LookupError for an unknown plan, KeyError for another field.
    """
    plan = plans.locked(conn, plan_id)
    if plan is None:
        raise LookupError("no such plan")
    new = {name: value for name, value in values.items() if value != getattr(plan, name)}
    if not new.keys() <= set(FIELDS):
        raise KeyError("not a field that can be corrected")
    if not new:
        return []
    common = {"plan_id": plan_id, "at": now_ms, "actor": actor, "reason": reason}
    rows = [{**common, **_told(plan, name, value)} for name, value in new.items()]
    conn.execute(insert(plan_edits), rows)
    stored = new | ({"cost": to_cents(new["cost"])} if "cost" in new else {})
    conn.execute(_EDIT.values(stored | {"updated_at": now_ms}), {"plan": plan_id})
    return sorted(new)


def _told(plan: Plan, name: str, value: Any) -> dict[str, str]:
    return {"field": name, "before": _text(getattr(plan, name)), "after": _text(value)}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def of_plan(conn: Connection, plan_id: int) -> list[Edit]:
    """Every correction of the plan, in order."""
    return [Edit(*row) for row in conn.execute(_OF_PLAN, {"plan": plan_id})]


def asked(plan: Plan, edits: list[Edit]) -> Decimal | None:
    """What the initiator asked for, before anybody corrected the cost."""
    first = next((each.before for each in edits if each.field == "cost"), None)
    if first is None:
        return plan.cost
    return Decimal(first) if first else None


_EDIT = update(plan_rows).where(plan_rows.c.id == bindparam("plan"))
_OF_PLAN = (
    select(*(plan_edits.c[name] for name in Edit.__slots__))
    .where(plan_edits.c.plan_id == bindparam("plan"))
    .order_by(plan_edits.c.id)
)
