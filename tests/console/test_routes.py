"""Who may open what: over the table of routes, so that a new page is tested without a word."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from console import pages
from console.app import app
from console.keys import Keys
from console.pages import today
from console.roles import COORDINATORS, Door, Role
from console.routes import Act, Declared, View
from tests.console.world import COOKIE, ROLES, SECRET, World, post

ROUTES = pages.routes()
INSIDE = [route for route in ROUTES if not isinstance(route.access, Door)]
ACTS = [route for route in ROUTES if isinstance(route, Act)]


def named(route: Declared) -> str:
    return f"{route.method} {route.name}"


def path_of(route: Declared) -> str:
    return "/console" + re.sub(r"\{[^}]*\}", "1", route.path)


def ask(client: TestClient, route: Declared) -> Any:
    path = path_of(route)
    return post(client, path) if isinstance(route, Act) else client.get(path)


@pytest.mark.parametrize("route", INSIDE, ids=named)
def test_a_wrong_role_is_refused(town: World, route: Declared) -> None:
    assert isinstance(route.access, frozenset)
    for role in set(Role) - route.access:
        assert ask(town.signed_in(role), route).status_code == 403, role


@pytest.mark.parametrize("route", INSIDE, ids=named)
def test_a_right_role_is_not(town: World, route: Declared) -> None:
    assert isinstance(route.access, frozenset)
    for role in route.access:
        status = ask(town.signed_in(role), route).status_code
        assert status not in (401, 403, 405, 500), role
        if isinstance(route, View) and "{" not in route.path:
            assert status == 200, role


@pytest.mark.parametrize("route", INSIDE, ids=named)
def test_nobody_gets_in_without_signing_in(town: World, route: Declared) -> None:
    for client in (town.client(), town.client("a token that is nobody's")):
        answer = ask(client, route)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/console/signin")


@pytest.mark.parametrize("route", INSIDE, ids=named)
def test_a_password_alone_opens_nothing(town: World, route: Declared) -> None:
    answer = ask(town.signed_in("coordinator", complete=False), route)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/signin/next")


@pytest.mark.parametrize("route", ACTS, ids=named)
def test_a_form_needs_its_token(town: World, route: Act) -> None:
    """Without one, with another visitor's, and from another site."""
    role = next(iter(sorted(route.access))) if isinstance(route.access, frozenset) else None
    complete = route.access is not Door.HALFWAY
    client = town.signed_in(role or "coordinator", complete=complete)
    other = town.signed_in("auditor")
    before = client.cookies.get(COOKIE)
    assert client.post(path_of(route)).status_code == 403
    foreign = Keys(SECRET).csrf(other.cookies.get(COOKIE) or "")
    assert client.post(path_of(route), data={"csrf": foreign}).status_code == 403
    own = {"csrf": Keys(SECRET).csrf(before or "")}
    answer = client.post(path_of(route), data=own, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize("route", ACTS, ids=named)
def test_a_form_has_a_limit(town: World, route: Act) -> None:
    complete = route.access is not Door.HALFWAY
    role = next(iter(sorted(route.access))) if isinstance(route.access, frozenset) else "auditor"
    client = town.signed_in(role, complete=complete)
    answer = post(client, path_of(route), name="x" * (route.most_bytes + 1))
    assert answer.status_code == 413


def test_a_route_without_a_role_does_not_start(world: World) -> None:
    for access in (None, frozenset(), frozenset({"coordinator?"}), "coordinator"):
        route = View("page", "/page", today.show, access)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="say which roles"):
            app(world.deps, [route])


def test_an_auditor_changes_nothing(world: World) -> None:
    access = COORDINATORS | {Role.AUDITOR}
    with pytest.raises(ValueError, match="reads only"):
        app(world.deps, [Act("page", "/page", today.show, access)])
    for act in ACTS:
        if isinstance(act.access, frozenset) and Role.AUDITOR in act.access:
            assert act.own


def test_two_routes_of_one_name_do_not_start(world: World) -> None:
    route = View("page", "/page", today.show, COORDINATORS)
    with pytest.raises(ValueError, match="two routes"):
        app(world.deps, [route, route])


@pytest.mark.parametrize("role", ROLES)
def test_the_menu_has_what_the_role_may_see(town: World, role: str) -> None:
    html = town.signed_in(role).get("/console/").text
    for route in INSIDE:
        if isinstance(route, View) and route.nav:
            assert isinstance(route.access, frozenset)
            assert (f'href="{path_of(route)}"' in html.split("<main")[0]) == (role in route.access)
