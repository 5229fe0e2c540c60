"""Who takes part: the right numbers, and none of fewer than five people."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from sqlalchemy import Connection, insert

from admin_export.figures import UNKNOWN, week
from console import participation
from console.participation import ALL, Bar
from runtime.round_file import load_round
from storage import rounds
from storage.life_tables import supports
from storage.tables import people, plans
from storage.times import to_ms
from tests.console.world import DAY, REPO, World

ROUND = REPO / "examples" / "demo.toml"

# How many people sent in one plan each, by language; one of the Dutch two.
LANGUAGES = {"nl": 12, "tr": 7, "ar": 3, "en": 0}


def crowd(conn: Connection, now: int) -> None:
    active = rounds.active(conn)
    assert active
    area = active.round.areas[0].id
    number = 100
    for language, count in LANGUAGES.items():
        for n in range(count):
            row = {"language": language, "sound": True, "notify": True, "created_at": now}
            made = insert(people).values(**row, state="active").returning(people.c.id)
            person = conn.execute(made).scalar_one()
            for _ in range(2 if (language, n) == ("nl", 0) else 1):
                number += 1
                _plan(conn, active.id, number, person, language, area, now - 7 * DAY)


def _plan(
    conn: Connection, round_: int, number: int, person: int, language: str, area: str, at: int
) -> None:
    row = {
        "round_id": round_, "number": number, "initiator": person, "title": "Bankje", "text": "",
        "language": language, "address": "", "phone": "", "channel": "telegram", "area": area,
        "by_voice": language == "tr", "who": "me", "may_call": False, "status": "submitted",
        "created_at": at, "updated_at": at,
    }  # fmt: skip
    plan = conn.execute(insert(plans).values(row).returning(plans.c.id)).scalar_one()
    conn.execute(insert(supports).values(plan_id=plan, person_id=person, at=at + DAY))


def with_a_crowd(world: World) -> World:
    world.db.call(lambda c: rounds.save_round(c, load_round(ROUND), world.clock()))
    world.db.call(lambda c: crowd(c, world.clock()))
    return world


@pytest.fixture
def busy(world: World) -> World:
    return with_a_crowd(world)


def figures(world: World) -> participation.Participation:
    def read(conn: Connection) -> participation.Participation:
        active = rounds.active(conn)
        assert active
        areas = [area.id for area in active.round.areas]
        return participation.of_round(conn, active.id, areas, world.clock())

    return world.db.read(read)


def table(page: str, by: str) -> list[list[str]]:
    """The cells of a chart's table, without what only screen readers say."""
    part = page.split(f'aria-labelledby="c-{by}"')[1].split("</table>")[0]
    rows = re.findall(r"<tr>(<th scope=\"row\">.*?)</tr>", part, re.DOTALL)
    shown = [re.sub(r'<span class="unseen">.*?</span>', "", row) for row in rows]
    cells = [re.split(r"</t[hd]>", row)[:-1] for row in shown]
    return [[re.sub(r"<[^>]+>", "", cell).replace("&lt;", "<") for cell in row] for row in cells]


def test_figures(both: World) -> None:
    found = figures(with_a_crowd(both))
    assert found.total == Bar("", 23, 22)
    assert found.bars["language"] == [
        Bar("nl", 13, 12),
        Bar("tr", None, None),  # else the three of Arabic could be calculated from the total
        Bar("ar", None, None),
    ]
    assert found.bars["way"] == [Bar("text", 16, 15), Bar("voice", 7, 7)]
    assert [bar.people for bar in found.bars["area"]] == [22, 0]
    assert [(bar.count, bar.people) for bar in found.bars["week"]] == [(23, 22), (0, 0)]
    assert sum(bar.count or 0 for bar in found.bars["support"]) == 23
    assert set(found.bars) == set(ALL)


def test_weeks_are_those_of_the_export(busy: World) -> None:
    names = [bar.value for bar in figures(busy).bars["week"]]
    now = datetime.fromtimestamp(busy.clock() / 1000, UTC)
    assert names[-1] == week(now)
    assert len(names) == 2


def test_the_page_tells_the_same(busy: World) -> None:
    page = busy.signed_in("committee").get("/console/participation").text
    assert table(page, "language") == [
        ["Nederlands", "13", "12"],
        ["Türkçe", "<5", "<5"],
        ["العربية", "<5", "<5"],
    ]
    assert table(page, "way") == [["Getypt", "16", "15"], ["Ingesproken", "7", "7"]]
    assert page.count('alt="Staafdiagram.') == len(ALL)
    assert "minder dan 5 mensen" in page


def test_nothing_is_told_of_few(town: World) -> None:
    """Four plans of four people: not even how many."""
    page = town.signed_in("auditor").get("/console/participation").text
    for by in ALL:
        for row in table(page, by):
            assert set(row[1:]) <= {"<5", "0"}, (by, row)
    assert "er zijn nog te weinig mensen" in page


@pytest.mark.parametrize("by", ALL)
@pytest.mark.parametrize("look", ["", "?dark=1", "?narrow=1&dark=1"])
def test_plots_are_pictures_that_the_policy_allows(busy: World, by: str, look: str) -> None:
    answer = busy.signed_in("assessor").get(f"/console/participation/{by}.svg{look}")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "private, max-age=60"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "style=" not in answer.text
    assert "<style" not in answer.text
    svg = ElementTree.fromstring(
        answer.text.partition("<svg")[1] + answer.text.partition("<svg")[2]
    )
    said = ["".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    if by == "language":
        assert [word for word in said if word in ("13", "12", "7", "3", "<5")] == [
            "13", "12", "<5", "<5", "<5", "<5",
        ]  # fmt: skip
        assert "العربية" in said
    assert "Mensen" in said


def test_there_is_no_such_plot(town: World) -> None:
    client = town.signed_in("coordinator")
    assert client.get("/console/participation/people.svg").status_code == 404
    assert town.client().get("/console/participation/week.svg").status_code == 303


def test_figures_are_kept_for_a_minute(busy: World) -> None:
    client = busy.signed_in("coordinator")

    def told() -> Any:
        return table(client.get("/console/participation").text, "way")[0][1]

    assert told() == "16"
    add = lambda c: _plan(c, 1, 900, 1, "nl", "x", busy.clock())  # noqa: E731
    busy.db.call(add)
    busy.clock.now += 59_000
    assert told() == "16"
    busy.clock.now += 1_000
    assert told() == "17"


def test_a_long_round_shows_its_last_year(busy: World) -> None:
    busy.clock.now += 500 * DAY
    bars = figures(busy).bars["week"]
    assert len(bars) == participation.MOST_WEEKS
    assert all(bar == Bar(bar.value, 0, 0) for bar in bars)
    assert busy.signed_in("auditor").get("/console/participation/week.svg").status_code == 200


def test_an_empty_round(both: World) -> None:
    both.db.call(lambda c: rounds.save_round(c, load_round(ROUND), both.clock()))
    client = both.signed_in("coordinator")
    assert "Hier is nog niets te zien." in client.get("/console/participation").text
    for by in ALL:
        assert client.get(f"/console/participation/{by}.svg").status_code == 200


def test_what_no_plan_tells_comes_last(town: World) -> None:
    town.db.call(lambda c: crowd(c, to_ms(datetime(2027, 1, 4, tzinfo=UTC))))
    town.db.call(lambda c: c.execute(plans.update().where(plans.c.number > 110).values(area=None)))
    assert [bar.value for bar in figures(town).bars["area"]][-1] == UNKNOWN
