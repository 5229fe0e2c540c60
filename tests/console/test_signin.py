"""Signing in as people do it: password, app, recovery code, the ways in which it fails."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from console import times
from console.keys import hash_password
from storage import audit, console_users
from storage.console_users import User
from tests.console.world import COOKIE, NOON, World, post

PASSWORD = "four unrelated words"
HASHED = PasswordHasher(1, 8, 1).hash(PASSWORD)  # argon2 all the same, in a millisecond


def ask(client: TestClient, path: str, **fields: object) -> Any:
    return post(client, f"/console{path}", **fields)


def sign_in(
    client: TestClient, name: str = "anna", password: str = PASSWORD, wanted: str = ""
) -> Any:
    client.get("/console/signin", params={"next": wanted})
    return ask(client, "/signin", name=name, password=password)


def secret_on(page: str) -> str:
    found = re.search(r'class="secret">([^<]*)<', page)
    assert found
    return found[1].replace(" ", "")


def code(world: World, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(world.clock() // 1000 + 30 * steps)


def enrolled(world: World, client: TestClient) -> tuple[str, list[str]]:
    """Takes somebody through the app's page; its secret, and the recovery codes."""
    secret = secret_on(client.get("/console/signin/app").text)
    page = ask(client, "/signin/app", code=code(world, secret))
    assert page.status_code == 200
    return secret, re.findall(r"<code>([A-Z2-7]{5}-[A-Z2-7]{5})</code>", page.text)


def anna(world: World) -> User:
    user = world.db.read(lambda conn: console_users.by_name(conn, "anna"))
    assert user
    return user


def kinds(world: World) -> list[str]:
    entries, _ = world.db.read(lambda conn: audit.entries(conn, "", "", 0, 100))
    return [entry.kind for entry in reversed(entries)]


@pytest.fixture
def known(town: World) -> World:
    town.user("coordinator", name="anna", password=HASHED)
    return town


def test_the_first_sign_in_asks_for_an_app(known: World) -> None:
    client = known.client()
    answer = sign_in(client, " Anna ", wanted="/console/plans?q=boom")
    assert answer.headers["location"] == "/console/signin/next"
    assert client.get("/console/signin/next").headers["location"] == "/console/signin/app"
    before = client.cookies[COOKIE]
    _, codes = enrolled(known, client)
    assert len(set(codes)) == 10
    assert client.cookies[COOKIE] != before
    assert client.get("/console/plans").status_code == 200
    assert kinds(known)[:3] == ["sign_in.password", "totp.set", "sign_in"]


def test_then_the_code_is_asked(known: World) -> None:
    secret, _ = enrolled(known, signing_in(known))
    known.clock.now += 60_000
    client = signing_in(known, "/console/plans?q=boom")
    assert client.get("/console/signin/next").headers["location"] == "/console/signin/code"
    assert ask(client, "/signin/code", code="000000").status_code == 422
    right = code(known, secret)
    answer = ask(client, "/signin/code", code=f"{right[:3]} {right[3:]}")
    assert answer.headers["location"] == "/console/plans?q=boom"
    assert client.get("/console/plans").status_code == 200


def signing_in(world: World, wanted: str = "") -> TestClient:
    client = world.client()
    assert sign_in(client, wanted=wanted).status_code == 303
    return client


def test_no_code_works_twice(known: World) -> None:
    secret, codes = enrolled(known, signing_in(known))
    assert ask(signing_in(known), "/signin/code", code=code(known, secret)).status_code == 422
    known.clock.now += 30_000
    now = code(known, secret)
    assert ask(signing_in(known), "/signin/code", code=now).status_code == 303
    assert ask(signing_in(known), "/signin/code", code=now).status_code == 422
    assert ask(signing_in(known), "/signin/code", code=codes[0].lower()).status_code == 303
    assert ask(signing_in(known), "/signin/code", code=codes[0]).status_code == 422
    assert "recovery.used" in kinds(known)


