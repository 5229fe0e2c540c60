"""The web application: webhooks, health, simulator, console."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.channels.telegram import WEBHOOK_PATH, blocked
from bot.i18n.languages import LANGUAGES
from bot.messages import Channel
from runtime import console, phone_parts, simulator
from runtime.chat import shown
from runtime.guarding import Guarding, networks
from runtime.health import Health
from runtime.simulator import Posted
from runtime.twilio_routes import TwilioRoutes
from runtime.wiring import System
from storage import outbox, people, rounds
from storage.times import from_ms

log = logging.getLogger(__name__)

MOST_SHOWN = 200
WEBHOOK_BYTES = 1_000_000  # Telegram's updates are a few thousand


def app(system: System, *, simulated: bool = False, demo: bool = False) -> ASGIApp:
    """The application, which also sends, listens and sweeps.

    The simulator has no sign-in: where a public URL is set, it is there only when `simulated`.
    `demo` lets the sample users into the console.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await system.start()
        try:
            yield
        finally:
            await system.stop()

    settings = system.settings
    quiet = _quiet(
        Starlette(
            routes=routes(system, simulated=simulated, demo=demo),
            lifespan=lifespan,
            exception_handlers={Exception: _fault},
        )
    )
    return Guarding(quiet, settings.public_url, networks(settings.proxies))


def routes(system: System, *, simulated: bool = False, demo: bool = False) -> list[BaseRoute]:
    """Every route there is; `docs/openapi.yaml` describes those that are not the console's."""
    pages = _Pages(system)
    with_simulator = simulated or not system.settings.public_url
    return [
        *Health(system).routes(),
        Route(WEBHOOK_PATH, pages.telegram, methods=["POST"]),
        *_twilio(system),
        *phone_parts.routes(system, simulated=with_simulator),
        console.mounted(system, demo=demo),
        *(_simulated(system) if with_simulator else ()),
    ]


def _quiet(app: ASGIApp) -> ASGIApp:
    """The server would log the whole error, in which there may be what somebody wrote."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        with contextlib.suppress(Exception):  # answered and logged by `_fault`
            await app(scope, receive, send)
        return None

    return call


async def _fault(request: Request, error: Exception) -> Response:
    """Our own fault: said without a word of what was being handled."""
    # by its function: in a path there may be somebody's id, or the key to a sound
    what = getattr(request.scope.get("endpoint"), "__name__", "a request")
    log.error("%s failed: %s", what, type(error).__name__, exc_info=error)
    return PlainTextResponse("Something went wrong on our side. Please try again.\n", 500)


class _Pages:
    def __init__(self, system: System) -> None:
        self._system = system

    async def telegram(self, request: Request) -> Response:
        """One update: verified, persisted, then acknowledged."""
        port = self._system.telegram
        if port is None:
            raise HTTPException(404)
        if not port.verify_secret(request.headers):
            raise HTTPException(403)
        update = await _json(request)
        await take_update(self._system, update)
        return JSONResponse({})


async def take_update(system: System, update: dict[str, Any]) -> None:
    """What one Telegram update brings about; the spinner on a tapped button stops after it."""
    chat = blocked(update)
    if chat:
        await system.db.run(partial(people.blocked, channel=Channel.TELEGRAM, address=chat))
        return
    inbound = system.telegram.parse(update) if system.telegram else None
    if inbound is None:
        return
    await system.take(inbound)
    if system.telegram:
        await system.telegram.acknowledge(update)


async def _json(request: Request) -> dict[str, Any]:
    """The body, bounded. Anything that is not an object is nobody's message."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > WEBHOOK_BYTES:
                raise HTTPException(413)
        data = json.loads(body)
    except (ValueError, RecursionError, ClientDisconnect):
        raise HTTPException(400) from None
    if not isinstance(data, dict):
        raise HTTPException(400)
    return data


def _twilio(system: System) -> list[BaseRoute]:
    twilio = system.twilio
    if twilio is None:
        return []
    failed = system.deliveries.failed
    return TwilioRoutes(
        twilio.account, twilio.heard, system.db, system.take, failed, system.vault
    ).routes()


def _simulated(system: System) -> list[BaseRoute]:
    home = Route("/", lambda _: RedirectResponse("/simulator"))
    return [home, *simulator.routes(_deps(system))]


def _deps(system: System) -> simulator.Deps:
    async def take(inbound: Any) -> None:
        await system.take(inbound)

    return simulator.Deps(
        take=take,
        outgoing=partial(_outgoing, system),
        store_media=lambda data, mime: system.uploads.put(data),
        sound_of=system.sounds.made,
        languages={code: language.own_name for code, language in LANGUAGES.items()},
        places=partial(_places, system),
        stopping=lambda: system.stopping.is_set(),
    )


async def _places(system: System) -> simulator.Places:
    active = await system.db.aread(rounds.active)
    return simulator.places_of(active.round, "nl") if active else {}


async def _outgoing(system: System, address: str, after: int) -> Sequence[Posted]:
    rows = await system.db.aread(
        lambda conn: outbox.after(conn, Channel.SIMULATOR, address, after, MOST_SHOWN)
    )
    return [
        Posted(row.id, from_ms(row.created_at), message)
        for row in rows
        if row.state == "sent" and (message := shown(system, row))
    ]
