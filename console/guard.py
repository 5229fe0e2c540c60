"""The one place where it is decided who gets in: every route goes through `Guard.let_in`."""

from __future__ import annotations

import hmac
import logging
from functools import partial
from urllib.parse import urlsplit

from sqlalchemy import Connection
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from console import times
from console.deps import Deps
from console.keys import Keys, new_token, token_hash
from console.look import Look
from console.roles import Door, Role
from console.routes import MOST_BYTES, Act, Declared, View
from console.texts import LANGUAGES, T, texts
from console.visit import NoRoundError, Visit
from storage import audit, console_sessions
from storage.console_sessions import Session
from storage.console_users import User

log = logging.getLogger(__name__)
COOKIE = "buurtstem_console"


class Guard:
    """Knows the deps; makes visits of requests, and lets those in who may."""

    def __init__(self, deps: Deps, look: Look) -> None:
        self._deps = deps
        self._keys = Keys(deps.secret)
        self._look = look

    async def let_in(self, route: Declared, request: Request) -> Response:
        """Who it is, whether they may, whether the form is ours; then the page."""
        visit = await self.visit(request, route.name)
        token = visit.token
        refused = _refused(route, visit)
        if refused is None and isinstance(route, Act):
            visit.posted = await _form(request, route)
            _demand_our_form(visit)
        answer = refused or await self._answer(route, visit)
        await self._note(visit, answer)
        if visit.token != token or request.cookies.get(COOKIE) != visit.token:
            self._set_cookie(answer, visit.token)
        return answer

    async def visit(self, request: Request, name: str = "") -> Visit:
        """Who asks, by their cookie."""
        token = request.cookies.get(COOKIE) or new_token()
        session, user = await self._find(request, token)
        language = (user and user.language) or request.session.get("language") or _spoken(request)
        return Visit(
            request, self._deps, self._keys, self._look, texts(language), name, token, user, session
        )

    async def _find(self, request: Request, token: str) -> tuple[Session | None, User | None]:
        if COOKIE not in request.cookies:
            return None, None
        now = self._deps.clock()
        ask = partial(
            console_sessions.find,
            hash_=token_hash(token),
            seen_after_ms=now - times.IDLE,
            created_after_ms=now - times.LONGEST,
        )
        session, user = await self._deps.db.aread(ask) or (None, None)
        if session is None or user is None or not self._holds(session, user, now):
            return None, None
        if now - session.seen_at >= times.MINUTE:
            await self._deps.db.run(
                partial(console_sessions.seen, session_id=session.id, now_ms=now)
            )
        return session, user

    def _holds(self, session: Session, user: User, now: int) -> bool:
        """A demo's users are for a demo; half a sign-in is for some minutes."""
        fresh = session.complete or now - session.created_at < times.HALFWAY
        return fresh and (self._deps.demo or not user.demo)

    async def _answer(self, route: Declared, visit: Visit) -> Response:
        try:
            return await route.handler(visit)
        except NoRoundError:
            return visit.page("no_round.html", 404)

    async def _note(self, visit: Visit, answer: Response) -> None:
        """What was shown of people; noted before it goes out."""
        if not visit.seen or visit.user is None or answer.status_code >= 300:
            return
        by_kind: dict[str, list[int | None]] = {}
        for kind, ref in visit.seen:
            by_kind.setdefault(kind, []).append(ref)
        now, who = self._deps.clock(), visit.user.id

        def note(conn: Connection) -> None:
            for kind, refs in by_kind.items():
                audit.note(conn, who, kind, refs, now)

        await self._deps.db.run(note)

    def _set_cookie(self, answer: Response, token: str) -> None:
        answer.set_cookie(
            COOKIE,
            token,
            path="/console",
            httponly=True,
            samesite="lax",
            secure=self._deps.public_url.startswith("https://"),
        )


def _refused(route: Declared, visit: Visit) -> Response | None:
    """Where who may not come in is sent instead; None for who may. Raises 403 for a wrong role."""
    if route.access is Door.PUBLIC:
        return None
    if visit.session is None or visit.user is None:
        return _to_sign_in(route, visit)
    if route.access is Door.HALFWAY:
        return visit.go("today") if visit.session.complete else None
    if not visit.session.complete:
        return visit.go("signin.next")
    if Role(visit.user.role) not in route.access:
        raise HTTPException(403)
    return None


def _to_sign_in(route: Declared, visit: Visit) -> Response:
    if COOKIE in visit.request.cookies and isinstance(route, Act):
        visit.say(T("signin.ended"), "bad")
    url = visit.request.url
    wanted = url.path + (f"?{url.query}" if url.query else "")
    is_page = isinstance(route, View) and route.access is not Door.HALFWAY
    is_page = is_page and route.name != "today"
    return visit.go("signin", query={"next": wanted if is_page else ""})


def wanted_page(visit: Visit, wanted: str) -> str:
    """An address within the console to go on to after sign-in; nowhere else."""
    parts = urlsplit(wanted)
    ours = parts.path.startswith("/console/") and not (parts.netloc or parts.scheme)
    return wanted if ours and "\\" not in wanted else visit.url("today")


def _demand_our_form(visit: Visit) -> None:
    """The token in the form belongs to the cookie, and the browser says it was our page."""
    given = visit.posted.get("csrf")
    is_ours = isinstance(given, str) and hmac.compare_digest(
        given.encode(), visit.keys.csrf(visit.token).encode()
    )
    site = visit.request.headers.get("sec-fetch-site", "same-origin")
    if not is_ours or site != "same-origin":
        raise HTTPException(403, T("error.csrf"))


async def _form(request: Request, route: Act) -> FormData:
    bounded = Request(request.scope, _bounded(request.receive, route.most_bytes))
    return await bounded.form(max_files=route.files, max_part_size=MOST_BYTES)


def _bounded(receive: Receive, limit: int) -> Receive:
    read = 0

    async def bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise HTTPException(413)
        return message

    return bounded


def _spoken(request: Request) -> str:
    """The first language of the browser's that we have."""
    for part in request.headers.get("accept-language", "").lower().split(","):
        if (code := part.strip()[:2]) in LANGUAGES:
            return code
    return "nl"
