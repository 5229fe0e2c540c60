"""Sending, deleting and fetching over HTTP against the emulated Bot API."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from bot.channels.port import ChannelError, Policy, Port
from bot.channels.telegram import LOCATION_SIGN, Telegram, webhook_secret
from bot.channels.telegram_parse import MAX_DOWNLOAD
from bot.messages import Button, Media, Outbound, Sound
from tests.emulators.telegram import Person, TelegramEmulator

TWO = (Button("vote.confirm:yes", "✅ Ja"), Button("vote.confirm:no", "❌ Nee"))
OGG = b"OggS" + bytes(range(256)) * 40


@pytest.fixture
def fatma(telegram_emulator: TelegramEmulator) -> Person:
    return replace(telegram_emulator.person(), listens=True)


def send(
    telegram: Telegram,
    runner: asyncio.Runner,
    to: Person,
    message: Outbound,
    sound: bytes | None = None,
) -> str:
    port: Port = telegram
    return runner.run(port.send(to.address, message, sound))


def failure(runner: asyncio.Runner, call: Coroutine[Any, Any, Any]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        runner.run(call)
    return caught.value


def test_text_arrives_as_it_is(telegram: Telegram, runner: asyncio.Runner, fatma: Person) -> None:
    text = "<b>Geen</b> *opmaak* _hier_ https://voorbeeld.nl مرحبا 🗳️"
    sent_id = send(telegram, runner, fatma, Outbound(text))
    (sent,) = fatma.replies()
    assert (sent.text, sent.id, sent.buttons) == (text, int(sent_id), ())
    assert "parse_mode" not in sent.fields
    assert '"is_disabled": true' in sent.fields["link_preview_options"]
    assert not sent.protected


@pytest.mark.parametrize("style", ["buttons", "list"])
def test_buttons_are_one_a_row(
    telegram: Telegram, runner: asyncio.Runner, fatma: Person, style: Any
) -> None:
    send(telegram, runner, fatma, Outbound("Klopt dit?", TWO, style))
    (sent,) = fatma.replies()
    assert sent.buttons == (("vote.confirm:yes", "✅ Ja"), ("vote.confirm:no", "❌ Nee"))
    assert sent.fields["reply_markup"].count("[{") == 2  # a row each


@pytest.mark.parametrize("style", ["plain", "numbers"])
def test_other_styles_are_text_only_and_take_the_location_keyboard_away(
    telegram: Telegram, runner: asyncio.Runner, fatma: Person, style: Any
) -> None:
    send(telegram, runner, fatma, Outbound("1. Ja\n2. Nee", TWO, style))
    (sent,) = fatma.replies()
    assert (sent.buttons, sent.keys, sent.removes_keys) == ((), (), True)


def test_nothing_touches_the_keyboard_of_a_group(
    telegram: Telegram, runner: asyncio.Runner, fatma: Person
) -> None:
    group = fatma.inside(-1009)
    send(telegram, runner, group, Outbound("https://t.me/BuurtstemBot"))
    (sent,) = group.replies()
    assert "reply_markup" not in sent.fields


def test_a_location_is_asked_with_the_phone_s_own_button(
    telegram: Telegram, runner: asyncio.Runner, fatma: Person
) -> None:
    skip = (Button("plan.place:skip", "Overslaan"),)
    send(telegram, runner, fatma, Outbound("Waar?", skip, "buttons", asks_location=True))
    (sent,) = fatma.replies()
    assert (sent.keys, sent.location_key) == ((LOCATION_SIGN, "Overslaan"), LOCATION_SIGN)
    assert '"one_time_keyboard": true' in sent.fields["reply_markup"]


def test_a_secret_cannot_be_forwarded(
    telegram: Telegram, runner: asyncio.Runner, fatma: Person
) -> None:
    send(telegram, runner, fatma, Outbound("Je teken: 🐟🌳🚲", secret=True))
    send(telegram, runner, fatma, Outbound("", secret=True), OGG)
    assert [sent.protected for sent in fatma.replies(2)] == [True, True]


def test_sound_and_text_are_one_voice_message(
    telegram: Telegram, runner: asyncio.Runner, fatma: Person
) -> None:
    message = Outbound("Klopt dit?", TWO, "buttons", sound=Sound("Klopt dit?", "nl"))
    send(telegram, runner, fatma, message, OGG)
    (sent,) = fatma.replies()
    assert (sent.text, len(sent.buttons), sent.sound) == ("Klopt dit?", 2, OGG)
    assert sent.sound_name.endswith(".ogg")


def test_sound_alone(telegram: Telegram, runner: asyncio.Runner, fatma: Person) -> None:
    send(telegram, runner, fatma, Outbound("", sound=Sound("Hallo", "nl")), OGG)
    (sent,) = fatma.replies()
    assert (sent.text, sent.sound) == ("", OGG)


@pytest.mark.parametrize(("length", "count"), [(512, 1), (513, 2)])
def test_a_text_longer_than_a_caption_goes_before_its_sound(
    telegram: Telegram, runner: asyncio.Runner, fatma: Person, length: int, count: int
) -> None:
    message = Outbound("🌳" * length, TWO, "buttons", sound=Sound("boom", "nl"))
    sent_id = send(telegram, runner, fatma, message, OGG)  # 🌳 counts for two
    replies = fatma.replies(count)
    assert len(replies) == count
    assert (replies[0].text, replies[0].id) == (message.text, int(sent_id))
    assert len(replies[0].buttons) == 2
    assert replies[-1].sound == OGG


def test_who_forbids_voice_messages_gets_the_text(
    telegram_emulator: TelegramEmulator, telegram: Telegram, runner: asyncio.Runner, fatma: Person
) -> None:
    telegram_emulator.api.no_voice.add(int(fatma.address))
    send(telegram, runner, fatma, Outbound("Hallo", TWO, "buttons"), OGG)
    send(telegram, runner, fatma, Outbound("Lang " * 300), OGG)
    short, long = fatma.replies(2)
    assert (short.text, len(short.buttons), short.sound) == ("Hallo", 2, None)
    assert long.text.startswith("Lang")
    error = failure(runner, telegram.send(fatma.address, Outbound(""), OGG))
    assert (error.policy, error.code) == (Policy.GIVE_UP, "voice_forbidden")


def test_a_sound_that_fails_after_its_text_is_unknown(
    telegram_emulator: TelegramEmulator, telegram: Telegram, runner: asyncio.Runner, fatma: Person
) -> None:
    telegram_emulator.refuse("sendVoice", 429, "Too Many Requests", {"retry_after": 3})
    error = failure(runner, telegram.send(fatma.address, Outbound("Lang " * 300), OGG))
    assert (error.policy, error.code) == (Policy.UNKNOWN, "sound_429")
    assert len(fatma.messages()) == 1


REFUSALS = [
    (429, "Too Many Requests: retry after 7", {"retry_after": 7}, Policy.RETRY, "429"),
    (429, "Too Many Requests", None, Policy.RETRY, "429"),
    (403, "Forbidden: bot was blocked by the user", None, Policy.INACTIVE, "403"),
    (403, "Forbidden: user is deactivated", None, Policy.INACTIVE, "403"),
    (400, "Bad Request: chat not found", None, Policy.INACTIVE, "chat_not_found"),
    (400, "Bad Request: PEER_ID_INVALID", None, Policy.INACTIVE, "chat_not_found"),
    (400, "Bad Request: message text is empty", None, Policy.GIVE_UP, "400"),
    (
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        {"migrate_to_chat_id": -1001},
        Policy.GIVE_UP,
        "chat_migrated",
    ),
    (401, "Unauthorized", None, Policy.RETRY, "invalid_token"),
    (404, "Not Found", None, Policy.RETRY, "invalid_token"),
    (409, "Conflict: terminated by other getUpdates request", None, Policy.RETRY, "conflict"),
    (413, "Request Entity Too Large", None, Policy.GIVE_UP, "refused"),
    (500, "Internal Server Error: restart", None, Policy.RETRY, "500"),
    (502, "Bad Gateway", None, Policy.RETRY, "502"),
    (503, "Service Unavailable", None, Policy.RETRY, "503"),
    (504, "Gateway Timeout", None, Policy.UNKNOWN, "504"),
]


@pytest.mark.parametrize(("status", "words", "parameters", "policy", "code"), REFUSALS)
def test_each_refusal_has_its_policy(
    telegram_emulator: TelegramEmulator,
    telegram: Telegram,
    runner: asyncio.Runner,
    fatma: Person,
    status: int,
    words: str,
    parameters: dict[str, Any] | None,
    policy: Policy,
    code: str,
) -> None:
    telegram_emulator.refuse("sendMessage", status, words, parameters)
    error = failure(runner, telegram.send(fatma.address, Outbound("Geheime tekst"), None))
    assert (error.policy, error.code) == (policy, code)
    assert error.after == (parameters or {}).get("retry_after")
    assert str(error) == f"{policy.value} ({code})"
    assert fatma.messages() == []
    send(telegram, runner, fatma, Outbound("En weer verder"))
    assert [sent.text for sent in fatma.messages()] == ["En weer verder"]


def test_blocking_makes_inactive_until_unblocked(
    telegram: Telegram, runner: asyncio.Runner, fatma: Person
) -> None:
    fatma.blocks()
    error = failure(runner, telegram.send(fatma.address, Outbound("Hallo"), None))
    assert error.policy == Policy.INACTIVE
    fatma.unblocks()
    assert send(telegram, runner, fatma, Outbound("Hallo"))


def test_what_the_api_itself_refuses_is_given_up(
    telegram: Telegram, runner: asyncio.Runner, fatma: Person
) -> None:
    for bad in (
        Outbound(""),
        Outbound("x" * 4097),
        Outbound("Ja?", (Button("x" * 65, "Ja"),), "buttons"),
    ):
        error = failure(runner, telegram.send(fatma.address, bad, None))
        assert (error.policy, error.code) == (Policy.GIVE_UP, "400")
    assert send(telegram, runner, fatma, Outbound("x" * 4096))


def test_a_lost_answer_is_unknown(
    telegram_emulator: TelegramEmulator, telegram: Telegram, runner: asyncio.Runner, fatma: Person
) -> None:
    telegram_emulator.lose_answer("sendMessage")
    error = failure(runner, telegram.send(fatma.address, Outbound("Hallo"), None))
    assert (error.policy, error.code) == (Policy.UNKNOWN, "connection_lost")
    assert [sent.text for sent in fatma.messages()] == ["Hallo"]  # it had arrived


def test_an_answer_that_takes_too_long_is_unknown(
    telegram_emulator: TelegramEmulator, telegram: Telegram, runner: asyncio.Runner, fatma: Person
) -> None:
    with telegram_emulator.hold("sendMessage"):
        error = failure(runner, telegram.send(fatma.address, Outbound("Hallo"), None))
    assert (error.policy, error.code) == (Policy.UNKNOWN, "timeout")


def test_a_request_that_never_left_may_be_repeated(runner: asyncio.Runner) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/bot"
    port = Telegram("7:x", "s", url)
    error = failure(runner, port.send("1", Outbound("Hallo"), None))
    assert (error.policy, error.code) == (Policy.RETRY, "not_connected")
    runner.run(port.close())


async def _answer_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    body = b"<html>secret words</html>"
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    await writer.drain()
    writer.close()


def test_an_answer_that_cannot_be_read_is_unknown(
    runner: asyncio.Runner, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> ChannelError:
        server = await asyncio.start_server(_answer_nonsense, "127.0.0.1", 0)
        host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/bot"
        port = Telegram("7:x", "s", host)
        with pytest.raises(ChannelError) as caught:
            await port.send("1", Outbound("Hallo"), None)
        await port.close()
        server.close()
        return caught.value

    error = runner.run(scenario())
    assert (error.policy, error.code) == (Policy.UNKNOWN, "bad_answer")
    assert "secret words" not in caplog.text


def test_nothing_personal_reaches_the_log_or_the_error(
    telegram_emulator: TelegramEmulator,
    telegram: Telegram,
    runner: asyncio.Runner,
    fatma: Person,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    send(telegram, runner, fatma, Outbound("Geheime tekst"))
    telegram_emulator.refuse("sendMessage", 400, "Bad Request: Geheime tekst is odd")
    error = failure(runner, telegram.send(fatma.address, Outbound("Geheime tekst"), None))
    media = Media("voice", telegram_emulator.keep_file(OGG))
    runner.run(telegram.fetch(media, 10**6))
    written = caplog.text + repr(error) + repr(error.__cause__)
    assert error.__suppress_context__
    for private in ("Geheime", fatma.address, telegram_emulator.token, media.ref):
        assert private not in written


# Deleting


def test_our_messages_and_theirs_can_be_deleted(
    telegram_emulator: TelegramEmulator, telegram: Telegram, runner: asyncio.Runner, fatma: Person
) -> None:
    sent_id = send(telegram, runner, fatma, Outbound("482 913 075 664", secret=True))
    update = fatma.says("482913075664")
    inbound = telegram.parse(update)
    assert inbound is not None
    runner.run(telegram.delete(fatma.address, sent_id))
    runner.run(telegram.delete(fatma.address, inbound.id))
    chat = int(fatma.address)
    assert telegram_emulator.api.deleted == {
        (chat, int(sent_id)),
        (chat, update["message"]["message_id"]),
    }


def test_a_tap_holds_nothing_to_delete_and_what_is_gone_is_gone(
    telegram_emulator: TelegramEmulator, telegram: Telegram, runner: asyncio.Runner, fatma: Person
) -> None:
    send(telegram, runner, fatma, Outbound("Klopt dit?", TWO, "buttons"))
    tap = telegram.parse(fatma.taps("✅ Ja"))
    assert tap is not None
    runner.run(telegram.delete(fatma.address, tap.id))
    assert telegram_emulator.api.deleted == set()
    telegram_emulator.refuse("deleteMessage", 400, "Bad Request: message to delete not found")
    runner.run(telegram.delete(fatma.address, "5"))
    telegram_emulator.refuse("deleteMessage", 400, "Bad Request: message can't be deleted")
    error = failure(runner, telegram.delete(fatma.address, "5"))
    assert error.policy == Policy.GIVE_UP


# Fetching


def test_a_file_comes_whole(
    telegram_emulator: TelegramEmulator, telegram: Telegram, runner: asyncio.Runner
) -> None:
    data = bytes(range(256)) * 9000
    media = Media("voice", telegram_emulator.keep_file(data))
    assert runner.run(telegram.fetch(media, len(data))) == data


def test_a_file_over_the_limit_is_refused_whatever_its_claimed_size(
    telegram_emulator: TelegramEmulator, telegram: Telegram, runner: asyncio.Runner
) -> None:
    ref = telegram_emulator.keep_file(b"x" * 70_000)
    for claimed in (None, 10, 70_000):
        error = failure(runner, telegram.fetch(Media("voice", ref, size=claimed), 69_999))
        assert (error.policy, error.code) == (Policy.GIVE_UP, "too_big")
    claimed_large = Media("voice", "not asked for", size=MAX_DOWNLOAD + 1)
    assert failure(runner, telegram.fetch(claimed_large, 10**9)).code == "too_big"


GET_FILE = [
    (400, "Bad Request: file is too big", Policy.GIVE_UP, "too_big"),
    (
        400,
        "Bad Request: wrong file_id or the file is temporarily unavailable",
        Policy.RETRY,
        "file_unavailable",
    ),
    (400, "Bad Request: invalid file_id", Policy.GIVE_UP, "400"),
    (500, "Internal Server Error", Policy.RETRY, "500"),
    (504, "Gateway Timeout", Policy.RETRY, "504"),
]


@pytest.mark.parametrize(("status", "words", "policy", "code"), GET_FILE)
def test_get_file_refusals(
    telegram_emulator: TelegramEmulator,
    telegram: Telegram,
    runner: asyncio.Runner,
    status: int,
    words: str,
    policy: Policy,
    code: str,
) -> None:
    ref = telegram_emulator.keep_file(b"x")
    telegram_emulator.refuse("getFile", status, words)
    error = failure(runner, telegram.fetch(Media("voice", ref), 100))
    assert (error.policy, error.code) == (policy, code)
    telegram_emulator.lose_answer("getFile")
    assert failure(runner, telegram.fetch(Media("voice", ref), 100)).policy == Policy.RETRY


FILE_ANSWERS = [
    (b"302 Found\r\nLocation: http://127.0.0.1:9/x", Policy.GIVE_UP, "file_elsewhere"),
    (b"404 Not Found", Policy.GIVE_UP, "file_gone"),
    (b"429 Too Many Requests", Policy.RETRY, "429"),
    (b"502 Bad Gateway", Policy.RETRY, "502"),
    (b"200 OK\r\nContent-Length: 99", Policy.RETRY, "download_failed"),  # cut off
]


@pytest.mark.parametrize(("answer", "policy", "code"), FILE_ANSWERS)
def test_download_failures(
    telegram_emulator: TelegramEmulator,
    runner: asyncio.Runner,
    answer: bytes,
    policy: Policy,
    code: str,
) -> None:
    """The files come from a server of their own here: the emulator's never fails."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 " + answer + b"\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def scenario() -> ChannelError:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        files = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/file/bot"
        api = telegram_emulator
        port = Telegram(api.token, "s", api.base_url, files)
        with pytest.raises(ChannelError) as caught:
            await port.fetch(Media("voice", api.keep_file(b"x")), 100)
        await port.close()
        server.close()
        return caught.value

    error = runner.run(scenario())
    assert (error.policy, error.code) == (policy, code)
    (request,) = asked
    assert request.startswith(b"GET /file/bot7:synthetic/file-")