def test_an_old_code_does_not_work(known: World) -> None:
    secret, _ = enrolled(known, signing_in(known))
    known.clock.now += 300_000
    for steps in (-2, 2):
        old = code(known, secret, steps)
        assert ask(signing_in(known), "/signin/code", code=old).status_code == 422


def test_an_app_cannot_be_replaced_with_a_password_alone(known: World) -> None:
    enrolled(known, signing_in(known))
    client = signing_in(known)
    assert client.get("/console/signin/app").headers["location"] == "/console/signin/next"
    assert ask(client, "/signin/app", code="123456").headers["location"] == "/console/signin/next"
    assert ask(client, "/signin/password", new="x" * 12, again="x" * 12).status_code == 303
    assert anna(known).password == HASHED


def test_a_password_of_somebody_else_is_changed_first(known: World) -> None:
    user = anna(known)
    known.db.call(lambda c: console_users.set_password(c, user.id, HASHED, must_change=True))
    client = signing_in(known)
    assert client.get("/console/signin/next").headers["location"] == "/console/signin/password"
    assert client.get("/console/signin/app").headers["location"] == "/console/signin/next"
    short = ask(client, "/signin/password", new="short", again="short")
    assert "Gebruik minstens 12 tekens" in short.text
    other = ask(client, "/signin/password", new="long enough now", again="something else")
    assert "niet hetzelfde" in other.text
    assert "long enough now" not in other.text
    ask(client, "/signin/password", new="long enough now", again="long enough now")
    assert client.get("/console/signin/next").headers["location"] == "/console/signin/app"
    assert sign_in(known.client(), password=PASSWORD).status_code == 422


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/console/", "/console/\\evil", "/simulator"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(known: World, wanted: str) -> None:
    client = signing_in(known, wanted)
    secret = secret_on(client.get("/console/signin/app").text)
    page = ask(client, "/signin/app", code=code(known, secret)).text
    assert "evil" not in page
    assert 'class="button wide-button" href="/console/"' in page


@pytest.mark.parametrize(("name", "password"), [("anna", "not the password"), ("nobody", PASSWORD)])
def test_wrong_is_wrong_without_saying_which(known: World, name: str, password: str) -> None:
    answer = sign_in(known.client(), name, password)
    assert answer.status_code == 422
    assert "Naam of wachtwoord klopt niet." in answer.text
    assert f'value="{name}"' in answer.text
    assert password not in answer.text


def test_who_is_disabled_is_out_at_once(known: World) -> None:
    enrolled(known, client := signing_in(known))
    user = anna(known)
    known.db.call(lambda conn: console_users.set_active(conn, user.id, False))
    assert client.get("/console/").status_code == 303
    assert sign_in(known.client()).status_code == 422


