"""Rounds to export: the real plans of West Begroot 2021, and a few that are hard on any file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from admin_export.dataset import Dataset, collect
from bot.messages import Inbound
from civic import pabulib
from civic.pabulib import Project
from civic.rounds import Round
from runtime.round_file import load_round
from storage import rounds
from storage.db import Database
from tests.dialogue import REPO, Town

PABULIB = REPO.parent / "shared" / "data" / "pabulib" / "Netherlands_Amsterdam_309.pb"
INTAKE = datetime(2019, 6, 20, 9, 30, tzinfo=UTC)
NEXT_WEEK = INTAKE + timedelta(days=7)
KEY = b"only for these tests"
THEMES = {
    "Groen en Duurzaam": "groen",
    "Kunst en Cultuur": "cultuur",
    "Minder Arm en Eenzaam": "samen",
}
ROUND: Round = load_round(REPO / "examples" / "slotermeer.toml")


def link(kind: str, row_id: int) -> str:
    return f"https://buurtstem.example/console/{kind}/{row_id}"


def exported(
    db: Database, until: datetime = NEXT_WEEK, since: datetime | None = None, key: bytes = KEY
) -> Dataset:
    """The active round as it may leave."""

    def read(conn):
        active = rounds.active(conn)
        assert active
        return collect(conn, active.id, active.round, until=until, since=since, key=key, link=link)

    return db.read(read)


@dataclass
class Resident:
    """Somebody who sends in plans on Telegram, line by line as they are typed."""

    town: Town
    address: str
    channel: str = "telegram"

    def says(self, *lines: str | Inbound) -> str:
        """What was said back, all of it."""
        for line in lines:
            if isinstance(line, str):
                line = self.town.message(line, self.channel, self.address)
            self.town.send(line)
        return "\n".join(each.text for each in self.town.new(self.channel, self.address))

    def types(self, text: str) -> str:
        """A text exactly as it is, whatever it begins with."""
        base = self.town.message("", self.channel, self.address)
        return self.says(replace(base, text=text))

    def begins(self, language: str = "nederlands", yes: str = "ja") -> Resident:
        self.says("hoi", language, yes)
        return self

    def files(self, text: str, title: str = "", theme: str = "groen", cost: str = "500") -> str:
        """A plan, typed in Dutch, from the first word to the last."""
        self.says("menu", "1")
        self.types(text)
        self.says("klopt")
        if title:
            self.says("andere naam")
            self.types(title)
        else:
            self.says("goed")
        said = self.says(theme, "Slotermeerlaan 1", cost, "geen foto", "samen", "nee", "insturen")
        assert "Je plan is binnen" in said, said
        return said


def told_as(project: Project) -> str:
    """What its initiator types: the name alone is too little for the conversation."""
    return f"{project.name}. Dit plan is voor iedereen in de buurt."


@pytest.fixture(scope="session")
def real_projects() -> tuple[Project, ...]:
    """The 58 plans of West Begroot 2021."""
    if not PABULIB.exists():
        pytest.skip(f"{PABULIB} is not here: real plans cannot be filed")
    return pabulib.read(PABULIB.read_text("utf-8")).projects


@pytest.fixture(scope="session")
def _west(
    real_projects: tuple[Project, ...],
    _migrated_sqlite: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    path = tmp_path_factory.mktemp("west") / "west.db"
    shutil.copy(_migrated_sqlite, path)
    db = Database.open(f"sqlite:///{path}")
    town = Town(db, INTAKE)
    town.load(ROUND)
    for place, project in enumerate(real_projects):
        title = project.name if len(project.name) <= 50 else ""
        resident = Resident(town, f"4{place:04}").begins()
        said = told_as(project)
        resident.files(said, title, THEMES[project.category[0]], f"{project.cost} euro")
        town.now += timedelta(hours=1)
    db.close()
    return path


@pytest.fixture
def west(_west: Path, tmp_path: Path) -> Iterator[Database]:
    """A database with the 58 plans, each filed by a resident of its own in a conversation."""
    db = Database.open(f"sqlite:///{shutil.copy(_west, tmp_path / 'west.db')}")
    yield db
    db.close()


@pytest.fixture
def town(db: Database) -> Town:
    """On both databases: the round is loaded and takes plans."""
    town = Town(db, INTAKE)
    town.load(ROUND)
    return town
