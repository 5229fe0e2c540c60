"""What can be voted for, what one voter chose, and the sealed envelope around it.

Money is in euros. A plan is named by its number, which never changes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate
from typing import TypeGuard

from nacl.exceptions import CryptoError
from nacl.exceptions import TypeError as NaClTypeError
from nacl.public import PrivateKey, PublicKey, SealedBox

from civic.receipts import receipt as receipt  # one place to ask for all of a ballot
from civic.rounds import BallotKind, TallyRule

# All boxes of all rounds have one length. A row with one must stay below the 2,000 bytes from which
# PostgreSQL keeps a value apart, under a number that counts up and so would tell the order.
_INSIDE = 1536
BOX_LENGTH = _INSIDE + 48  # what libsodium adds: a public key and a proof

# Number of the plan and points, each plan once.
Choices = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Item:
    """One plan as voters see it. `theme` is "" for none, `cost` what it asks of the budget."""

    number: int
    title: str
    cost: Decimal
    theme: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """All that can be voted for in one area, with the rules of the ballot and of the count.

    items: in the order of their numbers. least, most: how many plans one ballot names.
    most_cost: euros that the plans of one ballot may cost together. theme_most: likewise by theme.
    points, points_most: of a ballot of points, in all and on one plan. theme_caps: the most euros
    by theme in the count; caps_bind_leftover: also for what is paid from what is left over.
    paper_share: weight of all paper ballots together, 0 to 1; None when all count the same.
    """

    area: str
    budget: Decimal
    items: tuple[Item, ...]
    kind: BallotKind = BallotKind.APPROVAL
    least: int = 1
    most: int | None = None
    most_cost: Decimal | None = None
    theme_most: Mapping[str, Decimal] = field(default_factory=dict)
    points: int = 0
    points_most: int | None = None
    tally: TallyRule = TallyRule.FILL
    theme_caps: Mapping[str, Decimal] = field(default_factory=dict)
    caps_bind_leftover: bool = True
    paper_share: Decimal | None = None

    def item(self, number: int) -> Item | None:
        """The plan with this number; None when it is not on this paper."""
        return next((item for item in self.items if item.number == number), None)


@dataclass(frozen=True, slots=True)
class Ballot:
    """One voter's choices in one area: (number of the plan, points), each plan once.

    Where no points are given each choice has one.
    """

    area: str
    choices: tuple[tuple[int, int], ...]


class Reason(StrEnum):
    """The rules that a ballot can break."""

    UNKNOWN_PLAN = "unknown_plan"  # not on this paper
    TWICE = "twice"  # the same plan more than once
    TOO_FEW = "too_few"  # fewer plans than the paper's `least`
    TOO_MANY = "too_many"  # more than its `most`
    TOO_DEAR = "too_dear"  # together they cost more than `most_cost`
    THEME_TOO_DEAR = "theme_too_dear"  # those of one theme cost more than its `theme_most`
    POINTS = "points"  # less than one on a plan, too many on a plan, or too many in all


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first rule that a ballot breaks, in the order of `Reason`.

    numbers: the plans it is about, in the order in which they were chosen: those unknown, named
    twice, or too many; from the one with which the money or the points ran out. theme: the theme
    whose money ran out, else "".
    """

    reason: Reason
    numbers: tuple[int, ...] = ()
    theme: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """What a ballot may still take; None for what has no limit. Below 0 when it took too much.

    euros: of `most_cost`; themes: of `theme_most`. plans: how many more. points: how many more.
    """

    euros: Decimal | None
    plans: int | None
    points: int | None
    themes: Mapping[str, Decimal]


def refuses(paper: Paper, choices: Choices, *, final: bool) -> Refusal | None:
    """Which rule these choices break; None when they are in order.

    final: this is the whole ballot, so that it must also name enough plans.
    """
    items = {item.number: item for item in paper.items}
    numbers = [number for number, _ in choices]
    if unknown := tuple(number for number in numbers if number not in items):
        return Refusal(Reason.UNKNOWN_PLAN, unknown)
    if twice := tuple(n for n, times in Counter(numbers).items() if times > 1):
        return Refusal(Reason.TWICE, twice)
    if final and len(numbers) < paper.least:
        return Refusal(Reason.TOO_FEW)
    if paper.most is not None and len(numbers) > paper.most:
        return Refusal(Reason.TOO_MANY, tuple(numbers[paper.most :]))
    return _overspends(paper, [items[number] for number in numbers]) or _points(paper, choices)


