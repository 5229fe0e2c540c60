"""Who saw or changed what."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.responses import Response

from console.forms import ROWS, Filters, Paging
from console.roles import AUDITORS
from console.routes import View
from console.visit import Visit
from storage import audit, console_users


class AuditFilters(Filters):
    """What the address of the page may ask for."""

    name: str = ""
    kind: str = ""


async def show(visit: Visit) -> Response:
    filters = visit.filters(AuditFilters)

    def read(conn: Connection) -> tuple[list[audit.Entry], int, list[str], list[str]]:
        offset = Paging.offset(filters.page)
        entries, total = audit.entries(conn, filters.name, filters.kind, offset, ROWS)
        everybody = console_users.everybody(conn)
        return entries, total, audit.kinds(conn), [user.name for user in everybody]

    entries, total, kinds, names = await visit.read(read)
    return visit.page(
        "audit.html",
        filters=filters,
        entries=entries,
        kinds=kinds,
        names=names,
        paging=Paging(filters.page, total),
    )


ROUTES = [View("audit", "/audit", show, AUDITORS, nav=True)]
