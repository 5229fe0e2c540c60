"""The assessors' queue and one test."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from civic.assessments import Verdict
from storage import assessing
from storage.assessments import Assessment
from tests.console.busy import busy
from tests.console.world import DAY, World, post


@pytest.fixture
def full(both: World) -> World:
    both.fill()
    busy(both)
    return both


def get(world: World, row: int) -> Assessment:
    found = world.db.read(lambda conn: assessing.get(conn, row))
    assert found
    return found


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", [3, 5, 1, 2]),
        ("?whose=mine", [3, 5, 1]),
        ("?whose=nobody", [2]),
        ("?whose=overdue", [3]),
        ("?field=groen", [5, 1]),
        ("?field=groen&whose=nobody", []),
    ],
)
def test_the_queue(full: World, query: str, shown: list[int]) -> None:
    html = full.signed_in("assessor").get(f"/console/assessments{query}").text
    places = {row: html.find(f'href="/console/assessments/{row}"') for row in range(1, 6)}
    assert [row for row, at in sorted(places.items(), key=lambda each: each[1]) if at > 0] == shown


def test_what_waits_for_a_decision(full: World) -> None:
    client = full.signed_in("assessor")
    assert 'id="ready"' not in client.get("/console/assessments").text
    post(client, "/console/assessments/3", do="judge", verdict="feasible")
    html = client.get("/console/assessments").text
    assert "Speelplek aan de Waterkade 6" in html[html.index('id="ready"') :]
    assert "Alle toetsen zijn klaar" in client.get("/console/plans/6").text


def test_a_verdict_with_what_was_found(full: World) -> None:
    client = full.signed_in("assessor")
    found = {"related": "Waterkade", "permits": "Kap", "cost": "1.200", "upkeep": "50,25"}
    post(client, "/console/assessments/1", **found, do="keep")
    assert get(full, 1).verdict is Verdict.OPEN
    assert 'value="1200.00"' in client.get("/console/assessments/1").text
    answer = post(client, "/console/assessments/1", **found, do="judge", verdict="adjust")
    assert answer.status_code == 422
    assert "Zeg waarom" in answer.text
    assert ">Waterkade</textarea>" in answer.text
    words = {"reason": "Kleiner?", "reason_own": "Daha küçük?"}
    post(client, "/console/assessments/1", **found, **words, do="judge", verdict="adjust")
    test = get(full, 1)
    assert (test.verdict, test.cost, test.upkeep) == (
        Verdict.ADJUST, Decimal(1200), Decimal("50.25"),
    )  # fmt: skip
    assert dict(test.reasons) == {"nl": "Kleiner?", "tr": "Daha küçük?"}
    assert post(client, "/console/assessments/1", do="keep").status_code == 303
    assert "al gedaan" in client.get("/console/assessments/1").text


def test_the_reasons_are_there_when_the_step_is_taken(full: World) -> None:
    words = {"reason": "Nee, de stoep.", "reason_own": "لا، الرصيف."}
    client = full.signed_in("assessor")
    post(client, "/console/assessments/3", **words, do="judge", verdict="not_feasible")
    html = client.get("/console/plans/6/step/declined").text
    assert ">Nee, de stoep.</textarea>" in html
    assert ">لا، الرصيف.</textarea>" in html


def test_an_assessor_works_on_their_own_tests(full: World) -> None:
    client = full.signed_in("assessor")
    answer = post(client, "/console/assessments/2", do="judge", verdict="feasible")
    assert answer.status_code == 303
    assert get(full, 2).verdict is Verdict.OPEN
    assert "van iemand anders" in client.get("/console/assessments/2").text
    post(client, "/console/assessments/2/take")
    assert get(full, 2).assessor == "test-assessor"
    post(client, "/console/assessments/2", do="judge", verdict="feasible")
    assert get(full, 2).verdict is Verdict.FEASIBLE


def test_nobody_takes_what_is_somebodys(full: World) -> None:
    full.user("assessor", name="another")
    give = {"assessor": "another", "deadline": "2027-03-01"}
    assert post(full.signed_in("coordinator"), "/console/assessments/2/give", **give)
    post(full.signed_in("assessor"), "/console/assessments/2/take")
    assert get(full, 2).assessor == "another"


@pytest.mark.parametrize(
    "wrong", [{"assessor": "somebody"}, {"deadline": "2027-01-01"}, {"deadline": "soon"}]
)
def test_a_test_is_given_to_who_can_do_it(full: World, wrong: dict[str, str]) -> None:
    give = {"assessor": "test-assessor", "deadline": "2027-03-01", **wrong}
    answer = post(full.signed_in("coordinator"), "/console/assessments/2/give", **give)
    assert answer.status_code == 422
    assert get(full, 2).assessor == ""


def test_a_plan_is_put_in_the_queue(full: World) -> None:
    client, path = full.signed_in("coordinator"), "/console/plans/6/test"
    new: dict[str, Any] = {"field": "verkeer", "assessor": "", "deadline": "2027-03-01"}
    assert post(client, path, **{**new, "field": " "}).status_code == 422
    assert post(client, path, **new).status_code == 303
    assert "verkeer" in client.get("/console/plans/6").text
    assert client.get("/console/plans/8/test").status_code == 404


def test_the_answer_stands_by_the_question(full: World) -> None:
    html = full.signed_in("assessor").get("/console/assessments/5").text
    part = html[html.index('id="answer"') : html.index('id="idea"')]
    assert "zodat de stoep vrij blijft" in part
    assert "نعم، مترين يكفي." in part


def test_others_only_look(full: World) -> None:
    for role in ("committee", "auditor"):
        html = full.signed_in(role).get("/console/assessments/1").text
        assert "Uw toets" not in html
        assert "Wijs toe" not in html


def test_late_is_said(full: World) -> None:
    full.clock.now += 20 * DAY
    html = full.signed_in("assessor").get("/console/assessments?whose=overdue").text
    assert "Te laat (4)" in html