def room(paper: Paper, choices: Choices) -> Room:
    """What is left after these choices; plans that are not on the paper cost nothing."""
    chosen = [item for number, _ in choices if (item := paper.item(number))]
    points = sum(points for _, points in choices)
    return Room(
        None if paper.most_cost is None else paper.most_cost - _cost(chosen),
        None if paper.most is None else paper.most - len(choices),
        paper.points - points if paper.kind is BallotKind.POINTS else None,
        {
            theme: most - _cost(item for item in chosen if item.theme == theme)
            for theme, most in paper.theme_most.items()
        },
    )


def seal(ballot: Ballot, public_key: bytes) -> bytes:
    """The ballot in an envelope that only the private half of the key opens (libsodium sealed box).

    Of `BOX_LENGTH` bytes, whatever is on the ballot. Raises ValueError when the ballot is too
    large for it (about 300 plans, or 150 with points), or when the key is not a public key.
    """
    text = json.dumps([ballot.area, _short(ballot.choices)], separators=(",", ":")).encode("ascii")
    if len(text) > _INSIDE:
        raise ValueError("the ballot names more than an envelope holds")
    try:
        return SealedBox(PublicKey(public_key)).encrypt(text.ljust(_INSIDE))
    except (CryptoError, NaClTypeError) as error:
        raise ValueError("this is not a public key of an election") from error


def open_box(box: bytes, private_key: bytes) -> Ballot:
    """The ballot that was sealed. Raises ValueError when this key does not open it, it was changed
    since, or what is in it is no ballot. Whether it keeps the rules is for `refuses` to say."""
    return opener(private_key)(box)


def opener(private_key: bytes) -> Callable[[bytes], Ballot]:
    """`open_box` for many: the key (32 bytes) is made ready once."""
    try:
        sealed = SealedBox(PrivateKey(private_key))
    except (CryptoError, NaClTypeError) as error:
        raise ValueError("this is not a private key of an election") from error

    def open_(box: bytes) -> Ballot:
        try:
            text = sealed.decrypt(box)
        except (CryptoError, NaClTypeError) as error:
            raise ValueError("the envelope does not open with this key") from error
        return _read(text)

    return open_


def _read(text: bytes) -> Ballot:
    try:
        area, choices = json.loads(text)
        pairs = tuple((choice, 1) if _whole(choice) else _pair(*choice) for choice in choices)
    except (ValueError, TypeError, RecursionError):
        raise ValueError("there is no ballot in the envelope") from None
    if not isinstance(area, str) or not isinstance(choices, list):
        raise ValueError("there is no ballot in the envelope")
    return Ballot(area, pairs)


def _short(choices: Choices) -> list[object]:
    return [number if points == 1 else [number, points] for number, points in choices]


def _pair(number: object, points: object) -> tuple[int, int]:
    if not (_whole(number) and _whole(points)):
        raise TypeError
    return number, points


def _whole(value: object) -> TypeGuard[int]:
    return type(value) is int


def _overspends(paper: Paper, chosen: Sequence[Item]) -> Refusal | None:
    if over := _past(paper.most_cost, chosen):
        return Refusal(Reason.TOO_DEAR, over)
    for theme, most in paper.theme_most.items():
        if over := _past(most, [item for item in chosen if item.theme == theme]):
            return Refusal(Reason.THEME_TOO_DEAR, over, theme)
    return None


def _past(most: Decimal | None, chosen: Sequence[Item]) -> tuple[int, ...]:
    """The plans from the one with which the money ran out."""
    if most is None:
        return ()
    spent = accumulate(item.cost for item in chosen)
    return _from_the_first([item.number for item in chosen], [sum_ > most for sum_ in spent])


def _points(paper: Paper, choices: Choices) -> Refusal | None:
    if paper.kind is not BallotKind.POINTS:
        wrong = tuple(number for number, points in choices if points != 1)
        return Refusal(Reason.POINTS, wrong) if wrong else None
    most = paper.points if paper.points_most is None else paper.points_most
    if wrong := tuple(number for number, points in choices if not 1 <= points <= most):
        return Refusal(Reason.POINTS, wrong)
    given = accumulate(points for _, points in choices)
    over = _from_the_first(
        [number for number, _ in choices], [sum_ > paper.points for sum_ in given]
    )
    return Refusal(Reason.POINTS, over) if over else None


def _from_the_first(numbers: Sequence[int], over: Sequence[bool]) -> tuple[int, ...]:
    return tuple(numbers[over.index(True) :]) if True in over else ()


def _cost(items: Iterable[Item]) -> Decimal:
    return sum((item.cost for item in items), Decimal(0))
