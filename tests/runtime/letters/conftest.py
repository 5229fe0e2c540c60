"""A press: the demo round in a database, a file of codes, and the PDF that the command makes."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from civic import stempas
from civic.rounds import Phase, PhaseDates, Round
from runtime.config import Settings
from runtime.letters import command
from runtime.round_file import load_round
from storage import hot, plans, rounds
from storage.db import Database
from tests.server import REPO

# Nobody's: made-up digits with their check digits.
CODES = [stempas.with_check(f"{n:010}") for n in (1234567890, 48291307566, 5, 9876543210)]
HEADER = ["code", "area", "kind", "batch"]
WAYS = {
    "twilio_whatsapp_from": "whatsapp:+31201234567",
    "twilio_sms_from": "+3197010255555",
    "telegram_name": "BuurtstemBot",
}


def demo_round(**changes: Any) -> Round:
    """The demo round with its vote in May 2027."""
    round_ = load_round(REPO / "examples" / "demo.toml")
    vote = PhaseDates(Phase.VOTE, date(2027, 5, 3), date(2027, 5, 24))
    phases = tuple(vote if dates.name is Phase.VOTE else dates for dates in round_.phases)
    return replace(round_, phases=phases, **changes)


@dataclass
class Press:
    """Runs `stempas letters` in a folder of its own."""

    folder: Path
    settings: dict[str, str] = field(default_factory=lambda: dict(WAYS))
    round: Round = field(default_factory=demo_round)
    round_id: int = 0

    @property
    def codes(self) -> Path:
        return self.folder / "codes.csv"

    @property
    def out(self) -> Path:
        return self.folder / "letters.pdf"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'test.db'}"

    def load(self, **changes: Any) -> None:
        self.round = demo_round(**changes)
        db = Database.open(self.url)
        self.round_id = db.call(lambda conn: rounds.save_round(conn, self.round, 1))
        db.close()

    def admit(self, area: str, many: int) -> None:
        """So many plans that can be voted for."""
        db = Database.open(self.url)
        for n in range(many):
            db.call(lambda conn, n=n: self._admit(conn, area, n))
        db.close()

    def _admit(self, conn: Any, area: str, n: int) -> None:
        arrival = hot.arrive(
            conn, channel="simulator", provider_id=f"{area}{n}", address="anna", hint="nl",
            kind="text", body_json="{}", now_ms=1,
        )  # fmt: skip
        assert arrival
        new = plans.NewPlan(
            initiator=arrival.person_id,
            title=f"Plan {n}",
            text="Een bank",
            language="nl",
            area=area,
        )
        made = plans.by_number(conn, self.round_id, plans.submit(conn, self.round_id, new, 1))
        assert made
        plans.set_status(conn, made.id, "submitted", "admitted", "test", "", 1)

    def write(self, rows: Iterable[Iterable[object]]) -> Path:
        with self.codes.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([HEADER, *rows])
        return self.codes

    def run(self, infile: Path | None = None, key_file: Path | None = None, **more: Any) -> int:
        args = {"infile": infile or self.codes, "out": self.out, "key_file": key_file, **more}
        settings = Settings(database_url=self.url, **self.settings)
        return command.run(settings, argparse.Namespace(**args))

    def print(self, rows: Iterable[Iterable[object]], **more: Any) -> pypdfium2.PdfDocument:
        self.write(rows)
        assert self.run(**more) == 0
        return pypdfium2.PdfDocument(self.out.read_bytes())


def row(code: str, area: str = "lindebuurt", kind: str = "resident") -> list[object]:
    return [stempas.in_threes(code), area, kind, 1]


def text_of(page: pypdfium2.PdfPage) -> str:
    return " ".join(page.get_textpage().get_text_range().split())


@pytest.fixture
def press(tmp_path: Path, sqlite_url: str) -> Press:
    press = Press(tmp_path)
    press.load()
    return press
