"""The pages; each module has `ROUTES`. Their order here is that of the menu."""

from __future__ import annotations

from console.pages import (
    account,
    assessments,
    audit,
    campaigns,
    enter,
    exports,
    failed,
    help,
    media,
    participation,
    plan,
    plan_edit,
    plan_machine,
    plan_start,
    plan_step,
    plan_transcript,
    plans,
    plans_map,
    results,
    round,
    signin,
    stempas,
    stuck,
    talk,
    text,
    texts,
    today,
)
from console.routes import Declared

PAGES = (
    today,
    plans,
    plans_map,
    plan,
    plan_step,
    plan_transcript,
    plan_edit,
    plan_machine,
    assessments,
    results,
    plan_start,
    enter,
    help,
    talk,
    round,
    campaigns,
    stempas,
    failed,
    stuck,
    exports,
    texts,
    text,
    participation,
    audit,
    media,
    account,
    signin,
)


def routes() -> list[Declared]:
    """All routes of the console."""
    return [route for page in PAGES for route in page.ROUTES]
