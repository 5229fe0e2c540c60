"""`buurtstem replay`: real and made-up elections through the whole dialogue, counted alike."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from civic import pabulib
from civic.ballots import Ballot
from runtime import cli
from runtime.replay.habits import (
    LOOKS,
    QUIRKS,
    WORDS,
    Habits,
    code_as_written,
    mistyped,
    of_somebody,
)
from runtime.replay.run import Plan, Replayed, replay
from storage.db import Database

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "pabulib"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def real(number: str) -> Path:
    path = REAL / f"Netherlands_{number}.pb"
    if not path.exists():
        pytest.skip("the real elections are not here: ../shared/data/pabulib")
    return path


def made(meta: Sequence[str], plans: Sequence[str], votes: Sequence[str], points: str = "") -> Path:
    """A file with these lines. plans: cost;category."""
    counts = [f"num_projects;{len(plans)}", f"num_votes;{len(votes)}"]
    rows = [f"{10 * n};{plan.split(';')[0]};Plan {n};{plan.split(';')[1]}"
            for n, plan in enumerate(plans, 1)]  # fmt: skip
    ballots = [f"v{n};{vote}" for n, vote in enumerate(votes)]
    lines = ["META", "key;value", *counts, *meta, "PROJECTS", "project_id;cost;name;category"]
    path = Path("made.pb")
    lines += [*rows, "VOTES", f"voter_id;vote{points}", *ballots, ""]
    path.write_text("\n".join(lines), "utf-8")
    return path


def done_with(path: Path, **wanted: object) -> tuple[Replayed, dict[str, object]]:
    out = Path("out")
    done = replay(Plan(path, out, **wanted))  # type: ignore[arg-type]
    assert done.differences == []
    assert (done.receipts_missing, done.recounted) == (0, True)
    return done, json.loads((out / "tally.json").read_text("utf-8"))["pabulib"]


# --- real elections -----------------------------------------------------------------------------


def test_sloterdijk_is_cast_and_counted_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    status = cli.main(["replay", str(real("Amsterdam_643")), "--out", "out"])
    out, err = capsys.readouterr()
    assert status == 0
    first, *_, last = out.splitlines()
    assert first.startswith("Netherlands_Amsterdam_643.pb: 66 ballots cast on ")
    assert last == "equal to counting the file directly: yes"
    assert "votes as the file has them: 3 of 3 plans" in out
    assert "66 passes stored" in err
    assert len(Path("out/receipts.txt").read_text("utf-8").splitlines()) == 66
    assert os.listdir() == ["out"], "nothing else is left behind"


def test_assen_comes_out_by_equal_shares_as_it_was_published() -> None:
    done, tally = done_with(real("Assen_2024"))
    assert done.is_equal
    assert tally["rule"] == "equal-shares"
    assert "chosen as the file has them: yes" in done.told


def test_some_voters_of_weesp(tmp_path: Path) -> None:
    whole = pabulib.read(real("Amsterdam_515").read_text("utf-8"))
    votes = tuple(Random(3).sample(whole.votes, 80))
    some = pabulib.Instance(whole.meta, whole.projects, votes)
    path = tmp_path / "some.pb"
    path.write_text(pabulib.write(some), "utf-8")
    done, tally = done_with(path)
    assert (done.is_equal, tally["ballots"], done.result.cast) == (True, 80, 80)


# --- every kind of ballot -----------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
        return
    with request.getfixturevalue("postgres").database() as url:
        yield url


def test_points(empty_database: str) -> None:
    chance, votes = Random(5), []
    for _ in range(30):
        plans = chance.sample([10, 20, 30, 40, 50], chance.randint(1, 3))
        points = [chance.randint(1, 3) for _ in plans]
        votes.append(f"{','.join(map(str, plans))};{','.join(map(str, points))}")
    meta = ["budget;900", "vote_type;cumulative", "rule;greedy-no-skip", "max_points;4",
            "max_sum_points;9"]  # fmt: skip
    path = made(meta, ["300;", "200;", "400;", "250;", "100;"], votes, ";points")
    done, tally = done_with(path, database=empty_database)
    assert (done.is_equal, tally["ballots"]) == (True, 30)
    assert sum(int(votes) for _, votes in tally["votes"]) == sum(
        int(n) for vote in votes for n in vote.split(";")[1].split(",")
    )


CAPS = ["budget;1000", "vote_type;approval", "rule;greedy", "categories;Groen, Samen",
        "leftover_budget;Fund additional projects that fit within leftover budget ordered by score",
        "budget_per_category;500,400", "max_sum_cost_per_category;500,400"]  # fmt: skip
CAPPED = ["300;Groen", "250;Groen", "200;Groen", "400;Samen", "150;Samen", "100;Samen"]


def test_theme_caps_and_ballots_that_they_forbid() -> None:
    """Who votes for too much is told so, and what they cannot choose is not cast."""
    good = ["10,30,40", "20,30", "10,50,60", "40", "30,40"] * 5
    dear = ["10,20", "40,50", "10,20,30,40"]
    done, tally = done_with(made(CAPS, CAPPED, [*good, *dear]))
    assert done.is_equal
    assert (tally["ballots"], done.result.cast) == (25, 25)
    assert done.result.refused == {"theme_too_dear": 3}


def test_a_plan_that_stands_twice_in_a_ballot_counts_once() -> None:
    done, tally = done_with(made(CAPS, CAPPED, ["10,10,40", "30", "30,40", "20", "50"]))
    assert done.is_equal
    assert dict(tally["votes"])[1] == "1"


def test_paper_ballots_weigh_what_the_file_says() -> None:
    meta = ["budget;300", "vote_type;approval", "rule;greedy", *CAPS[4:5],
            "comment;both groups accounted for 50% of the outcome"]  # fmt: skip
    votes = [*["10;internet"] * 10, *["20;internet"] * 2, *["20,30;paper"] * 6]
    path = made(meta, ["300;", "200;", "100;"], votes, ";voting_method")
    done, tally = done_with(path)
    assert done.is_equal
    assert [number for number, _ in tally["chosen"]] == [2, 3]
    assert dict(tally["votes"]) == {1: "15/2", 2: "21/2", 3: "9"}


def test_the_same_seed_gives_the_same_residents_of_every_sort() -> None:
    def people(seed: int) -> list[Habits]:
        return [of_somebody(Random(f"{seed}|{n}")) for n in range(400)]

    assert people(1) == people(1) != people(2)
    assert {how.language for how in people(1)} == set(WORDS)
    assert {how.look for how in people(1)} == set(LOOKS)
    assert {how.way for how in people(1)} == {"all_at_once", "one_by_one", "browse", "theme"}
    assert {quirk for how in people(1) for quirk in how.quirks} == set(QUIRKS)


# --- what is wrong ------------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line that a wrong command says."""
    assert cli.main(["replay", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return line


def test_a_broken_file_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    path = made(CAPS, CAPPED, ["10", "70"])
    line = refused(capsys, str(path), "--out", "out")
    assert line == "buurtstem: made.pb: line 23: the ballot names a plan that is not in PROJECTS"
    assert "absent.pb" in refused(capsys, "absent.pb", "--out", "out")
    assert not Path("out").exists()


def test_a_rule_that_no_round_can_have_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    path = made([*CAPS[:-1], "max_sum_cost_per_category;100,100"], CAPPED, ["60"])
    assert (
        refused_last(capsys, str(path))
        == "buurtstem: a round cannot have the rule of this file: theme_most"
    )


def refused_last(capsys: pytest.CaptureFixture[str], path: str) -> str:
    assert cli.main(["replay", path, "--out", "out"]) == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_a_folder_in_use_and_a_filled_database_stay_as_they_are(
    capsys: pytest.CaptureFixture[str], database_url: str
) -> None:
    path = made(CAPS, CAPPED, ["10", "30"])
    Path("used").mkdir()
    Path("used/mine.txt").write_text("mine")
    assert "used" in refused(capsys, str(path), "--out", "used")
    line = refused(capsys, str(path), "--out", "out", "--database", database_url)
    assert line == "buurtstem: --database: it is not empty, so nothing is written into it"
    db = Database.open(database_url)
    assert db.read(lambda conn: conn.exec_driver_sql("SELECT count(*) FROM rounds").scalar()) == 0
    db.close()


def test_the_operators_settings_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUURTSTEM_DATABASE_URL", "sqlite:///operator.db")
    monkeypatch.setenv("BUURTSTEM_ROUND_FILE", "no-such-round.toml")
    monkeypatch.setenv("BUURTSTEM_TELEGRAM_TOKEN", "1:never-used")
    assert cli.main(["replay", str(made(CAPS, CAPPED, ["10", "30"])), "--out", "out"]) == 0
    assert sorted(os.listdir()) == ["made.pb", "out"]


# --- that it can fail ---------------------------------------------------------------------------


def test_a_ballot_that_is_cast_otherwise_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One resident wants something else than the file says: votes and outcome differ."""
    path = made(CAPS, CAPPED, ["10", "10", "40"])
    from runtime.replay.election import File

    wish = File.in_round
    monkeypatch.setattr(
        File,
        "in_round",
        lambda file, ballot: wish(
            file, ballot if ballot.choices[0][0] == 10 else Ballot(ballot.area, ((60, 1),))
        ),
    )
    done = replay(Plan(path, Path("out")))
    assert not done.is_equal
    assert any(line.startswith("votes of plan 4:") for line in done.differences)
    assert any(line.startswith("votes of plan 6:") for line in done.differences)


def test_codes_are_written_as_people_write_them() -> None:
    from civic.stempas import code_in

    code, chance = "482913075653", Random(2)
    for language in WORDS:
        for look in LOOKS:
            how = Habits(language, look, "all_at_once", "latin", True, True, ())
            assert {code_in(code_as_written(code, how, chance)) for _ in range(20)} == {code}
    assert all(code_in(mistyped(code, chance)) is None for _ in range(50))
