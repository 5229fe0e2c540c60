"""How pages are made: the templates, and what every one of them has.

Each template has `t(key, …)` and `tn(key, n, …)` for texts, `url(name, …)` for addresses,
`visit`, `csrf`, `lang`, `menu`, `sayings`, and the filters `moment`, `day`, `clock`, `ago`,
`iso`, `euros`, `number`. Times are UTC milliseconds in, Amsterdam out; `wall` takes a clock's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import jinja2
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal
from starlette.responses import HTMLResponse, Response

from civic.rounds import AMSTERDAM
from console.texts import LANGUAGES, REGIONS, T
from storage.times import from_ms

if TYPE_CHECKING:
    from console.routes import Declared
    from console.visit import Visit

RTL = frozenset({"ar", "fa", "ur", "he"})


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A page in the menu; `here` is the one that is shown."""

    name: str
    url: str
    here: bool


class Look:
    """The templates, read once."""

    def __init__(self, routes: list[Declared], clock: Callable[[], int]) -> None:
        self._env = jinja2.Environment(
            loader=jinja2.PackageLoader("console"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.filters |= {"euros": euros, "moment": moment, "day": day, "clock": clock_time}
        self._env.filters |= {"ago": _ago(clock), "number": number, "iso": iso, "wall": wall}
        self._env.globals |= {"languages": LANGUAGES, "rtl": RTL}
        self._menu = [route for route in routes if getattr(route, "nav", False)]

    def page(
        self, visit: Visit, template: str, status: int, context: Mapping[str, Any]
    ) -> Response:
        """The answer to a visit."""
        language = visit.texts.language
        html = self._env.get_template(template).render(
            t=visit.texts.t,
            tn=visit.texts.tn,
            url=visit.url,
            visit=visit,
            csrf=visit.keys.csrf(visit.token),
            lang=language,
            menu=self._items(visit),
            sayings=visit.request.session.pop("say", []),
            **context,
        )
        return HTMLResponse(html, status)

    def _items(self, visit: Visit) -> list[MenuItem]:
        if not visit.session or not visit.session.complete:
            return []
        section = visit.name.partition(".")[0]
        return [
            MenuItem(route.name, visit.url(route.name), route.name.partition(".")[0] == section)
            for route in self._menu
            if isinstance(route.access, frozenset) and visit.may(route.access)
        ]


def iso(milliseconds: int) -> str:
    """For the `datetime` of a `<time>`."""
    return from_ms(milliseconds).isoformat(timespec="seconds")


def local(milliseconds: int) -> datetime:
    """An instant as people in Amsterdam have it."""
    return from_ms(milliseconds).astimezone(AMSTERDAM)


@jinja2.pass_context
def moment(context: jinja2.runtime.Context, milliseconds: int) -> str:
    """ma 3 nov 2025, 14:05"""
    return format_datetime(local(milliseconds), "EEE d MMM y, HH:mm", locale=_locale(context))


@jinja2.pass_context
def day(context: jinja2.runtime.Context, when: int | date) -> str:
    """3 nov 2025"""
    shown = when if isinstance(when, date) else local(when)
    return format_date(shown, "d MMM y", locale=_locale(context))


@jinja2.pass_context
def wall(context: jinja2.runtime.Context, when: datetime) -> str:
    """ma 3 nov 2025, 14:05, of a clock in Amsterdam"""
    return format_datetime(when, "EEE d MMM y, HH:mm", locale=_locale(context))


@jinja2.pass_context
def clock_time(context: jinja2.runtime.Context, milliseconds: int) -> str:
    """14:05"""
    return format_time(local(milliseconds), "HH:mm", locale=_locale(context))


@jinja2.pass_context
def euros(context: jinja2.runtime.Context, amount: Decimal | None) -> str:
    """€ 1.250; cents only when there are some."""
    if amount is None:
        return ""
    whole = amount == amount.to_integral_value()
    style = "¤\xa0#,##0" if whole else "¤\xa0#,##0.00"
    return format_currency(amount, "EUR", style, locale=_locale(context), currency_digits=not whole)


@jinja2.pass_context
def number(context: jinja2.runtime.Context, value: int) -> str:
    """1.250"""
    return format_decimal(value, locale=_locale(context))


def _ago(clock: Callable[[], int]) -> Callable[[jinja2.runtime.Context, int], str]:
    @jinja2.pass_context
    def ago(context: jinja2.runtime.Context, milliseconds: int) -> str:
        """3 days ago, or in 3 days; what is no minute away is now."""
        between = from_ms(milliseconds) - from_ms(clock())
        if abs(between) < timedelta(minutes=1):
            return str(context["t"](T("base.now")))
        return format_timedelta(between, add_direction=True, locale=_locale(context))

    return ago


def _locale(context: jinja2.runtime.Context) -> str:
    return REGIONS[context["lang"]]
