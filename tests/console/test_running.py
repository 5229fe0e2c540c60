"""Running a round: its phase, campaigns, passes, and what did not arrive."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import insert, select, update

from civic.campaigns import State
from civic.figures import SMALLEST
from civic.plans import Status
from civic.rounds import Phase
from console.pages.round import timeline
from runtime.round_file import load_round
from storage import attempts, audit, campaigns, chain, elections, plans, rounds
from storage.failed_sends import groups
from storage.tables import campaign_runs, outbox
from storage.times import from_ms
from storage.vote_tables import chain as chain_rows
from storage.vote_tables import code_checks, turnout
from storage.vote_watch import by_area
from tests.console.world import DAY, REPO, World, post

ROUND = 1


def page(world: World, path: str, role: str = "coordinator") -> str:
    answer = world.signed_in(role).get("/console" + path)
    assert answer.status_code == 200
    return html.unescape(answer.text)


# --- the phase


def test_the_phase_changes_only_when_one_is_sure(both: World) -> None:
    both.fill()
    client = both.signed_in("coordinator")
    asked = post(client, "/console/round/phase", phase="intake")
    text = html.unescape(asked.text)
    assert asked.status_code == 200
    assert "Weet u het zeker: Plannen insturen?" in text
    assert re.search(
        r"Stemmen</span> <span class=\"end\"><strong class=\"late\">Mag dan niet", text
    )
    assert both.db.read(rounds.active).phase is None
    post(client, "/console/round/phase", phase="intake", sure="yes")
    assert both.db.read(rounds.active).phase is Phase.INTAKE
    assert "met de hand gezet: Plannen insturen" in page(both, "/round", "committee")
    post(client, "/console/round/phase", phase="auto", sure="yes")
    assert both.db.read(rounds.active).phase is None


@pytest.mark.parametrize("phase", ["", "nonsense", "draft"])
def test_a_phase_that_is_none(town: World, phase: str) -> None:
    answer = post(town.signed_in("coordinator"), "/console/round/phase", phase=phase, sure="yes")
    assert answer.status_code == 422
    assert town.db.read(rounds.active).phase is None


def test_the_timeline_holds_all_phases_in_order() -> None:
    bars = timeline(load_round(REPO / "examples" / "demo.toml"))
    assert [bar.at for bar in bars] == sorted(bar.at for bar in bars)
    assert all(bar.at >= 0 and bar.at + bar.width <= 100.01 for bar in bars)
    assert bars[-1].dates.name is Phase.EVALUATION
    # Sending in takes 29 days and gathering support 7: the bars say so.
    assert bars[0].width / bars[1].width == pytest.approx(29 / 7, rel=0.02)


def test_plans_are_counted_by_area_and_theme(town: World) -> None:
    withdrawn = partial(
        plans.set_status, plan_id=4, before=Status.SUBMITTED, after=Status.WITHDRAWN,
        actor="x", reason="", now_ms=town.clock(),
    )  # fmt: skip
    before = page(town, "/round")
    town.db.call(withdrawn)
    assert re.search(r"Samen</th>.*?>4<", before, re.DOTALL)
    assert re.search(r"Samen</th>.*?>3<", page(town, "/round"), re.DOTALL)


# --- the passes


def test_no_cell_of_the_turnout_is_small(town: World) -> None:
    text = page(town, "/stempas")
    table = text[text.index('id="turnout"') : text.index('id="batches"')]
    cells = re.findall(r'<td class="right">(\d+)</td>', table)
    assert cells
    assert all(int(cell) >= SMALLEST or cell == "0" for cell in cells)


def test_what_is_left_out_of_the_turnout_cannot_be_calculated() -> None:
    daily = {("a", "1"): 7, ("a", "2"): 3, ("a", "3"): 9, ("b", "1"): 2, ("c", "2"): 50}
    shown, everything = by_area(daily)
    assert everything == 71
    assert shown["b"].total is None
    assert set(shown["b"].days.values()) == {None}  # the whole area's is small
    hidden = [area for area, row in shown.items() if row.total is None]
    assert len(hidden) >= 2
    for row in shown.values():
        missing = [day for day, count in row.days.items() if count is None]
        assert row.total is None or len(missing) != 1


def test_today_counts_tomorrow(town: World) -> None:
    """Who looks every minute would see who just voted."""
    before = page(town, "/stempas")
    day = from_ms(town.clock()).date().isoformat()
    more = update(turnout).where(turnout.c.day == day).values(count=turnout.c.count + 30)
    town.db.call(lambda conn: conn.execute(more))
    assert used(page(town, "/stempas")) == used(before) == 43
    town.clock.now += DAY
    assert used(page(town, "/stempas")) == 43 + 7 + 60


def used(text: str) -> int:
    found = re.search(r"(\d+) passen gebruikt", text)
    assert found
    return int(found[1])


def test_a_closed_box_shows_all_days(town: World) -> None:
    town.db.call(lambda conn: elections.close(conn, ROUND))
    text = page(town, "/stempas", "auditor")
    assert used(text) == 43 + 7
    assert "Gesloten, nog niet geteld" in text
    assert "Vandaag telt pas morgen" not in text


def test_a_link_that_was_changed_is_told(town: World) -> None:
    assert "Alle 5 schakels kloppen" in page(town, "/stempas")
    rows = town.db.read(lambda conn: chain.links(conn, ROUND))
    other = {"round_id": ROUND, "seq": len(rows) + 1, "at": 1, "kind": "issued", "facts": "{}"}
    other |= {"previous": rows[-1].hash, "hash": "0" * 64}
    town.db.call(lambda conn: conn.execute(insert(chain_rows), other))
    assert "Schakel 6 is niet zoals" in page(town, "/stempas")


def test_the_breaker_is_told(town: World) -> None:
    tries = [{"round_id": ROUND, "person_id": 2, "wrong": True, "at": town.clock() - 1}]
    many = tries * attempts.MOST_IN_ROUND
    town.db.call(lambda conn: conn.execute(insert(code_checks), many))
    text = page(town, "/stempas")
    assert "meer dan 300" in text
    assert "Aan: er wordt geraden" in text


def test_no_credential_is_on_the_page(town: World) -> None:
    text = page(town, "/stempas")
    assert not any(f"0{n:04}" in text for n in range(40))


@pytest.mark.parametrize("role", ["assessor", "committee"])
def test_passes_are_for_coordinators_and_auditors(town: World, role: str) -> None:
    assert town.signed_in(role).get("/console/stempas").status_code == 403


# --- campaigns

WORDS = ["Er is koffie", "There is coffee", "Kahve var", "هناك قهوة"]


def news(world: World, **more: object) -> dict[str, object]:
    begins = from_ms(world.clock() + 2 * DAY).strftime("%Y-%m-%dT10:00")
    return {"name": "Koffie", "begins": begins, "kind": "news", "words": WORDS, **more}


def test_news_is_seen_before_it_is_planned(both: World) -> None:
    both.fill()
    client = both.signed_in("coordinator")
    looked = post(client, "/console/campaigns/new", **news(both, area="lindebuurt"))
    text = html.unescape(looked.text)
    assert looked.status_code == 200
    assert all(words in text for words in WORDS)
    assert "Dit gaat er uit" in text
    assert planned(both, "Koffie") is None
    carried = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', looked.text))
    made = post(client, "/console/campaigns/new", **news(both, area="lindebuurt"), sure="yes")
    assert carried["sure"] == "yes"
    assert made.status_code == 303
    stored = planned(both, "Koffie")
    assert stored
    assert stored.state is State.SCHEDULED
    assert stored.campaign.audience.area == "lindebuurt"
    assert stored.campaign.words.texts["tr"] == "Kahve var"


def planned(world: World, name: str) -> campaigns.Stored | None:
    return world.db.read(lambda conn: campaigns.named(conn, ROUND, name))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"begins": "2020-01-01T10:00"}, "voorbij"),
        ({"begins": "2030-01-01T10:00+01:00"}, "Zonder tijdzone"),
        ({"words": WORDS[:2]}, "in elke taal"),
        ({"words": ["x" * 901, *WORDS[1:]]}, "hoogstens 900"),
        ({"name": "vote_opening", "words": []}, "al een campagne"),
        ({"area": "nergens"}, "Kies"),
    ],
)
def test_what_cannot_be_planned(town: World, wrong: dict[str, object], said: str) -> None:
    fields = {**news(town), **wrong}
    answer = post(town.signed_in("coordinator"), "/console/campaigns/new", **fields, sure="yes")
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert planned(town, "Koffie") is None


def test_a_reminder_of_the_round_is_planned_at_its_moment(town: World) -> None:
    text = page(town, "/campaigns/new?name=vote_closing")
    begins = re.search(r'name="begins"[^>]*value="([^"]+)"', text)
    assert begins
    client = town.signed_in("coordinator")
    fields = {"name": "vote_closing", "kind": "vote_closing", "begins": begins[1]}
    post(client, "/console/campaigns/new", **fields, sure="yes")
    stored = planned(town, "vote_closing")
    assert stored
    assert f"{stored.campaign.begins:%Y-%m-%dT%H:%M}" == begins[1]


def test_pausing_resuming_and_cancelling(both: World) -> None:
    both.fill()
    client = both.signed_in("coordinator")
    for act, state in (("pause", State.PAUSED), ("resume", State.RUNNING), ("cancel", "cancelled")):
        before = planned(both, "vote_opening")
        asked = post(client, "/console/campaigns/1", act=act)
        assert asked.status_code == 200
        assert planned(both, "vote_opening") == before  # only asked yet
        post(client, "/console/campaigns/1", act=act, sure="yes")
        stored = planned(both, "vote_opening")
        assert stored
        assert stored.state == state
    rows = select(outbox.c.reason).where(outbox.c.kind == "campaign", outbox.c.state == "failed")
    reasons = both.db.read(lambda conn: list(conn.scalars(rows)))
    assert sorted(reasons) == ["403", "cancelled"]
    late = post(client, "/console/campaigns/1", act="pause", sure="yes")
    assert late.status_code == 303
    assert "ging niet meer" in html.unescape(client.get("/console/campaigns/1").text)


def test_progress_is_told(town: World) -> None:
    text = page(town, "/campaigns/1", "auditor")
    assert "Gaf geen toestemming" in text
    assert "403" in text
    runs = town.db.read(lambda conn: conn.execute(select(campaign_runs)).all())
    assert len(runs) == 1


# --- what did not arrive


def test_what_was_called_off_is_no_failure(town: World) -> None:
    since = town.clock() - 30 * DAY
    before = town.db.read(lambda conn: groups(conn, since))
    post(town.signed_in("coordinator"), "/console/campaigns/1", act="cancel", sure="yes")
    assert town.db.read(lambda conn: groups(conn, since)) == before
    assert {(each.channel, each.reason) for each in before} == {
        ("sms", "30003"),
        ("telegram", "403"),
    }


def test_failed_messages_lead_to_the_conversation(town: World) -> None:
    text = page(town, "/failed?channel=sms&reason=30003")
    assert text.count("/console/help/people/") == 1
    assert "403)" not in text
    entries, _ = town.db.read(lambda conn: audit.entries(conn, "", "failed", 0, 9))
    assert len(entries) == 1
    assert "/console/failed?channel=sms&reason=30003" in page(town, "/")


def test_dates_are_amsterdams(town: World) -> None:
    """Late in the evening it is tomorrow's date there already."""
    late = from_ms(town.clock()).date() + timedelta(days=1)
    town.clock.now = town.clock.now // DAY * DAY + DAY - 1800_000
    assert isinstance(late, date)
    assert f"Vandaag is {late.day} " in page(town, "/round")
