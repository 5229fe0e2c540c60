"""The real application in this process, with every channel, and a list of all its routes."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from runtime.config import Settings
from runtime.serve import built
from runtime.web import app, routes
from runtime.wiring import System
from tests.server import REPO

PUBLIC = "https://stem.example"
SETTINGS = {
    "public_url": PUBLIC,
    "secret_key": "a key of some length for the tests",
    "pepper": "a pepper that only these tests know",
    "telegram_token": "4711:test",
    "telegram_api_url": "http://127.0.0.1:9",
    "twilio_account_sid": "AC" + 32 * "0",
    "twilio_auth_token": "a token of twilio",
    "twilio_api_url": "http://127.0.0.1:9",
    "twilio_whatsapp_from": "+31201234567",
    "twilio_sms_from": "+31201234568",
}
_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")


def system(folder: Path, **more: str) -> System:
    """Everything a system can have, on SQLite, not started."""
    settings = Settings(
        database_url=f"sqlite:///{folder}/town.db",
        media_url=f"file://{folder}/media",
        **{**SETTINGS, **more},  # type: ignore[arg-type]
    )
    return built(settings, REPO / "examples" / "demo.toml")


def whole(made: System) -> ASGIApp:
    return app(made, simulated=True)


def walked(found: Sequence[BaseRoute], before: str = "") -> Iterator[tuple[str, str]]:
    """(method, path as declared) of every route, also of those in a mounted application."""
    for route in found:
        if isinstance(route, Mount):
            yield from walked(route.routes or [], before + route.path)
            if not route.routes:
                yield "GET", f"{before}{route.path}/{{path}}"
        elif isinstance(route, Route):
            for method in sorted((route.methods or {"GET"}) - {"HEAD"}):
                yield method, before + route.path


def all_routes(made: System) -> list[tuple[str, str]]:
    return list(walked(routes(made, simulated=True)))


def filled(path: str) -> str:
    """A path with something in the place of each parameter."""
    return _PARAMETER.sub(lambda found: "1" if found[2] == "int" else "x1", path)


def on_a_loop(test: Callable[..., Coroutine[object, object, None]]) -> Callable[..., None]:
    """The test, run to its end."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


@asynccontextmanager
async def asking(served: ASGIApp, address: str = "203.0.113.7") -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, at this address."""
    transport = httpx.ASGITransport(served, client=(address, 4711), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as client:
        yield client
