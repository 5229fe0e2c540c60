"""The simulator in the browser: one page, and the few addresses that it talks to.

What it needs is handed in with `Deps`, so that the page knows no database and no engine.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive

from bot.channels.simulator import BadMessageError, address, parse
from bot.messages import Inbound, Media, MediaKind, Outbound, Sound
from civic.rounds import Round

LONGEST_BODY = 25_000_000  # bytes; two minutes of speech and a large photo both fit well
LONGEST_WAIT = 25  # seconds; proxies cut what stays silent for 30
PAUSE = 0.25  # seconds between two looks into the outbox
MOST_PHONES = 24
_MOST_ROWS = 2**62  # what a database still takes as a row's id

_STATIC = Path(__file__).parent / "static" / "simulator"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": "microphone=(self), camera=(self), geolocation=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_FILES: Mapping[MediaKind, tuple[str, ...]] = {
    "voice": ("audio/", "video/webm", "video/mp4"),  # some browsers call a recording a video
    "photo": ("image/",),
}
_TOO_BIG = "This file is too large: 25 MB at most. Please send a shorter or smaller one."


Places = Mapping[str, tuple[float, float]]


async def _nowhere() -> Places:
    return {}


@dataclass(frozen=True, slots=True)
class Posted:
    """One message of the bot, as the outbox has it: its row's id and when it was written (UTC)."""

    id: int
    at: datetime
    message: Outbound


@dataclass(frozen=True, slots=True)
class Deps:
    """What the simulator asks of the rest.

    `take` persists a message and what it brought about in one transaction. `outgoing(address,
    after)` gives the first messages with an id above `after`, in order, perhaps not all at once;
    those up to `after` have been seen. `store_media(content, mime)` gives the name under which
    the media store has a file, `sound_of` gives Ogg/Opus. `languages` are the bot's, by tag, in
    their own words. `places` are points that may be sent, (latitude, longitude) by name. `stopping`
    says that the server is closing, so that nobody goes on waiting.
    """

    take: Callable[[Inbound], Awaitable[None]]
    outgoing: Callable[[str, int], Awaitable[Sequence[Posted]]]
    store_media: Callable[[bytes, str], str]
    sound_of: Callable[[Sound], bytes]
    languages: Mapping[str, str]
    places: Callable[[], Awaitable[Places]] = _nowhere
    stopping: Callable[[], bool] = lambda: False


def places_of(now: Round, language: str) -> dict[str, tuple[float, float]]:
    """A point in the middle of each area of the round that is drawn on the map, by its name."""
    return {
        area.name.get(language): (fmean(lat for lat, _ in line), fmean(lng for _, lng in line))
        for area in now.areas
        if (line := area.outline)
    }


def routes(deps: Deps) -> list[BaseRoute]:
    """All routes of the simulator, below /simulator."""
    api = _Api(deps)
    text = (_STATIC / "index.html").read_text("utf-8")
    page = jinja2.Environment(autoescape=True).from_string(text)

    async def show(_: Request) -> Response:
        html = page.render(languages=deps.languages, places=await deps.places())
        return HTMLResponse(html, headers=_HEADERS)

    return [
        Route("/simulator", show),
        Route("/simulator/api/messages", api.post, methods=["POST"]),
        Route("/simulator/api/messages", api.messages, methods=["GET"]),
        Route("/simulator/api/audio/{id:int}", api.audio),
        Mount("/simulator/static", _Files(directory=_STATIC)),
    ]


