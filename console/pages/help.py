"""People asking for help."""

from __future__ import annotations

from functools import partial
from typing import Literal

from starlette.responses import Response

from console.forms import ROWS, Filters, Paging
from console.roles import COORDINATORS
from console.routes import Act, View
from console.texts import T
from console.visit import Visit
from storage import help


class HelpFilters(Filters):
    """What the address of the page may ask for."""

    state: Literal["open", "done"] = "open"


async def show(visit: Visit) -> Response:
    filters = visit.filters(HelpFilters)
    offset = Paging.offset(filters.page)
    find = partial(help.find, state=filters.state, offset=offset, limit=ROWS)
    requests, total = await visit.read(find)
    visit.saw("help", *(request.id for request in requests))
    return visit.page(
        "help.html",
        filters=filters,
        requests=requests,
        paging=Paging(filters.page, total),
        now=visit.deps.clock(),
    )


async def done(visit: Visit) -> Response:
    request_id = visit.number("id")
    done = partial(help.done, request_id=request_id)
    if not await visit.change("help.done", request_id, done):
        return visit.go("help", T("help.done_already"))
    return visit.go("help", T("help.is_done"))


ROUTES = [
    View("help", "/help", show, COORDINATORS, nav=True),
    Act("help.done", "/help/{id:int}/done", done, COORDINATORS),
]
