"""A town whose servers die: real `buurtstem` processes on one database, and residents who write.

A resident writes on Telegram as Telegram delivers: the next message once the one before was
answered with 200, the same one again as long as it was not. What they wrote must be there in the
end, once and in order, and so must every answer, as long as the provider can tell what it took.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, text
from twilio.request_validator import RequestValidator

from bot.channels.telegram import webhook_secret
from storage.db import Database
from tests.faults.provider import TOKEN, Provider, doubled
from tests.seed import sow
from tests.server import REPO

PATIENCE = 120.0  # seconds after which something is lost for good
KEY = "a key of some length for the tests"
PEPPER = "a pepper of some length for the tests"
SECRET = {"X-Telegram-Bot-Api-Secret-Token": webhook_secret(KEY)}
DYING = Path(__file__).with_name("dying.py")
DEMO = str(REPO / "examples" / "demo.toml")
NO_TLS = ssl.create_default_context()
PUBLIC = "https://stem.example"
SID, AUTH = "AC" + "5" * 32, "a synthetic auth token"
WHATSAPP, SMS = "whatsapp:+3197010000001", "+3197010000002"
MESSAGES = "/webhooks/twilio/messages"
SIGNER = RequestValidator(AUTH)
WITH_WORDS = """body NOT LIKE '{"text": ""%'"""  # not a sound by itself
LINES = (
    "hoi", "Nederlands", "ja, dat mag", "1", "Ik wil een bank bij de speeltuin voor ouders",
    "klopt", "goed", "groen", "Lindebuurt", "500", "geen foto", "samen", "nee", "insturen",
)  # fmt: skip


def until(ready: Callable[[], Any], patience: float = PATIENCE, pause: float = 0.05) -> Any:
    """What `ready` returns once that is something; fails when it never is."""
    deadline = time.monotonic() + patience
    while not (found := ready()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(pause)
    return found


@dataclass
class Process:
    """One `buurtstem` command that can be started, killed and started again.

    `before` is what its command line begins with, such as `ip netns exec NAME`.
    """

    folder: Path
    command: tuple[str, ...]
    environment: dict[str, str]
    port: int = 0
    host: str = "127.0.0.1"
    before: tuple[str, ...] = ()
    running: subprocess.Popen[bytes] | None = None
    hurry: bool = True

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.command[0]}-{self.port}.log"

    def start(self, **how: Any) -> Process:
        """`how`: see tests/faults/dying.py. Does not wait until it answers."""
        where = ["--host", self.host, "--port", str(self.port)] if self.port else []
        asked = json.dumps({"hurry": self.hurry, **how})
        sow(self.folder)
        line = [*self.before, sys.executable, str(DYING), asked, *self.command, *where]
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                line, cwd=self.folder, env=self.environment, stdout=log, stderr=log
            )
        return self

    def answers(self) -> bool:
        try:
            return httpx.get(self.url + "/healthz", verify=NO_TLS).status_code == 200
        except httpx.TransportError:
            assert self.running is not None
            assert self.running.poll() is None, self.log.read_text()
            return False

    def wait(self) -> Process:
        until(self.answers)
        return self

    def kill(self) -> None:
        """kill -9; nothing when it is dead already."""
        if self.running is not None:
            self.running.kill()
            self.running.wait()

    def dies(self) -> None:
        """Waits until it has died by itself, as it was told to."""
        assert self.running is not None
        until(lambda: self.running and self.running.poll() is not None)
        assert self.running.returncode == -signal.SIGKILL, self.log.read_text()

    def stop(self) -> None:
        """Ends it in order, and says so if it does not."""
        assert self.running is not None
        self.running.terminate()
        assert self.running.wait(60) in (0, -signal.SIGTERM), self.log.read_text()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@dataclass
class Town:
    """`jobs` is `BUURTSTEM_JOBS`, "" for what is the default."""

    folder: Path
    database_url: str
    provider: Provider
    jobs: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    hurry: bool = True

    @property
    def environment(self) -> dict[str, str]:
        settings = {
            "database_url": self.database_url,
            "media_url": f"file://{self.folder}/media",
            "secret_key": KEY,
            "pepper": PEPPER,
            "telegram_token": TOKEN,
            "telegram_api_url": self.provider.url,
            **({"jobs": self.jobs} if self.jobs else {}),
            **self.settings,
        }
        return {
            **{name: value for name, value in os.environ.items() if "BUURTSTEM" not in name},
            "PYTHONPATH": str(REPO),
            **{f"BUURTSTEM_{name.upper()}": value for name, value in settings.items()},
        }

    def web(self, *options: str, host: str = "127.0.0.1", **more: Any) -> Process:
        """A web process; `serve` also sends, unless its options say otherwise."""
        port = free_port()
        return self._add(Process(self.folder, ("serve", *options), {}, port, host, **more))

    def worker(self, *options: str, **more: Any) -> Process:
        return self._add(Process(self.folder, ("worker", *options), {}, **more))

    def _add(self, process: Process) -> Process:
        process.environment, process.hurry = self.environment, self.hurry
        self.processes.append(process)
        return process

    def load(self, file: str = DEMO) -> None:
        """The tables and the round, before anybody starts."""
        from runtime import wiring
        from runtime.round_file import load_round

        db = Database.open(self.database_url)
        db.migrate()
        wiring.save_round(db, load_round(Path(file)))
        db.close()

    def close(self) -> None:
        for process in self.processes:
            process.kill()

    @contextmanager
    def database(self) -> Iterator[Database]:
        db = Database.open(self.database_url, pool=2)
        try:
            yield db
        finally:
            db.close()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.database() as db:
            return db.read(lambda conn: [tuple(row) for row in conn.execute(text(sql))])

    def count(self, sql: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {sql}")[0][0])

    def settled(self) -> bool:
        """Whether nothing is left to be done."""
        return not (
            self.count("outbox WHERE state IN ('queued', 'sending')")
            or self.count("inbox WHERE state <> 'done'")
        )


def update(person: int, n: int, content: dict[str, Any]) -> dict[str, Any]:
    """What Telegram sends for the n-th act of a person; the same again is the same."""
    user = {"id": person, "is_bot": False, "first_name": "Fatma", "language_code": "nl"}
    chat = {"id": person, "type": "private", "first_name": "Fatma"}
    message = {"message_id": n + 1, "date": 1, "chat": chat, "from": user, **content}
    return {"update_id": person * 1000 + n, "message": message}


def said(person: int, n: int, words: str) -> dict[str, Any]:
    return update(person, n, {"text": words})


def voice(person: int, n: int, file: str, size: int) -> dict[str, Any]:
    about = {"file_id": file, "file_unique_id": file, "duration": 3, "mime_type": "audio/ogg"}
    return update(person, n, {"voice": {**about, "file_size": size}})


def twilio(provider: Provider) -> dict[str, str]:
    """The settings of an account at Twilio, without their prefix."""
    return {
        "twilio_account_sid": SID,
        "twilio_auth_token": AUTH,
        "twilio_api_url": provider.url,
        "twilio_whatsapp_from": WHATSAPP,
        "twilio_sms_from": SMS,
        "public_url": PUBLIC,
    }


def signed(path: str, form: dict[str, str], *, genuine: bool = True) -> dict[str, str]:
    """The headers of a webhook of Twilio's; `path` with its query."""
    signature = SIGNER.compute_signature(PUBLIC + path, form)
    return {"X-Twilio-Signature": signature if genuine else "forged"}


