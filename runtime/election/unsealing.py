"""From the box to ballots that nobody can be tied to: strip, shuffle, open, check.

The outer envelope has said all that it may say when its area and its channel are known: whether
it counts, and in which pile. The piles are shuffled before anything is opened, and put in the
order of their choices afterwards, so that the order of the envelopes tells nothing.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from civic.ballots import Ballot, Paper, opener, refuses
from civic.tally import Pile
from storage.cast import Cast

INTERNET = "internet"
LEAST_IN_A_PILE = 5  # so few ballots of one channel would tell who cast them

Boxes = dict[str, dict[str, list[bytes]]]


@dataclass(frozen=True, slots=True)
class Sorted:
    """The envelopes that count, by area and channel; how many were left out, by reason."""

    boxes: Boxes
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Opened:
    """The ballots of one area that are in order; of the others how many, by reason."""

    piles: tuple[Pile, ...]
    invalid: Mapping[str, int]

    @property
    def valid(self) -> int:
        return sum(len(pile.ballots) for pile in self.piles)

    @property
    def by_channel(self) -> bool:
        """Whether the piles may be told apart in what is published."""
        return len(self.piles) > 1


def sort_out(casts: Iterable[Cast]) -> Sorted:
    """Strips the outer envelopes. Left out are those of a `voided` and of an `unknown` pass."""
    boxes: Boxes = defaultdict(lambda: defaultdict(list))
    left_out: Counter[str] = Counter()
    for each in casts:
        if each.area is None or each.channel is None:
            left_out["unknown"] += 1
        elif each.voided:
            left_out["voided"] += 1
        else:
            boxes[each.area][each.channel].append(each.box)
    return Sorted(boxes, left_out)


def open_area(paper: Paper, boxes: Mapping[str, Sequence[bytes]], private_key: bytes) -> Opened:
    """Opens the envelopes of one area, by channel, and checks the ballots against its paper."""
    invalid: Counter[str] = Counter()
    piles = [
        _pile(paper, channel, _opened(shuffled(boxes[channel]), private_key), invalid)
        for channel in sorted(boxes)
    ]
    return Opened(_apart_or_together(piles), dict(sorted(invalid.items())))


def shuffled(boxes: Sequence[bytes]) -> list[bytes]:
    """In an order that nobody can know (the system's randomness)."""
    mixed = list(boxes)
    secrets.SystemRandom().shuffle(mixed)
    return mixed


def _opened(boxes: Iterable[bytes], private_key: bytes) -> Iterable[Ballot | None]:
    open_ = opener(private_key)
    for box in boxes:
        try:
            yield open_(box)
        except ValueError:
            yield None


def _pile(
    paper: Paper, channel: str, ballots: Iterable[Ballot | None], invalid: Counter[str]
) -> Pile:
    good = []
    for ballot in ballots:
        reason = _fault(paper, ballot)
        if reason:
            invalid[reason] += 1
        elif ballot:
            good.append(Ballot(ballot.area, tuple(sorted(ballot.choices))))
    good.sort(key=lambda ballot: ballot.choices)
    return Pile(channel, tuple(good))


def _fault(paper: Paper, ballot: Ballot | None) -> str:
    """Why a ballot does not count; "" when it does."""
    if ballot is None:
        return "cannot_be_opened"
    if ballot.area != paper.area:
        return "another_area"
    refusal = refuses(paper, ballot.choices, final=True)
    return refusal.reason.value if refusal else ""


def _apart_or_together(piles: Sequence[Pile]) -> tuple[Pile, ...]:
    """Piles by channel, unless one is so small that it would tell who cast it."""
    filled = [pile for pile in piles if pile.ballots]
    if len(filled) > 1 and min(len(pile.ballots) for pile in filled) >= LEAST_IN_A_PILE:
        return tuple(filled)
    together = sorted((b for pile in filled for b in pile.ballots), key=lambda b: b.choices)
    return (Pile(filled[0].channel if len(filled) == 1 else INTERNET, tuple(together)),)
