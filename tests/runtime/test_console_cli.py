"""`buurtstem console user …` and the demo's users."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from console.keys import password_is
from runtime import console
from storage import audit, console_users
from storage.db import Database
from tests.server import COMMAND, REPO, Server


def run(url: str, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMMAND, "console", "user", *words],
        input=typed,
        capture_output=True,
        text=True,
        env={"BUURTSTEM_DATABASE_URL": url, "PYTHONPATH": str(REPO), "PATH": "/usr/bin:/bin"},
        check=False,
    )


def test_a_user_from_the_command_line(sqlite_url: str) -> None:
    added = run(
        sqlite_url,
        "add",
        "Anna",
        "--role",
        "coordinator",
        "--password",
        "-",
        typed="long enough now\n",
    )
    assert (added.returncode, added.stdout) == (0, "anna: added as coordinator\n")
    again = run(sqlite_url, "add", "anna", "--role", "auditor")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == "buurtstem: there is somebody of that name already\n"
    short = run(sqlite_url, "add", "bo", "--role", "auditor", "--password", "-", typed="short\n")
    assert (short.returncode, short.stderr.count("\n")) == (2, 1)
    assert run(sqlite_url, "add", "bo", "--role", "mayor").returncode == 2
    assert run(sqlite_url, "list").stdout == "anna\tcoordinator\tpassword\n"
    db = Database.open(sqlite_url)
    user = db.read(lambda conn: console_users.by_name(conn, "anna"))
    assert user
    assert password_is(user.password, "long enough now")
    assert not user.must_change
    db.close()


def test_a_one_time_password(sqlite_url: str) -> None:
    db = Database.open(sqlite_url)
    lines = console.add_user(db, "bo", "assessor", "")
    made = lines[1].rpartition(": ")[2]
    user = db.read(lambda conn: console_users.by_name(conn, "bo"))
    assert user
    assert user.must_change
    assert password_is(user.password, made)
    assert len(re.sub("[^A-Z2-7]", "", made)) == 20
    console.disable_user(db, "bo")
    assert console.list_users(db) == ["bo\tassessor\tpassword\tdisabled"]
    assert console.reset_user(db, "bo", "")[1] != lines[1]
    assert console.list_users(db) == ["bo\tassessor\tpassword"]
    entries, _ = db.read(lambda conn: audit.entries(conn, "", "", 0, 9))
    assert [each.kind for each in entries] == ["user.reset", "user.disable", "user.add"]
    with pytest.raises(ValueError, match="nobody of that name"):
        console.disable_user(db, "nobody")
    db.close()


@pytest.mark.slow
def test_a_demo_tells_how_to_sign_in(tmp_path: Path) -> None:
    server = Server(tmp_path, "demo", secret_key="a key of sixteen or more")
    server.start()
    password = re.search(r"with the password (\S+)", server.log)
    assert password
    assert "demo-coordinator" in server.log
    with httpx.Client(base_url=server.url) as client:
        page = client.get("/console/signin").text
        token = re.search(r'name="csrf" value="(\w+)"', page)
        assert token
        fields = {"csrf": token[1], "name": "demo-coordinator", "password": password[1]}
        assert client.post("/console/signin", data=fields).headers["location"] == "/console/"
        assert client.get("/console/").status_code == 200
        assert client.get("/console").status_code == 307
    server.stop()


@pytest.mark.slow
def test_no_demo_users_where_the_public_is(tmp_path: Path) -> None:
    server = Server(
        tmp_path, "demo", public_url="https://buurt.example", secret_key="a key of sixteen or more"
    )
    server.start()
    assert "password" not in server.log
    assert "demo</span>" not in httpx.get(server.url + "/console/signin").text
    server.stop()
