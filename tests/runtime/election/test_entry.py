"""Ballots on paper: every row right or nothing enters, and then they count as any other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from civic import stempas
from civic.rounds import BallotKind
from storage import cast, chain, stempassen

from .conftest import AREA, BALLOTS, Town


def enter(town: Town, text: str | bytes) -> tuple[int, list[str], list[str]]:
    path = town.folder / "paper.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return town.run("paper", "--area", AREA, "--in", path)


def in_the_box(town: Town) -> list[cast.Cast]:
    return town.db.read(lambda conn: cast.in_the_box(conn, town.round_id))


@pytest.fixture
def voting(town: Town) -> Town:
    town.keygen()
    town.admit(AREA)
    return town


def test_with_and_without_a_code(voting: Town):
    code, other = voting.passes(2)
    text = f"\ufeffcode;plans\r\n{stempas.in_threes(code)};1, 2\r\n;3\r\n;\r\n;2 3 5\r\n"
    status, out, err = enter(voting, text)
    assert (status, err) == (0, [])
    assert "3 ballots" in out[0]
    assert "1 of them with a code" in out[0]
    assert sorted(str(each.channel) for each in in_the_box(voting)) == [
        "internet",
        "paper",
        "paper",
    ]
    assert voting.db.read(lambda conn: cast.turnout_by_area(conn, voting.round_id)) == {AREA: 3}
    assert voting.db.read(
        lambda conn: [batch.count for batch in stempassen.batches(conn, voting.round_id)]
    ) == [2, 2]
    voting.vote(other, [(1, 1)])
    voting.run("close")
    shares = sorted((voting.folder / "keys").glob("share-*"))
    voting.run("count", "--key", *shares, "--out", voting.folder / "out")
    tally = json.loads((voting.folder / "out" / "tally.json").read_text())[AREA]
    assert tally["votes"][:5] == [[1, "2"], [2, "2"], [3, "2"], [4, "0"], [5, "1"]]


def test_every_row_right_or_nothing(voting: Town):
    void, used, elsewhere, good = (
        *voting.passes(2),
        *voting.passes(1, "waterkant"),
        *voting.passes(1),
    )
    voting.vote(used, [(1, 1)])
    credential = voting.credential(void)
    voting.db.call(lambda conn: stempassen.void(conn, voting.round_id, credential))
    wrong = good[:-1] + str((int(good[-1]) + 1) % 10)
    rows = [
        (good, "1"), (wrong, "1"), ("", "99"), ("", "1 1"), ("", "x"), ("", ""),
        ("", "1 2 3 4 5 6 8"), ("hello", "1"), ("", "1:2"), (good, ""), ("", "1"),
    ]  # fmt: skip
    status, out, err = enter(voting, "code,plans\n" + "".join(f"{c},{p}\n" for c, p in rows))
    assert (status, out) == (2, [])
    told = [line.split(": ", 1)[1] for line in err[:-1]]
    assert told == [
        "row 3: the code is not right",
        "row 4: names a plan that is not on this paper",
        "row 5: names a plan twice",
        "row 6: the plans cannot be read",
        "row 8: costs more than one ballot may",
        "row 9: the code is not right",
        "row 10: the plans cannot be read",
        "row 11: names too few plans",
    ]
    assert good not in "".join(err)
    codes = [void, used, elsewhere, good, good, stempas.new_codes(1, 10)[0]]
    status, _, err = enter(voting, "code,plans\n" + "".join(f"{code},1\n" for code in codes[3:5]))
    assert status == 2
    assert [line.split(": ", 1)[1] for line in err[:-1]] == [
        "row 2: the code is in the file twice", "row 3: the code is in the file twice",
    ]  # fmt: skip
    text = "code,plans\n" + "".join(f"{code},1\n" for code in (*codes[:4], codes[5]))
    status, _, err = enter(voting, text)
    assert [line.split(": ", 1)[1] for line in err[:-1]] == [
        "row 2: the code is unknown or void",
        "row 3: the code was used before; the vote in the box stays",
        "row 4: the code is of another area",
        "row 6: the code is unknown or void",
    ]
    assert len(in_the_box(voting)) == 1
    kinds = [link.kind for link in voting.db.read(lambda c: chain.links(c, voting.round_id))]
    assert kinds == ["opened"]


def test_a_file_enters_once(voting: Town):
    assert enter(voting, "plans\n1 2\n3\n")[0] == 0
    status, _, err = enter(voting, "plans\n1 2\n3\n")
    assert (status, len(err)) == (2, 1)
    assert "entered before" in err[0]
    assert len(in_the_box(voting)) == 2
    assert enter(voting, "plans\n3\n1 2\n")[0] == 0  # another meeting, another file


def test_points(town: Town):
    town.load(ballot=BallotKind.POINTS, ballot_points=5)
    town.keygen()
    town.admit(AREA)
    assert enter(town, "plans\n1:3 2:2\n3:5\n")[0] == 0
    assert enter(town, "plans\n1:4 2:2\n")[0] == 2
    assert enter(town, "plans\n1 2\n")[0] == 2


@pytest.mark.parametrize(
    "text", ["", "1 2\n", "plans\n", "plans,name\n1,Jan\n", b"plans\n\xff\n", "plans\n1,2\n"]
)
def test_a_file_that_is_none(voting: Town, text: str | bytes):
    status, _, err = enter(voting, text)
    assert status == 2
    assert err[-1] == "Nothing was entered."


def test_not_after_the_closing(voting: Town, tmp_path: Path):
    voting.votes(BALLOTS)
    voting.run("close")
    status, _, err = enter(voting, "plans\n1 2\n")
    assert (status, len(err)) == (2, 1)
    assert "not open" in err[0]
