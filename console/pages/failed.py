"""Messages that did not arrive, and what to do about it."""

from __future__ import annotations

from starlette.responses import Response

from console import times
from console.forms import ROWS, Filters, Paging
from console.roles import COORDINATORS
from console.routes import View
from console.visit import Visit
from storage import failed_sends

FOR = 30 * 24 * 60 * times.MINUTE  # how long they stand here
# What a reason means for who has to do something; the rest is `other`. The numbers are Twilio's:
# https://www.twilio.com/docs/api/errors
MEANS = {
    "21610": "stopped",
    "403": "stopped",
    "63032": "refused",
    "63013": "refused",
    "voice_forbidden": "refused",
    "63003": "no_such",
    "63024": "no_such",
    "21211": "no_such",
    "30005": "no_such",
    "30006": "no_such",
    "chat_not_found": "no_such",
    "deactivated": "no_such",
    "30003": "unreachable",
    "30008": "unreachable",
    "63016": "window",
    "no_template": "window",
    "bad_template": "window",
}


class FailedFilters(Filters):
    """What the address of the page may ask for. `reason` "-" is: without one."""

    channel: str = ""
    reason: str = ""


async def show(visit: Visit) -> Response:
    filters, since = visit.filters(FailedFilters), visit.deps.clock() - FOR
    groups = await visit.read(lambda conn: failed_sends.groups(conn, since))
    reason = {"": None, "-": ""}.get(filters.reason, filters.reason)
    offset = Paging.offset(filters.page)
    found, total = await visit.read(
        lambda conn: failed_sends.find(conn, since, filters.channel, reason, offset, ROWS)
    )
    visit.saw("failed", *(row.id for row in found))
    return visit.page(
        "failed.html",
        filters=filters,
        groups=groups,
        found=found,
        means=MEANS,
        paging=Paging(filters.page, total),
    )


ROUTES = [View("failed", "/failed", show, COORDINATORS)]
