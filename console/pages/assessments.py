"""The feasibility test: the queue of the assessors, one test, and having a plan tested."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator
from sqlalchemy import Connection
from starlette.responses import Response

from civic.assessments import Verdict, needs_reason
from civic.plan_costs import out_of_bounds
from civic.plans import ADAPT_WITHIN, Status
from console import days
from console.forms import ROWS, Filters, Form, Paging
from console.on_plan import OnPlan, load, on_plan
from console.pages.plan_edit import amount
from console.roles import ASSESSORS, COORDINATORS, EVERYONE, HEARS_VOICES, Role
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import (
    assessing,
    assessments,
    console_users,
    photos,
    plan_life,
    plans,
    recordings,
    translations,
)
from storage.assessing import Whose
from storage.assessments import Assessment

TO_TEST = frozenset({Status.SUBMITTED, Status.SUPPORTED, Status.ASSESSING})
MOST_READY = 10


class QueueFilters(Filters):
    """What the address of the page may ask for."""

    whose: Whose = "all"
    field: str = ""


class BeginForm(BaseModel):
    field: str = Field(max_length=100)
    assessor: str = ""
    deadline: date


class NotesForm(BaseModel):
    """`verdict` is "" while somebody only keeps what they have found so far."""

    related: str = Field(default="", max_length=2000)
    permits: str = Field(default="", max_length=2000)
    cost: Decimal | None = Field(default=None, ge=0, le=100_000_000, decimal_places=2)
    upkeep: Decimal | None = Field(default=None, ge=0, le=100_000_000, decimal_places=2)
    verdict: Literal["", "feasible", "adjust", "not_feasible"] = ""
    reason: str = Field(default="", max_length=2000)
    reason_own: str = Field(default="", max_length=2000)

    @field_validator("cost", "upkeep", mode="before")
    @classmethod
    def as_people_write_it(cls, value: str) -> str:
        return amount(value)


class GiveForm(BaseModel):
    assessor: str = ""
    deadline: date


async def queue(visit: Visit) -> Response:
    active, filters = await visit.round(), visit.filters(QueueFilters)
    now, me = visit.deps.clock(), visit.me.name

    def read(conn: Connection) -> dict[str, Any]:
        lines, total = assessing.waiting(
            conn,
            active.id,
            whose=filters.whose,
            me=me,
            field=filters.field or None,
            now_ms=now,
            offset=Paging.offset(filters.page),
            limit=ROWS,
        )
        ready, many_ready = assessing.undecided(
            conn, active.id, tested=True, offset=0, limit=MOST_READY
        )
        fresh, many_fresh = assessing.undecided(
            conn, active.id, tested=False, offset=0, limit=MOST_READY
        )
        return {
            "lines": lines,
            "paging": Paging(filters.page, total),
            "counts": assessing.counts(conn, active.id, me, now),
            "fields": assessments.fields(conn, active.id),
            "ready": ready,
            "many_ready": many_ready,
            "fresh": fresh,
            "many_fresh": many_fresh,
        }

    found = await visit.read(read)
    return visit.page("assessments.html", filters=filters, now=now, me=me, **found)


# --- having a plan tested


async def show_begin(visit: Visit) -> Response:
    on = await _testable(visit)
    until = days.in_days(visit.deps.clock(), ADAPT_WITHIN.days).isoformat()
    return await _begin_page(visit, on, Form({"deadline": until}))


async def begin(visit: Visit) -> Response:
    on = await _testable(visit)
    form = visit.form(BeginForm)
    await _check_giving(visit, form)
    if form.bad:
        return await _begin_page(visit, on, form, 422)
    work = partial(
        assessments.begin,
        plan_id=on.plan.id,
        field=form.ok.field.strip(),
        assessor=form.ok.assessor,
        deadline_ms=days.end_of(form.ok.deadline),
        now_ms=visit.deps.clock(),
    )
    await visit.change("assessment.begin", on.plan.id, work)
    return visit.go("plan", T("assessments.begun"), number=on.plan.number)


async def _testable(visit: Visit) -> OnPlan:
    on = await on_plan(visit)
    if on.status not in TO_TEST:
        raise visit.missing()
    return on


async def _begin_page(
    visit: Visit, on: OnPlan, form: Form[BeginForm], status: int = 200
) -> Response:
    fields = await visit.read(partial(assessing.all_fields, round_id=on.active.id))
    names = await visit.read(assessors)
    return visit.page("assessment_begin.html", status, on=on, form=form, fields=fields, names=names)


def assessors(conn: Connection) -> list[str]:
    """Who may test plans."""
    everybody = console_users.everybody(conn)
    return [user.name for user in everybody if user.active and Role(user.role) in ASSESSORS]


async def _check_giving(visit: Visit, form: Form[Any]) -> None:
    if form.model is None:
        return
    if form.model.assessor and form.model.assessor not in await visit.read(assessors):
        form.wrong("assessor", T("field.choose"))
    if form.model.deadline < days.day_of(visit.deps.clock()):
        form.wrong("deadline", T("assessments.deadline_past"))


# --- one test


class OnTest:
    """A test and the plan it is about; `can`: this user may write in it."""

    def __init__(self, visit: Visit, on: OnPlan, test: Assessment) -> None:
        self.on, self.test = on, test
        self.is_open = test.verdict is Verdict.OPEN and on.status is Status.ASSESSING
        mine = visit.may(COORDINATORS) or test.assessor == visit.me.name
        self.can = self.is_open and mine and visit.may(ASSESSORS)
        self.may_take = self.is_open and visit.may(ASSESSORS) and test.assessor == ""


async def _on_test(visit: Visit) -> OnTest:
    active, row, me = await visit.round(), visit.number("id"), visit.me.name
    now = visit.deps.clock()

    def read(conn: Connection) -> tuple[OnPlan, Assessment] | None:
        test = assessing.get(conn, row)
        plan = plans.by_id(conn, test.plan_id) if test else None
        if test is None or plan is None or plan.round_id != active.id:
            return None
        return load(conn, active, plan, me, now), test

    found = await visit.read(read)
    if found is None:
        raise visit.missing()
    visit.saw("plan", found[0].plan.id)
    return OnTest(visit, *found)


async def show(visit: Visit) -> Response:
    at = await _on_test(visit)
    values = {name: getattr(at.test, name) for name in ("related", "permits", "cost", "upkeep")}
    shown = {name: "" if value is None else value for name, value in values.items()}
    until = days.day_of(at.test.deadline).isoformat()
    return await _page(
        visit, at, Form(shown), Form({"assessor": at.test.assessor, "deadline": until})
    )


async def _page(
    visit: Visit, at: OnTest, form: Form[Any], give: Form[Any], status: int = 200
) -> Response:
    voices = visit.may(HEARS_VOICES)

    def read(conn: Connection) -> dict[str, Any]:
        plan_id = at.on.plan.id
        return {
            "translations": translations.of_plan(conn, plan_id),
            "others": [a for a in assessments.of_plan(conn, plan_id) if a.id != at.test.id],
            "recordings": recordings.of_plan(conn, plan_id) if voices else [],
            "photos": photos.of_plan(conn, plan_id),
            "names": assessors(conn),
            **_answer(conn, plan_id),
        }

    found = await visit.read(read)
    over = out_of_bounds(at.on.round, at.on.plan.area, at.on.plan.theme, at.on.plan.cost)
    return visit.page(
        "assessment.html",
        status,
        at=at,
        on=at.on,
        test=at.test,
        form=form,
        give=give,
        voices=voices,
        over=over,
        now=visit.deps.clock(),
        **found,
    )


def _answer(conn: Connection, plan_id: int) -> dict[str, Any]:
    """The city's last question to the initiator, and what was added since."""
    asked = [step for step in plan_life.steps(conn, plan_id) if step.after == Status.ADJUST.value]
    added = plans.additions(conn, plan_id)
    if not asked:
        return {"question": None, "answers": [], "earlier": added}
    since = asked[-1].at
    return {
        "question": asked[-1],
        "answers": [each for each in added if each.at >= since],
        "earlier": [each for each in added if each.at < since],
    }


