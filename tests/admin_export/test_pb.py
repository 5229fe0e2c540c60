"""Pabulib: nothing before the count, and after it what the count published, byte for byte."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pabulib.checker import Checker
from pabutools.election.pabulib import parse_pabulib

from admin_export.writers import FORMATS
from civic import pabulib
from storage.db import Database
from storage.times import from_ms, now_ms
from tests.admin_export.conftest import exported
from tests.admin_export.hard import dataset, plan
from tests.runtime.election.conftest import BALLOTS, PEPPER, PLANS, Town


@pytest.fixture
def vote(database_url: str, db: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Town:
    monkeypatch.setenv("BUURTSTEM_DATABASE_URL", database_url)
    monkeypatch.setenv("BUURTSTEM_PEPPER", PEPPER)
    town = Town(db, database_url, tmp_path)
    town.load()
    return town


def counted(town: Town, shares: list[str], name: str) -> tuple[int, Path]:
    status, _, _ = town.run("count", "--key", *shares[1:], "--out", town.folder / name)
    return status, town.folder / name


def written(town: Town, name: str) -> tuple[tuple[str, ...], Path]:
    folder = town.folder / name
    folder.mkdir()
    data = exported(town.db, until=from_ms(now_ms()) + timedelta(seconds=1))
    return FORMATS["pb"](data, folder).files, folder


def test_the_published_ballots_come_out_and_are_read_by_others(vote: Town) -> None:
    shares = vote.keygen()
    vote.admit("lindebuurt")
    vote.admit("waterkant", PLANS[:4])
    vote.votes(BALLOTS)
    vote.votes([[0], [0, 1], [2], [2, 0], [3, 2], [0, 3], [1]], "waterkant")
    assert vote.run("close")[0] == 0
    assert written(vote, "before")[0] == ()
    status, out = counted(vote, shares, "count")
    assert status == 0
    names, folder = written(vote, "after")
    assert names == ("lindebuurt.pb", "waterkant.pb")
    for name in names:
        content = (folder / name).read_bytes()
        assert content == (out / name).read_bytes()
        checked = Checker().process_files([str(folder / name)])
        assert checked["metadata"]["valid"] == 1, checked
        ours = pabulib.read(content.decode())
        theirs, profile = parse_pabulib(str(folder / name))
        assert {(p.name, int(p.cost)) for p in theirs} == {(p.id, p.cost) for p in ours.projects}
        assert profile.num_ballots() == len(ours.votes)
    # Counted again it is the same, published when it was.
    before = exported(vote.db, until=from_ms(now_ms())).published
    assert counted(vote, shares, "again")[0] == 0
    assert exported(vote.db, until=from_ms(now_ms())).published == before


def test_a_count_with_a_tie_left_is_not_published_yet(vote: Town) -> None:
    shares = vote.keygen()
    numbers = vote.admit("lindebuurt", [("Veel", 70_000, "samen"), ("Meer", 70_000, "samen")])
    vote.votes([[0], [1]])
    assert vote.run("close")[0] == 0
    assert counted(vote, shares, "tied")[0] == 1
    assert written(vote, "tied-export")[0] == ()
    order = ",".join(map(str, numbers))
    settled = ("--area", "lindebuurt", "--order", order, "--reason", "loting")
    assert vote.run("settle", *settled)[0] == 0
    assert counted(vote, shares, "settled")[0] == 0
    assert written(vote, "settled-export")[0] == ("lindebuurt.pb",)


def test_before_the_count_a_note_says_so(tmp_path: Path) -> None:
    found = FORMATS["pb"](dataset(plan(1, status="admitted")), tmp_path)
    assert found.files == ()
    assert [str(note) for note in found.notes] == [
        "Pabulib: stemmen: er is nog niets gepubliceerd: de telling is niet geweest"
    ]
