"""What the flow `adapt` asks to be done: the question to an initiator, and their answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.prompts import Outcome
from bot.scope import Scope
from civic.plans import Role, Status
from civic.rounds import today
from storage import plan_life, plans
from storage.plan_life import Adjustment
from storage.plans import Plan
from storage.times import from_ms


def _asked(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    plan, asked = _open(scope, args)
    if plan is None or asked is None:
        return Outcome(False, {"reason": "not_asked"})
    until = today(from_ms(asked.deadline)).isoformat()
    return Outcome(True, {"number": plan.number, "until": until, **why(scope, plan.id)})


def why(scope: Scope, plan_id: int) -> dict[str, str]:
    """Why a plan is in its status: `reason`, and in `note` what is to be said of the words."""
    found = plan_life.last_reason(scope.conn, plan_id, scope.language)
    if found is None:
        return {"reason": "", "note": ""}
    note = "machine" if found.machine else ""
    return {"reason": found.text, "note": note if found.language == scope.language else "dutch"}


def _open(scope: Scope, args: Mapping[str, Any]) -> tuple[Plan | None, Adjustment | None]:
    """The person's own plan, and what is asked about it."""
    number = args.get("number")
    if scope.round_id is None or not isinstance(number, int):
        return None, None
    plan = plans.by_number(scope.conn, scope.round_id, number)
    if plan is None or plan.initiator != scope.person_id or plan.status != Status.ADJUST:
        return None, None
    return plan, plan_life.adjustment(scope.conn, plan.id)


def _answer(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    """The answer joins the plan, which is tested again."""
    plan, asked = _open(scope, args)
    if plan is None or asked is None:
        return Outcome(False, {"reason": "not_asked"})
    _add(scope, plan, args.get("parts") or (), args.get("photos") or ())
    role = Role.INITIATOR
    plan_life.change(
        scope.conn, plan.id, Status.ASSESSING, actor=role.value, role=role, now_ms=scope.now_ms
    )
    return Outcome(True)


def _add(
    scope: Scope, plan: Plan, parts: Sequence[Mapping[str, Any]], photos: Sequence[int]
) -> None:
    for part in parts:
        text, recording = str(part.get("text") or ""), part.get("recording")
        plans.add_text(scope.conn, plan.id, text, scope.language, recording, scope.now_ms)
    for photo in photos:
        plans.add_photo(scope.conn, plan.id, int(photo), scope.now_ms)


ACTIONS: Mapping[str, Callable[[Scope, Mapping[str, Any]], Outcome]] = {
    "adapt_asked": _asked,
    "adapt_plan": _answer,
}
