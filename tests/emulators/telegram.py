"""Telegram's Bot API on loopback, and people who use it.

The server is `lo-bot-api-emulator` from PyPI: queues with `getUpdates` and
webhooks with their secret, uploads, files, and a refusal of any field or button
that it does not know. `_Api` adds only what it lacks against Telegram's own: a
name for the bot, a few parameters of `sendMessage` and `sendVoice`, edited
messages and blocking, and failures on order. `Person` is what a test acts with.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import lo_bot_api_emulator.updates
import pytest
from aiohttp import web
from lo_bot_api_emulator import ApiRefusal, LoBotApiEmulator

from tests.emulators.greeting import without_greeting

T = TypeVar("T")
TOKEN = "7:synthetic"
USERNAME = "BuurtstemBot"
WAIT = 10.0  # seconds until a message that does not come fails a test

# Telegram has them, the emulator's model has not.
UNMODELLED = {
    "sendMessage": {"protect_content", "link_preview_options"},
    "sendVoice": {"protect_content", "caption"},
}
lo_bot_api_emulator.updates.KINDS.update({"edited_message", "channel_post", "my_chat_member"})


@dataclass(frozen=True)
class Sent:
    """One message of the bot. `buttons` are (id, label); `keys` are the labels of the keyboard
    that stands in the place of the phone's own, the one for a location being `location_key`."""

    chat: int
    id: int
    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    keys: tuple[str, ...] = ()
    location_key: str = ""
    removes_keys: bool = False
    sound: bytes | None = None
    sound_name: str = ""
    protected: bool = False
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Failure:
    method: str
    status: int
    description: str
    parameters: dict[str, Any] | None
    times: int


class _Api(LoBotApiEmulator):
    def __init__(self) -> None:
        super().__init__(allow_insecure_loopback_webhooks=True, max_assets=5000, max_updates=20000)
        self.changed = threading.Condition()
        self.sent: list[Sent] = []
        self.deleted: set[tuple[int, int]] = set()
        self.answered: list[str] = []
        self.webhook: dict[str, Any] = {}
        self.blocked: set[int] = set()
        self.no_voice: set[int] = set()
        self.failures: list[_Failure] = []
        self.lost: Counter[str] = Counter()
        self.held: dict[str, asyncio.Event] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if method in self.held:
            await self.held[method].wait()
        response = await super().handle(request)
        if response.status == 200 and self.lost[method] > 0 and request.transport is not None:
            self.lost[method] -= 1
            request.transport.close()
        return response

    def validate(self, method: str, fields: dict[str, Any], uploads: dict[str, Any]) -> Any:
        self._refuse(method, fields)
        known = {k: v for k, v in fields.items() if k not in UNMODELLED.get(method, ())}
        if method == "sendVoice":
            self._check_voice(fields, known)
        result = super().validate(method, known, uploads)
        if method == "getMe":
            result["username"] = USERNAME
        self._keep(method, fields, uploads, result)
        return result

    def _refuse(self, method: str, fields: dict[str, Any]) -> None:
        for failure in self.failures:
            if failure.method == method and failure.times > 0:
                failure.times -= 1
                raise ApiRefusal(failure.description, failure.status, failure.parameters)
        chat = int(fields.get("chat_id", 0))
        if chat in self.blocked:
            raise ApiRefusal("Forbidden: bot was blocked by the user", 403)
        if method == "sendVoice" and chat in self.no_voice:
            raise ApiRefusal("Bad Request: VOICE_MESSAGES_FORBIDDEN", 400)

    def _check_voice(self, fields: dict[str, Any], known: dict[str, Any]) -> None:
        """The model lets a voice message have inline buttons only; Telegram any keyboard."""
        if len(fields.get("caption", "").encode("utf-16-le")) > 2 * 1024:
            raise ApiRefusal("Bad Request: message caption is too long")
        markup = self.decoded(fields.get("reply_markup", "{}"))
        if markup and "inline_keyboard" not in markup:
            self.validate_markup(markup, private_chat=int(fields["chat_id"]) > 0)
            known.pop("reply_markup")

    def _keep(self, method: str, fields: dict[str, Any], uploads: Any, result: Any) -> None:
        with self.changed:
            if method in ("sendMessage", "sendVoice"):
                self.sent.append(_sent(fields, uploads, result))
            elif method == "deleteMessage":
                self.deleted.add((int(fields["chat_id"]), int(fields["message_id"])))
            elif method == "answerCallbackQuery":
                self.answered.append(fields["callback_query_id"])
            elif method in ("setWebhook", "deleteWebhook"):
                self.webhook = fields if method == "setWebhook" else {}
            self.changed.notify_all()


