"""From a file to a published count: what `buurtstem replay` does."""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from pydantic import SecretStr

from runtime.config import Settings
from runtime.election import closing, counting
from runtime.election.folder import refuse_used
from runtime.replay import comparing
from runtime.replay.crowd import Crowd, Result, letter_of, voters
from runtime.replay.election import File, Opened, Wanted, direct, open_election, read, refuse_filled
from runtime.replay.phone import Phones
from runtime.wiring import System, build, open_database
from storage.db import UNREACHABLE, Database

SEED = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked. database: of an empty one, "" for a file of its own."""

    file: Path
    out: Path
    seed: int = SEED
    trustees: int = 5
    threshold: int = 3
    database: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it. seconds: of the casting is in `result`, of the count here."""

    result: Result
    counting: float
    differences: list[str]
    receipts_missing: int
    recounted: bool
    told: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Whether everybody could vote, and the published count is that of the file."""
        wrong = self.differences or self.receipts_missing or self.result.lost
        return self.recounted and not wrong


class _Own(Settings):
    """Settings of a system that is nobody's: nothing comes from the environment."""

    beside: Path = Path()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: Any, init_settings: Any, *others: Any, **named: Any
    ) -> tuple[Any, ...]:
        return (init_settings,)

    @property
    def folder(self) -> Path:
        return self.beside


def replay(plan: Plan) -> Replayed:
    """Casts and counts. Raises ValueError with one line when it was asked wrongly."""
    refuse_used(plan.out)
    file = read(plan.file)
    with tempfile.TemporaryDirectory(prefix="buurtstem-replay-") as name:
        folder = Path(name)
        pepper = secrets.token_urlsafe(32)
        settings = _Own(
            database_url=plan.database or f"sqlite:///{folder}/replay.db",
            media_url=f"file://{folder}/media",
            pepper=SecretStr(pepper),
            beside=folder,
        )
        phones = Phones()
        system = _system(settings, phones)
        try:
            wanted = Wanted(plan.trustees, plan.threshold, pepper.encode(), folder)
            opened = open_election(system.db, file, wanted, _tell)
            result = asyncio.run(_vote(system, phones, file, opened, plan.seed))
            seconds = _count(settings, opened, folder, plan.out)
        finally:
            system.db.close()
    return _compared(file, result, seconds, plan.out)


def _system(settings: Settings, phones: Phones) -> System:
    db = open_empty(settings)
    try:
        return build(settings, db, simulator=phones)
    except BaseException:
        db.close()
        raise


def open_empty(settings: Settings) -> Database:
    """The database, in which there was nothing. Raises ValueError when there was."""
    try:
        db = Database.open(settings.database_url)
    except UNREACHABLE:
        raise ValueError("--database: it cannot be opened") from None
    try:
        refuse_filled(db)
    except UNREACHABLE:
        db.close()
        raise ValueError("--database: it cannot be opened") from None
    except ValueError:
        db.close()
        raise
    db.migrate()
    return db


async def _vote(system: System, phones: Phones, file: File, opened: Opened, seed: int) -> Result:
    everybody = voters(file, opened, Random(seed))  # noqa: S311, not for security
    crowd = Crowd(system, phones, letter_of(file), seed, _tell)
    await system.start()
    try:
        return await crowd.vote(everybody)
    finally:
        await system.stop()


def _count(settings: Settings, opened: Opened, folder: Path, out: Path) -> float:
    """Closes and counts by what the commands do; seconds of the count."""
    db = open_database(settings)
    try:
        with redirect_stdout(sys.stderr):
            closing.close(db)
            began = time.perf_counter()
            counting.count(db, _share_files(opened, folder), out)
        return time.perf_counter() - began
    finally:
        db.close()


def _share_files(opened: Opened, folder: Path) -> list[Path]:
    paths = [folder / f"share-{n}" for n, _ in enumerate(opened.shares)]
    for path, words in zip(paths, opened.shares, strict=True):
        path.write_text(words)
    return paths


def _compared(file: File, result: Result, seconds: float, out: Path) -> Replayed:
    counted = direct(file)
    return Replayed(
        result,
        seconds,
        comparing.differences(file, counted, out),
        comparing.missing(result.receipts, out),
        comparing.recounts(out),
        tuple(comparing.as_the_file_says(file, counted)),
    )


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
