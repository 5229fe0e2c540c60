"""What needs a person, the oldest first."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.responses import Response

from civic.alarms import Alarm, Kind
from console import times
from console.pages.stuck import MOST as MOST_STUCK
from console.roles import EVERYONE, SEES_CONTACTS
from console.routes import View
from console.stuck import Stuck
from console.visit import Visit
from storage import rounds, today
from storage.alarms import alarms
from storage.today import Asked, Failed, NewPlan

MOST = 10  # of a kind; the rest is one click away
SHOWN_ABOVE = frozenset({Kind.WAITING, Kind.FAILED})  # alarms that have a part of their own
FAILED_FOR = 7 * 24 * 60 * times.MINUTE  # how long a message that failed stands here


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do; counts are of all, lists of the oldest."""

    asked: list[Asked]
    asked_count: int
    plans: list[NewPlan]
    plans_count: int
    failed: list[Failed]
    alarms: list[Alarm]
    stuck: int

    @property
    def nothing(self) -> bool:
        return not (self.asked or self.plans or self.failed or self.alarms or self.stuck)


async def show(visit: Visit) -> Response:
    now = visit.deps.clock()
    helps, jobs = visit.may(SEES_CONTACTS), visit.deps.jobs
    work = await visit.read(lambda conn: _work(conn, now, jobs, helps=helps))
    if work.asked:
        visit.saw("help", *(each.id for each in work.asked))
    return visit.page("today.html", work=work, now=now, most=MOST)


def _work(conn: Connection, now: int, jobs: Stuck, *, helps: bool) -> Work:
    active = rounds.active(conn)
    asked, asked_count = today.asked(conn, MOST) if helps else ([], 0)
    plans, plans_count = today.new_plans(conn, active.id, MOST) if active else ([], 0)
    failed = today.failed(conn, now - FAILED_FOR) if helps else []
    found = alarms(conn, active.id, now) if active else []
    shown = [each for each in found if each.kind not in SHOWN_ABOVE]
    stuck = len(jobs.dead(conn, MOST_STUCK)) if helps else 0
    return Work(asked, asked_count, plans, plans_count, failed, shown, stuck)


ROUTES = [View("today", "/", show, EVERYONE, nav=True)]
