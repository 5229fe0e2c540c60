"""`buurtstem doctor` on this machine: what is there, what is not, and never a secret."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.speech import model
from runtime import doctor, doctor_local, fingerprints, wiring
from runtime.config import ConfigError, Settings
from runtime.doctor import Case, Check, NoteError, WrongError
from storage import console_users, examined
from storage.db import Database
from tests.server import COMMAND, REPO, Server

LINE = re.compile(r"(ok   |WRONG|note ) [a-z' ]+: \S.*")


def run(folder: Path, **settings: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Its exit status, and each check's word and what it says."""
    server = Server(folder, "doctor", **settings)
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "doctor"],
        env=server.environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert all(LINE.fullmatch(line) for line in lines), done.stdout
    parts = (line.partition(": ") for line in lines)
    found = {head[6:]: (head[:5].strip(), said) for head, _, said in parts}
    assert len(found) == len(lines)
    for name, value in settings.items():
        secret = name.endswith(("token", "key", "pepper")) or "url" in name
        assert not (secret and len(value) > 15 and value in done.stdout), name
    return done.returncode, found


def case(tmp_path: Path, url: str = "", **settings: object) -> Case:
    url = url or f"sqlite:///{tmp_path}/town.db"
    chosen = Settings(database_url=url, media_url=f"file://{tmp_path}/media", **settings)  # type: ignore[arg-type]
    return Case(chosen, Database.open(url))


def test_a_fresh_machine_is_well(tmp_path: Path) -> None:
    status, found = run(tmp_path)
    assert status == 0
    assert found["database"] == ("note", "there is none yet: the first start makes it")
    assert not (tmp_path / "town.db").exists()
    assert model.EMBEDDED_FILES["model.bin"] in found["whisper"][1]
    for name in ("media", "voice", "fonts", "clock", "disk", "exports", "durability"):
        assert found[name][0] == "ok", found[name]
    assert found["telegram"][0] == found["twilio"][0] == found["mail"][0] == "note"


def test_a_machine_that_has_been_used_is_well(tmp_path: Path) -> None:
    settings = {"database_url": f"sqlite:///{tmp_path}/town.db"}
    db = wiring.open_database(Settings(**settings))  # type: ignore[arg-type]
    db.close()
    status, found = run(tmp_path)
    assert status == 0
    assert found["migrations"][1].startswith("at the newest (")
    assert found["round"][0] == found["console users"][0] == "note"


def test_what_cannot_be_reached_is_wrong_and_told_without_its_password(tmp_path: Path) -> None:
    password = "a-password-of-somebodys"
    status, found = run(
        tmp_path,
        database_url=f"postgresql://buurtstem:{password}@127.0.0.1:1/buurtstem",
        export_url=f"sftp://anna:{password}@127.0.0.1:1/exports",
        smtp_url=f"smtp://anna:{password}@127.0.0.1:1",
        telegram_token=f"123456789:{password}{password}",
        telegram_api_url="http://127.0.0.1:1",
        public_url="http://127.0.0.1:1",
    )
    assert status == 1
    wrong = {name for name, (word, _) in found.items() if word == "WRONG"}
    expected = {"database", "keys", "exports", "mail", "telegram", "telegram's webhook"}
    assert expected <= wrong
    assert "public address" in found
    assert password not in str(found)
    assert "127.0.0.1:1" not in str(found)


def test_an_older_database_is_wrong_and_a_newer_one_is_noted(tmp_path: Path) -> None:
    older = text("UPDATE alembic_version SET version_num = '0003'")
    newer = text("UPDATE alembic_version SET version_num = '9999'")
    looked = case(tmp_path)
    assert looked.db is not None
    looked.db.migrate()
    looked.db.call(lambda conn: conn.execute(older))
    with pytest.raises(WrongError, match="at 0003, needs"):
        doctor_local.migrations(looked)
    looked.db.call(lambda conn: conn.execute(newer))
    with pytest.raises(NoteError, match="newer"):
        doctor_local.migrations(looked)
    looked.db.close()


