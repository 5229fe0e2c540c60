"""Plans into OpenStad over real HTTP: once each, whatever happens on the way."""

from __future__ import annotations

from functools import partial

import httpx
import pytest

from admin_export.openstad_api import OpenStad, OpenStadError
from admin_export.push import Push
from civic.plans import Role, Status
from storage import plan_life, plans, pushed
from storage.times import from_ms
from tests.admin_export import openstad
from tests.admin_export.conftest import exported
from tests.storage.living import DAY, NOON, ROUND, Living

LONG = "Op het plein is het in de zomer te heet om te zitten. " * 4
AREA, THEME = ROUND.areas[0], ROUND.themes[0]
UNTIL = from_ms(NOON + 100 * DAY)


class Killed(BaseException):
    """As sudden as the end of a process."""


class Bench:
    """A round with plans, an OpenStad, and pushes between them."""

    def __init__(self, db, there, url):
        self.town, self.db, self.there, self.url = Living(db), db, there, url
        self.slept, self.said = [], []

    def plan(self, title="Bomen op het plein", text=LONG, **more):
        more = {"area": AREA.id, "theme": THEME.id, **more}
        return self.town.plan(self.town.person(), title=title, text=text, **more)

    def plans(self, count):
        return [self.plan(f"Bomen op plein {n}") for n in range(1, count + 1)]

    def wait(self, seconds):
        self.slept.append(seconds)
        if seconds >= 60:
            self.there.left = None  # a minute went by

    def push(self, token=openstad.TOKEN, kept=None, **how):
        self.said, self.there.asked = [], []
        proposals = how.pop("proposals", False)
        with httpx.Client(timeout=5) as client:
            api = OpenStad(client, self.url, "7", token, self.wait)
            known = self.db.read(
                partial(pushed.of_round, round_id=self.town.round_id, project=api.project)
            )
            push = Push(api, known, kept or self.keep(api), self.said.append, self.wait, **how)
            return push.run(exported(self.db, UNTIL), proposals=proposals)

    def keep(self, api, until=None):
        left = iter(range(until)) if until is not None else None

        def keep(number, remote_id, sent):
            if left is not None and next(left, None) is None:
                raise Killed
            plan = self.town.found(number)
            self.db.call(lambda c: pushed.keep(c, plan.id, api.project, remote_id, sent, NOON))

        return keep

    @property
    def titles(self):
        return sorted(resource["title"] for resource in self.there.resources.values())


@pytest.fixture
def bench(db):
    with openstad.running() as (there, url):
        yield Bench(db, there, url)


def test_new_plans_get_there_and_a_second_push_asks_nothing(bench):
    bench.plan("Café op het plein 🌳 & meer", LONG + "<b>1 < 2</b>", lat=52.38, lng=4.81)
    bench.plans(2)
    report = bench.push()
    assert (report.made, report.faults) == ([1, 2, 3], [])
    first = bench.there.by_external()[f"{ROUND.id}-1"][0]
    assert first["title"] == "Cafe op het plein  &amp; meer"
    assert "&lt;b&gt;1 &lt; 2&lt;/b&gt;" in first["description"]
    assert first["location"] == {"lat": 52.38, "lng": 4.81}
    assert {each["name"] for each in first["statuses"]} == {"Ingediend", "Nieuw"}
    assert {(each["type"], each["name"]) for each in first["tags"]} == {
        ("thema", THEME.name.get("nl")),
        ("gebied", AREA.name.get("nl")),
    }
    assert len(bench.there.tags) == 2
    again = bench.push()
    assert again.same == [1, 2, 3]
    assert bench.there.asked == []


def test_only_what_changed_is_told_and_what_is_theirs_stays(bench):
    plan = bench.plan()
    bench.push()
    [there] = bench.there.resources.values()
    there["summary"] = "Geschreven door de gemeente zelf."
    there["extraData"]["dossier"] = "Z-12"
    there["tags"].append({"id": 900, "type": "jaar", "name": "2026"})
    bench.there.tags.append({"id": 900, "type": "jaar", "name": "2026"})
    bench.db.call(
        lambda c: plans.set_status(c, plan.id, "submitted", "assessing", "anna", "", NOON + DAY)
    )
    report = bench.push()
    assert report.changed == [1]
    assert bench.said == ["plan 1: statuses: Ingediend → In behandeling"]
    assert there["summary"] == "Geschreven door de gemeente zelf."
    assert {each["name"] for each in there["statuses"]} == {"Nieuw", "In behandeling"}
    assert {each["name"] for each in there["tags"]} == {
        THEME.name.get("nl"),
        AREA.name.get("nl"),
        "2026",
    }
    assert there["extraData"]["dossier"] == "Z-12"
    put = [each for each in bench.there.asked if each.startswith("PUT")]
    assert put == ["PUT resource/501"]


