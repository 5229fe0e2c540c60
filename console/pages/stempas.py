"""The passes and the election: issued, voided, used by day, and the chain. No code, no vote."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.responses import Response

from civic.rounds import today
from console.roles import Role
from console.routes import View
from console.visit import Visit
from storage import attempts
from storage.elections import State
from storage.rounds import ActiveRound
from storage.times import from_ms
from storage.vote_watch import MANY, Watched, watch

WATCHERS = frozenset({Role.COORDINATOR, Role.AUDITOR})
MOST_LINKS = 100


async def show(visit: Visit) -> Response:
    active, now = await visit.round(), visit.deps.clock()
    seen = await visit.read(lambda conn: _seen(conn, active, now))
    issued: dict[str, int] = {}
    for batch in seen.batches:
        issued[batch.area] = issued.get(batch.area, 0) + batch.count - batch.voided
    return visit.page(
        "stempas.html",
        seen=seen,
        issued=issued,
        round=active.round,
        most_wrong=attempts.MOST_IN_ROUND,
        many=MANY,
        links=seen.links[-MOST_LINKS:],
        state=seen.election.state if seen.election else None,
        days=sorted({day for each in seen.turnout.values() for day in each.days}),
    )


def _seen(conn: Connection, active: ActiveRound, now: int) -> Watched:
    """Today counts when it is over: who looks every minute would see the turnout of a minute."""
    seen = watch(conn, active.id, today(from_ms(now)).isoformat(), now)
    if seen.election is None or seen.election.state is State.OPEN:
        return seen
    return watch(conn, active.id, None, now)


ROUTES = [View("stempas", "/stempas", show, WATCHERS, nav=True)]
