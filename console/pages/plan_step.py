"""A step in a plan's life: why, what people will be told, and only then the step itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import Response

from civic.assessments import Verdict
from civic.plan_costs import Over, out_of_bounds, together
from civic.plans import ADAPT_WITHIN, Status, needs_reason
from civic.worktime import waking_hour
from console import days
from console.forms import Form
from console.on_plan import OnPlan, actor_of, next_steps, on_plan
from console.preview import Tidings
from console.roles import EVERYONE, Role
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import assessing, assessments, plan_edits, plan_life, supports
from storage.plan_life import NotAllowed
from storage.times import from_ms, to_ms

DECIDERS = EVERYONE - {Role.AUDITOR}
_SAID_BY = {Status.ADJUST: Verdict.ADJUST, Status.DECLINED: Verdict.NOT_FEASIBLE}


class StepForm(BaseModel):
    """`seen`: the mark of what was shown as what people will be told."""

    reason: str = Field(default="", max_length=2000)
    reason_own: str = Field(default="", max_length=2000)
    deadline: date | None = None
    dutch_only: bool = False
    take_cost: bool = False
    anyway: bool = False
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The step that is asked for, with what the tests say about it."""

    on: OnPlan
    to: Status
    required: bool
    reasons: Mapping[str, str]
    cost: Decimal | None  # as the assessors found it
    over: list[Over]
    followers: int


async def move(visit: Visit) -> Response:
    """From the board: on to the step, or to the plan with why it cannot be taken."""
    on = await on_plan(visit)
    wanted = visit.request.query_params.get("to", "")
    if wanted in next_steps(visit, on):
        return visit.go("plan.step", number=on.plan.number, to=wanted)
    visit.say(T("step.not_now"), "bad")
    return visit.go("plan", number=on.plan.number)


async def show(visit: Visit) -> Response:
    asked = await _asked(visit)
    until = days.in_days(visit.deps.clock(), ADAPT_WITHIN.days)
    values = {
        "reason": asked.reasons.get("nl", ""),
        "reason_own": asked.reasons.get(asked.on.reads, ""),
        "deadline": until.isoformat(),
        "take_cost": asked.cost is not None,
    }
    return visit.page("plan_step.html", **_context(visit, asked, Form(values)))


async def take(visit: Visit) -> Response:
    asked = await _asked(visit)
    form = visit.form(StepForm)
    _check(visit, asked, form)
    if form.bad:
        return visit.again("plan_step.html", **_context(visit, asked, form))
    told = _told(asked, form.ok)
    if form.ok.seen != _mark(visit, told):
        return visit.page("plan_step.html", **_context(visit, asked, form, told))
    try:
        await visit.change("plan.step", asked.on.plan.id, _taking(visit, asked, form.ok))
    except NotAllowed:  # somebody else was first
        visit.say(T("step.not_any_more"), "bad")
        return visit.go("plan", number=asked.on.plan.number)
    return visit.go("plan", T("step.taken"), number=asked.on.plan.number)


async def _asked(visit: Visit) -> Asked:
    """A 404 for a step that there is not, or that this user may not take."""
    on = await on_plan(visit)
    wanted = str(visit.request.path_params["to"])
    to = next((each for each in next_steps(visit, on) if each.value == wanted), None)
    actor = actor_of(visit)
    if to is None or actor is None:
        raise visit.missing()
    reasons, cost, followers = await visit.read(lambda conn: _found(conn, on, to))
    counts = on.plan.cost if cost is None else cost
    over = out_of_bounds(on.round, on.plan.area, on.plan.theme, counts)
    return Asked(
        on,
        to,
        needs_reason(to, actor),
        reasons,
        None if cost == on.plan.cost else cost,
        over if to is Status.ADMITTED else [],
        followers,
    )


