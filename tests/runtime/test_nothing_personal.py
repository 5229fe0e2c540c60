"""Whatever people tell and whatever goes wrong: nothing of it is written, counted or shown."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.emulators.telegram import TOKEN, TelegramEmulator
from tests.emulators.telegram import telegram_emulator as telegram_emulator
from tests.emulators.twilio import TwilioEmulator
from tests.runtime import personal
from tests.runtime.test_cli import SPEECH
from tests.runtime.twilio_world import until
from tests.server import COMMAND, REPO, Server
from tests.voters import forms_of

pytestmark = pytest.mark.slow


def objects(text: str) -> list[dict[str, object]]:
    """Every line is one object: nothing comes past the log."""
    return [json.loads(line) for line in text.splitlines()]


def test_the_search_finds_what_it_looks_for() -> None:
    for line in (*personal.LINES, json.dumps(personal.ALL)):
        if len(line) > 5:
            assert personal.found_in(f'{{"event": "said {line}!"}}'), line
    assert personal.found_in("a quiet line with 12 things, retry (429)") == []


def test_every_stage_fails_and_nothing_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.runtime.observed_worker", str(tmp_path)],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=300,
    )
    lines = objects(done.stderr)
    assert lines[-1]["event"] == "an error that nobody expected", lines[-1]
    assert lines[-1]["error"] == "ValueError", lines[-1]
    written = done.stdout + done.stderr
    assert personal.found_in(written) == []
    assert [form for form in forms_of((tmp_path / "code").read_text()) if form in written] == []
    events = " ".join(str(line["event"]) for line in lines)
    for stage in (
        "the dialogue was mended after text: ValueError",
        "post failed: ValueError",
        "a message was not sent",
        "a voice could not be taken in: ValueError",
        "the sweep of timers failed: ValueError",
        "could not be cleared away: ValueError",
        "job take_in failed",
        "an error that nobody expected",
        "a library reports something",
    ):
        assert stage in events, stage
    assert {"asyncio", "py.warnings", "httpx"} <= {line["logger"] for line in lines}
    ours = [line for line in lines if str(line["logger"]).startswith(("runtime.", "storage."))]
    assert all(line["at"] for line in ours if "error" in line)
    assert "Something went wrong on our side" in done.stdout
    for figure in ('kind="voice"', 'outcome="missed"', "buurtstem_dialogues_mended_total 1.0"):
        assert figure in done.stdout, figure
    assert 'state="vote' not in done.stdout  # not before the day is over


@pytest.fixture
def twilio() -> Iterator[TwilioEmulator]:
    emulator = TwilioEmulator()
    yield emulator
    emulator.close()


@pytest.fixture
def server(
    tmp_path: Path, twilio: TwilioEmulator, telegram_emulator: TelegramEmulator
) -> Iterator[Server]:
    """All channels at once, at the log's lowest level."""
    server = Server(
        tmp_path,
        *("serve", "--poll"),
        round_file=str(REPO / "examples" / "demo.toml"),
        secret_key="a key of some length for the tests",
        telegram_token=TOKEN,
        telegram_api_url=telegram_emulator.base_url,
        simulator="true",
        log="json",
        log_level="debug",
        **twilio.settings,
    )
    server.start()
    twilio.server_url = server.url
    yield server
    assert server.stop() == 0


def test_a_server_with_all_its_channels(
    server: Server, twilio: TwilioEmulator, telegram_emulator: TelegramEmulator
) -> None:
    _on_twilio(twilio)
    _on_telegram(telegram_emulator)
    shown = _on_the_web(server)
    until(lambda: "buurtstem_sends_total" in httpx.get(server.url + "/metrics").text)
    figures = httpx.get(server.url + "/metrics").text
    lines = objects(server.log)
    assert personal.found_in(server.log + shown + figures) == []
    assert 'channel="whatsapp",kind="text"' in figures
    assert 'channel="telegram",kind="text"' in figures
    assert any("a message was not sent" in str(line["event"]) for line in lines)
    asked_wrongly(server)


def _on_twilio(twilio: TwilioEmulator) -> None:
    fatma = twilio.person(number=personal.PHONE)
    for line in ("hallo", "Nederlands", "ja", *personal.LINES):
        fatma.says(line, ProfileName=personal.NAMES[0])
    twilio.refuse(500, 20500, times=2)
    fatma.says(f"mijn nummer {personal.PHONE}")
    if SPEECH.exists():
        fatma.sends_voice((SPEECH / "en" / "fleurs_001.ogg").read_bytes())
    fatma.sends_location(52.3676123, 4.9041123)
    sent = fatma.replies(3)[-1]
    twilio.tell(sent, "failed", "63013")


def _on_telegram(emulator: TelegramEmulator) -> None:
    fatma = emulator.person("nl", personal.NAMES[0])
    fatma.says("/start")
    fatma.replies()
    emulator.refuse("sendMessage", 400, f"Bad Request: {personal.ALL}", times=1)
    for line in personal.LINES:
        fatma.says(line)
    fatma.replies(3)


def _on_the_web(server: Server) -> str:
    """Error pages of every kind, and people who sign in to the console wrongly."""
    shown = []
    with httpx.Client(base_url=server.url, follow_redirects=True) as web:
        for path in (f"/{personal.CODE}", f"/media/{personal.NAMES[0]}", "/simulator/api/none"):
            shown.append(web.get(path, params={"who": personal.ALL}).text)
        for path in ("/webhooks/telegram", "/webhooks/twilio/messages", "/simulator/api/messages"):
            shown.append(web.post(path, content=personal.ALL.encode()).text)
        signing = {"name": personal.NAMES[0], "password": personal.ALL}
        shown.append(web.post("/console/signin", data=signing).text)
    return "".join(shown)


def asked_wrongly(server: Server) -> None:
    """A command that fails shows no more."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "stempas", "void", personal.CODE],
        env=server.environment,
        cwd=server._folder,
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    assert personal.CODE not in said
