"""People asking for help, who has taken over, and who wants to be called."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.responses import Response

from console.forms import ROWS, Filters, Paging
from console.roles import COORDINATORS
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import help, takeovers


class HelpFilters(Filters):
    """What the address of the page may ask for. `number`: the request whose number is shown."""

    state: Literal["open", "done"] = "open"
    kind: Literal["call"] | None = None
    number: int | None = None


class Called(BaseModel):
    outcome: Literal["called", "not_reached"]


async def show(visit: Visit) -> Response:
    filters = visit.filters(HelpFilters)
    found = await visit.read(lambda conn: _found(conn, filters))
    visit.saw("help", *(request.id for request in found["requests"]))
    shown = {each.id for each in found["requests"] if each.id == filters.number and each.phone}
    visit.saw("help.number", *shown)
    return visit.page("help.html", filters=filters, shown=shown, now=visit.deps.clock(), **found)


def _found(conn: Connection, filters: HelpFilters) -> dict[str, Any]:
    offset = Paging.offset(filters.page)
    requests, total = help.find(conn, filters.state, offset, ROWS, filters.kind or "")
    return {
        "requests": requests,
        "paging": Paging(filters.page, total),
        "calls": help.calls(conn, [request.id for request in requests]),
        "takeovers": takeovers.listed(conn),
    }


async def done(visit: Visit) -> Response:
    request_id = visit.number("id")
    done = partial(help.done, request_id=request_id)
    if not await visit.change("help.done", request_id, done):
        return visit.go("help", T("help.done_already"))
    return visit.go("help", T("help.is_done"))


async def called(visit: Visit) -> Response:
    """Whether somebody who wants to be called picked up; whoever did has been helped."""
    form = visit.form(Called)
    if form.bad:
        raise visit.missing()
    request_id, outcome = visit.number("id"), form.ok.outcome
    note = partial(help.called, request_id=request_id, outcome=outcome, now_ms=visit.deps.clock())
    if not await visit.change("help.called", request_id, note):
        return visit.go("help", T("help.done_already"))
    return visit.go("help", T("help.is_called") if outcome == "called" else T("help.is_tried"))


ROUTES = [
    View("help", "/help", show, COORDINATORS, nav=True),
    Act("help.done", "/help/{id:int}/done", done, COORDINATORS),
    Act("help.called", "/help/{id:int}/called", called, COORDINATORS),
]
