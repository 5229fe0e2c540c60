"""A round of which the vote runs: plans on two papers, passes, and voters who cast."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from civic import stempas
from civic.ballots import Ballot, Choices, seal
from civic.rounds import Phase, PhaseDates, Round, today
from runtime import cli
from runtime.round_file import load_round
from storage import elections, envelopes, hot, plans, rounds, stempassen
from storage.db import Database
from storage.times import from_ms, now_ms

REPO = Path(__file__).parents[3]
PEPPER = "a pepper for the tests"
AREA = "lindebuurt"

# title, cost, theme
PLANS = (
    ("Bankjes in het park", 9_000, "groen"),
    ("Buurtfeest met muziek", 12_500, "samen"),
    ("Muurschildering bij de school", 24_000, "cultuur"),
    ("Moestuin voor iedereen", 25_000, "groen"),
    ("Taalcafé op dinsdag", 6_400, "samen"),
    ("Bomen langs de Lindelaan", 25_000, "groen"),
    ("حفلة شاي في الحي", 3_200, "samen"),
    ("Ontmoetingsplek met dak, tafels en een heel lange naam; die niet past", 24_900, "samen"),
)


def voting_round(**rules: Any) -> Round:
    """The sample round with its vote today."""
    round_ = load_round(REPO / "examples" / "demo.toml")
    day = today(from_ms(now_ms()))
    dates = PhaseDates(Phase.VOTE, day - timedelta(days=3), day + timedelta(days=3))
    return replace(round_, phases=(dates,), rules=replace(round_.rules, **rules))


@dataclass
class Town:
    """A database with the round, and everything that is done by a command."""

    db: Database
    url: str
    folder: Path
    round_id: int = 0
    round: Round = field(default_factory=voting_round)
    numbers: dict[str, list[int]] = field(default_factory=dict)

    def load(self, languages: Sequence[str] = ("nl", "en"), **rules: Any) -> None:
        self.round = replace(voting_round(**rules), languages=tuple(languages))
        self.round_id = self.db.call(lambda conn: rounds.save_round(conn, self.round, now_ms()))

    def admit(self, area: str, wanted: Sequence[tuple[str, int, str]] = PLANS) -> list[int]:
        """Plans that can be voted for; their numbers."""
        self.numbers[area] = self.db.call(
            lambda conn: [self._admit(conn, area, *each) for each in wanted]
        )
        return self.numbers[area]

    def _admit(self, conn: Any, area: str, title: str, cost: int, theme: str) -> int:
        arrival = hot.arrive(
            conn, channel="simulator", provider_id=f"p{title}{area}", address="anna", hint="nl",
            kind="text", body_json="{}", now_ms=now_ms(),
        )  # fmt: skip
        person = arrival.person_id if arrival else 1
        plan = plans.NewPlan(
            initiator=person, title=title, text=title, language="nl", theme=theme, area=area,
            cost=Decimal(cost),
        )  # fmt: skip
        number = plans.submit(conn, self.round_id, plan, now_ms())
        made = plans.by_number(conn, self.round_id, number)
        assert made
        plans.set_status(conn, made.id, "submitted", "admitted", "test", "", now_ms())
        return number

    def passes(self, count: int, area: str = AREA, channel: str = "internet") -> list[str]:
        """Codes of new passes."""
        codes = stempas.new_codes(count, 10)
        credentials = [self.credential(code) for code in codes]
        self.db.call(
            lambda conn: stempassen.issue(
                conn, self.round_id, area=area, kind="resident", channel=channel,
                credentials=credentials, digits=12, now_ms=now_ms(),
            )
        )  # fmt: skip
        return codes

    def credential(self, code: str) -> str:
        return stempas.credential(PEPPER.encode(), self.round.id, code)

    def vote(self, code: str, choices: Choices, area: str = AREA) -> bytes:
        """Casts as the dialogue does; the box."""
        election = self.db.read(lambda conn: elections.of_round(conn, self.round_id))
        assert election
        box = seal(Ballot(area, tuple(choices)), election.public_key)
        self.put(code, box, area)
        return box

    def put(self, code: str, box: bytes, area: str = AREA) -> None:
        self.db.call(
            lambda conn: envelopes.put(
                conn, self.round_id, self.credential(code), box, area, "2026-11-22"
            )
        )

    def votes(
        self, ballots: Sequence[Sequence[int]], area: str = AREA, channel: str = "internet"
    ) -> list[bytes]:
        """So many voters, each with the places of the plans they choose (0 is the first)."""
        codes = self.passes(len(ballots), area, channel)
        return [
            self.vote(code, [(self.numbers[area][place], 1) for place in ballot], area)
            for code, ballot in zip(codes, ballots, strict=True)
        ]

    def run(self, *words: object) -> tuple[int, list[str], list[str]]:
        """See `run`."""
        return run(*words)

    def keygen(self, trustees: int = 3, threshold: int = 2) -> list[str]:
        """Opens the election; the names of the files of shares."""
        keys = self.folder / "keys"
        status, _, err = run(
            "keygen", "--trustees", trustees, "--threshold", threshold, "--out", keys
        )
        assert (status, err) == (0, [])
        return sorted(map(str, keys.glob("share-*.txt")))


def run(*words: object) -> tuple[int, list[str], list[str]]:
    """One command of `buurtstem election`: its exit status, and the lines of both outputs."""
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        status = cli.main(["election", *map(str, words)])
    return status, out.getvalue().splitlines(), err.getvalue().splitlines()


@pytest.fixture
def town(database_url: str, db: Database, monkeypatch, tmp_path) -> Town:
    """On both databases: the round is loaded, nothing can be voted for yet."""
    monkeypatch.setenv("BUURTSTEM_DATABASE_URL", database_url)
    monkeypatch.setenv("BUURTSTEM_PEPPER", PEPPER)
    town = Town(db, database_url, tmp_path)
    town.load()
    return town


BALLOTS = [
    [0, 1, 2],
    [0, 4],
    [1, 2, 3],
    [0, 5, 1],
    [1, 6, 7],
    [0, 1],
    [2, 7],
    [0, 1, 6],
    [3],
    [0, 4],
]


@pytest.fixture(scope="session")
def _counted(_migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("counted")
    url = f"sqlite:///{shutil.copy(_migrated_sqlite, folder / 'test.db')}"
    db = Database.open(url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUURTSTEM_DATABASE_URL", url)
        patch.setenv("BUURTSTEM_PEPPER", PEPPER)
        _vote_and_count(Town(db, url, folder), folder / "published")
    db.close()
    return folder / "published"


def _vote_and_count(town: Town, out: Path) -> None:
    town.load(("nl", "en", "tr", "ar"))
    shares = town.keygen()
    town.admit("lindebuurt")
    town.admit("waterkant", PLANS[:4])
    town.votes(BALLOTS)
    town.votes([[0], [0, 1], [2], [2, 0], [3, 2], [0, 3], [1]], "waterkant")
    assert town.run("close")[0] == 0
    status, said, _ = town.run("count", "--key", *shares[1:], "--out", out)
    assert status == 0, said


@pytest.fixture
def counted(_counted: Path, tmp_path: Path) -> Path:
    """A published folder of two areas without a tie, to do with as one likes."""
    return Path(shutil.copytree(_counted, tmp_path / "published"))
