"""The map: where things are drawn, and what is on it."""

from __future__ import annotations

import re

import pytest

from console.mapping import CELLS, WIDTH, Map, around
from storage.plan_map import Box, Point
from tests.console.busy import busy
from tests.console.world import World

BOX = Box(52.0, 4.0, 52.1, 4.2)


def point(number: int, lat: float, lng: float) -> Point:
    return Point(number, "Bankje", "nl", "submitted", lat, lng)


def test_corners_are_the_corners() -> None:
    drawn = Map(BOX)
    assert drawn.place(52.1, 4.0) == (0.0, 0.0)
    assert drawn.place(52.0, 4.2) == (WIDTH, drawn.height)
    # a degree north is 1 / cos(latitude) times as long as one east
    assert drawn.height == pytest.approx(WIDTH * 0.5 / 0.6150, abs=1)


def test_what_would_touch_is_one_spot() -> None:
    apart = [point(1, 52.01, 4.01), point(2, 52.09, 4.19)]
    assert [len(spot.plans) for spot in Map(BOX).spots(apart)] == [1, 1]
    close = [point(1, 52.05, 4.1), point(2, 52.0501, 4.1001)]
    spots = Map(BOX).spots(close)
    assert [len(spot.plans) for spot in spots] == [2]
    assert spots[0].box
    assert all(spots[0].box.holds(p.lat, p.lng) for p in close)
    nearer = Map(spots[0].box).spots(close)
    assert [len(spot.plans) for spot in nearer] == [1, 1]
    assert CELLS < 100


def test_plans_at_one_door_stay_together() -> None:
    same = [point(n, 52.05, 4.1) for n in range(40)]
    (spot,) = Map(BOX).spots(same)
    assert spot.box is None
    assert len(spot.plans) == 40


@pytest.mark.parametrize(
    "corners",
    [[(52.0, 4.0)], [(52.0, 4.0), (52.0, 4.9)], [(51.0, 4.0), (52.0, 4.0)], [(0, 0), (1, 1)]],
)
def test_a_map_holds_what_it_is_of(corners: list[tuple[float, float]]) -> None:
    box = around(corners)
    assert all(box.holds(*corner) for corner in corners)
    assert box.north > box.south
    assert box.east > box.west
    assert 0.1 < Map(box).height / WIDTH < 10


@pytest.fixture
def full(town: World) -> World:
    busy(town)
    return town


def test_the_list_has_what_the_map_has(full: World) -> None:
    html = full.signed_in("auditor").get("/console/plans/map").text
    svg, beside = html[html.index("<svg") : html.index("</svg>")], html[html.index("</svg>") :]
    drawn = set(re.findall(r'href="/console/plans/(\d+)"', svg))
    assert drawn
    assert drawn <= set(re.findall(r'href="/console/plans/(\d+)"', beside))
    assert "4 plannen liggen buiten de kaart" in html
    assert "Lindebuurt" in svg
    assert "Waterkant" in svg
    assert "style=" not in svg


@pytest.mark.parametrize(
    "query",
    ["?box=x", "?box=1,2,3", "?box=nan,4,53,5", "?box=90,180,-90,-180", "?box=52,4,52,5",
     "?box=0,0,1e-9,90", "?status=odd", "?area=nowhere", "?page=9"],
)  # fmt: skip
def test_an_odd_address_is_a_map_all_the_same(full: World, query: str) -> None:
    assert full.signed_in("auditor").get(f"/console/plans/map{query}").status_code == 200


def test_a_part_of_the_map(full: World) -> None:
    client = full.signed_in("auditor")
    html = client.get("/console/plans/map?box=52.375,4.81,52.39,4.83").text
    assert "Hele kaart" in html
    beside = html[html.index("</svg>") :]
    numbers = {int(n) for n in re.findall(r'href="/console/plans/(\d+)"', beside)}
    assert numbers == {5, 7, 9, 11, 13}