def test_a_path_on_the_server_s_own_disk_is_refused(
    telegram_emulator: TelegramEmulator,
    telegram: Telegram,
    runner: asyncio.Runner,
    tmp_path: Any,
) -> None:
    """A Bot API server in local mode answers with such a path."""
    local = tmp_path / "voice.ogg"
    local.write_bytes(b"x")
    telegram_emulator.api.assets[str(local)] = {"data": b"x", "size": 1}
    error = failure(runner, telegram.fetch(Media("voice", str(local)), 100))
    assert (error.policy, error.code) == (Policy.GIVE_UP, "file_elsewhere")


# The bot itself


def test_the_private_link(telegram: Telegram, runner: asyncio.Runner) -> None:
    assert runner.run(telegram.private_link()) == "https://t.me/BuurtstemBot"
    link = runner.run(telegram.private_link("vote_oost-2"))
    assert link == "https://t.me/BuurtstemBot?start=vote_oost-2"
    for bad in ("x" * 65, "met spatie"):
        with pytest.raises(ValueError, match=r"payload|characters"):
            runner.run(telegram.private_link(bad))


def test_the_name_is_asked_once(
    telegram_emulator: TelegramEmulator, telegram: Telegram, runner: asyncio.Runner
) -> None:
    assert runner.run(telegram.username()) == "BuurtstemBot"
    telegram_emulator.refuse("getMe", 500)
    assert runner.run(telegram.username()) == "BuurtstemBot"


def test_the_webhook_secret_is_what_telegram_takes() -> None:
    secret = webhook_secret("sleutel é")
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret)
    assert secret == webhook_secret("sleutel é") != webhook_secret("sleutel e")


def test_without_a_secret_of_its_own_nothing_is_telegram_s(runner: asyncio.Runner) -> None:
    port = Telegram("7:x", "")
    assert not port.verify_secret({})
    assert not port.verify_secret({"x-telegram-bot-api-secret-token": ""})
    runner.run(port.close())


@pytest.mark.parametrize("suffix", ["/bot", "/bot/", "", "/"])
def test_the_address_of_the_api_may_be_written_in_several_ways(
    telegram_emulator: TelegramEmulator, runner: asyncio.Runner, suffix: str
) -> None:
    url = telegram_emulator.base_url.removesuffix("/bot") + suffix
    port = Telegram(telegram_emulator.token, "s", url)
    media = Media("voice", telegram_emulator.keep_file(b"x"))
    assert runner.run(port.fetch(media, 10)) == b"x"
    runner.run(port.close())
