"""Our own fault is answered kindly, and logged without what was asked or written."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runtime.web import _fault, _quiet


async def listen(request: Request) -> Response:
    raise ValueError("what somebody wrote")


def test_a_fault_names_neither_the_path_nor_the_words(caplog: pytest.LogCaptureFixture) -> None:
    routes = [Route("/media/{token}", listen)]
    app = _quiet(Starlette(routes=routes, exception_handlers={Exception: _fault}))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get("/media/secret-token")

    answer = asyncio.run(ask())
    assert answer.status_code == 500
    assert caplog.messages == ["listen failed: ValueError"]
