"""All plans: as a list with filters and a search, or as a board by status."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Connection
from starlette.responses import Response

from civic.plans import Status
from console.forms import ROWS, Filters, Paging
from console.on_plan import moves
from console.roles import EVERYONE
from console.routes import View
from console.visit import Visit
from storage import plan_search
from storage.plan_search import Wanted

MOST_ON_BOARD = 12  # of one status
COLUMNS = [status for status in Status if status is not Status.DRAFT]


class PlanFilters(Filters):
    """What the address of the page may ask for."""

    view: Literal["list", "board"] = "list"
    q: str = ""
    status: Status | None = None
    area: str | None = None
    theme: str | None = None
    language: str | None = None
    channel: str | None = None
    told: Literal["voice", "text"] | None = None

    @property
    def narrowed(self) -> bool:
        """Whether it asks for more than words."""
        return bool(self.query.keys() - {"q", "view"})

    @property
    def asks(self) -> bool:
        """Whether it asks for anything, so that not all plans are shown."""
        return self.narrowed or bool(self.q)

    @property
    def wanted(self) -> Wanted:
        voice = None if self.told is None else self.told == "voice"
        return Wanted(
            status=self.status,
            area=self.area,
            theme=self.theme,
            language=self.language,
            channel=self.channel,
            by_voice=voice,
            words=self.q,
        )


async def show(visit: Visit) -> Response:
    active = await visit.round()
    filters = visit.filters(PlanFilters)
    found = await visit.read(lambda conn: _found(conn, active.id, filters))
    return visit.page(
        "plans.html",
        filters=filters,
        round=active.round,
        columns=COLUMNS,
        moves=moves(visit),
        **found,
    )


def _found(conn: Connection, round_id: int, filters: PlanFilters) -> dict[str, Any]:
    common = {
        "used": plan_search.used(conn, round_id),
        "counts": plan_search.counts(conn, round_id, filters.wanted),
    }
    if filters.view == "board":
        board = plan_search.board(conn, round_id, filters.wanted, MOST_ON_BOARD)
        return {**common, "board": board, "most": MOST_ON_BOARD}
    offset = Paging.offset(filters.page)
    lines, total = plan_search.find(conn, round_id, filters.wanted, offset, ROWS)
    return {**common, "lines": lines, "paging": Paging(filters.page, total)}


ROUTES = [View("plans", "/plans", show, EVERYONE, nav=True)]