class _Files(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update(_HEADERS)
        return response


class _TooBigError(Exception):
    pass


class _Api:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def post(self, request: Request) -> Response:
        """Takes one message; `{"id", "at"}` once it is persisted."""
        if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return _refusal("foreign", 403)
        at = datetime.now(UTC)
        bounded = Request(request.scope, _bounded(request.receive, LONGEST_BODY))
        try:
            inbound = await self._read(bounded)
        except _TooBigError:
            return _refusal("too_big", 413, _TOO_BIG)
        except BadMessageError as error:
            return _refusal(error.code)
        await self._deps.take(inbound)
        return JSONResponse({"id": inbound.id, "at": at.isoformat()}, headers=_PRIVATE)

    async def messages(self, request: Request) -> Response:
        """What the bot said after `after`, waiting for it at most `wait` seconds.

        `as`, `channel` and `after` may stand more than once, so that a page with many phones
        keeps one connection open and not one for each.
        """
        try:
            phones, wait = _asked(request)
        except BadMessageError as error:
            return _refusal(error.code)
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        while not (found := await self._found(phones)):
            over = loop.time() >= until or self._deps.stopping()
            if over or await request.is_disconnected():
                break
            await asyncio.sleep(PAUSE)
        return JSONResponse(found, headers=_PRIVATE)

    async def audio(self, request: Request) -> Response:
        """The sound of one message, for the resident that it was sent to."""
        row = min(request.path_params["id"], _MOST_ROWS)
        try:
            to = address(_given(request, "channel"), _given(request, "as"))
        except BadMessageError as error:
            return _refusal(error.code)
        posted = next(iter(await self._deps.outgoing(to, row - 1)), None)
        if posted is None or posted.id != row or posted.message.sound is None:
            return _refusal("unknown", 404)
        sound = await run_in_threadpool(self._deps.sound_of, posted.message.sound)
        return Response(sound, media_type="audio/ogg", headers=_PRIVATE)

    async def _found(self, phones: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
        rows = [(to, await self._deps.outgoing(to, after)) for to, after in phones]
        return [_as_json(to, posted) for to, found in rows for posted in found]

    async def _read(self, request: Request) -> Inbound:
        if request.headers.get("content-type", "").startswith("application/json"):
            return parse(await _json_fields(request))
        try:
            async with request.form(max_files=1, max_fields=12) as form:
                return await self._from_form(form)
        except HTTPException:
            raise BadMessageError("form") from None

    async def _from_form(self, form: FormData) -> Inbound:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        upload = next((u for u in form.values() if isinstance(u, UploadFile)), None)
        if upload is None:
            return parse(fields)
        media = _described(form, fields.get("seconds", ""))
        inbound = parse(fields, media, kind_unknown=media is None)
        return replace(inbound, media=(await self._stored(media, upload),)) if media else inbound

    async def _stored(self, media: Media, upload: UploadFile) -> Media:
        content = await upload.read()
        name = await run_in_threadpool(self._deps.store_media, content, media.mime)
        return replace(media, ref=name, size=len(content))


def _described(form: FormData, seconds: str) -> Media | None:
    """The file of this form, not yet stored; None when it is of a kind that we cannot take."""
    for kind, mimes in _FILES.items():
        if isinstance(upload := form.get(kind), UploadFile):
            mime = (upload.content_type or "").partition(";")[0].strip().lower()
            return Media(kind, "", mime, None, _length(seconds)) if mime.startswith(mimes) else None
    return None


def _bounded(receive: Receive, limit: int) -> Receive:
    read = 0

    async def bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            await _drain(receive, message, 4 * limit)
            raise _TooBigError
        return message

    return bounded


async def _drain(receive: Receive, message: Message, limit: int) -> None:
    """Reads the rest: a browser still sending would see a broken connection, not our answer."""
    read = 0
    while message.get("more_body") and read <= limit:
        message = await receive()
        read += len(message.get("body", b""))


async def _json_fields(request: Request) -> dict[str, str]:
    try:
        fields = await request.json()
    except (ValueError, RecursionError):
        raise BadMessageError("json") from None
    if not isinstance(fields, dict) or not all(isinstance(v, str) for v in fields.values()):
        raise BadMessageError("json")
    return fields


def _asked(request: Request) -> tuple[list[tuple[str, int]], int]:
    ids, afters = (request.query_params.getlist(name) for name in ("as", "after"))
    channels = request.query_params.getlist("channel") or ["simulator"] * len(ids)
    afters = afters or ["0"] * len(ids)
    if not 0 < len(ids) <= MOST_PHONES or not len(ids) == len(channels) == len(afters):
        raise BadMessageError("as")
    try:
        numbers = [min(max(0, int(after)), _MOST_ROWS) for after in afters]
        wait = int(request.query_params.get("wait", LONGEST_WAIT))
    except ValueError:
        raise BadMessageError("number") from None
    addresses = [address(c, i) for c, i in zip(channels, ids, strict=True)]
    return list(zip(addresses, numbers, strict=True)), min(wait, LONGEST_WAIT)


def _as_json(to: str, posted: Posted) -> dict[str, Any]:
    channel, _, as_id = to.partition(":")
    message = posted.message
    sound = f"/simulator/api/audio/{posted.id}?as={as_id}&channel={channel}"
    return {
        "id": posted.id,
        "as": as_id,
        "channel": channel,
        "text": message.text,
        "buttons": [{"id": button.id, "label": button.label} for button in message.buttons],
        "style": message.style,
        "opens": message.opens,
        "audio": sound if message.sound else None,
        "language": message.sound.language if message.sound else "",
        "secret": message.secret,
        "asks_location": message.asks_location,
        "direction": message.direction,
        "at": posted.at.isoformat(),
    }


def _given(request: Request, name: str) -> str:
    return request.query_params.get(name, "")


def _length(text: str) -> float | None:
    with suppress(ValueError):
        seconds = float(text)
        return seconds if 0 < seconds < 86_400 else None
    return None


def _refusal(code: str, status: int = 400, message: str = "") -> Response:
    body = {"error": code, "message": message or "This message could not be taken."}
    return Response(json.dumps(body), status, headers=_PRIVATE, media_type="application/json")
