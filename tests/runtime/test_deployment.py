"""The files for an operator name commands and settings that there are."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime import queues
from runtime.cli import _parser
from runtime.config import PREFIX, Settings

REPO = Path(__file__).resolve().parents[2]
COMPOSE = REPO / "compose.yaml"
ENV = REPO / "deploy" / "env.example"
UNITS = sorted((REPO / "deploy" / "systemd").glob("*.service"))
OTHERS = {"POSTGRES_PASSWORD", "POSTGRES_USER", "POSTGRES_DB", "SITE"}


def services() -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    return made


def ours() -> dict[str, Any]:
    return {name: one for name, one in services().items() if one.get("image") == "buurtstem"}


def of_compose() -> list[list[str]]:
    return [one["command"] for one in ours().values()]


def of_units() -> Iterator[list[str]]:
    for unit in UNITS:
        (line,) = re.findall(r"^ExecStart=\S+/buurtstem (.*)$", unit.read_text("utf-8"), re.M)
        yield shlex.split(line)


def names_in(text: str) -> set[str]:
    return set(re.findall(rf"\b{PREFIX}[A-Z_]+", text))


@pytest.mark.parametrize("command", [*of_compose(), *of_units()], ids=" ".join)
def test_every_command_is_one_of_ours(command: list[str]) -> None:
    args = _parser().parse_args(command)
    assert queues.chosen(args.queue) <= queues.ALL


def test_all_queues_are_served_by_somebody() -> None:
    for some in (of_compose(), [*of_units()]):
        taken = [queues.chosen(_parser().parse_args(command).queue) for command in some]
        assert frozenset().union(*taken) == queues.ALL


@pytest.mark.parametrize(
    "path", [COMPOSE, ENV, REPO / "Containerfile", *UNITS], ids=lambda path: path.name
)
def test_every_setting_is_one_of_ours(path: Path) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    assert names_in(path.read_text("utf-8")) <= known


def test_the_example_of_settings_can_be_read_line_by_line() -> None:
    lines = [line for line in ENV.read_text("utf-8").splitlines() if line and line[0] != "#"]
    names = [line.partition("=")[0] for line in lines]
    assert len(names) == len(set(names))
    assert {name for name in names if not name.startswith(PREFIX)} <= OTHERS
    for line in lines:  # systemd and containers read quotes differently
        assert re.fullmatch(r"[A-Z_]+=[^\s\"']*", line), line


def test_what_is_asked_of_the_environment_is_in_the_example() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text("utf-8")))
    given = {line.partition("=")[0] for line in ENV.read_text("utf-8").splitlines()}
    assert asked
    assert asked <= given


def test_the_pepper_is_not_where_the_database_is() -> None:
    database = services()["db"]
    assert "env_file" not in database
    assert not names_in(str(database))


def test_there_are_two_of_each_and_a_speech_worker() -> None:
    first = [one["command"][0] for one in ours().values()]
    assert first.count("serve") == 2
    assert first.count("worker") == 3
    for one in ours().values():
        assert one["restart"] == "unless-stopped"
        assert "healthcheck" in one
        assert one["depends_on"] == {"db": {"condition": "service_healthy"}}


def test_everything_the_image_copies_is_there() -> None:
    lines = (REPO / "Containerfile").read_text("utf-8").splitlines()
    copied = [name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]]
    assert copied
    assert all((REPO / name).exists() for name in copied)
    assert "USER buurtstem" in lines


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    there = tmp_path / unit.name.replace("@", "@one")
    text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text("utf-8"))
    there.write_text(text, "utf-8")
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(there)], capture_output=True, text=True
    )
    assert (said.returncode, unit.name in said.stderr) == (0, False), said.stderr