async def judge(visit: Visit) -> Response:
    """Keeps what was found so far, or with a verdict gives that too."""
    at = await _on_test(visit)
    if not at.can:
        return _not_theirs(visit, at)
    form = visit.form(NotesForm)
    if form.model:
        _check(at, form, form.model, judging=visit.posted.get("do") == "judge")
    if form.bad:
        until = days.day_of(at.test.deadline).isoformat()
        give = Form[GiveForm]({"assessor": at.test.assessor, "deadline": until})
        return await _page(visit, at, form, give, 422)
    judging, now = visit.posted.get("do") == "judge", visit.deps.clock()
    work = partial(_store, at=at, given=form.ok, judging=judging, me=visit.me.name, now_ms=now)
    if not judging:
        await visit.change("assessment.note", at.test.id, work)
        return visit.go("assessments.one", T("assessments.kept"), id=at.test.id)
    await visit.change("assessment.judge", at.test.id, work)
    return visit.go("plan", T("assessments.judged"), number=at.on.plan.number)


def _check(at: OnTest, form: Form[NotesForm], given: NotesForm, *, judging: bool) -> None:
    if not judging:
        return
    if not given.verdict:
        form.wrong("verdict", T("field.choose"))
    elif needs_reason(Verdict(given.verdict)) and not given.reason.strip():
        form.wrong("reason", T("step.reason_needed"))


