"""Some hundreds of residents who vote through the whole system, and who of them had which code.

Only these tests know it: the system is to hold nothing from which it could be told.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

from bot.messages import Outbound
from civic.receipts import LENGTH, SIGNS
from civic.stempas import credential
from runtime.replay.crowd import Crowd, Voter, letter_of, voters
from runtime.replay.election import Wanted, open_election, read
from runtime.replay.phone import Phones
from runtime.replay.resident import Resident
from runtime.replay.run import _Own, open_empty
from runtime.wiring import System, build

VOTERS = 260
PLANS = 12
TITLE = "Kersenbloesem voor straat {}"
SEIZED_EVERY = 3.0  # seconds between two copies of SQLite's files while the vote runs


def election(folder: Path) -> Path:
    """A file of Pabulib with so many voters, made up."""
    chance = Random(20191015)
    plans = [f"{n};{chance.randrange(1, 30) * 500};{TITLE.format(n)}" for n in range(1, PLANS + 1)]
    votes = [
        f"v{n};{','.join(str(p) for p in chance.sample(range(1, PLANS + 1), chance.randint(3, 7)))}"
        for n in range(VOTERS)
    ]
    meta = ["num_projects;" + str(PLANS), f"num_votes;{VOTERS}", "budget;60000"]
    meta += ["vote_type;approval", "rule;greedy-no-skip", "description;Buurt", "unit;Stad"]
    parts = ["META", "key;value", *meta, "PROJECTS", "project_id;cost;name", *plans]
    path = folder / "made-up.pb"
    path.write_text("\n".join([*parts, "VOTES", "voter_id;vote", *votes, ""]), "utf-8")
    return path


@dataclass
class Heard(Phones):
    """All phones; what was said on them stays here, to be looked for elsewhere."""

    receipts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    async def send(self, address: str, message: Outbound, sound: bytes | None) -> str:
        if sum(sign in SIGNS.values() for sign in message.text) == LENGTH:
            self.receipts.append(message.text)
        return await super().send(address, message, sound)


class Known(Crowd):
    """Notes which codes were used at which address."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.codes_at: dict[str, list[str]] = {}

    async def _one(self, resident: Resident, voter: Voter) -> None:
        self.codes_at.setdefault(resident._phone.address, []).append(voter.code)
        await super()._one(resident, voter)


@dataclass
class Voted:
    """All that these tests know of a vote that was just held, with the system still running."""

    system: System
    round_id: int
    folder: Path  # the database's, if it is a file
    seized: Path  # copies of its files, made while the vote ran
    log: Path
    codes: list[str]
    ballots: list[list[int]]
    receipts: list[str]
    credential_at: dict[str, str]  # by address, where one code was used


@asynccontextmanager
async def voted(folder: Path, url: str) -> AsyncIterator[Voted]:
    """Everybody votes."""
    file = read(election(folder))
    pepper = secrets.token_urlsafe(32)
    own = folder / "own"
    own.mkdir()
    settings = _Own(
        database_url=url or f"sqlite:///{own}/town.db",
        media_url=f"file://{own}/media",
        pepper=SecretStr(pepper),
        beside=own,
    )
    phones = Heard()
    with _logging(folder / "all.log"):
        system = build(settings, open_empty(settings), simulator=phones)
        opened = open_election(
            system.db, file, Wanted(3, 2, pepper.encode(), folder), lambda line: None
        )
        crowd = Known(system, phones, letter_of(file), 7, lambda line: None)
        await system.start()
        seizing = asyncio.create_task(_seize(own, folder / "seized"))
        result = await crowd.vote(everybody := voters(file, opened, Random(7)))
        seizing.cancel()
        assert (result.cast, result.lost) == (VOTERS, {})
        yield Voted(
            system,
            opened.round_id,
            own,
            folder / "seized",
            folder / "all.log",
            [voter.code for voter in everybody],
            [[number for number, _ in voter.ballot.choices] for voter in everybody],
            phones.receipts,
            {
                address: credential(pepper.encode(), "replay", codes[0])
                for address, codes in crowd.codes_at.items()
                if len(codes) == 1
            },
        )
        await system.stop()


class _logging:
    """All that anybody logs, however unimportant, into a file."""

    def __init__(self, path: Path) -> None:
        self._handler = logging.FileHandler(path, encoding="utf-8")

    def __enter__(self) -> None:
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.DEBUG)
        root.addHandler(self._handler)

    def __exit__(self, *_: object) -> None:
        root = logging.getLogger()
        root.setLevel(self._level)
        root.removeHandler(self._handler)
        self._handler.close()


async def _seize(own: Path, into: Path) -> None:
    """Copies the files now and then, as somebody might who gets hold of the machine."""
    into.mkdir()  # noqa: ASYNC240, nobody waits for it
    for n in range(1000):
        await asyncio.sleep(SEIZED_EVERY)
        for path in own.glob("town.db*"):  # noqa: ASYNC240
            with suppress(OSError):
                shutil.copy(path, into / f"{n}-{path.name}")


def postgres_files(system: System, since: float) -> list[Path]:
    """The files of this database and the log of all, as far as written since then."""
    run: Callable[[str], Any] = lambda query: system.db.read(  # noqa: E731
        lambda conn: conn.scalar(text(query))
    )
    data = Path(run("SELECT setting FROM pg_settings WHERE name = 'data_directory'"))
    oid = run("SELECT oid FROM pg_database WHERE datname = current_database()")
    files = [*(data / "base" / str(oid)).iterdir(), *(data / "pg_wal").iterdir()]
    files += data.glob("*log*")
    return [path for path in files if path.is_file() and path.stat().st_mtime >= since - 1]
