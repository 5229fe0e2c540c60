"""What was chosen: from the count or by hand, looked at first, told to all at one instant.

Afterwards: who has not been reached, and telling them ourselves.
"""

from __future__ import annotations

from datetime import datetime, time
from functools import partial
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.datastructures import UploadFile
from starlette.responses import Response

from civic.alarms import REACH, ms
from civic.plans import Status
from civic.worktime import waking_hour
from console import days, deciding, tally_file
from console.deciding import Decision, Section
from console.forms import Filters, Form, Paging
from console.preview import Tidings
from console.roles import COORDINATORS, SEES_CONTACTS, Role
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import count_files, hearing, outcomes, plan_news, plans, reached
from storage.reached import NotReached
from storage.rounds import ActiveRound
from storage.times import from_ms, to_ms

DECIDE = frozenset({Role.COORDINATOR, Role.COMMITTEE})
LOOK = DECIDE | {Role.AUDITOR}
MOST_FILE = 2_000_000  # bytes of a tally.json
MOST_BYTES = 4_000_000  # of the page's form: a reason for each of many plans
HOUR = time(10)


class PublishForm(BaseModel):
    """`at`: local time in Amsterdam. `sure`: they have looked at who will hear what."""

    at: datetime | None = None
    sure: bool = False


class CountForm(BaseModel):
    model_config = {"arbitrary_types_allowed": True}
    file: UploadFile


async def show(visit: Visit) -> Response:
    return await _page(visit, await visit.round(), Form({"at": _default(visit)}))


def _default(visit: Visit) -> str:
    """Tomorrow at ten."""
    day = days.in_days(visit.deps.clock(), 1)
    return datetime.combine(day, HOUR).isoformat(timespec="minutes")


async def _page(visit: Visit, active: ActiveRound, form: Form[Any], status: int = 200) -> Response:
    now, contacts = visit.deps.clock(), visit.may(SEES_CONTACTS)

    def read(conn: Connection) -> dict[str, Any]:
        found, file = deciding.sections(conn, active, now)
        return {
            "sections": found,
            "file": file,
            "checked": file and count_files.is_counted_one(conn, active.id, file.content),
            "set": outcomes.announced(conn, active.id),
            "late": now - ms(REACH),
            "missed": reached.not_reached(conn, active.id) if contacts else [],
        }

    found = await visit.read(read)
    page = visit.filters(Filters).page
    paging = Paging(page, len(found["missed"]))
    found["missed"] = found["missed"][Paging.offset(page) :][: paging.size]
    if found["missed"]:
        visit.saw("not_reached", *(each.news_id for each in found["missed"]))
    return visit.page(
        "results.html",
        status,
        form=form,
        round=active.round,
        contacts=contacts,
        may_decide=visit.may(DECIDE),
        may_upload=visit.may(COORDINATORS),
        paging=paging,
        **found,
    )


async def upload(visit: Visit) -> Response:
    """Takes in the `tally.json` of a count."""
    active, form = await visit.round(), visit.form(CountForm)
    content = "" if form.bad else (await form.ok.file.read()).decode("utf-8", "replace")
    if not form.bad:
        wrong = await visit.read(partial(_refused, round_id=active.id, content=content))
        if wrong:
            form.wrong("file", wrong)
    if form.bad:
        form.values = {"at": _default(visit)}
        return await _page(visit, active, form, 422)
    me, now = visit.me.name, visit.deps.clock()
    work = partial(count_files.put, round_id=active.id, content=content, actor=me, now_ms=now)
    await visit.change("results.count", active.id, work)
    return visit.go("results", T("results.count_read"))


def _refused(conn: Connection, round_id: int, content: str) -> str:
    """Why this file is not the count of the round; "" when it may be."""
    try:
        tally_file.read(content)
    except ValueError:
        return T("results.no_tally")
    is_ours = count_files.is_counted_one(conn, round_id, content)
    return T("results.other_count") if is_ours is False else ""


async def drop_count(visit: Visit) -> Response:
    """Takes the uploaded file away."""
    active = await visit.round()
    await visit.change(
        "results.drop_count", active.id, partial(count_files.remove, round_id=active.id)
    )
    return visit.go("results", T("results.count_dropped"))


# --- looking at it, and setting it


