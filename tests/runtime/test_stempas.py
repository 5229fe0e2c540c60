"""Issuing passes and making them void, on both databases and real files."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyrage
import pytest
from sqlalchemy import insert, select

from civic.rounds import Model
from civic.stempas import credential, in_threes, is_right, new_codes, with_check
from runtime import once, stempas
from runtime.round_file import load_round
from runtime.stempas import Order, StempasError
from storage import chain, elections, rounds, stempassen
from storage.db import Database
from storage.schema import metadata
from storage.vote_tables import envelopes
from storage.vote_tables import stempassen as rows

REPO = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("stempas_worker.py")
PEPPER = b"p" * 32


def pepper() -> bytes:
    return PEPPER


def silent(line: str) -> None:
    pass


@pytest.fixture
def order(db: Database, tmp_path: Path) -> Order:
    """An order in the sample round, which is active."""
    round_ = load_round(REPO / "examples" / "demo.toml")
    db.call(lambda conn: rounds.save_round(conn, round_, 1))
    return Order("lindebuurt", "resident", "internet", 20, tmp_path / "codes.csv")


def issue(db: Database, order: Order) -> str:
    return stempas.issue(db, pepper, order, silent)


def void(db: Database, *written: str) -> str:
    return stempas.void(db, pepper, written)


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


def codes(order: Order) -> list[str]:
    return [row["code"] for row in read(order.out.read_bytes())]


def mine(code: str) -> str:
    return credential(PEPPER, "demo", code.replace(" ", ""))


def links(db: Database) -> list[chain.Link]:
    found = db.read(lambda conn: chain.links(conn, 1))
    assert chain.verify(found) is None
    return found


def find(db: Database, code: str) -> stempassen.Pass | None:
    return db.read(lambda conn: stempassen.find(conn, 1, mine(code)))


def count(db: Database) -> int:
    return db.read(lambda conn: stempassen.issued(conn, 1))


# --- issuing ------------------------------------------------------------------------------------


def test_the_file_has_each_code_and_the_database_its_hmac(db: Database, order: Order) -> None:
    said = issue(db, order)
    found = read(order.out.read_bytes())
    assert order.out.read_text().splitlines()[0] == "code,area,kind,batch"
    assert (len(found), count(db)) == (20, 20)
    (batch,) = db.read(lambda conn: stempassen.batches(conn, 1))
    assert (batch.count, batch.digits, batch.channel) == (20, 12, "internet")
    for row in found:
        code = row["code"].replace(" ", "")
        assert is_right(code)
        assert row == {
            "code": in_threes(code),
            "area": "lindebuurt",
            "kind": "resident",
            "batch": str(batch.id),
        }
        assert find(db, code) == stempassen.Pass(
            "lindebuurt", "resident", "internet", voided=False, used=False, batch=batch.id
        )
    assert said == f"batch {batch.id}: 20 passes for lindebuurt, codes in {order.out}"


def test_the_chain_tells_what_was_issued(db: Database, order: Order) -> None:
    issue(db, replace(order, kind="entrepreneur", channel="paper"))
    (link,) = links(db)
    stored = db.read(lambda conn: conn.scalars(select(rows.c.credential)).all())
    assert (link.kind, dict(link.facts)) == (
        "issued",
        {
            "batch": db.read(lambda conn: stempassen.batches(conn, 1))[0].id,
            "area": "lindebuurt",
            "kind": "entrepreneur",
            "channel": "paper",
            "count": 20,
            "digits": 12,
            "sha256": hashlib.sha256(order.out.read_bytes()).hexdigest(),
            "credentials": hashlib.sha256("\n".join(sorted(stored)).encode()).hexdigest(),
        },
    )


def test_only_its_owner_may_read_the_file_and_nothing_else_is_left(
    db: Database, order: Order
) -> None:
    before = set(order.out.parent.iterdir())
    issue(db, order)
    assert stat.S_IMODE(order.out.stat().st_mode) == 0o600
    left = {path for path in set(order.out.parent.iterdir()) - before if "test.db" not in path.name}
    assert left == {order.out}


def everything(db: Database) -> str:
    tables = metadata.sorted_tables
    return repr([db.read(lambda conn, t=t: conn.execute(select(t)).all()) for t in tables])


def test_no_code_is_in_the_database_or_the_log(
    db: Database, order: Order, caplog: pytest.LogCaptureFixture, capsys: Any, tmp_path: Path
) -> None:
    caplog.set_level(0)
    issue(db, order)
    void(db, *codes(order)[:3])
    out, err = capsys.readouterr()
    left = everything(db) + caplog.text + out + err
    files = b"".join(path.read_bytes() for path in tmp_path.glob("test.db*"))
    for code in codes(order):
        for form in (code, code.replace(" ", "")):
            assert form not in left
            assert form.encode() not in files


def test_encrypted_to_the_printer(db: Database, order: Order) -> None:
    printer, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    issue(db, replace(order, key=str(printer.to_public())))
    data = order.out.read_bytes()
    assert b"lindebuurt" not in data
    assert len(read(pyrage.decrypt(data, [printer]))) == 20
    assert links(db)[0].facts["sha256"] == hashlib.sha256(data).hexdigest()
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(data, [other])


def test_encrypted_to_a_key_of_ssh(db: Database, order: Order, tmp_path: Path) -> None:
    key = tmp_path / "id"
    made = subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=False)
    if made.returncode:
        pytest.skip("needs ssh-keygen")
    issue(db, replace(order, key=key.with_suffix(".pub").read_text()))
    identity = pyrage.ssh.Identity.from_buffer(key.read_bytes())
    assert len(read(pyrage.decrypt(order.out.read_bytes(), [identity]))) == 20


def test_more_passes_have_longer_codes(db: Database, order: Order) -> None:
    issue(db, replace(order, count=10_000))
    assert {len(code.replace(" ", "")) for code in codes(order)} == {12}
    second = replace(order, count=1, out=order.out.with_name("second.csv"))
    issue(db, second)
    assert {len(code.replace(" ", "")) for code in codes(second)} == {13}


def test_codes_that_were_issued_before_are_drawn_again(db: Database, order: Order) -> None:
    """Of the hundred codes of four digits sixty are gone: the other forty come out."""
    active = db.read(rounds.active)
    assert active
    everyone = {mine(code): code for code in new_codes(100, 2)}
    gone = list(everyone)[:60]
    facts = {"area": "a", "kind": "resident", "channel": "paper", "digits": 4, "now_ms": 1}
    db.call(lambda conn: stempassen.issue(conn, 1, credentials=gone, **facts))
    drawn = stempas._draw(db, active, PEPPER, 40, 2)
    assert drawn == {key: everyone[key] for key in list(everyone)[60:]}


def test_a_code_that_somebody_else_issues_meanwhile(db: Database, order: Order) -> None:
    """The file is laid beside, then another process issues one of its codes."""
    taken: list[str] = []

    def tell(line: str) -> None:
        if line.endswith("written") and not taken:
            code = read(once.beside(order.out).read_bytes())[0]["code"]
            taken.append(code)
            facts = {"area": "a", "kind": "resident", "channel": "paper", "digits": 12}
            facts |= {"credentials": [mine(code)], "now_ms": 1}
            db.call(lambda conn: stempassen.issue(conn, 1, **facts))

    stempas.issue(db, pepper, order, tell)
    assert taken[0] not in codes(order)
    assert all(find(db, code) for code in codes(order))
    assert (count(db), len(links(db))) == (21, 1)


def test_several_at_once(db: Database, database_url: str, order: Order) -> None:
    other = Database.open(database_url)
    orders = [replace(order, out=order.out.with_name(f"{n}.csv")) for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(issue, [db, other] * 3, orders))
    other.close()
    assert len(set(said)) == 6
    assert len({code for each in orders for code in codes(each)}) == count(db) == 120
    assert len(links(db)) == 6


def test_several_at_once_to_the_same_file(db: Database, database_url: str, order: Order) -> None:
    """One issues, the others are refused; what is in the file is what was issued."""

    def try_(each: Database) -> str:
        try:
            return issue(each, order)
        except StempasError as error:
            return str(error)

    other = Database.open(database_url)
    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(try_, [db, other] * 3))
    other.close()
    issued = [line for line in said if ": 20 passes" in line]
    assert len(issued) == count(db) // 20 == len(links(db)) == 1
    assert all(find(db, code) for code in codes(order))


BAD_ORDERS: list[tuple[str, dict[str, Any]]] = [
    ("nowhere", {"area": "nowhere"}),
    ("no such folder", {"out": Path("/nowhere/codes.csv")}),
    ("--key", {"key": "age1nonsense"}),
    ("--key", {"key": "ssh-ed25519 nonsense"}),
    ("--count", {"count": 10**8 + 1}),
    ("cannot be written", {"out": Path("/proc/codes.csv")}),
]


@pytest.mark.parametrize(("why", "changes"), BAD_ORDERS)
def test_what_is_wrong_changes_nothing(
    db: Database, order: Order, why: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(StempasError, match=why):
        issue(db, replace(order, **changes))
    assert (count(db), links(db), order.out.exists()) == (0, [], False)


def test_a_file_that_is_there_stays(db: Database, order: Order) -> None:
    order.out.write_text("precious")
    with pytest.raises(StempasError, match="never overwritten"):
        issue(db, order)
    assert (order.out.read_text(), count(db)) == ("precious", 0)


def test_a_file_that_appears_meanwhile_stays_and_no_code_is_lost(
    db: Database, order: Order
) -> None:
    def tell(line: str) -> None:
        if line.endswith("stored"):
            order.out.write_text("precious")

    with pytest.raises(StempasError, match=r"codes\.csv\.part"):
        stempas.issue(db, pepper, order, tell)
    assert order.out.read_text() == "precious"
    order.out.unlink()
    assert "20 codes" in issue(db, order)
    assert (count(db), len(codes(order))) == (20, 20)


def test_nobody_votes_where_a_platform_decides(db: Database, order: Order) -> None:
    round_ = load_round(REPO / "examples" / "demo.toml")
    area = replace(round_.areas[0], model=Model.PLATFORM_DECIDES)
    changed = replace(round_, areas=(area, *round_.areas[1:]))
    db.call(lambda conn: rounds.save_round(conn, changed, 2))
    with pytest.raises(StempasError, match="waterkant"):
        issue(db, order)


def test_without_a_round(db: Database, tmp_path: Path) -> None:
    with pytest.raises(StempasError, match="round load"):
        issue(db, Order("x", "resident", "internet", 1, tmp_path / "x"))
    with pytest.raises(StempasError, match="round load"):
        void(db, with_check("4829130756"))


# --- what a crash leaves ------------------------------------------------------------------------


def crash(url: str, order: Order, stage: str) -> None:
    done = subprocess.run(
        [sys.executable, str(WORKER), url, str(order.out), stage],
        env={**os.environ, "PYTHONPATH": str(REPO)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 9


def test_a_crash_before_the_file(db: Database, database_url: str, order: Order) -> None:
    crash(database_url, order, "drawn")
    assert not once.beside(order.out).exists()
    assert issue(db, order)
    assert count(db) == 20


def test_a_crash_between_file_and_database(db: Database, database_url: str, order: Order) -> None:
    """Codes that were never issued, and it says so; once they are gone all is well."""
    crash(database_url, order, "written")
    part = once.beside(order.out)
    assert not order.out.exists()
    assert (len(read(part.read_bytes())), count(db), links(db)) == (50, 0, [])
    with pytest.raises(StempasError, match=r"codes\.csv\.part.*delete it"):
        issue(db, order)
    part.unlink()
    issue(db, order)
    assert (count(db), len(codes(order))) == (20, 20)


def test_a_crash_between_database_and_name(db: Database, database_url: str, order: Order) -> None:
    """The passes are issued and their codes safe: the next issue finishes it."""
    crash(database_url, order, "stored")
    assert not order.out.exists()
    assert count(db) == 50
    said = issue(db, order)
    assert "50 codes" in said
    assert "Nothing else was issued" in said
    assert not once.beside(order.out).exists()
    assert (count(db), len(links(db))) == (50, 1)
    assert all(find(db, code) for code in codes(order))


def test_a_crash_between_its_two_names(db: Database, order: Order) -> None:
    """What it had already is not left behind under another name."""
    issue(db, order)
    os.link(order.out, once.beside(order.out))
    assert "Nothing else was issued" in issue(db, order)
    assert (once.beside(order.out).exists(), count(db), len(codes(order))) == (False, 20, 20)


# --- making void --------------------------------------------------------------------------------


def cast(db: Database, *written: str) -> None:
    some = [{"round_id": 1, "credential": mine(code), "box": b"box"} for code in written]
    db.call(lambda conn: conn.execute(insert(envelopes), some))


def boxes(db: Database) -> set[str]:
    return set(db.read(lambda conn: conn.scalars(select(envelopes.c.credential)).all()))


def voided(db: Database) -> int:
    return sum(batch.voided for batch in db.read(lambda conn: stempassen.batches(conn, 1)))


def test_void_takes_the_envelope_along(db: Database, order: Order) -> None:
    issue(db, order)
    second = replace(order, count=2, out=order.out.with_name("second.csv"))
    issue(db, second)
    a, b, c, *_ = codes(order)
    (d, _) = codes(second)
    cast(db, a, b, c, d)
    said = void(db, a, b.replace(" ", ""), f"{d.replace(' ', '-')}\r\n")
    assert said == "3 void now"
    assert boxes(db) == {mine(c)}
    first, other = db.read(lambda conn: stempassen.batches(conn, 1))
    assert (first.voided, other.voided) == (2, 1)
    told = [(link.kind, dict(link.facts)) for link in links(db)[2:]]
    assert told == [
        ("voided", {"batch": first.id, "count": 2}),
        ("voided", {"batch": other.id, "count": 1}),
    ]


def test_void_twice_is_told_once(db: Database, order: Order) -> None:
    issue(db, order)
    a, b, *_ = codes(order)
    assert void(db, a, a) == "1 void now"
    assert void(db, a) == "0 void now, 1 had been before"
    assert void(db, b, a) == "1 void now, 1 had been before"
    assert [link.kind for link in links(db)] == ["issued", "voided", "voided"]


@pytest.mark.parametrize("bad", ["482 913 075 654", "12", "hello", "", "482913075653,zuid,1"])
def test_one_mistyped_code_and_none_is_void(db: Database, order: Order, bad: str) -> None:
    issue(db, order)
    some = codes(order)
    with pytest.raises(StempasError, match=r"^code 3 is mistyped") as caught:
        void(db, *some[:2], bad, some[3])
    assert (voided(db), len(links(db))) == (0, 1)
    assert "482" not in str(caught.value)


def test_one_unknown_code_and_none_is_void(db: Database, order: Order) -> None:
    issue(db, order)
    some = codes(order)
    cast(db, *some)
    unknown = next(code for code in new_codes(50, 10) if find(db, code) is None)
    with pytest.raises(StempasError, match=r"^code 3 was not issued") as caught:
        void(db, *some[:2], unknown)
    assert (voided(db), len(links(db)), len(boxes(db))) == (0, 1, 20)
    assert unknown not in str(caught.value)


def test_two_codes_in_one_line_are_not_half_read(db: Database, order: Order) -> None:
    issue(db, order)
    with pytest.raises(StempasError, match="code 1 is mistyped"):
        void(db, " ".join(codes(order)[:2]))
    assert voided(db) == 0


def test_nothing_to_make_void(db: Database, order: Order) -> None:
    with pytest.raises(StempasError, match="no code"):
        void(db)


def test_after_the_closing_nothing_changes_any_more(db: Database, order: Order) -> None:
    issue(db, order)
    db.call(lambda conn: elections.opened(conn, 1, "ab" * 32, 3, 2, 1))
    second = replace(order, out=order.out.with_name("second.csv"))
    issue(db, second)
    assert void(db, codes(order)[0]) == "1 void now"
    db.call(lambda conn: elections.close(conn, 1))
    with pytest.raises(StempasError, match="closed"):
        void(db, codes(order)[1])
    third = replace(order, out=order.out.with_name("third.csv"))
    with pytest.raises(StempasError, match="closed"):
        issue(db, third)
    assert not once.beside(third.out).exists()
    assert (voided(db), count(db)) == (1, 40)