def test_what_is_refused_is_told_by_plan_and_field_and_the_others_go_on(bench):
    bench.plan("Bomen", "Te kort.")
    bench.plan("x" * 51)
    bench.plan("Bomen op het plein", "x" * 5001)
    bench.plan("Genoeg letters 🌳", LONG)
    bench.plan("🌳🌳🌳🌳🌳 bomen", LONG)  # ten signs for us, six letters for OpenStad
    report = bench.push()
    assert report.made == [4]
    assert [(fault.number, fault.field) for fault in report.faults] == [
        (1, "title"),
        (1, "summary"),
        (1, "description"),
        (2, "title"),
        (3, "description"),
        (5, "title"),
    ]
    assert str(report.faults[0]) == "plan 1: title: Titel moet tussen 10 en 50 tekens zijn"
    report = bench.push(proposals=True)
    assert {fault.number for fault in report.faults} <= {5}
    assert set(report.made) >= {1, 2, 3}


def test_a_refused_change_is_told_too(bench):
    plan = bench.plan()
    bench.push()
    bench.db.call(
        lambda c: c.exec_driver_sql(f"UPDATE plans SET title = 'Bomen' WHERE id = {plan.id}")
    )
    report = bench.push()
    assert [(fault.number, fault.field) for fault in report.faults] == [(1, "title")]


@pytest.mark.parametrize("fault", ["drop", 500, 502])
def test_an_answer_that_gets_lost_makes_no_second_resource(bench, fault):
    bench.plans(3)
    bench.push()
    bench.plan("Nog een plan voor bomen")
    bench.there.faults = [fault]
    report = bench.push()
    assert report.faults == []
    assert sorted(report.made + report.same) == [1, 2, 3, 4]
    assert all(len(each) == 1 for each in bench.there.by_external().values())
    assert len(bench.there.resources) == 4
    assert bench.push().same == [1, 2, 3, 4]


def test_every_answer_of_writes_gets_lost_once(bench):
    bench.plans(5)
    bench.there.faults = ["drop", None] * 20
    assert bench.push().faults == []
    assert len(bench.there.resources) == 5
    assert all(len(each) == 1 for each in bench.there.by_external().values())


def test_a_push_that_was_killed_goes_on(bench):
    bench.plans(6)
    with httpx.Client() as client:
        api = OpenStad(client, bench.url, "7", openstad.TOKEN, bench.wait)
    with pytest.raises(Killed):
        bench.push(kept=bench.keep(api, until=3))
    assert len(bench.there.resources) == 4  # the fourth is there, and we do not know it
    report = bench.push()
    assert report.faults == []
    assert len(bench.there.resources) == 6
    assert report.made == [5, 6]
    assert report.same == [1, 2, 3, 4]


def test_too_fast_waits_as_long_as_it_is_told(bench):
    bench.plans(5)
    bench.there.limit = 4
    assert bench.push().made == [1, 2, 3, 4, 5]
    assert bench.slept.count(60.0) == 2
    bench.plan("Nog een plan voor bomen")
    bench.there.limit = None
    bench.there.faults = [429]
    assert bench.push().made == [6]
    assert bench.slept[-1] == 7.0


def test_a_dry_run_tells_and_writes_nothing(bench):
    plan = bench.plan()
    bench.plan("Bomen", LONG)
    report = bench.push(dry_run=True)
    assert report.made == [1, 2]
    assert bench.there.resources == {}
    assert bench.there.tags == []
    assert "plan 1: new" in bench.said
    assert any("plan 2" in line and "5 tekens" in line for line in bench.said)
    assert {each.partition(" ")[0] for each in bench.there.asked} == {"GET"}
    bench.push(proposals=True)
    bench.db.call(
        lambda c: plans.set_status(c, plan.id, "submitted", "assessing", "anna", "", NOON + DAY)
    )
    report = bench.push(dry_run=True)
    assert 1 in report.changed
    assert "plan 1: statuses: Ingediend → In behandeling" in bench.said


def test_withdrawn_plans_are_hidden_and_never_made(bench):
    plan = bench.plan()
    bench.push()
    other = bench.plan("Een heel ander plan voor later")
    for each in (plan, other):
        bench.db.call(
            lambda c, id_=each.id: plan_life.change(
                c,
                id_,
                Status.WITHDRAWN,
                actor="initiator",
                role=Role.INITIATOR,
                now_ms=NOON + DAY,
            )
        )
    bench.push()
    [there] = bench.there.resources.values()
    assert there["publishDate"] is None
    assert "Ingetrokken" in {each["name"] for each in there["statuses"]}


def test_what_was_removed_there_is_told_and_not_made_again(bench):
    plan = bench.plan()
    bench.push()
    bench.there.resources.clear()
    bench.db.call(
        lambda c: plans.set_status(c, plan.id, "submitted", "assessing", "anna", "", NOON + DAY)
    )
    report = bench.push()
    assert [str(fault) for fault in report.faults] == ["plan 1: was removed there"]
    assert bench.there.resources == {}


def test_nothing_about_people_gets_there(bench):
    person = bench.town.person("whatsapp:+31612345678")
    bench.town.plan(person, title="Bomen op het plein", text=LONG, phone="+31612345678")
    bench.push()
    sent = str(bench.there.resources)
    assert "612345678" not in sent
    assert "R-" not in sent


def test_without_access_it_ends_at_once(bench):
    bench.plans(2)
    with pytest.raises(OpenStadError, match="no access: Invalid or expired token"):
        bench.push(token="geheim")
    assert len(bench.there.asked) == 1


def test_nobody_there(bench):
    bench.plans(1)
    bench.url = "http://127.0.0.1:1"
    with pytest.raises(OpenStadError, match="cannot be reached"):
        bench.push()
