"""`buurtstem stempas …` as somebody types it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest

from civic.stempas import with_check
from runtime import cli

Run = Callable[..., tuple[int, str, str]]

ISSUE = ["issue", "--area", "lindebuurt", "--count", "5", "--out", "codes.csv"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    """Runs a command in a folder where the sample round is loaded."""
    example = Path("examples/demo.toml").absolute()
    monkeypatch.chdir(tmp_path)
    assert cli.main(["round", "load", str(example)]) == 0
    monkeypatch.setenv("BUURTSTEM_PEPPER", "p" * 32)

    def _run(*words: str, lines: str = "") -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr("sys.stdin", io.StringIO(lines))
        try:
            status = cli.main(["stempas", *words])
        except SystemExit as left:
            status = int(left.code or 0)
        out, err = capsys.readouterr()
        return status, out, err

    return _run


def codes() -> list[str]:
    return [line.split(",")[0] for line in Path("codes.csv").read_text().splitlines()[1:]]


def test_issue_then_void(run: Run) -> None:
    status, out, err = run(*ISSUE)
    assert (status, err) == (0, "")
    assert out == "batch 1: 5 passes for lindebuurt, codes in codes.csv, not encrypted\n"
    a, b, c, d, e = codes()
    assert run("void", a) == (0, "1 void now\n", "")
    assert run("void", *b.split()) == (0, "1 void now\n", "")
    assert run("void", c, d.replace(" ", "")) == (0, "2 void now\n", "")
    assert run("void", "-", lines=f"\n{e}\r\n\n{a}\n") == (
        0,
        "1 void now, 1 had been before\n",
        "",
    )


def test_encrypted(run: Run) -> None:
    key = pyrage.x25519.Identity.generate()
    status, out, _ = run(*ISSUE, "--key", str(key.to_public()), "--kind", "entrepreneur")
    assert (status, "not encrypted" in out) == (0, False)
    assert b"entrepreneur" in pyrage.decrypt(Path("codes.csv").read_bytes(), [key])


def test_how_far_it_is(run: Run) -> None:
    _, _, err = run(*ISSUE[:3], "--count", "10000", "--out", "many.csv")
    assert err.splitlines() == [
        "10,000 codes drawn",
        "10,000 codes written",
        "10,000 passes stored",
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["issue", "--area", "x", "--count", "1", "--out", "c"], "waterkant"),
        ([*ISSUE, "--count", "0"], "--count"),
        ([*ISSUE, "--count", "-1"], "--count"),
        ([*ISSUE, "--count", "many"], "--count"),
        ([*ISSUE, "--count", "100000001"], "--count"),
        ([*ISSUE, "--kind", "tourist"], "--kind"),
        ([*ISSUE, "--channel", "pigeon"], "--channel"),
        ([*ISSUE, "--key", "age1x"], "--key"),
        ([*ISSUE, "--out", "nowhere/c.csv"], "nowhere/c.csv"),
        (ISSUE[:-2], "--out"),
        (["void"], "CODE"),
        (["void", "12"], "code 1"),
        (["void", with_check("4829130756")], "code 1"),
        (["void", with_check("4829130756"), "x"], "code 2"),
        (["void", "-"], "no code"),
        ([], "COMMAND"),
    ],
)
def test_what_is_wrong_is_one_line(run: Run, words: list[str], why: str) -> None:
    status, out, err = run(*words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert why in err
    assert "482" not in err
    assert [path.name for path in Path().iterdir()] == ["var"]


def test_the_file_is_there_already(run: Run) -> None:
    run(*ISSUE)
    before = codes()
    status, _, err = run(*ISSUE)
    assert (status, err.count("\n"), "codes.csv" in err) == (2, 1, True)
    assert codes() == before
