"""Who takes part: plans and people by week, area, language, channel and way, and support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from admin_export.figures import UNKNOWN
from civic.figures import SMALLEST
from console import participation
from console.forms import Filters
from console.participation import ALL, SUPPORTS, WEEK, Bar, Participation
from console.plot_sizes import NARROW, WIDE, height
from console.roles import EVERYONE
from console.routes import View
from console.texts import T
from console.visit import Visit
from storage.rounds import ActiveRound

IN_WEEKS = frozenset({WEEK, SUPPORTS})
WAYS = {"voice": T("participation.way.voice"), "text": T("participation.way.text")}


@dataclass(frozen=True, slots=True)
class Chart:
    """One plot with its table: its bars and what each is called, and how high it is."""

    by: str
    bars: Sequence[Bar]
    names: Sequence[str]

    @property
    def counted(self) -> str:
        """The key of what its first bar counts."""
        return T("participation.supports") if self.by == SUPPORTS else T("participation.plans")

    @property
    def columns(self) -> bool:
        return self.by in IN_WEEKS

    @property
    def height(self) -> int:
        return height(len(self.bars), columns=self.columns)

    @property
    def most(self) -> int | None:
        """Which bar is the highest of those that are told; None if none is."""
        told = [n for n, bar in enumerate(self.bars) if bar.count]
        return max(told, key=lambda n: self.bars[n].count or 0, default=None)

    @property
    def rows(self) -> list[tuple[str, Bar]]:
        """For the table: the newest week first."""
        pairs = list(zip(self.names, self.bars, strict=True))
        return pairs[::-1] if self.columns else pairs


class PlotFilters(Filters):
    """How a plot is to look. `lang` is the reader's, so that each has an address of its own."""

    dark: bool = False
    narrow: bool = False
    lang: str = ""


async def show(visit: Visit) -> Response:
    active = await visit.round()
    found = await _figures(visit, active)
    charts = [_chart(visit, active, by, found.bars[by]) for by in ALL]
    return visit.page(
        "participation.html",
        total=found.total,
        charts=charts,
        shapes={"wide": WIDE.width, "narrow": NARROW.width},
        smallest=SMALLEST,
    )


async def plot(visit: Visit) -> Response:
    """One plot as a picture."""
    active, by = await visit.round(), visit.request.path_params["by"]
    if by not in ALL:
        raise visit.missing()
    look = visit.filters(PlotFilters)
    chart = _chart(visit, active, by, (await _figures(visit, active)).bars[by])
    key = ("plot", active.id, by, visit.texts.language, look.dark, look.narrow)
    svg = await participation.for_a_minute(
        visit.deps.db,
        key,
        visit.deps.clock(),
        partial(run_in_threadpool, _drawn, visit, chart, look),
    )
    headers = {"Cache-Control": "private, max-age=60"}
    return Response(svg, media_type="image/svg+xml", headers=headers)


async def _figures(visit: Visit, active: ActiveRound) -> Participation:
    now, areas = visit.deps.clock(), [area.id for area in active.round.areas]
    make = partial(participation.of_round, round_id=active.id, areas=areas, now_ms=now)
    kept = ("figures", active.id)
    return await participation.for_a_minute(visit.deps.db, kept, now, lambda: visit.read(make))


def _drawn(visit: Visit, chart: Chart, look: PlotFilters) -> str:
    from console import plots  # Matplotlib takes a second to load, and most never need it

    t = visit.texts.t
    words = plots.Words(t(chart.counted), t(T("participation.people")), chart.names)
    palette = plots.DARK if look.dark else plots.LIGHT
    shape = NARROW if look.narrow else WIDE
    return plots.drawn(chart.bars, words, palette, shape, columns=chart.columns)


def _chart(visit: Visit, active: ActiveRound, by: str, bars: Sequence[Bar]) -> Chart:
    return Chart(by, bars, [_name(visit, active, by, bar.value) for bar in bars])


def _name(visit: Visit, active: ActiveRound, by: str, value: str) -> str:
    t = visit.texts.t
    if value == UNKNOWN:
        return t(T("participation.unknown"))
    if by in IN_WEEKS:
        return t(T("participation.in_week"), n=int(value.partition("W")[2]))
    if by == "area":
        area = active.round.area(value)
        return area.name.get(visit.texts.language) if area else value
    if by == "language":
        return visit.deps.languages.get(value, value)
    return t(WAYS[value]) if by == "way" else t(f"channel.{value}")


ROUTES = [
    View("participation", "/participation", show, EVERYONE, nav=True),
    View("participation.plot", "/participation/{by}.svg", plot, EVERYONE),
]
