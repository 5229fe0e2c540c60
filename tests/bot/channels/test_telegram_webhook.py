"""A person at one end, a bot behind a webhook at the other, and HTTP all the way between."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.telegram import SECRET_HEADER, WEBHOOK_PATH, Telegram, blocked, webhook_secret
from bot.messages import Button, Inbound, Outbound, Sound
from tests.emulators.telegram import TelegramEmulator

SECRET = webhook_secret("a key of the tests")
CHOICES = (Button("echo:yes", "✅ Ja"), Button("echo:no", "❌ Nee"))


class Echo:
    """A bot that says what it heard; it keeps ids as a set, as the real inbox does."""

    def __init__(self, port: Telegram) -> None:
        self.port = port
        self.seen: set[str] = set()
        self.gone: list[str] = []
        self.broken = False

    async def webhook(self, request: Request) -> Response:
        if not self.port.verify_secret(request.headers):
            return Response(status_code=403)
        if self.broken:
            return Response(status_code=503)
        update = json.loads(await request.body())
        if left := blocked(update):
            self.gone.append(left)
        inbound = self.port.parse(update)
        if inbound is not None and inbound.id not in self.seen:
            self.seen.add(inbound.id)
            await self.answer(inbound)
        await self.port.acknowledge(update)
        return Response(status_code=200)

    async def answer(self, inbound: Inbound) -> None:
        if not inbound.private:
            link = await self.port.private_link("groep")
            await self.port.send(inbound.address, Outbound(link), None)
            return
        sound = [await self.port.fetch(media, 100_000) for media in inbound.media]
        heard = [m.kind for m in inbound.media] + ["unknown"] * inbound.kind_unknown
        words = [inbound.text, inbound.choice, *heard, str(inbound.location or "")]
        text = " ".join(word for word in words if word)
        spoken = Sound(text, "nl") if sound else None
        message = Outbound(text, CHOICES, "buttons", sound=spoken)
        await self.port.send(inbound.address, message, sound[0] if sound else None)


@contextmanager
def serving(echo: Echo) -> Iterator[str]:
    """The bot as a web application on a free port; gives its public address."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=[Route(WEBHOOK_PATH, echo.webhook, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def bot(telegram_emulator: TelegramEmulator) -> Iterator[Echo]:
    echo = Echo(Telegram(telegram_emulator.token, SECRET, telegram_emulator.base_url))
    with serving(echo) as url:
        register(telegram_emulator, url)
        yield echo


def register(emulator: TelegramEmulator, url: str) -> None:
    """What the application does when it starts, in a loop of its own."""

    async def start() -> None:
        port = Telegram(emulator.token, SECRET, emulator.base_url)
        await port.set_webhook(url + "/")
        await port.close()

    asyncio.run(start())


def test_the_webhook_is_registered_with_its_secret(
    telegram_emulator: TelegramEmulator, bot: Echo
) -> None:
    webhook = telegram_emulator.api.webhook
    assert webhook["url"].endswith("/webhooks/telegram")
    assert "//webhooks" not in webhook["url"]
    assert webhook["secret_token"] == SECRET
    assert json.loads(webhook["allowed_updates"]) == ["message", "callback_query", "my_chat_member"]


def test_text_and_command(telegram_emulator: TelegramEmulator, bot: Echo) -> None:
    fatma, ahmed = telegram_emulator.person(), telegram_emulator.person("ar", "أحمد")
    fatma.says("Meer bomen 🌳 in de straat")
    ahmed.says("/start oost_2")
    assert [sent.text for sent in fatma.replies()] == ["Meer bomen 🌳 in de straat"]
    assert [sent.text for sent in ahmed.replies()] == ["/start oost_2"]


def test_a_tapped_button_comes_back_and_is_acknowledged(
    telegram_emulator: TelegramEmulator, bot: Echo
) -> None:
    fatma = telegram_emulator.person()
    fatma.says("hoi")
    fatma.replies()
    tap = fatma.taps("❌ Nee")
    assert [sent.text for sent in fatma.replies()] == ["echo:no"]
    telegram_emulator.wait(lambda: bool(telegram_emulator.api.answered))
    assert telegram_emulator.api.answered == [tap["callback_query"]["id"]]


