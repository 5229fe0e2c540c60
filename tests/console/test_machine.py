"""What a machine translated says so, and a coordinator may ask for it where it is set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from civic.plans import Role, Status
from console.app import app
from console.guard import COOKIE
from console.texts import texts
from storage import plan_life, plans, translating, translations
from storage.translations import Translation
from tests.console.world import World, post

BUTTON = 'action="/console/plans/2/machine"'


@pytest.fixture
def anna(town: World) -> TestClient:
    """A coordinator where a translation service is set."""
    deps = replace(town.deps, translates=True)
    client = TestClient(Starlette(routes=[Mount("/console", app(deps))]), follow_redirects=False)
    client.cookies.set(COOKIE, town.session("coordinator"), path="/console")
    return client


def state(town: World) -> Any:
    return town.db.read(lambda c: translating.state_of(c, 2))


def test_a_coordinator_asks_for_a_translation(town: World, anna: TestClient) -> None:
    assert BUTTON in anna.get("/console/plans/2").text
    assert state(town) is None
    assert post(anna, "/console/plans/2/machine").status_code == 303
    assert state(town) == translating.State(True, "", 0)
    page = anna.get("/console/plans/2").text
    assert "De computer gaat vertalen." in page
    assert "De computer is nog aan het vertalen." in page


def test_why_it_did_not_go_is_told(town: World, anna: TestClient) -> None:
    def fail(conn: Any) -> None:
        wanted = translating.take(conn, "plan", 2, ["en"], town.clock(), town.clock())
        assert wanted
        translating.failed(conn, wanted, "456", town.clock() + 1)

    town.db.call(fail)
    assert "Vertalen lukte nog niet (456)." in anna.get("/console/plans/2").text


def test_where_no_service_is_set_there_is_no_button(town: World) -> None:
    client = town.signed_in("coordinator")
    assert BUTTON not in client.get("/console/plans/2").text
    assert post(client, "/console/plans/2/machine").status_code == 404
    assert state(town) is None


def test_a_machines_words_have_a_badge_and_a_persons_have_not(town: World) -> None:
    badge = town_badge()
    machine = Translation("nl", "Tuin", "Een tuin", True)
    town.db.call(lambda c: translations.put(c, 2, machine, town.clock()))
    client = town.signed_in("coordinator")
    assert badge in client.get("/console/plans/2").text
    human = replace(machine, machine=False)
    town.db.call(lambda c: translations.put(c, 2, human, town.clock()))
    assert badge not in client.get("/console/plans/2").text


def test_so_has_a_machines_reason(town: World) -> None:
    def decline(conn: Any) -> None:
        plans.set_status(conn, 2, "submitted", "assessing", "test", "", town.clock())
        step = plan_life.change(
            conn, 2, Status.DECLINED, actor="a", role=Role.ASSESSOR,
            reasons={"nl": "Dat mag niet."}, now_ms=town.clock(),
        )  # fmt: skip
        plan_life.put_reason(conn, step.history_id, "tr", "Olmaz.", machine=True)

    town.db.call(decline)
    page = town.signed_in("coordinator").get("/console/plans/2").text
    assert page.index("Olmaz.") < page.index(town_badge(), page.index("Olmaz."))


def town_badge() -> str:
    return f'<span class="tag">{texts("nl").t("plan.by_machine")}</span>'
