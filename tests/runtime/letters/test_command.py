"""The file that is made, the round it needs, and Telegram's name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from civic.rounds import Phase
from runtime import cli
from runtime.config import ConfigError, load
from runtime.letters.facts import as_dialled
from runtime.letters.pages import PageWriter
from runtime.letters.whole import written_whole
from storage.db import Database
from tests.emulators.telegram import TOKEN, USERNAME, TelegramEmulator
from tests.emulators.telegram import telegram_emulator as telegram_emulator
from tests.runtime.letters.conftest import CODES, Press, row, text_of


def test_only_the_owner_reads_it_and_it_is_never_overwritten(
    press: Press, capsys: pytest.CaptureFixture[str]
) -> None:
    press.print([row(CODES[0])])
    assert stat.S_IMODE(press.out.stat().st_mode) == 0o600
    before = press.out.read_bytes()
    assert press.run() == 2
    assert "is never overwritten" in capsys.readouterr().err
    assert press.out.read_bytes() == before


def test_progress_and_no_code_on_standard_error(
    press: Press, capsys: pytest.CaptureFixture[str]
) -> None:
    press.print(row(code) for code in CODES)
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{len(CODES)} of {len(CODES)} letters" in err
    assert "no admitted plan yet in lindebuurt" in err
    assert not any(code in err.replace(" ", "") for code in CODES)


def test_a_folder_that_is_not_there(press: Press, capsys: pytest.CaptureFixture[str]) -> None:
    press.write([row(CODES[0])])
    assert press.run(out=press.folder / "none" / "letters.pdf") == 2
    assert "No such file or directory" in capsys.readouterr().err


@pytest.fixture(params=["unnamed", "beside"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both ways to write whole: without a name, and where the file system needs one."""
    if request.param == "beside":
        monkeypatch.delattr(os, "O_TMPFILE")
    elif not hasattr(os, "O_TMPFILE"):
        pytest.skip("files without a name are Linux's")
    return str(request.param)


def test_a_file_is_whole_or_not_there(tmp_path: Path, way: str) -> None:
    path = tmp_path / "out.pdf"

    def broken_off() -> None:
        with written_whole(path) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken_off()
    assert list(tmp_path.iterdir()) == []
    with written_whole(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_who_comes_second_overwrites_nothing(tmp_path: Path, way: str) -> None:
    path = tmp_path / "out.pdf"

    def both() -> None:
        with written_whole(path) as file:
            file.write(b"second")
            path.write_bytes(b"first")

    with pytest.raises(FileExistsError):
        both()
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_left_by_a_process_that_is_killed(tmp_path: Path) -> None:
    if not hasattr(os, "O_TMPFILE"):
        pytest.skip("files without a name are Linux's")
    child = os.fork()
    if child == 0:
        with written_whole(tmp_path / "out.pdf") as file:
            file.write(b"half")
            file.flush()
            os._exit(9)
    os.waitpid(child, 0)
    assert list(tmp_path.iterdir()) == []


def test_without_a_round(press: Press, capsys: pytest.CaptureFixture[str]) -> None:
    (press.folder / "test.db").unlink()
    press.write([row(CODES[0])])
    assert press.run() == 2
    assert "no round is loaded" in capsys.readouterr().err


def test_without_a_vote(press: Press, capsys: pytest.CaptureFixture[str]) -> None:
    press.load()
    phases = tuple(dates for dates in press.round.phases if dates.name is not Phase.VOTE)
    db = Database.open(press.url)
    from storage import rounds

    db.call(lambda conn: rounds.save_round(conn, replace(press.round, phases=phases), 2))
    db.close()
    press.write([row(CODES[0])])
    assert press.run() == 2
    assert "the round has no vote" in capsys.readouterr().err


def test_telegram_tells_the_name_that_is_not_set(
    press: Press, telegram_emulator: TelegramEmulator
) -> None:
    press.settings["telegram_name"] = ""
    press.settings |= {"telegram_token": TOKEN, "telegram_api_url": telegram_emulator.base_url}
    said = text_of(press.print([row(CODES[0])])[0])
    assert f"@{USERNAME}" in said
    assert "Telegram" in said


def test_telegram_that_does_not_answer(press: Press, capsys: pytest.CaptureFixture[str]) -> None:
    press.settings["telegram_name"] = ""
    press.settings |= {"telegram_token": TOKEN, "telegram_api_url": "http://127.0.0.1:9"}
    press.write([row(CODES[0])])
    assert press.run() == 2
    assert "set BUURTSTEM_TELEGRAM_NAME" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a/b", "bot", "x" * 33, "buurt bot"])
def test_a_name_that_is_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("BUURTSTEM_TELEGRAM_NAME", name)
    with pytest.raises(ConfigError, match="BUURTSTEM_TELEGRAM_NAME"):
        load()


def test_a_name_may_have_its_at_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUURTSTEM_TELEGRAM_NAME", "@BuurtstemBot")
    assert load().telegram_name == "BuurtstemBot"


@pytest.mark.parametrize(
    ("number", "dialled"),
    [
        ("+31612345678", "06 12 34 56 78"),
        ("31201234567", "020 123 45 67"),
        ("+3197010255555", "+3197010255555"),
        ("+4915112345678", "+4915112345678"),
        ("", ""),
    ],
)
def test_numbers_as_they_are_dialled(number: str, dialled: str) -> None:
    assert as_dialled(number) == dialled


def test_a_pdf_of_another_kind_is_refused(tmp_path: Path) -> None:
    file: BinaryIO
    with (tmp_path / "x").open("wb") as file, pytest.raises(ValueError):
        PageWriter(file, b"%PDF-1.7\nnothing")


def test_from_the_command_line(
    press: Press, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BUURTSTEM_DATABASE_URL", press.url)
    press.write([row(CODES[0])])
    command = ["stempas", "letters", "--in", str(press.codes), "--out", str(press.out)]
    assert cli.main(command) == 0
    assert press.out.read_bytes().startswith(b"%PDF-")
    assert cli.main(command) == 2
