"""The real server, a line to it, and people who call. See `tests.caller`.

One server serves all calls of a file: everybody has a number of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from runtime.config import Settings
from runtime.wiring import sounds
from tests.caller import Caller, Line, Voice
from tests.runtime.phone.world import PEPPER
from tests.runtime.voting import voting_system
from tests.server import REPO, Server

_numbers = count(31_612_340_001)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server has its data."""
    return tmp_path_factory.mktemp("town")


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()
    assert line.leaked == 0


@pytest.fixture(scope="module")
def server(folder: Path, line: Line) -> Iterator[Server]:
    yield from _serving(folder, line, round_file=str(REPO / "examples" / "demo.toml"))


@pytest.fixture(scope="module")
def codes(folder: Path) -> list[str]:
    """Codes of a vote that is open."""
    with voting_system(folder, f"sqlite:///{folder}/town.db", 12) as (_, codes):
        return codes


@pytest.fixture(scope="module")
def voting(folder: Path, line: Line, codes: list[str]) -> Iterator[Server]:
    yield from _serving(folder, line)


def _serving(folder: Path, line: Line, **more: str) -> Iterator[Server]:
    server = Server(
        folder,
        pepper=PEPPER,
        secret_key="a key of some length for the tests",
        **line.settings,
        **more,
    )
    server.start()
    line.server_url = server.url
    yield server
    assert server.stop() == 0
    assert "ERROR" not in server.log, server.log


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Voice:
    """The voice of the server, in a folder of its own."""
    own = tmp_path_factory.mktemp("voice")
    return Voice(sounds(Settings(database_url=f"sqlite:///{own}/none.db")).made)


@pytest.fixture
def anna(folder: Path, line: Line, voice: Voice) -> Caller:
    return Caller(line, folder, PEPPER.encode(), voice, f"+{next(_numbers)}")
