"""From the key to the published folder, on both databases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pabulib import Checker

from civic import merkle
from civic.ballots import receipt
from storage import chain, elections, stempassen
from storage.elections import State

from .conftest import AREA, BALLOTS, REPO, Town

TIED = [
    *BALLOTS,
    [7, 2],
    [5, 2],
    [5, 2],
    [3, 4],
    [3, 4],
    [3],
]  # the sixth and the eighth have three votes each


def tally(folder: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads((folder / "tally.json").read_text())
    return found


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def closed(town: Town, ballots: list[list[int]] = BALLOTS) -> list[str]:
    """A vote that was closed; the files of shares."""
    shares = town.keygen()
    town.admit(AREA)
    town.votes(ballots)
    assert town.run("close")[0] == 0
    return shares


def count(town: Town, shares: list[str], name: str) -> tuple[int, Path]:
    out = town.folder / name
    status, _, err = town.run("count", "--key", *shares, "--out", out)
    assert err == []
    return status, out


def test_the_whole_way(town: Town):
    shares = town.keygen()
    town.admit(AREA)
    boxes = town.votes(BALLOTS)
    status, out, _ = town.run("close")
    assert status == 0
    assert f"  {AREA}: {len(BALLOTS)}" in out
    status, folder = count(town, shares[:2], "published")
    assert status == 0
    counted = tally(folder)[AREA]
    numbers = town.numbers[AREA]
    votes = [[n, str(sum(n in (numbers[p] for p in b) for b in BALLOTS))] for n in numbers]
    assert counted["votes"] == votes
    assert counted["spent"] == "105000.00"
    lines = (folder / "receipts.txt").read_text().splitlines()
    assert sorted(" ".join(receipt(box)) for box in boxes) == sorted(
        x.rpartition(" ")[0] for x in lines
    )
    assert lines == sorted(lines, key=lambda line: line.split()[-1])
    links = town.db.read(lambda conn: chain.links(conn, town.round_id))
    assert [link.kind for link in links] == ["opened", "closed", "counted"]
    assert chain.verify(links) is None
    assert links[1].facts["merkle"] == merkle.root(merkle.hashes(boxes))
    assert links[1].facts["turnout"] == {AREA: len(BALLOTS)}
    assert sorted(links[2].facts["files"]) == sorted(path.name for path in folder.iterdir())


def test_counting_again_gives_the_same_bytes(town: Town):
    """With other shares of the same key, and whatever order the box is opened in."""
    shares = closed(town)
    first, again = count(town, shares[:2], "one"), count(town, shares[1:], "two")
    assert first[0] == again[0] == 0
    assert bytes_of(first[1]) == bytes_of(again[1])
    kinds = [link.kind for link in town.db.read(lambda conn: chain.links(conn, town.round_id))]
    assert kinds == ["opened", "closed", "counted"]


def test_the_files_are_as_pabulib_wants_them(counted: Path):
    for path in counted.glob("*.pb"):
        checked = Checker().process_files([str(path)])
        assert checked["metadata"]["valid"] == 1, checked


def test_reports_hold_everything_in_each_language(counted: Path):
    for code, title in (("nl", "Uitslag"), ("en", "Result"), ("tr", "sonucu"), ("ar", "نتيجة")):
        page = (counted / f"report.{code}.html").read_text("utf-8")
        assert title in page
        assert page.count("<svg") == 6  # votes, money and themes of two areas
        assert page.count("aria-label=") == 14
        assert "http" not in page.replace("http://www.w3.org", "")  # complete in itself
        assert "Ontmoetingsplek met dak, tafels en een heel lange naam; die niet past" in page


def test_nothing_published_is_more_than_published(counted: Path):
    """No credential, code, time or order of casting; the recount is the file of the project."""
    names = {"box.json", "chain.json", "lindebuurt.pb", "receipts.txt", "recount.py", "tally.json"}
    names |= {"waterkant.pb", *(f"report.{code}.html" for code in ("nl", "en", "tr", "ar"))}
    assert {path.name for path in counted.iterdir()} == names
    assert (counted / "recount.py").read_bytes() == (REPO / "tools/recount.py").read_bytes()
    votes = (counted / "lindebuurt.pb").read_text().partition("VOTES\n")[2].splitlines()
    ballots = [[int(n) for n in line.split(";")[1].split(",")] for line in votes[1:]]
    assert ballots == sorted(ballots)
    assert all(ballot == sorted(ballot) for ballot in ballots)


# --- ties ---------------------------------------------------------------------------------------


def test_a_tie_is_settled_by_people(town: Town):
    shares = closed(town, TIED)
    status, out, _ = town.run("count", "--key", *shares, "--out", town.folder / "tied")
    assert status == 1
    assert any("election settle --area lindebuurt --order" in line for line in out)
    tie = tally(town.folder / "tied")[AREA]["ties"]
    assert tie == [[town.numbers[AREA][place] for place in (5, 7)]]
    assert state(town) is State.CLOSED
    assert "⚖️" in (town.folder / "tied" / "report.nl.html").read_text()

    order = ",".join(str(number) for number in reversed(tie[0]))
    wrong = town.run("settle", "--area", AREA, "--order", "1,2", "--reason", "x")
    assert (wrong[0], len(wrong[2])) == (2, 1)
    assert town.run("settle", "--area", AREA, "--order", order, "--reason", "geloot")[0] == 0
    assert town.run("settle", "--area", AREA, "--order", order, "--reason", "again")[0] == 2

    status, folder = count(town, shares, "settled")
    assert status == 0
    assert state(town) is State.COUNTED
    assert tally(folder)[AREA]["ties"] == []
    chosen = [number for number, _ in tally(folder)[AREA]["chosen"]]
    assert tie[0][1] in chosen
    assert tie[0][0] not in chosen
    assert "geloot" in (folder / "report.en.html").read_text()
    kinds = [link.kind for link in town.db.read(lambda conn: chain.links(conn, town.round_id))]
    assert kinds == ["opened", "closed", "counted", "tie", "counted"]
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-I", "-S", folder / "recount.py"], check=False)
    assert done.returncode == 0


def state(town: Town) -> State:
    election = town.db.read(lambda conn: elections.of_round(conn, town.round_id))
    assert election
    return election.state


# --- what does not count ------------------------------------------------------------------------


def test_what_does_not_count_is_counted_as_such(town: Town):
    shares = town.keygen()
    numbers = town.admit(AREA)
    town.admit("waterkant")
    town.votes(BALLOTS)
    codes = town.passes(6)
    town.vote(codes[0], [(9999, 1)])
    town.vote(codes[1], [(numbers[0], 1), (numbers[0], 1)])
    town.vote(codes[2], [(town.numbers["waterkant"][0], 1)], "waterkant")
    town.put(codes[3], bytes(1584))
    town.vote(codes[4], [(numbers[0], 2)])
    town.vote(codes[5], [(numbers[1], 1)])
    town.db.call(lambda conn: stempassen.void(conn, town.round_id, town.credential(codes[5])))
    assert town.run("close")[0] == 0
    status, folder = count(town, shares, "out")
    box = json.loads((folder / "box.json").read_text())
    assert box["envelopes"] == len(BALLOTS) + 5  # a voided pass takes its envelope along
    assert box["areas"][AREA] == {
        "valid": len(BALLOTS),
        "invalid": {
            "another_area": 1, "cannot_be_opened": 1, "points": 1, "twice": 1, "unknown_plan": 1,
        },
    }  # fmt: skip
    assert status == 0


def test_the_last_vote_with_a_code_counts(town: Town):
    shares = town.keygen()
    numbers = town.admit(AREA)
    town.votes(BALLOTS)
    [code] = town.passes(1)
    for number in numbers[:3]:
        town.vote(code, [(number, 1)])
    town.run("close")
    _, folder = count(town, shares, "out")
    counted = tally(folder)[AREA]
    assert counted["ballots"] == len(BALLOTS) + 1
    assert dict(counted["votes"])[numbers[2]] == str(sum(2 in ballot for ballot in BALLOTS) + 1)


@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize(("on_paper", "told"), [(4, False), (5, True)])
def test_a_pile_is_told_apart_from_five_ballots(
    town: Town, on_paper: int, told: bool, weighed: bool
):
    from decimal import Decimal

    town.load(paper_share=Decimal("0.5") if weighed else None)
    shares = town.keygen()
    numbers = town.admit(AREA)
    town.votes(BALLOTS)
    town.votes([[3]] * on_paper, channel="paper")
    town.run("close")
    _, folder = count(town, shares, "out")
    assert ("voting_method" in (folder / f"{AREA}.pb").read_text()) is told
    votes = dict(tally(folder)[AREA]["votes"])[numbers[3]]
    plain = sum(3 in ballot for ballot in BALLOTS) + on_paper
    assert votes == ("9" if weighed and told else str(plain))  # 15 / 2 * (5 / 5 + 2 / 10)
    checked = Checker().process_files([str(folder / f"{AREA}.pb")])
    assert checked["metadata"]["valid"] == 1, checked