def written(who: str, n: int, words: str) -> dict[str, str]:
    """What Twilio sends for the n-th message from this address; the same again is the same."""
    to = WHATSAPP if who.startswith("whatsapp:") else SMS
    return {"MessageSid": f"SM{who[-4:]}{n:028x}", "From": who, "To": to, "Body": words}


def post(web: Process, who: str, n: int, words: str) -> int:
    """A message of somebody on Telegram (digits), WhatsApp or SMS; the status of the answer."""
    if who.isdecimal():
        url, body = web.url + "/webhooks/telegram", said(int(who), n, words)
        return httpx.post(url, json=body, headers=SECRET, timeout=60, verify=NO_TLS).status_code
    form = written(who, n, words)
    headers = signed(MESSAGES, form)
    answer = httpx.post(web.url + MESSAGES, data=form, headers=headers, timeout=60, verify=NO_TLS)
    return answer.status_code


class Crowd:
    """Residents 1001 and on, each with a dialogue, on whichever web process answers.

    `acknowledged` are the messages that got their 200, as (person, n).
    """

    def __init__(self, webs: Sequence[Process], chance: random.Random, pause: float = 0.0) -> None:
        self._webs, self._chance, self._pause = webs, chance, pause
        self.acknowledged: list[tuple[int, int]] = []
        self.repeated = self.refused = 0

    async def write(self, people: int, lines: Sequence[str] = LINES, at_once: int = 40) -> None:
        room = asyncio.Semaphore(at_once)

        async def one(person: int) -> None:
            async with room, httpx.AsyncClient(timeout=15, verify=NO_TLS) as client:
                for n, words in enumerate(lines):
                    await self.post(client, said(person, n, words))
                    self.acknowledged.append((person, n))
                    await asyncio.sleep(self._pause * self._chance.random())

        await asyncio.gather(*(one(1001 + n) for n in range(people)))

    async def post(self, client: httpx.AsyncClient, what: dict[str, Any]) -> None:
        """Delivers an update as Telegram does: again, until it is taken; now and then twice."""
        while True:
            url = self._chance.choice(self._webs).url + "/webhooks/telegram"
            try:
                answer = await client.post(url, json=what, headers=SECRET)
            except httpx.TransportError:
                self.repeated += 1
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == 200:
                if self._chance.random() < 0.9:
                    return
                continue  # the answer was lost on the way to them
            assert answer.status_code >= 500, answer.text
            self.refused += 1
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Found:
    """What is in the database and at the provider when all is over."""

    lost: int
    doubled_effects: int
    doubled_sends: int
    disorder: int
    unknown: int  # answers of which nobody can tell whether they arrived
    missing: int  # of those, the ones that did not
    late: int  # people with one of those that came after what was said later

    @property
    def is_well(self) -> bool:
        return not (self.lost or self.doubled_effects or self.disorder)


