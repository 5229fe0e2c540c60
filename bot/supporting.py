"""What the flow `support` asks to be done: look at plans of others, support and follow them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.adapting import why
from bot.prompts import Outcome
from bot.scope import Scope
from civic.plans import Status
from civic.rounds import Act
from storage import browsing, plan_life, supports
from storage.browsing import View

MOST_LETTERS = 900  # of a plan that is shown; the rest is cut at a word
MOST_SHOWN = 20


def _browse(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    """One page of plans, and whether there are more."""
    if scope.round_id is None:
        return Outcome(True, {"plans": [], "more": False})
    most = min(int(args.get("most") or MOST_SHOWN), MOST_SHOWN)
    found = browsing.browse(
        scope.conn,
        scope.round_id,
        scope.language,
        order="nearest" if args.get("order") == "nearest" else "newest",
        area=args.get("area"),
        theme=args.get("theme"),
        limit=most + 1,
        offset=most * int(args.get("page") or 0),
    )
    plans = [
        {"number": p.number, "title": p.title, "status": p.status, "count": p.supporters}
        for p in found[:most]
    ]
    machine = any(p.machine for p in found[:most])
    return Outcome(True, {"plans": plans, "more": len(found) > most, "machine": machine})


def _view(scope: Scope, args: Mapping[str, Any]) -> View | None:
    number = args.get("number")
    if scope.round_id is None or not isinstance(number, int):
        return None
    return browsing.view(scope.conn, scope.round_id, number, scope.language, scope.person_id)


def _look(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    plan = _view(scope, args)
    if plan is None:
        return _refused("unknown")
    return Outcome(
        True,
        {
            "number": plan.number,
            "title": plan.title,
            "text": _shortened(plan.text),
            "language": plan.language,
            "machine": plan.machine,
            "area": plan.area,
            "theme": plan.theme,
            "status": plan.status,
            "count": plan.supporters,
            "own": plan.own,
            "supported": supports.has(scope.conn, plan.id, scope.person_id),
            "following": supports.is_follower(scope.conn, plan.id, scope.person_id),
            **(why(scope, plan.id) if plan.status == Status.DECLINED else {}),
        },
    )


def _shortened(text: str) -> str:
    if len(text) <= MOST_LETTERS:
        return text
    return text[:MOST_LETTERS].rpartition(" ")[0] + " …"


def _support(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    """The phase is judged again: it may have ended since the question was asked."""
    plan, refused = _now(scope, args)
    if plan is None:
        return refused
    done = plan_life.support(scope.conn, plan.id, scope.person_id, scope.now_ms)
    if done.what in ("own", "closed"):
        return _refused(done.what)
    following = supports.is_follower(scope.conn, plan.id, scope.person_id)
    facts = {"what": done.what, "count": done.count, "needed": done.needed, "enough": done.enough}
    return Outcome(True, {**facts, "following": following})


def _unsupport(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    plan, refused = _now(scope, args)
    if plan is None:
        return refused
    supports.take_back(scope.conn, plan.id, scope.person_id)
    return Outcome(True)


def _now(scope: Scope, args: Mapping[str, Any]) -> tuple[View | None, Outcome]:
    """The plan, if supporting is possible now; else why not."""
    round_ = scope.world.round
    if round_ is None or not round_.allows(Act.SUPPORT, scope.world.round_day):
        return None, _refused("phase")
    return _view(scope, args), _refused("unknown")


def _follow(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    plan = _view(scope, args)
    if plan is None or plan.own:
        return _refused("unknown")
    if args.get("on"):
        supports.follow(scope.conn, plan.id, scope.person_id, scope.now_ms)
    else:
        supports.unfollow(scope.conn, plan.id, scope.person_id)
    return Outcome(True, {"on": bool(args.get("on"))})


def _refused(reason: str) -> Outcome:
    return Outcome(False, {"reason": reason})


ACTIONS: Mapping[str, Callable[[Scope, Mapping[str, Any]], Outcome]] = {
    "browse_plans": _browse,
    "look_plan": _look,
    "support_plan": _support,
    "unsupport_plan": _unsupport,
    "follow_plan": _follow,
}
