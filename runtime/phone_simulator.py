"""Calls from the simulator's page: the same turns as on a real line, as JSON, without Twilio."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.phone import LONGEST_KEYS, Act, Did, Turn
from bot.messages import Media
from runtime.phone import Calls
from runtime.phone_sounds import Played

PATH = "/simulator/api/call"
LONGEST_BODY = 25_000_000
PATIENCE = 30.0  # seconds for the sounds; a page has time
_PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_AS = re.compile(r"[A-Za-z0-9_-]{1,40}")
_CALL = re.compile(r"[0-9a-f-]{36}")
_KEYS = re.compile(rf"[0-9*#]{{0,{LONGEST_KEYS}}}")


@dataclass(frozen=True, slots=True)
class PhoneSimulator:
    """`store` keeps a recording and gives its name; see `bot.channels.phone_port`."""

    calls: Calls
    played: Played
    store: Callable[[bytes], str]

    def routes(self) -> list[BaseRoute]:
        return [Route(PATH, self.call, methods=["POST"])]

    async def call(self, request: Request) -> Response:
        """One act, told by the query (`as`, `call`, `n`, `did`, `digits`, `times`); the body is a
        recording. `did=over` ends the call."""
        if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            raise HTTPException(403)
        act = _act(request)
        if act is None:
            await self.calls.over(_call(request))
            return Response(status_code=204)
        data = await _body(request)
        if data and act.did == "voice":
            mime = request.headers.get("content-type", "").partition(";")[0]
            name = await run_in_threadpool(self.store, data)
            media = Media("voice", name, mime, len(data))
            act = Act(act.call, act.address, act.n, act.did, act.digits, media, act.times)
        return JSONResponse(await self._told(act), headers=_PRIVATE)

    async def _told(self, act: Act) -> dict[str, Any]:
        turn = await self.calls.answer(act)
        links = await self.played.links(turn.plays, PATIENCE) or []
        said = [
            {"text": sound.text, "language": sound.language, "secret": sound.secret}
            for sound in turn.plays
        ]
        return {"sounds": links, "said": said, **_listens(turn)}


def _listens(turn: Turn) -> dict[str, Any]:
    keys = sorted({*turn.keys, *turn.extras})
    return {
        "n": turn.n,
        "way": turn.way,
        "most": turn.most,
        "pause": turn.pause,
        "times": turn.times,
        "keys": keys,
    }


def _call(request: Request) -> str:
    call = request.query_params.get("call", "")
    if not _CALL.fullmatch(call):
        raise HTTPException(400)
    return f"sim-{call}"


def _act(request: Request) -> Act | None:
    query = request.query_params
    who, did, digits = query.get("as", ""), query.get("did", "begin"), query.get("digits", "")
    if not _AS.fullmatch(who) or not _KEYS.fullmatch(digits):
        raise HTTPException(400)
    if did == "over":
        return None
    if did not in get_args(Did):
        raise HTTPException(400)
    told: Did = did  # type: ignore[assignment]
    n, times = _number(query.get("n", "0")), _number(query.get("times", "0"))
    return Act(_call(request), f"simulator:{who}", n, told, digits, None, times)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 6:
        raise HTTPException(400)
    return int(text)


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST_BODY:
                raise HTTPException(413)
    except ClientDisconnect:
        raise HTTPException(400) from None
    return bytes(body)