def examine(town: Town, people: int, lines: Sequence[str] = LINES) -> Found:
    """Counts what is missing, twice, or out of order."""
    with town.database() as db:
        return db.read(lambda conn: _examine(conn, town.provider, people, len(lines)))


def _examine(conn: Connection, provider: Provider, people: int, lines: int) -> Found:
    def rows(sql: str) -> list[Any]:
        return list(conn.execute(text(sql)))

    inbox = Counter(r[0] for r in rows("SELECT person_id FROM inbox WHERE state = 'done'"))
    plans = Counter(r[0] for r in rows("SELECT initiator FROM plans"))
    steps = Counter(r[0] for r in rows("SELECT plan_id FROM plan_history"))
    said: dict[str, list[str]] = {}  # a sound by itself is ""
    doubtful: dict[str, set[str]] = {}
    states: Counter[str] = Counter()
    for address, body, state in rows("SELECT address, body, state FROM outbox ORDER BY id"):
        words = str(json.loads(body)["text"]) if body else ""
        said.setdefault(address, []).append(words)
        doubtful.setdefault(address, set()).update({words} if state == "unknown" else ())
        states[state] += bool(words)
    told = {to: [words for words in all_ if words] for to, all_ in said.items()}
    arrived = {to: provider.texts(to) for to in said}
    lost = people * lines - sum(min(found, lines) for found in inbox.values())
    lost += people - len(plans) + sum(max(0, lines - len(words)) for words in told.values())
    twice = sum(n - 1 for n in plans.values()) + sum(n - 1 for n in steps.values())
    twice += sum(max(0, len(words) - lines) for words in told.values())
    twice += abs(len(said) - people) + abs(len(inbox) - people)
    alike = {_plain(words) for words in told.values()}
    sure = {to: [words for words in arrived[to] if words not in doubtful[to]] for to in said}
    disorder = sum(not _in_order(sure[to], told[to]) for to in said)
    return Found(
        lost=lost + states["failed"] + states["queued"] + states["sending"] + states["waiting"],
        doubled_effects=twice,
        doubled_sends=doubled(provider.taken, told),
        disorder=disorder + len(alike) - 1,
        unknown=states["unknown"],
        missing=sum(_missing(arrived[to], told[to]) for to in said),
        late=sum(not _in_order(arrived[to], told[to]) for to in said) - disorder,
    )


def _plain(words: list[str]) -> tuple[str, ...]:
    """What everybody was told alike: the number of a plan is one's own."""
    return tuple(re.sub(r"\d+", "#", each) for each in words)


def _in_order(arrived: list[str], said: list[str]) -> bool:
    """Whether what arrived came in the order in which it was said; some may be missing."""
    firsts = iter(said)
    return all(each in firsts for each in dict.fromkeys(arrived))


def _missing(arrived: list[str], said: list[str]) -> int:
    return (Counter(said) - Counter(arrived)).total()
