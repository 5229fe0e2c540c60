"""One request to the console: who it is, what they sent, and the ways to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.deps import Deps
from console.forms import Filters, Form
from console.keys import Keys
from console.look import Look
from console.roles import Role
from console.texts import Texts
from storage import audit, rounds
from storage.console_sessions import Session
from storage.console_users import User
from storage.rounds import ActiveRound

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
F = TypeVar("F", bound=Filters)


@dataclass(slots=True)
class Visit:
    """What a page's function gets. `user` is None only on public pages.

    `token` is the browser's cookie; setting another one changes it with the answer.
    """

    request: Request
    deps: Deps
    keys: Keys
    look: Look
    texts: Texts
    name: str  # of the route
    token: str
    user: User | None = None
    session: Session | None = None
    posted: FormData = field(default_factory=FormData)
    seen: list[tuple[str, int | None]] = field(default_factory=list)

    # --- who

    @property
    def me(self) -> User:
        """Who is signed in (or halfway)."""
        assert self.user is not None
        return self.user

    def may(self, roles: frozenset[Role]) -> bool:
        """Whether a part of a page is for this user."""
        return self.user is not None and Role(self.user.role) in roles

    # --- what they sent

    def number(self, name: str) -> int:
        """An integer of the path, within what a database takes; else there is no such page."""
        value = int(self.request.path_params[name])
        if value >= 2**62:
            raise HTTPException(404)
        return value

    def form(self, model: type[M]) -> Form[M]:
        """What was posted, read as `model`: see `console.forms`."""
        return Form.read(model, self.posted)

    def filters(self, model: type[F]) -> F:
        """What the address asks for (`?status=…&page=2`); what makes no sense is left out."""
        return model.read(self.request.query_params)

    # --- the database

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Reads, in one moment of the database."""
        return await self.deps.db.aread(work)

    async def change(self, kind: str, ref: int | None, work: Callable[[Connection], T]) -> T:
        """Changes something, and notes in the audit log that this user did `kind` to row `ref`.

        The only way in which a page changes the database. The log's text is `audit.<kind>`.
        """
        now, who = self.deps.clock(), self.user.id if self.user else None

        def both(conn: Connection) -> T:
            result = work(conn)
            audit.note(conn, who, kind, [ref], now)
            return result

        return await self.deps.db.run(both)

    def saw(self, kind: str, *refs: int) -> None:
        """Has it noted that this user saw personal data: the rows `refs` of `kind`."""
        self.seen += [(kind, ref) for ref in refs]

    async def round(self) -> ActiveRound:
        """The active round; without one there is a page that says what to do."""
        active = await self.read(rounds.active)
        if active is None:
            raise NoRoundError
        return active

    # --- answers

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        """A page from a template; what every template has is in `console.look`."""
        return self.look.page(self, template, status, context)

    def again(self, template: str, **context: Any) -> Response:
        """The page with the form once more: something in it was not right."""
        return self.page(template, 422, **context)

    def go(self, name: str, say: str = "", **params: Any) -> Response:
        """On to another page, which begins by saying the text `say`."""
        if say:
            self.say(say)
        return RedirectResponse(self.url(name, **params), 303)

    def say(self, key: str, tone: str = "good") -> None:
        """What the next page begins with; `tone` is good or bad."""
        said = self.request.session.get("say", [])
        self.request.session["say"] = [*said, [key, tone]]  # a new one: it must be noticed

    def url(self, name: str, query: Mapping[str, Any] | None = None, **params: Any) -> str:
        """The address of a route, without host; parameters of `query` that are empty are not."""
        path: str = self.request.app.state.path_of(name, **params)
        given = {key: value for key, value in (query or {}).items() if value not in ("", None)}
        return path + ("?" + urlencode(given) if given else "")

    def missing(self) -> HTTPException:
        """To raise: there is no such page."""
        return HTTPException(404)


class NoRoundError(Exception):
    """No round is loaded yet."""
