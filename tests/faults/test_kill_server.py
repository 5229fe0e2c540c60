"""kill -9 of the server, again and again, while 200 residents send in a plan.

A resident is a real HTTP client of the simulator's interface: it sends each message under
one id until the server has taken it, and waits for the answer before the next one. After
all that every plan is there once, and every answer was said once.
"""

from __future__ import annotations

import asyncio
import random
import re
import ssl
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, text

from storage.db import Database
from tests.server import REPO, Server

RESIDENTS = 200
KILLS = 6
SEED = 20190611
PATIENCE = 240.0
DIALOGUE = (
    "hoi", "Nederlands", "ja, dat mag", "1", "Ik wil een bank bij de speeltuin voor ouders",
    "klopt", "goed", "groen", "Lindebuurt", "500", "geen foto", "samen", "nee", "insturen",
)  # fmt: skip
NO_TLS = ssl.create_default_context()
NUMBER = re.compile(r"nummer (\d+)")


async def insistent(call: Any) -> httpx.Response:
    """The answer of a server that may be gone for a while."""
    while True:
        try:
            answer: httpx.Response = await call()
            if answer.status_code == 200:
                return answer
            assert answer.status_code >= 500, answer.text
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)


async def resident(url: str, name: str, heard: dict[str, list[str]]) -> None:
    # A client each: one pool of 200 connections spends its time on looking through them.
    async with httpx.AsyncClient(base_url=url, timeout=30, verify=NO_TLS) as client:
        await talk(client, name, heard)


async def talk(client: httpx.AsyncClient, name: str, heard: dict[str, list[str]]) -> None:
    last = 0
    for line in DIALOGUE:
        message = {"as": name, "channel": "telegram", "text": line, "id": str(uuid.uuid4())}
        await insistent(lambda m=message: client.post("/simulator/api/messages", json=m))
        if random.random() < 0.1:  # a client that did not see the answer sends again
            await insistent(lambda m=message: client.post("/simulator/api/messages", json=m))
        news: list[dict[str, Any]] = []
        while not news:
            where = {"as": name, "channel": "telegram", "after": last}
            answer = await insistent(
                lambda w=where: client.get("/simulator/api/messages", params=w)
            )
            news = answer.json()
        last = news[-1]["id"]
        heard[name] += [item["text"] for item in news]


async def town(server: Server) -> dict[str, list[str]]:
    rng = random.Random(SEED)
    heard: dict[str, list[str]] = {f"r{n}": [] for n in range(RESIDENTS)}
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        everybody = asyncio.gather(*(resident(server.url, name, heard) for name in heard))
        for _ in range(KILLS):
            await asyncio.sleep(rng.uniform(0.5, 2.5))
            server.kill()
            await asyncio.sleep(rng.uniform(0, 0.3))
            server.start(wait=False)
            # long enough to be serving again, short enough to be killed at work
            await insistent(lambda: client.get("/healthz"))
        await asyncio.wait_for(everybody, PATIENCE)
    return heard


@pytest.mark.slow
def test_every_plan_once_and_every_answer_said(tmp_path: Path) -> None:
    server = Server(tmp_path, round_file=str(REPO / "examples" / "demo.toml"))
    server.start()
    try:
        heard = asyncio.run(town(server))
    finally:
        assert server.stop() == 0
    numbers = [n for said in heard.values() for n in NUMBER.findall("\n".join(said))]
    assert sorted(map(int, numbers)) == list(range(1, RESIDENTS + 1))
    assert {len(said) for said in heard.values()} == {len(DIALOGUE)}
    db = Database.open(f"sqlite:///{tmp_path}/town.db")
    try:
        db.read(_all_is_well)
    finally:
        db.close()


def _all_is_well(conn: Connection) -> None:
    def count(sql: str) -> int:
        return int(conn.execute(text(sql)).scalar_one())

    assert count("SELECT count(*) FROM plans") == RESIDENTS
    assert count("SELECT count(DISTINCT initiator) FROM plans") == RESIDENTS
    assert count("SELECT count(*) FROM inbox") == RESIDENTS * len(DIALOGUE)
    assert count("SELECT count(*) FROM inbox WHERE state <> 'done'") == 0
    assert count("SELECT count(*) FROM outbox WHERE state <> 'sent'") == 0
    assert count("SELECT count(*) FROM jobs WHERE state = 'dead'") == 0
