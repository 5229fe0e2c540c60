"""Twilio on loopback, and people with WhatsApp or a plain phone.

Three servers: `front` is what the program calls, and where the network fails on order; behind
it stands, if there is Node, Prism with Twilio's own OpenAPI descriptions (see
`tests.emulators.prism`), which refuses whatever the description does not allow, in requests and
answers; behind that the state: messages, their SIDs and statuses, files, templates. The `cdn`
on another port gives out files to whoever brings no authorisation, as Amazon's does.

Webhooks are signed by Twilio's own signer for `public_url`, and posted to `server_url`.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, TypeVar

import httpx
import pytest
from aiohttp import ClientSession, web
from twilio.request_validator import RequestValidator

from tests.emulators.greeting import without_greeting

T = TypeVar("T")
SID = "AC" + "5" * 32
TOKEN = "a synthetic auth token"
WHATSAPP, SMS = "whatsapp:+3197010000001", "+3197010000002"
PUBLIC = "https://stem.example"
WAIT = 10.0  # seconds until a message that does not come fails a test
WINDOW = 24 * 3600.0
ACCOUNT = f"/2010-04-01/Accounts/{SID}"
UNFINISHED = ("accepted", "queued", "sending")


def _account() -> dict[str, Any]:
    """The account, as Twilio describes it."""
    at = "Mon, 05 Jan 2026 10:00:00 +0000"
    told = {"sid": SID, "owner_account_sid": SID, "friendly_name": "Buurtstem", "type": "Full"}
    told |= {"status": "active", "auth_token": "0" * 32, "uri": f"{ACCOUNT}.json"}
    return {**told, "date_created": at, "date_updated": at, "subresource_uris": {}}


def sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


@dataclass
class Sent:
    """One message of the bot, as the person sees it. `form` is what the program posted."""

    sid: str
    to: str
    sender: str
    text: str
    form: dict[str, list[str]]
    buttons: tuple[tuple[str, str], ...] = ()
    opens: str = ""
    template: str = ""
    sound: bytes | None = None
    status: str = "queued"
    code: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @property
    def callback(self) -> str:
        return self.form.get("StatusCallback", [""])[0]

    @property
    def ids(self) -> list[str]:
        return [id_ for id_, _ in self.buttons]


@dataclass
class _Failure:
    status: int
    code: int
    times: int
    headers: dict[str, str]
    path: str


class _Error(Exception):
    def __init__(self, status: int, code: int) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class TwilioEmulator:
    """`base_url` is what `BUURTSTEM_TWILIO_API_URL` takes."""

    def __init__(self, prisms: Mapping[str, str] | None = None, back_port: int = 0) -> None:
        self.server_url = ""
        self.public_url = PUBLIC
        self.changed = threading.Condition()
        self.sent: list[Sent] = []
        self.contents: dict[str, dict[str, Any]] = {}
        self.approvals: dict[str, dict[str, Any]] = {}
        self.files: dict[str, tuple[bytes, str]] = {}
        self.deleted: list[str] = []
        self.leaked = 0
        self.violations: list[str] = []
        self.last_in: dict[str, float] = {}
        self.opted_out: set[str] = set()
        self.failures: list[_Failure] = []
        self.lost = 0
        self.file_status: list[int] = []
        self.file_delay = 0.0
        self.later: dict[str, str] = {}
        self.reports = False
        self.prisms = dict(prisms or {})
        self._signer = RequestValidator(TOKEN)
        self._people = 0
        self._held: asyncio.Event | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._runners: list[web.AppRunner] = []
        self._call(self._start(back_port))

    async def _start(self, back_port: int) -> None:
        self._session = ClientSession()
        back = web.Application(client_max_size=1 << 20)
        back.router.add_route("*", "/{path:.*}", self._back)
        front = web.Application(client_max_size=1 << 20)
        front.router.add_route("*", "/{path:.*}", self._front)
        cdn = web.Application()
        cdn.router.add_get("/{name}", self._cdn)
        self.back_url = await self._serve(back, back_port)
        self.base_url = await self._serve(front, 0)
        self.cdn_url = await self._serve(cdn, 0)

    async def _serve(self, app: web.Application, port: int) -> str:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self._runners.append(runner)
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    def close(self) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._session.close()
        for runner in self._runners:
            await runner.cleanup()

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    @property
    def settings(self) -> dict[str, str]:
        """The program's, without their prefix."""
        return {
            "twilio_account_sid": SID,
            "twilio_auth_token": TOKEN,
            "twilio_api_url": self.base_url,
            "twilio_whatsapp_from": WHATSAPP,
            "twilio_sms_from": SMS,
            "public_url": self.public_url,
        }

    # --- the network ---------------------------------------------------------------------------

    async def _front(self, request: web.Request) -> web.StreamResponse:
        if self._held is not None:
            await self._held.wait()
        for failure in self.failures:
            if failure.times > 0 and failure.path in request.path:
                failure.times -= 1
                return _error(failure.status, failure.code, failure.headers)
        answer = await self._pass_on(request)
        sends = request.method == "POST" and request.path.endswith("/Messages.json")
        if sends and answer.status < 300 and self.lost > 0 and request.transport is not None:
            self.lost -= 1
            request.transport.close()
        return answer

    async def _pass_on(self, request: web.Request) -> web.Response:
        kind = "content" if request.path.startswith("/v1/") else "api"
        is_file = "/Media/" in request.path and not request.path.endswith(".json")
        base = self.back_url if is_file else self.prisms.get(kind, self.back_url)
        skip = ("host", "content-length", "transfer-encoding", "accept-encoding")
        headers = {k: v for k, v in request.headers.items() if k.lower() not in skip}
        body = await request.read()
        async with self._session.request(
            request.method,
            base + request.path_qs,
            headers=headers,
            data=body or None,
            allow_redirects=False,
        ) as answer:
            data = await answer.read()
            told = answer.headers.get("sl-violations", "")  # an error of Twilio's is a warning here
            if b"stoplight.io/prism" in data or '"severity":"Error"' in told:
                self.violations.append(f"{request.method} {request.path}: {told}{data.decode()}")
            kept = ("content-type", "location", "retry-after")
            passed = {k: v for k, v in answer.headers.items() if k.lower() in kept}
            return web.Response(status=answer.status, body=data, headers=passed)

    # --- what Twilio keeps ---------------------------------------------------------------------

    async def _back(self, request: web.Request) -> web.StreamResponse:
        expected = "Basic " + b64encode(f"{SID}:{TOKEN}".encode()).decode()
        if request.headers.get("Authorization") != expected:
            return _error(401, 20003)
        try:
            return await self._handle(request)
        except _Error as error:
            return _error(error.status, error.code)
        finally:
            with self.changed:
                self.changed.notify_all()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method, path = request.method, request.path
        if path == f"{ACCOUNT}/Messages.json":
            if method == "GET":
                return web.json_response(self._listed(request))
            return web.json_response(await self._send(await _form(request)), status=201)
        if found := re.fullmatch(rf"{ACCOUNT}/Messages/(\w+)(/Media/(\w+))?(\.json)?", path):
            return await self._one(method, found[1], found[3] or "")
        if path == f"{ACCOUNT}.json":
            return web.json_response(_account())
        if path.startswith("/v1/Content"):
            return await self._content(method, path, request)
        raise _Error(404, 20404)

    async def _one(self, method: str, message: str, media: str) -> web.StreamResponse:
        if method == "DELETE":
            known = self.files.pop(media, None) if media else self._find(message)
            if known is None:
                raise _Error(404, 20404)
            self.deleted.append(media or message)
            return web.Response(status=204)
        if not media:
            return web.json_response(_message(self._find(message)))
        await asyncio.sleep(self.file_delay)
        if self.file_status:
            status = self.file_status.pop(0)
            return _error(status, 20404)
        if media not in self.files:
            raise _Error(404, 20404)
        return web.Response(status=307, headers={"Location": f"{self.cdn_url}/{media}"})

    async def _cdn(self, request: web.Request) -> web.Response:
        if "Authorization" in request.headers:
            self.leaked += 1
            return web.Response(status=400)
        data, mime = self.files[request.match_info["name"]]
        return web.Response(body=data, content_type=mime)

    def _find(self, sid_: str) -> Sent:
        for sent in self.sent:
            if sent.sid == sid_:
                return sent
        raise _Error(404, 20404)

    def _listed(self, request: web.Request) -> dict[str, Any]:
        query = request.query
        found = [
            sent
            for sent in reversed(self.sent)
            if query.get("To") in (None, sent.to) and query.get("From") in (None, sent.sender)
        ]
        size = int(query.get("PageSize", 50))
        page = {"first_page_uri": request.path_qs, "next_page_uri": None, "start": 0, "page": 0}
        page |= {"page_size": size, "previous_page_uri": None, "uri": request.path_qs, "end": 0}
        return {**page, "messages": [_message(sent) for sent in found[:size]]}

    async def _send(self, form: dict[str, list[str]]) -> dict[str, Any]:
        one = {name: values[0] for name, values in form.items()}
        to, sender = one.get("To", ""), one.get("From", "")
        if to.startswith("whatsapp:") != sender.startswith("whatsapp:"):
            raise _Error(400, 63007)
        if sender not in (WHATSAPP, SMS):
            raise _Error(400, 21606)
        if to in self.opted_out:
            raise _Error(400, 21610)
        sent = Sent(sid("SM"), to, sender, one.get("Body", ""), form)
        if "ContentSid" in one:
            sent = self._filled(sent, one["ContentSid"], one.get("ContentVariables", "{}"))
        elif "MediaUrl" in one:
            sent = replace(sent, sid=sid("MM"), sound=await self._fetched(one["MediaUrl"]))
        if not sent.text and sent.sound is None:
            raise _Error(400, 21602)
        if len(sent.text) > (1024 if sent.buttons else 1600):
            raise _Error(400, 21617)
        with self.changed:
            self.sent.append(sent)
            self.changed.notify_all()
        answer = _message(sent)
        self._report_later(sent)
        return answer

    def _filled(self, sent: Sent, content: str, variables: str) -> Sent:
        if content not in self.contents:
            raise _Error(400, 21655)
        try:
            values = json.loads(variables)
        except ValueError:
            raise _Error(400, 21656) from None
        if not isinstance(values, dict) or not all(values.values()):
            raise _Error(400, 21656)
        kind, fields = next(iter(self.contents[content]["types"].items()))

        def fill(text: str) -> str:
            return re.sub(r"\{\{(\w+)\}\}", lambda found: str(values[found[1]]), text)

        try:
            pairs = [
                (fill(each["id"]), fill(each.get("title") or each["item"]))
                for each in fields.get("actions") or fields.get("items") or []
            ]
            text, opens = fill(fields["body"]), fill(fields.get("button", ""))
        except KeyError:
            raise _Error(400, 21656) from None
        longest = 20 if kind == "twilio/quick-reply" else 24
        labels = {label for _, label in pairs}
        if len(labels) != len(pairs) or any(len(label) > longest for label in labels):
            raise _Error(400, 21656)
        return replace(sent, text=text, buttons=tuple(pairs), opens=opens, template=content)

    async def _fetched(self, url: str) -> bytes:
        async with self._session.get(self._reached(url)) as answer:
            if answer.status != 200 or answer.content_type != "audio/ogg":
                raise _Error(400, 11200)
            return await answer.read()

    def _reached(self, url: str) -> str:
        return url.replace(self.public_url, self.server_url, 1)

    # --- templates -----------------------------------------------------------------------------

    async def _content(self, method: str, path: str, request: web.Request) -> web.Response:
        parts = path.strip("/").split("/")[2:]
        if not parts and method == "POST":
            return web.json_response(self._created(await request.json()), status=201)
        if not parts:
            contents = [_shown(content) for content in self.contents.values()]
            meta = {"key": "contents", "page": 0, "page_size": 500, "next_page_url": None}
            meta |= {"previous_page_url": None, "url": self.base_url, "first_page_url": ""}
            meta["first_page_url"] = "https://content.twilio.com/v1/Content"
            meta["url"] = "https://content.twilio.com/v1/Content"
            return web.json_response({"contents": contents, "meta": meta})
        if parts[0] not in self.contents:
            raise _Error(404, 20404)
        if len(parts) == 1:
            return web.json_response(_shown(self.contents[parts[0]]))
        if method == "POST":
            asked = await request.json()
            assert re.fullmatch(r"[a-z0-9_]{1,512}", asked["name"])
            approval = {**asked, "status": "received", "rejection_reason": ""}
            self.approvals[parts[0]] = approval
            return web.json_response({**approval, "content_type": "twilio/text"}, status=201)
        known = self.approvals.get(parts[0], {"status": "unsubmitted"})
        whole = {"sid": parts[0], "account_sid": SID, "whatsapp": known, "url": None}
        return web.json_response(whole)

    def _created(self, asked: dict[str, Any]) -> dict[str, Any]:
        content = {**asked, "sid": sid("HX"), "account_sid": SID}
        self.contents[content["sid"]] = content
        return _shown(content)

    def approve(self, word: str = "approved") -> None:
        """WhatsApp's decision on everything that was submitted."""
        for approval in self.approvals.values():
            approval["status"] = word

    # --- failures ------------------------------------------------------------------------------

    def refuse(
        self, status: int, code: int, times: int = 1, path: str = "/Messages.json", **headers: str
    ) -> None:
        """Refuses the next `times` calls whose path has `path` in it."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.failures.append(_Failure(status, code, times, named, path))

    def lose_answer(self, times: int = 1) -> None:
        """Accepts the next messages, and breaks the connection instead of answering."""
        self.lost += times

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Answers nothing for as long as this lasts."""
        self._held = held = asyncio.Event()
        try:
            yield
        finally:
            self._held = None
            self._loop.call_soon_threadsafe(held.set)

    # --- webhooks ------------------------------------------------------------------------------

    def post(
        self, path: str, form: Mapping[str, str], *, query: str = "", signature: str | None = None
    ) -> httpx.Response:
        """A webhook, signed for the public address; `signature` replaces the right one."""
        tail = path + (f"?{query}" if query else "")
        signed = self._signer.compute_signature(self.public_url + tail, dict(form))
        headers = {"X-Twilio-Signature": signed if signature is None else signature}
        if signature == "":
            headers = {}
        if "Body" in form:  # a message of somebody's, who opens their window by it
            self.last_in[form.get("ExternalUserId") or form["From"]] = time.time()
        return httpx.post(self.server_url + tail, data=dict(form), headers=headers, timeout=30)

    def tell(self, sent: Sent, status: str, code: str = "") -> int:
        """The status callback of one message; the HTTP status of the answer."""
        sent.status, sent.code = status, code
        path, _, query = sent.callback.removeprefix(self.public_url).partition("?")
        form = {"MessageSid": sent.sid, "SmsSid": sent.sid, "MessageStatus": status}
        form |= {"SmsStatus": status, "To": sent.to, "From": sent.sender, "AccountSid": SID}
        form |= {"ApiVersion": "2010-04-01", "ChannelToAddress": sent.to}
        if code:
            form |= {"ErrorCode": code, "ChannelStatusMessage": ""}
        return self.post(path, form, query=query).status_code

    def _report_later(self, sent: Sent) -> None:
        """What Twilio tells by itself: a closed window always, the rest if `reports`."""
        code = self.later.get(sent.to, "")
        if sent.to.startswith("whatsapp:") and not self._is_open(sent):
            code = code or "63016"
        words = ["failed"] if code else ["sent", "delivered"] if self.reports else []

        async def report() -> None:
            for word in words:
                await asyncio.sleep(0.05)
                await asyncio.to_thread(self.tell, sent, word, code)

        if words and sent.callback:
            task = self._loop.create_task(report())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _is_open(self, sent: Sent) -> bool:
        if self.approvals.get(sent.template, {}).get("status") == "approved":
            return True
        return time.time() - self.last_in.get(sent.to, 0.0) <= WINDOW

    # --- people --------------------------------------------------------------------------------

    def person(self, *, user: str = "", number: str = "", sms: bool = False) -> Person:
        """Somebody with a number, and perhaps with an id of WhatsApp's, such as `NL.123`."""
        self._people += 1
        number = number or f"+3161234{self._people:04}"
        return Person(self, number, user, sms)

    def wait(self, ready: Callable[[], bool], timeout: float = WAIT) -> None:
        """Waits until the bot has done something; fails the test when it does not."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while not ready():
                if not self.changed.wait(deadline - time.monotonic()):
                    pytest.fail("the bot did not do what was waited for")


@dataclass
class Person:
    """Somebody with WhatsApp, or with `sms` a plain phone. `user` is what WhatsApp calls them;
    with `hidden` their number is not told."""

    emulator: TwilioEmulator
    number: str
    user: str = ""
    sms: bool = False
    hidden: bool = False
    seen: int = 0
    listens: bool = False

    @property
    def address(self) -> str:
        if self.sms:
            return self.number
        return f"whatsapp:{self.user or self.number}"

    # What they do; each returns what was posted

    def sends(self, media: tuple[tuple[bytes, str], ...] = (), **more: str) -> dict[str, str]:
        """Any message: `more` are the fields that make it what it is."""
        form = self.form(media, **more)
        answer = self.emulator.post("/webhooks/twilio/messages", form)
        assert answer.status_code == 200, answer.text
        return form

    def form(self, media: tuple[tuple[bytes, str], ...] = (), **more: str) -> dict[str, str]:
        id_ = sid("MM" if media else "SM")
        to = SMS if self.sms else WHATSAPP
        shown = self.user if self.hidden else self.number
        sender = shown if self.sms else f"whatsapp:{shown}"
        form = {"MessageSid": id_, "SmsMessageSid": id_, "SmsSid": id_, "AccountSid": SID}
        form |= {"From": sender, "To": to, "Body": "", "NumMedia": str(len(media))}
        form |= {"NumSegments": "1", "SmsStatus": "received", "ApiVersion": "2010-04-01"}
        if not self.sms:
            form |= {"ProfileName": "Fatma", "ChannelMetadata": '{"type":"whatsapp"}'}
            form |= {} if self.hidden else {"WaId": self.number.lstrip("+")}
            form |= {"ExternalUserId": f"whatsapp:{self.user}"} if self.user else {}
        for n, (data, mime) in enumerate(media):
            form |= {f"MediaContentType{n}": mime, f"MediaUrl{n}": self._kept(id_, data, mime)}
        return {**form, **more}

    def _kept(self, message: str, data: bytes, mime: str) -> str:
        name = sid("ME")
        self.emulator.files[name] = (data, mime)
        return f"{self.emulator.base_url}{ACCOUNT}/Messages/{message}/Media/{name}"

    def says(self, text: str, **more: str) -> dict[str, str]:
        return self.sends(Body=text, MessageType="text", **more)

    def taps(self, choice: str) -> dict[str, str]:
        """Taps the choice with this id or label that came last."""
        for sent in reversed(self.messages()):
            for id_, label in sent.buttons:
                if choice in (id_, label):
                    return self._tap(sent, id_, label)
        return pytest.fail("no message has this choice")

    def _tap(self, sent: Sent, id_: str, label: str) -> dict[str, str]:
        quoted = {"OriginalRepliedMessageSid": sent.sid, "OriginalRepliedMessageSender": WHATSAPP}
        if sent.opens:
            listed = {"ListId": id_, "ListTitle": label, "MessageType": "interactive"}
            return self.sends(Body=label, **listed, **quoted)
        tapped = {"ButtonPayload": id_, "ButtonText": label, "MessageType": "button"}
        return self.sends(Body=label, **tapped, **quoted)

    def sends_voice(self, data: bytes) -> dict[str, str]:
        return self.sends(((data, "audio/ogg"),), MessageType="audio")

    def sends_photos(self, *photos: bytes, caption: str = "") -> dict[str, str]:
        media = tuple((photo, "image/jpeg") for photo in photos)
        return self.sends(media, Body=caption, MessageType="image")

    def sends_location(self, latitude: float, longitude: float) -> dict[str, str]:
        place = {"Latitude": str(latitude), "Longitude": str(longitude)}
        return self.sends(**place, Label="Speeltuin", Address="Dam 1", MessageType="location")

    # What they get

    def messages(self) -> list[Sent]:
        """Everything that the bot has sent them, oldest first."""
        return [sent for sent in list(self.emulator.sent) if sent.to == self.address]

    def replies(self, count: int = 1, timeout: float = WAIT) -> list[Sent]:
        """What came since the last call, after waiting for at least `count` messages.

        Without the greeting's sound, unless they listen to it.
        """
        self.emulator.wait(lambda: len(self._written()) >= self.seen + count, timeout)
        new = self._written()[self.seen :]
        self.seen += len(new)
        return new

    def _written(self) -> list[Sent]:
        sent = self.messages()
        return sent if self.listens else without_greeting(sent)


async def _form(request: web.Request) -> dict[str, list[str]]:
    fields = await request.post()
    return {name: [str(value) for value in fields.getall(name)] for name in fields}


def _error(status: int, code: int, headers: dict[str, str] | None = None) -> web.Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": "Refused", "more_info": more, "status": status}
    return web.json_response(body, status=status, headers=headers)


def _message(sent: Sent) -> dict[str, Any]:
    at = format_datetime(sent.at)
    return {
        "sid": sent.sid,
        "account_sid": SID,
        "api_version": "2010-04-01",
        "body": sent.text,
        "date_created": at,
        "date_updated": at,
        "date_sent": None if sent.status in UNFINISHED else at,
        "direction": "outbound-api",
        "error_code": int(sent.code) if sent.code else None,
        "error_message": None,
        "from": sent.sender,
        "to": sent.to,
        "messaging_service_sid": None,
        "num_media": "1" if sent.sound is not None else "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "status": sent.status,
        "subresource_uris": {"media": f"{ACCOUNT}/Messages/{sent.sid}/Media.json"},
        "uri": f"{ACCOUNT}/Messages/{sent.sid}.json",
    }


def _shown(content: dict[str, Any]) -> dict[str, Any]:
    base = f"https://content.twilio.com/v1/Content/{content['sid']}"
    links = {"approval_create": f"{base}/ApprovalRequests/whatsapp"}
    links |= {"approval_fetch": f"{base}/ApprovalRequests"}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    dates = {"date_created": now, "date_updated": now}
    return {**content, **dates, "url": base, "links": links}
