"""Working on one plan: steps with what people are told, corrections, translations, the start."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient

from civic.plans import Status
from civic.rounds import Phase
from storage import (
    people,
    plan_edits,
    plan_life,
    plan_news,
    plans,
    recordings,
    rounds,
    starting,
    transcripts,
    translations,
)
from storage.life_tables import plan_news as news_rows
from tests.console.busy import busy
from tests.console.world import DAY, SAID, World, post


@pytest.fixture
def full(both: World) -> World:
    """Plans in every part of their life, on both databases."""
    both.fill()
    busy(both)
    return both


def plan(world: World, number: int) -> plans.Plan:
    found = world.db.read(lambda conn: plans.by_number(conn, 1, number))
    assert found
    return found


def mark(html: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', html)
    assert found, "there is nothing to confirm"
    return found[1]


def confirmed(client: TestClient, path: str, **fields: Any) -> Any:
    """Looks at what people will be told, then does it."""
    shown = post(client, path, **fields)
    assert shown.status_code == 200
    return post(client, path, **fields, seen=mark(shown.text))


# --- steps


def test_a_step_shows_what_people_will_hear_first(full: World) -> None:
    client, path = full.signed_in("coordinator"), "/console/plans/6/step/declined"
    words = {"reason": "Dat mag daar niet.", "reason_own": "لا يسمح بذلك هناك."}
    shown = post(client, path, **words)
    assert "لا يسمح بذلك هناك." in shown.text
    assert "Aan de initiatiefnemer · العربية" in shown.text
    assert "Aan volgers, als voorbeeld · Nederlands" in shown.text
    assert plan(full, 6).status == "assessing"
    answer = post(client, path, **words, seen=mark(shown.text))
    assert answer.status_code == 303
    assert plan(full, 6).status == "declined"
    last = full.db.read(lambda conn: plan_life.steps(conn, plan(full, 6).id))[-1]
    assert (last.actor, dict(last.reasons)) == (
        "test-coordinator",
        {"nl": words["reason"], "ar": words["reason_own"]},
    )


def test_what_was_not_shown_does_not_go(full: World) -> None:
    client, path = full.signed_in("coordinator"), "/console/plans/6/step/declined"
    seen = mark(post(client, path, reason="Nee.", dutch_only="1").text)
    answer = post(client, path, reason="Nee, nooit.", dutch_only="1", seen=seen)
    assert answer.status_code == 200
    assert plan(full, 6).status == "assessing"


@pytest.mark.parametrize(
    ("to", "fields", "wrong"),
    [
        ("declined", {}, "Zeg waarom"),
        ("declined", {"reason_own": "لا"}, "Zeg waarom"),
        ("declined", {"reason": "Nee."}, "alleen Nederlands"),
        ("adjust", {"reason": "Kleiner?", "dutch_only": "1"}, "Kies een dag na vandaag"),
        (
            "adjust",
            {"reason": "Kleiner?", "dutch_only": "1", "deadline": "2027-01-15"},
            "Kies een dag na vandaag",
        ),
        ("admitted", {}, "Zet het vinkje"),
    ],
)
def test_what_a_step_needs(full: World, to: str, fields: dict[str, str], wrong: str) -> None:
    answer = post(full.signed_in("coordinator"), f"/console/plans/6/step/{to}", **fields)
    assert answer.status_code == 422
    assert wrong in answer.text
    assert all(value in answer.text for value in fields.values())
    assert plan(full, 6).status == "assessing"


def test_a_plan_that_costs_too_much_is_said_so(full: World) -> None:
    html = full.signed_in("coordinator").get("/console/plans/6/step/admitted").text
    assert "meer dan het hele budget van het gebied (€\xa0120.000)" in html
    assert "meer dan er voor dit thema is (€\xa060.000)" in html
    confirmed(full.signed_in("coordinator"), "/console/plans/6/step/admitted", anyway="1")
    assert plan(full, 6).status == "admitted"


def test_the_question_has_a_deadline(full: World) -> None:
    fields = {"reason": "Kleiner?", "dutch_only": "1", "deadline": "2027-02-01"}
    confirmed(full.signed_in("coordinator"), "/console/plans/6/step/adjust", **fields)
    asked = full.db.read(lambda conn: plan_life.adjustment(conn, plan(full, 6).id))
    assert asked
    html = full.signed_in("coordinator").get("/console/plans/6").text
    assert "kan antwoorden tot en met 1 feb 2027" in html
    full.clock.now += 30 * DAY
    full.signed_in("coordinator")
    html = full.signed_in("coordinator").get("/console/plans/6").text
    assert "had tot 1 feb 2027 om te antwoorden" in html


def test_the_cost_of_the_test_goes_onto_the_ballot(full: World) -> None:
    path = "/console/plans/7/step/admitted"
    assert "Zet de geschatte kosten" not in full.signed_in("coordinator").get(path).text
    from storage import assessments

    def estimate(conn: Any) -> None:
        test = assessments.of_plan(conn, plan(full, 7).id)[-1]
        assessments.note(
            conn, test.id, related="", permits="", cost=Decimal(2500), upkeep=Decimal(50)
        )

    full.db.call(estimate)
    assert "€\xa02.500" in full.signed_in("coordinator").get(path).text
    confirmed(full.signed_in("coordinator"), path, take_cost="1")
    assert plan(full, 7).cost == Decimal(2500)
    html = full.signed_in("coordinator").get("/console/plans/7").text
    assert "€\xa0800" in html
    assert "€\xa050 per jaar" in html


def test_an_assessor_decides_only_about_their_own(full: World) -> None:
    client = full.signed_in("assessor")
    assert client.get("/console/plans/6/step/declined").status_code == 200
    assert client.get("/console/plans/8/step/withdrawn").status_code == 404
    other = full.client(_session(full, "another-assessor", "assessor"))
    assert other.get("/console/plans/6/step/declined").status_code == 404
    assert "Niet toelaten" not in other.get("/console/plans/6").text


def _session(world: World, name: str, role: str) -> str:
    from console.keys import new_token, token_hash
    from storage import console_sessions

    user, token = world.user(role, name=name), new_token()
    hashed, now = token_hash(token), world.clock()
    world.db.call(lambda c: console_sessions.start(c, user, hashed, "", now, complete=True))
    return token


def test_results_are_no_step_of_one_plan(full: World) -> None:
    for role in ("coordinator", "committee"):
        assert full.signed_in(role).get("/console/plans/8/step/chosen").status_code == 404


def test_without_support_a_plan_is_not_tested(full: World) -> None:
    client = full.signed_in("coordinator")
    assert "Nog 30 keer steun nodig" in client.get("/console/plans/2").text
    answer = client.get("/console/plans/2/move?to=assessing")
    assert answer.headers["location"] == "/console/plans/2"
    assert "kan nu niet" in client.get("/console/plans/2").text
    answer = client.get("/console/plans/6/move?to=declined")
    assert answer.headers["location"] == "/console/plans/6/step/declined"


def test_two_at_once_take_one_step(full: World) -> None:
    one, path = full.signed_in("coordinator"), "/console/plans/6/step/declined"
    shown = post(one, path, reason="Nee.", dutch_only="1")
    confirmed(full.signed_in("assessor"), path, reason="Nee.", dutch_only="1")
    answer = post(one, path, reason="Nee.", dutch_only="1", seen=mark(shown.text))
    assert answer.status_code == 404
    steps = full.db.read(lambda conn: plan_life.steps(conn, plan(full, 6).id))
    assert [step.after for step in steps].count("declined") == 1


# --- recordings


def test_a_transcript_is_corrected_with_its_history(full: World) -> None:
    client, path = full.signed_in("coordinator"), "/console/plans/2/recordings/2"
    heard = SAID[1][2]
    assert f'name="before" value="{heard}"' in client.get(path).text
    better = "Okulun yanında, çocuklar için\r\nbir bahçe istiyorum."
    assert post(client, path, text=better, before=heard).status_code == 303
    kept = better.replace("\r\n", "\n")
    assert plan(full, 2).text == kept
    recording = full.db.read(lambda conn: recordings.get(conn, 2))
    assert recording
    assert recording.transcript == kept
    versions = full.db.read(lambda conn: transcripts.of_plan(conn, plan(full, 2).id))[2]
    assert [(each.actor, each.text) for each in versions] == [
        ("", heard),
        ("test-coordinator", kept),
    ]
    html = client.get("/console/plans/2").text
    assert "Verbeterd door test-coordinator" in html
    assert "Ook het plan zelf is bijgewerkt" in html
    assert heard in client.get(path).text


def test_somebody_elses_correction_is_not_lost(full: World) -> None:
    client, path = full.signed_in("coordinator"), "/console/plans/2/recordings/2"
    post(client, path, text="Eerst.", before=SAID[1][2])
    answer = post(client, path, text="Daarna.", before=SAID[1][2])
    assert answer.status_code == 422
    assert "Iemand anders heeft dit intussen veranderd" in answer.text
    assert ">Daarna.</textarea>" in answer.text
    assert plan(full, 2).text == "Eerst."


def test_a_plan_told_otherwise_stays_as_it_is(full: World) -> None:
    full.db.call(
        lambda conn: plan_edits.edit(
            conn, plan(full, 2).id, {"text": "Bahçe."}, actor="x", reason="y", now_ms=1
        )
    )
    client = full.signed_in("coordinator")
    post(client, "/console/plans/2/recordings/2", text="Bir bahçe.", before=SAID[1][2])
    assert plan(full, 2).text == "Bahçe."
    assert "stonden zo niet in het plan" in client.get("/console/plans/2").text


def test_recordings_of_others_are_not_a_plans(full: World) -> None:
    client = full.signed_in("coordinator")
    for path in ("1/recordings/2", "2/recordings/99"):
        assert client.get(f"/console/plans/{path}").status_code == 404


def test_who_is_forgotten_takes_every_version_along(full: World) -> None:
    client = full.signed_in("coordinator")
    post(client, "/console/plans/2/recordings/2", text="Beter.", before=SAID[1][2])
    post(
        client, "/console/plans/2/edit", title="Bahçe", text="Beter.", reason="Ali vroeg het",
    )  # fmt: skip
    full.db.call(lambda conn: people.forget(conn, 2))
    assert full.db.read(lambda conn: transcripts.of_plan(conn, plan(full, 2).id)) == {}
    edits = full.db.read(lambda conn: plan_edits.of_plan(conn, plan(full, 2).id))
    assert edits
    assert {(each.before, each.after, each.reason) for each in edits} == {("", "", "")}
    assert client.get("/console/plans/2").status_code == 200


# --- details


def test_details_are_corrected_with_a_reason(full: World) -> None:
    client, path = full.signed_in("coordinator"), "/console/plans/4/edit"
    fields = {
        "title": "Repair café", "text": SAID[3][2], "area": "lindebuurt", "theme": "groen",
        "address": "Lindeplein 2", "lat": "52,38", "lng": "4.8", "cost": "€ 1.250,50",
    }  # fmt: skip
    answer = post(client, path, **fields)
    assert answer.status_code == 422
    assert 'value="€ 1.250,50"' in answer.text
    assert post(client, path, **fields, reason="Zo bedoeld").status_code == 303
    found = plan(full, 4)
    assert (found.title, found.area, found.lat, found.cost) == (
        "Repair café",
        "lindebuurt",
        52.38,
        Decimal("1250.50"),
    )
    html = client.get("/console/plans/4").text
    assert "Reden: Zo bedoeld" in html
    assert "<del" in html
    assert SAID[3][1] in html


@pytest.mark.parametrize(
    ("typed", "cost"),
    [("1250", "1250"), ("1.250", "1250"), ("1.250.000", "1250000"), ("12,5", "12.5"),
     ("12.50", "12.50"), ("€ 3.000,00", "3000")],
)  # fmt: skip
def test_amounts_as_people_write_them(typed: str, cost: str) -> None:
    from console.pages.plan_edit import amount

    assert Decimal(amount(typed)) == Decimal(cost)


def test_a_ballot_that_is_voted_on_does_not_change(full: World) -> None:
    client, path = full.signed_in("coordinator"), "/console/plans/8/edit"
    full.db.call(lambda conn: rounds.set_phase(conn, 1, Phase.SELECTION))
    assert "liggen nu vast" not in client.get(path).text
    full.db.call(lambda conn: rounds.set_phase(conn, 1, Phase.VOTE))
    assert "liggen nu vast" in client.get(path).text
    before = plan(full, 8)
    fields = {"title": "Iets anders", "text": "Andere woorden.", "cost": "1", "area": "waterkant"}
    assert post(client, path, **fields, reason="x").status_code == 303
    after = plan(full, 8)
    assert (after.title, after.cost, after.area) == (before.title, before.cost, before.area)
    assert after.text == "Andere woorden."


def test_a_persons_translation_takes_the_place_of_a_machines(full: World) -> None:
    client, path = full.signed_in("coordinator"), "/console/plans/3/translation/nl"
    assert "door een computer vertaald" in client.get("/console/plans/3").text
    assert "Wat u bewaart, komt ervoor in de plaats" in client.get(path).text
    post(client, path, title="Ontmoeten", text="Een plek om buren te ontmoeten.")
    found = full.db.read(lambda conn: translations.of_plan(conn, plan(full, 3).id))["nl"]
    assert (found.title, found.machine) == ("Ontmoeten", False)
    assert "door een computer vertaald" not in client.get("/console/plans/3").text
    for language in ("ar", "xx"):
        assert client.get(f"/console/plans/3/translation/{language}").status_code == 404


# --- the start


def test_a_contact_is_named_and_told(full: World) -> None:
    client, path = full.signed_in("coordinator"), "/console/plans/12/contact"
    assert post(client, path, name="Piet", phone="bel maar", email="x").status_code == 422
    assert post(client, path, name="Piet", email="piet@example.org").status_code == 303
    contact = full.db.read(lambda conn: starting.contact_of(conn, plan(full, 12).id))
    assert contact == starting.Contact("Piet", "", "piet@example.org")
    assert "contact" in kinds(full, 12)
    assert client.get("/console/plans/6/contact").status_code == 404


def kinds(world: World, number: int) -> list[str]:
    of_plan = news_rows.c.plan_id == plan(world, number).id
    return world.db.read(
        lambda conn: [row.kind for row in conn.execute(news_rows.select().where(of_plan))]
    )


def test_the_list_of_what_comes_first(full: World) -> None:
    client, path = full.signed_in("coordinator"), "/console/plans/12/checklist"
    assert post(client, path, who="resident").status_code == 422
    post(client, path, who="third_party", what="Zaal huren")
    item = full.db.read(lambda conn: starting.checklist(conn, plan(full, 12).id))[0]
    post(client, f"{path}/{item.id}", wish="done")
    assert "Toch niet klaar" in client.get(path).text
    assert "1 van 1 klaar" in client.get("/console/starts").text
    assert post(client, f"/console/plans/11/checklist/{item.id}", wish="remove").status_code == 404
    post(client, f"{path}/{item.id}", wish="remove")
    assert full.db.read(lambda conn: starting.checklist(conn, plan(full, 12).id)) == []


def test_a_word_goes_out_once_it_was_looked_at(full: World) -> None:
    client, path = full.signed_in("coordinator"), "/console/plans/11/word"
    assert post(client, path, **{"in-ar": "مرحبا"}).status_code == 422
    words = {"in-nl": "De vergunning is er.", "in-ar": "صدر الترخيص."}
    shown = post(client, path, **words, everyone="1")
    assert "De vergunning is er." in shown.text
    assert "word" not in kinds(full, 11)
    post(client, path, **words, everyone="1", seen=mark(shown.text))
    of_plan = news_rows.c.plan_id == plan(full, 11).id
    rows = full.db.read(lambda conn: conn.execute(news_rows.select().where(of_plan)).all())
    word = next(row for row in rows if row.kind == "word")
    assert word.audience == plan_news.EVERYONE
    assert "صدر الترخيص." in word.words


def test_a_silent_plan_stands_out(full: World) -> None:
    full.clock.now += 22 * DAY
    html = full.signed_in("auditor").get("/console/starts?only=overdue").text
    assert "Speelplek aan de Waterkade 11" in html
    assert "Drie weken stil (2)" in html


def test_everybody_reads_and_only_some_act(full: World) -> None:
    for role in ("auditor", "committee", "assessor"):
        html = full.signed_in(role).get("/console/plans/8").text
        for word in ("Gegevens verbeteren", "Bericht sturen", "+31612345678"):
            assert word not in html
    assert 'id="next"' not in full.signed_in("auditor").get("/console/plans/1").text or (
        "step/" not in full.signed_in("auditor").get("/console/plans/1").text
    )
    assert Status(plan(full, 8).status) is Status.ADMITTED