def test_who_may_sign_in_with_a_password_only_is_wrong(tmp_path: Path, sqlite_url: str) -> None:
    looked = case(tmp_path, sqlite_url)
    assert looked.db is not None
    looked.db.call(lambda conn: console_users.add(conn, "anna", "coordinator", 0, password="x"))
    with pytest.raises(WrongError, match="1 of 1 without a second step"):
        doctor_local.users(looked)
    with_second = text("UPDATE console_users SET totp_salt = 'x'")
    looked.db.call(lambda conn: conn.execute(with_second))
    assert doctor_local.users(looked) == "1, all with a second step"
    looked.db.call(lambda conn: console_users.add(conn, "demo-x", "auditor", 0, demo=True))
    public = Case(looked.settings.model_copy(update={"public_url": "https://x.example"}), looked.db)
    with pytest.raises(WrongError, match="demo"):
        doctor_local.users(public)
    looked.db.close()


def commit_is(url: str, word: str) -> None:
    """How this database's connections wait for the disk, from the next one on."""
    db = Database.open(url, pool=1)
    name = db.read(lambda conn: conn.exec_driver_sql("SELECT current_database()").scalar())
    db.call(lambda c: c.exec_driver_sql(f'ALTER DATABASE "{name}" SET synchronous_commit = {word}'))
    db.close()


def test_postgresql_that_does_not_wait_for_its_disk_is_wrong(
    tmp_path: Path, postgres_url: str
) -> None:
    commit_is(postgres_url, "on")
    looked = case(tmp_path, postgres_url)
    assert doctor_local.durable(looked) == "synchronous_commit is on"
    assert looked.db is not None
    looked.db.close()
    commit_is(postgres_url, "off")
    looked = case(tmp_path, postgres_url)
    with pytest.raises(WrongError, match="synchronous_commit is off"):
        doctor_local.durable(looked)
    assert looked.db is not None
    looked.db.close()


def test_with_postgresql_the_keys_must_be_set_and_the_same(
    tmp_path: Path, postgres_url: str
) -> None:
    keys = {"secret_key": "a key of some length", "pepper": "a pepper of some length"}
    looked = case(tmp_path, postgres_url, **keys)
    assert looked.db is not None
    assert doctor_local.keys(looked) == "secret key and pepper are set"
    fingerprints.check(looked.settings, looked.db)  # as the first start does
    assert "this database was begun with" in doctor_local.keys(looked)
    other = looked.settings.model_copy(update={"pepper": looked.settings.secret_key})
    with pytest.raises(ConfigError, match="BUURTSTEM_PEPPER"):
        doctor_local.keys(Case(other, looked.db))
    bare = looked.settings.model_copy(
        update={"secret_key": type(other.pepper)(""), "pepper": type(other.pepper)("")}
    )
    with pytest.raises(WrongError, match="BUURTSTEM_SECRET_KEY and BUURTSTEM_PEPPER not set"):
        doctor_local.keys(Case(bare, looked.db))
    assert "same time" in doctor_local.clock(looked)
    looked.db.close()


def test_a_clock_that_is_off_is_wrong(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = case(tmp_path, postgres_url)
    assert looked.db is not None
    real = examined.server_time
    monkeypatch.setattr(examined, "server_time", lambda conn: real(conn) + 30)
    with pytest.raises(WrongError, match="s off the database server's"):
        doctor_local.clock(looked)
    looked.db.close()


def test_a_full_disk_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_local, "_free", lambda place: 100_000_000)
    looked = Case(Settings(media_url=f"file://{tmp_path}"), None)
    with pytest.raises(WrongError, match="100 MB free for data"):
        doctor_local.disk(looked)


def test_a_damaged_model_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {**model.EMBEDDED_FILES, "config.json": "0" * 64}
    looked = Case(Settings(database_url=f"sqlite:///{tmp_path}/x.db"), None)
    doctor_local.whisper(looked)
    monkeypatch.setattr(model, "EMBEDDED_FILES", files)
    with pytest.raises(model.ModelError):
        doctor_local.whisper(looked)


def test_a_check_that_hangs_or_fails_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    import threading

    never = threading.Event()

    def fails(_: Case) -> str:
        raise ValueError("postgresql://anna:secret@host")

    looked = Case(Settings(), None)
    assert doctor._say(Check("hangs", lambda _: str(never.wait(60)), 0.05), looked) == "WRONG"
    assert doctor._say(Check("fails", fails), looked) == "WRONG"
    never.set()
    said = capsys.readouterr().out
    assert said == "WRONG hangs: no answer within 0.05 seconds\nWRONG fails: ValueError\n"


def test_the_command_is_documented() -> None:
    assert "buurtstem doctor" in (REPO / "docs" / "observation.md").read_text("utf-8")
