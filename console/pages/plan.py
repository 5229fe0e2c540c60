"""One plan: what was said, heard and seen, what became of it, and what people were told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from civic.plans import Role
from console.roles import EVERYONE, HEARS_VOICES, SEES_CONTACTS
from console.routes import View
from console.visit import Visit
from storage import photos, plan_life, plan_messages, plans, recordings, supports
from storage.plans import Plan

MOST_MESSAGES = 100


async def show(visit: Visit) -> Response:
    active = await visit.round()
    number = visit.number("number")
    plan = await visit.read(lambda conn: plans.by_number(conn, active.id, number))
    if plan is None:
        raise visit.missing()
    contacts, voices = visit.may(SEES_CONTACTS), visit.may(HEARS_VOICES)
    found = await visit.read(lambda conn: _found(conn, plan, contacts=contacts, voices=voices))
    visit.saw("plan", plan.id)
    return visit.page(
        "plan.html",
        plan=plan,
        round=active.round,
        contacts=contacts,
        voices=voices,
        actors=frozenset(Role),
        **found,
    )


def _found(conn: Connection, plan: Plan, *, contacts: bool, voices: bool) -> dict[str, Any]:
    return {
        "additions": plans.additions(conn, plan.id),
        "recordings": recordings.of_plan(conn, plan.id) if voices else [],
        "photos": photos.of_plan(conn, plan.id),
        "steps": plan_life.steps(conn, plan.id),
        "support": supports.count(conn, plan.id),
        "messages": plan_messages.to_initiator(conn, plan.id, MOST_MESSAGES) if contacts else [],
        "followers": plan_messages.to_followers(conn, plan.id) if contacts else {},
    }


ROUTES = [View("plan", "/plans/{number:int}", show, EVERYONE)]
