"""One plan: what was said, heard and seen, what became of it, and what people were told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from civic.alarms import SILENCE, ms
from civic.plan_costs import out_of_bounds, together
from civic.plans import Role, Status
from console.on_plan import OnPlan, next_steps, on_plan
from console.roles import EVERYONE, HEARS_VOICES, SEES_CONTACTS
from console.routes import View
from console.visit import Visit
from storage import (
    assessing,
    assessments,
    photos,
    plan_edits,
    plan_life,
    plan_messages,
    plans,
    recordings,
    started,
    starting,
    transcripts,
    translating,
    translations,
)

MOST_MESSAGES = 100


async def show(visit: Visit) -> Response:
    on = await on_plan(visit)
    contacts, voices = visit.may(SEES_CONTACTS), visit.may(HEARS_VOICES)
    found = await visit.read(lambda conn: _found(conn, on, contacts=contacts, voices=voices))
    return visit.page(
        "plan.html",
        on=on,
        plan=on.plan,
        round=on.round,
        support=on.support,
        steps_open=next_steps(visit, on),
        contacts=contacts,
        voices=voices,
        actors=frozenset(Role),
        now=visit.deps.clock(),
        silence=ms(SILENCE),
        **found,
    )


def _found(conn: Connection, on: OnPlan, *, contacts: bool, voices: bool) -> dict[str, Any]:
    plan = on.plan
    return {
        "additions": plans.additions(conn, plan.id),
        "recordings": recordings.of_plan(conn, plan.id) if voices else [],
        "versions": transcripts.of_plan(conn, plan.id) if voices else {},
        "translations": translations.of_plan(conn, plan.id),
        "translating": translating.state_of(conn, plan.id),
        "photos": photos.of_plan(conn, plan.id),
        "steps": plan_life.steps(conn, plan.id),
        "asked": plan_life.adjustment(conn, plan.id),
        "messages": plan_messages.to_initiator(conn, plan.id, MOST_MESSAGES) if contacts else [],
        "followers": plan_messages.to_followers(conn, plan.id) if contacts else {},
        **_costs(conn, on),
        **_start(conn, on),
    }


def _costs(conn: Connection, on: OnPlan) -> dict[str, Any]:
    """The tests, what they make of the plan, and what it was to cost and will cost."""
    plan, edits = on.plan, plan_edits.of_plan(conn, on.plan.id)
    tests = assessments.of_plan(conn, plan.id)
    last = assessing.newest(tests)
    assessed = together(each.cost for each in last)
    cost = plan.cost if assessed is None else assessed
    return {
        "tests": tests,
        "proposed": assessments.proposed(conn, plan.id) if on.status is Status.ASSESSING else None,
        "edits": edits,
        "cost_asked": plan_edits.asked(plan, edits),
        "cost_assessed": assessed,
        "upkeep": together(each.upkeep for each in last),
        "over": out_of_bounds(on.round, plan.area, plan.theme, cost),
    }


def _start(conn: Connection, on: OnPlan) -> dict[str, Any]:
    """What there is to be done before a chosen plan can start."""
    if on.status not in started.STATUSES:
        return {"contact": None, "checklist": [], "is_started": False}
    return {
        "contact": starting.contact_of(conn, on.plan.id),
        "checklist": starting.checklist(conn, on.plan.id),
        "is_started": True,
    }


ROUTES = [View("plan", "/plans/{number:int}", show, EVERYONE)]
