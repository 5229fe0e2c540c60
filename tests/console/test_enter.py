"""Entering for others: a plan with its code, and supports on paper, from the console's forms."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from civic.link_codes import is_right
from civic.rounds import Phase
from console.guard import COOKIE
from console.keys import Keys
from storage import audit, entered, photos, plans, rounds, supports
from storage.plans import Plan
from tests.console.world import SECRET, World, post

FIELDS = {
    "text": "Een bankje bij het plein.\r\nMet een leuning.",
    "title": "Bankje",
    "language": "nl",
    "area": "",
    "theme": "",
    "address": "Lindeplein 1",
    "cost": "€ 1.250,50",
    "who": "together",
    "reach": "code",
    "phone": "",
    "agreed": "yes",
}


@pytest.fixture
def anna(town: World) -> TestClient:
    town.db.call(lambda c: rounds.set_phase(c, 1, Phase.INTAKE))
    return town.signed_in("coordinator")


def form_of(client: TestClient) -> str:
    found = re.search(r'name="form" value="([^"]+)"', client.get("/console/enter").text)
    assert found
    return found[1]


def send(client: TestClient, photo: bytes | None = None, **fields: str) -> Any:
    values = {"form": form_of(client), **FIELDS, **fields}
    token = {"csrf": Keys(SECRET).csrf(client.cookies.get(COOKIE) or "")}
    # A browser sends the field of a file also when none was chosen.
    name = "a.jpg" if photo is not None else ""
    files = {"photo": (name, photo or b"", "image/jpeg")}
    return client.post("/console/enter", data={**values, **token}, files=files)


def plan_of(town: World, number: int = 5) -> Plan:
    found = town.db.read(lambda c: plans.by_number(c, 1, number))
    assert found
    return found


def codes_in(html: str) -> list[str]:
    return [code.replace(" ", "") for code in re.findall(r"\b\d{4} \d{4}\b", html)]


def errors(answer: Any) -> set[str]:
    assert answer.status_code == 422
    return set(re.findall(r'class="error" id="e-(\w+)"', answer.text))


def test_a_plan_with_its_receipt(town: World, anna: TestClient) -> None:
    answer = send(anna)
    assert answer.status_code == 303
    plan = plan_of(town)
    assert plan.initiator is None
    assert (plan.title, plan.text) == ("Bankje", "Een bankje bij het plein.\nMet een leuning.")
    assert (plan.channel, str(plan.cost), plan.who) == ("paper", "1250.50", "together")
    assert (plan.may_call, plan.phone) == (False, "")
    page = anna.get(answer.headers["location"]).text
    (code,) = codes_in(page)
    assert is_right(code)
    assert codes_in(anna.get(answer.headers["location"]).text) == [code]
    kept = town.deps.codes.kept(town_slug(town), code)
    line = town.db.read(lambda c: entered.by_code(c, 1, kept))
    assert line
    assert line.plan_id == plan.id
    assert {"enter.plan", "entered"} <= set(town.db.read(audit.kinds))


def town_slug(town: World) -> str:
    active = town.db.read(rounds.active)
    assert active
    return active.round.id


def test_the_same_form_twice_is_one_plan(town: World, anna: TestClient) -> None:
    form = form_of(anna)
    first, second = send(anna, form=form), send(anna, form=form)
    assert first.headers["location"] == second.headers["location"]
    assert len(town.db.read(lambda c: plans.of_round(c, 1))) == 5


def test_whoever_wants_to_be_called_gives_a_number(town: World, anna: TestClient) -> None:
    assert errors(send(anna, reach="call")) == {"phone"}
    assert errors(send(anna, reach="call", phone="12")) == {"phone"}
    send(anna, reach="call", phone="06 12 34-56 78")
    assert (plan_of(town).may_call, plan_of(town).phone) == (True, "+31612345678")


def test_the_plan_shows_whom_to_call_until_it_is_linked(town: World, anna: TestClient) -> None:
    send(anna, reach="call", phone="0612345678")
    page = anna.get("/console/plans/5").text
    assert "Aan geen telefoon gekoppeld" in page
    assert 'href="tel:+31612345678"' in page
    line = town.db.read(lambda c: entered.line(c, 1, 1))
    assert line
    town.db.call(lambda c: entered.link(c, line, 1, town.clock()))
    assert "Aan geen telefoon gekoppeld" not in anna.get("/console/plans/5").text


def test_a_number_that_nobody_may_call_is_not_kept(town: World, anna: TestClient) -> None:
    send(anna, phone="0612345678")
    assert plan_of(town).phone == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", ""),
        ("title", "x" * 51),
        ("language", "xx"),
        ("area", "nowhere"),
        ("theme", "nothing"),
        ("cost", "veel"),
        ("cost", "-1"),
        ("reach", "pigeon"),
        ("who", "aliens"),
        ("agreed", ""),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    town: World, anna: TestClient, field: str, value: str
) -> None:
    answer = send(anna, **{field: value})
    assert errors(answer) == {field}
    assert "Met een leuning" in answer.text or field == "text"
    assert len(town.db.read(lambda c: plans.of_round(c, 1))) == 4


def test_without_a_name_it_gets_one(town: World, anna: TestClient) -> None:
    send(anna, title="")
    assert plan_of(town).title == "Een bankje bij het plein"


def test_a_photo_is_freed_of_what_the_camera_wrote(town: World, anna: TestClient) -> None:
    picture, exif = Image.new("RGB", (40, 20), "green"), Image.Exif()
    exif[0x010E] = "my house"
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    assert b"my house" in out.getvalue()
    send(anna, photo=out.getvalue())
    (photo,) = town.db.read(lambda c: photos.of_plan(c, plan_of(town).id))
    assert (photo.person_id, photo.width, photo.height) == (None, 40, 20)
    assert b"my house" not in town.store.get(photo.name)
    assert anna.get(f"/console/photos/{photo.id}").status_code == 200


def test_what_is_no_photo_is_told(town: World, anna: TestClient) -> None:
    assert errors(send(anna, photo=b"not a photo")) == {"photo"}
    assert len(town.db.read(lambda c: plans.of_round(c, 1))) == 4


def test_before_the_round_begins_nothing_can_be_entered(town: World, anna: TestClient) -> None:
    town.db.call(lambda c: rounds.set_phase(c, 1, None))
    town.clock.now = 1_000_000_000_000  # 2001
    assert errors(send(anna)) == {"text"}


def test_when_it_is_over_the_page_says_since_when(town: World, anna: TestClient) -> None:
    town.db.call(lambda c: rounds.set_phase(c, 1, Phase.ASSESSMENT))
    assert 'class="note"' in anna.get("/console/enter").text
    assert send(anna).status_code == 303


# --- a sheet


def count(client: TestClient, **fields: str) -> Any:
    return post(client, "/console/enter/sheet", **{"number": "2", "sheet": "ab-1", **fields})


def test_a_sheet_is_counted_once(town: World, anna: TestClient) -> None:
    town.db.call(lambda c: rounds.set_phase(c, 1, Phase.SUPPORT))
    answer = count(anna, lines="12")
    assert answer.status_code == 303
    assert town.db.read(lambda c: supports.count(c, 2)) == 12
    page = anna.get(answer.headers["location"]).text
    assert len(set(codes_in(page))) == 12
    count(anna, lines="12", sheet=" AB-1 ")
    assert town.db.read(lambda c: supports.count(c, 2)) == 12
    assert codes_in(anna.get(answer.headers["location"]).text) == codes_in(page)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"lines": "0"}, "lines"),
        ({"lines": "201"}, "lines"),
        ({"lines": "veel"}, "lines"),
        ({"lines": "3", "sheet": ""}, "sheet"),
        ({"lines": "3", "number": "99"}, "number"),
        ({"lines": "3", "number": "1"}, "number"),  # is being tested
        ({"lines": "3", "number": "0"}, "number"),
    ],
)
def test_a_sheet_that_cannot_be_counted(
    town: World, anna: TestClient, fields: dict[str, str], wrong: str
) -> None:
    town.db.call(lambda c: rounds.set_phase(c, 1, Phase.SUPPORT))
    assert errors(count(anna, **fields)) == {wrong}


def test_a_sheet_of_another_plan(town: World, anna: TestClient) -> None:
    town.db.call(lambda c: rounds.set_phase(c, 1, Phase.SUPPORT))
    count(anna, lines="2")
    answer = count(anna, lines="2", number="3")
    assert errors(answer) == {"sheet"}
    assert "plan 2" in answer.text


def test_codes_that_were_used_are_not_shown(town: World, anna: TestClient) -> None:
    town.db.call(lambda c: rounds.set_phase(c, 1, Phase.SUPPORT))
    where = count(anna, lines="2").headers["location"]
    line = town.db.read(lambda c: entered.of_sheet(c, 1, "AB-1"))[0]
    assert town.db.call(lambda c: entered.link(c, line, 1, town.clock())) == "linked"
    page = anna.get(where).text
    assert len(codes_in(page)) == 1
    assert "Gekoppeld aan een telefoon" in page


def test_old_codes_can_be_made_to_last_again(town: World, anna: TestClient) -> None:
    where = send(anna).headers["location"]
    town.clock.now += entered.LASTS_MS + 1
    anna = town.signed_in("coordinator")
    assert f'action="{where}/renew"' in anna.get(where).text
    post(anna, f"{where}/renew")
    assert "/renew" not in anna.get(where).text
    assert "enter.renew" in town.db.read(audit.kinds)


def test_no_receipt_of_what_is_not_there(town: World, anna: TestClient) -> None:
    assert anna.get("/console/enter/99").status_code == 404


def test_only_coordinators_enter(town: World) -> None:
    for role in ("assessor", "committee", "auditor"):
        assert town.signed_in(role).get("/console/enter").status_code == 403
