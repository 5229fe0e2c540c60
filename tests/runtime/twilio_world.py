"""The real server on one side, people with WhatsApp or a plain phone on the other.

With Node, everything that the server asks of Twilio goes through Twilio's own description.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.db import Database
from tests.emulators.prism import free_port, missing, prisms
from tests.emulators.twilio import Person, TwilioEmulator
from tests.server import COMMAND, REPO, Server

MESSAGES = "/webhooks/twilio/messages"
STATUS = "/webhooks/twilio/status"


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], int]]:
    """Prism, if it is there, and the port it expects the state on."""
    port = free_port()
    if missing():
        yield {}, port
        return
    with prisms(port, tmp_path_factory.mktemp("prism") / "log") as running:
        yield running, port


@pytest.fixture
def twilio(described: tuple[dict[str, str], int]) -> Iterator[TwilioEmulator]:
    emulator = TwilioEmulator(*described)
    yield emulator
    emulator.close()
    assert emulator.violations == []
    assert emulator.leaked == 0


@pytest.fixture
def server(tmp_path: Path, twilio: TwilioEmulator) -> Iterator[Server]:
    server = serving(tmp_path, twilio)
    yield server
    assert server.stop() == 0
    assert "ERROR" not in server.log, server.log


def serving(folder: Path, twilio: TwilioEmulator, **more: str) -> Server:
    settings = {
        "round_file": str(REPO / "examples" / "demo.toml"),
        "secret_key": "a key of some length for the tests",
        **twilio.settings,
        **more,
    }
    server = Server(folder, **settings)
    server.start()
    twilio.server_url = server.url
    return server


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    database = Database.open(f"sqlite:///{folder}/town.db")
    found = database.read(lambda conn: [tuple(row) for row in conn.exec_driver_sql(sql)])
    database.close()
    return found


def until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not ready():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def begun(person: Person) -> None:
    """Up to the menu."""
    person.says("hallo")
    assert "Nederlands" in person.replies()[0].text
    person.says("Nederlands")
    person.replies()
    person.says("ja")
    person.replies()


def sync(server: Server, command: str = "sync") -> str:
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "content", command],
        env=server.environment,
        cwd=server._folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


IDEA = "Een moestuin voor kinderen"


def asked_for_a_plan(person: Person) -> None:
    begun(person)
    person.says("1")
    assert "Vertel je plan" in person.replies()[-1].text


def almost_sent(person: Person, idea: str = IDEA) -> None:
    """Up to the question whether to send it in."""
    asked_for_a_plan(person)
    answers = {"💡": idea, "✅ Klopt": "klopt", "✅ Goed": "goed", "🎨": "2", "📍": "weet ik niet"}
    answers |= {"💶": "800", "📷": "overslaan", "🛠": "2", "📞": "nee"}
    said = "💡"
    for _ in range(12):
        if "insturen?" in said:
            return
        person.says(next(answer for sign, answer in answers.items() if sign in said))
        said = person.replies()[-1].text
    raise AssertionError(said)


def states(folder: Path) -> list[tuple[Any, ...]]:
    return rows(folder, "SELECT state, status, attempts, provider_id FROM outbox ORDER BY id")
