"""The outcome of the count of one area, as the published files and the report have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from civic.ballots import Item, Paper
from civic.rounds import TallyRule
from civic.tally import Tally
from runtime.election.unsealing import Opened
from storage.ties import Decision


@dataclass(frozen=True, slots=True)
class AreaResult:
    """settled: what people decided about ties here, the first decision first."""

    paper: Paper
    opened: Opened
    tally: Tally
    settled: tuple[Decision, ...]

    def in_turn(self) -> list[Item]:
        """All plans of the paper in the order in which the count came to them."""
        votes = self.tally.votes
        place = {number: at for tie in self.settled for at, number in enumerate(tie.order)}
        order = [each.number for each in self.tally.funded]
        order += [each.number for each in self.tally.passed_over]
        items = [item for number in order if (item := self.paper.item(number))]
        if self.paper.tally is TallyRule.EQUAL_SHARES:
            return items
        return sorted(
            items, key=lambda item: (-votes[item.number], place.get(item.number, -1), item.number)
        )


@dataclass(frozen=True, slots=True)
class Box:
    """What was in the box: all envelopes, their Merkle root, how many were left out, and why."""

    envelopes: Sequence[bytes]
    root: str
    left_out: Mapping[str, int]
