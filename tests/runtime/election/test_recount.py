"""tools/recount.py by itself: it comes to what the count comes to, and sees what was changed."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from civic import tally
from civic.ballots import Ballot, Item, Paper, refuses
from civic.rounds import BallotKind, TallyRule
from civic.tally import Pile
from runtime.election.publishing import published
from runtime.election.result import AreaResult, Box
from runtime.election.unsealing import Opened
from runtime.round_file import load_round
from storage.ties import Decision

REPO = Path(__file__).parents[3]
RECOUNT = REPO / "tools" / "recount.py"
ROUND = load_round(REPO / "examples" / "demo.toml")


@pytest.fixture(scope="module")
def recount() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recount", RECOUNT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def result(paper: Paper, piles: Sequence[Pile], settled: Sequence[Decision] = ()) -> AreaResult:
    filled = tuple(pile for pile in piles if pile.ballots) or (Pile("internet", ()),)
    counted = tally.count(paper, filled, [each.order for each in settled])
    return AreaResult(paper, Opened(filled, {}), counted, tuple(settled))


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    """Small papers on which plans tie, caps bind and money runs out."""
    costs = draw(st.lists(st.sampled_from([0, 10, 20, 30, 45]), min_size=1, max_size=6))
    items = tuple(
        Item(n, f"plan {n}", Decimal(cost), draw(st.sampled_from(["", "a", "b"])))
        for n, cost in enumerate(costs, 1)
    )
    kind = draw(st.sampled_from([BallotKind.APPROVAL, BallotKind.POINTS]))
    caps = st.sampled_from([Decimal(0), Decimal(20), Decimal("40.50"), Decimal(100)])
    return Paper(
        "area",
        draw(st.sampled_from([Decimal(30), Decimal(55), Decimal("70.25")])),
        items,
        kind,
        points=6 if kind is BallotKind.POINTS else 0,
        tally=draw(st.sampled_from(TallyRule)),
        theme_caps=draw(st.dictionaries(st.sampled_from(["a", "b"]), caps)),
        caps_bind_leftover=draw(st.booleans()),
        paper_share=draw(st.none() | st.sampled_from([Decimal("0.5"), Decimal("0.25")])),
    )


@st.composite
def piles(draw: st.DrawFn, paper: Paper) -> tuple[Pile, ...]:
    points = st.integers(1, 3 if paper.kind is BallotKind.POINTS else 1)
    chosen = st.lists(
        st.tuples(st.integers(1, len(paper.items)), points),
        min_size=1, max_size=3, unique_by=lambda choice: choice[0],
    )  # fmt: skip
    ballots = chosen.map(lambda choices: Ballot("area", tuple(sorted(choices))))
    fits = ballots.filter(lambda ballot: refuses(paper, ballot.choices, final=True) is None)
    pile = st.lists(fits, max_size=7)
    return Pile("internet", tuple(draw(pile))), Pile("paper", tuple(draw(pile)))


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_another_hand_comes_to_the_same(recount: ModuleType, tmp_path_factory, data: st.DataObject):
    """Every rule with and without caps, weights and ties; then the ties settled one by one."""
    paper = data.draw(papers())
    cast = data.draw(piles(paper))
    settled: list[Decision] = []
    folder = tmp_path_factory.getbasetemp()
    while True:
        area = result(paper, cast, settled)
        files = published_without_reports(area)
        for name in ("area.pb", "tally.json"):
            (folder / name).write_bytes(files[name])
        mine = recount.to_json({"area": recount.count_file(folder / "area.pb")})
        assert mine.decode() == files["tally.json"].decode()
        if not area.tally.ties:
            return
        order = data.draw(st.permutations(area.tally.ties[0]))
        settled.append(Decision(tuple(order), "drawn by lot"))


def published_without_reports(area: AreaResult) -> dict[str, bytes]:
    from dataclasses import replace

    return published(replace(ROUND, languages=("xx",)), Box((), "", {}), [area], ())


# --- as somebody runs it ------------------------------------------------------------------------


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """Without our packages, without site-packages, in a process of its own."""
    command = [sys.executable, "-I", "-S", str(folder / "recount.py"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_stands_alone(counted: Path):
    done = run(counted)
    assert (done.returncode, done.stderr) == (0, "")
    assert "All is as published." in done.stdout


def test_it_writes_its_own_tally(counted: Path, tmp_path: Path, recount: ModuleType):
    assert recount.main([str(counted), "--out", str(tmp_path / "mine.json")]) == 0
    assert (tmp_path / "mine.json").read_bytes() == (counted / "tally.json").read_bytes()


@pytest.mark.parametrize("words", [["a", "b"], ["--help"], ["nowhere"]])
def test_asked_wrongly(recount: ModuleType, words: list[str]):
    assert recount.main(words) == 2


def test_one_byte_anywhere(counted: Path, recount: ModuleType, capsys):
    """Of the ballots, the list of envelopes, the box, the chain and the tally."""
    for path in sorted(counted.iterdir()):
        if path.name.startswith("re") and path.name != "receipts.txt":
            continue
        data = path.read_bytes()
        for at in range(0, len(data), max(1, len(data) // 60)):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            assert recount.main([str(counted)]) == 1, (path.name, at)
        for changed in (data[:-1], data + b"\n", data + data, b""):
            path.write_bytes(changed)
            assert recount.main([str(counted)]) == 1, path.name
        path.write_bytes(data)
    assert recount.main([str(counted)]) == 0


def test_one_byte_in_a_process_of_its_own(counted: Path):
    path = counted / "lindebuurt.pb"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    done = run(counted)
    assert done.returncode == 1
    assert "DIFFERENT" in done.stdout
    assert done.stderr == ""


def test_a_missing_file_of_ballots(counted: Path):
    (counted / "waterkant.pb").unlink()
    assert run(counted).returncode == 1


def test_an_envelope_too_many(counted: Path, recount: ModuleType):
    """Added to the list, with everything that is published beside the chain made to fit."""
    from civic import merkle
    from runtime.election.publishing import receipts, to_json

    hashes = [line.split()[-1] for line in (counted / "receipts.txt").read_text().splitlines()]
    more = receipts([b"one more"])
    lines = sorted([*(counted / "receipts.txt").read_text().splitlines(True), more],
                   key=lambda line: line.split()[-1])  # fmt: skip
    (counted / "receipts.txt").write_text("".join(lines))
    box = json.loads((counted / "box.json").read_text())
    box["envelopes"] += 1
    box["left_out"] = {"unknown": 1}
    leaves = sorted([*map(bytes.fromhex, hashes), bytes.fromhex(more.split()[-1])])
    box["merkle"] = merkle.root(leaves)
    (counted / "box.json").write_text(to_json(box))
    assert recount.main([str(counted)]) == 1
