"""`buurtstem doctor` beside whom it asks: Telegram, Twilio, our own server, mail, other stores."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from runtime import doctor_remote
from runtime.config import Settings
from runtime.doctor import Case, NoteError, WrongError
from tests.emulators.prism import free_port
from tests.emulators.telegram import TOKEN, USERNAME, TelegramEmulator
from tests.emulators.telegram import telegram_emulator as telegram_emulator
from tests.emulators.twilio import TwilioEmulator
from tests.runtime.twilio_world import described as described
from tests.runtime.twilio_world import twilio as twilio
from tests.server import REPO, Server

KEY = "a key of some length for the tests"


def case(**settings: Any) -> Case:
    return Case(Settings(secret_key=KEY, **settings), None)


def on_telegram(emulator: TelegramEmulator, **more: Any) -> Case:
    return case(telegram_api_url=emulator.base_url, **{"telegram_token": TOKEN, **more})


def test_telegram_tells_whose_token_it_is(telegram_emulator: TelegramEmulator) -> None:
    assert doctor_remote.telegram(on_telegram(telegram_emulator)) == (
        f"the token is that of @{USERNAME}"
    )
    telegram_emulator.refuse("getMe", 401, "Unauthorized")
    with pytest.raises(WrongError, match="BUURTSTEM_TELEGRAM_TOKEN"):
        doctor_remote.telegram(on_telegram(telegram_emulator))


@pytest.fixture
def server(tmp_path: Path, telegram_emulator: TelegramEmulator) -> Iterator[Server]:
    """A real server, whose address Telegram knows."""
    settings = {"telegram_token": TOKEN, "telegram_api_url": telegram_emulator.base_url}
    round_file = str(REPO / "examples" / "demo.toml")
    server = Server(tmp_path, secret_key=KEY, round_file=round_file, **settings)
    server.environment["BUURTSTEM_PUBLIC_URL"] = server.url
    server.start()
    yield server
    server.stop()


@pytest.mark.slow
def test_our_address_answers_and_telegram_knows_it(
    server: Server, telegram_emulator: TelegramEmulator
) -> None:
    looked = on_telegram(telegram_emulator, public_url=server.url)
    with pytest.raises(NoteError, match="not https"):
        doctor_remote.webhook(looked)
    assert doctor_remote._ours(looked.settings) == "answers, and it is ours"
    assert doctor_remote.telegram_webhook(looked) == "as configured; 0 updates wait"
    elsewhere = on_telegram(telegram_emulator, public_url="http://127.0.0.1:1")
    with pytest.raises(WrongError, match="another address"):
        doctor_remote.telegram_webhook(elsewhere)
    with pytest.raises(WrongError, match="is `buurtstem serve` running"):
        doctor_remote._ours(elsewhere.settings)
    stranger = Settings(secret_key="another key of some length", public_url=server.url)  # type: ignore[arg-type]
    with pytest.raises(WrongError, match="not with our key"):
        doctor_remote._ours(stranger)
    with pytest.raises(WrongError, match="serve --poll"):
        doctor_remote.telegram_webhook(on_telegram(telegram_emulator))


@pytest.mark.slow
def test_twilio_tells_whether_the_account_is_active(twilio: TwilioEmulator) -> None:
    looked = case(**twilio.settings)
    assert doctor_remote.twilio(looked) == "the account is active"
    wrong = case(**{**twilio.settings, "twilio_auth_token": "not this one at all"})
    with pytest.raises(WrongError, match="BUURTSTEM_TWILIO_AUTH_TOKEN"):
        doctor_remote.twilio(wrong)
    twilio.refuse(503, 20503, path="Accounts")
    with pytest.raises(WrongError, match=r"20503|503"):
        doctor_remote.twilio(looked)


@pytest.fixture
def dated() -> Iterator[Callable[[float], str]]:
    """A server whose clock is so many seconds off."""
    servers = []

    def start(off: float) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response(200)
                self.end_headers()

            def date_time_string(self, timestamp: float | None = None) -> str:
                return formatdate(time.time() + off, usegmt=True)

            def log_message(self, *_: Any) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_time_is_compared_with_one_outside(dated: Callable[[float], str]) -> None:
    assert "within a few seconds" in doctor_remote.outside_clock(case(public_url=dated(0)))
    with pytest.raises(WrongError, match="set up NTP"):
        doctor_remote.outside_clock(case(public_url=dated(-120)))
    with pytest.raises(NoteError):
        doctor_remote.outside_clock(case(public_url="http://127.0.0.1:1"))


def test_the_mail_server_is_asked_and_gets_no_mail() -> None:
    got = []

    class Inbox:
        async def handle_DATA(self, *_: Any) -> str:
            got.append(1)
            return "250 OK"

    port = free_port()
    controller = Controller(Inbox(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        url = f"smtp://127.0.0.1:{port}"
        with pytest.raises(NoteError, match="MAIL_FROM"):
            doctor_remote.smtp(case(smtp_url=url))
        mail = {"mail_from": "stem@example.org", "mail_to": "team@example.org"}
        assert doctor_remote.smtp(case(smtp_url=url, **mail)) == "the mail server answers"
    finally:
        controller.stop()
    assert got == []


def test_where_exports_go_is_written_and_left_as_it_was(tmp_path: Path) -> None:
    assert doctor_remote.export(case(export_url=f"file://{tmp_path}")) == "can be written"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(WrongError, match="BUURTSTEM_EXPORT_URL"):
        doctor_remote.export(case(export_url="file:///proc/nowhere"))
    with pytest.raises(WrongError):
        doctor_remote.export(case(export_url="nonsense://anna:secret@host/x"))
