"""The chain: nothing in it can be changed unseen, and many may add to it at once."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from storage import chain
from storage.chain import Link
from storage.db import Database
from storage.tables import rounds

REPO = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("chain_worker.py")
STEPS: list[tuple[chain.Kind, dict[str, Any]]] = [
    ("opened", {"public_key": "ab" * 32, "threshold": 2}),
    ("issued", {"batch": 1, "count": 100, "area": "zuid"}),
    ("voided", {"batch": 1, "count": 2}),
    ("voided", {"batch": 1, "count": 2}),
    ("closed", {"boxes": 51, "weight": 0.5, "é": ["ü", None, True]}),
    ("tie", {"numbers": [3, 1]}),
    ("counted", {}),
]


@pytest.fixture
def round_id(db: Database) -> int:
    return new_round(db, "noord")


def new_round(db: Database, slug: str) -> int:
    row = {"slug": slug, "data": "{}", "active": False, "loaded_at": 0, "next_number": 1}
    add = insert(rounds).returning(rounds.c.id)
    number: int = db.call(lambda conn: conn.execute(add, row).scalar_one())
    return number


def append(db: Database, round_id: int, kind: chain.Kind, facts: dict[str, Any], at: int) -> Link:
    return db.call(lambda conn: chain.append(conn, round_id, kind, facts, at))


def links(db: Database, round_id: int) -> list[Link]:
    return db.read(lambda conn: chain.links(conn, round_id))


def fill(db: Database, round_id: int) -> list[Link]:
    return [append(db, round_id, kind, facts, 100 + n) for n, (kind, facts) in enumerate(STEPS)]


def test_each_link_holds_the_hash_of_the_one_before(db: Database, round_id: int) -> None:
    added = fill(db, round_id)
    assert links(db, round_id) == added
    assert [(link.seq, link.kind, link.facts) for link in added] == [
        (n, kind, facts) for n, (kind, facts) in enumerate(STEPS, 1)
    ]
    assert [link.previous for link in added] == ["", *(link.hash for link in added[:-1])]
    assert chain.verify(added) is None


def test_the_hash_is_as_documented(db: Database, round_id: int) -> None:
    link = append(db, round_id, "issued", {"b": "é", "a": [1, None]}, 7)
    text = '{"at":7,"facts":{"a":[1,null],"b":"é"},"kind":"issued","previous":"","seq":1}'
    assert link.hash == hashlib.sha256(text.encode()).hexdigest()


def test_rounds_have_chains_of_their_own(db: Database, round_id: int) -> None:
    other = new_round(db, "oost")
    fill(db, round_id)
    assert append(db, other, "issued", {}, 1).seq == 1
    assert len(links(db, round_id)) == len(STEPS)
    assert chain.verify(links(db, other)) is None
    assert chain.verify([]) is None


@pytest.mark.parametrize("facts", [{"x": float("nan")}, {"x": b"bytes"}, {"x": {1, 2}}])
def test_facts_that_are_no_json_are_refused(db: Database, round_id: int, facts: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        append(db, round_id, "issued", facts, 1)
    assert links(db, round_id) == []


def test_what_is_given_up_leaves_no_gap(db: Database, round_id: int) -> None:
    def half(conn: Any) -> None:
        chain.append(conn, round_id, "issued", {"lost": True}, 1)
        raise KeyError

    fill(db, round_id)
    with pytest.raises(KeyError):
        db.call(half)
    append(db, round_id, "issued", {}, 9)
    assert chain.verify(links(db, round_id)) is None
    assert len(links(db, round_id)) == len(STEPS) + 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE chain SET facts = '{}' WHERE seq = 2",
        "UPDATE chain SET seq = 99 WHERE seq = 2",
        "UPDATE chain SET at = at",
        "DELETE FROM chain WHERE seq = 7",
        "DELETE FROM chain",
    ],
)
def test_the_database_lets_nobody_change_it(db: Database, round_id: int, change: str) -> None:
    added = fill(db, round_id)
    with pytest.raises(DBAPIError, match="append-only"):
        db.call(lambda conn: conn.exec_driver_sql(change))
    assert links(db, round_id) == added


def test_nor_replaces_or_empties_it(db: Database, round_id: int) -> None:
    added = fill(db, round_id)
    replacing = (
        "INSERT OR REPLACE INTO chain SELECT round_id, seq, at, kind, '{}', previous, hash"
        " FROM chain WHERE seq = 2"
    )
    change = replacing if db.dialect == "sqlite" else "TRUNCATE chain"
    with pytest.raises(DBAPIError, match="append-only"):
        db.call(lambda conn: conn.exec_driver_sql(change))
    assert links(db, round_id) == added


def test_several_processes_make_one_unbroken_chain(
    db: Database, database_url: str, round_id: int
) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, str(WORKER), database_url, str(round_id), name, "20"],
            env={**os.environ, "PYTHONPATH": str(REPO)},
        )
        for name in ("a", "b", "c")
    ]
    futures = [
        db.submit(lambda conn, n=n: chain.append(conn, round_id, "voided", {"n": n}, n))
        for n in range(20)
    ]
    for future in futures:
        future.result(60)
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    whole = links(db, round_id)
    assert chain.verify(whole) is None
    assert len(whole) == 80
    assert {
        name: [link.facts["n"] for link in whole if link.facts.get("who") == name] for name in "abc"
    } == {name: list(range(20)) for name in "abc"}


# --- what `verify` finds ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(_migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Link]:
    """A chain as it comes from a database."""
    path = tmp_path_factory.mktemp("chain") / "chain.db"
    path.write_bytes(_migrated_sqlite.read_bytes())
    db = Database.open(f"sqlite:///{path}")
    round_id = new_round(db, "noord")
    fill(db, round_id)
    found = links(db, round_id)
    db.close()
    return found


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "seq": st.integers(-2, 20),
    "at": st.integers(-(2**63), 2**63 - 1),
    "kind": st.sampled_from(["opened", "issued", "voided", "closed", "counted", "tie"]) | st.text(),
    "facts": st.dictionaries(st.text(), _json, max_size=3),
    "previous": st.text("0123456789abcdef", min_size=64, max_size=64) | st.text(),
    "hash": st.text("0123456789abcdef", min_size=64, max_size=64) | st.text(),
}


@pytest.mark.parametrize("facts", ["", "{", "[]", "1", "null", '{"x": NaN}', '{"x": "\\ud800"}'])
def test_unreadable_facts_are_found_not_tripped_over(sqlite_url: str, facts: str) -> None:
    """Somebody who has the file can do away with the trigger."""
    db = Database.open(sqlite_url)
    round_id = new_round(db, "noord")
    fill(db, round_id)

    def forge(conn: Any) -> None:
        conn.exec_driver_sql("DROP TRIGGER chain_update")
        conn.exec_driver_sql("UPDATE chain SET facts = ? WHERE seq = 3", (facts,))

    db.call(forge)
    assert chain.verify(links(db, round_id)) == 3
    db.close()


def as_json(link: Link, name: str) -> str:
    """True is not 1 and 1.0 is not 1, though Python finds them equal."""
    return json.dumps(getattr(link, name), sort_keys=True)


@given(st.integers(0, len(STEPS) - 1), st.sampled_from(sorted(FIELDS)), st.data())
def test_any_field_that_was_altered_is_found(
    whole: list[Link], at: int, name: str, data: st.DataObject
) -> None:
    altered = replace(whole[at], **{name: data.draw(FIELDS[name])})
    assume(as_json(altered, name) != as_json(whole[at], name))
    assert chain.verify([*whole[:at], altered, *whole[at + 1 :]]) == at + 1


@given(st.integers(0, len(STEPS) - 2), st.sampled_from(["at", "kind", "facts"]), st.data())
def test_a_forged_hash_breaks_the_next_link(
    whole: list[Link], at: int, name: str, data: st.DataObject
) -> None:
    altered = replace(whole[at], **{name: data.draw(FIELDS[name])})
    assume(as_json(altered, name) != as_json(whole[at], name))
    assume("Infinity" not in as_json(altered, name))  # it has no hash: found at once, as above
    forged = replace(
        altered,
        hash=chain._hash(altered.seq, altered.at, altered.kind, altered.facts, altered.previous),
    )
    assert chain.verify([*whole[:at], forged, *whole[at + 1 :]]) == at + 2


@given(st.integers(0, len(STEPS) - 2))
def test_a_link_that_is_gone_or_moved_is_found(whole: list[Link], at: int) -> None:
    before, link, after, rest = whole[:at], whole[at], whole[at + 1], whole[at + 2 :]
    assert chain.verify([*before, after, *rest]) == at + 1
    assert chain.verify([*before, after, link, *rest]) == at + 1
    assert chain.verify([*before, link, link, after, *rest]) == at + 2