def _store(
    conn: Connection, *, at: OnTest, given: NotesForm, judging: bool, me: str, now_ms: int
) -> None:
    assessments.note(
        conn,
        at.test.id,
        related=given.related.strip(),
        permits=given.permits.strip(),
        cost=given.cost,
        upkeep=given.upkeep,
    )
    if judging:
        words = {at.on.reads: given.reason_own, "nl": given.reason}
        verdict = Verdict(given.verdict)
        assessments.judge(conn, at.test.id, verdict, words, assessor=me, now_ms=now_ms)


async def take(visit: Visit) -> Response:
    """An assessor takes a test that is nobody's."""
    at = await _on_test(visit)
    if not at.may_take:
        return _not_theirs(visit, at)
    work = partial(
        assessments.assign,
        assessment_id=at.test.id,
        assessor=visit.me.name,
        deadline_ms=at.test.deadline,
    )
    await visit.change("assessment.assign", at.test.id, work)
    return visit.go("assessments.one", T("assessments.yours"), id=at.test.id)


async def give(visit: Visit) -> Response:
    """A coordinator gives a test to somebody, with a deadline."""
    at = await _on_test(visit)
    form = visit.form(GiveForm)
    await _check_giving(visit, form)
    if form.bad:
        return await _page(visit, at, Form(), form, 422)
    work = partial(
        assessments.assign,
        assessment_id=at.test.id,
        assessor=form.ok.assessor,
        deadline_ms=days.end_of(form.ok.deadline),
    )
    if not await visit.change("assessment.assign", at.test.id, work):
        visit.say(T("assessments.closed"), "bad")
        return visit.go("assessments.one", id=at.test.id)
    return visit.go("assessments.one", T("assessments.given"), id=at.test.id)


def _not_theirs(visit: Visit, at: OnTest) -> Response:
    visit.say(T("assessments.not_yours") if at.is_open else T("assessments.closed"), "bad")
    return visit.go("assessments.one", id=at.test.id)


ROUTES = [
    View("assessments", "/assessments", queue, EVERYONE, nav=True),
    View("assessments.one", "/assessments/{id:int}", show, EVERYONE),
    Act("assessments.judge", "/assessments/{id:int}", judge, ASSESSORS),
    Act("assessments.take", "/assessments/{id:int}/take", take, ASSESSORS),
    Act("assessments.give", "/assessments/{id:int}/give", give, COORDINATORS),
    View("plan.test", "/plans/{number:int}/test", show_begin, COORDINATORS),
    Act("plan.begin_test", "/plans/{number:int}/test", begin, COORDINATORS),
]
