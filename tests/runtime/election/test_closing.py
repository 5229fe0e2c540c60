"""After the closing nothing goes in or out, and whoever tries anyway is found out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, update

from storage import cast, chain, envelopes, plans
from storage.vote_tables import envelopes as table

from .conftest import AREA, BALLOTS, Town


def closed(town: Town) -> list[str]:
    shares = town.keygen()
    town.admit(AREA)
    town.votes(BALLOTS)
    town.run("close")
    return shares


def refused(town: Town, shares: list[str]) -> str:
    out = town.folder / "x"
    status, _, err = town.run("count", "--key", *shares, "--out", out)
    assert (status, len(err)) == (2, 1)
    assert not out.exists()
    return err[0]


def test_nothing_is_cast_after_the_closing(town: Town):
    closed(town)
    [code] = town.passes(1)
    with pytest.raises(envelopes.NotTakenError):
        town.vote(code, [(1, 1)])


def test_who_casts_during_the_closing_is_in_the_count_or_turned_away(town: Town):
    """Never an envelope that the Merkle root does not hold."""
    shares = town.keygen()
    town.admit(AREA)
    codes = town.passes(40)

    def vote(code: str) -> int:
        try:
            town.vote(code, [(1, 1), (2, 1)])
        except envelopes.NotTakenError:
            return 0
        return 1

    with ThreadPoolExecutor(5) as pool:
        votes = [pool.submit(vote, code) for code in codes]
        status, _, _ = town.run("close")
        taken = sum(each.result() for each in votes)
    assert status == 0
    links = town.db.read(lambda conn: chain.links(conn, town.round_id))
    assert links[-1].facts["envelopes"] == taken
    assert town.run("count", "--key", *shares, "--out", town.folder / "out")[0] in (0, 1)


@pytest.mark.parametrize("how", ["changed", "taken"])
def test_a_box_that_was_touched_is_not_counted(town: Town, how: str):
    shares = closed(town)
    credential, box = town.db.read(lambda conn: envelopes.boxes(conn, town.round_id))[0]
    mine = table.c.credential == credential
    act = delete(table).where(mine) if how == "taken" else update(table).where(mine)
    town.db.call(lambda conn: conn.execute(act, {} if how == "taken" else {"box": box[:-1] + b"x"}))
    assert "the box is not as it was" in refused(town, shares)


def test_an_envelope_that_was_added_is_not_counted(town: Town):
    shares = closed(town)
    [code] = town.passes(1)
    row = {"round_id": town.round_id, "credential": town.credential(code), "box": bytes(1584)}
    town.db.call(lambda conn: conn.execute(table.insert(), row))
    assert "the box is not as it was" in refused(town, shares)


def test_rules_and_plans_stay_as_they_were(town: Town):
    shares = closed(town)
    before = town.round.rules.tally
    town.load(tally="stop")
    assert "the plans or the rules" in refused(town, shares)
    town.load(tally=before)
    plan = town.db.read(lambda conn: plans.by_number(conn, town.round_id, 1))
    assert plan
    town.db.call(lambda conn: plans.set_status(conn, plan.id, "admitted", "declined", "x", "", 1))
    assert "the plans or the rules" in refused(town, shares)


def test_an_envelope_of_no_pass_is_left_out(town: Town):
    """Somebody wrote into the database before the closing: seen, and not counted."""
    import json

    shares = town.keygen()
    town.admit(AREA)
    [box, *_] = town.votes(BALLOTS)
    row = {"round_id": town.round_id, "credential": "0" * 64, "box": box[:-1] + b"y"}
    town.db.call(lambda conn: conn.execute(table.insert(), row))
    town.run("close")
    assert town.run("count", "--key", *shares, "--out", town.folder / "out")[0] == 0
    published = json.loads((town.folder / "out" / "box.json").read_text())
    assert published["left_out"] == {"unknown": 1}
    assert len(town.db.read(lambda conn: cast.in_the_box(conn, town.round_id))) == len(BALLOTS) + 1