def test_an_old_tap_that_cannot_be_acknowledged_is_still_taken(
    telegram_emulator: TelegramEmulator, bot: Echo
) -> None:
    fatma = telegram_emulator.person()
    fatma.says("hoi")
    fatma.replies()
    telegram_emulator.refuse("answerCallbackQuery", 400, "Bad Request: query is too old")
    fatma.taps("echo:yes")
    assert [sent.text for sent in fatma.replies()] == ["echo:yes"]
    assert telegram_emulator.deliver() == 0  # the webhook answered 200


def test_voice_photo_and_file_come_whole(telegram_emulator: TelegramEmulator, bot: Echo) -> None:
    fatma = telegram_emulator.person()
    data = b"OggS" + bytes(range(256)) * 300
    fatma.sends_voice(data)
    fatma.sends_photo(data, "de hoek")
    fatma.sends_file(data, "audio/mpeg")
    replies = fatma.replies(3)
    assert [sent.text for sent in replies] == ["voice", "de hoek photo", "voice"]
    assert {sent.sound for sent in replies} == {data}


def test_location_and_what_cannot_be_taken(telegram_emulator: TelegramEmulator, bot: Echo) -> None:
    fatma = telegram_emulator.person()
    fatma.sends_location(52.3731, 4.8926)
    fatma.sends({"dice": {"emoji": "🎲", "value": 4}})
    fatma.sends({"contact": {"phone_number": "+31", "first_name": "x"}})
    texts = [sent.text for sent in fatma.replies(3)]
    assert texts == ["(52.3731, 4.8926)", "unknown", "unknown"]


def test_an_edited_message_does_nothing_again(
    telegram_emulator: TelegramEmulator, bot: Echo
) -> None:
    fatma = telegram_emulator.person()
    fatma.says("hoi")
    edit = fatma.edits("hoi!")
    assert telegram_emulator.repeat(edit) == 200  # though we never asked for edits
    fatma.says("doei")
    assert [sent.text for sent in fatma.replies(2)] == ["hoi", "doei"]


def test_a_repeated_update_is_known_by_its_id(
    telegram_emulator: TelegramEmulator, bot: Echo
) -> None:
    fatma = telegram_emulator.person()
    first = fatma.says("hoi")
    fatma.says("doei")
    assert telegram_emulator.repeat(first) == 200  # after a later one, too
    assert [sent.text for sent in fatma.replies(2)] == ["hoi", "doei"]


def test_a_group_gets_only_the_private_link(telegram_emulator: TelegramEmulator, bot: Echo) -> None:
    group = telegram_emulator.person().inside(-1009)
    group.says("Wie komt er morgen?")
    group.says("/stem")
    link = "https://t.me/BuurtstemBot?start=groep"
    assert [sent.text for sent in group.replies()] == [link]
    group.says("dag @BuurtstemBot")  # it knows its name by now
    assert [sent.text for sent in group.replies()] == [link]


def test_who_blocks_is_known(telegram_emulator: TelegramEmulator, bot: Echo) -> None:
    fatma = telegram_emulator.person()
    fatma.blocks()
    fatma.unblocks()
    assert bot.gone == [fatma.address]
    assert fatma.messages() == []


@pytest.mark.parametrize("secret", ["", "wrong", SECRET[:-1], SECRET + "0", SECRET.upper()])
def test_without_the_secret_nothing_is_heard(
    telegram_emulator: TelegramEmulator, bot: Echo, secret: str
) -> None:
    fatma = telegram_emulator.person()
    forged = {"update_id": 10**6, "message": {**fatma.says("hoi")["message"], "text": "vals"}}
    assert telegram_emulator.repeat(forged, secret) == 403
    assert [sent.text for sent in fatma.replies()] == ["hoi"]
    assert telegram_emulator.repeat(forged) == 200
    assert [sent.text for sent in fatma.replies()] == ["vals"]


def test_a_secret_of_odd_bytes_is_refused(telegram_emulator: TelegramEmulator, bot: Echo) -> None:
    url = telegram_emulator.api.webhook["url"]
    answer = httpx.post(url, content=b"{}", headers=[(SECRET_HEADER.encode(), b"\xff\xe9")])
    assert answer.status_code == 403


def test_what_the_application_did_not_take_comes_again(
    telegram_emulator: TelegramEmulator, bot: Echo
) -> None:
    fatma = telegram_emulator.person()
    bot.broken = True
    fatma.says("hoi")
    fatma.says("doei")
    assert fatma.messages() == []
    bot.broken = False
    assert telegram_emulator.deliver() == 2
    assert [sent.text for sent in fatma.replies(2)] == ["hoi", "doei"]
