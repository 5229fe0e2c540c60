"""Signing in with the municipality's accounts, at a provider that nobody here wrote."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import oidc_provider_mock
import pytest
from starlette.testclient import TestClient

from console.deps import OidcSettings
from storage import console_users
from tests.console.world import World


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    logging.getLogger("oidc_provider_mock").setLevel(logging.ERROR)
    with oidc_provider_mock.run_server_in_thread(require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def linked(town: World, provider: str) -> World:
    town.oidc = OidcSettings(provider, "buurtstem", "a secret", "buurtstem_role")
    return town


def set_user(provider: str, sub: str, **claims: object) -> None:
    httpx.put(f"{provider}/users/{sub}", json=claims).raise_for_status()


def sign_in(world: World, client: TestClient, sub: str) -> httpx.Response:
    """Through the provider's own page and back."""
    there = client.get("/console/oidc")
    assert there.status_code == 302
    location = there.headers["location"]
    assert urlsplit(location).netloc == urlsplit(world.oidc.issuer).netloc  # type: ignore[union-attr]
    back = httpx.post(location, data={"sub": sub}).headers["location"]
    answer: httpx.Response = client.get(back)
    return answer


def test_a_role_from_a_claim(linked: World, provider: str) -> None:
    set_user(provider, "f1", preferred_username="Fatma", buurtstem_role=["x", "assessor"])
    client = linked.client()
    assert sign_in(linked, client, "f1").headers["location"] == "/console/"
    assert "fatma" in client.get("/console/").text
    assert client.get("/console/help").status_code == 403
    user = linked.db.read(lambda conn: console_users.by_name(conn, "fatma"))
    assert user
    assert (user.role, user.password, user.totp_salt) == ("assessor", None, None)


def test_a_role_that_changes(linked: World, provider: str) -> None:
    set_user(provider, "g1", preferred_username="gül", buurtstem_role="coordinator")
    sign_in(linked, linked.client(), "g1")
    set_user(provider, "g1", preferred_username="gül", buurtstem_role="auditor")
    client = linked.client()
    sign_in(linked, client, "g1")
    assert client.get("/console/audit").status_code == 200
    assert client.get("/console/help").status_code == 403


@pytest.mark.parametrize("claims", [{}, {"buurtstem_role": "mayor"}, {"buurtstem_role": []}])
def test_without_a_role_nobody_gets_in(
    linked: World, provider: str, claims: dict[str, object]
) -> None:
    set_user(provider, "h1", preferred_username="hans", **claims)
    client = linked.client()
    assert sign_in(linked, client, "h1").headers["location"] == "/console/signin"
    assert "geen rol" in client.get("/console/signin").text
    assert client.get("/console/").status_code == 303


def test_a_local_account_of_the_same_name_stays_whose_it_is(linked: World, provider: str) -> None:
    mine = linked.user("coordinator", name="jan")
    set_user(provider, "j1", preferred_username="jan", buurtstem_role="committee")
    client = linked.client()
    sign_in(linked, client, "j1")
    assert "jan (2)" in client.get("/console/").text
    local = linked.db.read(lambda conn: console_users.get(conn, mine))
    assert local
    assert (local.role, local.subject) == ("coordinator", None)


def test_who_is_disabled_here_stays_out(linked: World, provider: str) -> None:
    set_user(provider, "k1", preferred_username="kees", buurtstem_role="assessor")
    sign_in(linked, linked.client(), "k1")
    user = linked.db.read(lambda conn: console_users.by_name(conn, "kees"))
    assert user
    linked.db.call(lambda conn: console_users.set_active(conn, user.id, False))
    client = linked.client()
    assert sign_in(linked, client, "k1").headers["location"] == "/console/signin"
    assert client.get("/console/").status_code == 303


def test_an_answer_that_was_not_asked_for(linked: World) -> None:
    client = linked.client()
    answer = client.get("/console/oidc/back?code=stolen&state=made-up")
    assert answer.headers["location"] == "/console/signin"
    assert client.get("/console/").status_code == 303


def test_somebody_elses_answer(linked: World, provider: str) -> None:
    """The state belongs to the browser that began."""
    set_user(provider, "l1", preferred_username="lena", buurtstem_role="assessor")
    location = linked.client().get("/console/oidc").headers["location"]
    back = httpx.post(location, data={"sub": "l1"}).headers["location"]
    other = linked.client()
    assert other.get(back).headers["location"] == "/console/signin"
    assert other.get("/console/").status_code == 303


def test_a_provider_that_is_down(linked: World) -> None:
    linked.oidc = OidcSettings("http://127.0.0.1:9", "buurtstem", "a secret", "buurtstem_role")
    client = linked.client()
    assert client.get("/console/oidc").headers["location"] == "/console/signin"
    assert "lukte niet" in client.get("/console/signin").text


def test_without_a_provider_there_is_no_such_page(town: World) -> None:
    assert town.client().get("/console/oidc").status_code == 404
    assert "/console/oidc" not in town.client().get("/console/signin").text
