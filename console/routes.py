"""How a page says where it is and for whom; checked when the program starts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from starlette.responses import Response

from console.roles import Access, Door, Role
from console.visit import Visit

Handler = Callable[[Visit], Awaitable[Response]]
MOST_BYTES = 256_000  # of a form without files


@dataclass(frozen=True, slots=True)
class View:
    """A page that is looked at: GET.

    `name` is for links (`url("plan", number=3)`) and `path` is below /console, as Starlette has
    it. `nav` puts it into the menu, under the text `nav.<name>`.
    """

    name: str
    path: str
    handler: Handler
    access: Access
    nav: bool = False

    @property
    def method(self) -> str:
        return "GET"


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is done: POST, with the form's token.

    `own`: it changes nothing but the account of who does it, so auditors may too.
    `most_bytes` and `files` are what the form may hold.
    """

    name: str
    path: str
    handler: Handler
    access: Access
    own: bool = False
    most_bytes: int = MOST_BYTES
    files: int = 0

    @property
    def method(self) -> str:
        return "POST"


Declared = View | Act


def check(routes: Iterable[Declared]) -> None:
    """Raises ValueError for a route that must not start: without a role, or an auditor's act."""
    seen: set[str] = set()
    for route in routes:
        if not isinstance(route.access, Door) and not _are_roles(route.access):
            raise ValueError(f"{route.name}: say which roles may use it")
        if isinstance(route, Act) and _lets_an_auditor_change(route):
            raise ValueError(f"{route.name}: an auditor reads only")
        if route.name in seen:
            raise ValueError(f"{route.name}: there are two routes of this name")
        seen.add(route.name)


def _are_roles(access: object) -> bool:
    return isinstance(access, frozenset) and bool(access) and access <= frozenset(Role)


def _lets_an_auditor_change(route: Act) -> bool:
    return not isinstance(route.access, Door) and Role.AUDITOR in route.access and not route.own