async def publish(visit: Visit) -> Response:
    """Shows who will hear what and when; once they are sure, sets it."""
    active, form = await visit.round(), visit.form(PublishForm)
    form.values = {name: value for name, value in visit.posted.items() if name != "csrf"}
    now = visit.deps.clock()
    found, _ = await visit.read(lambda conn: deciding.sections(conn, active, now))
    decision = deciding.decided(found, visit.posted)
    form.errors.update(decision.errors)
    _check(visit, form, found)
    if form.bad or form.ok.at is None or not found:
        return await _page(visit, active, form, 422)
    at = days.at(form.ok.at)
    if not form.ok.sure:
        return await _look(visit, active, form, found, decision, at)
    work = partial(
        deciding.announce,
        round_id=active.id,
        decision=decision,
        actor=visit.me.name,
        publish_at_ms=at,
    )
    try:
        await visit.change("results.publish", active.id, work)
    except ValueError:  # withdrawn meanwhile
        return visit.go("results", T("results.changed_meanwhile"))
    return visit.go("results", T("results.is_set"))


def _check(visit: Visit, form: Form[PublishForm], found: list[Section]) -> None:
    """The hour, and that no tie is open."""
    at = form.model.at if form.model else None
    if at is None:
        form.wrong("at", T("results.when_needed"))
        return
    instant = from_ms(days.at(at.replace(tzinfo=None)))
    if to_ms(instant) <= visit.deps.clock():
        form.wrong("at", T("results.when_past"))
    elif waking_hour(instant) != instant:
        form.wrong("at", T("results.when_asleep"))
    if any(section.tied for section in found):
        form.wrong("at", T("results.tie_open"))


async def _look(
    visit: Visit,
    active: ActiveRound,
    form: Form[PublishForm],
    found: list[Section],
    decision: Decision,
    at: int,
) -> Response:
    everybody = [plan for section in found for plan in section.plans]
    samples = await visit.read(lambda conn: _samples(visit, conn, active, decision, everybody))
    kept = {k: v for k, v in form.values.items() if k not in ("at", "sure")}
    return visit.page(
        "results_look.html",
        form=form,
        kept=kept,
        sections=found,
        decision=decision,
        at=at,
        by_way=hearing.grouped(everybody),
        unreachable=[plan for plan in everybody if plan.why_not],
        followers=sum(plan.followers for plan in everybody),
        samples=samples,
        chosen=Status.CHOSEN,
        not_chosen=Status.NOT_CHOSEN,
        round=active.round,
    )


def _samples(
    visit: Visit,
    conn: Connection,
    active: ActiveRound,
    decision: Decision,
    everybody: list[hearing.Decidable],
) -> list[tuple[Status, str, int, str]]:
    """(outcome, language, plan, text) of one real message for each language and outcome."""
    first: dict[tuple[Status, str], hearing.Decidable] = {}
    for plan in everybody:
        if outcome := decision.outcomes.get(plan.number):
            first.setdefault((outcome, plan.reads), plan)
    shown = []
    for (outcome, language), each in sorted(first.items()):
        whole = plans.by_id(conn, each.id)
        assert whole is not None
        reasons = decision.reasons.get(each.number, {})
        news = Tidings(outcome.value, whole, active.round, reasons)
        shown.append((outcome, language, each.number, visit.deps.preview(news, language, True)))
    return shown


async def recall(visit: Visit) -> Response:
    """Takes back what is set, as long as nobody has heard it."""
    active = await visit.round()
    work = partial(outcomes.recall, round_id=active.id)
    many = await visit.change("results.recall", active.id, work)
    return visit.go("results", T("results.recalled") if many else T("results.too_late"))


async def called(visit: Visit) -> Response:
    """Somebody told an initiator themselves, by phone or by letter."""
    active, news_id = await visit.round(), visit.number("id")
    missed: list[NotReached] = await visit.read(partial(reached.not_reached, round_id=active.id))
    person = next((each.person_id for each in missed if each.news_id == news_id), None)
    if person is None:
        return visit.go("results", T("results.called_already"))
    work = partial(plan_news.called, news_id=news_id, person_id=person, now_ms=visit.deps.clock())
    await visit.change("results.called", news_id, work)
    return visit.go("results", T("results.called"))


ROUTES = [
    View("results", "/results", show, LOOK, nav=True),
    Act("results.publish", "/results", publish, DECIDE, most_bytes=MOST_BYTES),
    Act("results.count", "/results/count", upload, COORDINATORS, most_bytes=MOST_FILE, files=1),
    Act("results.drop_count", "/results/count/drop", drop_count, COORDINATORS),
    Act("results.recall", "/results/recall", recall, DECIDE),
    Act("results.called", "/results/called/{id:int}", called, COORDINATORS),
]
