"""What flows ask to be done: one function for each command, in the message's transaction.

`perform(command, act)` -> `Outcome`. A rule of the round is judged here again,
because between a question and its answer the phase may have ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from bot import adapting, linking, supporting, voting
from bot.prompts import Command, Outcome
from bot.scope import Scope
from civic.plans import OPEN_TO_ADDITIONS, Role, Status, may_become
from civic.rounds import AMSTERDAM, Act
from civic.worktime import answer_by
from storage import help as help_requests
from storage import people, plan_life, plans
from storage.times import to_ms


def perform(command: Command, scope: Scope) -> Outcome:
    """Does what the command says.

    Raises KeyError for a command that does not exist, `bot.voting.Uncast` when a vote is cast.
    """
    return _ACTIONS[command.name](scope, command.args)


def _refused(reason: str, **data: Any) -> Outcome:
    return Outcome(False, {"reason": reason, **data})


def _count_plans(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    return Outcome(True, {"count": _count(scope)})


def _count(scope: Scope) -> int:
    if scope.round_id is None:
        return 0
    return plans.count_of_person(scope.conn, scope.round_id, scope.person_id)


def _submit_plan(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    round_ = scope.world.round
    if scope.round_id is None or round_ is None:
        return _refused("no_round")
    if not round_.allows(Act.SUBMIT_PLAN, scope.world.round_day):
        return _refused("phase")
    most = round_.rules.plans_to_send_in
    if most is not None and _count(scope) >= most:
        return _refused("enough", most=most)
    plan = _new_plan(scope, args)
    number = plans.submit(scope.conn, scope.round_id, plan, scope.now_ms)
    if args.get("listen"):
        _ask_to_listen(scope, plan.recordings)
    return Outcome(True, {"number": number})


def _new_plan(scope: Scope, args: Mapping[str, Any]) -> plans.NewPlan:
    parts: Sequence[Mapping[str, Any]] = args.get("parts") or ()
    recordings = [int(p["recording"]) for p in parts if p.get("recording")]
    lat, lng = args.get("location") or (None, None)
    return plans.NewPlan(
        initiator=scope.person_id,
        title=str(args.get("title") or ""),
        text=str(args.get("text") or ""),
        language=scope.language,
        area=args.get("area"),
        theme=args.get("theme"),
        address=str(args.get("address") or ""),
        lat=lat,
        lng=lng,
        cost=_amount(args.get("cost")),
        who=str(args.get("who") or ""),
        may_call=bool(args.get("call")),
        phone=str(args.get("phone") or ""),
        channel=scope.world.channel,
        by_voice=bool(recordings),
        recordings=recordings,
        photos=[int(p) for p in args.get("photos") or ()],
    )


def _amount(cost: object) -> Decimal | None:
    try:
        return Decimal(str(cost)) if cost is not None else None
    except InvalidOperation:
        return None


def _ask_to_listen(scope: Scope, recordings: Sequence[int]) -> None:
    """The person chose that a human listens: that is a request for help, with a date."""
    for recording in recordings:
        _help(scope, {"kind": "listen", "recording": recording})


def _list_plans(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    if scope.round_id is None:
        return Outcome(True, {"plans": []})
    mine = plans.of_person(scope.conn, scope.round_id, scope.person_id)
    shown = [{"number": p.number, "title": p.title, "status": p.status} for p in mine]
    return Outcome(True, {"plans": shown})


def _mine(scope: Scope, number: object) -> plans.Plan | None:
    """The plan with this number, when it is this person's own."""
    if scope.round_id is None or not isinstance(number, int):
        return None
    found = plans.by_number(scope.conn, scope.round_id, number)
    return found if found and found.initiator == scope.person_id else None


def _show_plan(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    plan = _mine(scope, args.get("number"))
    if plan is None:
        return _refused("unknown")
    added = plans.additions(scope.conn, plan.id)
    text = "\n".join((plan.text, *(a.text for a in added if a.text)))
    return Outcome(
        True,
        {"number": plan.number, "title": plan.title, "text": text[:900], "status": plan.status}
        | adapting.why(scope, plan.id),
    )


def _add_to_plan(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    plan = _mine(scope, args.get("number"))
    if plan is None or Status(plan.status) not in OPEN_TO_ADDITIONS:
        return _refused("too_late")
    if args.get("photo"):
        plans.add_photo(scope.conn, plan.id, int(args["photo"]), scope.now_ms)
    if args.get("text") or args.get("recording"):
        text, recording = str(args.get("text") or ""), args.get("recording")
        plans.add_text(scope.conn, plan.id, text, scope.language, recording, scope.now_ms)
    return Outcome(True)


def _withdraw_plan(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    plan = _mine(scope, args.get("number"))
    if plan is None or not may_become(Status(plan.status), Status.WITHDRAWN):
        return _refused("too_late")
    by = Role.INITIATOR
    try:
        plan_life.change(
            scope.conn, plan.id, Status.WITHDRAWN, actor=by.value, role=by, now_ms=scope.now_ms
        )
    except plan_life.NotAllowed:
        return _refused("too_late")
    return Outcome(True)


def _ask_help(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    return _help(scope, args)


def _help(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    days = scope.world.round.help.answer_within_days if scope.world.round else 2
    day = answer_by(scope.world.today, days)
    until = datetime.combine(day, time(17), AMSTERDAM).astimezone(UTC)
    help_requests.ask(
        scope.conn,
        scope.person_id,
        str(args.get("kind")),
        str(args.get("phone") or ""),
        str(args.get("text") or ""),
        args.get("recording"),
        to_ms(until),
        scope.now_ms,
        _plan_of(scope, args.get("plan")),
    )
    return Outcome(True)


def _plan_of(scope: Scope, number: object) -> int | None:
    """The plan that a request for help is about: only one's own."""
    plan = _mine(scope, number)
    return plan.id if plan else None


def _what_we_know(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    facts = people.facts(scope.conn, scope.person_id)
    if facts is None:
        return _refused("unknown")
    return Outcome(
        True,
        {
            "plans": facts.plans,
            "recordings": facts.recordings,
            "photos": facts.photos,
            "messages": facts.messages,
            "channels": ", ".join(sorted(set(facts.channels))),
        },
    )


def _allow_sms(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    number = str(args.get("phone") or "") or scope.address.rpartition(":")[2]
    wanted = number if args.get("allow") and number.startswith("+") else None
    people.allow_sms(scope.conn, scope.person_id, wanted)
    return Outcome(True, {"on": wanted is not None})


def _forget(scope: Scope, args: Mapping[str, Any]) -> Outcome:
    scope.erased.extend(people.forget(scope.conn, scope.person_id, scope.pepper))
    return Outcome(True)


_ACTIONS: Mapping[str, Callable[[Scope, Mapping[str, Any]], Outcome]] = {
    "count_plans": _count_plans,
    "submit_plan": _submit_plan,
    "list_plans": _list_plans,
    "show_plan": _show_plan,
    "add_to_plan": _add_to_plan,
    "withdraw_plan": _withdraw_plan,
    "ask_help": _ask_help,
    "what_we_know": _what_we_know,
    "allow_sms": _allow_sms,
    "forget": _forget,
    **voting.ACTIONS,
    **supporting.ACTIONS,
    **adapting.ACTIONS,
    **linking.ACTIONS,
}
