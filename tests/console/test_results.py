"""What was chosen: from the count or by hand, at one instant, and who did not hear it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from civic.plans import Status
from console.guard import COOKIE
from console.keys import Keys
from storage import chain, outcomes, plan_life, plans, reached
from tests.console.busy import busy, counted, tally
from tests.console.world import DAY, SECRET, World, post

WHEN = "2027-01-20T10:00"
AT = 1_800_435_600_000  # that moment in Amsterdam
HAND = {"at": WHEN, "outcome-9": "not_chosen", "reason-9": "Te duur.", "own-9": "Çok pahalı."}


@pytest.fixture
def full(both: World) -> World:
    both.fill()
    busy(both)
    return both


def status(world: World, number: int) -> str:
    found = world.db.read(lambda conn: plans.by_number(conn, 1, number))
    assert found
    return found.status


def upload(world: World, content: str) -> Any:
    client = world.signed_in("coordinator")
    token = {"csrf": Keys(SECRET).csrf(client.cookies.get(COOKIE) or "")}
    files = {"file": ("tally.json", content.encode(), "application/json")}
    return client.post("/console/results/count", data=token, files=files)


def announced(world: World) -> dict[int, tuple[Status, int]]:
    found = world.db.read(lambda conn: outcomes.announced(conn, 1))
    return {each.number: (each.outcome, each.publish_at) for each in found}


def test_count_and_hand_are_told_at_one_instant(full: World) -> None:
    assert upload(full, tally({8: "20000.00"}, {10: "no_votes"})).status_code == 303
    client = full.signed_in("coordinator")
    html = client.get("/console/results").text
    assert "Hier is niet geteld" in html
    assert 'name="outcome-8"' not in html
    shown = post(client, "/console/results", **HAND)
    assert shown.status_code == 200
    assert "Çok pahalı." in shown.text
    assert "1 initiatiefnemer krijgt geen bericht" not in html
    assert announced(full) == {}
    assert post(client, "/console/results", **HAND, sure="1").status_code == 303
    assert announced(full) == {
        8: (Status.CHOSEN, AT),
        9: (Status.NOT_CHOSEN, AT),
        10: (Status.NOT_CHOSEN, AT),
    }
    assert "Staat klaar voor wo 20 jan 2027, 10:00" in client.get("/console/results").text
    assert status(full, 8) == "admitted"
    full.db.call(lambda conn: outcomes.publish_due(conn, AT))
    assert [status(full, number) for number in (8, 9, 10)] == ["chosen", "not_chosen", "not_chosen"]
    last = full.db.read(lambda conn: [plan_life.steps(conn, n)[-1] for n in (8, 9)])
    assert (last[0].actor, dict(last[0].reasons)) == ("count", {})
    assert last[1].actor == "test-coordinator"
    assert last[1].reasons["nl"] == "Te duur."


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"at": WHEN}, "Kies wat"),
        ({**HAND, "reason-9": ""}, "Zeg waarom"),
        ({**HAND, "at": ""}, "Kies een dag en een uur"),
        ({**HAND, "at": "2027-01-10T10:00"}, "al voorbij"),
        ({**HAND, "at": "2027-01-20T22:00"}, "tussen 9 en 21"),
    ],
)
def test_what_is_missing_is_said(full: World, fields: dict[str, str], wrong: str) -> None:
    counted(full)
    answer = post(full.signed_in("coordinator"), "/console/results", **fields, sure="1")
    assert answer.status_code == 422
    assert announced(full) == {}
    if wrong != "Kies wat":
        assert wrong in answer.text
    assert 'value="not_chosen" checked' in answer.text or "outcome-9" not in fields


def test_what_the_count_says_cannot_be_changed_by_hand(full: World) -> None:
    counted(full)
    client = full.signed_in("committee")
    post(client, "/console/results", **HAND, **{"outcome-8": "not_chosen"}, sure="1")
    assert announced(full)[8][0] is Status.CHOSEN


def test_a_tie_is_settled_first(full: World) -> None:
    found = json.loads(tally({}, {8: "tie", 10: "tie"}))
    found["lindebuurt"]["ties"] = [[8, 10]]
    upload(full, json.dumps(found))
    client = full.signed_in("coordinator")
    assert "Gelijke stand, nog te beslechten: 8, 10" in client.get("/console/results").text
    assert post(client, "/console/results", **HAND, sure="1").status_code == 422


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"a": 1}', "\0", '{"a": {"votes": []}}'])
def test_another_file_is_refused(full: World, content: str) -> None:
    answer = upload(full, content)
    assert answer.status_code == 422
    assert "geen tally.json" in answer.text or "Vul dit in" in answer.text


def test_only_the_file_that_was_counted_here(full: World) -> None:
    content = tally({8: "20000.00"}, {10: "no_votes"})
    digest = hashlib.sha256(content.encode()).hexdigest()
    facts = {"files": {"tally.json": digest}, "merkle": "", "ties": {}}
    full.db.call(lambda conn: chain.append(conn, 1, "counted", facts, full.clock()))
    answer = upload(full, tally({10: "20000.00"}, {8: "no_votes"}))
    assert answer.status_code == 422
    assert "niet het bestand van de laatste telling" in answer.text
    assert upload(full, content).status_code == 303
    assert "klopt met de keten" in full.signed_in("coordinator").get("/console/results").text


def test_it_is_taken_back_in_time(full: World) -> None:
    counted(full)
    client = full.signed_in("coordinator")
    post(client, "/console/results", **HAND, sure="1")
    post(client, "/console/results/recall")
    assert announced(full) == {}
    post(client, "/console/results/recall")
    assert "Er stond niets meer klaar" in client.get("/console/results").text


def test_whoever_was_told_in_person_is_off_the_list(full: World) -> None:
    full.clock.now += 2 * DAY
    client = full.signed_in("coordinator")
    html = client.get("/console/results").text
    missed = full.db.read(lambda conn: reached.not_reached(conn, 1))
    assert {each.number for each in missed} == {11, 12, 13}
    assert "Bel." in html
    news = next(each.news_id for each in missed if each.number == 12)
    post(client, f"/console/results/called/{news}")
    missed = full.db.read(lambda conn: reached.not_reached(conn, 1))
    assert {each.number for each in missed} == {11, 13}
    post(client, f"/console/results/called/{news}")
    assert "al genoteerd" in client.get("/console/results").text
    assert "Zelf verteld" in client.get("/console/plans/12").text


def test_a_committee_sees_no_numbers(full: World) -> None:
    html = full.signed_in("committee").get("/console/results").text
    assert "+31612345678" not in html
    assert 'id="missed"' not in html
    assert 'name="outcome-9"' in html
    assert 'name="outcome-9"' not in full.signed_in("auditor").get("/console/results").text
