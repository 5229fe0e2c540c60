"""The console as an application, to be mounted at /console."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, NoMatchFound, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console import pages
from console.deps import Deps
from console.guard import Guard
from console.keys import Keys
from console.look import Look
from console.routes import Declared, check

log = logging.getLogger(__name__)

ROOT = "/console"
_STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; media-src 'self' blob:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def app(deps: Deps, routes: list[Declared] | None = None) -> Starlette:
    """The console. Raises ValueError for a route without a role."""
    declared = pages.routes() if routes is None else routes
    check(declared)
    look = Look(declared, deps.clock)
    guard = Guard(deps, look)
    starlette = Starlette(
        routes=[
            *(_route(guard, each) for each in declared),
            Mount("/static", StaticFiles(directory=_STATIC), name="static"),
        ],
        middleware=[
            Middleware(_Headers, https=deps.public_url.startswith("https://")),
            Middleware(SessionMiddleware, **_signed_cookie(deps)),
        ],
        exception_handlers={
            HTTPException: partial(_refusal, guard),
            Exception: _fault,
        },
    )
    starlette.state.path_of = partial(_path_of, starlette)
    return starlette


def _route(guard: Guard, declared: Declared) -> BaseRoute:
    async def endpoint(request: Request) -> Response:
        return await guard.let_in(declared, request)

    endpoint.__name__ = declared.name  # what a fault is logged by
    return Route(declared.path, endpoint, name=declared.name, methods=[declared.method])


def _path_of(starlette: Starlette, name: str, **params: Any) -> str:
    try:
        return ROOT + str(starlette.url_path_for(name, **params))
    except NoMatchFound:
        raise KeyError(f"no route is called {name} with {sorted(params)}") from None


def _signed_cookie(deps: Deps) -> dict[str, Any]:
    """For what is said on the next page, and a sign-in elsewhere that is under way."""
    return {
        "secret_key": Keys(deps.secret).mac("cookie"),
        "session_cookie": "buurtstem_console_note",
        "max_age": 3600,
        "path": ROOT,
        "same_site": "lax",
        "https_only": deps.public_url.startswith("https://"),
    }


async def _refusal(guard: Guard, request: Request, error: HTTPException) -> Response:
    """A page that says kindly why not."""
    visit = await guard.visit(request)
    known = error.status_code if error.status_code in (403, 404, 405, 413) else 400
    why = error.detail if error.detail.startswith("error.") else f"error.{known}"
    return visit.page("error.html", error.status_code, why=why)


async def _fault(request: Request, error: Exception) -> Response:
    """Our own fault: said without a word of what was being handled."""
    what = getattr(request.scope.get("endpoint"), "__name__", "a request")
    log.error("console: %s failed: %s", what, type(error).__name__)
    return PlainTextResponse("Er ging iets mis bij ons. / Something went wrong on our side.\n", 500)


class _Headers:
    """Puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self._app = app
        hsts = {"Strict-Transport-Security": "max-age=31536000"} if https else {}
        self._headers = {
            name.lower().encode(): value.encode() for name, value in (HEADERS | hsts).items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, self._with_headers(scope, send))

    def _with_headers(self, scope: Scope, send: Send) -> Callable[[Message], Awaitable[None]]:
        static = scope.get("path", "").startswith(f"{ROOT}/static/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                more = [pair for pair in self._headers.items() if pair[0] not in own]
                if static:
                    more = [pair for pair in more if pair[0] != b"cache-control"]
                    more.append((b"cache-control", b"no-cache"))
                message["headers"] = [*message["headers"], *more]
            await send(message)

        return with_headers
