"""Whether what was published is what the file itself gives: every plan's votes, and the outcome."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from civic.tally import Tally
from runtime.replay.election import AREA, File, total


def differences(file: File, counted: Tally, out: Path) -> list[str]:
    """In what `out` differs from `counted`, the direct count of the file; a line each."""
    found = json.loads((out / "tally.json").read_text("utf-8"))[AREA]
    return [
        f"{name}: published {there}, counted directly {here}"
        for name, here, there in _pairs(file.ours, counted, found)
        if here != there
    ]


def _pairs(
    ours: Mapping[int, int], counted: Tally, found: Mapping[str, Any]
) -> Iterator[tuple[str, object, object]]:
    votes = {number: Fraction(text) for number, text in found["votes"]}
    for number, here in sorted(counted.votes.items()):
        yield f"votes of plan {ours[number]}", here, votes.get(ours[number])
    yield "plans", len(counted.votes), len(votes)
    yield "ballots", counted.ballots, found["ballots"]
    yield (
        "chosen",
        [(ours[each.number], each.amount) for each in counted.funded],
        [(number, Decimal(amount)) for number, amount in found["chosen"]],
    )
    yield (
        "not chosen",
        [(ours[each.number], each.reason.value) for each in counted.passed_over],
        [(number, reason) for number, reason in found["not_chosen"]],
    )
    yield (
        "ties",
        [[ours[number] for number in tie] for tie in counted.ties],
        [list(tie) for tie in found["ties"]],
    )
    yield "spent", counted.spent, Decimal(found["spent"])


def missing(receipts: Sequence[tuple[str, ...]], out: Path) -> int:
    """How many of these receipts are not in the published list, each line used once."""
    lines = (out / "receipts.txt").read_text("utf-8").splitlines()
    listed = [tuple(line.split(" ")[:-1]) for line in lines]
    left: dict[tuple[str, ...], int] = {}
    for signs in listed:
        left[signs] = left.get(signs, 0) + 1
    for signs in receipts:
        left[signs] = left.get(signs, 0) - 1
    return sum(-times for times in left.values() if times < 0)


def recounts(out: Path) -> bool:
    """Whether the published script finds that all is as published."""
    command = [sys.executable, "-I", "-S", str(out / "recount.py"), str(out)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


def as_the_file_says(file: File, counted: Tally) -> Iterator[str]:
    """What the file itself tells of its result, beside ours."""
    told = {number: project for number, project in _projects(file) if project.votes is not None}
    if told and file.paper.paper_share is None:
        same = sum(counted.votes[number] == project.votes for number, project in told.items())
        yield f"votes as the file has them: {same} of {len(told)} plans"
    chosen = {number for number, project in _projects(file) if (project.selected or 0) > 0}
    if any(project.selected is not None for _, project in _projects(file)):
        equal = chosen == {each.number for each in counted.funded}
        yield f"chosen as the file has them: {'yes' if equal else 'no'}"
    if file.paper.paper_share is not None and len(file.piles) < 2:
        yield (
            "the rule weighs ballots on paper, but the file does not say which those are:"
            " compared is the count with all ballots alike"
        )
    yield f"outcome: {len(counted.funded)} plans, EUR {total(counted):,.2f}"


def _projects(file: File) -> Iterator[tuple[int, Any]]:
    from civic.pabulib_rules import numbers_of

    numbers = numbers_of(file.instance)
    return ((numbers[project.id], project) for project in file.instance.projects)
