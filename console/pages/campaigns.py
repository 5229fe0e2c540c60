"""Campaigns: what goes out to many, when, how far it is. Nothing goes out without a second look."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.responses import Response

from civic import campaigns as civic
from civic.campaigns import Campaign, State
from civic.rounds import Round
from console.campaigning import Campaigning
from console.forms import Form
from console.roles import COORDINATORS, Role
from console.routes import Act, View
from console.scheduling import Schedule, campaign_of, problem
from console.texts import T
from console.visit import Visit
from storage import campaigns
from storage.campaigns import Progress, Stored
from storage.rounds import ActiveRound
from storage.times import from_ms

WATCHERS = frozenset({Role.COORDINATOR, Role.AUDITOR})
# What can be done with a campaign, by the state it is in.
ACTS = {
    State.DRAFT: ("cancel",),
    State.SCHEDULED: ("pause", "cancel"),
    State.RUNNING: ("pause", "cancel"),
    State.PAUSED: ("resume", "cancel"),
    State.DONE: ("pause", "cancel"),  # everybody's rows were put; some may not have gone out
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A campaign in the list; one that was not scheduled has neither `stored` nor `progress`."""

    campaign: Campaign
    stored: Stored | None = None
    progress: Progress | None = None


class Wanted(BaseModel):
    """`sure` comes with the second form."""

    act: Literal["pause", "resume", "cancel"]
    sure: bool = False


async def show(visit: Visit) -> Response:
    active = await visit.round()
    entries = await visit.read(lambda conn: _entries(conn, active))
    return visit.page("campaigns.html", entries=entries, round=active.round)


def _entries(conn: Connection, active: ActiveRound) -> list[Entry]:
    listed = campaigns.listed(conn, active.id)
    names = {each.campaign.name for each in listed}
    found = [Entry(each.campaign, each, campaigns.progress(conn, each.id)) for each in listed]
    offered = civic.vote_reminders(active.round)
    found += [Entry(campaign) for campaign in offered if campaign.name not in names]
    return sorted(found, key=lambda entry: entry.campaign.begins)


async def show_one(visit: Visit) -> Response:
    return await _one(visit)


async def _one(visit: Visit, asked: str = "") -> Response:
    active, stored = await _stored(visit)
    progress = await visit.read(partial(campaigns.progress, campaign_id=stored.id))
    return visit.page(
        "campaign.html",
        stored=stored,
        campaign=stored.campaign,
        progress=progress,
        round=active.round,
        said=_campaigning(visit).preview(stored.campaign, active.round),
        acts=_acts(stored, progress),
        asked=asked,
    )


def _acts(stored: Stored, progress: Progress) -> tuple[str, ...]:
    """What still makes sense: of one that is over only if something has not gone out."""
    on_the_way = any(progress.states.get(each) for each in ("queued", "waiting"))
    if stored.state is State.DONE and not on_the_way:
        return ()
    return ACTS.get(stored.state, ())


async def _stored(visit: Visit) -> tuple[ActiveRound, Stored]:
    active, wanted = await visit.round(), visit.number("id")
    listed = await visit.read(partial(campaigns.listed, round_id=active.id))
    stored = next((each for each in listed if each.id == wanted), None)
    if stored is None:
        raise visit.missing()
    return active, stored


async def act(visit: Visit) -> Response:
    """Asks whether one is sure; then pauses, resumes or cancels."""
    form = visit.form(Wanted)
    if form.bad:
        raise visit.missing()
    if not form.ok.sure:
        return await _one(visit, form.ok.act)
    _, stored = await _stored(visit)
    how = _campaigning(visit)
    if form.ok.act == "pause":
        done = await visit.change("campaign.pause", stored.id, partial(how.pause, stored=stored))
    elif form.ok.act == "resume":
        done = await visit.change("campaign.resume", stored.id, partial(how.resume, stored=stored))
    else:
        done = await visit.change("campaign.cancel", stored.id, partial(how.cancel, stored=stored))
    if not done:
        visit.say(T("campaigns.too_late"), "bad")
    return visit.go("campaigns.one", T("campaigns.acted") if done else "", id=stored.id)


async def new(visit: Visit) -> Response:
    """An empty form, or that of one of the round's own reminders (`?name=vote_opening`)."""
    active = await visit.round()
    default = _default(active.round, visit.request.query_params.get("name", ""))
    if default is None:
        return _form(visit, active.round, Form({"name": ""}))
    values = {"name": default.name, "begins": f"{default.begins:%Y-%m-%dT%H:%M}"}
    return _form(visit, active.round, Form({**values, "kind": default.kind.value}), default)


def _form(
    visit: Visit,
    round_: Round,
    form: Form[Any],
    default: Campaign | None = None,
    ready: Campaign | None = None,
) -> Response:
    """`ready`: all is filled in; what it says is shown, to be sure."""
    return visit.page(
        "campaign_new.html",
        422 if form.errors else 200,
        form=form,
        round=round_,
        default=default,
        ready=ready,
        said=_campaigning(visit).preview(ready, round_) if ready else [],
    )


async def schedule(visit: Visit) -> Response:
    """Shows what will be said to whom; with `sure`, it is planned."""
    active, form = await visit.round(), visit.form(Schedule)
    default = _default(active.round, str(visit.posted.get("name", "")))
    if form.bad:
        return _form(visit, active.round, form, default)
    campaign = campaign_of(form.ok, active.round, default)
    there = await visit.read(partial(campaigns.named, round_id=active.id, name=campaign.name))
    wrong = problem(campaign, active.round, from_ms(visit.deps.clock()), there)
    if wrong:
        form.wrong(*wrong)
    if wrong or not form.ok.sure:
        return _form(visit, active.round, form, default, None if wrong else campaign)
    save = partial(
        campaigns.save,
        round_id=active.id,
        campaign=campaign,
        state=State.SCHEDULED,
        now_ms=visit.deps.clock(),
    )
    made = await visit.change("campaign.schedule", None, save)
    return visit.go("campaigns.one", T("campaigns.scheduled"), id=made)


def _default(round_: Round, name: str) -> Campaign | None:
    return next((each for each in civic.vote_reminders(round_) if each.name == name), None)


def _campaigning(visit: Visit) -> Campaigning:
    if visit.deps.campaigns is None:
        raise visit.missing()
    return visit.deps.campaigns


ROUTES = [
    View("campaigns", "/campaigns", show, WATCHERS, nav=True),
    View("campaigns.new", "/campaigns/new", new, COORDINATORS),
    Act("campaigns.schedule", "/campaigns/new", schedule, COORDINATORS),
    View("campaigns.one", "/campaigns/{id:int}", show_one, WATCHERS),
    Act("campaigns.act", "/campaigns/{id:int}", act, COORDINATORS),
]
