"""What the flow `link` asks to be done: a code is checked, what it stands for becomes theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.prompts import Outcome
from bot.scope import Scope
from bot.voting import MINUTE_MS, SLOW_MS
from civic.link_codes import Codes
from storage import attempts, entered, plans
from storage.entered import Line


def _check(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    """What this code is of, and its plan's name; else why not: see `_find`."""
    found = _find(scope, str(args.get("code") or ""))
    return found if isinstance(found, Outcome) else Outcome(True, _shown(found))


def _link(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    """Makes it theirs. `what`: linked | already (theirs, or counted) | own."""
    found = _find(scope, str(args.get("code") or ""))
    if isinstance(found, Outcome):
        return found
    most = scope.world.round.rules.plans_to_send_in if scope.world.round else None
    mine = found.person_id == scope.person_id
    if found.kind == entered.PLAN and not mine and most is not None and _count(scope) >= most:
        return _refused("enough", most=most)
    what = entered.link(scope.conn, found, scope.person_id, scope.now_ms)
    if what == "gone":
        return _refused("unknown")
    return Outcome(True, {**_shown(found), "what": what})


def _find(scope: Scope, code: str) -> Line | Outcome:
    """What has this code and may be this person's, else why not: help, wait, unknown."""
    round_, round_id = scope.world.round, scope.round_id
    if round_ is None or round_id is None:
        return _refused("unknown")
    limits = attempts.state(scope.conn, round_id, scope.person_id, scope.now_ms, scope.who)
    if limits.storm:
        scope.slow_ms = SLOW_MS
    if limits.needs_help:
        return _refused("help")
    if limits.until_ms is not None:
        return _refused("wait", minutes=-((scope.now_ms - limits.until_ms) // MINUTE_MS))
    kept = Codes(scope.pepper).kept(round_.id, code)
    found = entered.by_code(scope.conn, round_id, kept)
    right = found is not None and _may_be(found, scope)
    attempts.note(scope.conn, round_id, scope.person_id, not right, scope.now_ms)
    return found if found and right else _refused("unknown")


def _may_be(found: Line, scope: Scope) -> bool:
    """Nobody's and not too old, or this person's already."""
    if found.linked_at is not None:
        return found.person_id == scope.person_id
    return found.expires_at > scope.now_ms


def _count(scope: Scope) -> int:
    return plans.count_of_person(scope.conn, scope.round_id or 0, scope.person_id)


def _shown(found: Line) -> dict[str, Any]:
    return {"kind": found.kind, "number": found.number, "title": found.title}


def _refused(reason: str, **data: Any) -> Outcome:
    return Outcome(False, {"reason": reason, **data})


ACTIONS: Mapping[str, Callable[[Scope, Mapping[str, Any]], Outcome]] = {
    "check_link": _check,
    "link": _link,
}