def _sent(fields: dict[str, Any], uploads: dict[str, Any], result: dict[str, Any]) -> Sent:
    markup = json.loads(fields.get("reply_markup", "{}"))
    keys = [key for row in markup.get("keyboard", ()) for key in row]
    taps = [button for row in markup.get("inline_keyboard", ()) for button in row]
    voice = uploads.get("voice", {})
    return Sent(
        chat=int(fields["chat_id"]),
        id=result["message_id"],
        text=fields.get("text", fields.get("caption", "")),
        buttons=tuple((tap["callback_data"], tap["text"]) for tap in taps),
        keys=tuple(key["text"] for key in keys),
        location_key=next((key["text"] for key in keys if key.get("request_location")), ""),
        removes_keys=markup.get("remove_keyboard", False),
        sound=voice.get("data"),
        sound_name=voice.get("filename", ""),
        protected=fields.get("protect_content") == "true",
        fields=fields,
    )


class TelegramEmulator:
    """The Bot API in a thread of its own; `base_url` is what `BUURTSTEM_TELEGRAM_API_URL` takes."""

    token, username = TOKEN, USERNAME

    def __init__(self) -> None:
        self.api = _Api()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._runner = web.AppRunner(self.api.app(), access_log=None)
        self.base_url = f"http://127.0.0.1:{self._call(self._start())}/bot"
        self._people = 0

    async def _start(self) -> int:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port: int = self._runner.addresses[0][1]
        return port

    def close(self) -> None:
        self._call(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def person(self, language: str | None = "nl", name: str = "Fatma") -> Person:
        """A person who has not yet said anything."""
        self._people += 1
        user = {"id": 1000 + self._people, "is_bot": False, "first_name": name}
        user |= {"language_code": language} if language else {}
        return Person(self, user, {"id": user["id"], "type": "private", "first_name": name})

    def send(self, update: dict[str, Any]) -> dict[str, Any]:
        """Puts an update in the bot's queue; with a webhook it is delivered before this returns,
        and stays in the queue unless the answer was 2xx. Returns it with its `update_id`."""
        number = self._call(self.api.enqueue_update(update, token=TOKEN))
        return {**update, "update_id": number}

    def deliver(self) -> int:
        """Tries again what the webhook did not take; returns how many it took now."""
        return self._call(self.api.deliver_updates(token=TOKEN))

    def repeat(self, update: dict[str, Any], secret: str | None = None) -> int:
        """Posts an update to the webhook once more, as Telegram does when the answer was lost;
        returns the status. `secret` replaces the right one."""
        token = self.api.webhook["secret_token"] if secret is None else secret
        headers = {"X-Telegram-Bot-Api-Secret-Token": token} if token else {}
        return httpx.post(self.api.webhook["url"], json=update, headers=headers).status_code

    def keep_file(self, data: bytes) -> str:
        """Keeps a file that a person sends; returns its id."""
        self.api.next_id += 1
        ref = f"file-{self.api.next_id}"
        self.api.assets[ref] = {"data": data, "filename": ref, "size": len(data)}
        return ref

    def message_id(self) -> int:
        self.api.next_id += 1
        return self.api.next_id

    # Failures

    def refuse(
        self,
        method: str,
        status: int,
        description: str = "Refused",
        parameters: dict[str, Any] | None = None,
        times: int = 1,
    ) -> None:
        """Refuses the next `times` calls of a method."""
        self.api.failures.append(_Failure(method, status, description, parameters, times))

    def lose_answer(self, method: str, times: int = 1) -> None:
        """Carries the next calls out, and breaks the connection instead of answering."""
        self.api.lost[method] += times

    @contextmanager
    def hold(self, method: str) -> Iterator[None]:
        """Leaves a method waiting for as long as this lasts."""
        event = asyncio.Event()
        self.api.held[method] = event
        try:
            yield
        finally:
            del self.api.held[method]
            self._loop.call_soon_threadsafe(event.set)

    def wait(self, ready: Callable[[], bool], timeout: float = WAIT) -> None:
        """Waits until the bot has done something; fails the test when it does not."""
        deadline = time.monotonic() + timeout
        with self.api.changed:
            while not ready():
                if not self.api.changed.wait(deadline - time.monotonic()):
                    pytest.fail("the bot did not do what was waited for")


@dataclass
class Person:
    """Somebody with Telegram, in a private chat, or in a group: `chat` is the chat's JSON."""

    emulator: TelegramEmulator
    user: dict[str, Any]
    chat: dict[str, Any]
    seen: int = 0
    listens: bool = False

    @property
    def address(self) -> str:
        return str(self.chat["id"])

    def inside(self, group: int, kind: str = "supergroup") -> Person:
        """The same person in a group."""
        chat = {"id": group, "type": kind, "title": "Buren"}
        return Person(self.emulator, self.user, chat, listens=self.listens)

    # What the person does; each returns the update that the bot gets

    def sends(self, content: dict[str, Any], kind: str = "message") -> dict[str, Any]:
        """Any message: `content` is what makes it a text, a voice note, a sticker…"""
        message = {
            "message_id": self.emulator.message_id(),
            "date": int(time.time()),
            "chat": self.chat,
            "from": self.user,
            **content,
        }
        return self.emulator.send({kind: message})

    def says(self, text: str, **more: Any) -> dict[str, Any]:
        return self.sends({"text": text, **_entities(text), **more})

    def edits(self, text: str) -> dict[str, Any]:
        return self.sends({"text": text, "edit_date": int(time.time())}, "edited_message")

    def taps(self, button: str) -> dict[str, Any]:
        """Taps the button with this id or label that came last."""
        for sent in reversed(self.messages()):
            for data, label in sent.buttons:
                if button in (data, label):
                    return self._tap(sent, data)
            if button in sent.keys:
                return self.says(button)
        return pytest.fail("no message has this button")

    def _tap(self, sent: Sent, data: str) -> dict[str, Any]:
        bot = {"id": 7, "is_bot": True, "first_name": "Buurtstem", "username": USERNAME}
        message = {"message_id": sent.id, "date": 1, "chat": self.chat, "from": bot}
        query = {"from": self.user, "message": {**message, "text": sent.text}, "data": data}
        number = str(self.emulator.message_id())
        return self.emulator.send({"callback_query": {**query, "id": number, "chat_instance": "1"}})

    def sends_voice(self, data: bytes, seconds: int = 3, size: int | None = None) -> dict[str, Any]:
        file = self._file(data, size, duration=seconds, mime_type="audio/ogg")
        return self.sends({"voice": file})

    def sends_photo(self, data: bytes, caption: str = "") -> dict[str, Any]:
        small = self._file(data[:10], None, width=90, height=60)
        large = self._file(data, None, width=1280, height=853)
        return self.sends({"photo": [small, large], **({"caption": caption} if caption else {})})

    def sends_file(self, data: bytes, mime: str, caption: str = "") -> dict[str, Any]:
        file = self._file(data, None, mime_type=mime, file_name="bestand")
        return self.sends({"document": file, **({"caption": caption} if caption else {})})

    def sends_location(self, latitude: float, longitude: float) -> dict[str, Any]:
        return self.sends({"location": {"latitude": latitude, "longitude": longitude}})

    def _file(self, data: bytes, size: int | None, **more: Any) -> dict[str, Any]:
        ref = self.emulator.keep_file(data)
        return {"file_id": ref, "file_unique_id": ref, "file_size": size or len(data), **more}

    def blocks(self) -> dict[str, Any]:
        self.emulator.api.blocked.add(self.chat["id"])
        return self._member("member", "kicked")

    def unblocks(self) -> dict[str, Any]:
        self.emulator.api.blocked.discard(self.chat["id"])
        return self._member("kicked", "member")

    def _member(self, old: str, new: str) -> dict[str, Any]:
        bot = {"id": 7, "is_bot": True, "first_name": "Buurtstem"}
        change = {
            "chat": self.chat,
            "from": self.user,
            "date": int(time.time()),
            "old_chat_member": {"user": bot, "status": old, "until_date": 0},
            "new_chat_member": {"user": bot, "status": new, "until_date": 0},
        }
        return self.emulator.send({"my_chat_member": change})

    # What the person gets

    def messages(self) -> list[Sent]:
        """Everything that the bot has sent to this chat and not deleted, oldest first."""
        gone = self.emulator.api.deleted
        sent = list(self.emulator.api.sent)
        return [s for s in sent if s.chat == self.chat["id"] and (s.chat, s.id) not in gone]

    def replies(self, count: int = 1, timeout: float = WAIT) -> list[Sent]:
        """What came since the last call, after waiting for at least `count` messages.

        Without the greeting's sound, unless they listen to it.
        """
        self.emulator.wait(lambda: len(self._all()) >= self.seen + count, timeout)
        new = self._all()[self.seen :]
        self.seen += len(new)
        return new

    def _all(self) -> list[Sent]:
        sent = [sent for sent in list(self.emulator.api.sent) if sent.chat == self.chat["id"]]
        return sent if self.listens else without_greeting(sent)


def _entities(text: str) -> dict[str, Any]:
    """The marks that Telegram puts on commands and mentions."""
    kinds = {"/": "bot_command", "@": "mention"}
    found = re.finditer(r"(?<!\S)(?:/\w+(?:@\w+)?|@\w+)", text)
    marks = [
        {"type": kinds[m[0][0]], "offset": _units(text[: m.start()]), "length": _units(m[0])}
        for m in found
    ]
    return {"entities": marks} if marks else {}


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.fixture
def telegram_emulator() -> Iterator[TelegramEmulator]:
    """Telegram on loopback, new for each test."""
    emulator = TelegramEmulator()
    yield emulator
    emulator.close()
