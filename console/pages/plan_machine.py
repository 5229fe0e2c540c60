"""Has a machine translate a plan now. What a person translated stays as it is."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from console.on_plan import on_plan
from console.roles import COORDINATORS
from console.routes import Act
from console.texts import T
from console.visit import Visit
from storage import translating


async def ask(visit: Visit) -> Response:
    if not visit.deps.translates:
        raise visit.missing()
    on = await on_plan(visit)
    work = partial(translating.ask, plan_id=on.plan.id, now_ms=visit.deps.clock())
    await visit.change("plan.machine", on.plan.id, work)
    return visit.go("plan", T("machine.asked"), number=on.plan.number)


ROUTES = [Act("plan.machine", "/plans/{number:int}/machine", ask, COORDINATORS)]