def _found(conn: Connection, on: OnPlan, to: Status) -> tuple[dict[str, str], Decimal | None, int]:
    """What the tests say that leads to this step, by language; their cost; how many follow."""
    last = assessing.newest(assessments.of_plan(conn, on.plan.id))
    said = [each.reasons for each in last if each.verdict is _SAID_BY.get(to)]
    reasons = {
        language: "\n".join(each[language] for each in said if each.get(language))
        for language in on.languages
    }
    cost = together(each.cost for each in last) if to is Status.ADMITTED else None
    return reasons, cost, supports.followers(conn, on.plan.id)


def _check(visit: Visit, asked: Asked, form: Form[StepForm]) -> None:
    """What the fields alone cannot tell."""
    if form.model is None:
        return
    given, own = form.model, asked.on.reads != "nl"
    reason, in_own = given.reason.strip(), given.reason_own.strip()
    if not reason and (asked.required or in_own):
        form.wrong("reason", T("step.reason_needed"))
    if own and reason and not in_own and not given.dutch_only:
        form.wrong("reason_own", T("step.own_needed"))
    if asked.to is Status.ADJUST and (
        given.deadline is None or given.deadline <= days.day_of(visit.deps.clock())
    ):
        form.wrong("deadline", T("step.deadline_later"))
    if asked.over and not given.anyway:
        form.wrong("anyway", T("step.anyway_needed"))


def _told(asked: Asked, given: StepForm) -> Tidings:
    words = {"nl": given.reason.strip()}
    if asked.on.reads != "nl":
        words[asked.on.reads] = given.reason_own.strip()
    deadline = days.end_of(given.deadline) if given.deadline else None
    return Tidings(
        asked.to.value,
        asked.on.plan,
        asked.on.round,
        {language: text for language, text in words.items() if text},
        deadline if asked.to is Status.ADJUST else None,
        titles=asked.on.titles,
    )


def _mark(visit: Visit, told: Tidings) -> str:
    """By which it is known that what goes out is what was shown."""
    said = sorted(told.reasons.items())
    return visit.keys.mac("told", told.plan.id, told.kind, said, told.deadline)[:32]


def _context(
    visit: Visit, asked: Asked, form: Form[StepForm], told: Tidings | None = None
) -> dict[str, Any]:
    """For the template; with `told` it shows what people will get, and asks whether to go on."""
    at = to_ms(waking_hour(from_ms(visit.deps.clock())))
    shown = _messages(visit, asked, told) if told else []
    mark = _mark(visit, told) if told else ""
    return {"asked": asked, "on": asked.on, "form": form, "shown": shown, "mark": mark, "at": at}


def _messages(visit: Visit, asked: Asked, told: Tidings) -> list[tuple[bool, str, str]]:
    """(to the initiator, language, text) of each message."""
    preview, reads = visit.deps.preview, asked.on.reads
    mine = [] if told.plan.initiator is None else [(True, reads, preview(told, reads, True))]
    return [*mine, *([(False, "nl", preview(told, "nl", False))] if asked.followers else [])]


def _taking(visit: Visit, asked: Asked, given: StepForm) -> Any:
    told, now, me = _told(asked, given), visit.deps.clock(), visit.me.name
    actor = actor_of(visit)
    assert actor is not None

    def work(conn: Connection) -> None:
        plan_life.change(
            conn,
            told.plan.id,
            asked.to,
            actor=me,
            role=actor,
            reasons=told.reasons,
            now_ms=now,
            deadline_ms=told.deadline,
        )
        if asked.to is Status.ADMITTED and given.take_cost and asked.cost is not None:
            why = visit.texts.t("step.cost_of_test")
            cost = {"cost": asked.cost}
            plan_edits.edit(conn, told.plan.id, cost, actor=me, reason=why, now_ms=now)

    return work


PATH = "/plans/{number:int}/step/{to}"
ROUTES = [
    View("plan.move", "/plans/{number:int}/move", move, DECIDERS),
    View("plan.step", PATH, show, DECIDERS),
    Act("plan.take", PATH, take, DECIDERS),
]
