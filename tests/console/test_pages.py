"""What the pages show, and to whom."""

from __future__ import annotations

import pytest

from storage import audit, help, plan_search
from storage.plan_search import Wanted
from tests.console.world import DAY, SAID, World, beep, post


def noted(world: World) -> list[tuple[str | None, str, int | None]]:
    entries, _ = world.db.read(lambda conn: audit.entries(conn, "", "", 0, 100))
    return [(entry.name, entry.kind, entry.ref) for entry in reversed(entries)]


@pytest.mark.parametrize(
    "path", ["", "plans", "plans?view=board&q=x", "plans/1", "help", "account"]
)
def test_pages_on_both_databases(both: World, path: str) -> None:
    both.fill()
    assert both.signed_in("coordinator").get(f"/console/{path}").status_code == 200
    assert both.signed_in("auditor").get("/console/audit?kind=plan").status_code == 200


# --- today


def test_today_has_the_oldest_first(town: World) -> None:
    html = town.signed_in("coordinator").get("/console/").text
    assert "3 mensen vragen om hulp" in html
    assert "3 nieuwe plannen" in html
    assert html.index("Wil gebeld worden") < html.index("Sprak iets in")
    assert html.index(SAID[1][1]) < html.index(SAID[3][1])
    assert "Te laat: antwoord was beloofd 1 dag geleden" in html
    assert "1 bericht via Sms" in html
    assert "code 30003" in html


def test_today_of_an_assessor_has_no_people(town: World) -> None:
    html = town.signed_in("assessor").get("/console/").text
    assert "vragen om hulp" not in html
    assert "3 nieuwe plannen" in html


def test_today_tells_of_a_plan_without_an_answer(town: World) -> None:
    town.clock.now += 20 * DAY
    html = town.signed_in("coordinator").get("/console/").text
    assert "Initiatiefnemer heeft niet geantwoord · plan 1" in html


def test_without_a_round_pages_say_what_to_do(world: World) -> None:
    client = world.signed_in("coordinator")
    assert "Er wacht nu niets" in client.get("/console/").text
    for path in ("plans", "plans/1"):
        answer = client.get(f"/console/{path}")
        assert answer.status_code == 404
        assert "buurtstem round load" in answer.text


# --- plans


def find(world: World, query: str) -> list[str]:
    html = world.signed_in("committee").get(f"/console/plans?{query}").text
    return [title for _, title, _ in SAID if f">{title}</bdi>" in html]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", {0, 1, 2, 3}),
        ("q=LINDEPLEIN", {0, 1, 2, 3}),  # where it is
        ("q=bankje", {0}),
        ("q=ÇOCUKLAR", {1}),
        ("q=الشاي", {2}),
        ("q=%233", {2}),
        ("q=3", {2}),
        ("q=100%25", set()),
        ("q=caf%C3%A9 month", {3}),
        ("status=adjust", {0}),
        ("status=submitted", {1, 2, 3}),
        ("language=tr", {1}),
        ("channel=sms", {2}),
        ("told=voice", {1}),
        ("told=text", {0, 2, 3}),
        ("area=nowhere", set()),
        ("status=odd&page=x&told=sung", {0, 1, 2, 3}),
        ("page=99", set()),
    ],
)
def test_plans_are_found(town: World, query: str, titles: set[int]) -> None:
    assert set(find(town, query)) == {SAID[n][1] for n in titles}


def test_plans_in_both_databases(both: World) -> None:
    both.fill()

    def search(conn: object) -> object:
        lines, total = plan_search.find(conn, 1, Wanted(words="bahçe"), 0, 10)  # type: ignore[arg-type]
        board = plan_search.board(conn, 1, Wanted(), 2)  # type: ignore[arg-type]
        counts = plan_search.counts(conn, 1, Wanted())  # type: ignore[arg-type]
        shown = {status: [line.number for line in found] for status, found in board.items()}
        return [line.number for line in lines], total, shown, counts

    assert both.db.read(search) == (
        [2],
        1,
        {"adjust": [1], "submitted": [2, 3]},
        {"adjust": 1, "submitted": 3},
    )


def test_the_board_has_a_column_a_status(town: World) -> None:
    html = town.signed_in("coordinator").get("/console/plans?view=board").text
    assert html.index("Ingediend</span>") < html.index("Aanpassen gevraagd</span>")
    assert 'id="c-chosen"' not in html


def test_pages_of_plans(town: World) -> None:
    client = town.signed_in("coordinator")
    lines, total = town.db.read(lambda conn: plan_search.find(conn, 1, Wanted(), 2, 1))
    assert ([line.number for line in lines], total) == ([2], 4)
    assert "pager" not in client.get("/console/plans").text


# --- one plan


def test_a_plan_shows_what_was_said_and_done(town: World) -> None:
    html = town.signed_in("coordinator").get("/console/plans/1").text
    for words in (SAID[0][1], SAID[0][2], "Met een rugleuning", "verder van de fietsroute"):
        assert words in html
    assert "Aanpassen gevraagd" in html
    assert "+31612345678" in html
    assert '<p class="said " lang="nl" dir="auto">' in html


def test_a_committee_sees_no_number_and_hears_no_voice(town: World) -> None:
    html = town.signed_in("committee").get("/console/plans/2").text
    assert SAID[1][2] in html
    assert "+31612345678" not in html
    assert "<audio" not in html
    assert "Dit plan is ingesproken" in html
    assert town.signed_in("committee").get("/console/recordings/1").status_code == 403


