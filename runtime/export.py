"""Makes an export: reads the round, writes the files, puts them where they should be."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from admin_export import build
from admin_export.build import Built, Say
from admin_export.dataset import Dataset, Link, collect
from admin_export.destinations import Destination
from civic.rounds import AMSTERDAM, Round
from runtime import config
from runtime.config import Settings
from storage import exports_made
from storage.db import Database
from storage.times import from_ms

WORK = "exporting"  # beside the database: files on their way, never in a folder that all may read


@dataclass(frozen=True, slots=True)
class Maker:
    """What every export needs: `key` makes the pseudonyms, `work` is for files on their way."""

    db: Database
    key: bytes
    link: Link
    work: Path

    def read(
        self, round_id: int, round_: Round, until: datetime, since: datetime | None
    ) -> Dataset:
        """What may leave of the round at `until`."""
        work = partial(
            collect,
            round_id=round_id,
            round_=round_,
            until=until,
            since=since,
            key=self.key,
            link=self.link,
        )
        return self.db.read(work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One export. `folder` below the destination, "" for the destination itself.

    With `since` only what changed from then on; with `changed_since` everything, and what
    changed in a folder of its own.
    """

    round_id: int
    round: Round
    until: datetime
    formats: Sequence[str]
    folder: str = ""
    week: str | None = None
    since: datetime | None = None
    changed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What was made; `new` is False when all of it was there already, byte for byte."""

    built: Built
    new: bool


def maker(settings: Settings, db: Database) -> Maker:
    """From the settings. Links to recordings and photos lead to the console."""
    base = f"{settings.public_url}/console"
    kinds = {"recording": "recordings", "photo": "photos"}

    def link(kind: str, row_id: int) -> str:
        return f"{base}/{kinds[kind]}/{row_id}"

    return Maker(db, pseudonym_key(settings), link, settings.folder / WORK)


def pseudonym_key(settings: Settings) -> bytes:
    """The key of the pseudonyms: as long as the application's own key stays, they stay."""
    secret = config.secret_key(settings).encode()
    return hmac.digest(secret, b"pseudonyms of exports", hashlib.sha256)


def make(maker: Maker, order: Order, destination: Destination, say: Say) -> Made:
    """Makes the files and puts them in their place, all of them or none.

    Raises `admin_export.destinations.DestinationError`.
    """
    say("reading the round")
    dataset = maker.read(order.round_id, order.round, order.until, order.since)
    with working_folder(maker.work) as folder:
        built = build.build(
            dataset,
            folder,
            order.formats,
            say,
            week=order.week,
            changed_since=order.changed_since,
        )
        say("putting the files in their place")
        return Made(built, destination.put(folder, order.folder))


def moment(conn: Connection, round_id: int) -> datetime:
    """Just after the latest change in the round: of the same rows, the same files are made."""
    return from_ms(exports_made.last_change(conn, round_id) + 1)


def named(round_: Round, until: datetime, since: datetime | None = None) -> str:
    """What the folder of an export by hand is called."""
    local = f"{until.astimezone(AMSTERDAM):%Y-%m-%d-%H%M%S}"
    after = f"-since-{since.astimezone(AMSTERDAM):%Y-%m-%d}" if since else ""
    return f"{round_.id}-{local}{after}"


@contextlib.contextmanager
def working_folder(work: Path) -> Iterator[Path]:
    """An empty folder of our own that is gone afterwards.

    What killed processes left is removed first: a folder is somebody's as long as it is locked.
    """
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        with _locked(work / "lock"):
            for left in work.iterdir():
                _remove_if_left(left)
            own = Path(tempfile.mkdtemp(dir=work))
            held.enter_context(_locked(own / "lock"))
        (own / "files").mkdir()
        try:
            yield own / "files"
        finally:
            shutil.rmtree(own, ignore_errors=True)


def _remove_if_left(folder: Path) -> None:
    """A file that is no folder of anybody's, or a folder that is locked, stays."""
    with contextlib.suppress(OSError), _locked(folder / "lock", fcntl.LOCK_NB):
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path, how: int = 0) -> Iterator[None]:
    """Ours until the end, also that of the process. Raises BlockingIOError if told not to wait."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | how)
        yield


def nobody(line: str) -> None:
    """Says nothing, to nobody."""
