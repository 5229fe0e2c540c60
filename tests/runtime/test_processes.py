"""Two web servers and two workers at one PostgreSQL, as an operator starts them.

Residents talk over HTTP, each line to another of the two servers; a worker is killed in the
middle (kill -9). Everybody hears every answer, once and in order.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, text

from runtime.cli import main
from runtime.config import Settings
from runtime.round_file import load_round
from runtime.wiring import open_database, save_round
from storage.db import Database
from tests.server import COMMAND, REPO, Server

RESIDENTS = 12
PATIENCE = 120.0
DIALOGUE = (
    "hoi", "Nederlands", "ja, dat mag", "1", "Ik wil een bank bij de speeltuin voor ouders",
    "klopt", "goed", "groen", "Lindebuurt", "500", "geen foto", "samen", "nee", "insturen",
)  # fmt: skip
NUMBER = re.compile(r"nummer (\d+)")
UNSENT = "SELECT count(*) FROM outbox WHERE state <> 'sent'"
SECRETS = {"secret_key": "one key for all machines", "pepper": "one pepper for all machines"}


class Town:
    """Processes that share a database; each web server has a folder, as on a machine of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        common = {"database_url": url, "media_url": f"file://{folder}/media", **SECRETS}
        self.webs = [
            Server(self._made(folder / name), "serve", "--queue", "none", **common)
            for name in ("one", "other")
        ]
        self._folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []

    def _made(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        return folder

    def start(self) -> None:
        for web in self.webs:
            web.start(wait=False)
        self.workers = [self._worker(f"worker-{n}") for n in range(2)]
        deadline = time.monotonic() + PATIENCE
        while not all(web.answers() for web in self.webs):
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def _worker(self, name: str) -> subprocess.Popen[bytes]:
        folder = self._made(self._folder / name)
        command = [sys.executable, "-c", COMMAND, "worker", "--queue", "replies,campaigns"]
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(
                command, cwd=folder, env=self.webs[0].environment, stdout=log, stderr=log
            )

    def stop(self) -> None:
        for worker in self.workers:
            worker.terminate()
        ended = [web.stop() for web in self.webs] + [w.wait(60) for w in self.workers]
        assert set(ended) <= {0, -signal.SIGKILL}, ended

    def log(self) -> str:
        logs = self._folder.glob("*/*log")
        return "\n".join(f"{path}: {path.read_text()}" for path in logs)


@pytest.fixture
def town(tmp_path: Path, postgres_url: str) -> Iterator[Town]:
    settings = Settings(database_url=postgres_url, **SECRETS)  # type: ignore[arg-type]
    db = open_database(settings)
    save_round(db, load_round(REPO / "examples" / "demo.toml"))
    db.close()
    made = Town(tmp_path, postgres_url)
    made.start()
    yield made
    made.stop()


def where(name: str, after: int = 0) -> dict[str, str | int]:
    return {"as": name, "channel": "telegram", "after": after}


async def resident(town: Town, name: str) -> None:
    """Says each line when the one before was answered."""
    last = 0
    urls = cycle([f"{web.url}/simulator/api/messages" for web in town.webs])
    async with httpx.AsyncClient(timeout=30) as client:
        for line in DIALOGUE:
            message = {"as": name, "channel": "telegram", "text": line, "id": str(uuid.uuid4())}
            assert (await client.post(next(urls), json=message)).status_code == 200
            news: list[dict[str, int]] = []
            while not news:
                news = (await client.get(next(urls), params=where(name, last))).json()
            last = news[-1]["id"]
            if len(name) % 2:
                next(urls)


def heard(town: Town, name: str) -> list[str]:
    """All that was said to somebody, in the order in which it came."""
    answer = httpx.get(f"{town.webs[0].url}/simulator/api/messages", params=where(name))
    return [item["text"] for item in answer.json()]


def count(conn: Connection, sql: str) -> int:
    return int(conn.execute(text(sql)).scalar_one())


async def once(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


async def talk(town: Town, db: Database, names: list[str]) -> None:
    everybody = asyncio.gather(*(resident(town, name) for name in names))
    sent = "SELECT count(*) FROM outbox WHERE state = 'sent'"
    busy = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"
    await once(lambda: db.read(lambda c: count(c, sent)) > RESIDENTS * len(DIALOGUE) // 3)
    await once(lambda: db.read(lambda c: count(c, busy)) > 0)
    os.kill(town.workers[0].pid, signal.SIGKILL)
    await asyncio.wait_for(everybody, PATIENCE)
    await once(lambda: db.read(lambda c: count(c, UNSENT)) == 0)


@pytest.mark.slow
def test_everybody_hears_every_answer_once_and_in_order(town: Town, postgres_url: str) -> None:
    db = Database.open(postgres_url)
    names = ["r" * (n + 1) for n in range(RESIDENTS)]
    try:
        asyncio.run(talk(town, db, names))
        said = [heard(town, name) for name in names]
        numbers = [n for one in said for n in NUMBER.findall("\n".join(one))]
        assert sorted(map(int, numbers)) == list(range(1, RESIDENTS + 1))
        alike = [[NUMBER.sub("nummer", text) for text in one] for one in said]
        assert all(one == alike[0] for one in alike)
        assert len(alike[0]) == len(set(alike[0])) >= len(DIALOGUE)
        db.read(_all_is_well)
    except BaseException:
        print(town.log())
        raise
    finally:
        db.close()


def _all_is_well(conn: Connection) -> None:
    assert count(conn, "SELECT count(*) FROM plans") == RESIDENTS
    assert count(conn, "SELECT count(*) FROM inbox WHERE state <> 'done'") == 0
    assert count(conn, UNSENT) == 0
    assert count(conn, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'") == 0
    assert count(conn, "SELECT count(*) FROM jobs") == 0


def test_a_machine_with_other_secrets_does_not_start(
    tmp_path: Path,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    round_file = str(REPO / "examples" / "demo.toml")

    def run(*command: str, **secrets: str) -> int:
        settings = {"database_url": postgres_url, **SECRETS, **secrets}
        for name, value in settings.items():
            monkeypatch.setenv(f"BUURTSTEM_{name.upper()}", value)
        return main(command or ("round", "load", round_file))

    assert run() == 0
    for name in SECRETS:
        for value in ("something else altogether", ""):
            capsys.readouterr()
            assert run(**{name: value}) == 2
            (line,) = capsys.readouterr().err.splitlines()
            assert line.startswith(f"buurtstem: BUURTSTEM_{name.upper()}: is not the one")
            assert "altogether" not in line
    assert run("secrets", "accept", pepper="something else altogether") == 0
    assert run(pepper="something else altogether") == 0
    assert run() == 2
    assert not list(tmp_path.rglob("pepper"))