def test_sessions_end(known: World) -> None:
    client = known.signed_in("coordinator")
    known.clock.now += times.IDLE - 1000
    assert client.get("/console/").status_code == 200
    known.clock.now += times.IDLE - 1000
    assert client.get("/console/").status_code == 200
    known.clock.now += times.IDLE
    assert client.get("/console/").status_code == 303
    client = known.signed_in("coordinator")
    for _ in range(times.LONGEST // (times.IDLE // 2)):
        assert client.get("/console/").status_code == 200
        known.clock.now += times.IDLE // 2
    assert client.get("/console/").status_code == 303
    half = known.signed_in("coordinator", complete=False)
    known.clock.now += times.HALFWAY
    assert half.get("/console/signin/code").headers["location"] == "/console/signin"


def test_signing_out(known: World) -> None:
    here, there = known.signed_in("coordinator"), known.signed_in("coordinator")
    token = here.cookies[COOKIE]
    assert ask(here, "/signout").headers["location"] == "/console/signin"
    assert known.client(token).get("/console/").status_code == 303
    assert there.get("/console/").status_code == 200
    ask(there, "/account/signout")
    assert there.get("/console/").status_code == 303


def test_changing_the_password_ends_other_sessions(known: World) -> None:
    enrolled(known, client := signing_in(known))
    known.clock.now += 60_000
    other = signing_in(known)
    known.clock.now = NOON
    fields = {"new": "quite another one", "again": "quite another one"}
    assert ask(client, "/account", old="wrong", **fields).status_code == 422
    assert ask(client, "/account", old=PASSWORD, **fields).status_code == 303
    assert client.get("/console/account").status_code == 200
    assert other.get("/console/signin/code").headers["location"] == "/console/signin"


def test_a_new_app_needs_the_password(known: World) -> None:
    enrolled(known, client := signing_in(known))
    before = anna(known).totp_salt
    secret = secret_on(client.get("/console/account/app").text)
    right = code(known, secret)
    assert ask(client, "/account/app", code=right, old="wrong").status_code == 422
    assert anna(known).totp_salt == before
    assert ask(client, "/account/app", code=right, old=PASSWORD).status_code == 200
    assert anna(known).totp_salt != before


def test_the_database_alone_opens_no_account(known: World) -> None:
    """Neither the app's secret nor a code or a token is in it."""
    client = signing_in(known)
    secret, codes = enrolled(known, client)
    stored = known.db.read(lambda conn: "".join(conn.connection.iterdump()))  # type: ignore[attr-defined]
    for hidden in (secret, *codes, codes[0].replace("-", ""), client.cookies[COOKIE], PASSWORD):
        assert hidden not in stored


def test_passwords_are_kept_as_rfc_9106_says() -> None:
    assert hash_password(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


# --- how often


def test_five_attempts_and_then_a_wait(known: World) -> None:
    for _ in range(5):
        assert sign_in(known.client(), password="wrong").status_code == 422
    answer = sign_in(known.client())
    assert answer.status_code == 429
    assert "Wacht een kwartier" in answer.text
    known.clock.now += times.WINDOW
    assert sign_in(known.client()).status_code == 303


def test_a_right_password_does_not_let_codes_be_guessed(known: World) -> None:
    enrolled(known, signing_in(known))
    statuses = []
    while 429 not in statuses:
        client = known.client()
        statuses.append(sign_in(client).status_code)
        statuses.append(ask(client, "/signin/code", code="000000").status_code)
    assert statuses == [303, 422, 303, 422, 303, 429]


def test_one_address_and_many_names(known: World) -> None:
    statuses = [sign_in(known.client(), f"name{n}", "wrong").status_code for n in range(51)]
    assert statuses == [422] * 50 + [429]


def test_a_restart_forgets_no_attempts(known: World) -> None:
    for _ in range(5):
        sign_in(known.client(), password="wrong")
    again = World(known.db, known.store, known.clock)
    assert sign_in(again.client()).status_code == 429


TRY = """
import sys
from storage import console_sessions
from storage.db import Database
db = Database.open(sys.argv[1])
sys.stdin.readline()
limits = {"pair": 5}
print(sum(db.call(lambda c: console_sessions.attempt(c, limits, 0, 1)) for _ in range(6)))
db.close()
"""


def test_several_processes_count_together(database_url: str) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", TRY, database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    with ThreadPoolExecutor(3) as threads:
        said = list(threads.map(lambda process: process.communicate("go\n")[0], started))
    assert sum(map(int, said)) == 5


# --- a demo


def test_a_demo_asks_for_no_app(known: World) -> None:
    known.db.call(
        lambda c: console_users.add(c, "demo", "coordinator", 0, password=HASHED, demo=True)
    )
    assert sign_in(known.client(), "demo").status_code == 422
    known.demo = True
    client = known.client()
    assert "voorbeeldgebruikers" in client.get("/console/signin").text
    assert sign_in(client, "demo").headers["location"] == "/console/"
    assert client.get("/console/").status_code == 200
    token = client.cookies[COOKIE]
    known.demo = False
    assert known.client(token).get("/console/").status_code == 303
