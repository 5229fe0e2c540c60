"""The round: its phases in time, its rules in words, its money; and the phase set by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Literal

from pydantic import BaseModel
from starlette.responses import Response

from civic.rounds import Act as Doing
from civic.rounds import Phase, PhaseDates, Round, today
from console.roles import COORDINATORS, EVERYONE
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import rounds
from storage.plan_counts import counts
from storage.rounds import ActiveRound
from storage.times import from_ms

AUTO = "auto"
AFTER = timedelta(days=45)  # of what comes after the result the timeline shows the beginning
DOINGS = (Doing.SUBMIT_PLAN, Doing.CHANGE_PLAN, Doing.SUPPORT, Doing.VOTE, Doing.SEE_RESULT)


@dataclass(frozen=True, slots=True)
class Bar:
    """A phase on the timeline, which is 100 wide and may end before the phase does."""

    dates: PhaseDates
    days: int
    at: float
    width: float


class NewPhase(BaseModel):
    """`sure` comes with the second form, which says what will change."""

    phase: Phase | Literal["auto"]
    sure: bool = False


async def show(visit: Visit) -> Response:
    return await _shown(visit, await visit.round())


async def _shown(visit: Visit, active: ActiveRound, status: int = 200, **more: Any) -> Response:
    round_, day = active.round, today(from_ms(visit.deps.clock()))
    by_dates = round_.phase_on(day)
    start, days = _span(round_)
    place = 100 * ((day - start).days + 0.5) / days
    return visit.page(
        "round.html",
        status,
        round=round_,
        forced=active.phase,
        by_dates=by_dates,
        now=active.phase or by_dates,
        today=day,
        bars=timeline(round_),
        today_at=place if 0 <= place <= 100 else None,
        loaded_at=active.loaded_at,
        counts=await visit.read(partial(counts, round_id=active.id)),
        **{"wanted": None, "changes": (), **more},
    )


def timeline(round_: Round) -> list[Bar]:
    """The phases in time. Years of carrying out plans would leave no room for the others."""
    start, days = _span(round_)
    return [_bar(dates, start, days) for dates in round_.phases]


def _bar(dates: PhaseDates, start: date, days: int) -> Bar:
    at = 100 * (dates.start - start).days / days
    length = (dates.end - dates.start).days + 1
    width = min(100 * length / days, 100 - at)
    return Bar(dates, length, min(at, 99), max(width, 1))


def _span(round_: Round) -> tuple[date, int]:
    """The first day of the timeline and its length in days."""
    begins = min(dates.start for dates in round_.phases)
    ends = max(dates.end for dates in round_.phases)
    shown = [d.end for d in round_.phases if d.name not in (Phase.EXECUTION, Phase.EVALUATION)]
    last = min(ends, max(shown) + AFTER) if shown else ends
    return begins, (last - begins).days + 1


async def set_phase(visit: Visit) -> Response:
    """Asks whether one is sure, with what residents may do then; then does it."""
    active, form = await visit.round(), visit.form(NewPhase)
    names = {dates.name for dates in active.round.phases}
    if form.bad or form.ok.phase not in (*names, AUTO):
        return await _shown(visit, active, 422, wrong=True)
    phase = None if form.ok.phase == AUTO else Phase(form.ok.phase)
    if not form.ok.sure:
        wanted = form.ok.phase
        return await _shown(visit, active, wanted=wanted, changes=_changes(visit, active, phase))
    set_ = partial(rounds.set_phase, round_id=active.id, phase=phase)
    await visit.change("round.phase", active.id, set_)
    return visit.go("round", T("round.is_auto") if phase is None else T("round.is_set"))


def _changes(
    visit: Visit, active: ActiveRound, phase: Phase | None
) -> list[tuple[Doing, bool, bool]]:
    """What residents may do now and what then, of what differs or is possible."""
    now, then = _day(visit, active, active.phase), _day(visit, active, phase)
    allowed = [(d, bool(active.round.allows(d, now)), bool(active.round.allows(d, then)))
               for d in DOINGS]  # fmt: skip
    return [each for each in allowed if each[1] or each[2]]


def _day(visit: Visit, active: ActiveRound, phase: Phase | None) -> date:
    """The day that acts are judged by."""
    day = today(from_ms(visit.deps.clock()))
    return active.round.day_in(phase, day) if phase else day


ROUTES = [
    View("round", "/round", show, EVERYONE, nav=True),
    Act("round.phase", "/round/phase", set_phase, COORDINATORS),
]