def test_what_residents_write_is_never_markup(town: World) -> None:
    from storage import plans

    town.db.call(lambda conn: plans.add_text(conn, 1, "<script>alert(1)</script>", "nl", None, 0))
    html = town.signed_in("coordinator").get("/console/plans/1").text
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("number", ["999", "0", str(2**63)])
def test_no_such_plan(town: World, number: str) -> None:
    assert town.signed_in("coordinator").get(f"/console/plans/{number}").status_code == 404


def test_a_plan_shows_what_people_were_told(both: World) -> None:
    both.fill()
    html = both.signed_in("coordinator").get("/console/plans/1").text
    part = html[html.index("Berichten aan de initiatiefnemer") :]
    assert "Gelezen · WhatsApp" in part
    assert "1 bericht aan volgers" in part
    assert "Over dit plan is nog niets verstuurd." in (
        both.signed_in("coordinator").get("/console/plans/2").text
    )


# --- recordings and photos


def test_a_recording_part_by_part(town: World) -> None:
    whole = beep()
    client = town.signed_in("assessor")
    answer = client.get("/console/recordings/2")
    assert (answer.status_code, answer.content) == (200, whole)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    for wanted, part in (
        ("bytes=0-99", whole[:100]),
        ("bytes=100-", whole[100:]),
        ("bytes=-50", whole[-50:]),
        (f"bytes=10-{10**9}", whole[10:]),
    ):
        answer = client.get("/console/recordings/2", headers={"range": wanted})
        assert (answer.status_code, answer.content) == (206, part)
    begin = client.get("/console/recordings/2", headers={"range": "bytes=0-99"})
    assert begin.headers["content-range"] == f"bytes 0-99/{len(whole)}"


@pytest.mark.parametrize("wanted", [f"bytes={10**9}-", "bytes=9-3", "bytes=-0"])
def test_a_part_that_is_not_there(town: World, wanted: str) -> None:
    answer = town.signed_in("assessor").get("/console/recordings/2", headers={"range": wanted})
    assert answer.status_code == 416


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-9", "lines=1-2", "bytes=-", "bytes=a-b"])
def test_what_we_do_not_understand_gets_the_whole(town: World, wanted: str) -> None:
    answer = town.signed_in("assessor").get("/console/recordings/2", headers={"range": wanted})
    assert answer.status_code == 200


def test_what_was_said_to_us_is_not_for_assessors(town: World) -> None:
    asked = town.db.read(lambda conn: help.open_requests(conn, 9))
    voice = next(each.recording_id for each in asked if each.kind == "listen")
    assert town.signed_in("assessor").get(f"/console/recordings/{voice}").status_code == 404
    assert town.signed_in("coordinator").get(f"/console/recordings/{voice}").status_code == 200


def test_a_photo(town: World) -> None:
    answer = town.signed_in("committee").get("/console/photos/1")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content[:2] == b"\xff\xd8"
    assert town.signed_in("committee").get("/console/photos/99").status_code == 404


# --- help


def test_help_is_done_once(town: World) -> None:
    client = town.signed_in("coordinator")
    assert "Wil gebeld worden" in client.get("/console/help").text
    post(client, "/console/help/1/done")
    html = client.get("/console/help").text
    assert "Gedaan. Dank u wel." in html
    assert "Wil gebeld worden" not in html
    assert "Gedaan. Dank u wel." not in client.get("/console/help").text
    post(client, "/console/help/1/done")
    assert "Dat had iemand al gedaan" in client.get("/console/help?state=done").text
    assert "Wil gebeld worden" in client.get("/console/help?state=done").text


# --- the audit log


def test_what_is_seen_and_done_is_noted(town: World) -> None:
    client = town.signed_in("coordinator")
    client.get("/console/plans/2")
    client.get("/console/plans/99")
    client.get("/console/recordings/2", headers={"range": "bytes=5-9"})
    client.get("/console/help")
    post(client, "/console/help/1/done")
    me = "test-coordinator"
    seen = noted(town)
    assert seen[:2] == [(me, "plan", 2), (me, "recording", 2)]
    assert {(me, "help", n) for n in (1, 2, 3)} <= set(seen)
    assert seen[-1] == (me, "help.done", 1)


def test_the_log_is_shown_by_person_and_kind(town: World) -> None:
    town.signed_in("coordinator").get("/console/plans/1")
    town.signed_in("assessor").get("/console/plans/2")
    client = town.signed_in("auditor")
    html = client.get("/console/audit?name=test-assessor&kind=plan").text
    assert html.count("<td>Plan bekeken</td>") == 1
    assert "<td>test-coordinator</td>" not in html
    for said in (SAID[0][1], SAID[1][2], "+31612345678"):
        assert said not in html


# --- language


def test_the_language_is_chosen(town: World) -> None:
    client = town.client()
    assert "Sign in" in client.get("/console/signin", headers={"accept-language": "en"}).text
    assert "Inloggen" in client.get("/console/signin", headers={"accept-language": "fr"}).text
    answer = post(client, "/console/language", language="en", here="/console/signin")
    assert answer.headers["location"] == "/console/signin"
    assert "Sign in" in client.get("/console/signin").text
    inside = town.signed_in("coordinator")
    post(inside, "/console/language", language="en", here="/console/plans")
    assert ">4 plans<" in inside.get("/console/plans").text
    assert (
        ">4 plans<" in town.client(inside.cookies["buurtstem_console"]).get("/console/plans").text
    )
    post(inside, "/console/language", language="xx", here="https://evil.example/")
    assert ">4 plans<" in inside.get("/console/plans").text
