"""The port of WhatsApp and SMS against Twilio's emulator, over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from bot.channels.content import Content
from bot.channels.port import ChannelError, Policy
from bot.channels.twilio import Account, Twilio, fingerprint
from bot.channels.twilio_client import policy_of
from bot.messages import Button, Media, Outbound, Sound, Template
from tests.emulators.prism import free_port
from tests.emulators.twilio import PUBLIC, SID, TOKEN, WHATSAPP, TwilioEmulator

T = TypeVar("T")
TO = "whatsapp:+31612345678"
TEXT = Outbound("Hallo daar")
TAPPED = Outbound("Mag dat?", (Button("a:yes", "Ja"), Button("a:no", "Nee")), style="buttons")


@pytest.fixture
def twilio() -> Iterator[TwilioEmulator]:
    emulator = TwilioEmulator()
    emulator.last_in[TO] = datetime.now(UTC).timestamp()
    yield emulator
    emulator.close()


def run(
    twilio: TwilioEmulator,
    act: Callable[[Twilio], Coroutine[Any, Any, T]],
    *,
    url: str = "",
    contents: Callable[[Content], str] = lambda content: "",
    timeout: float = 5.0,
    download: float = 5.0,
) -> T:
    async def whole() -> T:
        account = Account(SID, TOKEN, PUBLIC, url or twilio.base_url, timeout, download)
        link = f"{PUBLIC}/media/out/x.ogg"
        try:
            return await act(Twilio(account, WHATSAPP, contents, lambda said, sound: link))
        finally:
            await account.close()

    return asyncio.run(whole())


def send(message: Outbound = TEXT, sound: bytes | None = None) -> Callable[[Twilio], Any]:
    return lambda port: port.send(TO, message, sound)


def failed(twilio: TwilioEmulator, act: Callable[[Twilio], Any], **more: Any) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        run(twilio, act, **more)
    return caught.value


def test_a_text_with_its_callback(twilio: TwilioEmulator) -> None:
    sid = run(twilio, send())
    (sent,) = twilio.sent
    assert (sent.sid, sent.to, sent.sender, sent.text) == (sid, TO, WHATSAPP, TEXT.text)
    mark = fingerprint(TOKEN, TO, TEXT)
    assert sent.callback == f"{PUBLIC}/webhooks/twilio/status?m={mark}"
    assert "Hallo" not in sent.callback


@pytest.mark.parametrize(
    ("status", "code", "policy"),
    [
        (429, 20429, Policy.RETRY),
        (400, 63018, Policy.RETRY),
        (400, 63012, Policy.RETRY),
        (401, 20003, Policy.RETRY),
        (503, 20503, Policy.RETRY),
        (500, 20500, Policy.UNKNOWN),
        (504, 20504, Policy.UNKNOWN),
        (400, 63003, Policy.GIVE_UP),
        (400, 63013, Policy.GIVE_UP),
        (400, 63024, Policy.GIVE_UP),
        (400, 63032, Policy.GIVE_UP),
        (400, 21610, Policy.INACTIVE),
        (400, 21211, Policy.GIVE_UP),
    ],
)
def test_what_an_error_means(
    twilio: TwilioEmulator, status: int, code: int, policy: Policy
) -> None:
    twilio.refuse(status, code)
    error = failed(twilio, send())
    assert (error.policy, error.code) == (policy, str(code))
    if status < 500 and code != 20429:
        assert policy_of(str(code)) is policy
    assert twilio.sent == []


def test_how_long_to_wait_is_twilios_to_say(twilio: TwilioEmulator) -> None:
    twilio.refuse(429, 20429, Retry_After="7")
    assert failed(twilio, send()).after == 7.0
    twilio.refuse(429, 20429)
    assert failed(twilio, send()).after is None


def test_a_lost_answer_is_unknown_and_never_sent_again(twilio: TwilioEmulator) -> None:
    twilio.lose_answer()
    assert failed(twilio, send()).policy is Policy.UNKNOWN
    assert len(twilio.sent) == 1


def test_no_answer_in_time_is_unknown(twilio: TwilioEmulator) -> None:
    with twilio.hold():
        error = failed(twilio, send(), timeout=0.3)
    assert (error.policy, error.code) == (Policy.UNKNOWN, "timeout")


def test_no_connection_is_tried_again(twilio: TwilioEmulator) -> None:
    error = failed(twilio, send(), url=f"http://127.0.0.1:{free_port()}")
    assert (error.policy, error.code) == (Policy.RETRY, "not_connected")


def test_choices_without_a_template_are_numbered(twilio: TwilioEmulator) -> None:
    run(twilio, send(TAPPED))
    assert twilio.sent[0].text == "Mag dat?\n\n1. Ja\n2. Nee"


def test_a_template_that_twilio_does_not_know_becomes_numbers(twilio: TwilioEmulator) -> None:
    run(twilio, send(TAPPED), contents=lambda content: "HX" + "0" * 32)
    (sent,) = twilio.sent
    assert sent.text == "Mag dat?\n\n1. Ja\n2. Nee"
    assert not sent.template


def test_an_approved_text_goes_with_its_values(twilio: TwilioEmulator) -> None:
    def kept(content: Content) -> str:
        types = {content.kind: content.fields}
        twilio.contents["HX1"] = {"sid": "HX1", "types": types}
        return "HX1"

    template = Template("outside.status", "nl", ("7", "Een 'tuin'\nerbij", "Gekozen"))
    run(twilio, send(Outbound("Lang verhaal", template=template)), contents=kept)
    assert "nummer 7, met de naam Een 'tuin' erbij," in twilio.sent[0].text
    assert "Lang verhaal" not in twilio.sent[0].text


@pytest.mark.parametrize(
    ("template", "code"),
    [
        (Template("outside.news", "nl"), "no_template"),
        (Template("outside.news", "nl", ("one too many",)), "bad_template"),
        (Template("outside.unheard", "nl"), "bad_template"),
    ],
)
def test_no_template_is_told_before_sending(
    twilio: TwilioEmulator, template: Template, code: str
) -> None:
    error = failed(twilio, send(Outbound("x", template=template)))
    assert (error.policy, error.code) == (Policy.GIVE_UP, code)
    assert twilio.sent == []


def test_a_sound_that_fails_does_not_send_its_text_again(twilio: TwilioEmulator) -> None:
    message = Outbound("Hallo", sound=Sound("Hallo", "nl"))  # nobody serves it here
    error = failed(twilio, send(message, b"OggS"))
    assert error.policy is Policy.UNKNOWN
    assert [sent.text for sent in twilio.sent] == ["Hallo"]


def test_nothing_to_say_is_given_up(twilio: TwilioEmulator) -> None:
    silent = Outbound("", sound=Sound("x", "nl"))
    assert failed(twilio, send(silent)).code == "empty"


# --- files -------------------------------------------------------------------------------------


def kept(twilio: TwilioEmulator, data: bytes) -> Media:
    form = twilio.person().form(((data, "audio/ogg"),))
    return Media("voice", form["MediaUrl0"], "audio/ogg")


def test_a_file_comes_without_our_key_going_further(twilio: TwilioEmulator) -> None:
    media = kept(twilio, b"x" * 1000)
    assert run(twilio, lambda port: port.fetch(media, 1000)) == b"x" * 1000
    assert twilio.leaked == 0


def test_a_file_is_bounded(twilio: TwilioEmulator) -> None:
    media = kept(twilio, b"x" * 100_000)
    error = failed(twilio, lambda port: port.fetch(media, 99_999))
    assert (error.policy, error.code) == (Policy.GIVE_UP, "too_big")


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_a_file_that_is_not_there_yet_is_tried_again(twilio: TwilioEmulator, status: int) -> None:
    media = kept(twilio, b"x")
    twilio.file_status = [status]
    assert failed(twilio, lambda port: port.fetch(media, 10)).policy is Policy.RETRY
    assert run(twilio, lambda port: port.fetch(media, 10)) == b"x"


def test_a_file_that_takes_too_long_is_tried_again(twilio: TwilioEmulator) -> None:
    media = kept(twilio, b"x")
    twilio.file_delay = 3.0
    error = failed(twilio, lambda port: port.fetch(media, 10), download=0.2)
    assert (error.policy, error.code) == (Policy.RETRY, "timeout")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x", "file:///etc/passwd", "http://localhost/x", "ftp://x/y", "x"]
)
def test_our_key_goes_to_twilio_only(twilio: TwilioEmulator, url: str) -> None:
    error = failed(twilio, lambda port: port.fetch(Media("voice", url), 10))
    assert (error.policy, error.code) == (Policy.GIVE_UP, "file_elsewhere")


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://api.twilio.com/2010-04-01/x", True),
        ("http://api.twilio.com/2010-04-01/x", False),
        ("https://twilio.com.example/x", False),
        ("https://example/api.twilio.com", False),
        ("https://api.twilio.com@example/x", False),
    ],
)
def test_which_hosts_are_twilios(url: str, ours: bool) -> None:
    import httpx

    async def ask() -> bool:
        account = Account(SID, TOKEN, PUBLIC)
        try:
            return account._is_twilios(httpx.URL(url))
        finally:
            await account.close()

    assert asyncio.run(ask()) is ours


def test_a_file_is_deleted_once_and_may_be_gone(twilio: TwilioEmulator) -> None:
    media = kept(twilio, b"x")
    run(twilio, lambda port: port.release(media))
    assert twilio.files == {}
    run(twilio, lambda port: port.release(media))
    assert len(twilio.deleted) == 1


def test_a_message_is_deleted_from_the_log_and_may_be_gone(twilio: TwilioEmulator) -> None:
    sid = run(twilio, send())
    run(twilio, lambda port: port.delete(TO, sid))
    assert twilio.deleted == [sid]
    run(twilio, lambda port: port.delete(TO, f"{sid}#2"))
    run(twilio, lambda port: port.delete(TO, "SM" + "0" * 32))


# --- what was lost -----------------------------------------------------------------------------


def test_a_lost_message_is_found_at_twilio(twilio: TwilioEmulator) -> None:
    since = datetime.now(UTC)
    other = run(twilio, send(Outbound("iets anders")))
    twilio.lose_answer()
    failed(twilio, send())
    lost = twilio.sent[1].sid
    assert run(twilio, lambda port: port.settle(TO, TEXT, since)) == lost
    assert run(twilio, lambda port: port.settle(TO, TEXT, since, [lost])) is None
    assert run(twilio, lambda port: port.settle(TO, Outbound("nooit"), since)) is None
    later = since + timedelta(minutes=1)
    assert run(twilio, lambda port: port.settle(TO, TEXT, later)) is None
    assert run(twilio, lambda port: port.settle("whatsapp:+31600000000", TEXT, since)) is None
    assert other != lost


def test_a_lost_message_with_choices_is_found_in_either_shape(twilio: TwilioEmulator) -> None:
    since = datetime.now(UTC)
    sid = run(twilio, send(TAPPED))
    assert run(twilio, lambda port: port.settle(TO, TAPPED, since)) == sid


def test_what_cannot_be_looked_up_is_an_error(twilio: TwilioEmulator) -> None:
    twilio.refuse(500, 20500)
    since = datetime.now(UTC)
    error = failed(twilio, lambda port: port.settle(TO, TEXT, since))
    assert error.policy is Policy.RETRY
