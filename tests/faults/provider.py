"""Telegram and Twilio on loopback as the sender sees them: they take messages, or fail on order.

`taken` is the truth about what arrived, whatever became of the answer. A few lines of our own
instead of tests/emulators: thousands of messages while processes die need no model of an API.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from aiohttp import web

TOKEN = "7:synthetic"
ANSWERS_DO_NOT_MATTER = ("getMe", "setWebhook", "deleteMessage", "answerCallbackQuery")


@dataclass(frozen=True)
class Taken:
    """A message that arrived, and when (monotonic)."""

    id: str
    to: str
    text: str
    at: float
    made: datetime
    callback: str = ""


@dataclass
class Fault:
    """What is wrong with the next `times` sends.

    `kind`: 429 | 500 | 503 (not taken), lost (taken, and the connection breaks), late (taken, and
    answered only after `seconds`), unreached (the connection breaks before anything is taken).
    """

    kind: str
    times: int = 1
    seconds: float = 0.0


@dataclass
class Provider:
    """`url` is both `BUURTSTEM_TELEGRAM_API_URL` and `…_TWILIO_API_URL`."""

    host: str = "127.0.0.1"
    taken: list[Taken] = field(default_factory=list)
    sounds: int = 0  # that came by themselves; nothing is ever wrong with them
    asked: list[tuple[float, str]] = field(default_factory=list)  # every attempt to send
    looked_up: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    pause: float = 0.0  # seconds before every answer
    _faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)
        self._by_address: dict[str, list[Taken]] = defaultdict(list)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.url = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)

    async def _start(self) -> str:
        app = web.Application(client_max_size=1 << 25)
        app.router.add_route("*", f"/bot{TOKEN}/{{method}}", self._telegram)
        app.router.add_get(f"/file/bot{TOKEN}/{{name}}", self._file)
        app.router.add_route("*", "/2010-04-01/{path:.*}", self._twilio)
        app.router.add_route("*", "/v1/{path:.*}", self._content)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, 0).start()
        return f"http://{self.host}:{self._runner.addresses[0][1]}"

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def fails(self, *faults: Fault) -> None:
        """These come, in this order, over the next sends."""
        self._faults += faults

    def to(self, address: str) -> list[Taken]:
        return list(self._by_address[address])

    def texts(self, address: str) -> list[str]:
        return [each.text for each in self._by_address[address]]

    # Sending, for both

    def _fault(self) -> Fault | None:
        while self._faults and not self._faults[0].times:
            self._faults.pop(0)
        if not self._faults:
            return None
        self._faults[0].times -= 1
        return self._faults[0]

    def _take(self, to: str, text: str, callback: str = "") -> Taken:
        """Twilio's have a callback, and ids of their own kind."""
        one = self._made(to, text, callback)
        self.taken.append(one)
        self._by_address[to].append(one)
        return one

    def _made(self, to: str, text: str, callback: str) -> Taken:
        made, number = datetime.now(UTC).replace(microsecond=0), next(self._ids)
        id_ = f"SM{number:032x}" if callback else str(number)
        return Taken(id_, to, text, time.monotonic(), made, callback)

    async def _send(
        self, request: web.Request, to: str, text: str, callback: str = ""
    ) -> Taken | web.Response:
        """Takes a message, or says what is wrong. A broken connection is an answer of its own."""
        if not text:
            self.sounds += 1
            return self._made(to, text, callback)
        self.asked.append((time.monotonic(), to))
        if self.pause:
            await asyncio.sleep(self.pause)
        fault = self._fault()
        if fault is None:
            return self._take(to, text, callback)
        if fault.kind in ("429", "500", "503"):
            return _refused(int(fault.kind), fault.seconds)
        if fault.kind != "unreached":
            self._take(to, text, callback)
        if fault.kind == "late":
            await asyncio.sleep(fault.seconds)
        if request.transport is not None:
            request.transport.close()
        return web.Response(status=500)

    # Telegram

    async def _telegram(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        fields = await _form(request)
        if method in ("sendMessage", "sendVoice"):
            text = str(fields.get("text", fields.get("caption", "")))
            sent = await self._send(request, str(fields["chat_id"]), text)
            if isinstance(sent, web.Response):
                return sent
            chat = {"id": int(sent.to), "type": "private", "first_name": "x"}
            message = {"message_id": int(sent.id), "date": 1, "chat": chat, "text": text}
            return _ok(message)
        if method == "getFile":
            name = str(fields["file_id"])
            return _ok({"file_id": name, "file_unique_id": name, "file_path": name})
        if method == "getMe":
            return _ok({"id": 7, "is_bot": True, "first_name": "Stem", "username": "StemBot"})
        return _ok(True) if method in ANSWERS_DO_NOT_MATTER else web.Response(status=404)

    async def _file(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["name"]])

    # Twilio

    async def _twilio(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST" and request.path.endswith("/Messages.json"):
            fields = await _form(request)
            to, text = str(fields["To"]), str(fields.get("Body", ""))
            sent = await self._send(request, to, text, str(fields["StatusCallback"]))
            if isinstance(sent, web.Response):
                return sent
            return web.json_response(_message(sent), status=201)
        if request.method == "GET" and request.path.endswith("/Messages.json"):
            self.looked_up += 1
            found = reversed(self._by_address[request.query["To"]])
            page = {"first_page_uri": "", "next_page_uri": None, "page": 0, "page_size": 50}
            return web.json_response({**page, "messages": [_message(each) for each in found]})
        if request.method == "DELETE":
            return web.Response(status=204)
        return web.Response(status=404)

    async def _content(self, request: web.Request) -> web.StreamResponse:
        meta = {"key": "contents", "page": 0, "page_size": 50, "next_page_url": None}
        return web.json_response({"contents": [], "meta": meta})


def doubled(taken: Iterable[Taken], said: dict[str, list[str]]) -> int:
    """How many of the messages that arrived were sent once more than `said` to that address."""
    left = {to: list(texts) for to, texts in said.items()}
    extra = 0
    for each in taken:
        try:
            left[each.to].remove(each.text)
        except (KeyError, ValueError):
            extra += 1
    return extra


async def _form(request: web.Request) -> Mapping[str, Any]:
    """What was posted; who is killed while they post has posted nothing."""
    try:
        return await request.post()
    except ConnectionResetError:
        raise web.HTTPBadRequest from None


def _ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _refused(status: int, after: float) -> web.Response:
    """As both of them say it: Telegram in the body, Twilio in a header."""
    body = {"ok": False, "error_code": status, "description": "refused", "status": status}
    body |= {"code": 20429 if status == 429 else 20500, "message": "refused", "more_info": ""}
    body |= {"parameters": {"retry_after": round(after)}} if after else {}
    headers = {"retry-after": str(round(after))} if after else {}
    headers["content-type"] = "application/json"
    return web.Response(status=status, body=json.dumps(body), headers=headers)


def _message(sent: Taken) -> dict[str, Any]:
    at = format_datetime(sent.made)
    return {
        "sid": sent.id,
        "to": sent.to,
        "body": sent.text,
        "status": "sent",
        "direction": "outbound-api",
        "num_media": "0",
        "num_segments": "1",
        "date_created": at,
        "date_updated": at,
        "date_sent": at,
        "error_code": None,
        "price": None,
    }
