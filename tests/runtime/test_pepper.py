"""The pepper of the codes: given, or made once and kept."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runtime import config
from runtime.config import ConfigError, Settings

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_url=f"sqlite:///{tmp_path}/var/b.db")


def test_it_is_made_once_and_told_once(settings: Settings, capsys: Any) -> None:
    made = config.pepper(settings)
    path = settings.folder / "pepper"
    told = capsys.readouterr().err
    assert (told.count("\n"), str(path) in told, made.decode() in told) == (1, True, False)
    assert len(made) >= 43
    assert path.read_bytes() == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [child.name for child in settings.folder.iterdir()] == ["pepper"]
    assert config.pepper(settings) == made
    assert capsys.readouterr().err == ""


def test_it_is_not_the_application_s_key(settings: Settings) -> None:
    assert config.pepper(settings).decode() != config.secret_key(settings)


def test_a_setting_goes_first_and_makes_no_file(settings: Settings, tmp_path: Path) -> None:
    given = Settings(database_url=settings.database_url, pepper="a pepper of our own ü")
    assert config.pepper(given) == "a pepper of our own ü".encode()
    assert not (given.folder / "pepper").exists()


def test_a_short_one_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUURTSTEM_PEPPER", "salt")
    with pytest.raises(ConfigError, match=r"^BUURTSTEM_PEPPER: .*16 characters") as caught:
        config.load()
    assert "salt" not in str(caught.value)


@pytest.mark.parametrize("damaged", [b"", b"\n", b"short", b"\x00" * 3])
def test_a_damaged_one_is_never_used(settings: Settings, damaged: bytes) -> None:
    config.pepper(settings)
    path = settings.folder / "pepper"
    path.write_bytes(damaged)
    with pytest.raises(ConfigError, match="damaged"):
        config.pepper(settings)
    assert path.read_bytes() == damaged


def test_processes_that_begin_at_once_agree(tmp_path: Path) -> None:
    code = "from runtime import config; print(config.pepper(config.load()).decode())"
    env = {
        **os.environ,
        "PYTHONPATH": str(REPO),
        "BUURTSTEM_DATABASE_URL": f"sqlite:///{tmp_path}/b.db",
    }
    workers = [
        subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert len({worker.communicate(timeout=60)[0] for worker in workers}) == 1
